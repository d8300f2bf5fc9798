"""Suppliers: created, changed, never deleted."""

from functools import partial

from .errors import refuse
from .routes import check_version, found, handlers, known, listed, page_of
from .wire import changed, created, plain, single

COUNTRIES = {"NO": "Norge", "SE": "Sverige", "DE": "Tyskland", "GB": "Storbritannia", "US": "USA"}
PLAIN = (
    *("name", "status", "accountReference", "currencyId", "cashAccount", "vatRegistrationId", "corporateId"),
    *("documentLanguage", "note"),
)
ADDRESSES = ("mainAddress", "remitAddress", "supplierAddress")
CONTACTS = ("mainContact", "remitContact", "supplierContact")


@handlers("GET /v1/supplier")
def suppliers(call):
    """``name`` finds what contains it: how the real server compares is not documented."""
    part = call.query.get("name", "").casefold()
    equal = {name: lambda row, name=name: row.get(name) for name in ("status", "vatRegistrationId", "corporateId")}
    rows = listed(call, call.state.suppliers, lambda row: part in row["name"].casefold(), **equal)
    return page_of(call, [_shown(call, row) for row in rows])


@handlers("GET /v1/supplier/{supplierCd}")
def supplier(call):
    return single(found(call.state.suppliers, call.path["supplierCd"]))


@handlers("POST /v1/supplier")
def create_supplier(call):
    body, state = plain(call.body), call.state
    number = body.get("number")
    if not call.sandbox.settings.numbers_suppliers and not number:
        raise refuse("'Supplier ID' cannot be empty.", what="supplier")
    if number and call.sandbox.settings.numbers_suppliers and not body.get("overrideNumberSeries"):
        raise refuse("The number series does not allow manual numbering.", what="supplier")
    if number in state.suppliers:
        raise refuse(f"Inserting 'Supplier' record raised at least one error: '{number}' exists.", what="supplier")
    row = add_supplier(state, body)
    state.effect("supplier.create", row["number"])
    return created(call, f"/v1/supplier/{row['number']}", row)


@handlers("PUT /v1/supplier/{supplierCd}")
def change_supplier(call):
    row = found(call.state.suppliers, call.path["supplierCd"])
    check_version(call, row)
    _fill(call.state, row, plain(call.body))
    call.state.touch(row)
    call.state.effect("supplier.change", row["number"])
    return changed(row)


def add_supplier(state, body):
    if not body.get("name"):
        raise refuse("'Supplier name' cannot be empty.", what="supplier")
    sequence = state.next_number("supplier")
    row = {"internalId": 300 + sequence, "number": body.get("number") or str(50000 + sequence), "status": "Active"}
    defaults = {"supplierClassId": "1", "creditTermsId": "30", "vatZoneId": "01", "currencyId": state.base_currency}
    _fill(state, row, {**defaults, **body})
    state.suppliers[row["number"]] = state.touch(row)
    return row


def _fill(state, row, body):
    refusal = partial(refuse, what="supplier")
    coded = {
        "supplierClassId": ("supplierClass", state.classes, "supplier class"),
        "creditTermsId": ("creditTerms", state.credit_terms, "credit terms"),
        "vatZoneId": ("vatZone", state.vat_zones, "VAT zone"),
    }
    for name, (shown, rows, label) in coded.items():
        if name in body:
            row[shown] = {"id": body[name], "description": known(rows, body[name], label, refusal)["description"]}
    known(state.currencies, body.get("currencyId", state.base_currency), "currency", refusal)
    row.update({name: body[name] for name in PLAIN if name in body})
    for name in ADDRESSES:
        if name in body:
            row[name] = {**row.get(name, {}), **_address(body[name])}
    for name in CONTACTS:
        if name in body:
            row[name] = {**row.get(name, {}), **body[name]}


def _address(body):
    shown = {key: value for key, value in body.items() if key not in ("countryId", "county")}
    if "countryId" in body:
        shown["country"] = {"id": body["countryId"], "name": COUNTRIES.get(body["countryId"], body["countryId"])}
    return shown


def _shown(call, row):
    return row if call.query.get("expandNote") else {key: value for key, value in row.items() if key != "note"}
