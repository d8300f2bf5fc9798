from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearing:
    """What cleared a part of a debt: `amount` is positive.

    :param reference: our number of the payment
    """

    date: date
    amount: Decimal
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A remote record whose debt was cleared in full, or is open again after the vendor was told that it was.

    :param subject: kind of the record
    :param version: the version of it that was booked
    :param number: our number of the booked record
    :param total: what was owed, in `currency`
    :param taken_back: whether the payment that the vendor was told of is undone; there are no clearings then
    """

    subject: str
    external_id: str
    version: str
    number: str
    currency: str
    total: Decimal
    clearings: tuple[Clearing, ...]
    taken_back: bool = False
