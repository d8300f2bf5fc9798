"""Financial Integration Service v4: the queue of documents, their acknowledgement and confirmations."""

import json

from ..server import to_json
from .forms import shown
from .routes import handlers

BASE = "/financialintegration/fi/v4/companies/transactiontypes/{docType}/transactions"
RECALLED = "RECALLED"
CONFIRMED = ("POSTING_CONFIRMED_SUCCESS", "POSTING_CONFIRMED_FAILURE")
PAYMENTS = {"CP": "PAYMENT_CONFIRMED_SUCCESS", "RE": "PAYMENT_CONFIRMED_REVERSED"}
PAYABLE = ("POSTING_CONFIRMED_SUCCESS", *PAYMENTS.values())
INTERNAL = "https://fi.internal.example/fi/v4"


@handlers(f"GET {BASE}")
def list_documents(call):
    """The ready queue; with `docId` one document, of any status when that is asked for."""
    doc_type, query = call.path["docType"], call.query
    rows = [row for row in call.state.documents if row.doc_type == doc_type]
    if query.get("docId"):
        rows = [row for row in rows if row.source_id == query["docId"]]
    if query.get("ignoreDocumentStatus") != "yes" or not query.get("docId"):
        rows = [row for row in rows if row.status == "READY"]
    size, number = min(query["limit"], call.sandbox.settings.most_documents), query.get("page") or 0
    found = rows if query.get("docId") else rows[number * size : (number + 1) * size]
    settings = call.sandbox.settings
    as_text = settings.documents_as_text or call.request.headers.get("DocumentFormatAs", "").lower() != "json"
    for row in found:
        row.was_read = True
    content = [_document(call.sandbox, row, as_text) for row in found]
    if settings.older_envelope:
        return {"fIDocuments": content, "offset": None, "nextPage": None, "numberReturned": len(content)}
    return {
        # an internal host, as in the published samples: not to be followed
        "links": [{"rel": "self", "href": f"{INTERNAL}/{doc_type}?page={number}"}],
        "content": content,
        "page": {"size": size, "totalElements": len(rows), "totalPages": -(-len(rows) // size), "number": number},
    }


def _document(sandbox, row, as_text):
    is_bare = sandbox.settings.names_no_company
    content = to_json(shown(sandbox.contract, sandbox.settings, row))
    return {
        "id": row.id,
        "docType": row.doc_type,
        "companyId": "123456",
        "entityId": None if is_bare else "p00123abcd4e",
        "companyUuid": None if is_bare else sandbox.company,
        "erpSystemId": None if is_bare else row.system_id or "",
        "docStatus": row.status,
        "document": content if as_text else json.loads(content),
        "links": [],
    }


def _results(call, rows, name, outcome):
    """A result for each document, under status 200 whatever it is.

    :param name: of the result in the answer
    :param outcome: gives code, result and message of a row
    """
    system_id = call.body["systemId"]
    return [
        {"code": code, "docId": row["docId"], "systemId": system_id, name: result, "errorMessage": message}
        for row in rows
        for code, result, message in [outcome(call, row)]
    ]


@handlers(f"POST {BASE}/acknowledgements")
def acknowledge(call):
    """Each document once."""
    rows = [{"docId": document_id} for document_id in call.body["ids"]]
    return _results(call, rows, "acknowledgeResult", _acknowledged)


def _acknowledged(call, asked):
    row = call.state.documents.get(asked["docId"])
    if row is None:
        return 104, "FAILURE", "Document does not exist."
    if row.doc_type != call.path["docType"]:
        return 105, "FAILURE", "Document is of another type."
    if row.status == RECALLED:
        return 102, "FAILURE", "Document was recalled."
    if row.status != "READY":
        return 101, "FAILURE", "Document is already acknowledged."
    row.status, row.system_id = "ACKNOWLEDGED", call.body["systemId"]
    call.sandbox.journal.effect("acknowledge", row.id)
    return 0, "SUCCESS", ""


@handlers(f"POST {BASE}/postingconfirmations")
def confirm_postings(call):
    """Success or error of each document."""
    results = _results(call, call.body["postingConfirmations"], "postingConfirmationResult", _posted)
    return [{**result, "detailMessage": ""} for result in results]


def _posted(call, confirmation):
    row = call.state.documents.get(confirmation["docId"])
    success = confirmation["overallPostingStatusCode"] == "success"
    problem = _posting_problem(call, row, confirmation, success)
    if problem:
        return problem
    row.status = CONFIRMED[0] if success else CONFIRMED[1]
    row.postings = confirmation["postingDocs"]
    row.messages = [message["messageShortText"] for message in confirmation["systemMessages"]]
    call.sandbox.journal.effect("posting.success" if success else "posting.error", row.id)
    return 0, "SUCCESS", ""


def _posting_problem(call, row, confirmation, success):
    if row is None:
        return 116, "DOCUMENT_NOT_FOUND", "Document does not exist."
    if row.doc_type != call.path["docType"]:
        return 115, "FAILURE", "Document is of another type."
    if "postingDocs" not in confirmation:
        return 198, "FAILURE", "postingDocs may not be blank."
    if row.status == "READY":
        return 111, "NOT_YET_ACKNOWLEDGED", "Document is not acknowledged yet."
    if row.system_id != call.body["systemId"]:
        return 99, "FAILURE", "systemId differs from the one of the acknowledgement."
    if row.status == RECALLED:
        return 112, "WAS_RECALLED", "Document was recalled."
    # a report that is stuck after a wrong error is freed by a success
    if row.status in PAYABLE or (row.status == CONFIRMED[1] and not success):
        return 113, "FAILURE", "Document is already confirmed."
    return None


@handlers(f"POST {BASE}/paymentconfirmations")
def confirm_payments(call):
    """Payments of posted expense reports; the same reference counts once."""
    results = _results(call, call.body["processingConfirmation"], "paymentConfirmationResult", _paid)
    return [{**result, "detailMessage": ""} for result in results]


def _paid(call, confirmation):
    row = call.state.documents.get(confirmation["docId"])
    if row is None or row.doc_type != "expense":
        return 116, "DOCUMENT_NOT_FOUND", "Document does not exist."
    if row.status not in PAYABLE:
        return 111, "NOT_POSTING_CONFIRMED", "Document is not posted yet."
    references = {detail["clearingReference"]["paymentRef"] for detail in confirmation["clearingDetails"]}
    if references <= row.payment_references:
        return 213, "NOOP", "Payment is already confirmed."
    row.payment_references |= references
    row.status = PAYMENTS.get(confirmation["processingStatusCode"], row.status)
    call.sandbox.journal.effect(f"payment.{confirmation['processingStatusCode']}", row.id)
    return 0, "SUCCESS", ""
