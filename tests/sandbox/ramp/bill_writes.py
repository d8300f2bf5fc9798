"""Bills that the API makes and changes (guides "Bill Pay" and "Bill payments"); drafts are in :mod:`.drafts`."""

from datetime import UTC, date, datetime
from decimal import Decimal

from werkzeug.wrappers import Response

from ..pdf import make_pdf
from . import render
from .bills import find_bill
from .connections import api_connection
from .errors import BAD_DATA, invalid, not_found, refuse
from .model import Bill, Line, Payment
from .money import major_units, minor_units
from .organisation import check_entity
from .payments import payment_details
from .routes import handlers
from .selections import read_selections
from .state import now
from .uploads import attach


@handlers("POST /bills")
def create_bill(call):
    """Makes an approved bill: it passes by drafts and approval policies."""
    state, body = call.state, call.body
    vendor = check_vendor(state, body["vendor_id"])
    check_entity(state, body["entity_id"])
    check_remote_id(state, body.get("remote_id"), body.get("enable_accounting_sync", True))
    if not body.get("payment_method") and not body.get("use_default_payment_method"):
        raise invalid("Missing data for required field.", "payment_method")
    if not body.get("vendor_contact_id") and not body.get("use_default_vendor_contact"):
        raise invalid("Missing data for required field.", "vendor_contact_id")
    currency = body["invoice_currency"]
    bill = Bill(
        state.new_id("bill"),
        vendor,
        body["entity_id"],
        body["invoice_number"],
        currency,
        date.fromisoformat(body["issued_at"]),
        date.fromisoformat(body["due_at"]),
        now(),
        read_lines(state, body.get("line_items"), currency),
        owner_of(state),
        inventory_lines=read_inventory_lines(state, body.get("inventory_line_items"), currency),
        coding=read_selections(state, body.get("accounting_field_selections")),
        memo=body.get("memo") or "",
        vendor_memo=body.get("vendor_memo") or "",
        posting_date=date.fromisoformat(body["posting_date"]) if body.get("posting_date") else None,
        enable_accounting_sync=body.get("enable_accounting_sync", True),
        remote_id=body.get("remote_id"),
        purchase_order_ids=list(body.get("purchase_order_ids", [])),
        payment_method=body.get("payment_method"),
    )
    _instruct_payment(state, bill, body)
    state.add_bill(bill)
    call.sandbox.journal.effect("bill.create", bill.id)
    for event in ("bills.created", "bills.approved", *(["bills.paid"] if bill.paid_at else [])):
        state.emit(event, bill.id)
    if bill.sync_ready:
        state.emit("bills.ready_to_sync", bill.id)
    return render.bill(state, bill)


@handlers("PATCH /bills/{bill_id}")
def update_bill(call):
    """Only approved bills; lists are replaced as a whole."""
    state, body, bill = call.state, call.body, find_bill(call)
    if bill.approval_status != "APPROVED" or bill.archived_at:
        raise refuse(400, BAD_DATA, "Only an approved bill can be changed.")
    check_remote_id(state, body.get("remote_id"), bill.enable_accounting_sync)
    assign(bill, changes_of(state, body, bill.currency))
    call.sandbox.journal.effect("bill.update", bill.id)
    state.emit("bills.updated", bill.id)
    return render.bill(state, bill)


@handlers("DELETE /bills/{bill_id}")
def archive_bill(call):
    bill = find_bill(call)
    if bill.paid_at:
        raise refuse(400, BAD_DATA, "A paid bill cannot be archived.")
    bill.archived_at, bill.status_summary = now(), "ARCHIVED"
    call.sandbox.journal.effect("bill.archive", bill.id)
    call.state.emit("bills.archived", bill.id)


@handlers("POST /bills/{bill_id}/attachments")
def attach_to_bill(call):
    return attach(call, find_bill(call))


