"""Card transactions and reimbursements to documents. Pure functions; see `translate`."""

from decimal import Decimal

from ...core.documents import (
    Attachment,
    Bill,
    BillLine,
    Expense,
    ExpenseLine,
    Party,
    Reference,
    Reimbursement,
    Settlement,
)
from ...core.errors import InvalidDataError
from ...core.messages import Amount, _
from ...core.split_amount import share
from .card import CARD
from .money import currency_digits, read_money
from .selections import coding, selections
from .wire import day, part, required_id, rows, text

REIMBURSED = Reference(kind="journal", external_id="reimbursements", name="Ramp reimbursements")
"""The journal of reimbursements and of paybacks by employees."""
EXPORTED = "SYNCED"
_RECEIPT = "Receipt "
UNPAID_STATES = frozenset(
    {"APPROVED", "AWAITING_PAYMENT", "AWAITING_PUSH_PAYMENT", "PENDING", "PUSH_PAYMENT_INITIATED"}
)
TO_BUSINESS = "USER_TO_BUSINESS"


def booking_date(payload):
    """The accounting date of a transaction or reimbursement, or None."""
    return day(payload, "accounting_date", "settlement_date", "transaction_date", "user_transaction_time", "created_at")


# Card transactions


def transaction(payload):
    """An `Expense` of a card transaction; refunds are negative."""
    external_id = required_id(payload, _("the transaction"))
    amount, currency = _settled(payload)
    if not amount:
        raise InvalidDataError(_("The amount of the transaction is zero. Odoo does not book it."))
    happened = day(payload, "user_transaction_time", "settlement_date", "accounting_date")
    if happened is None:
        raise InvalidDataError(_("The transaction has no date in Ramp."))
    charged, charged_currency = _original(payload)
    return Expense(
        external_id=external_id,
        employee=holder(part(payload, "card_holder")),
        document_date=happened,
        accounting_date=booking_date(payload),
        currency=currency,
        amount=amount,
        lines=tuple(ExpenseLine(**line) for line in _lines(payload, amount, currency, _("the transaction"))),
        card=CARD,
        merchant=text(payload, "merchant_name") or text(payload, "merchant_descriptor"),
        merchant_id=text(payload, "merchant_id"),
        memo=text(payload, "memo"),
        merchant_amount=charged if charged_currency != currency else None,
        merchant_currency=charged_currency if charged_currency != currency else "",
        refunds=text(payload, "original_transaction_id") if amount < 0 else "",
        statement=text(payload, "statement_id"),
        is_exported=text(payload, "sync_status") == EXPORTED,
        attachments=receipts(payload),
    )


def _settled(payload):
    """The amount charged to the company: `entity_amount` if there is one, else `amount`, which is in MAJOR units."""
    if payload.get("entity_amount") is not None:
        return read_money(payload["entity_amount"], _("the amount of the transaction"))
    return read_money(payload.get("amount"), _("the amount of the transaction"), text(payload, "currency_code"))


def _original(payload):
    if payload.get("original_transaction_amount") is None:
        return None, text(payload, "currency_code")
    return read_money(payload["original_transaction_amount"], _("the amount that the merchant charged"))


def holder(source):
    """The employee of a card holder."""
    user_id = text(source, "user_id")
    if not user_id:
        raise InvalidDataError(_("The transaction has no card holder in Ramp."))
    name = " ".join(filter(None, (text(source, "first_name"), text(source, "last_name"))))
    return Reference(kind="employee", external_id=user_id, name=name)


def receipts(payload):
    """One `Attachment` for each receipt; the download requests their links."""
    ids = payload.get("receipts") or []
    if not (isinstance(ids, list) and all(isinstance(receipt, str) for receipt in ids)):
        raise InvalidDataError(_("Ramp sent an invalid list of receipts."))
    return tuple(Attachment(name=receipt_name(receipt), url="") for receipt in ids)


def receipt_name(receipt_id):
    """The name of a receipt before its file is known."""
    return f"{_RECEIPT}{receipt_id}"


def receipt_id_of(name):
    return name.removeprefix(_RECEIPT)


# Lines


def _lines(payload, total, currency, what):
    """Values of the lines, which add up to the total.

    Lines are in the merchant's currency; their amounts in the settled currency prevail if Ramp sends them. Rounding
    differences are distributed by largest remainder.
    """
    header, source = selections(payload), rows(payload, "line_items")
    if not source:
        account, taxes, analytics = coding(header, {})
        memo = text(payload, "memo")
        return [{"amount": total, "description": memo, "account": account, "taxes": taxes, "analytics": analytics}]
    lines = []
    for row, amount in zip(source, _amounts(source, total, currency, what), strict=True):
        account, taxes, analytics = coding(header, row)
        values = {"account": account, "taxes": taxes, "analytics": analytics}
        lines.append({"amount": amount, "description": text(row, "memo"), **values})
    return lines


