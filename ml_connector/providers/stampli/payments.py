"""Payments of Stampli, into Odoo, and the payment status of its invoices, to Stampli."""

from datetime import date
from decimal import Decimal

from ...core.documents import PaidBill, Payment, Reference
from ...core.errors import InvalidDataError
from ...core.flow import Column, FileInFlow
from ...core.messages import Amount, _
from .bills import VOID, refuse_problems, vendor
from .columns import UPDATED, DailyFiles, from_stampli, to_stampli, vendor_column


class Payments(FileInFlow):
    key = "payments"
    label = _("Payments")
    kind = "payment"
    sequence = 90
    interval = 15
    options = ("lock_date_policy",)
    help = _("Books payments made in Stampli and reconciles them with their bills.")
    template = from_stampli(
        entity="payments",
        file_name=r"payments.*\.csv",
        document_element="Payment",
        statuses=("PAID", "VOIDED"),
        columns=(
            Column(label="PaymentId", name="id", type="code", required=True),
            Column(label="PaymentStatus", name="status", type="code", required=True),
            Column(label="PaymentDate", name="date", type="date", required=True),
            Column(label="PaymentMethod", name="method", type="code"),
            Column(label="PaymentReference", name="reference", type="code"),
            Column(label="VendorId", name="vendor", type="code", required=True),
            Column(label="VendorName", name="vendor_name"),
            Column(label="Currency", name="currency", type="code", required=True),
            Column(label="PaymentAmount", name="amount", type="decimal", required=True),
            Column(label="BankAccountCode", name="bank", type="code"),
            Column(label="ExchangeRate", name="rate", type="decimal"),
            Column(label="StampliInvoiceId", name="invoice", type="code", on_line=True),
            Column(label="InvoiceNumber", name="number", type="code", on_line=True),
            Column(label="AppliedAmount", name="applied", type="decimal", on_line=True, required=True),
            Column(label="DiscountTaken", name="discount", type="decimal", on_line=True),
            Column(label="ClearedDate", name="cleared", type="date"),
            Column(label="UpdatedAt", name="updated", type="datetime"),
        ),
    )

    def translate(self, payload):
        """The payment of a stored document.

        :raises InvalidDataError: the document is invalid
        """
        refuse_problems(payload)
        values, lines = payload["values"], payload["lines"]
        amount = Decimal(values["amount"])
        is_void = values["status"].upper() in VOID or amount < 0
        sign = -1 if amount < 0 else 1
        currency = values["currency"].upper()
        _check_invoices(lines, amount, currency)
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


class PaymentStatus(DailyFiles):
    key = "payment_status"
    label = _("Payment Status")
    sequence = 100
    active = False
    at_stake = _("Until Stampli receives the payment status, its users may pay the invoice a second time.")
    help = _("Sends the payment status of Stampli's invoices in Odoo. Only if you do not pay in Stampli.")
    template = to_stampli(
        entity="payment_status",
        model="account.move",
        domain="[('move_type', 'in', ('in_invoice', 'in_refund')), ('state', '=', 'posted'),"
        " ('payment_state', 'in', ('paid', 'in_payment', 'partial', 'reversed'))]",
        document_element="PaymentStatus",
        columns=(
            Column(
                label="StampliInvoiceId", name="id", expression="remote_id", argument="bill", type="code", required=True
            ),
            Column(label="InvoiceNumber", path="ref", type="code"),
            vendor_column("commercial_partner_id"),
            Column(label="Currency", path="currency_id.name", type="code"),
            Column(label="TotalAmount", path="amount_total", type="decimal", decimals=2),
            Column(label="OpenAmount", path="amount_residual", type="decimal", decimals=2),
            Column(label="PaymentStatus", name="status", path="payment_state", type="code", required=True),
            UPDATED,
        ),
    )


def _check_invoices(lines, amount, currency):
    """
    :raises InvalidDataError: not all of the payment is applied to invoices
    """
    applied = sum((Decimal(line["applied"]) for line in lines), Decimal(0))
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
