"""Transfers, cashbacks, statements, repayments, vendor credits and the company's bank accounts: all read only."""

from . import render
from .errors import not_found
from .money import currency_amount
from .routes import equals, handlers, page_of, within


@handlers("GET /transfers")
def list_transfers(call):
    query = call.query
    given = equals(
        query, sync_status="sync_status", status="status", entity_id="entity_id", statement_id="statement_id"
    )

    def keep(row):
        no_commits = query.get("has_no_sync_commits") in (None, row.sync_status != "SYNCED")
        return given(row) and no_commits and within(query, "date", row.created_at)

    return page_of(call, call.state.transfers, render_transfer, keep)


@handlers("GET /transfers/{transfer_id}")
def get_transfer(call):
    return render_transfer(_find(call, call.state.transfers, "transfer_id", "Transfer"))


@handlers("GET /cashbacks")
def list_cashbacks(call):
    query = call.query
    given = equals(query, sync_status="sync_status", entity_id="entity_id", statement_id="statement_id")

    def keep(row):
        ready = query.get("sync_ready") in (None, row.sync_status == "SYNC_READY")
        return given(row) and ready and within(query, "date", row.created_at)

    return page_of(call, call.state.cashbacks, render_cashback, keep)


@handlers("GET /cashbacks/{cashback_id}")
def get_cashback(call):
    return render_cashback(_find(call, call.state.cashbacks, "cashback_id", "Cashback"))


@handlers("GET /statements")
def list_statements(call):
    query, state = call.query, call.state
    return page_of(
        call, state.statements, lambda row: render_statement(state, row), lambda row: within(query, "date", row.end)
    )


@handlers("GET /statements/{statement_id}")
def get_statement(call):
    return render_statement(call.state, _find(call, call.state.statements, "statement_id", "Statement"))


@handlers("GET /repayments")
def list_repayments(call):
    """Filtering by entity is not supported yet; a date leaves those that are completed."""
    query = call.query
    given, methods = equals(query, user_id="user_id"), query.get("funding_methods")

    def keep(row):
        return (
            given(row)
            and (methods is None or row.funding_method in methods)
            and within(query, "repaid_at", row.repaid_at)
        )

    return page_of(call, call.state.repayments, render_repayment, keep)


@handlers("GET /vendors/credits")
def list_vendor_credits(call):
    query, state = call.query, call.state
    vendor_id = call.path.get("vendor_id")

    def keep(row):
        return (
            vendor_id in (None, row.vendor_id)
            and query.get("entity_id") in (None, row.entity_id)
            and (query["include_fully_used"] or row.used < row.amount)
            and within(query, "created_at", row.created_at)
            and within(query, "accounting_date", row.accounting_date)
        )

    return page_of(call, state.vendor_credits, lambda row: render_credit(state, row), keep)


@handlers("GET /vendors/credits/{vendor_credit_id}")
def get_vendor_credit(call):
    return render_credit(call.state, _find(call, call.state.vendor_credits, "vendor_credit_id", "Vendor credit"))


def _find(call, table, name, label):
    row = table.get(call.path[name])
    if row is None:
        raise not_found(label)
    return row


# -- wire forms --------------------------------------------------------------------------------------------------------


def render_transfer(row):
    return {
        "id": row.id,
        "amount": currency_amount(row.amount, row.currency),
        "status": row.status,
        "sync_status": row.sync_status,
        "created_at": render.moment(row.created_at),
        "entity_id": row.entity_id,
        "bank_account_id": row.bank_account_id,
        "payment_id": row.payment_id,
    }


def render_cashback(row):
    return {
        "id": row.id,
        "amount": currency_amount(row.amount, row.currency),
        "sync_status": row.sync_status,
        "created_at": render.moment(row.created_at),
        "entity_id": row.entity_id,
    }


def render_statement(state, row):
    balance = {
        "opening_balance": currency_amount(row.opening, row.currency),
        "charges": currency_amount(row.charges, row.currency),
        "credits": currency_amount(row.credits, row.currency),
        "payments": currency_amount(row.payments, row.currency),
        "ending_balance": currency_amount(row.ending, row.currency),
    }
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


def render_repayment(row):
    return {
        "id": row.id,
        "status": row.status,
        "funding_method": row.funding_method,
        "entity_id": row.entity_id,
        "user_id": row.user_id,
        "user_signature": None,
        "original_transaction_id": row.original_transaction_id,
        "repaid_at": render.moment(row.repaid_at),
        "repayment_amount": currency_amount(row.amount, row.currency),
    }


def render_credit(state, row):
    return {
        "id": row.id,
        "vendor_id": row.vendor_id,
        "entity_id": row.entity_id,
        "accounting_date": row.accounting_date.isoformat(),
        "created_at": render.moment(row.created_at),
        "reference_number": row.reference_number,
        "reference_bill_id": None,
        "total_amount": currency_amount(row.amount, "USD"),
        "total_applied_amount": currency_amount(row.used, "USD"),
        "remaining_amount": currency_amount(row.amount - row.used, "USD"),
        "applied_bills": [
            {"bill_id": bill_id, "amount": currency_amount(amount, "USD")} for bill_id, amount in row.applied
        ],
        "applied_draft_bills": [],
        "accounting_field_selections": [],
        "inventory_line_items": [],
        "expense_line_items": [
            {
                "amount": currency_amount(line.amount, "USD"),
                "memo": line.memo,
                "accounting_field_selections": render.selections(state, line.coding),
            }
            for line in row.lines
        ],
    }
