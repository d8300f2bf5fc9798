from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .common import AnalyticShare, Attachment, Party, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One side of an entry: `amount` is a debit when positive, a credit when negative, in the entry's currency."""

    amount: Decimal
    account: Reference
    description: str = ""
    partner: Party | None = None
    taxes: tuple[Reference, ...] = ()
    analytics: tuple[AnalyticShare, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """An entry whose lines add up to zero."""

    external_id: str
    number: str
    document_date: date
    currency: str
    lines: tuple[JournalLine, ...]
    accounting_date: date | None = None
    journal: Reference | None = None
    memo: str = ""
    attachments: tuple[Attachment, ...] = ()
    url: str = ""
