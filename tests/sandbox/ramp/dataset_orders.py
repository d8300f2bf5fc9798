"""Purchase orders, item receipts and vendor credits of the data set; they refer to its bills."""

from datetime import timedelta

from .model import Line
from .money import currency_amount
from .orders_model import ItemReceipt, OrderLine, PurchaseOrder, ReceiptLine
from .spend_model import VendorCredit
from .state import make_id, midnight

MANY_BILLS = 80


def add_orders(state, base):
    """One order for each bill that refers to one: its lines are those of the bill, and some have arrived."""
    for bill in list(state.bills):
        if bill.purchase_order_ids:
            order = _order_of(state, bill, len(state.purchase_orders))
            state.purchase_orders.add(order)
            if order.three_way_match_enabled:
                _receive(state, bill, order)
    loose = PurchaseOrder(
        *(make_id("purchase-order", "loose"), str(len(state.purchase_orders) + 1), "USD"),
        *(state.entities[0]["id"], base - timedelta(days=10)),
        [OrderLine(make_id("purchase-order/loose/line", 0), 4, 12500, description="Standing desks")],
        vendor_id=make_id("vendor", 0),
        creation_source="RAMP",
    )
    state.purchase_orders.add(loose)


def _order_of(state, bill, number):
    order = PurchaseOrder(
        *(bill.purchase_order_ids[0], str(number + 1), bill.currency, bill.entity_id),
        midnight(bill.issued_at - timedelta(days=14)),
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
    """Credits in USD: one untouched; from the demo size on, one applied to an open bill and one to a paid bill."""
    _credit(state, base, 0, state.vendors.get(make_id("vendor", 0)))
    if len(state.bills) < MANY_BILLS:
        return
    bills = [bill for bill in state.bills if bill.currency == "USD" and bill.amount > 50_000 and bill.sync_ready]
    unpaid = next(bill for bill in reversed(bills) if not bill.paid_at)
    paid = next(bill for bill in reversed(bills) if bill.paid_at and bill.payment.amount == bill.amount)
    for number, bill, used in ((1, unpaid, 4_000), (2, paid, 10_000)):
        _apply(_credit(state, base, number, bill.vendor, list(bill.lines[0].coding)), bill, used)


def _credit(state, base, number, vendor, coding=()):
    made = base - timedelta(days=40 - number)
    return state.vendor_credits.add(
        VendorCredit(
            *(make_id("vendor-credit", number), vendor.id, state.entities[0]["id"], f"CN-{77 + number}", made.date()),
            *(made, [Line(10_000, "Returned goods", list(coding))]),
        )
    )


def _apply(credit, bill, amount):
    credit.applied.append((bill.id, amount))
    bill.applied_vendor_credits = [{"id": credit.id, "amount": currency_amount(amount, "USD")}]
    if bill.payment:
        bill.payment.amount -= amount
