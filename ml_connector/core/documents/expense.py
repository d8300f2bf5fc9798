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
    :param amount: amount charged to the company, in `currency`; negative for a refund
    :param lines: their amounts add up to `amount`
    :param card: reference of the kind `journal`, whose default account holds card transactions until the card's bill
    :param merchant_id: the provider's ID of the merchant, empty if it has none
    :param merchant_amount: amount charged by the merchant, in `merchant_currency`, if that differs
    :param refunds: external ID of the refunded expense
    :param statement: external ID of the card statement that bills it, empty until then
    :param is_exported: whether the provider has marked it as synced already
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

    :param source: reference of the kind `journal` that paid or received it
    :param reference: the bank's number of it
    """

    date: date
    amount: Decimal
    source: Reference
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reimbursement:
    """A debt of the company to an employee, or of the employee to the company (then `bill` is a credit note).

    :param employee: reference of the kind `employee`
    :param bill: the debt as a vendor bill; its vendor is the employee
    :param settlement: its payment, if there was one
    :param is_exported: whether the provider has marked it as synced already
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
