"""Bill-pay vendors (guide "Data relationships": neither merchants nor accounting vendors)."""

from . import render
from .errors import BAD_DATA, STATE_REQUIRED, invalid, not_found, refuse
from .model import Contact, Vendor
from .organisation import check_entity
from .routes import Resource, assign, handlers
from .state import now

CONTACT = "email first_name last_name phone"
LINKS = "external_vendor_id accounting_vendor_remote_id default_entity_id parent_vendor_id vendor_owner_id"
CHANGEABLE = """
    accounting_vendor_remote_id country default_entity_id description external_vendor_id is_active name state
"""
VENDORS = Resource(
    "/vendors/{vendor_id}",
    "vendors",
    render.vendor,
    detail=render.vendor_detail,
    label="Vendor",
    equal="external_vendor_id vendor_owner_id is_active",
    tests={
        # those that are not approved yet are drafts
        "include_draft": lambda row, wanted: wanted or row.approval_status == "APPROVED",
        "accounting_vendor_remote_ids": lambda row, wanted: row.accounting_vendor_remote_id in wanted,
        "name": lambda row, part: part.lower() in row.name.lower(),
        # what no vendor here has
        "merchant_id": lambda row, _wanted: False,
        "vendor_tracking_category_option_ids": lambda row, _wanted: False,
        "sk_category_ids": lambda row, _wanted: False,
    },
    spans={"created_at": "created_at", "updated_at": "updated_at"},
)


@handlers("GET /vendors")
def list_vendors(call):
    page = VENDORS.page(call)
    if call.query["include_subsidiary"]:
        page["data"] = [{**row, "subsidiary": []} for row in page["data"]]
    return page


@handlers("POST /vendors")
def create_vendor(call):
    """Needs a contact with an email, and for a US vendor the state (seen on Ramp's own sandbox)."""
    state, body = call.state, call.body
    if body["country"] == "US" and not body.get("state"):
        raise refuse(400, STATE_REQUIRED, "State is required for US vendors.")
    _check_links(state, body)
    given, moment = body["business_vendor_contacts"], now()
    contact = Contact(state.new_id("contact"), **{name: given.get(name) for name in CONTACT.split()})
    vendor = Vendor(
        *(state.new_id("vendor"), body.get("name") or given["email"], body["country"], moment, moment, [contact]),
        state=body.get("state") if body["country"] == "US" else None,
        approval_status="PENDING" if call.sandbox.settings.vendor_approval else "APPROVED",
        **{name: body.get(name) for name in LINKS.split()},
    )
    if body.get("address"):
        vendor.address = make_address(state, body["address"], vendor.country)
    state.vendors.add(vendor)
    call.sandbox.journal.effect("vendor.create", vendor.id)
    if vendor.approval_status == "APPROVED":
        state.emit("vendors.approved", vendor.id)
    return render.vendor(state, vendor)


@handlers("PATCH /vendors/{vendor_id}")
def update_vendor(call):
    state, body, vendor = call.state, call.body, VENDORS.find(call)
    _check_links(state, body, vendor)
    assign(vendor, body, CHANGEABLE)
    if body.get("business_vendor_contacts"):
        _add_contact(call, vendor, body["business_vendor_contacts"])
    if body.get("address"):
        vendor.address = make_address(state, body["address"], vendor.country)
    touch(state, vendor)
    call.sandbox.journal.effect("vendor.update", vendor.id)
    return render.vendor(state, vendor)


@handlers("GET /vendors/{vendor_id}/contacts")
def list_contacts(call):
    contacts = [render.contact(item) for item in VENDORS.find(call).contacts]
    return {"data": contacts[: call.query["page_size"]], "page": {"next": None}}


@handlers("POST /vendors/{vendor_id}/contacts")
def create_contact(call):
    vendor = VENDORS.find(call)
    if any(item.email.lower() == call.body["email"].lower() for item in vendor.contacts):
        raise refuse(400, BAD_DATA, "The vendor has a contact with this email.")
    return _changed(*_add_contact(call, vendor, call.body))


@handlers("PATCH /vendors/{vendor_id}/contacts/{vendor_contact_id}")
def update_contact(call):
    vendor = VENDORS.find(call)
    contact = next((item for item in vendor.contacts if item.id == call.path["vendor_contact_id"]), None)
    if contact is None:
        raise not_found("Vendor contact")
    is_pending = call.sandbox.settings.contact_approval
    if not is_pending:
        assign(contact, call.body, CONTACT)
        touch(call.state, vendor)
    call.sandbox.journal.effect("vendor.contact.update", contact.id)
    return _changed(contact, is_pending)


def _add_contact(call, vendor, values):
    """A further contact, and whether it waits for approval: then no list has it."""
    is_pending = call.sandbox.settings.contact_approval
    contact = Contact(call.state.new_id("contact"), is_default=False, **values)
    if not is_pending:
        vendor.contacts.append(contact)
        touch(call.state, vendor)
    call.sandbox.journal.effect("vendor.contact.create", contact.id)
    return contact, is_pending


def _changed(contact, is_pending):
    return {**render.contact(contact), "status": "pending_approval" if is_pending else "approved"}


def touch(state, vendor):
    vendor.updated_at = now()
    state.emit("vendors.updated", vendor.id)


def make_address(state, values, country):
    address = {"id": state.new_id("address"), "is_default": True, "country": country}
    return {**address, **{key: value for key, value in values.items() if value is not None}}


def _check_links(state, body, vendor=None):
    """An accounting vendor can be linked to one vendor only; an external id belongs to one vendor."""
    remote_id = body.get("accounting_vendor_remote_id")
    if remote_id:
        option = state.find_accounting_vendor(remote_id)
        if not option or not option.is_active:
            raise invalid("Accounting vendor not found.", "accounting_vendor_remote_id")
    for name in ("accounting_vendor_remote_id", "external_vendor_id"):
        value = body.get(name)
        if value and any(row is not vendor and getattr(row, name) == value for row in state.vendors):
            raise refuse(400, BAD_DATA, f"{name} is already linked to another vendor.")
    if body.get("default_entity_id"):
        check_entity(state, body["default_entity_id"])
