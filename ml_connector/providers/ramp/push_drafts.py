"""Bills from Odoo: drafts, which users approve in Ramp, or approved bills if the flow says so.

Their IDs in Odoo begin with `draft:` or `bill:`; an approved draft becomes another object in Ramp.
"""

import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ...core.errors import ConflictError, DuplicateError, InvalidDataError, NotFoundError, NotRelevantError
from ...core.messages import _, paragraph
from ...core.remote import SendResult
from ...core.undone import undone
from .bills import BILL, DRAFT
from .money import read_money
from .push_base import Push, new_id
from .push_selections import coding, is_split
from .push_selections import wire as wire_selections

PAID_OUTSIDE = "PAID_MANUALLY"
MAX_NUMBER = 84
MAX_MEMO = 1000
SPLIT = _("Ramp accepts one analytic account of a plan for each line, so Odoo sends split lines without one.")
APPROVED = _("The bill is approved in Ramp, so Odoo does not change it.")


class Drafts(Push):
    """`/bills/drafts`. Bodies are `{remote_id, vendor_id, invoice_number, currency, ..., lines}`."""

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
        try:
            row = self.client.update_draft(found.external_id.removeprefix(DRAFT), _changeable(wanted))
        except NotFoundError as error:
            return self._approved(body, error)
        return self._sent(row, linked=not external_id)

    def find_own(self, body):
        """Like `find_as`, for a bill that may not exist.

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

    def find_as(self, body):
        """The draft or its approved bill by its Odoo ID; if Ramp accepts none, by vendor and invoice number."""
        return self._found(body)[1]

    def _found(self, body):
        """Ramp's row and its `SendResult`; twice None if there is none."""
        known = {"remote_id": body["remote_id"]}
        if not self.provider.has_seat:
            known = {"invoice_number": body["invoice_number"], "vendor_id": body["vendor_id"]}
        if draft := _first(self.client.drafts(**known), known):
            return draft, self._sent(draft, linked=True)
        if bill := _first(self.client.bills(**known), known):
            return bill, SendResult(external_id=f"{BILL}{bill['id']}", linked=True)
        return None, None

    def _is_ours(self, row, body):
        """Whether the row with the number is this bill. Users may have changed it in Ramp, but not its vendor."""
        total = sum(Decimal(line["amount"]) for line in body["lines"])
        amount, currency = read_money(row.get("amount"), _("the amount of the bill"))
        if _vendor_id(row) != body["vendor_id"] or currency != body["currency"]:
            return False
        is_same = amount == total and row.get("invoice_number") == body["invoice_number"][:MAX_NUMBER]
        return is_same or self.handles.is_marked(body["remote_id"])

    def make(self, body, order=""):
        """Create a draft that Ramp does not have."""
        try:
            return self._sent(self.client.create_draft(self.wire(body, order)))
        except ConflictError:
            # The draft was created in between; the list may lag behind, so it is read once more.
            found = self.find_as(body)
            if not found:
                raise
            return found

    def _approved(self, body, error):
        found = self.find_as(body)
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
        wanted = {
            "vendor_id": body["vendor_id"],
            "entity_id": self.provider.push_entity_id,
            "invoice_currency": body["currency"],
            "invoice_number": body["invoice_number"][:MAX_NUMBER],
            "issued_at": body.get("issued_at"),
            "due_at": body.get("due_at"),
            "posting_date": body.get("posting_date"),
            "memo": body["memo"][:MAX_MEMO],
            "line_items": self.lines(body, order),
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

    def lines(self, body, order):
        ids = self._order_lines(order) if order else {}
        return [self._line(line, ids) for line in body["lines"]]

    def _line(self, line, order_lines):
        wanted = {
            "amount": line["amount"],
            "memo": line["memo"],
            "accounting_field_selections": wire_selections(line["coding"], self.provider.field_name),
        }
        ordered = order_lines.get(line.get("order_line"))
        return {**wanted, "purchase_order_line_item_id": ordered} if ordered else wanted

    def _order_lines(self, order):
        """Ramp IDs of an order's lines by their handles."""
        try:
            lines = self.client.purchase_order(order).get("line_items") or ()
        except NotFoundError:
            return {}
        return {line["external_id"]: line["id"] for line in lines if line.get("external_id")}


class OwnBills(Push):
    """Vendor bills created in Odoo. When Ramp lists them as ready to sync, `remote_id` identifies them."""

    def render(self, document):
        number = document.number or document.memo
        body = {
            "mode": self.provider.options("bills_push").get("bill_mode") or "draft",
            "remote_id": self.handles.of("move", document.odoo_id),
            "vendor_id": document.vendor.external_id,
            "invoice_number": number[:MAX_NUMBER],
            "currency": document.currency,
            "issued_at": document.document_date.isoformat(),
            "due_at": (document.due_date or document.document_date).isoformat(),
            "posting_date": document.accounting_date.isoformat() if document.accounting_date else None,
            "memo": f"Odoo {document.memo}",
            "order": document.purchase_order if not document.purchase_order.startswith(DRAFT) else "",
            "paid_on": document.paid_on.isoformat() if document.paid_on else None,
            "cancelled": document.is_void,
            "notes": SPLIT if any(map(is_split, document.lines)) else "",
            "lines": [
                {
                    "amount": format(line.amount, "f"),
                    "memo": line.description,
                    "coding": coding(line),
                    "order_line": self.handles.of("purchase_order_line", line.purchase_order_line)
                    if line.purchase_order_line
                    else "",
                }
                for line in document.lines
            ],
        }
        return {key: value for key, value in body.items() if value is not None}

    @property
    def _drafts(self):
        return Drafts(self.provider)

    def send(self, payload, external_id, key):
        known = SendResult(external_id=external_id) if external_id else self._drafts.find_own(payload)
        if not known:
            return self._with_note(self._make(payload), payload)
        with undone(_at_stake(payload), "Ramp"):
            sent = self._change(payload, known)
        return self._with_note(replace(sent, linked=sent.linked or not external_id), payload)

    def find(self, payload, key):
        return self._drafts.find_own(payload)

    def _make(self, payload):
        if payload["cancelled"]:
            raise NotRelevantError(_("The bill was cancelled in Odoo before Odoo sent it to Ramp."))
        if payload["mode"] != "approved":
            return self._drafts.make(payload, payload["order"])
        # Lines of a new bill cannot refer to the lines of the order.
        wanted = self._drafts.wire(payload, payload["order"])
        wanted["line_items"] = [_without_order_line(line) for line in wanted["line_items"]]
        row = self.client.create_bill({**wanted, **_payment(payload)})
        return SendResult(external_id=f"{BILL}{new_id(row)}", url=row.get("deep_link_url") or "", takes_files=True)

    def _change(self, payload, known):
        if payload["cancelled"]:
            return self._cancel(payload, known)
        if payload.get("paid_on"):
            return self._mark_paid(payload, known)
        if payload["mode"] != "approved" or known.external_id.startswith(DRAFT):
            return self._drafts.send_as(payload, known.external_id, payload["order"])
        wanted = self._drafts.wire(payload, payload["order"])
        body = {key: wanted[key] for key in _BILL_CHANGES if key in wanted}
        self.client.update_bill(known.external_id.removeprefix(BILL), body)
        return replace(known, takes_files=True)

    def _cancel(self, payload, known):
        if not known.external_id.startswith(BILL):
            raise InvalidDataError(
                _(
                    "Bill %(bill)s was cancelled in Odoo, but Ramp's API cannot delete its draft. Delete it in Ramp,"
                    " then ignore this transfer.",
                    bill=payload["invoice_number"],
                )
            )
        self.client.archive_bill(known.external_id.removeprefix(BILL))
        return SendResult(external_id=known.external_id, note=_("Archived in Ramp."))

    def _mark_paid(self, payload, sent):
        """Mark a draft or bill that was paid in Odoo as paid outside Ramp, so that Ramp does not pay it."""
        number, day = payload["invoice_number"], date.fromisoformat(payload["paid_on"])
        if sent.external_id.startswith(DRAFT):
            sent = self._drafts.send_as(payload, sent.external_id, payload["order"])
        if sent.external_id.startswith(DRAFT):
            return replace(
                sent,
                note=_("Paid in Odoo on %(day)s. The draft in Ramp is marked as paid outside Ramp.", day=day),
            )
        bill_id = sent.external_id.removeprefix(BILL)
        row = self.client.bill(bill_id)
        paid = row.get("payment") or {}
        if row.get("status") == "PAID" and paid.get("payment_method") != PAID_OUTSIDE:
            raise InvalidDataError(
                _(
                    "Bill %(bill)s was paid in Odoo on %(day)s and also by Ramp. Ask the vendor to return one payment.",
                    bill=number,
                    day=day,
                )
            )
        if row.get("status") != "PAID":
            self.client.update_bill(bill_id, {"payment_method": PAID_OUTSIDE})
        return replace(sent, note=_("Paid in Odoo on %(day)s. Ramp shows it as paid outside Ramp.", day=day))

    def _with_note(self, sent, payload):
        return replace(sent, note=paragraph(sent.note, payload["notes"]))


class Files(Push):
    """Attachments of drafts and bills: one INVOICE, any number of FILEs."""

    def render(self, document):
        return {
            "parent": document.parent_external_id,
            "name": document.name,
            "mimetype": document.mimetype,
            "kind": "INVOICE" if document.is_invoice else "FILE",
            "checksum": checksum(document.content),
            "content": document.content,
        }

    def send(self, payload, external_id, key):
        owner, owner_id = _owner(payload["parent"])
        # Ramp accepts one invoice; a newer version becomes another file.
        kind = "FILE" if external_id else payload["kind"]
        row = self.client.attach(owner, owner_id, kind, payload["name"], payload["content"], payload["mimetype"])
        return SendResult(external_id=new_id(row))

    def find(self, payload, key):
        """Ramp shows only links to files, so their content is compared."""
        owner, owner_id = _owner(payload["parent"])
        row = self.client.draft(owner_id) if owner == "bills/drafts" else self.client.bill(owner_id)
        for url in row.get("invoice_urls") or ():
            _mimetype, content = self.client.download(url)
            if checksum(content) == payload["checksum"]:
                return SendResult(external_id=f"{payload['parent']}:{payload['checksum']}", linked=True)
        return None


def _at_stake(body):
    """Sentences on what to do in Ramp if it refuses a change of a bill."""
    number = body["invoice_number"]
    if body["cancelled"]:
        return _("Bill %(bill)s was cancelled in Odoo. Archive it in Ramp, so that Ramp does not pay it.", bill=number)
    if day := body.get("paid_on"):
        return _(
            "Bill %(bill)s was paid in Odoo on %(day)s. Mark it as paid in Ramp, so that it is not paid twice.",
            bill=number,
            day=date.fromisoformat(day),
        )
    return _("Bill %(bill)s changed in Odoo. Change it in Ramp, so that Ramp pays the right amount.", bill=number)


def _first(pages, known):
    """The first row with all known values, because Ramp ignores unknown filters."""
    found = (row for rows in pages for row in rows)
    return next((row for row in found if known.items() <= {**row, "vendor_id": _vendor_id(row)}.items()), None)


def _vendor_id(row):
    vendor = row.get("vendor")
    return vendor.get("id") if isinstance(vendor, dict) else None


def checksum(content):
    return hashlib.sha256(content).hexdigest()


_BILL_CHANGES = (
    "vendor_id",
    "entity_id",
    "invoice_number",
    "issued_at",
    "due_at",
    "posting_date",
    "memo",
    "line_items",
)
"""The values that `PATCH /bills/{bill_id}` accepts."""


def _changeable(wanted):
    """The values without the draft's Odoo ID, which never changes."""
    return {key: value for key, value in wanted.items() if key != "remote_id"}


def _without_order_line(line):
    return {key: value for key, value in line.items() if key != "purchase_order_line_item_id"}


def _payment(payload):
    """The payment method: paid outside Ramp if it was paid in Odoo, else the vendor's default."""
    if payload.get("paid_on"):
        details = {"manual_payment_method": "PAID_IN_ERP", "payment_date": payload["paid_on"]}
        return {
            "payment_method": PAID_OUTSIDE,
            "payment_details": details,
            "use_default_vendor_contact": True,
        }
    return {"use_default_payment_method": True, "use_default_vendor_contact": True}


def _owner(parent):
    if parent.startswith(DRAFT):
        return "bills/drafts", parent.removeprefix(DRAFT)
    if parent.startswith(BILL):
        return "bills", parent.removeprefix(BILL)
    raise InvalidDataError(_("Ramp accepts files only for bills and draft bills."))
