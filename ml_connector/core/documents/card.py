from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .common import Attachment, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class CardStatement:
    """The bill of the card issuer for a period.

    :param issuer: reference of the kind `vendor`
    :param card: reference of the kind `journal` whose default account holds unbilled card transactions
    :param total: card spend less refunds; negative when refunds prevail
    :param spends: external IDs of the billed card transactions (kind `expense`)
    :param unbooked: number of those that the provider does not yet mark as ready to sync
    :param unbooked_total: total of those
    """

    external_id: str
    number: str
    issuer: Reference
    card: Reference
    start_date: date
    end_date: date
    currency: str
    total: Decimal
    spends: tuple[str, ...] = ()
    unbooked: int = 0
    unbooked_total: Decimal = Decimal(0)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTransfer:
    """A payment of the card balance to the issuer; negative when the issuer pays back.

    :param source: reference of the kind `journal`
    """

    external_id: str
    issuer: Reference
    source: Reference
    date: date
    currency: str
    amount: Decimal
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditApplication:
    """The part of a vendor credit that was set off against one bill."""

    external_id: str
    credit: str
    bill: str
    amount: Decimal
    currency: str
    number: str = ""
