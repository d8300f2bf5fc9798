from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .common import AnalyticShare, Attachment, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One side of an entry: `amount` is a debit when positive, a credit when negative, in the entry's currency.

    :param account: of the kind `account`; or `journal`, for that journal's default account; or `vendor` or `employee`,
        for the payable account of that contact, which becomes the line's partner; or `tax`, for the account of the tax
    :param partner: of the kind `vendor` or `employee`, if the account does not determine it; optional
    :param taxes: (tax, amount) of the taxes with this line as base; other lines book them
    """

    amount: Decimal
    account: Reference
    description: str = ""
    analytics: tuple[AnalyticShare, ...] = ()
    partner: Reference | None = None
    taxes: tuple[tuple[Reference, Decimal], ...] = ()

    @property
    def is_account(self):
        return self.account.kind == "account"

    @property
    def is_contact(self):
        """Whether it is on the payable account of a vendor or employee."""
        return self.account.kind == "vendor" or self.is_employee

    @property
    def is_employee(self):
        return self.account.kind == "employee"

    @property
    def is_tax(self):
        return self.account.kind == "tax"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """An entry whose lines add up to zero.

    :param follows: the provider's ID of the card transaction whose cost the entry reverses, as Odoo booked it; the
        lines then only determine the amount
    :param revision: the provider's name of this version of an entry that may be booked already; empty for the first
    :param is_partial: whether the lines cover only a part of the approved amount
    :param journal: its journal; None: the company's journal for miscellaneous entries
    """

    external_id: str
    number: str
    document_date: date
    currency: str
    lines: tuple[JournalLine, ...]
    accounting_date: date | None = None
    journal: Reference | None = None
    memo: str = ""
    follows: str = ""
    revision: str = ""
    is_partial: bool = False
    attachments: tuple[Attachment, ...] = ()
    url: str = ""
