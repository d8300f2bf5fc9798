"""Vendors of Ramp Bill Pay, into Odoo."""

import re
from datetime import UTC, datetime, timedelta
from itertools import chain

from ...core.documents import Address, Contact, Party, Vendor
from ...core.errors import InvalidDataError, NotFoundError
from ...core.messages import _
from ...core.remote import RemotePage
from ...core.wire import needed, part, rows, text
from .client import path_id
from .pull_base import PARALLEL_READS, RampPull
from .wire import full_name, item, picked, required_id

OVERLAP = timedelta(minutes=5)
"""Vendors are read again from this long before the last run, because the clocks of two systems differ."""
_VENDOR_KEYS = (
    "address",
    "addresses",
    "country",
    "external_vendor_id",
    "is_active",
    "name",
    "state",
    "vendor_type",
)


class Vendors(RampPull):
    key = "vendors"
    label = _("Vendors")
    kind = "vendor"
    sequence = 20
    scopes = ("vendors:read",)
    events = ("vendors.activated", "vendors.approved", "vendors.updated")
    options = ("create_vendors", "conflict_policy", "vendor_change_policy")
    help = _("Reads the vendors of Ramp Bill Pay and merges changes of both sides.")

    def pull(self, cursor, since):
        """Changed vendors. Their rows have no time of change, so the cursor is the start time of the run.

        Lists omit unapproved vendors. Of those, only the ones that Odoo sent are read, for the state of their approval.
        So the list of all is read only if vendors are sent. If it is empty, nothing changed.
        """
        started = _now()
        filters = {"from_updated_at": (datetime.fromisoformat(cursor) - OVERLAP).isoformat()} if cursor else {}
        approved = set()

        def read(row):
            approved.add(row.get("id"))
            return self._item(row)

        def read_waiting(row):
            is_ours = self.provider.handles.partner_id(str(row.get("external_vendor_id") or ""))
            if row.get("id") in approved or not is_ours:
                return None
            return self.read(required_id(row))

        is_sending = bool(self.provider.options("vendors_push").get("active"))
        with_drafts = iter(self.client.pages("/vendors", include_draft=True, **filters) if is_sending else ())
        first = next(filter(None, with_drafts), None)
        if first or not is_sending:
            yield from self.pages(self.client.pages("/vendors", **filters), read, parallel=PARALLEL_READS)
        if first:
            yield from self.pages(chain([first], with_drafts), read_waiting)
        yield RemotePage(items=(), cursor=started.isoformat())

    def read(self, external_id):
        return self._item(self.client.one(f"/vendors/{path_id(external_id)}"))

    def _item(self, row):
        return vendor_item(row, [] if row.get("contacts") == [] else contacts_of(self.client, required_id(row)))

    def changed_after(self, external_id, moment):
        """Ramp has no time of change, but lists the vendors that changed since a given time."""
        changed = self.client.rows("/vendors", from_updated_at=moment.isoformat(), include_draft=True)
        return any(row.get("id") == external_id for row in changed)

    def translate(self, payload):
        return vendor(payload, self.provider.handles)


def contacts_of(client, vendor_id):
    """Ramp's rows of the contacts of a vendor; none if Ramp does not have the vendor."""
    try:
        return list(chain.from_iterable(client.pages_of_record(f"/vendors/{path_id(vendor_id)}/contacts")))
    except NotFoundError:
        return []


def vendor_item(row, contacts):
    # lists lack it for approved vendors
    waiting = {"approval": row["approval_status"]} if row.get("approval_status") not in (None, "APPROVED") else {}
    content = {
        **picked(row, _VENDOR_KEYS),
        **waiting,
        "contacts": sorted(contacts, key=lambda contact: str(contact.get("id"))),
    }
    return item(row, content, str(row.get("name") or ""), {"vendor": row, "contacts": contacts})


def vendor(payload, handles):
    """A `Vendor`.

    :param payload: `{"vendor": ..., "contacts": [...]}`, Ramp's vendor and its contacts
    """
    row = part(payload, "vendor")
    external_id = required_id(row, _("the vendor"))
    name = needed(text(row, "name"), _("The vendor has no name in Ramp. Enter it there."))
    # lists lack it
    approval = text(row, "approval_status")
    return Vendor(
        external_id=external_id,
        name=name,
        odoo_id=handles.partner_id(text(row, "external_vendor_id")),
        address=_address(row),
        contacts=tuple(_contact(contact) for contact in rows(payload, "contacts")),
        is_company=text(row, "vendor_type") != "INDIVIDUAL",
        active=row.get("is_active") is not False,
        approval="" if approval == "APPROVED" else approval.lower(),
    )


def vendor_values(row, contacts, handles):
    """The `shared` values in Ramp's row of a vendor and in some of its contacts. Empty if it is unreadable."""
    try:
        values = vendor({"vendor": row, "contacts": contacts}, handles).shared()
    except InvalidDataError:
        return {}
    unknown = () if any(contact.get("is_default") is True for contact in contacts) else ("email", "phone")
    return {name: value for name, value in values.items() if name not in unknown}


def vendor_of(payload, what):
    """The vendor of a record that names only its ID."""
    vendor_id = needed(text(payload, "vendor_id"), _("Ramp sent %(record)s without a vendor.", record=what))
    return Party(external_id=vendor_id)


def _address(row):
    addresses = rows(row, "addresses")
    standard = [address for address in addresses if address.get("is_default") is True]
    chosen = (standard or addresses or [part(row, "address")])[0]
    return Address(
        street=text(chosen, "address_line_1"),
        street2=text(chosen, "address_line_2"),
        city=text(chosen, "city"),
        postal_code=text(chosen, "postal_code"),
        state=text(chosen, "state") or text(row, "state"),
        country=_country(chosen) or _country(row),
    )


def _country(source):
    country = text(source, "country").upper()
    return country if re.fullmatch("[A-Z]{2}", country) else ""


def _contact(row):
    return Contact(
        external_id=text(row, "id"),
        name=full_name(row),
        email=text(row, "email"),
        phone=text(row, "phone"),
        is_default=row.get("is_default") is True,
    )


def _now():
    return datetime.now(UTC)
