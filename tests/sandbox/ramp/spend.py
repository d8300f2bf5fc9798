"""Card transactions and their memos, reimbursements and receipts (guides "Transactions" and "Reimbursements")."""

from ..table import Table
from . import render
from .errors import invalid
from .money import api_amount, currency_amount, major_units
from .routes import Resource, handlers

TRANSACTION = """
    id original_transaction_id state sync_status synced_at entity_id card_id merchant_id merchant_name memo receipts
"""
NOT_IN_TRANSACTION = "merchant_location network_merchant_id sk_category_id sk_category_name trip_id trip_name"
REIMBURSEMENT = """
    id type direction state sync_status synced_at entity_id merchant memo created_at updated_at payment_id receipts
"""
NOT_IN_REIMBURSEMENT = """
    merchant_id distance start_location end_location fund_id spend_limit_id trip_id payment_batch_id
"""


# -- wire forms --------------------------------------------------------------------------------------------------------


def _selections(state, option_ids):
    """Transactions and reimbursements add ``type`` and ``source`` to each selection."""
    return [
        {
            **item,
            "external_code": item["external_code"] or "",
            "type": item["category_info"]["type"],
            "source": {"type": "MANUAL"},
        }
        for item in render.selections(state, option_ids)
    ]


def _line(state, line, currency, **more):
    coding = _selections(state, line.coding)
    return {**render.coded_line(state, line, currency), "accounting_field_selections": coding, **more}


def _converted(line, row):
    return {"converted_amount": currency_amount(line.converted, row.currency) if row.converts else None}


def render_transaction(state, row):
    """``amount`` is in major units, unlike everywhere else (guide "Monetary values")."""
    user = state.users.get(row.user_id)
    holder = render.copied(user, "first_name last_name department_id")
    return {
        **render.copied(row, TRANSACTION),
        **dict.fromkeys(NOT_IN_TRANSACTION.split()),
        "amount": major_units(row.amount, row.currency),
        "currency_code": row.currency,
        "minor_unit_conversion_rate": currency_amount(0, row.currency)["minor_unit_conversion_rate"],
        "original_transaction_amount": currency_amount(row.original_amount, row.original_currency),
        "updated_at": render.moment(row.updated_at or row.time),
        "accounting_date": render.moment(row.time.date()),
        "user_transaction_time": render.moment(row.time),
        "settlement_date": render.moment(row.time),
        "card_present": False,
        "card_holder": render.given(user_id=user.id, **holder),
        "merchant_descriptor": row.merchant_name.upper(),
        "all_requirements_met_and_approved": row.approved,
        "requires_accounting_vendor_creation_to_sync": False,
        **{name: [] for name in ("policy_violations", "disputes", "attendees")},
        "accounting_field_selections": _selections(state, row.coding),
        "line_items": [_line(state, line, row.original_currency, **_converted(line, row)) for line in row.lines],
        **render.given(statement_id=row.statement_id),
    }


def render_reimbursement(state, row):
    user = state.users.get(row.user_id)
    return {
        **render.copied(row, REIMBURSEMENT),
        **dict.fromkeys(NOT_IN_REIMBURSEMENT.split()),
        "user_id": user.id,
        "user_email": user.email,
        "user_full_name": f"{user.first_name} {user.last_name}",
        "employee_id": user.employee_id,
        "entity_amount": api_amount(row.amount, row.currency),
        "payee_amount": currency_amount(row.amount, row.currency),
        "merchant_amount": api_amount(row.merchant_amount, row.merchant_currency),
        "transaction_date": row.transaction_date.isoformat(),
        "accounting_date": render.moment(row.transaction_date),
        "submitted_at": render.moment(row.created_at),
        "approved_at": render.moment(row.created_at) if row.sync_status != "NOT_SYNC_READY" else None,
        "payment_processed_at": render.moment(row.paid_at),
        "attendees": [],
        "waypoints": [],
        "accounting_field_selections": _selections(state, row.coding),
        "line_items": [_line(state, line, row.merchant_currency) for line in row.lines],
    }


