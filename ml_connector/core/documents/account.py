from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the chart of accounts.

    :param classification: `asset`, `liability`, `credit_card`, `equity`, `revenue`, `expense` or `other`
    :param active: whether it may be used in new entries
    :param external_id: what the vendor system calls the account, where it had it before us
    """

    odoo_id: int
    code: str
    name: str
    classification: str
    active: bool = True
    external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A purchase tax. `rate` is a fraction of the net amount, by which the vendor is paid more: 0.15 for 15 %.

    :param account_odoo_id: account on which the tax is booked
    :param account_external_id: the vendor system's own id of that account
    :param external_id: what the vendor system calls the tax, where it had it before us
    """

    odoo_id: int
    name: str
    rate: Decimal
    account_odoo_id: int | None = None
    account_external_id: str = ""
    active: bool = True
    external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company of the Odoo database, as a legal entity of the vendor system."""

    odoo_id: int
    name: str
    currency: str
    country: str = ""
    vat: str = ""
