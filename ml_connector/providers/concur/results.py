"""Reports to Concur whether its documents were booked (posting confirmations)."""

from ...core.errors import RemoteError
from ...core.messages import _
from .wire import text

DOC_TYPES = {
    "expense_report": "expense",
    "bill": "invoice",
    "cash_advance": "cashadvance",
    "payroll": "payroll",
}
MAX_RESULTS = 50
LONGEST_TEXT = 1000
LONGEST_NUMBER = 80

NOT_ACKNOWLEDGED = 111
CONFIRMED_BEFORE = 113
PASSING = (199, None)
RECALLED = 112
REASONS = {
    99: _("Another system ID has confirmed this document. One company's documents go to one accounting system only."),
    112: _("The document was recalled in SAP Concur after Odoo had booked it. Reverse it in Odoo."),
    114: _("SAP Concur reports an unknown status of this document. Ask the SAP Concur administrator to check it."),
    116: _("The document no longer exists in SAP Concur."),
}
SUCCESS = ("POSTING_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_REVERSED")
FAILURE = "POSTING_CONFIRMED_FAILURE"


def report(client, results, company):
    """Confirm results of one or several types; {external id: reason} of those that Concur refused.

    :param company: Odoo's code of the company
    :raises RemoteError: Concur failed temporarily for some; it accepts the others again
    """
    refused = {}
    for doc_type in dict.fromkeys(DOC_TYPES[result.subject] for result in results):
        of_type = [result for result in results if DOC_TYPES[result.subject] == doc_type]
        for start in range(0, len(of_type), MAX_RESULTS):
            refused.update(_report(client, doc_type, of_type[start : start + MAX_RESULTS], company))
    return refused


def _report(client, doc_type, results, company):
    answers = client.confirm_postings(doc_type, [confirmation(result, company) for result in results])
    late = [result for result in results if _code(answers, result) == NOT_ACKNOWLEDGED]
    if late:
        client.acknowledge(doc_type, [result.version for result in late])
        answers |= client.confirm_postings(doc_type, [confirmation(result, company) for result in late])
    refused = {}
    for result in results:
        code = _code(answers, result)
        if code in (0, CONFIRMED_BEFORE):
            continue
        reason = _refusal(text(answers.get(result.version) or {}, "errorMessage"))
        if code in PASSING:
            raise RemoteError(reason, code=str(code))
        refused[result.external_id] = REASONS.get(code) or reason
    return refused


def _refusal(reason):
    if reason:
        return _("SAP Concur did not accept the posting result: %(reason)s.", reason=reason.rstrip("."))
    return _("SAP Concur did not answer the posting result.")


def _code(answers, result):
    return (answers.get(result.version) or {}).get("code")


def confirmation(result, company):
    """A posting confirmation. `docId` is the ID of the financial document, not of the report."""
    if result.success:
        posted = {
            "companyId": company,
            "documentNumber": result.reference[:LONGEST_NUMBER],
            "paymentRelevantLineItems": [],
        }
        return _confirmation(result, "success", [posted], [])
    message = {
        "concurTransactionLineItemId": "",
        "messageId": "ODOO",
        "messageLanguage": "EN",
        "messageShortText": result.failure_text(LONGEST_TEXT),
        "messageLongText": "",
    }
    return _confirmation(result, "error", [], [message])


def _confirmation(result, status, posted, messages):
    return {
        "docId": result.version,
        "overallPostingStatusCode": status,
        "postingDocs": posted,
        "systemMessages": messages,
    }


def reported(client, result):
    """Whether Concur has the result already."""
    row = client.document(DOC_TYPES[result.subject], result.external_id)
    if not row or row.get("id") != result.version:
        return False
    return row.get("docStatus") in SUCCESS if result.success else row.get("docStatus") == FAILURE
