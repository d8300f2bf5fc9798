"""Bills (guide "Bill Pay")."""

from . import render
from .money import major_units
from .routes import Resource


def _paid_with(part):
    """The test of a query argument that names a part of the payment."""
    return lambda bill, value: bill.payment and getattr(bill.payment, part) == value


BILLS = Resource(
    "/bills/{bill_id}",
    "bills",
    render.bill,
    detail=lambda state, bill: render.bill(state, bill, detail=True),
    label="Bill",
    equal="entity_id draft_bill_id invoice_number remote_id approval_status sync_status sync_ready",
    tests={
        # archived bills are listed alone
        "is_archived": lambda bill, value: bool(bill.archived_at) == value,
        "is_accounting_sync_enabled": lambda bill, value: bill.enable_accounting_sync == value,
        "payment_status": lambda bill, value: bill.status == value,
        "customer_friendly_payment_id": _paid_with("reference"),
        "payment_id": _paid_with("id"),
        "payment_method": _paid_with("method"),
        "payment_details_missing": lambda bill, value: value == (not bill.payment and not bill.payment_method),
        "accounting_field_selection_id": lambda bill, value: (
            value in {*bill.coding, *(option_id for line in bill.all_lines for option_id in line.coding)}
        ),
        "status_summaries": lambda bill, value: bill.status_summary in value,
        "vendor_id": lambda bill, value: bill.vendor.id == value,
        "min_amount": lambda bill, value: major_units(bill.amount, bill.currency) >= value,
        "max_amount": lambda bill, value: major_units(bill.amount, bill.currency) <= value,
    },
    spans={
        "created_at": "created_at",
        "due_date": "due_at",
        "issued_date": "issued_at",
        "paid_at": "paid_at",
        "payment_date": "payment_date",
    },
)
