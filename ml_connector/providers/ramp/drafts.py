"""Draft bills that Odoo makes in Ramp, of vendor bills and of purchase orders, and their files.

Their IDs in Odoo begin with `draft:` or `bill:`; an approved draft becomes another object in Ramp.
"""

import hashlib
from decimal import Decimal

from ...core.errors import ConflictError, DuplicateError, InvalidDataError, NotFoundError
from ...core.flow import PushFlow
from ...core.messages import _
from ...core.remote import SendResult
from .client import path_id
from .money import read_money
from .selections import as_selections
from .wire import new_id

DRAFT, BILL = "draft:", "bill:"
"""Prefixes of the IDs of sent bills: an approved draft becomes another object in Ramp."""
PAID_OUTSIDE = "PAID_MANUALLY"
MAX_NUMBER = 84
MAX_MEMO = 1000
SPLIT = _("Ramp accepts one analytic account of a plan for each line, so Odoo sends split lines without one.")
APPROVED = _("The bill is approved in Ramp, so Odoo does not change it.")


class Drafts:
    """`/bills/drafts`. Bodies are `{remote_id, vendor_id, invoice_number, currency, ..., lines}`."""

    def __init__(self, provider):
        self.provider = provider
        self.client = provider.client

    def send_as(self, body, external_id, order=""):
        """Create or change a draft.

        :param external_id: ID of the existing draft with its prefix; empty for a new one
        :param order: Ramp ID of the billed purchase order
        """
        found = SendResult(external_id=external_id) if external_id else self.find_own(body)
        if found and found.external_id.startswith(BILL):
            return SendResult(external_id=found.external_id, linked=True, note=APPROVED)
        if not found:
            return self.make(body, order)
        wanted = self.wire(body, order)
        # a draft keeps its Odoo ID
        wanted.pop("remote_id", None)
        path = f"/bills/drafts/{path_id(found.external_id.removeprefix(DRAFT))}"
        try:
            row = self.client.change("PATCH", path, wanted)
        except NotFoundError as error:
            return self._approved(body, error)
        return self._sent(row, linked=not external_id)

    def find_own(self, body):
        """The draft or bill, for a bill that may not exist.

        :raises DuplicateError: another bill has the number, from a replaced database or entered by a user
        """
        row, found = self._found(body)
        if found and not self._is_ours(row, body):
            raise DuplicateError(
                _(
                    "Another bill in Ramp has the number of %(bill)s. Remove the number from that bill in Ramp, then"
                    " retry.",
                    bill=body["invoice_number"],
                )
            )
        return found

    def _found(self, body):
        """Ramp's row of the draft or its approved bill, and its `SendResult`; twice None if there is none.

        The Odoo ID identifies it; if Ramp accepts none, vendor and invoice number do.
        """
        known = {"remote_id": body["remote_id"]}
        if not self.provider.has_seat:
            known = {"invoice_number": body["invoice_number"], "vendor_id": body["vendor_id"]}
        if draft := _first(self.client.rows("/bills/drafts", **known), known):
            return draft, self._sent(draft, linked=True)
        if bill := _first(self.client.rows("/bills", **known), known):
            return bill, SendResult(external_id=f"{BILL}{bill['id']}", linked=True)
        return None, None

    def _is_ours(self, row, body):
        """Whether the row with the number is this bill. Users may have changed it in Ramp, but not its vendor."""
        total = sum(Decimal(line["amount"]) for line in body["lines"])
        amount, currency = read_money(row.get("amount"), _("the amount of the bill"))
        if _vendor_id(row) != body["vendor_id"] or currency != body["currency"]:
            return False
        is_same = amount == total and row.get("invoice_number") == body["invoice_number"][:MAX_NUMBER]
        return is_same or self.provider.handles.is_marked(body["remote_id"])

    def make(self, body, order=""):
        """Create a draft that Ramp does not have."""
        try:
            return self._sent(self.client.create("/bills/drafts", self.wire(body, order)))
        except ConflictError:
            # The draft was created in between; the list may lag behind, so it is read once more.
            _row, found = self._found(body)
            if not found:
                raise
            return found

    def _approved(self, body, error):
        _row, found = self._found(body)
        if found and found.external_id.startswith(DRAFT):
            raise error
        if not found:
            raise InvalidDataError(
                _(
                    "The draft is no longer in Ramp, and Ramp has no bill for it. If it was deleted on purpose, ignore"
                    " this transfer."
                )
            )
        return SendResult(external_id=found.external_id, linked=True, note=APPROVED)

    def _sent(self, row, linked=False):
        return SendResult(external_id=f"{DRAFT}{new_id(row)}", linked=linked, takes_files=True)

    def wire(self, body, order=""):
        ordered = self._order_lines(order) if order else {}
        wanted = {
            "vendor_id": body["vendor_id"],
            "entity_id": self.provider.push_entity_id,
            "invoice_currency": body["currency"],
            "invoice_number": body["invoice_number"][:MAX_NUMBER],
            "issued_at": body.get("issued_at"),
            "due_at": body.get("due_at"),
            "posting_date": body.get("posting_date"),
            "memo": body["memo"][:MAX_MEMO],
            "line_items": [self._line(line, ordered) for line in body["lines"]],
        }
        # Ramp accepts an Odoo ID only with an accounting connection.
        if self.provider.has_seat:
            wanted["remote_id"] = body["remote_id"]
        if order:
            wanted["purchase_order_ids"] = [order]
        if body.get("paid_on"):
            # Approving it must not pay it.
            wanted["payment_method"] = PAID_OUTSIDE
        return {key: value for key, value in wanted.items() if value is not None}

    def _line(self, line, order_lines):
        wanted = {
            "amount": line["amount"],
            "memo": line["memo"],
            "accounting_field_selections": as_selections(line["coding"], self.provider.built_in),
        }
        ordered = order_lines.get(line.get("order_line"))
        return {**wanted, "purchase_order_line_item_id": ordered} if ordered else wanted

    def _order_lines(self, order):
        """Ramp IDs of an order's lines by their handles."""
        found = self.client.found("/purchase-orders", order) or {}
        lines = found.get("line_items") or ()
        return {line["external_id"]: line["id"] for line in lines if line.get("external_id")}


