"""Card transactions and their memos, reimbursements and receipts (guides "Transactions" and "Reimbursements")."""

from ..table import Table
from . import render
from .errors import invalid, not_found
from .money import api_amount, currency_amount, major_units
from .routes import equals, handlers, page_of, within

ORDERS = {
    "order_by_date_asc": (lambda row: row.time, False),
    "order_by_date_desc": (lambda row: row.time, True),
    "order_by_amount_asc": (lambda row: row.amount, False),
    "order_by_amount_desc": (lambda row: row.amount, True),
}


@handlers("GET /transactions")
def list_transactions(call):
    """Declined ones are left out unless ``state`` asks for them; one order at most."""
    query, state = call.query, call.state
    orders = [name for name in ORDERS if query.get(name)]
    if len(orders) > 1:
        raise invalid("Only one order can be given.", orders[1])
    table = _sorted(state.transactions, *ORDERS[orders[0]]) if orders else state.transactions
    return page_of(call, table, lambda row: render_transaction(state, row), _transaction_filter(state, query))


@handlers("GET /transactions/{transaction_id}")
def get_transaction(call):
    return {**render_transaction(call.state, find_transaction(call)), "receipt_affidavit": None}


@handlers("GET /reimbursements")
def list_reimbursements(call):
    query, state = call.query, call.state
    names = ("state", "sync_status", "entity_id", "user_id")
    given = equals({"direction": "BUSINESS_TO_USER", **query}, direction="direction", **{name: name for name in names})

    def keep(row):
        return (
            given(row)
            and query.get("sync_ready") in (None, row.sync_status == "SYNC_READY")
            and query.get("has_no_sync_commits") in (None, row.sync_status != "SYNCED")
            and within(query, "date", row.created_at)
            and within(query, "submitted_at", row.created_at)
            and within(query, "transaction_date", render.midnight(row.transaction_date))
            and (query.get("updated_after") is None or row.updated_at > query["updated_after"])
            and _synced_after(row, query)
            and (
                query.get("accounting_field_selection_id") is None
                or query["accounting_field_selection_id"] in _coded(row)
            )
        )

    return page_of(call, state.reimbursements, lambda row: render_reimbursement(state, row), keep)


@handlers("GET /reimbursements/{reimbursement_id}")
def get_reimbursement(call):
    row = call.state.reimbursements.get(call.path["reimbursement_id"])
    if row is None:
        raise not_found("Reimbursement")
    return {
        **render_reimbursement(call.state, row),
        "trace_id": {"descriptor": "ACH Trace ID", "trace_id": row.payment_id},
    }


@handlers("GET /receipts")
def list_receipts(call):
    query, state = call.query, call.state
    given = equals(query, transaction_id="transaction_id", reimbursement_id="reimbursement_id")
    spans = {**query, "from_created": query.get("created_after"), "to_created": query.get("created_before")}
    return page_of(
        call,
        state.receipts,
        lambda row: render_receipt(state, row),
        lambda row: given(row) and within(spans, "created", row.created_at) and within(spans, "date", row.created_at),
    )


# -- helpers -----------------------------------------------------------------------------------------------------------


def find_transaction(call):
    row = call.state.transactions.get(call.path["transaction_id"])
    if row is None:
        raise not_found("Transaction")
    return row


def _sorted(table, key, descending):
    ordered = Table()
    for row in sorted(table, key=key, reverse=descending):
        ordered.add(row)
    return ordered


def _transaction_filter(state, query):
    wanted = query.get("state")
    names = ("merchant_id", "card_id", "statement_id", "user_id", "sync_status", "entity_id")
    given = equals(query, **{name: name for name in names})

    def keep(row):
        return (
            (wanted == "ALL" or row.state == wanted if wanted else row.state != "DECLINED")
            and given(row)
            and within(query, "date", row.time)
            and _synced_after(row, query)
            and query.get("has_no_sync_commits") in (None, row.sync_status != "SYNCED")
            and query.get("has_statement") in (None, row.statement_id is not None)
            and query.get("has_been_approved") in (None, row.approved)
            and query.get("all_requirements_met_and_approved") in (None, row.approved)
            and query.get("approval_status") in (None, "FULLY_APPROVED" if row.approved else "AWAITING_REVIEWER")
            and (query.get("min_amount") is None or major_units(row.amount, row.currency) >= query["min_amount"])
            and (query.get("max_amount") is None or major_units(row.amount, row.currency) <= query["max_amount"])
            and (
                query.get("accounting_field_selection_id") is None
                or query["accounting_field_selection_id"] in _coded(row)
            )
            and _of_department(state, row, query)
        )

    return keep


def _of_department(state, row, query):
    user = state.users.get(row.user_id)
    return query.get("department_id") in (None, user.department_id) and query.get("location_id") in (
        None,
        user.location_id,
    )