def _amounts(source, total, currency, what):
    digits = currency_digits(currency)
    weights, converted = _weights(source, currency)
    if len(source) == 1:
        if converted and weights[0] != total:
            _check_rounding(weights, total, currency, what)
        return [total]
    if converted:
        _check_rounding(weights, total, currency, what)
        if sum(weights) == total:
            return weights
    return share(total, weights, digits)


def _weights(source, currency):
    """Amounts of the lines, and whether they are already in the settled currency."""
    settled = [row.get("converted_amount") for row in source]
    if all(amount is not None for amount in settled):
        read = [read_money(amount, _("the amount of a line")) for amount in settled]
    else:
        if any(row.get("amount") is None for row in source):
            raise InvalidDataError(_("A line has no amount in Ramp."))
        read = [read_money(row["amount"], _("the amount of a line")) for row in source]
    currencies = {line_currency for _amount, line_currency in read}
    if len(currencies) > 1:
        raise InvalidDataError(_("The lines are in several currencies: %(currencies)s.", currencies=sorted(currencies)))
    return [amount for amount, _currency in read], currencies == {currency}


def _check_rounding(amounts, total, currency, what):
    """Raise if lines in the settled currency differ from the total by more than the rounding of each."""
    unit = Decimal(1).scaleb(-currency_digits(currency))
    if abs(sum(amounts) - total) > unit * len(amounts):
        raise InvalidDataError(
            _(
                "The lines of %(record)s add up to %(sum)s, but its amount is %(total)s in Ramp.",
                record=what,
                sum=Amount(sum(amounts, Decimal(0)), currency),
                total=Amount(total, currency),
            )
        )


# Reimbursements


def reimbursement(payload):
    """A `Reimbursement`: a bill of the employee, or a credit note if the employee owes the company."""
    external_id = required_id(payload, _("the reimbursement"))
    amount, currency = _owed(payload)
    if not amount:
        raise InvalidDataError(_("The amount of the reimbursement is zero. Odoo does not book it."))
    spent = day(payload, "transaction_date", "accounting_date", "created_at")
    if spent is None:
        raise InvalidDataError(_("The reimbursement has no date in Ramp."))
    lines = _lines(payload, amount, currency, _("the reimbursement"))
    is_credit = is_payback(payload) != (amount < 0)
    if amount < 0:
        amount = -amount
        lines = [{**line, "amount": -line["amount"]} for line in lines]
    employee = _payee(payload)
    merchant = text(payload, "merchant")
    bill = Bill(
        external_id=external_id,
        number=f"RMB-{external_id[:8].upper()}",
        vendor=Party(external_id=f"employee:{employee.external_id}", name=employee.name),
        document_date=spent,
        accounting_date=booking_date(payload),
        currency=currency,
        total=amount,
        lines=tuple(BillLine(**{**line, "description": _described(payload, merchant, line)}) for line in lines),
        is_credit=is_credit,
        memo=text(payload, "memo"),
        attachments=receipts(payload),
    )
    return Reimbursement(
        external_id=external_id,
        employee=employee,
        bill=bill,
        settlement=_settlement(payload, amount),
        is_exported=text(payload, "sync_status") == EXPORTED,
    )


def is_payback(payload):
    """Whether the employee owes the company, by the direction; older payloads have only the type."""
    direction = text(payload, "direction")
    return direction == TO_BUSINESS if direction else text(payload, "type").startswith("PAYBACK_")


def _owed(payload):
    """The amount that the company pays, by the newest key first (`amount` is in MAJOR units)."""
    what = _("the amount of the reimbursement")
    for key in ("entity_amount", "payee_amount"):
        if payload.get(key) is not None:
            return read_money(payload[key], what)
    return read_money(payload.get("amount"), what, text(payload, "currency"))


def _payee(payload):
    user_id = text(payload, "user_id")
    if not user_id:
        raise InvalidDataError(_("The reimbursement has no employee in Ramp."))
    return Reference(
        kind="employee", external_id=user_id, code=text(payload, "user_email"), name=text(payload, "user_full_name")
    )


def _described(payload, merchant, line):
    """The description of a line: the merchant, its memo, and the route of a mileage claim."""
    parts = [merchant, line["description"]]
    if text(payload, "type") == "MILEAGE":
        places = " - ".join(filter(None, (text(payload, "start_location"), text(payload, "end_location"))))
        distance = payload.get("distance")
        parts += [places, f"distance {distance}" if distance else ""]
    return ", ".join(dict.fromkeys(filter(None, parts)))


def _settlement(payload, amount):
    """The payment, if it was made."""
    paid = day(payload, "payment_processed_at")
    if paid is None or text(payload, "state") in UNPAID_STATES:
        return None
    reference = text(payload, "payment_id") or text(part(payload, "trace_id"), "trace_id")
    return Settlement(date=paid, amount=amount, source=REIMBURSED, reference=reference)
