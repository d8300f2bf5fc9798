"""Odoo's vendors, to Ramp: those of bill pay, and the accounting vendors for coding."""

import threading
from contextlib import nullcontext

from ...core.errors import DuplicateError, InvalidDataError, NotRelevantError, PermanentError, undone
from ...core.flow import PushFlow
from ...core.messages import _, paragraph
from ...core.remote import SendResult
from ...core.wire import needed
from . import newer
from .client import path_id
from .companies import ENTITIES, scoped
from .upload import FEW, Upload
from .vendor_contacts import VendorContacts
from .vendors import vendor_values
from .wire import new_id, only

VENDOR_CREATE = (
    "name",
    "country",
    "state",
    "external_vendor_id",
    "business_vendor_contacts",
    "address",
)
"""The values that `POST /vendors` accepts."""
VENDOR_UPDATE = ("name", "country", "state", "external_vendor_id", "address", "is_active")
"""The values that `PATCH /vendors/{vendor_id}` accepts."""


class VendorsPush(PushFlow):
    """`/vendors`. Ramp has no idempotency key for them; `find` looks them up by their Odoo ID."""

    key = "vendors_push"
    label = _("Vendors to Ramp")
    help = _("Creates and updates Odoo's vendors in Ramp.")
    kind = "vendor"
    sequence = 160
    active = False
    scopes = ("vendors:read", "vendors:write")
    options = ("vendor_mode",)
    watches = "res.partner"

    def __init__(self, provider):
        super().__init__(provider)
        self._lock = threading.Lock()
        self._looked_up = 0
        self._index = None

    def render(self, document):
        """The body, with the values that Ramp does not accept yet: otherwise they would count as sent later."""
        body = _body(document, self.provider.handles)
        kept = sorted(self.not_accepted())
        return {**body, "kept": kept} if kept else body

    def not_accepted(self):
        newest = self.provider.newer
        is_without_contacts = newest.lacks(newer.VENDOR_CONTACTS) and newest.lacks(newer.VENDOR_CONTACT_FIELD)
        kept = {"email", "phone"} if is_without_contacts else set()
        return frozenset(kept | ({"name"} if newest.lacks(newer.VENDOR_NAME) else set()))

    def send(self, payload, external_id, key):
        is_archived = payload.get("is_active") is False
        if external_id:
            task = _(
                "Vendor %(vendor)s is archived in Odoo. Archive it in Ramp, so that Ramp does not pay it.",
                vendor=payload["name"],
            )
            with undone(task, "Ramp") if is_archived else nullcontext():
                return self._linked(self._update(external_id, payload), payload, external_id)
        if is_archived:
            raise NotRelevantError(_("The vendor was archived in Odoo before Odoo sent it to Ramp."))
        known = self._known(payload)
        if known:
            # it was found by its name, so keep the spelling of Ramp
            row = self._update(known["id"], {**payload, "name": known["name"]})
            return self._linked(row, payload, known["id"], linked=True)
        body = {**only(payload, *VENDOR_CREATE), **self._default_entity}
        row = self.client.create("/vendors", body)
        vendor_id = new_id(row)
        contacts = VendorContacts(self.provider, vendor_id)
        contacts.add(payload.get("contacts", ()))
        return self._linked(row, payload, vendor_id, contacts=contacts)

    def _update(self, vendor_id, payload):
        body = only(payload, *VENDOR_UPDATE)
        nameless = {key: value for key, value in body.items() if key != "name"}
        path = f"/vendors/{path_id(vendor_id)}"
        return self.provider.newer.attempt(
            newer.VENDOR_NAME,
            lambda: self.client.change("PATCH", path, body),
            lambda: self.client.change("PATCH", path, nameless),
        )

    def find(self, payload, key):
        found = _of_this_name(self._by_number(payload["external_vendor_id"]), payload)
        return self._linked(found, payload, found["id"], contacts=VendorContacts(self.provider, "")) if found else None

    @property
    def _default_entity(self):
        """The field of a new vendor with the entity of its bills; empty if that is unknown."""
        stored = self.provider.settings.stored
        chosen = self.provider.settings.credentials.get("entity") or ""
        entity_id = stored.get("entity_id") if chosen and stored.get("entity") == chosen else ""
        return {"default_entity_id": entity_id} if entity_id else {}

    # Vendors that Ramp has

    def _known(self, payload):
        """The vendor with the Odoo ID, else the only one of the same name without any ID."""
        with self._lock:
            self._looked_up += 1
            if self._looked_up > FEW and self._index is None:
                self._index = self._read_all()
        if self._index is not None:
            rows = self._index.get(payload["external_vendor_id"]) or self._index.get(_name(payload)) or []
            numbered = [row for row in rows if row.get("external_vendor_id") == payload["external_vendor_id"]]
            return _of_this_name(_only_one(numbered), payload) if numbered else _unnumbered(rows)
        by_number = _of_this_name(self._by_number(payload["external_vendor_id"]), payload)
        if by_number:
            return by_number
        rows = self.client.rows("/vendors", name=payload["name"], include_draft=True)
        return _unnumbered([row for row in rows if _name(row) == _name(payload)])

    def _by_number(self, handle):
        """Ramp ignores unknown filters, so the number is compared on the rows."""
        rows = self.client.rows("/vendors", external_vendor_id=handle, include_draft=True)
        return _only_one([row for row in rows if row.get("external_vendor_id") == handle])

    def _read_all(self):
        """All vendors by number and by name: for many vendors that is faster than a call for each."""
        index = {}
        for row in self.client.rows("/vendors", include_draft=True):
            if row.get("external_vendor_id"):
                index.setdefault(row["external_vendor_id"], []).append(row)
            index.setdefault(_name(row), []).append(row)
        return index

    def _linked(self, row, payload, vendor_id, linked=False, contacts=None):
        """Link the vendor to the accounting vendor, in a separate call: a refused link must not lose the vendor.

        :param contacts: its `VendorContacts`; None if these still have to be updated
        """
        if contacts is None:
            contacts = VendorContacts(self.provider, vendor_id)
            contacts.update(payload, is_new=linked)
        notes = contacts.notes
        link = payload.get("accounting_vendor_remote_id")
        if link and not row.get("accounting_vendor_remote_id"):
            body = {"accounting_vendor_remote_id": link}
            try:
                self.client.change("PATCH", f"/vendors/{path_id(vendor_id)}", body)
            except PermanentError as error:
                notes.append(_("Ramp did not link it to the accounting vendor: %(reason)s", reason=error.message))
        name = row.get("name")
        if name and _name(row) != _name(payload):
            notes.append(_("Ramp keeps the name %(name)s, because its API cannot rename vendors yet.", name=name))
        shared = vendor_values(row, contacts.aligned, self.provider.handles)
        return SendResult(
            external_id=vendor_id,
            note=paragraph(*notes),
            linked=linked,
            shared=shared,
            not_accepted=self.not_accepted(),
        )


