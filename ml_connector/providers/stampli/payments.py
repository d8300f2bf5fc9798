"""Payments of Stampli."""

from datetime import date
from decimal import Decimal

from ...core.documents import PaidBill, Payment, Reference
from ...core.errors import InvalidDataError
from ...core.messages import Amount, _
from .invoices import refuse_problems, vendor

VOID = {"VOIDED", "VOID", "CANCELLED", "CANCELED"}


def payment(payload):
    """The payment of a stored document.

    :raises InvalidDataError: the document is invalid
    """
    refuse_problems(payload)
    values, lines = payload["values"], payload["lines"]
    amount = Decimal(values["amount"])
    is_void = values["status"].upper() in VOID or amount < 0
    sign = -1 if amount < 0 else 1
    applied = sum((Decimal(line["applied"]) for line in lines), Decimal(0))
    currency = values["currency"].upper()
    if applied != amount:
        raise InvalidDataError(
            _(
                "The payment is %(amount)s, but %(applied)s is applied to invoices.",
                amount=Amount(amount, currency),
                applied=Amount(applied, currency),
            )
        )
    if any(not line.get("invoice") and not line.get("number") for line in lines):
        raise InvalidDataError(_("The payment names no invoice, neither by ID nor by number."))
    bank = values.get("bank") or f"method:{values.get('method') or 'none'}"
    return Payment(
        external_id=values["id"],
        vendor=vendor(values),
        date=date.fromisoformat(values["date"]),
        currency=currency,
        amount=abs(amount),
        source=Reference(
            kind="journal", external_id=bank, code=values.get("bank") or "", name=values.get("method") or ""
        ),
        bills=tuple(
            PaidBill(
                external_id=line.get("invoice") or "",
                amount=sign * Decimal(line["applied"]),
                number=line.get("number") or "",
                discount=sign * Decimal(line.get("discount") or 0),
            )
            for line in lines
        ),
        reference=values.get("reference") or "",
        is_void=is_void,
    )
