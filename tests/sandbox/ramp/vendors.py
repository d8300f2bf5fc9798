"""Bill-pay vendors (guide "Data relationships": neither merchants nor accounting vendors)."""

from . import render
from .errors import BAD_DATA, STATE_REQUIRED, invalid, not_found, refuse
from .model import ACCOUNTING_VENDOR, Contact, Vendor
from .organisation import check_entity
from .routes import equals, handlers, page_of, within
from .state import now


@handlers("GET /vendors")
def list_vendors(call):
    """Vendors that are not approved yet are drafts, listed only with ``include_draft``."""
    query = call.query
    remote_ids, name = query.get("accounting_vendor_remote_ids"), query.get("name")
    given = equals(
        query, external_vendor_id="external_vendor_id", vendor_owner_id="vendor_owner_id", is_active="is_active"
    )
    impossible = any(
        query.get(key) for key in ("merchant_id", "vendor_tracking_category_option_ids", "sk_category_ids")
    )

    def keep(row):
        return (
            not impossible
            and given(row)
            and (query["include_draft"] or row.approval_status == "APPROVED")
            and (remote_ids is None or row.accounting_vendor_remote_id in remote_ids)
            and (name is None or name.lower() in row.name.lower())
            and within(query, "created_at", row.created_at)
            and within(query, "updated_at", row.updated_at)
        )

    return page_of(
        call, call.state.vendors, lambda row: render.vendor(call.state, row, query["include_subsidiary"]), keep
    )


@handlers("POST /vendors")
def create_vendor(call):
    """Needs a contact with an email, and for a US vendor the state (seen on Ramp's own sandbox)."""
    state, body = call.state, call.body
    if body["country"] == "US" and not body.get("state"):
        raise refuse(400, STATE_REQUIRED, "State is required for US vendors.")
    _check_links(state, body)
    contact = body["business_vendor_contacts"]
    moment = now()
    vendor = Vendor(
        state.new_id("vendor"),
        body.get("name") or contact["email"],
        body["country"],
        moment,
        moment,
        [
            Contact(
                state.new_id("contact"),
                contact["email"],
                contact.get("first_name"),
                contact.get("last_name"),
                contact.get("phone"),
            )
        ],
        state=body.get("state") if body["country"] == "US" else None,
        external_vendor_id=body.get("external_vendor_id"),
        accounting_vendor_remote_id=body.get("accounting_vendor_remote_id"),
        default_entity_id=body.get("default_entity_id"),
        parent_vendor_id=body.get("parent_vendor_id"),
        vendor_owner_id=body.get("vendor_owner_id"),
        approval_status="PENDING" if call.sandbox.settings.vendor_approval else "APPROVED",
    )
    if body.get("address"):
        vendor.address = make_address(state, body["address"], vendor.country)
    state.vendors.add(vendor)
    call.sandbox.journal.effect("vendor.create", vendor.id)
    if vendor.approval_status == "APPROVED":
        state.emit("vendors.approved", vendor.id)
    return render.vendor(state, vendor)


@handlers("GET /vendors/{vendor_id}")
def get_vendor(call):
    return render.vendor_detail(call.state, find_vendor(call))


@handlers("PATCH /vendors/{vendor_id}")
def update_vendor(call):
    state, body, vendor = call.state, call.body, find_vendor(call)
    _check_links(state, body, vendor)
    for name in (
        "accounting_vendor_remote_id",
        "country",
        "default_entity_id",
        "description",
        "external_vendor_id",
        "is_active",
        "name",
        "state",
    ):
        if name in body:
            setattr(vendor, name, body[name])
    if body.get("business_vendor_contacts"):
        _add_contact(call, vendor, body["business_vendor_contacts"])
    if body.get("address"):
        vendor.address = make_address(state, body["address"], vendor.country)
    touch(state, vendor)
    call.sandbox.journal.effect("vendor.update", vendor.id)
    return render.vendor(state, vendor)


@handlers("GET /vendors/{vendor_id}/contacts")
def list_contacts(call):
    contacts = [render.contact(item) for item in find_vendor(call).contacts]
    return {"data": contacts[: call.query["page_size"]], "page": {"next": None}}


@handlers("POST /vendors/{vendor_id}/contacts")
def create_contact(call):
    vendor = find_vendor(call)
    if any(item.email.lower() == call.body["email"].lower() for item in vendor.contacts):
        raise refuse(400, BAD_DATA, "The vendor has a contact with this email.")
    return _changed(*_add_contact(call, vendor, call.body))


@handlers("PATCH /vendors/{vendor_id}/contacts/{vendor_contact_id}")
def update_contact(call):
    vendor = find_vendor(call)
    contact = next((item for item in vendor.contacts if item.id == call.path["vendor_contact_id"]), None)
    if contact is None:
        raise not_found("Vendor contact")
    is_pending = call.sandbox.settings.contact_approval
    if not is_pending:
        for name, value in call.body.items():
            setattr(contact, name, value)
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


def find_vendor(call):
    vendor = call.state.vendors.get(call.path["vendor_id"])
    if vendor is None:
        raise not_found("Vendor")
    return vendor


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
        _check_accounting_vendor(state, remote_id)
    for name in ("accounting_vendor_remote_id", "external_vendor_id"):
        holder = _holder(state, name, body.get(name))
        if holder is not None and holder is not vendor:
            raise refuse(400, BAD_DATA, f"{name} is already linked to another vendor.")
    if body.get("default_entity_id"):
        check_entity(state, body["default_entity_id"])


def _check_accounting_vendor(state, remote_id):
    connection = state.connection
    option = connection and state.find_option(state.field_of(connection, ACCOUNTING_VENDOR), remote_id)
    if not option or not option.is_active:
        raise invalid("Accounting vendor not found.", "accounting_vendor_remote_id")


def _holder(state, name, value):
    """The vendor that has this link."""
    return state.vendors.first(lambda row: getattr(row, name) == value) if value else None
