"""Draft bills: people complete and approve them in Ramp (guide "Bill Pay")."""

from dataclasses import dataclass, field
from datetime import date, datetime

from . import render
from .bill_writes import assign, changes_of, check_remote_id, check_vendor, owner_of
from .errors import DRAFT_EXISTS, not_found, refuse
from .model import Bill, Vendor
from .money import currency_amount
from .routes import equals, handlers, page_of, within
from .state import now
from .uploads import attach


@dataclass
class Draft:
    """A bill that may still miss almost everything."""

    id: str
    vendor: Vendor
    currency: str
    created_at: datetime
    owner: dict
    lines: list = field(default_factory=list)
    inventory_lines: list = field(default_factory=list)
    coding: list = field(default_factory=list)
    entity_id: str | None = None
    invoice_number: str | None = None
    issued_at: date | None = None
    due_at: date | None = None
    posting_date: date | None = None
    memo: str = ""
    vendor_memo: str = ""
    remote_id: str | None = None
    payment_method: str | None = None
    enable_accounting_sync: bool = True
    purchase_order_ids: list = field(default_factory=list)
    file_ids: list = field(default_factory=list)

    @property
    def amount(self):
        return sum(line.amount for line in (*self.lines, *self.inventory_lines))

    def as_bill(self, bill_id):
        """The approved bill that a complete draft becomes."""
        return Bill(
            bill_id,
            self.vendor,
            self.entity_id,
            self.invoice_number,
            self.currency,
            self.issued_at,
            self.due_at,
            now(),
            self.lines,
            self.owner,
            inventory_lines=self.inventory_lines,
            coding=self.coding,
            memo=self.memo,
            vendor_memo=self.vendor_memo,
            posting_date=self.posting_date,
            enable_accounting_sync=self.enable_accounting_sync,
            remote_id=self.remote_id,
            purchase_order_ids=self.purchase_order_ids,
            file_ids=self.file_ids,
            draft_bill_id=self.id,
            draft_bill_created_at=self.created_at,
        )


@handlers("GET /bills/drafts")
def list_drafts(call):
    query = call.query
    given = equals(query, entity_id="entity_id", invoice_number="invoice_number", remote_id="remote_id")

    def keep(draft):
        return (
            given(draft)
            and query.get("vendor_id") in (None, draft.vendor.id)
            and within(query, "created_at", draft.created_at)
            and within(query, "due_date", draft.due_at and render.midnight(draft.due_at))
            and within(query, "issued_date", draft.issued_at and render.midnight(draft.issued_at))
        )

    return page_of(call, call.state.drafts, lambda row: render_draft(call.state, row), keep)


@handlers("POST /bills/drafts")
def create_draft(call):
    """Refuses a remote id that another draft has."""
    state, body = call.state, call.body
    vendor = check_vendor(state, body["vendor_id"])
    currency = body.get("invoice_currency") or vendor.currency
    draft = Draft(state.new_id("draft"), vendor, currency, now(), owner_of(state))
    _apply(state, draft, body)
    state.drafts.add(draft)
    call.sandbox.journal.effect("draft.create", draft.id)
    return render_draft(state, draft)


@handlers("GET /bills/drafts/{draft_bill_id}")
def get_draft(call):
    return render_draft(call.state, _find(call))


@handlers("PATCH /bills/drafts/{draft_bill_id}")
def update_draft(call):
    draft = _find(call)
    _apply(call.state, draft, call.body)
    call.sandbox.journal.effect("draft.update", draft.id)
    return render_draft(call.state, draft)


@handlers("POST /bills/drafts/{draft_bill_id}/attachments")
def attach_to_draft(call):
    return attach(call, _find(call))


def _find(call):
    draft = call.state.drafts.get(call.path["draft_bill_id"])
    if draft is None:
        raise not_found("Draft bill")
    return draft


def _apply(state, draft, body):
    remote_id = body.get("remote_id")
    check_remote_id(state, remote_id, body.get("enable_accounting_sync", draft.enable_accounting_sync))
    if remote_id and state.drafts.first(lambda row: row is not draft and row.remote_id == remote_id):
        raise refuse(409, DRAFT_EXISTS, "A draft bill with this remote_id exists.")
    currency = body.get("invoice_currency", draft.currency)
    assign(draft, {**changes_of(state, body, currency), "currency": currency})


def render_draft(state, draft):
    """Links to purchase orders are kept but not shown."""
    currency = draft.currency
    return {
        "id": draft.id,
        "status": "DRAFT",
        "sync_status": "NOT_SYNCED",
        "invoice_number": draft.invoice_number,
        "remote_id": draft.remote_id,
        "entity_id": draft.entity_id,
        "vendor": render.bill_vendor(state, draft.vendor),
        "bill_owner": draft.owner,
        "amount": currency_amount(draft.amount, currency),
        "issued_at": render.moment(draft.issued_at),
        "due_at": render.moment(draft.due_at),
        "posting_date": render.moment(draft.posting_date),
        "accounting_date": render.moment(draft.posting_date or draft.issued_at),
        "created_at": render.moment(draft.created_at),
        "memo": draft.memo or None,
        "vendor_memo": draft.vendor_memo or None,
        "invoice_urls": [state.link(file_id) for file_id in draft.file_ids],
        "accounting_field_selections": render.selections(state, draft.coding),
        "line_items": [_render_line(state, line, currency) for line in draft.lines],
        "inventory_line_items": [
            {
                **_render_line(state, line, currency),
                "quantity": line.quantity,
                "unit_price": currency_amount(line.unit_price, currency),
            }
            for line in draft.inventory_lines
        ],
    }


def _render_line(state, line, currency):
    return {
        "amount": currency_amount(line.amount, currency),
        "memo": line.memo or None,
        "accounting_field_selections": render.selections(state, line.coding),
    }
