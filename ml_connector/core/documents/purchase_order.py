from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .common import AnalyticShare, Party, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseOrderLine:
    """`unit_price` without tax, in the order's currency; `odoo_id` is the line in Odoo, if it exists.

    :param amount: the line's total without tax, if it differs from quantity times price
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseOrder:
    """An order to a vendor, from Odoo or from the provider.

    :param state: `draft`, `open`, `cancelled` or `closed`
    :param payment_days: net payment terms in days, None without terms
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
        """Total of all lines, without tax."""
        amounts = (line.quantity * line.unit_price if line.amount is None else line.amount for line in self.lines)
        return sum(amounts, Decimal(0))

    @property
    def is_over(self):
        """Whether the order is finished."""
        return self.state in ("cancelled", "closed")

    @property
    def is_withdrawn(self):
        """Whether the order was cancelled."""
        return self.state == "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedLine:
    """`quantity` received of an order line, less returns.

    :param ordered: ordered quantity of that line, if it is known
    """

    purchase_order_line_odoo_id: int
    quantity: Decimal
    ordered: Decimal | None = None
    name: str = ""
    purchase_order_external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsReceipt:
    """Goods received at one time on one purchase order."""

    number: str
    purchase_order_odoo_id: int
    received_on: date
    lines: tuple[ReceivedLine, ...]
    external_id: str = ""
    odoo_id: int | None = None
    cancelled: bool = False
