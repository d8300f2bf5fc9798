"""Supplier ledger documents until they are released."""

from operator import itemgetter

from werkzeug.wrappers import Response

from .contract import BINARY
from .errors import refuse
from .invoice_model import apply_header, apply_lines, apply_taxes, compute, require_open, shown
from .routes import STATUS, check_version, compared, found, handlers, listed, page_of, supplier_of
from .wire import changed, created, number, plain, single

PATH = "/v1/supplierInvoice"
UNRELEASED = ("Hold", "Balanced")


@handlers(f"GET {PATH}")
def invoices(call):
    """Neither the supplier's own number nor the amount is a filter."""
    query = call.query
    rows = listed(
        call,
        call.state.invoices,
        compared(call, "docDate", itemgetter("date")),
        lambda row: "released" not in query or bool(query["released"]) == (row["status"] not in UNRELEASED),
        supplier=supplier_of,
        documentType=itemgetter("documentType"),
        status=STATUS,
    )
    expands = {"note": "expandNote", "attachments": "expandAttachment"}
    hidden = [name for name, expand in expands.items() if not query.get(expand)]
    return page_of(call, [shown(row, call.sandbox.settings.twins_swapped, hidden) for row in rows])


@handlers(f"GET {PATH}/{{documentType}}/{{invoiceNumber}}")
def invoice(call):
    return single(shown(_row(call), call.sandbox.settings.twins_swapped))


@handlers(f"POST {PATH}")
def create_invoice(call):
    body, state = plain(call.body), call.state
    row = new_invoice(state, body)
    state.effect("supplierInvoice.create", row["referenceNumber"])
    kind = "" if row["documentType"] == "Invoice" else f"{row['documentType']}/"
    return created(call, f"{PATH}/{kind}{row['referenceNumber']}", row)


def new_invoice(state, body):
    kind = body.get("documentType", "Invoice")
    row = {"documentType": kind, "attachments": [], "note": "", "createdDateTime": state.now_text()}
    apply_header(state, row, body, new=True)
    if state.sandbox.settings.refuses_repeated_reference:
        _refuse_repeated(state, row)
    row["hold"] = body.get("hold", True)
    row["invoiceLines"] = []
    apply_lines(state, row, body)
    compute(state, row)
    apply_taxes(row, body)
    row["referenceNumber"] = _number(state, row, body)
    row["status"] = "Hold" if row["hold"] else "Balanced"
    state.invoices[row["documentType"], row["referenceNumber"]] = state.touch(row)
    return row


def _refuse_repeated(state, row):
    for other in state.invoices.values():
        if (other["supplier"], other["supplierReference"]) == (row["supplier"], row["supplierReference"]):
            raise refuse(f"The supplier reference '{row['supplierReference']}' is used already.")


def _number(state, row, body):
    wanted = body.get("referenceNumber")
    if not wanted and not state.sandbox.settings.numbers_invoices:
        raise refuse("'Reference Nbr.' cannot be empty.")
    if not wanted:
        return f"{100 + state.next_number(row['documentType']):06}"
    if state.sandbox.settings.numbers_invoices and not body.get("overrideNumberSeries"):
        raise refuse("The number series does not allow manual numbering.")
    if (row["documentType"], wanted) in state.invoices:
        raise refuse(f"The document '{wanted}' exists already.")
    return wanted


@handlers(f"PUT {PATH}/{{documentType}}/{{invoiceNumber}}")
def change_invoice(call):
    row, body, state = _row(call), plain(call.body), call.state
    check_version(call, row)
    _require_unreleased(row)
    apply_header(state, row, body)
    apply_lines(state, row, body)
    compute(state, row)
    apply_taxes(row, body)
    row["hold"] = body.get("hold", row["hold"])
    row["status"] = "Hold" if row["hold"] else "Balanced"
    state.touch(row)
    state.effect("supplierInvoice.change", row["referenceNumber"])
    return changed(row)


@handlers(f"DELETE {PATH}/{{documentType}}/{{invoiceNumber}}")
def delete_invoice(call):
    row = _row(call)
    _require_unreleased(row)
    del call.state.invoices[row["documentType"], row["referenceNumber"]]
    call.state.effect("supplierInvoice.delete", row["referenceNumber"])
    return changed()


@handlers(f"POST {PATH}/documentType/{{documentType}}/{{invoiceNumber}}/attachment")
def attach(call):
    """The same file name again makes a new revision."""
    row, file, state = _row(call), call.body["file"], call.state
    check_version(call, row)
    if "." not in (file.filename or ""):
        raise refuse("The file name has no extension.", what="attachment")
    known = next((item for item in row["attachments"] if item["name"] == file.filename), None)
    shown = known or {"name": file.filename, "id": call.sandbox.new_guid(), "revision": 0}
    shown["revision"] += 1
    if known is None:
        row["attachments"].append(shown)
    state.files[shown["id"]] = (file.filename, file.read())
    state.touch(row)
    state.effect("attachment", f"{row['referenceNumber']}/{file.filename}")
    return created(call, f"/v1/attachment/{shown['id']}", row)


@handlers("GET /v1/attachment/{attachmentId}")
def download(call):
    _name, content = found(call.state.files, call.path["attachmentId"])
    return Response(content, 200, mimetype=BINARY)


@handlers("GET /v1/supplierPayment")
def payments(call):
    def pays(row):
        return call.query.get("invoiceRefNbr") in (None, *(line["invoiceRefNbr"] for line in row["paymentLines"]))

    rows = listed(call, call.state.payments, pays, supplier=supplier_of, paymentType=itemgetter("type"))
    return page_of(call, rows)


def pay(state, document_type, reference, amount, on, method="BANK", cash_account="1920"):
    """Money paid on a released document, in its currency."""
    row = state.invoices[document_type, reference]
    require_open(row)
    amount = min(number(amount), row["balanceInCurrency"])
    sequence = f"{100 + state.next_number('payment'):06}"
    state.payments[sequence] = state.touch(
        {
            "type": "Payment",
            "refNbr": sequence,
            "status": "Closed",
            "hold": False,
            "applicationDate": f"{on}T00:00:00",
            "paymentRef": f"bank {sequence}",
            "supplier": row["supplier"],
            "paymentMethod": method,
            "cashAccount": cash_account,
            "currency": {"id": row["currencyId"], "description": state.currencies[row["currencyId"]]["description"]},
            "paymentAmount": amount,
            "balance": 0,
            "released": True,
            "paymentLines": [
                {"docType": document_type, "invoiceRefNbr": reference, "amountPaid": amount, "date": row["date"]}
            ],
        }
    )
    settle(state, row, amount)
    return sequence


def settle(state, row, amount):
    """Lessen what is open; what has nothing left is closed."""
    rest = row["balanceInCurrency"] - amount
    row["balance"] = 0 if not rest else round(row["balance"] * rest / row["balanceInCurrency"], 2)
    row["balanceInCurrency"] = rest
    if not rest:
        row["status"] = "Closed"
    state.touch(row)


def _require_unreleased(row):
    if row["status"] not in UNRELEASED:
        raise refuse(f"The document {row['referenceNumber']} is released and cannot be changed.")


def _row(call):
    return found(call.state.invoices, (call.path["documentType"], call.path["invoiceNumber"]))
