from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of the chart of accounts.

    :param classification: `asset`, `liability`, `credit_card`, `equity`, `revenue`, `expense` or `other`
    :param active: whether it may be used in new entries
    :param external_id: the provider's ID of the account, if the provider had it before Odoo sent it
    """

    odoo_id: int
    code: str
    name: str
    classification: str
    active: bool = True
    external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A purchase tax. `rate` is the fraction of the net amount that is added to the vendor's total: 0.15 for 15 %.

    :param account_odoo_id: account of the tax
    :param account_external_id: the provider's ID of that account
    :param external_id: the provider's ID of the tax, if the provider had it before Odoo sent it
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
    """A company of the Odoo database, as a legal entity of the provider."""

    odoo_id: int
    name: str
    currency: str
    country: str = ""
    vat: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """An analytic plan.

    :param external_id: the provider's ID of it, if the provider had it before Odoo sent it
    """

    odoo_id: int
    name: str
    active: bool = True
    external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionValue:
    """An analytic account: one value of a dimension.

    :param dimension_odoo_id: its plan
    :param dimension_external_id: the provider's ID of that dimension
    :param dimension_key: key of that dimension on lines of documents
    :param external_id: key of this value on lines of documents, if the provider had it before Odoo sent it
    """

    odoo_id: int
    dimension_odoo_id: int
    name: str
    code: str = ""
    active: bool = True
    dimension_external_id: str = ""
    dimension_key: str = ""
    external_id: str = ""
