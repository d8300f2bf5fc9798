"""Purchase orders and item receipts of the Ramp sandbox. Amounts are integers of the minor unit."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass
class OrderLine:
    id: str
    quantity: int
    unit_price: int
    description: str | None = None
    external_id: str | None = None
    coding: list = field(default_factory=list)
    withholding_rate: Decimal | None = None

    @property
    def amount(self):
        return self.quantity * self.unit_price


@dataclass
class PurchaseOrder:
    id: str
    number: str
    currency: str
    entity_id: str
    created_at: datetime
    lines: list
    vendor_id: str | None = None
    external_id: str | None = None
    memo: str | None = None
    net_payment_terms: int | None = None
    owner_id: str | None = None
    promise_date: date | None = None
    spend_start_date: date | None = None
    spend_end_date: date | None = None
    three_way_match_enabled: bool = False
    creation_source: str = "DEVELOPER_API"
    withholding_default_rate: Decimal | None = None
    coding: list = field(default_factory=list)
    archived_at: datetime | None = None

    @property
    def amount(self):
        return sum(line.amount for line in self.lines)

    def line(self, line_id):
        return next((line for line in self.lines if line.id == line_id), None)


@dataclass
class ReceiptLine:
    id: str
    purchase_order_line_item_id: str
    quantity: int | None
    inventory_assignments: list = field(default_factory=list)


@dataclass
class ItemReceipt:
    id: str
    number: str
    purchase_order_id: str
    received_at: date
    created_at: datetime
    lines: list
    memo: str | None = None
    archived_at: datetime | None = None


def receipt_status(order, receipts):
    """How much of an order has arrived."""
    received = dict.fromkeys((line.id for line in order.lines), 0)
    for line in (line for receipt in receipts for line in receipt.lines):
        if line.purchase_order_line_item_id in received:
            received[line.purchase_order_line_item_id] += line.quantity or 0
    if not any(received.values()):
        return "NOT_RECEIVED"
    if any(received[line.id] > line.quantity for line in order.lines):
        return "OVER_RECEIVED"
    return "FULLY_RECEIVED" if all(received[line.id] == line.quantity for line in order.lines) else "PARTIALLY_RECEIVED"
