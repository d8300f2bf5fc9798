from dataclasses import dataclass
from datetime import date
from decimal import Decimal


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
