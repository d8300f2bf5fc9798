"""Parts that several documents share."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A remote code that stands for an Odoo record and needs a mapping.

    :param kind: `account`, `tax`, `analytic`, `journal` ...: which kind of Odoo record it stands for
    :param external_id: the vendor's stable id, unique for the kind within a connection
    :param code: the code that people know (an account code), used to propose a mapping
    :param name: the name at the vendor, shown to the person who maps
    :param group: what the code belongs to at the vendor (the accounting field of an option)
    """

    kind: str
    external_id: str
    code: str = ""
    name: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A vendor or employee as another document names it.

    :param external_id: the vendor system's id of the party
    :param odoo_id: our own record id, where the other side was told it
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

    :param is_known: whether nothing of it changed in Odoo since both sides agreed last
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
        """What it is known by among the contacts of a vendor."""
        return self.external_id or self.email.lower() or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file at the vendor. `url` may be short-lived: read the object again before a late download."""

    name: str
    url: str
