"""Tells Concur what was paid in Odoo: employees for their reports, and vendors for their invoices."""

# Odoo translates, and there is no Odoo here.

from ...exceptions import PermanentError, RemoteError
from ..base import Sent
from .wire import text

LONGEST_NOTE = 500
DONE = ("SUCCESS", "NOOP")
PASSING = ("NOT_POSTING_CONFIRMED", "SYSTEM_ERROR_OCCURRED")


class PaymentPush:
    """:param provider: the `ConcurProvider`"""

    def __init__(self, provider):
        self._provider = provider

    def render(self, document):
        """A payment confirmation: only *completely paid* moves the report on. Its references count once each."""
        return {
            "docId": document.version,
            "processingStatusCode": "CP",
            "additionalMessage": "",
            "clearingDetails": [self._clearing(document, clearing) for clearing in document.clearings],
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
        """Nothing is looked up: what is sent twice counts once."""
        return None

    def send(self, payload, external_id, key):
        """:raises RemoteError: Concur does not have the posting result yet, or could not do it"""
        answer = self._provider.client.confirm_payments("expense", [payload]).get(payload["docId"]) or {}
        result = answer.get("paymentConfirmationResult")
        if result in DONE:
            return Sent(external_id=payload["docId"])
        said = text(answer, "errorMessage") or "no result came for it"
        problem = RemoteError if result in PASSING or not result else PermanentError
        raise problem(f"SAP Concur does not take the payment: {said}.", code=str(answer.get("code")))


class InvoicePaymentPush:
    """Vendor bills that were paid. Concur takes it once, so what is in doubt is for a person to look up."""

    def __init__(self, provider):
        self._provider = provider

    def render(self, document):
        """A payment confirmation of an invoice, found by Concur's id of it."""
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
        self._provider.client.confirm_invoice_payment(payload)
        return Sent(external_id=payload["requestId"])

    def find(self, payload, key):
        raise NotImplementedError
