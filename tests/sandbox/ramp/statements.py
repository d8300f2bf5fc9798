"""Transfers, cashbacks, statements, repayments and vendor credits: all read only."""

from . import render
from .money import currency_amount
from .routes import Resource

BALANCE = {
    "opening_balance": "opening",
    "charges": "charges",
    "credits": "credits",
    "payments": "payments",
    "ending_balance": "ending",
}


def render_transfer(_state, row):
    return {
        **render.copied(row, "id status sync_status created_at entity_id bank_account_id payment_id"),
        "amount": currency_amount(row.amount, row.currency),
    }


Resource(
    "/transfers/{transfer_id}",
    "transfers",
    render_transfer,
    label="Transfer",
    equal="sync_status status entity_id statement_id",
    tests={"has_no_sync_commits": lambda row, wanted: wanted == (row.sync_status != "SYNCED")},
    spans={"date": "created_at"},
)


def render_cashback(_state, row):
    shown = render.copied(row, "id sync_status created_at entity_id")
    return {**shown, "amount": currency_amount(row.amount, row.currency)}


Resource(
    "/cashbacks/{cashback_id}",
    "cashbacks",
    render_cashback,
    label="Cashback",
    equal="sync_status entity_id statement_id",
    tests={"sync_ready": lambda row, wanted: wanted == (row.sync_status == "SYNC_READY")},
    spans={"date": "created_at"},
)


def render_statement(state, row):
    balance = {name: currency_amount(getattr(row, part), row.currency) for name, part in BALANCE.items()}
    return {
        "id": row.id,
        "start_date": render.moment(row.start),
        "end_date": render.moment(row.end),
        **balance,
        "balance_sections": [{"id": row.id, "entity_id": row.entity_id, **balance}],
        "statement_lines": [
            {"id": line_id, "type": kind, "created_at": render.moment(at), "cleared_at": render.moment(at)}
            for kind, line_id, at in row.lines
        ],
        "statement_url": state.link(row.file_id),
        **render.given(preceding_statement_id=row.preceding_id),
    }


Resource("/statements/{statement_id}", "statements", render_statement, label="Statement", spans={"date": "end"})


def render_repayment(_state, row):
    return {
        **render.copied(row, "id status funding_method entity_id user_id original_transaction_id repaid_at"),
        "user_signature": None,
        "repayment_amount": currency_amount(row.amount, row.currency),
    }


# filtering by entity is not supported yet; a date leaves those that are completed
Resource(
    "/repayments",
    "repayments",
    render_repayment,
    equal="user_id",
    tests={"funding_methods": lambda row, wanted: row.funding_method in wanted},
    spans={"repaid_at": "repaid_at"},
)


def render_credit(state, row):
    return {
        **render.copied(row, "id vendor_id entity_id created_at reference_number"),
        "accounting_date": row.accounting_date.isoformat(),
        "reference_bill_id": None,
        "total_amount": currency_amount(row.amount, "USD"),
        "total_applied_amount": currency_amount(row.used, "USD"),
        "remaining_amount": currency_amount(row.amount - row.used, "USD"),
        "applied_bills": [{"bill_id": bill, "amount": currency_amount(amount, "USD")} for bill, amount in row.applied],
        "applied_draft_bills": [],
        "accounting_field_selections": [],
        "inventory_line_items": [],
        "expense_line_items": [render.coded_line(state, line, "USD") for line in row.lines],
    }


Resource(
    "/vendors/credits/{vendor_credit_id}",
    "vendor_credits",
    render_credit,
    label="Vendor credit",
    equal="entity_id",
    # with a default, so it is always there
    tests={"include_fully_used": lambda row, wanted: wanted or row.used < row.amount},
    spans={"created_at": "created_at", "accounting_date": "accounting_date"},
)