class Attachments(PushFlow):
    """Attachments of drafts and bills: one INVOICE, any number of FILEs."""

    kind = "outgoing_file"
    active = False
    scopes = ("bills:read", "bills:write")

    def render(self, document):
        return {
            "parent": document.parent_external_id,
            "name": document.name,
            "mimetype": document.mimetype,
            "kind": "INVOICE" if document.is_invoice else "FILE",
            "checksum": _checksum(document.content),
            "content": document.content,
        }

    def send(self, payload, external_id, key):
        # Ramp accepts one invoice; a newer version becomes another file.
        kind = "FILE" if external_id else payload["kind"]
        row = self.client.create(
            f"{path_of(payload['parent'])}/attachments",
            form={"attachment_type": kind},
            files={"file": (payload["name"], payload["content"], payload["mimetype"])},
        )
        return SendResult(external_id=new_id(row))

    def find(self, payload, key):
        """Ramp shows only links to files, so their content is compared."""
        row = self.client.one(path_of(payload["parent"]))
        for url in row.get("invoice_urls") or ():
            _mimetype, content = self.client.download(url)
            if _checksum(content) == payload["checksum"]:
                return SendResult(external_id=f"{payload['parent']}:{payload['checksum']}", linked=True)
        return None


def _first(rows, known):
    """The first row with all known values, because Ramp ignores unknown filters."""
    return next((row for row in rows if known.items() <= {**row, "vendor_id": _vendor_id(row)}.items()), None)


def _vendor_id(row):
    vendor = row.get("vendor")
    return vendor.get("id") if isinstance(vendor, dict) else None


def _checksum(content):
    return hashlib.sha256(content).hexdigest()


def path_of(external_id):
    """The path of a draft or bill that Odoo sent."""
    if external_id.startswith(DRAFT):
        return f"/bills/drafts/{path_id(external_id.removeprefix(DRAFT))}"
    if external_id.startswith(BILL):
        return f"/bills/{path_id(external_id.removeprefix(BILL))}"
    raise InvalidDataError(_("Ramp accepts files only for bills and draft bills."))