def _paid_reimbursement(state, row):
    trace = {"descriptor": "ACH Trace ID", "trace_id": row.payment_id}
    return {**render_reimbursement(state, row), "trace_id": trace}


def render_receipt(state, row):
    return {
        **render.copied(row, "id user_id created_at"),
        "receipt_url": state.link(row.file_id),
        **render.given(transaction_id=row.transaction_id, reimbursement_id=row.reimbursement_id),
    }


# -- lists -------------------------------------------------------------------------------------------------------------

ORDERS = {
    "order_by_date_asc": (lambda row: row.time, False),
    "order_by_date_desc": (lambda row: row.time, True),
    "order_by_amount_asc": (lambda row: row.amount, False),
    "order_by_amount_desc": (lambda row: row.amount, True),
}


def _is_coded(row, option_id):
    return option_id in {*row.coding, *(used for line in row.lines for used in line.coding)}


OF_BOTH = {
    "synced_after": lambda row, start: row.synced_at is not None and row.synced_at > start,
    "has_no_sync_commits": lambda row, wanted: wanted == (row.sync_status != "SYNCED"),
    "accounting_field_selection_id": _is_coded,
}
TRANSACTIONS = Resource(
    "/transactions/{transaction_id}",
    "transactions",
    render_transaction,
    detail=lambda state, row: {**render_transaction(state, row), "receipt_affidavit": None},
    label="Transaction",
    equal="merchant_id card_id statement_id user_id sync_status entity_id",
    tests={
        **OF_BOTH,
        "state": lambda row, wanted: wanted in ("ALL", row.state),
        "has_statement": lambda row, wanted: wanted == (row.statement_id is not None),
        "has_been_approved": lambda row, wanted: wanted == row.approved,
        "all_requirements_met_and_approved": lambda row, wanted: wanted == row.approved,
        "approval_status": lambda row, wanted: wanted == ("FULLY_APPROVED" if row.approved else "AWAITING_REVIEWER"),
        "min_amount": lambda row, least: major_units(row.amount, row.currency) >= least,
        "max_amount": lambda row, most: major_units(row.amount, row.currency) <= most,
    },
    spans={"date": "time"},
)


@handlers("GET /transactions")
def list_transactions(call):
    """Declined ones are left out unless ``state`` asks for them; one order at most."""
    query, state = call.query, call.state
    orders = [name for name in ORDERS if query.get(name)]
    if len(orders) > 1:
        raise invalid("Only one order can be given.", orders[1])

    def keep(row):
        user = state.users.get(row.user_id)
        return (
            (query.get("state") or row.state != "DECLINED")
            and query.get("department_id") in (None, user.department_id)
            and query.get("location_id") in (None, user.location_id)
        )

    return TRANSACTIONS.page(call, keep, _sorted(state.transactions, *ORDERS[orders[0]]) if orders else None)


def _sorted(table, key, descending):
    ordered = Table()
    for row in sorted(table, key=key, reverse=descending):
        ordered.add(row)
    return ordered


REIMBURSEMENTS = Resource(
    "/reimbursements/{reimbursement_id}",
    "reimbursements",
    render_reimbursement,
    detail=_paid_reimbursement,
    label="Reimbursement",
    equal="state sync_status entity_id user_id direction",
    tests={
        **OF_BOTH,
        "sync_ready": lambda row, wanted: wanted == (row.sync_status == "SYNC_READY"),
        "updated_after": lambda row, start: row.updated_at > start,
    },
    spans={"date": "created_at", "submitted_at": "created_at", "transaction_date": "transaction_date"},
)


@handlers("GET /reimbursements")
def list_reimbursements(call):
    """Without ``direction`` those that the company owes."""
    return REIMBURSEMENTS.page(call, lambda row: call.query.get("direction") or row.direction == "BUSINESS_TO_USER")


Resource(
    "/receipts",
    "receipts",
    render_receipt,
    equal="transaction_id reimbursement_id",
    tests={
        "created_after": lambda row, start: row.created_at >= start,
        "created_before": lambda row, end: row.created_at <= end,
    },
    spans={"date": "created_at"},
)
