"""A bill before it is booked."""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from ..core.messages import _, paragraph
from .importer_tools import exact


@dataclass(slots=True)
class LinePlan:
    """A product line of a bill.

    :ivar amount: as in the document, with or without tax as the document states
    :ivar taxes: `account.tax` records, none when empty: no default taxes are ever added
    :ivar analytic: distribution as Odoo stores it, or False
    :ivar product: `product.product`, empty but for billed purchase orders
    :ivar extra: further values of the line
    :ivar stated_quantity: quantity in the document, for a line that bills a purchase order, or None
    :ivar order_price: unit price on the purchase order; it gives the quantity if the document states none
    :ivar price_unit: as written on the line; it includes those taxes that are price-included
    :ivar subtotal: without tax, in the bill's currency
    :ivar amount_currency: signed as booked
    :ivar balance: signed as booked, in the company's currency
    :ivar correction: unsigned difference to the amount that Odoo computes from the price
    """

    amount: Decimal
    name: str
    account: Any
    taxes: Any
    product: Any
    analytic: dict | bool = False
    quantity: float = 1.0
    extra: dict = field(default_factory=dict)
    stated_quantity: float | None = None
    order_price: float = 0.0
    price_unit: float = 0.0
    subtotal: float = 0.0
    amount_currency: float = 0.0
    balance: float = 0.0
    tag_ids: list = field(default_factory=list)
    correction: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Form:
    """The type of document that a plan becomes.

    :ivar domain: business domain of Odoo's analytic plans; empty if the connector makes the lines, so that no user can
        code them
    :ivar is_exigible: whether its taxes are due immediately, because nothing is left to pay
    """

    domain: str
    is_exigible: bool = False


BILL = Form("bill")
MADE_HERE = Form("")
EXPENSE = Form("expense")
ENTRY = Form("general", is_exigible=True)
OWED_ENTRY = Form("general")


@dataclass
class BillPlan:
    """A bill before it is booked.

    :ivar provider: name of the provider
    :ivar header: values of the move without its lines
    :ivar tax_items: values of the tax lines from Odoo's tax engine
    :ivar corrected: index of the tax line that takes the rounding difference
    :ivar term: payment term of the vendor, if the document states no due date
    :ivar form: type of document that it becomes
    :ivar notes: sentences for the transfer
    :ivar is_draft: whether it stays a draft because Odoo cannot post it
    """

    document: Any
    provider: str
    company: Any
    partner: Any
    journal: Any
    currency: Any
    is_credit: bool
    rate: float = 1.0
    is_rate_stated: bool = False
    header: dict = field(default_factory=dict)
    lines: list[LinePlan] = field(default_factory=list)
    tax_items: list = field(default_factory=list)
    corrected: int | None = None
    term: Any = None
    form: Form = BILL
    notes: list = field(default_factory=list)
    is_draft: bool = False

    def leave_draft(self, reason):
        """Do not post it; return the note on that."""
        self.is_draft = True
        note = paragraph(_("Left as a draft because Odoo cannot post it."), reason)
        self.notes.append(note)
        return note

    @property
    def sign(self):
        """Sign of the balances of the lines: a bill debits them, a credit note credits them."""
        return -1 if self.is_credit else 1

    @cached_property
    def creditor(self):
        return self.partner._ml_creditor(self.company)

    @property
    def is_owed_to_person(self):
        return self.creditor != self.partner.commercial_partner_id

    @property
    def has_tax(self):
        return any(line.taxes for line in self.lines)

    @property
    def base_total(self):
        """Total without tax, as planned."""
        return self.sign * sum((exact(line.amount_currency, self.currency) for line in self.lines), Decimal(0))

    @property
    def tax_total(self):
        """Total tax, as planned."""
        return self.sign * sum((exact(item["amount_currency"], self.currency) for item in self.tax_items), Decimal(0))
