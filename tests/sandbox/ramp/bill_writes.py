"""Bills that the API makes and changes (guides "Bill Pay" and "Bill payments"); drafts are in :mod:`.drafts`."""

from datetime import date
from decimal import Decimal

from werkzeug.wrappers import Response

from ..pdf import make_pdf
from . import render
from .bills import BILLS
from .connections import api_connection
from .errors import BAD_DATA, invalid, not_found, refuse
from .model import Bill, Line, Payment
from .money import major_units, minor_units
from .organisation import check_entity
from .payments import payment_details
from .routes import handlers
from .selections import read_selections
from .state import midnight, now
from .uploads import attach
from .vendors import VENDORS

KEPT = "entity_id invoice_number remote_id purchase_order_ids payment_method enable_accounting_sync"


@handlers("POST /bills")
def create_bill(call):
    """Makes an approved bill: it passes by drafts and approval policies."""
    state, body = call.state, call.body
    check_remote_id(state, body.get("remote_id"), body.get("enable_accounting_sync", True))
    for name in ("payment_method", "vendor_contact_id"):
        default = name.removesuffix("_id")
        if not body.get(name) and not body.get(f"use_default_{default}"):
            raise invalid("Missing data for required field.", name)
    bill = new_bill(call, "bill")
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
    state, body, bill = call.state, call.body, BILLS.find(call)
    if bill.approval_status != "APPROVED" or bill.archived_at:
        raise refuse(400, BAD_DATA, "Only an approved bill can be changed.")
    check_remote_id(state, body.get("remote_id"), bill.enable_accounting_sync)
    change(call, bill, bill.currency)
    call.sandbox.journal.effect("bill.update", bill.id)
    state.emit("bills.updated", bill.id)
    return render.bill(state, bill)


@handlers("DELETE /bills/{bill_id}")
def archive_bill(call):
    bill = BILLS.find(call)
    if bill.paid_at:
        raise refuse(400, BAD_DATA, "A paid bill cannot be archived.")
    bill.archived_at, bill.status_summary = now(), "ARCHIVED"
    call.sandbox.journal.effect("bill.archive", bill.id)
    call.state.emit("bills.archived", bill.id)


@handlers("POST /bills/{bill_id}/attachments")
def attach_to_bill(call):
    return attach(call, BILLS.find(call))


@handlers("GET /bills/{bill_id}/remittance-receipt")
def get_remittance_receipt(call):
    bill = BILLS.find(call)
    if not bill.payment:
        raise not_found("Payment")
    total = major_units(bill.payment.amount, bill.currency)
    lines = [f"Payment {bill.payment.reference}", bill.vendor.name, f"{bill.currency} {total}", bill.invoice_number]
    return Response(make_pdf(lines), 200, mimetype="application/pdf")


# -- shared with drafts ------------------------------------------------------------------------------------------------


def new_bill(call, kind):
    """A bill, or a draft, as the body says."""
    state, body = call.state, call.body
    vendor = VENDORS.find(call, body["vendor_id"])
    currency = body.get("invoice_currency") or vendor.currency
    bill = Bill(state.new_id(kind), vendor, None, None, currency, None, None, now(), [], owner_of(state))
    change(call, bill, currency)
    return bill


def check_remote_id(state, remote_id, synced):
    """A remote id needs an active accounting connection and a bill that takes part in accounting."""
    if not remote_id:
        return
    if not synced:
        raise invalid("Needs enable_accounting_sync.", "remote_id")
    api_connection(state)


def read_lines(state, items, currency):
    return [_line(state, item, _amount(item["amount"], currency)) for item in items or ()]


def read_inventory_lines(state, items, currency):
    lines = []
    for item in items or ():
        price, quantity = _amount(item["unit_price"], currency), Decimal(str(item["quantity"]))
        lines.append(_line(state, item, round(price * quantity), quantity=quantity, unit_price=price))
    return lines


def _line(state, item, amount, **values):
    coding = read_selections(state, item.get("accounting_field_selections"))
    return Line(amount, item.get("memo") or "", coding, item.get("purchase_order_line_item_id"), **values)


def change(call, bill, currency):
    """What a request sets on a bill or draft; everything is read before anything is changed."""
    state, body = call.state, call.body
    if body.get("entity_id"):
        check_entity(state, body["entity_id"])
    changes = {name: body[name] for name in KEPT.split() if name in body}
    changes |= {name: body[name] or "" for name in ("memo", "vendor_memo") if name in body}
    for name in ("issued_at", "due_at", "posting_date"):
        if name in body:
            changes[name] = date.fromisoformat(body[name]) if body[name] else None
    if "vendor_id" in body:
        changes["vendor"] = VENDORS.find(call, body["vendor_id"])
    if "line_items" in body:
        changes["lines"] = read_lines(state, body["line_items"], currency)
    if "inventory_line_items" in body:
        changes["inventory_lines"] = read_inventory_lines(state, body["inventory_line_items"], currency)
    if "accounting_field_selections" in body:
        changes["coding"] = read_selections(state, body["accounting_field_selections"])
    for name, value in {**changes, "currency": currency}.items():
        setattr(bill, name, value)


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
    bill.paid_at, bill.status_summary = midnight(paid), "PAYMENT_COMPLETED"
