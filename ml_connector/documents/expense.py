from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .common import AnalyticShare, Attachment, Party, Reference


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
    """Money that an employee spent, with a company card or out of their own pocket.

    :param paid_by: `company` (card) or `employee` (to be reimbursed)
    :param amount: in `currency`, what the company is charged; negative for a refund
    :param merchant_amount: what the merchant charged, in `merchant_currency`, where that differs
    :param card: account or journal of the card that paid
    :param is_personal: the employee owes the amount back to the company
    :param refunds: external id of the expense that this one takes back
    """

    external_id: str
    employee: Party
    employee_email: str = ""
    document_date: date
    currency: str
    amount: Decimal
    lines: tuple[ExpenseLine, ...]
    paid_by: str = "company"
    accounting_date: date | None = None
    merchant: str = ""
    memo: str = ""
    merchant_amount: Decimal | None = None
    merchant_currency: str = ""
    card: Reference | None = None
    is_personal: bool = False
    refunds: str = ""
    attachments: tuple[Attachment, ...] = ()
    url: str = ""