class AccountingVendorsPush(Upload):
    """Accounting vendors, not those of bill pay. They cannot be hidden."""

    key = "accounting_vendors_push"
    label = _("Accounting Vendors to Ramp")
    help = _(
        "Sends vendors to Ramp's list of accounting vendors, for coding card transactions and linking Ramp's vendors."
    )
    kind = "accounting_vendor"
    sequence = 150
    interval = 60
    watches = "res.partner"
    path = "/accounting/vendors"
    changeable = ("name",)

    def render(self, document):
        name = needed(document.name.strip(), _("Ramp requires a name. Enter one on the vendor."))
        return scoped(self.provider, {"id": self.provider.handles.partner(document.odoo_id), "name": name})

    def upload(self, payloads):
        vendors = [only(payload, "id", "name", ENTITIES) for payload in payloads]
        return _rows_of(self.client.create(self.path, {"vendors": vendors}))


def _body(document, handles):
    """The body for a vendor of bill pay; creating and updating use parts of it.

    Values that Ramp requires of a new vendor do not stop the update of an existing one.

    :param document: `documents.Vendor` from Odoo, with `odoo_id`; with `external_id` if Ramp has it
    """
    is_new = not document.external_id
    if document.odoo_id is None:
        raise InvalidDataError(_("Odoo can only send its own vendors to Ramp."))
    name = needed(document.name.strip(), _("Ramp requires a name. Enter one on the vendor."))
    if is_new and not document.address.country:
        raise InvalidDataError(_("Ramp requires a country. Enter one on the vendor %(vendor)s.", vendor=name))
    main = _main_contact(document)
    if is_new and not main:
        raise InvalidDataError(
            _(
                "Ramp requires an email address. Enter one on the vendor %(vendor)s or on one of its contacts.",
                vendor=name,
            )
        )
    handle = handles.partner(document.odoo_id)
    body = {
        "name": name,
        "external_vendor_id": handle,
        "is_active": document.active,
        "business_vendor_contacts": _contact(main) if main else None,
        "country": document.address.country,
        "state": _state(document.address, name, is_new),
        "address": _address(document.address),
        "accounting_vendor_remote_id": handle if document.in_books else "",
        "contacts": [_contact(person) for person in _other_contacts(document, main)],
    }
    return {key: value for key, value in body.items() if value not in (None, "", [])}


