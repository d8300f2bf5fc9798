"""Receipts on purchase orders: made empty, filled with lines of orders, released later. Read with another version."""

from operator import itemgetter

from .errors import refuse
from .invoice_model import find_supplier
from .routes import STATUS, check_version, compared, found, handlers, listed, page_of, supplier_of
from .wire import changed, created, moment, number, plain, single

PATH = "/v1/PurchaseReceipt"
READ_PATH = "/v2/PurchaseReceipt"
ONE = f"{PATH}/{{receiptNumber}}"


@handlers(f"GET {READ_PATH}")
def receipts(call):
    rows = listed(
        *(call, call.state.receipts, compared(call, "receiptDate", itemgetter("date"))),
        supplier=supplier_of,
        status=STATUS,
    )
    return page_of(call, [_shown(call, row) for row in rows])


@handlers(f"GET {READ_PATH}/{{receiptNumber}}")
def receipt(call):
    return single(_shown(call, _row(call)))


@handlers(f"POST {PATH}")
def create_receipt(call):
    body, state = plain(call.body), call.state
    row = {
        "receiptType": body.get("receiptType", "PoReceipt"),
        "supplier": find_supplier(state, body.get("supplierId")),
        "createBill": body.get("createBill", True),
        "lines": [],
    }
    _apply(state, row, {"hold": True, **body})
    row["receiptNbr"] = f"PR{state.next_number('receipt'):06}"
    state.receipts[row["receiptNbr"]] = state.touch(row)
    state.effect("receipt.create", row["receiptNbr"])
    return created(call, f"{PATH}/{row['receiptNbr']}", row)


@handlers(f"PUT {ONE}")
def change_receipt(call):
    row = _unreleased(call)
    check_version(call, row)
    _apply(call.state, row, plain(call.body))
    return changed(call.state.touch(row))


def _apply(state, row, body):
    if "date" in body:
        row["date"] = moment(body["date"])
    row["supplierRef"] = body.get("supplierRef", row.get("supplierRef", ""))
    row["customStr1"] = body.get("customStr1", row.get("customStr1", ""))
    row["hold"] = body.get("hold", row.get("hold", True))
    row["status"] = "Hold" if row["hold"] else "Balanced"
    for item in body.get("lines", []):
        line = next((line for line in row["lines"] if line["lineNbr"] == item.get("lineNbr")), None)
        if line is None or item["operation"] == "Insert":
            raise refuse(f"The line '{item.get('lineNbr')}' cannot be found in the system.")
        if item["operation"] == "Delete":
            row["lines"].remove(line)
        elif "receiptQty" in item:
            line["receiptQty"] = number(item["receiptQty"])
    row["totalQty"] = sum(line["receiptQty"] for line in row["lines"])


@handlers(f"POST {ONE}/action/addpurchaseorderlines")
def add_lines(call):
    """What is still open on the lines. Lines for services come along only where the company wants them."""
    row, state = _unreleased(call), call.state
    for wanted in call.body["purchaseOrderLines"]:
        order = found(state.orders, wanted["orderNbr"])
        numbers = {str(line["lineNbr"]) for line in wanted["lines"]}
        for line in order["lines"]:
            is_service = line["lineType"] == "Service"
            if str(line["lineNbr"]) in numbers and (state.sandbox.settings.receives_services or not is_service):
                _add_line(row, order, line)
    state.touch(row)
    state.effect("receipt.lines", row["receiptNbr"])
    return _done(call)


def _add_line(row, order, line):
    row["lines"].append(
        {
            "lineNbr": max((other["lineNbr"] for other in row["lines"]), default=0) + 1,
            "lineType": line["lineType"],
            "poOrderType": "RegularOrder",
            "poOrderNbr": order["orderNbr"],
            "poOrderLineNbr": line["lineNbr"],
            "orderQty": line["orderQty"],
            "receiptQty": line["orderQty"] - line["qtyOnReceipts"],
            "transactionDescription": line["lineDescription"],
        }
    )


@handlers(f"POST {ONE}/action/release")
def release(call):
    row, state = _unreleased(call), call.state
    if row["hold"] or not row["lines"]:
        raise refuse(f"The receipt {row['receiptNbr']} is on hold or empty.")
    state.later(state.sandbox.settings.action_seconds, lambda: _release(state, row))
    return _done(call, "Queued")


def _release(state, row):
    if row["status"] == "Released":
        return
    row["status"] = "Released"
    for line in row["lines"]:
        for ordered in state.orders[line["poOrderNbr"]]["lines"]:
            if ordered["lineNbr"] == line["poOrderLineNbr"]:
                ordered["qtyOnReceipts"] += line["receiptQty"]
    state.touch(row)
    state.effect("receipt.release", row["receiptNbr"])


def _done(call, result="Done"):
    return {"actionId": call.sandbox.new_guid(), "actionResult": result, "errorInfo": ""}


def _shown(call, row):
    if call.query.get("includeCustomFreeFields"):
        return row
    return {name: value for name, value in row.items() if name != "customStr1"}


def _unreleased(call):
    row = _row(call)
    if row["status"] == "Released":
        raise refuse(f"The receipt {row['receiptNbr']} is released and cannot be changed.")
    return row


def _row(call):
    return found(call.state.receipts, call.path["receiptNumber"])
