"""The balance of the supplier invoices that Odoo sent, and their payments in Visma.net."""

from datetime import date
from decimal import Decimal
from functools import cache

from ...core.documents import BillStatus, PaidBill, Party, Payment
from ...core.errors import InvalidDataError, NotFoundError
from ...core.messages import _
from ...core.remote import RemoteRecord
from ...core.wire import amount, needed, part, required, rows, text
from .changed_records import ChangedRecords
from .coding import cash_account
from .ledger import CREDIT_NOTE, INVOICE, PATH, RELEASED, VOIDED, balance_is_total, key_of, key_of_row, path_of
from .webhook import ANYTHING
from .wire import day, required_key

PAYMENTS = "/v1/supplierPayment"
PAYMENT = "Payment"
DONE = ("Open", "Closed")
"""Statuses of released payments; others are not read."""


class PaymentStatus(ChangedRecords):
    """The documents that Odoo sent, with their balance. Documents that were entered in Visma are not read."""

    key = "payment_status"
    label = _("Payment Status")
    kind = "bill_status"
    sequence = 150
    events = ("AP Invoice", ANYTHING)
    help = _("Shows on Odoo's vendor bills whether they are open, partially paid, paid or voided in Visma.net.")
    identified_by = ("documentType", "referenceNumber")

    def listed(self, **filters):
        return self.client.pages(PATH, expandNote=True, **filters)

    def reader(self, since):
        return self._item

    def read(self, external_id):
        return self._item(self.client.one(path_of(external_id)).data)

    def _item(self, row):
        if not self.provider.ledger.is_ours(row) or not is_settled_or_open(row):
            return None
        content = {name: str(amount(row, name)) for name in ("balance", "balanceInCurrency")}
        content["status"] = text(row, "status")
        key = required_key(row, "documentType", "referenceNumber")
        return RemoteRecord.of(key, text(row, "supplierReference") or key, row, content)

    def translate(self, payload):
        number = text(payload, "supplierReference")
        return BillStatus(external_id=key_of_row(payload), number=number, state=_state(payload))


class Payments(ChangedRecords):
    """The released payments of the documents that Odoo sent."""

    key = "payments"
    label = _("Payments")
    kind = "payment"
    sequence = 160
    events = ("AP Invoice", ANYTHING)
    active = False
    options = ("lock_date_policy", "start_date")
    help = _("Books the payments of these bills in Odoo too. Only if you keep the bank accounts in both systems.")
    identified_by = ("type", "refNbr")

    def listed(self, **filters):
        return self.client.pages(PAYMENTS, paymentType=PAYMENT, **filters)

    def reader(self, since):
        is_ours = cache(self._is_ours)
        return lambda row: payment_item(row, is_ours) if _is_since(row, since) else None

    def read(self, external_id):
        number = external_id.partition("/")[2]
        found = (row for page in self.listed() for row in page if text(row, "refNbr") == number)
        row = next(found, None)
        return payment_item(row, cache(self._is_ours)) if row else None

    def _is_ours(self, key):
        try:
            return self.provider.ledger.is_ours(self.client.one(path_of(key)).data)
        except NotFoundError:
            return False

    def translate(self, payload):
        """A `Payment` of the amount that pays documents that Odoo sent.

        :raises InvalidDataError: it has no number or no date
        """
        key = key_of(text(payload, "type"), required(payload, "refNbr"))
        bills = tuple(map(_paid_bill, rows(payload, "lines")))
        missing = _("Payment %(payment)s has no date in Visma.net.", payment=key)
        paid_on = needed(day(payload, "applicationDate"), missing)
        supplier = part(payload, "supplier")
        account = text(payload, "cashAccount")
        return Payment(
            external_id=key,
            vendor=Party(external_id=text(supplier, "number"), name=text(supplier, "name")),
            date=_date(paid_on, key),
            currency=text(payload, "currency"),
            amount=sum((paid.amount for paid in bills), Decimal(0)),
            source=cash_account(account, account),
            bills=bills,
            reference=text(payload, "paymentRef"),
            is_void=text(payload, "status") == VOIDED,
        )


def is_settled_or_open(row):
    """Whether the document is in the ledger, so that it can be paid."""
    return text(row, "documentType") in (INVOICE, CREDIT_NOTE) and text(row, "status") in (*RELEASED, VOIDED)


def _state(row):
    if text(row, "status") == VOIDED:
        return "voided"
    if not amount(row, "balance"):
        return "paid"
    return "open" if balance_is_total(row) else "partial"


def _is_since(row, since):
    """Whether a payment is not older than `since`. One without a date is kept, so that its translation reports it."""
    paid_on = day(row, "applicationDate")
    return since is None or not paid_on or paid_on >= since.isoformat()


def payment_item(row, is_ours):
    """The payment with its lines for documents that Odoo sent; None when there is none."""
    if text(row, "type") != PAYMENT or text(row, "status") not in (*DONE, VOIDED):
        return None
    lines = [line for line in rows(row, "paymentLines") if is_ours(_key_of_line(line))]
    if not lines:
        return None
    payload = {
        **{
            name: row.get(name) for name in ("type", "refNbr", "status", "applicationDate", "paymentRef", "cashAccount")
        },
        "supplier": part(row, "supplier"),
        "currency": text(part(row, "currency"), "id"),
        "lines": [{name: line.get(name) for name in ("docType", "invoiceRefNbr", "amountPaid")} for line in lines],
    }
    key = required_key(row, "type", "refNbr")
    return RemoteRecord.of(key, text(row, "paymentRef") or key, payload)


def _paid_bill(line):
    paid = amount(line, "amountPaid")
    return PaidBill(
        external_id=_key_of_line(line),
        amount=-abs(paid) if text(line, "docType") == CREDIT_NOTE else paid,
        number=text(line, "invoiceRefNbr"),
    )


def _key_of_line(line):
    return key_of(text(line, "docType"), text(line, "invoiceRefNbr"))


def _date(value, key):
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise InvalidDataError(_("Payment %(payment)s has no readable date in Visma.net.", payment=key)) from error
