"""Parts of several documents."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A remote code that needs a mapping to an Odoo record.

    :param kind: kind of the Odoo record: `account`, `tax`, `analytic`, `journal` ...
    :param external_id: the provider's stable ID, unique for the kind within a connection
    :param code: the code for users (an account code), also used to propose a mapping
    :param name: the provider's name of it, shown in the mappings
    :param group: the provider's group of the code (the accounting field of an option)
    """

    kind: str
    external_id: str
    code: str = ""
    name: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A vendor or employee to which another document refers.

    :param external_id: the provider's ID of the party
    :param odoo_id: the Odoo ID, if Odoo sent it to the provider
    """

    external_id: str
    name: str = ""
    odoo_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticShare:
    """A part of a line's amount for one analytic account; `percentage` of 100."""

    reference: Reference
    percentage: Decimal = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    street: str = ""
    street2: str = ""
    city: str = ""
    postal_code: str = ""
    state: str = ""
    """State or province code of the country, as in ISO 3166-2 without the country."""
    country: str = ""
    """ISO 3166-1 alpha-2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person to talk to or, with `address`, another address of the same vendor.

    :param is_known: whether it is unchanged in Odoo since the last sync
    """

    external_id: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    is_default: bool = False
    address: Address | None = None
    is_known: bool = False

    @property
    def key(self) -> str:
        """Identifies it among the contacts of a vendor."""
        return self.external_id or self.email.lower() or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of the provider. `url` may expire: read the record again before a late download."""

    name: str
    url: str
