"""What records are coded to: accounts, dimensions, projects, VAT, terms, currencies and periods."""

from operator import itemgetter

from .errors import refuse
from .routes import STATUS, check_version, found, handlers, listed, modified, page_of
from .wire import changed, created, plain, single

PLAIN_LISTS = {
    "branch": "branches",
    "currency": "currencies",
    "vat": "vats",
    "vatCategory": "vat_categories",
    "supplier/supplierClass": "classes",
    "financialPeriod": "periods",
}


@handlers("GET /v1/account")
def accounts(call):
    return listed(call, call.state.accounts, active=itemgetter("active"))


@handlers("GET /v1/account/{accountCd}")
def account(call):
    return single(found(call.state.accounts, call.path["accountCd"]))


@handlers("POST /v1/account")
def create_account(call):
    body, state = plain(call.body), call.state
    code = body.get("accountCD")
    if not code:
        raise refuse("'Account' cannot be empty.", what="account")
    if code in state.accounts:
        raise refuse(f"The account '{code}' exists already.", what="account")
    row = {
        "accountID": 2000 + state.next_number("account"),
        "accountCD": code,
        "type": body.get("type", "Expense"),
        "active": body.get("active", True),
        "description": body.get("description", ""),
        "accountClass": body.get("accountClass", ""),
        "cashAccount": False,
        "allowManualEntry": True,
    }
    state.accounts[code] = state.touch(row)
    state.effect("account.create", code)
    return created(call, f"/v1/account/{code}", row)


@handlers("GET /v1/dimension/{dimensionId}")
def dimension(call):
    if call.path["dimensionId"] == "SUPPLIER":
        return _numbering(call)
    if call.path["dimensionId"] != "SUBACCOUNT":
        return found({}, None)
    segments = call.state.segments
    if call.query.get("expandSegmentsValues") is False:
        segments = [{key: value for key, value in row.items() if key != "segmentValues"} for row in segments]
    length = sum(row["length"] for row in segments)
    return {"id": "SUBACCOUNT", "length": length, "description": "Delkonto", "segments": segments}


def _numbering(call):
    """How the numbers of suppliers are made."""
    segment = {
        "segmentId": 1,
        "description": "Leverandør",
        "length": 10,
        "validate": False,
        "isAutoNumber": call.sandbox.settings.numbers_suppliers,
    }
    return {"id": "SUPPLIER", "length": 10, "description": "Leverandør", "segments": [segment]}


@handlers("GET /v1/dimension/{dimensionId}/{segmentId}")
def segment(call):
    return single(_segment(call))


@handlers("PUT /v1/dimension/{dimensionId}/{segmentId}")
def change_segment(call):
    row = _segment(call)
    check_version(call, row)
    for item in call.body.get("segmentValues", []):
        _change_value(call.state, row, item["operation"], item["value"], plain(item))
    call.state.touch(row)
    row["lastModified"] = row.pop("lastModifiedDateTime")
    return changed(row)


def _change_value(state, row, operation, value, body):
    known = next((item for item in row["segmentValues"] if item["valueId"] == value), None)
    if operation == "Insert":
        if known or len(value) != row["length"]:
            raise refuse(f"The value '{value}' of the segment is not valid.", what="segment")
        known = {"segmentId": row["segmentId"], "valueId": value, "description": "", "active": True}
        row["segmentValues"].append(known)
        state.effect("segment_value.create", value)
    if known is None:
        raise refuse(f"The segment value '{value}' cannot be found in the system.", what="segment")
    known.update({key: body[key] for key in ("description", "active") if key in body})


def _segment(call):
    rows = {str(row["segmentId"]): row for row in call.state.segments}
    if call.path["dimensionId"] != "SUBACCOUNT":
        rows = {}
    return found(rows, call.path["segmentId"])


@handlers("GET /v1/project")
def projects(call):
    state = call.state
    rows = listed(call, state.projects, status=STATUS, nonProject=lambda row: row["projectID"] == state.non_project)
    return page_of(call, rows)


@handlers("GET /v1/project/{projectID}")
def project(call):
    return single(found(call.state.projects, call.path["projectID"]))


@handlers("POST /v1/project")
def create_project(call):
    body, state = plain(call.body), call.state
    code = body.get("projectID")
    if not code or code in state.projects:
        raise refuse(f"The project '{code}' exists already or is empty.", what="project")
    row = {
        "internalID": 1000 + state.next_number("project"),
        "projectID": code,
        "description": body["description"],
        "status": body.get("status", "Planned"),
        "hold": body.get("hold", False),
        "startDate": body["startDate"],
        "visibility": {"visibleInGl": True, "visibleInAp": True, "visibleInPo": True},
        "tasks": [],
    }
    state.projects[code] = state.touch(row)
    state.effect("project.create", code)
    return created(call, f"/v1/project/{code}", row)


@handlers("GET /v1/vatZone")
def vat_zones(call):
    return page_of(call, list(call.state.vat_zones.values()))


@handlers("GET /v1/creditTerm")
def credit_terms(call):
    """Unlike every other list: one object."""
    rows = listed(call, call.state.credit_terms)
    size = call.query.get("pageSize") or call.sandbox.settings.max_page_size
    number = call.query.get("pageNumber") or 1
    records = rows[(number - 1) * size : number * size]
    return {"pageNumber": number, "pageSize": size, "totalCount": len(rows), "records": records}


@handlers("GET /v1/cashaccount")
def cash_accounts(call):
    rows = [row for row in call.state.accounts.values() if row["cashAccount"]]
    return [{"number": row["accountCD"], "description": row["description"]} for row in rows]


def _plain_list(path, table):
    """A list without pages."""
    handlers(f"GET /v1/{path}")(lambda call: list(filter(modified(call), getattr(call.state, table).values())))


for path, table in PLAIN_LISTS.items():
    _plain_list(path, table)
