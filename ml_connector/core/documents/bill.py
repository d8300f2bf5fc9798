from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .common import AnalyticShare, Attachment, Party, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line; `amount` in the bill's currency, tax included or not as the bill says. Negative for a discount.

    :param purchase_order: the number of the billed purchase order, if the line names it
    :param purchase_order_line: Odoo ID of the `purchase.order.line`, or None
    :param order_line_key: the provider's ID of the billed purchase order line
    :param quantity: billed units, if the provider states them
    :param unit_price: price of one unit, if the provider states it
    """

    amount: Decimal
    description: str = ""
    account: Reference | None = None
    taxes: tuple[Reference, ...] = ()
    analytics: tuple[AnalyticShare, ...] = ()
    purchase_order: str = ""
    purchase_order_line: int | None = None
    order_line_key: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A vendor bill, or a credit note when `is_credit`; amounts are positive in both cases.

    :param total: amount owed to the vendor, taxes included; the provider's total prevails
    :param tax_total: the tax in it, if the provider states it; None: it follows from the taxes of the lines
    :param amounts_include_tax: whether the amounts of the lines include their tax
    :param exchange_rate: units of the bill's currency for one of `rate_currency`; None: Odoo's rate of the date
    :param rate_currency: the other currency of the rate, empty if it is unknown; None: the company's
    :param document_date: date on the vendor's document
    :param accounting_date: date of the entry; None: the document's date
    :param purchase_order: the number of the purchase order, stored as reference
    :param odoo_id: Odoo ID of the move, if the bill was created in Odoo
    :param sent_as: IDs under which Odoo may have sent it to the provider, if it was created in Odoo
    :param paid_on: date of its payment outside the provider; None: unpaid
    :param is_void: archived or cancelled in the provider, or cancelled in Odoo
    :param payment_reference: the vendor's reference for the payment
    :param payment_term: terms that determine its due date
    :param remark: a sentence on an obstacle to its payment in the provider
    """

    external_id: str
    number: str
    vendor: Party
    document_date: date
    currency: str
    total: Decimal
    lines: tuple[BillLine, ...]
    accounting_date: date | None = None
    due_date: date | None = None
    tax_total: Decimal | None = None
    amounts_include_tax: bool = True
    exchange_rate: Decimal | None = None
    rate_currency: str | None = None
    is_credit: bool = False
    memo: str = ""
    purchase_order: str = ""
    attachments: tuple[Attachment, ...] = ()
    url: str = ""
    odoo_id: int | None = None
    sent_as: tuple[str, ...] = ()
    paid_on: date | None = None
    is_void: bool = False
    payment_reference: str = ""
    payment_term: Reference | None = None
    remark: str = ""

    @property
    def is_withdrawn(self):
        """Whether nothing is owed for it."""
        return self.is_void


@dataclass(frozen=True, slots=True, kw_only=True)
class BillStatus:
    """Status of a bill that Odoo sent to the provider's accounting system.

    :param external_id: the provider's ID of the bill
    :param state: `open`, `partial`, `paid` or `voided`
    """

    external_id: str
    number: str
    state: str
