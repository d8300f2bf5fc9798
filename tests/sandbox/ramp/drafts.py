"""Draft bills: people complete and approve them in Ramp (guide "Bill Pay")."""

from dataclasses import replace

from . import render
from .bill_writes import change, check_remote_id, new_bill
from .errors import DRAFT_EXISTS, refuse
from .money import currency_amount
from .routes import Resource, handlers
from .state import now
from .uploads import attach


def render_draft(state, draft):
    """Links to purchase orders are kept but not shown."""
    currency = draft.currency
    return {
        **render.copied(draft, "id sync_status invoice_number remote_id entity_id issued_at due_at posting_date"),
        **render.copied(draft, "accounting_date created_at"),
        "status": "DRAFT",
        "vendor": render.bill_vendor(state, draft.vendor),
        "bill_owner": draft.owner,
        "amount": currency_amount(draft.amount, currency),
        "memo": draft.memo or None,
        "vendor_memo": draft.vendor_memo or None,
        "invoice_urls": [state.link(file_id) for file_id in draft.file_ids],
        "accounting_field_selections": render.selections(state, draft.coding),
        "line_items": [_render_line(state, line, currency) for line in draft.lines],
        "inventory_line_items": [
            {**_render_line(state, line, currency), **render.goods(line, currency)} for line in draft.inventory_lines
        ],
    }


def _render_line(state, line, currency):
    return {**render.coded_line(state, line, currency), "memo": line.memo or None}


DRAFTS = Resource(
    "/bills/drafts/{draft_bill_id}",
    "drafts",
    render_draft,
    label="Draft bill",
    equal="entity_id invoice_number remote_id",
    tests={"vendor_id": lambda draft, vendor_id: draft.vendor.id == vendor_id},
    spans={"created_at": "created_at", "due_date": "due_at", "issued_date": "issued_at"},
)


@handlers("POST /bills/drafts")
def create_draft(call):
    """Refuses a remote id that another draft has."""
    _check(call)
    draft = call.state.drafts.add(new_bill(call, "draft"))
    call.sandbox.journal.effect("draft.create", draft.id)
    return render_draft(call.state, draft)


@handlers("PATCH /bills/drafts/{draft_bill_id}")
def update_draft(call):
    draft = DRAFTS.find(call)
    _check(call, draft)
    change(call, draft, call.body.get("invoice_currency", draft.currency))
    call.sandbox.journal.effect("draft.update", draft.id)
    return render_draft(call.state, draft)


@handlers("POST /bills/drafts/{draft_bill_id}/attachments")
def attach_to_draft(call):
    return attach(call, DRAFTS.find(call))


def _check(call, draft=None):
    state, remote_id = call.state, call.body.get("remote_id")
    is_synced = draft.enable_accounting_sync if draft else True
    check_remote_id(state, remote_id, call.body.get("enable_accounting_sync", is_synced))
    if remote_id and state.drafts.first(lambda row: row is not draft and row.remote_id == remote_id):
        raise refuse(409, DRAFT_EXISTS, "A draft bill with this remote_id exists.")


def completed(draft, bill_id):
    """The approved bill that a complete draft becomes."""
    made = {"draft_bill_id": draft.id, "draft_bill_created_at": draft.created_at, "created_at": now()}
    return replace(draft, id=bill_id, payment_method=None, **made)
