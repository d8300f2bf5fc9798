"""Reports to Concur what Odoo paid: employees for their reports, and vendors for their invoices."""

from datetime import date, datetime

from ...core.errors import InvalidDataError, PermanentError, RemoteError, undone
from ...core.flow import PushFlow
from ...core.messages import _
from ...core.remote import SendResult
from ...core.wire import text
from .financial_documents import confirm, document
from .scopes import FIS, INVOICE_PAYMENTS

INVOICE_PAYMENTS_PATH = "/invoice/payment-confirmation/v4/payments/bulkUpdate"
LONGEST_NOTE = 500
DONE = ("SUCCESS", "NOOP")
SOURCE = "sourceId"
PAID = ("PAYMENT_CONFIRMED_SUCCESS", "PAID")
"""Statuses of a financial document that was reported as paid."""
PASSING = ("NOT_POSTING_CONFIRMED", "SYSTEM_ERROR_OCCURRED")


class PaymentsPush(PushFlow):
    """Reports paid expense reports."""

    key = "payments_push"
    label = _("Payments to SAP Concur")
    kind = "paid"
    sequence = 80
    interval = 24 * 60
    scopes = (FIS,)
    watches = "account.move"
    reports_payment_of = ("expense_report",)
    help = _(
        "Reports an expense report as paid when Odoo has paid the employee. It becomes Payment Confirmed in SAP Concur."
    )

    def render(self, document):
        """A payment confirmation: only *completely paid* changes the status of the report. A reference counts once."""
        if document.taken_back:
            return self._confirmation(document, "RE", "The payment was reversed in Odoo.", [self._reversal(document)])
        return self._confirmation(document, "CP", "", [self._clearing(document, part) for part in document.clearings])

    def _confirmation(self, document, status, message, details):
        return {
            "docId": document.version,
            "processingStatusCode": status,
            "additionalMessage": message,
            "clearingDetails": details,
            # not sent: `find` looks the document up by it
            SOURCE: document.external_id,
        }

    def _reversal(self, document):
        """The clearing of a payment that was reversed in Odoo; `send` adds the day of sending."""
        return {
            "clearingAmount": float(document.total),
            "clearingCurrency": document.currency,
            "clearingReference": {
                "companyCode": self.provider.settings.company,
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
                "companyCode": self.provider.settings.company,
                "financialDocumentId": clearing.reference,
                "fiscalYear": str(clearing.date.year),
                # one payment may pay several reports
                "paymentRef": f"{clearing.reference} {document.number}",
                "paymentMethod": "E",
            },
        }

    def send(self, payload, external_id, key):
        """:raises RemoteError: Concur does not have the posting result yet, or failed temporarily"""
        details = [self._dated(detail) for detail in payload["clearingDetails"]]
        if external_id:
            # a payment may be reversed and made again, and a reference counts once
            details = [_marked(detail, key[:8]) for detail in details]
        with undone(self._at_stake(payload), "SAP Concur"):
            return self._confirm(payload, details)

    def _confirm(self, payload, details):
        row = {name: value for name, value in payload.items() if name != SOURCE} | {"clearingDetails": details}
        body = {"processingConfirmation": [row], "systemId": ""}
        # The same `paymentRef` counts once (NOOP). It is not repeated all the same: if the payment is reversed before
        # the next attempt, it matters whether the first one took effect.
        answers = confirm(self.client, "expense", "paymentconfirmations", body, repeatable=False)
        answer = answers.get(payload["docId"]) or {}
        result = answer.get("paymentConfirmationResult")
        if result in DONE:
            return SendResult(external_id=payload["docId"])
        error = RemoteError if result in PASSING or not result else PermanentError
        raise error(_not_confirmed(text(answer, "errorMessage")), code=str(answer.get("code")))

    def _at_stake(self, payload):
        """What to do in Concur if it refuses the confirmation, and why."""
        if payload["processingStatusCode"] == "RE":
            return _(
                "A payment was reversed in Odoo. Reverse it in SAP Concur as well, so that the report is paid again."
            )
        day = max(detail["clearingDate"] for detail in payload["clearingDetails"])
        return _(
            "The report was paid in Odoo on %(day)s. Mark it as paid in SAP Concur, so that it is not paid twice.",
            day=datetime.strptime(day, "%Y%m%d").date(),
        )

    def _dated(self, detail):
        return {"clearingDate": f"{datetime.now(self.provider.zone):%Y%m%d}", **detail}

    def find(self, payload, key):
        """The result of an earlier `send`, if Concur shows one. A confirmation that is sent twice counts once."""
        row = document(self.client, "expense", payload[SOURCE]) or {}
        is_told = row.get("id") == payload["docId"] and row.get("docStatus") in PAID
        return SendResult(external_id=payload["docId"]) if is_told else None


def _not_confirmed(reason):
    if reason:
        return _("SAP Concur did not accept the payment: %(reason)s.", reason=reason.rstrip("."))
    return _("SAP Concur did not answer the confirmation of the payment.")


def _marked(detail, mark):
    reference = detail["clearingReference"]
    return {**detail, "clearingReference": {**reference, "paymentRef": f"{reference['paymentRef']} {mark}"}}


class InvoicePaymentsPush(PushFlow):
    """Reports paid vendor bills (invoice/payment-confirmation). Concur accepts it once, in payment status Extracted."""

    key = "invoice_payments_push"
    label = _("Invoice Payments to SAP Concur")
    kind = "paid"
    sequence = 81
    interval = 24 * 60
    scopes = (INVOICE_PAYMENTS,)
    watches = "account.move"
    reports_payment_of = ("bill",)
    help = _("Reports invoices of the Financial Integration Service as paid when they are paid in Odoo.")

    def render(self, document):
        """A payment confirmation of an invoice, with Concur's ID of it.

        :raises InvalidDataError: a payment was reversed, which Concur does not accept for a paid invoice
        """
        if document.taken_back:
            raise InvalidDataError(
                _(
                    "The payment of %(bill)s was reversed in Odoo after SAP Concur had received it. Reverse it in SAP "
                    "Concur as well, then ignore this transfer.",
                    bill=document.number,
                )
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
        """:raises InvalidDataError: Concur refuses it, and does not show the invoice as paid"""
        task = _(
            "The invoice was paid in Odoo on %(day)s. Mark it as paid in SAP Concur, so that it is not paid twice.",
            day=date.fromisoformat(payload["paymentStatusDate"]),
        )
        with undone(task, "SAP Concur"):
            try:
                self.client.call("POST", INVOICE_PAYMENTS_PATH, body=[payload])
            except PermanentError:
                found = self.find(payload, key)
                if not found:
                    raise
                return found
        return SendResult(external_id=payload["requestId"])

    def find(self, payload, key):
        row = document(self.client, "invoice", payload["requestId"])
        return SendResult(external_id=payload["requestId"]) if row and row.get("docStatus") in PAID else None
