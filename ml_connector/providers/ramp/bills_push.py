"""Odoo's vendor bills and their files, to Ramp: drafts, which users approve there, or approved bills."""

from dataclasses import replace
from datetime import date

from ...core.errors import InvalidDataError, NotRelevantError, undone
from ...core.flow import PushFlow
from ...core.messages import _, paragraph
from ...core.remote import SendResult
from .client import path_id
from .drafts import BILL, DRAFT, MAX_NUMBER, PAID_OUTSIDE, SPLIT, Attachments, Drafts
from .selections import is_split, options_of
from .wire import new_id

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


class BillsPush(PushFlow):
    """Vendor bills created in Odoo. When Ramp lists them as ready to sync, `remote_id` identifies them."""

    key = "bills_push"
    label = _("Vendor Bills to Ramp")
    help = _("Sends posted bills that did not come from Ramp. Users of Ramp approve and pay them.")
    kind = "own_bill"
    sequence = 200
    active = False
    scopes = ("vendors:read", "bills:read", "bills:write")
    options = ("bill_mode", "start_date")
    watches = "account.move"

    def render(self, document):
        number = document.number or document.memo
        body = {
            "mode": self.provider.options(self.key).get("bill_mode") or "draft",
            "remote_id": self.provider.handles.of("move", document.odoo_id),
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
                    "coding": options_of(line),
                    "order_line": self.provider.handles.of("purchase_order_line", line.purchase_order_line)
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
        row = self.client.create("/bills", {**wanted, **_payment(payload)})
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
        self.client.change("PATCH", _path_of(known), body)
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
        self.client.change("DELETE", _path_of(known))
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
        row = self.client.one(_path_of(sent))
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
            self.client.change("PATCH", _path_of(sent), {"payment_method": PAID_OUTSIDE})
        return replace(sent, note=_("Paid in Odoo on %(day)s. Ramp shows it as paid outside Ramp.", day=day))

    def _with_note(self, sent, payload):
        return replace(sent, note=paragraph(sent.note, payload["notes"]))


class OwnBillFilesPush(Attachments):
    key = "own_bill_files_push"
    label = _("Invoice Files to Ramp")
    help = _("Attaches the invoice to the sent bill.")
    sequence = 210
    follows = BillsPush.key


def _path_of(bill):
    return f"/bills/{path_id(bill.external_id.removeprefix(BILL))}"


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
