"""Payment Confirmation API v4: what the accounting system paid of Concur's invoices."""

from ..server import Refusal
from .routes import handlers

POSTED, PAID = "POSTING_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_SUCCESS"


@handlers("POST /invoice/payment-confirmation/v4/payments/bulkUpdate")
def update_payments(call):
    """Each payment by itself; 400 when none was taken."""
    taken, refused = [], []
    for row in call.body:
        problem = _problem(call, row)
        if problem:
            refused.append({**row, "errorMessage": problem})
            continue
        document = _document(call, row)
        document.status = PAID
        call.sandbox.journal.effect("invoice.paid", document.id)
        taken.append(row)
    body = {
        "status": "200 OK" if not refused else "207 MULTI_STATUS" if taken else "400 BAD_REQUEST",
        "successCount": len(taken),
        "failureCount": len(refused),
        "successfulPayments": taken,
        "failedPayments": refused,
    }
    if refused:
        raise Refusal(207 if taken else 400, body)
    return body


def _document(call, row):
    found = [
        document
        for document in call.state.documents
        if document.doc_type == "invoice" and document.source_id == row.get("requestId")
    ]
    return found[-1] if found else None


def _problem(call, row):
    document = _document(call, row)
    if document is None:
        return "Invoice not found."
    if document.status != POSTED:
        return "Invoice is not in payment status Extracted."
    return ""
