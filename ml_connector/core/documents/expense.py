from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .bill import Bill
from .common import AnalyticShare, Attachment, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseLine:
    """A part of an expense; `amount` in its currency, tax included. Negative for a refund."""

    amount: Decimal
    description: str = ""
    account: Reference | None = None
    taxes: tuple[Reference, ...] = ()
    analytics: tuple[AnalyticShare, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expense:
    """Money that an employee spent with a company card.

    :param employee: reference of the kind `employee`
    :param amount: in `currency`, what the company is charged; negative for a refund
    :param lines: their amounts add up to `amount`
    :param card: reference of the kind `journal`: its default account is where card spend waits for the card's bill
    :param merchant_id: the vendor system's id of the merchant, empty when it has none
    :param merchant_amount: what the merchant charged, in `merchant_currency`, where that differs
    :param refunds: external id of the expense that this one takes back
    :param statement: external id of the card statement that bills it, empty while none does
    :param is_exported: the vendor system regards it as booked already
    """

    external_id: str
    employee: Reference
    document_date: date
    currency: str
    amount: Decimal
    lines: tuple[ExpenseLine, ...]
    card: Reference
    accounting_date: date | None = None
    merchant: str = ""
    merchant_id: str = ""
    memo: str = ""
    merchant_amount: Decimal | None = None
    merchant_currency: str = ""
    refunds: str = ""
    statement: str = ""
    is_exported: bool = False
    attachments: tuple[Attachment, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Money that moved for one document: `amount` is positive, in the document's currency.

    :param source: reference of the kind `journal` from which it came, or into which it went
    :param reference: the number under which the bank knows it
    """

    date: date
    amount: Decimal
    source: Reference
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reimbursement:
    """What the company owes an employee, or the employee the company (then `bill` is a credit note).

    :param employee: reference of the kind `employee`
    :param bill: the debt as a vendor bill; its vendor is the employee
    :param settlement: the money, once it moved
    :param is_exported: the vendor system regards it as booked already
    """

    external_id: str
    employee: Reference
    bill: Bill
    settlement: Settlement | None = None
    is_exported: bool = False

    @property
    def currency(self):
        return self.bill.currency

    @property
    def attachments(self):
        return self.bill.attachments