def _synced_after(row, query):
    start = query.get("synced_after")
    return start is None or (row.synced_at is not None and row.synced_at > start)


def _coded(row):
    return {*row.coding, *(option_id for line in row.lines for option_id in line.coding)}


# -- wire forms --------------------------------------------------------------------------------------------------------


def render_selections(state, option_ids):
    """Transactions and reimbursements add ``type`` and ``source`` to each selection."""
    shown = render.selections(state, option_ids)
    return [
        {
            **item,
            "external_code": item["external_code"] or "",
            "type": item["category_info"]["type"],
            "source": {"type": "MANUAL"},
        }
        for item in shown
    ]


def render_transaction(state, row):
    """``amount`` is in major units, unlike everywhere else (guide "Monetary values")."""
    user = state.users.get(row.user_id)
    return {
        "id": row.id,
        "amount": major_units(row.amount, row.currency),
        "currency_code": row.currency,
        "minor_unit_conversion_rate": currency_amount(0, row.currency)["minor_unit_conversion_rate"],
        "original_transaction_amount": currency_amount(row.original_amount, row.original_currency),
        "original_transaction_id": row.original_transaction_id,
        "state": row.state,
        "sync_status": row.sync_status,
        "synced_at": render.moment(row.synced_at),
        "updated_at": render.moment(row.updated_at or row.time),
        "accounting_date": render.moment(row.time.date()),
        "user_transaction_time": render.moment(row.time),
        "settlement_date": render.moment(row.time),
        "entity_id": row.entity_id,
        "card_id": row.card_id,
        "card_present": False,
        "card_holder": render.given(
            user_id=user.id, first_name=user.first_name, last_name=user.last_name, department_id=user.department_id
        ),
        "merchant_id": row.merchant_id,
        "merchant_name": row.merchant_name,
        "merchant_descriptor": row.merchant_name.upper(),
        "merchant_location": None,
        "network_merchant_id": None,
        "memo": row.memo,
        "receipts": row.receipts,
        "sk_category_id": None,
        "sk_category_name": None,
        "trip_id": None,
        "trip_name": None,
        "all_requirements_met_and_approved": row.approved,
        "requires_accounting_vendor_creation_to_sync": False,
        "policy_violations": [],
        "disputes": [],
        "attendees": [],
        "accounting_field_selections": render_selections(state, row.coding),
        "line_items": [
            {
                "amount": currency_amount(line.amount, row.original_currency),
                "converted_amount": currency_amount(line.converted, row.currency) if row.converts else None,
                "memo": line.memo,
                "accounting_field_selections": render_selections(state, line.coding),
            }
            for line in row.lines
        ],
        **render.given(statement_id=row.statement_id),
    }


def render_reimbursement(state, row):
    user = state.users.get(row.user_id)
    return {
        "id": row.id,
        "type": row.type,
        "direction": row.direction,
        "state": row.state,
        "sync_status": row.sync_status,
        "synced_at": render.moment(row.synced_at),
        "user_id": user.id,
        "user_email": user.email,
        "user_full_name": f"{user.first_name} {user.last_name}",
        "employee_id": user.employee_id,
        "entity_id": row.entity_id,
        "entity_amount": api_amount(row.amount, row.currency),
        "payee_amount": currency_amount(row.amount, row.currency),
        "merchant": row.merchant,
        "merchant_id": None,
        "merchant_amount": api_amount(row.merchant_amount, row.merchant_currency),
        "memo": row.memo,
        "transaction_date": row.transaction_date.isoformat(),
        "accounting_date": render.moment(row.transaction_date),
        "created_at": render.moment(row.created_at),
        "submitted_at": render.moment(row.created_at),
        "approved_at": render.moment(row.created_at) if row.sync_status != "NOT_SYNC_READY" else None,
        "updated_at": render.moment(row.updated_at),
        "payment_id": row.payment_id,
        "payment_processed_at": render.moment(row.paid_at),
        "receipts": row.receipts,
        "attendees": [],
        "waypoints": [],
        "accounting_field_selections": render_selections(state, row.coding),
        "line_items": [
            {
                "amount": currency_amount(line.amount, row.merchant_currency),
                "memo": line.memo,
                "accounting_field_selections": render_selections(state, line.coding),
            }
            for line in row.lines
        ],
        **dict.fromkeys(
            ("distance", "start_location", "end_location", "fund_id", "spend_limit_id", "trip_id", "payment_batch_id")
        ),
    }


def render_receipt(state, row):
    return {
        "id": row.id,
        "user_id": row.user_id,
        "created_at": render.moment(row.created_at),
        "receipt_url": state.link(row.file_id),
        **render.given(transaction_id=row.transaction_id, reimbursement_id=row.reimbursement_id),
    }
