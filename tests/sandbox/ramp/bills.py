"""Bills (guide "Bill Pay")."""

from . import render
from .errors import not_found
from .money import major_units
from .routes import equals, handlers, page_of, within


@handlers("GET /bills")
def list_bills(call):
    """Archived bills are listed alone, with ``is_archived=true``."""
    query, state = call.query, call.state
    matches = _matcher(query)
    return page_of(call, state.bills, lambda row: render.bill(state, row), matches)


@handlers("GET /bills/{bill_id}")
def get_bill(call):
    return render.bill(call.state, find_bill(call), detail=True)


def find_bill(call):
    bill = call.state.bills.get(call.path["bill_id"])
    if bill is None:
        raise not_found("Bill")
    return bill


def _matcher(query):
    """The filter of ``GET /bills``; only tests for arguments that were given."""
    given = equals(
        query,
        entity_id="entity_id",
        draft_bill_id="draft_bill_id",
        invoice_number="invoice_number",
        remote_id="remote_id",
        is_accounting_sync_enabled="enable_accounting_sync",
        approval_status="approval_status",
        payment_status="status",
        sync_status="sync_status",
        sync_ready="sync_ready",
    )
    tests = [test for name, test in TESTS.items() if query.get(name) is not None]
    ranges = [(name, value) for name, value in RANGES.items() if f"from_{name}" in query or f"to_{name}" in query]

    def keep(bill):
        return (
            bool(bill.archived_at) == query["is_archived"]
            and given(bill)
            and all(test(bill, query) for test in tests)
            and all(within(query, name, value(bill)) for name, value in ranges)
        )

    return keep


def _option_ids(bill):
    return {*bill.coding, *(option_id for line in (*bill.lines, *bill.inventory_lines) for option_id in line.coding)}


TESTS = {
    "customer_friendly_payment_id": lambda bill, query: (
        bill.payment and bill.payment.reference == query["customer_friendly_payment_id"]
    ),
    "accounting_field_selection_id": lambda bill, query: query["accounting_field_selection_id"] in _option_ids(bill),
    "status_summaries": lambda bill, query: bill.status_summary in query["status_summaries"],
    "payment_id": lambda bill, query: bill.payment and bill.payment.id == query["payment_id"],
    "vendor_id": lambda bill, query: bill.vendor.id == query["vendor_id"],
    "payment_method": lambda bill, query: bill.payment and bill.payment.method == query["payment_method"],
    "payment_details_missing": lambda bill, query: (
        (bill.payment is None and not bill.payment_method) == query["payment_details_missing"]
    ),
    "min_amount": lambda bill, query: major_units(bill.amount, bill.currency) >= query["min_amount"],
    "max_amount": lambda bill, query: major_units(bill.amount, bill.currency) <= query["max_amount"],
}

RANGES = {
    "created_at": lambda bill: bill.created_at,
    "due_date": lambda bill: render.midnight(bill.due_at),
    "issued_date": lambda bill: render.midnight(bill.issued_at),
    "paid_at": lambda bill: bill.paid_at,
    "payment_date": lambda bill: bill.payment and bill.payment.payment_date,
}