def _main_contact(document):
    """The contact with an email address that Ramp requires; None without one."""
    with_email = [contact for contact in document.contacts if contact.email]
    standard = [contact for contact in with_email if contact.is_default]
    return next(iter(standard or with_email), None)


def _other_contacts(document, main):
    """Those that Ramp does not have yet; one with the vendor's own address is the main contact."""
    others = {person.email.casefold(): person for person in document.contacts if person.email and not person.is_known}
    others.pop(main.email.casefold() if main else "", None)
    return others.values()


def _contact(person):
    first, _blank, last = person.name.strip().rpartition(" ")
    names = {"first_name": first or last, "last_name": last if first else "", "phone": person.phone}
    return {"email": person.email, **{key: value for key, value in names.items() if value}}


def _state(address, vendor, is_new):
    """The state of vendors in the United States only."""
    if address.country != "US":
        return ""
    if is_new and not address.state:
        raise InvalidDataError(
            _(
                "Ramp requires the state of vendors in the United States. Enter it on the vendor %(vendor)s.",
                vendor=vendor,
            )
        )
    return address.state


def _address(address):
    """Ramp accepts only complete addresses; in some countries that includes the state."""
    needs_state = address.country in ("AU", "CA", "US")
    if not (address.street and address.city and address.postal_code) or (needs_state and not address.state):
        return None
    body = {
        "address_line_1": address.street,
        "address_line_2": address.street2,
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
        "country": address.country,
    }
    return {key: value for key, value in body.items() if value}


def _name(row):
    return str(row.get("name") or "").strip().casefold()


def _only_one(rows):
    """
    :raises DuplicateError: Ramp has several vendors with the number
    """
    if len(rows) > 1:
        number = rows[0].get("external_vendor_id")
        raise DuplicateError(
            _("Ramp has %(count)s vendors with the number %(number)s. Keep only one.", count=len(rows), number=number)
        )
    return rows[0] if rows else None


def _of_this_name(row, payload):
    """The vendor with the number, which users of Ramp can enter on any vendor.

    :raises DuplicateError: it has another name
    """
    if row and _name(row) != _name(payload):
        raise DuplicateError(
            _(
                "Vendor %(name)s in Ramp has the number of %(vendor)s, but another name. Correct one of them.",
                name=row.get("name"),
                vendor=payload["name"],
            )
        )
    return row


def _unnumbered(rows):
    """The only vendor of a name, if it has no number; None if there are several."""
    return rows[0] if len(rows) == 1 and not rows[0].get("external_vendor_id") else None


def _rows_of(answer):
    rows = answer.get("vendors")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
