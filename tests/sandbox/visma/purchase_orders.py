"""Purchase orders: created and changed, never cancelled or deleted by the API."""

from operator import itemgetter

from .errors import refuse
from .invoice_model import LineError, find_account, find_project, find_subaccount, find_supplier
from .routes import STATUS, check_version, compared, found, handlers, known, listed, page_of, supplier_of
from .wire import changed, created, moment, number, plain, single

PATH = "/v1/purchaseorder"
FREE = ("customStr1",)
NEW_LINE = {
    **{"lineType": "Service", "lineDescription": "", "customStr1": "", "completed": False},
    **{"orderQty": 1, "unitCost": 0},
}
ENDED = ("Cancelled", "Closed", "Voided")


@handlers(f"GET {PATH}")
def orders(call):
    rows = listed(
        *(call, call.state.orders, compared(call, "orderDate", itemgetter("date"))),
        supplier=supplier_of,
        orderStatus=STATUS,
    )
    return page_of(call, [_shown(call, row) for row in rows])


@handlers(f"GET {PATH}/{{purchaseOrderNumber}}")
def order(call):
    return single(_shown(call, _row(call)))


def _number(call, body):
    number, automatic = body.get("orderNumber"), call.sandbox.settings.numbers_orders
    if not number and not automatic:
        raise refuse("'Order Nbr.' cannot be empty.", what="purchase order")
    if number and automatic and not body.get("overrideNumberSeries"):
        raise refuse("The number series does not allow manual numbering.", what="purchase order")
    if number in call.state.orders:
        raise refuse(f"The order '{number}' exists already.", what="purchase order")
    return number or f"PO{call.state.next_number('order'):06}"


@handlers(f"POST {PATH}")
def create_order(call):
    body, state = plain(call.body), call.state
    row = {"orderType": body.get("orderType", "RegularOrder"), "supplier": find_supplier(state, body.get("supplier"))}
    row["currency"] = body.get("currency") or state.base_currency
    row["customStr1"] = body.get("customStr1", "")
    row["lines"] = []
    known(state.currencies, row["currency"], "currency")
    _apply(state, row, {"hold": True, **body})
    row["orderNbr"] = _number(call, body)
    state.orders[row["orderNbr"]] = state.touch(row)
    state.effect("purchaseorder.create", row["orderNbr"])
    return created(call, f"{PATH}/{row['orderNbr']}", row)


@handlers(f"PUT {PATH}/{{purchaseOrderNumber}}")
def change_order(call):
    row = _row(call)
    check_version(call, row)
    if row["status"] in ENDED:
        raise refuse(f"The order {row['orderNbr']} is {row['status']} and cannot be changed.")
    _apply(call.state, row, plain(call.body))
    call.state.touch(row)
    call.state.effect("purchaseorder.change", row["orderNbr"])
    return changed(row)


def _apply(state, row, body):
    for name in ("description", "supplierRef"):
        if name in body:
            row[name] = body[name]
    for name in ("date", "promisedOn"):
        if name in body:
            row[name] = moment(body[name])
    row["hold"] = body.get("hold", row.get("hold", True))
    row["status"] = "Hold" if row["hold"] else "Open"
    for item in body.get("lines", []):
        try:
            _apply_line(state, row, item)
        except LineError as error:
            raise refuse(str(error)) from error
    row["lineTotal"] = row["orderTotal"] = sum(line["extCost"] for line in row["lines"])


def _apply_line(state, row, item):
    numbered = {line["lineNbr"]: line for line in row["lines"]}
    old = numbered.get(item.get("lineNumber"))
    if item["operation"] != "Insert" and old is None:
        raise LineError(f"The line '{item.get('lineNumber')}' cannot be found in the system.")
    if item["operation"] == "Delete":
        if old["qtyOnReceipts"]:
            raise LineError("The line has been received and cannot be deleted.")
        row["lines"].remove(old)
        return
    settings = state.sandbox.settings
    if old is None and settings.drops_lines:
        settings.drops_lines -= 1
        return
    line = old if old is not None else {"lineNbr": max(numbered, default=0) + 1, "qtyOnReceipts": 0}
    for name, default in NEW_LINE.items():
        line[name] = item.get(name, line.get(name, default))
    line["orderQty"], line["unitCost"] = number(line["orderQty"]), number(line["unitCost"])
    line["extCost"] = number(item["extCost"]) if "extCost" in item else line["orderQty"] * line["unitCost"]
    line["amount"] = line["extCost"]
    _code_line(state, line, item)
    if old is None:
        row["lines"].append(line)


def _code_line(state, line, item):
    if "account" in item:
        account = find_account(state, item["account"])
        line["account"] = {name: account[name] for name in ("type", "number", "description")}
    if "sub" in item or "sub" not in line:
        line["sub"] = find_subaccount(state, item.get("sub", []))
    if "taxCategory" in item:
        category = known(state.vat_categories, item["taxCategory"], "TaxCategoryID", LineError)
        line["taxCategory"] = {"number": item["taxCategory"], "description": category["description"]}
    if "project" in item:
        line["project"], task = find_project(state, item["project"], item.get("projectTask"))
        line.pop("projectTask", None)
        if task:
            line["projectTask"] = task
    branch = item.get("branch") or line.get("branch", {}).get("number") or "1"
    line["branch"] = {"number": branch, "name": known(state.branches, branch, "branch", LineError)["name"]}


def _shown(call, row):
    """The free fields come only when they are asked for."""
    if call.query.get("includeCustomFreeFields"):
        return row
    lines = [{name: value for name, value in line.items() if name not in FREE} for line in row["lines"]]
    return {**{name: value for name, value in row.items() if name not in FREE}, "lines": lines}


def _row(call):
    return found(call.state.orders, call.path["purchaseOrderNumber"])
