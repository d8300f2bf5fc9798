"""Vendors v3.1: one record for each address of a vendor, and a result for each record under status 200."""

from dataclasses import dataclass, field

from .errors import refuse
from .routes import FOREIGN_HOST, handlers, page_of

PATH = "/api/v3.1/invoice/vendors"
VENDOR_GROUPS = ("Marketing", "Head Office")
"""The groups of vendors that the site has."""
SEARCHED = {
    "vendorCode": "VendorCode",
    "vendorName": "VendorName",
    "taxID": "TaxID",
    "addressCode": "AddressCode",
    "city": "City",
    "postalCode": "PostalCode",
    "country": "CountryCode",
}
ADDRESS = ("Address1", "Address2", "Address3")
COMPARE = {
    "exact": lambda value, wanted: value == wanted,
    "begins": lambda value, wanted: value.startswith(wanted),
    "contains": lambda value, wanted: wanted in value,
    "ends": lambda value, wanted: value.endswith(wanted),
}


@dataclass
class VendorRecord:
    """One address of a vendor."""

    id: str
    values: dict
    banks: dict = field(default_factory=dict)
    groups: list = field(default_factory=list)


def record_key(values):
    """Concur's keys know no case."""
    return f"{values['VendorCode'].upper()}/{values['AddressCode'].upper()}"


@handlers(f"GET {PATH}")
def list_vendors(call):
    query = call.query
    matches = COMPARE[query.get("searchType", "exact")]
    rows = [row for row in call.state.vendors if _is_searched(row, query, matches)]
    rows.sort(key=lambda row: row.values["VendorName"])
    page, following = page_of(rows, query, PATH)
    return _collection("Vendor", [_shown(row) for row in page], len(rows), following)


def _is_searched(row, query, matches):
    if "approved" in query and (row.values.get("Approved", "Y") == "Y") != (query["approved"] == "True"):
        return False
    return all(
        matches(str(row.values.get(name) or "").casefold(), query[parameter].casefold())
        for parameter, name in SEARCHED.items()
        if parameter in query
    )


@handlers(f"POST {PATH}")
def create_vendors(call):
    """Whether it would also change a record is not documented."""
    return _written(call, "Vendor", _create)


@handlers(f"PUT {PATH}")
def update_vendors(call):
    """Whether it would also make a record, or keep what is left out, is not documented."""
    return _written(call, "Vendor", _update)


def _written(call, name, write):
    rows = [
        {**values, "StatusList": _statuses(call, write(call, values), number)}
        for number, values in enumerate(call.body[name], start=1)
    ]
    return _collection(name, rows, len(rows))


def _statuses(call, problem, number):
    if problem:
        return [{"Code": 1, "Message": problem, "RecordNumber": number, "Type": "WARNING"}]
    if call.sandbox.settings.says_success:
        return [{"Code": 0, "Message": "Saved", "RecordNumber": number, "Type": "SUCCESS"}]
    return []


def _create(call, values):
    if call.state.vendors.get(record_key(values)):
        if call.sandbox.settings.post_changes_vendors:
            return _update(call, values)
        return "The vendor code and address code are in use."
    if problem := _problem(call, values, (record_key(values),)):
        return problem
    call.state.vendors.add(VendorRecord(record_key(values), _cut(call, values)))
    call.sandbox.journal.effect("vendor.create", record_key(values))
    return None


def _update(call, values):
    row = call.state.vendors.get(record_key(values))
    if row is None:
        if call.sandbox.settings.put_makes_vendors:
            return _create(call, values)
        return "There is no vendor with this vendor code and address code."
    together = {record_key(other) for other in call.body["Vendor"]}
    if problem := _problem(call, values, together):
        return problem
    values = _cut(call, values)
    row.values = {**row.values, **values} if call.sandbox.settings.put_keeps_the_rest else values
    call.sandbox.journal.effect("vendor.update", record_key(values))
    return None


def _cut(call, values):
    longest = call.sandbox.settings.longest_address
    return values | {name: values[name][:longest] for name in ADDRESS if values.get(name)}


def _problem(call, values, together):
    """Why a record is refused; the records of `together` are written in the same call."""
    if values["CountryCode"] == "US" and not values.get("State"):
        return "State is required for this country."
    code = values["VendorCode"].upper()
    for other in call.state.vendors:
        if other.id in together or other.values["VendorCode"].upper() != code:
            continue
        if other.values["VendorName"] != values["VendorName"]:
            return "A vendor code has one vendor name."
        numbers = {other.values.get("TaxID"), values.get("TaxID")} - {None, ""}
        if len(numbers) > 1:
            return "The tax ID differs from that of another address of the vendor."
    return None


@handlers("PUT /api/v3.1/invoice/vendor/banks")
def put_banks(call):
    return _written(call, "VendorBank", _put_bank)


def _put_bank(call, values):
    row = call.state.vendors.get(record_key(values))
    if row is None:
        return "There is no vendor with this vendor code and address code."
    row.banks[values["AccountNumber"]] = values
    call.sandbox.journal.effect("vendor.bank", row.id)
    return None


GROUPS_PATH = "/api/v3.1/invoice/vendor/groups"


@handlers(f"PUT {GROUPS_PATH}")
def put_groups(call):
    """What becomes of a group that nobody made is not documented: it is left out, or the call is refused."""
    row = _grouped(call)
    wanted = [group["Name"] for group in call.body["VendorGroup"]]
    known_names = {made.casefold(): made for made in VENDOR_GROUPS}
    unknown = [name for name in wanted if name.casefold() not in known_names]
    if unknown and call.sandbox.settings.refuses_unknown_groups:
        raise refuse(call.request.path, 400, "invalid", f"There is no vendor group {unknown[0]}.")
    for name in wanted if row else ():
        known = known_names.get(name.casefold())
        if known and known not in row.groups:
            row.groups.append(known)
            call.sandbox.journal.effect("vendor.group.add", f"{row.id} {known}")
    return _groups(wanted)


@handlers(f"DELETE {GROUPS_PATH}")
def delete_group(call):
    row, name = _grouped(call), call.query["groupName"]
    if row and name in row.groups:
        row.groups.remove(name)
        call.sandbox.journal.effect("vendor.group.remove", f"{row.id} {name}")
    return _groups([name])


def _grouped(call):
    return call.state.vendors.get(
        record_key({"VendorCode": call.query["vendorCode"], "AddressCode": call.query["addressCode"]})
    )


def _groups(names):
    return _collection("VendorGroup", [{"ID": None, "Name": name, "URI": None} for name in names], len(names))


def _shown(row):
    return {
        **row.values,
        "ID": row.id,
        "URI": f"{FOREIGN_HOST}{PATH}/{row.id}",
        "VendorBankList": list(row.banks.values()),
        "VendorGroupList": row.groups,
        "StatusList": [],
    }


def _collection(name, rows, total, following=None):
    return {name: rows, "Items": None, "NextPage": following, "TotalCount": total, "RequestRunSummary": None}
