"""Tells Concur what became of its documents (posting confirmations)."""

# Odoo translates, and there is no Odoo here.

from ...core.errors import RemoteError
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
    99: "SAP Concur has another system ID for it: one company's documents go to one accounting system only.",
    112: "It was taken back in SAP Concur after it was booked in Odoo: reverse it in Odoo.",
    114: "SAP Concur does not know the state of this document: ask the SAP Concur administrator to look at it.",
    116: "SAP Concur does not know this document any more.",
}
SUCCESS = ("POSTING_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_REVERSED")
FAILURE = "POSTING_CONFIRMED_FAILURE"


def report(client, results, company):
    """Confirm results of one or several kinds; {external id: reason} of those that Concur does not take.

    :param company: our code of the company
    :raises RemoteError: Concur could not do it for some, for now; those that it took it takes again
    """
    refused = {}
    for doc_type in dict.fromkeys(DOC_TYPES[result.subject] for result in results):
        ours = [result for result in results if DOC_TYPES[result.subject] == doc_type]
        for start in range(0, len(ours), MAX_RESULTS):
            refused.update(_report(client, doc_type, ours[start : start + MAX_RESULTS], company))
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
        said = text(answers.get(result.version) or {}, "errorMessage") or "no result came for it"
        if code in PASSING:
            raise RemoteError(f"SAP Concur could not take the result: {said}.", code=str(code))
        refused[result.external_id] = REASONS.get(code) or f"SAP Concur does not take the result: {said}."
    return refused


def _code(answers, result):
    return (answers.get(result.version) or {}).get("code")


def confirmation(result, company):
    """A posting confirmation; the long id is that of the financial document, not of the report."""
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
