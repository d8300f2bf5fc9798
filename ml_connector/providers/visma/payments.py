"""The balance of the supplier invoices that Odoo sent, and their payments in Visma.net."""

from datetime import date
from decimal import Decimal

from ...core.documents import BillStatus, PaidBill, Party, Payment
from ...core.errors import InvalidDataError, NotFoundError
from ...core.messages import _
from ...core.remote import RemoteRecord, content_version
from .catalogue import cash_account
from .invoices import CREDIT_NOTE, INVOICE, PATH, RELEASED, VOIDED, balance_is_total, key_of, key_of_row, path_of
from .wire import amount, day, part, required, required_key, rows, text

PAYMENTS = "/v1/supplierPayment"
PAYMENT = "Payment"
DONE = ("Open", "Closed")
"""Statuses of released payments; others are not read."""


class Statuses:
    """Reads the documents that Odoo sent, with their balance. Documents that were entered in Visma are not read.

    :param mark: beginning of Odoo's marks in the notes of documents
    """

    def __init__(self, client, mark):
        self.client = client
        self.mark = mark

    def listed(self, **filters):
        return self.client.pages(PATH, expandNote=True, **filters)

    def one(self, key):
        return self.item(self.client.one(path_of(key)).data)

    def item(self, row):
        return status_item(row) if self.is_ours(row) and is_settled_or_open(row) else None

    def is_ours(self, row):
        return f"[{self.mark}" in text(row, "note")


class Payments:
    """Reads the released payments of the documents that Odoo sent."""

    def __init__(self, client, mark):
        self.client = client
        self._statuses = Statuses(client, mark)
        self._known = {}

    def listed(self, **filters):
        return self.client.pages(PAYMENTS, paymentType=PAYMENT, **filters)

    def one(self, key):
        number = key.partition("/")[2]
        for page in self.client.pages(PAYMENTS, paymentType=PAYMENT):
            for row in page:
                if text(row, "refNbr") == number:
                    return self.item(row)
        return None

    def item(self, row):
        """The payment with its lines for documents that Odoo sent; None when there is none."""
        if text(row, "type") != PAYMENT or text(row, "status") not in (*DONE, VOIDED):
            return None
        lines = [line for line in rows(row, "paymentLines") if self._is_ours(line)]
        return payment_item(row, lines) if lines else None

    def _is_ours(self, line):
        key = key_of(text(line, "docType"), text(line, "invoiceRefNbr"))
        if key not in self._known:
            try:
                self._known[key] = self._statuses.is_ours(self.client.one(path_of(key)).data)
            except NotFoundError:
                self._known[key] = False
        return self._known[key]


def is_settled_or_open(row):
    """Whether the document is in the ledger, so that it can be paid."""
    return text(row, "documentType") in (INVOICE, CREDIT_NOTE) and text(row, "status") in (*RELEASED, VOIDED)


def status_item(row):
    content = {name: str(amount(row, name)) for name in ("balance", "balanceInCurrency")}
    content["status"] = text(row, "status")
    key = required_key(row, "documentType", "referenceNumber")
    return RemoteRecord(
        external_id=key, version=content_version(content), title=text(row, "supplierReference") or key, payload=row
    )


def status(row):
    """A `BillStatus`."""
    return BillStatus(external_id=key_of_row(row), number=text(row, "supplierReference"), state=_state(row))


def _state(row):
    if text(row, "status") == VOIDED:
        return "voided"
    if not amount(row, "balance"):
        return "paid"
    return "open" if balance_is_total(row) else "partial"


def payment_item(row, lines):
    payload = {
        **{
            name: row.get(name) for name in ("type", "refNbr", "status", "applicationDate", "paymentRef", "cashAccount")
        },
        "supplier": part(row, "supplier"),
        "currency": text(part(row, "currency"), "id"),
        "lines": [{name: line.get(name) for name in ("docType", "invoiceRefNbr", "amountPaid")} for line in lines],
    }
    key = required_key(row, "type", "refNbr")
    return RemoteRecord(
        external_id=key, version=content_version(payload), title=text(row, "paymentRef") or key, payload=payload
    )


def payment(payload):
    """A `Payment` of the amount that pays documents that Odoo sent.

    :raises InvalidDataError: it has no number or no date
    """
    key = key_of(text(payload, "type"), required(payload, "refNbr"))
    bills = tuple(map(_paid_bill, rows(payload, "lines")))
    paid_on = day(payload, "applicationDate")
    if not paid_on:
        raise InvalidDataError(_("Payment %(payment)s has no date in Visma.net.", payment=key))
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


def _paid_bill(line):
    kind, number = text(line, "docType"), text(line, "invoiceRefNbr")
    paid = amount(line, "amountPaid")
    return PaidBill(external_id=key_of(kind, number), amount=-abs(paid) if kind == CREDIT_NOTE else paid, number=number)


def _date(value, key):
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise InvalidDataError(_("Payment %(payment)s has no readable date in Visma.net.", payment=key)) from error
