"""Parts of several documents."""

import re
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import get_args


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


class OwnId(int):
    """The ID of an Odoo record as Odoo sends it to providers: `17-K7QX2M` as text.

    A database restored from a dump assigns the same IDs again, to other records. These are created at another time, so
    their mark differs. A record of the dump keeps its mark, so its counterpart at the provider is found again. A random
    key would be lost with the restored database. Records that were sent before marks existed have none.
    """

    def __new__(cls, value, mark=""):
        own_id = super().__new__(cls, value)
        own_id.mark = mark
        return own_id

    def __str__(self):
        return f"{int(self)}-{self.mark}" if self.mark else int.__repr__(self)

    @classmethod
    def read(cls, text):
        """The ID in a text; None if it is not one."""
        found = re.fullmatch(r"(\d{1,15})(?:-([A-Z2-7]{6}))?", text, re.ASCII)
        return cls(found[1], found[2] or "") if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A record that Odoo sent and that the provider is to release, so that it books it.

    :param parent_external_id: the provider's ID of that record
    """

    parent_external_id: str


def dates_of(document):
    """All dates of a document and of its parts."""
    dates, parts = _fields_of(type(document))
    found = [value for name in dates if (value := getattr(document, name))]
    for name in parts:
        value = getattr(document, name)
        for part in value if isinstance(value, tuple) else (value,):
            found += dates_of(part)
    return found


@cache
def _fields_of(kind):
    """Names of the date fields of a class of documents, and of the fields whose parts have dates."""
    dates, parts = [], []
    for field in fields(kind) if is_dataclass(kind) else ():
        kinds = (field.type, *get_args(field.type))
        if date in kinds:
            dates.append(field.name)
        elif any(is_dataclass(part) and any(_fields_of(part)) for part in kinds):
            parts.append(field.name)
    return tuple(dates), tuple(parts)
