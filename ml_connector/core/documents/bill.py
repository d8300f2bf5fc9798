from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .common import AnalyticShare, Attachment, Party, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line; `amount` in the bill's currency, tax included or not as the bill says. Negative for a discount.

    :param purchase_order: the number of the purchase order that it bills, where the line names it
    :param purchase_order_line: our own `purchase.order.line` id, or None
    :param order_line_key: the vendor system's id of the purchase order line that it bills
    :param quantity: units that it bills, where the source states them
    :param unit_price: price of one of them, likewise
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

    :param total: what the vendor is owed, taxes included; the source's total is the truth
    :param tax_total: the tax in it where the source states it; None: it follows from the taxes of the lines
    :param amounts_include_tax: whether the amounts of the lines include their tax
    :param exchange_rate: units of the bill's currency for one of `rate_currency`; None: Odoo's rate of the date
    :param rate_currency: the currency to which the rate leads, empty where that is not known; None: the company's
    :param document_date: date on the vendor's document
    :param accounting_date: date it belongs to in the books; None: the document's date
    :param purchase_order: the number of the purchase order, kept as reference
    :param odoo_id: our own move id, when the bill was born in Odoo
    :param sent_as: ids under which the vendor may have got it from us, when it was born in Odoo
    :param paid_on: when it was paid outside the vendor system; None: it is still to be paid
    :param is_void: taken back at the vendor, or cancelled in Odoo
    :param payment_reference: what the vendor wants to see on the payment
    :param payment_term: terms that its due date comes from
    :param remark: a sentence on what stands in the way of its payment at the provider
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
        """Whether nothing is owed for it any more."""
        return self.is_void
