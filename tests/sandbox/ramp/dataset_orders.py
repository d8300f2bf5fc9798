"""Purchase orders, item receipts and vendor credits of the data set; they refer to its bills."""

from datetime import datetime, timedelta, timezone

from .model import Line
from .money import currency_amount
from .orders_model import ItemReceipt, OrderLine, PurchaseOrder, ReceiptLine
from .spend_model import VendorCredit
from .state import make_id


def add_orders(state, base):
    """One order for each bill that refers to one: its lines are those of the bill, and some have arrived."""
    for bill in list(state.bills):
        if bill.purchase_order_ids:
            order = _order_of(state, bill, len(state.purchase_orders))
            state.purchase_orders.add(order)
            if order.three_way_match_enabled:
                _receive(state, bill, order)
    loose = PurchaseOrder(
        make_id("purchase-order", "loose"),
        str(len(state.purchase_orders) + 1),
        "USD",
        state.entities[0]["id"],
        base - timedelta(days=10),
        [OrderLine(make_id("purchase-order/loose/line", 0), 4, 12500, description="Standing desks")],
        vendor_id=make_id("vendor", 0),
        creation_source="RAMP",
    )
    state.purchase_orders.add(loose)


def _order_of(state, bill, number):
    order = PurchaseOrder(
        bill.purchase_order_ids[0],
        str(number + 1),
        bill.currency,
        bill.entity_id,
        datetime.combine(bill.issued_at - timedelta(days=14), datetime.min.time(), timezone.utc),
        [
            OrderLine(line.purchase_order_line_item_id, 1, line.amount, description=line.memo, coding=list(line.coding))
            for line in bill.lines
        ],
        vendor_id=bill.vendor.id,
        creation_source="RAMP",
        three_way_match_enabled=number % 2 == 1,
    )
    order.promise_date = bill.issued_at
    return order


def _receive(state, bill, order):
    key = order.number
    lines = [ReceiptLine(make_id(f"item-receipt/{key}/line", n), line.id, 1) for n, line in enumerate(order.lines)]
    received = bill.issued_at - timedelta(days=2)
    receipt = ItemReceipt(make_id("item-receipt", key), f"IR-{key}", order.id, received, bill.created_at, lines)
    state.item_receipts.add(receipt)
    bill.item_receipt_ids = [receipt.id]
    for ordered, billed in zip(lines, bill.lines, strict=True):
        billed.item_receipt_line_item_ids = [ordered.id]


def add_credits(state, base):
    """Credits in USD: one untouched, one applied to an open bill, one used up by a paid bill."""
    bills = [bill for bill in state.bills if bill.currency == "USD" and bill.amount > 50_000 and bill.sync_ready]
    unpaid = [bill for bill in bills if not bill.paid_at]
    paid = [bill for bill in bills if bill.paid_at and bill.payment.amount == bill.amount]
    for number, bill, used in ((0, None, 0), (1, _first(unpaid), 4000), (2, _first(paid), 10_000)):
        vendor_id = bill.vendor.id if bill else make_id("vendor", 0)
        coding = list(bill.lines[0].coding) if bill else []
        credit = VendorCredit(
            make_id("vendor-credit", number),
            vendor_id,
            state.entities[0]["id"],
            f"CN-{77 + number}",
            (base - timedelta(days=40 - number)).date(),
            base - timedelta(days=40 - number),
            [Line(10_000, "Returned goods", coding)],
        )
        state.vendor_credits.add(credit)
        if bill:
            _apply(credit, bill, used)


def _apply(credit, bill, amount):
    credit.applied.append((bill.id, amount))
    bill.applied_vendor_credits = [{"id": credit.id, "amount": currency_amount(amount, "USD")}]
    if bill.payment:
        bill.payment.amount -= amount


def _first(bills):
    return next(iter(bills), None)
