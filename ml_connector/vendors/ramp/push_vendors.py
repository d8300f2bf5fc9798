"""Vendors of Ramp's bill pay."""

from ...exceptions import DuplicateError, PermanentError, ValidationError
from ..base import Sent
from . import render
from .push_base import Push, new_id


class Vendors(Push):
    """`/vendors`. Ramp knows no idempotency key for them; `find` looks them up by our number."""

    def render(self, document):
        return render.vendor(document, self.handles)

    def send(self, payload, external_id, key):
        if external_id:
            row = self.client.update_vendor(external_id, _given(payload, render.VENDOR_UPDATE))
            return self._linked(row, payload, external_id)
        if payload.get("is_active") is False:
            raise ValidationError("The vendor is archived in Odoo and unknown to Ramp, so there is nothing to send.")
        row = self.client.create_vendor(_given(payload, render.VENDOR_CREATE))
        return self._linked(row, payload, new_id(row, "vendor"))

    def find(self, payload, key):
        """Ramp ignores filters that it does not know, so the number is compared on the rows.

        :raises DuplicateError: Ramp has several vendors with our number
        """
        handle = payload["external_vendor_id"]
        pages = self.client.vendors(external_vendor_id=handle, include_draft=True)
        found = [row for rows in pages for row in rows if row.get("external_vendor_id") == handle]
        if len(found) > 1:
            raise DuplicateError(f"Ramp has {len(found)} vendors with the number {handle}; keep one of them.")
        return self._linked(found[0], payload, found[0]["id"]) if found else None

    def _linked(self, row, payload, vendor_id):
        """Link the vendor with the one of the books, in a call of its own: a refused link must not lose the vendor."""
        notes = []
        link = payload.get("accounting_vendor_remote_id")
        if link and not row.get("accounting_vendor_remote_id"):
            try:
                self.client.update_vendor(vendor_id, {"accounting_vendor_remote_id": link})
            except PermanentError as error:
                notes.append(f"Ramp does not link it with the vendor of the books: {error.message}")
        name = row.get("name")
        if name and name != payload["name"]:
            notes.append(f"Ramp keeps the name {name}: its API cannot rename a vendor.")
        return Sent(external_id=vendor_id, note=" ".join(notes))


def _given(payload, keys):
    return {key: payload[key] for key in keys if key in payload}
