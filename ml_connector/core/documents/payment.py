from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .common import Attachment, Party, Reference

NUMBER = "number:"
"""Prefix of the key of a bill that is known by vendor and number only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidBill:
    """The part of a payment for one bill; `amount` in the payment's currency, negative for a credit note.

    :param external_id: the provider's ID of the bill; empty if only its number is known
    :param discount: amount that the vendor waived in addition
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

    :param date: date of the payment
    :param source: the paying bank account or card, mapped to a journal
    :param reference: the number of the payment at the bank or the vendor
    :param debited: amount that the bank debited, if the provider states it in another currency
    :param debited_currency: ISO 4217 code of that currency
    :param charges: IDs of the card transactions of this payment
    :param is_void: whether the provider voided it
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
        """Key of a paid bill: its ID, or this vendor and its number."""
        return paid.external_id or f"{NUMBER}{self.vendor.external_id}:{paid.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """A payment of a part of a debt; `amount` is positive.

    :param reference: Odoo's number of the payment
    """

    date: date
    amount: Decimal
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A remote record that Odoo paid in full, or whose payment was undone after Odoo had reported it to the provider.

    :param subject: kind of the record
    :param version: its booked version
    :param number: Odoo's number of the booked record
    :param total: owed amount, in `currency`
    :param taken_back: whether the reported payment was undone; then there are no clearings
    """

    subject: str
    external_id: str
    version: str
    number: str
    currency: str
    total: Decimal
    clearings: tuple[Clearing, ...]
    taken_back: bool = False
