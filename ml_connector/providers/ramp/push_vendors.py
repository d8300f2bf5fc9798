"""Vendors of Ramp's bill pay."""

import threading
from contextlib import nullcontext

from ...core.errors import DuplicateError, NotFoundError, NotRelevantError, PermanentError
from ...core.messages import _, paragraph
from ...core.remote import SendResult
from ...core.undone import undone
from . import newer, render
from .push_base import FEW, Push, new_id
from .vendors import vendor_values


class Vendors(Push):
    """`/vendors`. Ramp has no idempotency key for them; `find` looks them up by their Odoo ID."""

    def render(self, document):
        """The body, with the values that Ramp does not accept yet: otherwise they would count as sent later."""
        body = render.vendor(document, self.handles)
        kept = sorted(self.untaken())
        return {**body, "kept": kept} if kept else body

    def untaken(self):
        newest = self.provider.newer
        is_without_contacts = newest.lacks(newer.VENDOR_CONTACTS) and newest.lacks(newer.VENDOR_CONTACT_FIELD)
        kept = {"email", "phone"} if is_without_contacts else set()
        return frozenset(kept | ({"name"} if newest.lacks(newer.VENDOR_NAME) else set()))

    def __init__(self, provider):
        super().__init__(provider)
        self._lock = threading.Lock()
        self._looked_up = 0
        self._index = None

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
        body = {**_given(payload, render.VENDOR_CREATE), **self.provider.default_entity}
        row = self.client.create_vendor(body)
        vendor_id = new_id(row)
        contacts = VendorContacts(self.provider, vendor_id)
        contacts.add(payload.get("contacts", ()))
        return self._linked(row, payload, vendor_id, contacts=contacts)

    def _update(self, vendor_id, payload):
        body = _given(payload, render.VENDOR_UPDATE)
        nameless = {key: value for key, value in body.items() if key != "name"}
        return self.provider.newer.attempt(
            newer.VENDOR_NAME,
            lambda: self.client.update_vendor(vendor_id, body),
            lambda: self.client.update_vendor(vendor_id, nameless),
        )

    def find(self, payload, key):
        found = _of_this_name(self._by_number(payload["external_vendor_id"]), payload)
        return self._linked(found, payload, found["id"], contacts=VendorContacts(self.provider, "")) if found else None

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
        pages = self.client.vendors(name=payload["name"], include_draft=True)
        return _unnumbered([row for rows in pages for row in rows if _name(row) == _name(payload)])

    def _by_number(self, handle):
        """Ramp ignores unknown filters, so the number is compared on the rows."""
        pages = self.client.vendors(external_vendor_id=handle, include_draft=True)
        return _only_one([row for rows in pages for row in rows if row.get("external_vendor_id") == handle])

    def _read_all(self):
        """All vendors by number and by name: for many vendors that is faster than a call for each."""
        index = {}
        for rows in self.client.vendors(include_draft=True):
            for row in rows:
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
            try:
                self.client.update_vendor(vendor_id, {"accounting_vendor_remote_id": link})
            except PermanentError as error:
                notes.append(_("Ramp did not link it to the accounting vendor: %(reason)s", reason=error.message))
        name = row.get("name")
        if name and _name(row) != _name(payload):
            notes.append(_("Ramp keeps the name %(name)s, because its API cannot rename vendors yet.", name=name))
        shared = vendor_values(row, contacts.aligned, self.handles)
        return SendResult(
            external_id=vendor_id, note=paragraph(*notes), linked=linked, shared=shared, untaken=self.untaken()
        )


class VendorContacts:
    """The contacts of a vendor in Ramp. Their email address identifies them.

    :ivar aligned: those that Ramp has as in Odoo now
    :ivar notes: on what to do in Ramp
    """

    def __init__(self, provider, vendor_id):
        self.aligned, self.notes = [], []
        self._client = provider.client
        self._newer = provider.newer
        self._vendor_id = vendor_id

    def update(self, payload, is_new=False):
        """Add and change contacts as in Odoo.

        :param is_new: whether Ramp's vendor was just linked: then its own contacts stay
        """
        if "business_vendor_contacts" not in payload:
            return
        try:
            pages = self._client.vendor_contacts(self._vendor_id)
            known = {_email(row): row for rows in pages for row in rows}
        except NotFoundError:
            known = {}
        main, others = payload["business_vendor_contacts"], payload.get("contacts", ())
        # the contact of the vendor's own mailbox has the name of the vendor, which is no personal name
        nameless = {key: main[key] for key in ("email", "phone") if key in main}
        for contact in (nameless if _email(main) in known else main, *others):
            row = known.get(_email(contact))
            if row is None:
                self.add([contact])
            elif not is_new:
                self._change(row, contact)
        standard = next((row for row in known.values() if row.get("is_default") is True), None)
        if standard and _email(main) not in known:
            self.notes.append(
                _(
                    "Ramp continues to write to %(email)s until you choose another main contact in Ramp.",
                    email=standard.get("email"),
                )
            )

    def add(self, contacts):
        for contact in contacts:
            email = contact["email"]
            self._guarded(
                contact,
                lambda contact=contact: self._create(contact),
                _("Add the contact %(email)s in Ramp, because Ramp's API cannot do that yet.", email=email),
                _("The contact %(email)s is waiting for approval in Ramp.", email=email),
            )

    def _create(self, contact):
        return self._newer.attempt(
            newer.VENDOR_CONTACTS,
            lambda: self._client.create_vendor_contact(self._vendor_id, contact),
            lambda: self._newer.attempt(
                newer.VENDOR_CONTACT_FIELD,
                lambda: self._client.update_vendor(self._vendor_id, {"business_vendor_contacts": contact}),
                lambda: None,
            ),
        )

    def _change(self, row, contact):
        body = {key: value for key, value in contact.items() if key != "email" and value != row.get(key)}
        if not body:
            self.aligned.append(row)
            return
        email = contact["email"]
        self._guarded(
            {**row, **contact},
            lambda: self._newer.attempt(
                newer.VENDOR_CONTACTS,
                lambda: self._client.update_vendor_contact(self._vendor_id, row.get("id"), body),
                lambda: None,
            ),
            _("Change the contact %(email)s in Ramp, because Ramp's API cannot do that yet.", email=email),
            _("The change of the contact %(email)s is waiting for approval in Ramp.", email=email),
        )

    def _guarded(self, contact, call, unsupported, pending):
        """Make a call and note its outcome; a refused contact must not lose the vendor.

        :param contact: as Ramp has it if the call succeeds
        :param unsupported: note if Ramp's API lacks the operation
        :param pending: note if users of Ramp have to approve it
        """
        try:
            answer = call()
        except PermanentError as error:
            self.notes.append(
                _("Ramp refused the contact %(email)s: %(reason)s", email=contact["email"], reason=error.message)
            )
            return
        if answer is None:
            self.notes.append(unsupported)
        elif _is_pending(answer):
            self.notes.append(pending)
        else:
            self.aligned.append(contact)


def _email(row):
    return str(row.get("email") or "").strip().casefold()


def _is_pending(answer):
    return any(str(answer.get(key) or "").casefold().startswith("pending") for key in ("status", "approval_status"))


def _given(payload, keys):
    return {key: payload[key] for key in keys if key in payload}


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
