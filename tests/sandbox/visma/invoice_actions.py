"""Actions on supplier ledger documents: accepted at once, done later."""

from ..server import Refusal
from .errors import refuse
from .invoice_model import require_open_period, retotal
from .invoices import PATH
from .routes import check_version, found, handlers
from .wire import accepted

REVERSED = {"Invoice": "DebitAdj", "CreditAdj": "DebitAdj", "DebitAdj": "CreditAdj"}


@handlers(f"POST {PATH}/{{documentType}}/{{invoiceNumber}}/action/release")
def release(call):
    row = _row(call)
    if row["status"] != "Balanced":
        raise refuse(f"The status {row['status']} of the document is not valid for release.")
    _later(call, row, lambda: _release(call.state, row))
    return accepted()


def _release(state, row):
    """What goes wrong now is told by nobody: the document stays as it is."""
    if row["status"] != "Balanced":
        return
    try:
        require_open_period(state, row)
    except Refusal as refusal:
        row["errorInfo"] = refusal.body["message"]
    else:
        row["status"] = "Open" if row["balanceInCurrency"] else "Closed"
        state.effect("supplierInvoice.release", row["referenceNumber"])
    state.touch(row)


@handlers(f"POST {PATH}/{{documentType}}/{{invoiceNumber}}/action/reverse")
def reverse(call):
    """Makes a document of the opposite kind that has to be released itself; it is not applied."""
    row = _row(call)
    if row["status"] not in ("Open", "Closed"):
        raise refuse(f"The status {row['status']} of the document is not valid for reversing.")
    _later(call, row, lambda: _reverse(call.state, row))
    return accepted()


def _reverse(state, row):
    kind = REVERSED[row["documentType"]]
    made = {
        **row,
        "documentType": kind,
        "referenceNumber": f"{100 + state.next_number(kind):06}",
        "status": "Balanced",
        "hold": False,
        "invoiceLines": [dict(line) for line in row["invoiceLines"]],
        "taxDetailLines": [dict(line) for line in row["taxDetailLines"]],
        "attachments": [],
        "note": row["note"] if state.sandbox.settings.reversal_copies_note else "",
        "createdDateTime": state.now_text(),
        "_reverses": row["referenceNumber"],
    }
    made.pop("errorInfo", None)
    retotal(made)
    state.invoices[kind, made["referenceNumber"]] = state.touch(made)
    state.effect("supplierInvoice.reverse", row["referenceNumber"])


def _later(call, row, action):
    check_version(call, row)
    call.state.later(call.sandbox.settings.action_seconds, action)


def _row(call):
    return found(call.state.invoices, (call.path["documentType"], call.path["invoiceNumber"]))
