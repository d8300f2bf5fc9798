from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .common import Attachment, Party, Reference

NUMBER = "number:"
"""Before the key of a bill of which only vendor and number are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidBill:
    """The part of a payment that settles one bill; `amount` in the payment's currency, negative for a credit note.

    :param external_id: the vendor system's id of the bill; empty where only its number is known
    :param discount: what is settled beside the amount, because the vendor let it off
    """

    external_id: str
    amount: Decimal
    number: str = ""
    discount: Decimal = Decimal(0)

    @property
    def settled(self):
        return self.amount + self.discount


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money paid to a vendor.

    :param date: the day the money moved
    :param source: where the money came from (bank account, card), mapped to a journal
    :param reference: the number under which the bank or the vendor knows the payment
    :param debited: what the bank took for it, where the source states that in another currency
    :param debited_currency: ISO 4217 code of that
    :param charges: ids of the card transactions that are this payment
    :param is_void: taken back at the vendor
    """

    external_id: str
    vendor: Party
    date: date
    currency: str
    amount: Decimal
    source: Reference
    bills: tuple[PaidBill, ...]
    reference: str = ""
    debited: Decimal | None = None
    debited_currency: str = ""
    charges: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    is_void: bool = False

    def bill_key(self, paid):
        """What a paid bill is found by: its id, or this vendor and its number."""
        return paid.external_id or f"{NUMBER}{self.vendor.external_id}:{paid.number}"
