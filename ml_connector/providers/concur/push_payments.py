"""Tells Concur what was paid in Odoo: employees for their reports, and vendors for their invoices."""

# Odoo translates, and there is no Odoo here.

from datetime import datetime

from ...core.errors import InvalidDataError, PermanentError, RemoteError
from ...core.provider import SendResult
from ...core.undone import undone
from .wire import text

LONGEST_NOTE = 500
DONE = ("SUCCESS", "NOOP")
SOURCE = "sourceId"
PAID = ("PAYMENT_CONFIRMED_SUCCESS", "PAID")
"""Statuses of a financial document that was told as paid."""
PASSING = ("NOT_POSTING_CONFIRMED", "SYSTEM_ERROR_OCCURRED")


class PaymentPush:
    """:param provider: the `ConcurProvider`"""

    def __init__(self, provider):
        self._provider = provider

    def render(self, document):
        """A payment confirmation: only *completely paid* moves the report on. Its references count once each."""
        if document.taken_back:
            return self._confirmation(document, "RE", "The payment was taken back in Odoo.", [self._reversal(document)])
        return self._confirmation(document, "CP", "", [self._clearing(document, part) for part in document.clearings])

    def _confirmation(self, document, status, message, details):
        return {
            "docId": document.version,
            "processingStatusCode": status,
            "additionalMessage": message,
            "clearingDetails": details,
            # not sent: by it the document is looked up
            SOURCE: document.external_id,
        }

    def _reversal(self, document):
        """Of a payment that is taken back. Its day is that on which it is sent."""
        return {
            "clearingAmount": float(document.total),
            "clearingCurrency": document.currency,
            "clearingReference": {
                "companyCode": self._provider.settings.company,
                "financialDocumentId": document.number,
                "paymentRef": f"{document.number} reversed",
            },
        }

    def _clearing(self, document, clearing):
        return {
            "clearingDate": f"{clearing.date:%Y%m%d}",
            "clearingAmount": float(clearing.amount),
            "clearingCurrency": document.currency,
            "clearingReference": {
                "companyCode": self._provider.settings.company,
                "financialDocumentId": clearing.reference,
                "fiscalYear": str(clearing.date.year),
                # one payment may pay several reports
                "paymentRef": f"{clearing.reference} {document.number}",
                "paymentMethod": "E",
            },
        }

    def find(self, payload, key):
        """Whether Concur has it. What is sent twice counts once, so nothing is lost when it cannot say."""
        row = self._provider.client.document("expense", payload[SOURCE]) or {}
        is_told = row.get("id") == payload["docId"] and row.get("docStatus") in PAID
        return SendResult(external_id=payload["docId"]) if is_told else None

    def send(self, payload, external_id, key):
        """:raises RemoteError: Concur does not have the posting result yet, or could not do it"""
        details = [self._dated(detail) for detail in payload["clearingDetails"]]
        if external_id:
            # the same payment may be taken back and made again, and a reference counts once
            details = [_marked(detail, key[:8]) for detail in details]
        with undone(self._at_stake(payload), "SAP Concur"):
            return self._told(payload, details)

    def _told(self, payload, details):
        told = {name: value for name, value in payload.items() if name != SOURCE} | {"clearingDetails": details}
        answer = self._provider.client.confirm_payments("expense", [told]).get(payload["docId"]) or {}
        result = answer.get("paymentConfirmationResult")
        if result in DONE:
            return SendResult(external_id=payload["docId"])
        said = text(answer, "errorMessage") or "no result came for it"
        problem = RemoteError if result in PASSING or not result else PermanentError
        raise problem(f"SAP Concur does not take the payment: {said}.", code=str(answer.get("code")))

    def _at_stake(self, payload):
        """What a person has to do where Concur refuses it, and why that matters."""
        if payload["processingStatusCode"] == "RE":
            return "A payment was taken back in Odoo: take it back in SAP Concur, so that it is paid after all"
        day = max(detail["clearingDate"] for detail in payload["clearingDetails"])
        on = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        return f"It was paid in Odoo on {on}: mark it as paid in SAP Concur, so that it is not paid twice"

    def _dated(self, detail):
        return {"clearingDate": f"{datetime.now(self._provider.zone):%Y%m%d}", **detail}


def _marked(detail, mark):
    reference = detail["clearingReference"]
    return {**detail, "clearingReference": {**reference, "paymentRef": f"{reference['paymentRef']} {mark}"}}


class InvoicePaymentPush:
    """Vendor bills that were paid. Concur takes it of an invoice that is not paid yet, so never twice."""

    def __init__(self, provider):
        self._provider = provider

    def render(self, document):
        """A payment confirmation of an invoice, found by Concur's id of it.

        :raises InvalidDataError: a payment was taken back, which Concur takes of no invoice that is paid
        """
        if document.taken_back:
            raise InvalidDataError(
                f"The payment of {document.number} was taken back in Odoo after SAP Concur was told of it: take it "
                "back in SAP Concur as well, then ignore this."
            )
        return {
            "requestId": document.external_id,
            "invoiceAmount": float(document.total),
            "paymentStatus": "PAID",
            "paymentMethodType": "CLIENT",
            "paymentStatusDate": max(clearing.date for clearing in document.clearings).isoformat(),
            "paymentAmount": float(sum(clearing.amount for clearing in document.clearings)),
            "paymentAdjNotes": ", ".join(clearing.reference for clearing in document.clearings)[:LONGEST_NOTE],
        }

    def send(self, payload, external_id, key):
        """:raises InvalidDataError: Concur refuses it, and does not have it already"""
        day = payload["paymentStatusDate"]
        task = f"The invoice was paid in Odoo on {day}: mark it as paid in SAP Concur, so that it is not paid twice"
        with undone(task, "SAP Concur"):
            try:
                self._provider.client.confirm_invoice_payment(payload)
            except PermanentError:
                found = self.find(payload, key)
                if not found:
                    raise
                return found
        return SendResult(external_id=payload["requestId"])

    def find(self, payload, key):
        row = self._provider.client.document("invoice", payload["requestId"])
        return SendResult(external_id=payload["requestId"]) if row and row.get("docStatus") in PAID else None