@handlers("GET /bills/{bill_id}/remittance-receipt")
def get_remittance_receipt(call):
    bill = find_bill(call)
    if not bill.payment:
        raise not_found("Payment")
    total = major_units(bill.payment.amount, bill.currency)
    lines = [f"Payment {bill.payment.reference}", bill.vendor.name, f"{bill.currency} {total}", bill.invoice_number]
    return Response(make_pdf(lines), 200, mimetype="application/pdf")


# -- shared with drafts ------------------------------------------------------------------------------------------------


def check_vendor(state, vendor_id):
    vendor = state.vendors.get(vendor_id)
    if vendor is None:
        raise not_found("Vendor")
    return vendor


def check_remote_id(state, remote_id, synced):
    """A remote id needs an active accounting connection and a bill that takes part in accounting."""
    if not remote_id:
        return
    if not synced:
        raise invalid("Needs enable_accounting_sync.", "remote_id")
    api_connection(state)


def read_lines(state, items, currency):
    return [
        Line(
            _amount(item["amount"], currency),
            item.get("memo") or "",
            read_selections(state, item.get("accounting_field_selections")),
            purchase_order_line_item_id=item.get("purchase_order_line_item_id"),
        )
        for item in items or ()
    ]


def read_inventory_lines(state, items, currency):
    lines = []
    for item in items or ():
        price = _amount(item["unit_price"], currency)
        quantity = Decimal(str(item["quantity"]))
        line = Line(round(price * quantity), item.get("memo") or "", quantity=quantity, unit_price=price)
        line.coding = read_selections(state, item.get("accounting_field_selections"))
        line.purchase_order_line_item_id = item.get("purchase_order_line_item_id")
        lines.append(line)
    return lines


def changes_of(state, body, currency):
    """The attributes that a request sets on a bill or draft; everything is read before anything is changed."""
    if body.get("entity_id"):
        check_entity(state, body["entity_id"])
    kept = (
        "entity_id",
        "invoice_number",
        "remote_id",
        "purchase_order_ids",
        "payment_method",
        "enable_accounting_sync",
    )
    changes = {name: body[name] for name in kept if name in body}
    changes |= {name: body[name] or "" for name in ("memo", "vendor_memo") if name in body}
    for name in ("issued_at", "due_at", "posting_date"):
        if name in body:
            changes[name] = date.fromisoformat(body[name]) if body[name] else None
    if "vendor_id" in body:
        changes["vendor"] = check_vendor(state, body["vendor_id"])
    if "line_items" in body:
        changes["lines"] = read_lines(state, body["line_items"], currency)
    if "inventory_line_items" in body:
        changes["inventory_lines"] = read_inventory_lines(state, body["inventory_line_items"], currency)
    if "accounting_field_selections" in body:
        changes["coding"] = read_selections(state, body["accounting_field_selections"])
    return changes


def assign(row, changes):
    for name, value in changes.items():
        setattr(row, name, value)


def owner_of(state):
    """Whoever created the app; here the administrator of the data set."""
    user = list(state.users)[1]
    return {"id": user.id, "first_name": user.first_name, "last_name": user.last_name}


def _amount(value, currency):
    try:
        return minor_units(value, currency)
    except ValueError as error:
        raise invalid(str(error), "line_items", "amount") from error


def _instruct_payment(state, bill, body):
    """A bill that was paid elsewhere is paid at once; other payments are left to Ramp."""
    details = body.get("payment_details") or {}
    if bill.payment_method != "PAID_MANUALLY":
        bill.status_summary = "PAYMENT_SCHEDULED" if details else "PAYMENT_DETAILS_MISSING"
        return
    if "manual_payment_method" not in details:
        raise invalid("Missing data for required field.", "payment_details", "manual_payment_method")
    paid = date.fromisoformat(details["payment_date"])
    payment_id = state.new_id("payment")
    known = {**payment_details("PAID_MANUALLY", bill), "manual_payment_method": details["manual_payment_method"]}
    bill.payment = Payment(payment_id, "PAID_MANUALLY", bill.amount, bill.currency, paid, payment_id[:8].upper(), known)
    bill.paid_at, bill.status_summary = datetime.combine(paid, datetime.min.time(), UTC), "PAYMENT_COMPLETED"
