from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .common import AnalyticShare, Party, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseOrderLine:
    """`unit_price` without tax, in the order's currency; `odoo_id` is our line, once there is one.

    :param amount: the line's total without tax, where it is not quantity times price to the cent
    :param unit: the unit of measure, by name
    """

    external_id: str = ""
    odoo_id: int | None = None
    description: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    amount: Decimal | None = None
    unit: str = ""
    account: Reference | None = None
    account_odoo_id: int | None = None
    taxes: tuple[Reference, ...] = ()
    analytics: tuple[AnalyticShare, ...] = ()
    analytic_odoo_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseOrder:
    """An order to a vendor, from either side.

    :param state: `draft`, `open`, `cancelled` or `closed`
    :param payment_days: net payment terms in days, None when there are none
    """

    number: str
    vendor: Party
    order_date: date
    currency: str
    lines: tuple[PurchaseOrderLine, ...]
    external_id: str = ""
    odoo_id: int | None = None
    promise_date: date | None = None
    memo: str = ""
    payment_days: int | None = None
    state: str = "open"
    url: str = ""

    @property
    def total(self):
        """Of all lines, without tax."""
        amounts = (line.quantity * line.unit_price if line.amount is None else line.amount for line in self.lines)
        return sum(amounts, Decimal(0))

    @property
    def is_over(self):
        """Whether nothing more is to come of it."""
        return self.state in ("cancelled", "closed")

    @property
    def is_withdrawn(self):
        """Whether nothing is ordered with it any more."""
        return self.state == "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedLine:
    """`quantity` received of an order line, less what was returned.

    :param ordered: quantity that was ordered on that line, where it is known
    """

    purchase_order_line_odoo_id: int
    quantity: Decimal
    ordered: Decimal | None = None
    name: str = ""
    purchase_order_external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsReceipt:
    """What was received at one time on one purchase order."""

    number: str
    purchase_order_odoo_id: int
    received_on: date
    lines: tuple[ReceivedLine, ...]
    external_id: str = ""
    odoo_id: int | None = None
    cancelled: bool = False
