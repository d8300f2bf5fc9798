"""Contacts of vendors, from Odoo to Ramp."""

from ...core.errors import PermanentError
from ...core.messages import _
from . import newer
from .client import path_id
from .vendors import contacts_of


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

    @property
    def _path(self):
        return f"/vendors/{path_id(self._vendor_id)}"

    def update(self, payload, is_new=False):
        """Add and change contacts as in Odoo.

        :param is_new: whether Ramp's vendor was just linked: then its own contacts stay
        """
        if "business_vendor_contacts" not in payload:
            return
        known = {_email(row): row for row in contacts_of(self._client, self._vendor_id)}
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
            lambda: self._client.create(f"{self._path}/contacts", contact),
            lambda: self._newer.attempt(
                newer.VENDOR_CONTACT_FIELD,
                lambda: self._create_by_field(contact),
                lambda: None,
            ),
        )

    def _create_by_field(self, contact):
        """The answer names no contacts: one that waits for approval is missing from their list."""
        self._client.change("PATCH", self._path, {"business_vendor_contacts": contact})
        listed = (row for rows in self._client.pages_of_record(f"{self._path}/contacts") for row in rows)
        return {} if any(_email(row) == _email(contact) for row in listed) else {"status": "pending"}

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
                lambda: self._client.update(f"{self._path}/contacts/{path_id(row.get('id'))}", body),
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
