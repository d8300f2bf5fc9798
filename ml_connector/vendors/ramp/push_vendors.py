"""Vendors of Ramp's bill pay."""

import threading

from ...exceptions import DuplicateError, NotWantedError, PermanentError
from ..base import Sent
from . import render, translate
from .push_base import FEW, Push, new_id


class Vendors(Push):
    """`/vendors`. Ramp knows no idempotency key for them; `find` looks them up by our number."""

    def render(self, document):
        return render.vendor(document, self.handles)

    def __init__(self, provider):
        super().__init__(provider)
        self._lock = threading.Lock()
        self._looked_up = 0
        self._index = None

    def send(self, payload, external_id, key):
        if external_id:
            row = self.client.update_vendor(external_id, _given(payload, render.VENDOR_UPDATE))
            return self._linked(row, payload, external_id)
        if payload.get("is_active") is False:
            raise NotWantedError("The vendor was archived in Odoo before Ramp had it, so there is nothing to send.")
        known = self._known(payload)
        if known:
            row = self.client.update_vendor(known["id"], _given(payload, render.VENDOR_UPDATE))
            return self._linked(row, payload, known["id"], linked=True)
        row = self.client.create_vendor(_given(payload, render.VENDOR_CREATE))
        return self._linked(row, payload, new_id(row, "vendor"))

    def find(self, payload, key):
        found = _of_this_name(self._by_number(payload["external_vendor_id"]), payload)
        return self._linked(found, payload, found["id"]) if found else None

    # Vendors that Ramp has

    def _known(self, payload):
        """The vendor that has our number, else the only one of the very name that has no number of anybody."""
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
        """Ramp ignores filters that it does not know, so the number is compared on the rows."""
        pages = self.client.vendors(external_vendor_id=handle, include_draft=True)
        return _only_one([row for rows in pages for row in rows if row.get("external_vendor_id") == handle])

    def _read_all(self):
        """All vendors by number and by name: for many, that is quicker than to ask for each."""
        index = {}
        for rows in self.client.vendors(include_draft=True):
            for row in rows:
                if row.get("external_vendor_id"):
                    index.setdefault(row["external_vendor_id"], []).append(row)
                index.setdefault(_name(row), []).append(row)
        return index

    def _linked(self, row, payload, vendor_id, linked=False):
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
        shared = translate.vendor_values(row, self.handles)
        return Sent(external_id=vendor_id, note=" ".join(notes), linked=linked, shared=shared)


def _given(payload, keys):
    return {key: payload[key] for key in keys if key in payload}


def _name(row):
    return str(row.get("name") or "").strip().casefold()


def _only_one(rows):
    """
    :raises DuplicateError: Ramp has several vendors with our number
    """
    if len(rows) > 1:
        number = rows[0].get("external_vendor_id")
        raise DuplicateError(f"Ramp has {len(rows)} vendors with the number {number}; keep one of them.")
    return rows[0] if rows else None


def _of_this_name(row, payload):
    """The vendor with our number, which anybody at Ramp can write on any vendor.

    :raises DuplicateError: it has another name
    """
    if row and _name(row) != _name(payload):
        raise DuplicateError(
            f"Ramp's vendor {row.get('name')} has the number of {payload['name']}, but not its name: correct one of"
            " them."
        )
    return row


def _unnumbered(rows):
    """The only vendor of a name, if nobody's number is on it; among several nobody can tell."""
    return rows[0] if len(rows) == 1 and not rows[0].get("external_vendor_id") else None
