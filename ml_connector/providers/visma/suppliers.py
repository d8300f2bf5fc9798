"""Suppliers of Visma.net as vendors."""

from ...core.documents import Address, Contact, Vendor
from ...core.remote import RemoteRecord, content_version
from .wire import part, required, text

PATH = "/v1/supplier"
INACTIVE = "Inactive"


def item(row):
    content = {
        "name": text(row, "name"),
        "active": is_active(row),
        "vat": text(row, "vatRegistrationId"),
        "corporate": text(row, "corporateId"),
        "address": part(row, "mainAddress"),
        "contact": part(row, "mainContact"),
    }
    number = required(row, "number")
    return RemoteRecord(
        external_id=number, version=content_version(content), title=content["name"] or number, payload=row
    )


def vendor(row):
    number = required(row, "number")
    address, contact = part(row, "mainAddress"), part(row, "mainContact")
    country = text(part(address, "country"), "id")
    return Vendor(
        external_id=number,
        name=text(row, "name"),
        vat=text(row, "vatRegistrationId"),
        corporate_id=text(row, "corporateId"),
        active=is_active(row),
        address=Address(
            street=text(address, "addressLine1"),
            street2=second_street(address),
            city=text(address, "city"),
            postal_code=text(address, "postalCode"),
            country=country.upper() if len(country) == 2 else "",
        ),
        contacts=tuple(_contacts(contact)),
    )


def is_active(row):
    return text(row, "status") != INACTIVE


def second_street(address):
    """The second and third line of an address in Visma, which are one line in Odoo."""
    return ", ".join(filter(None, (text(address, "addressLine2"), text(address, "addressLine3"))))


def _contacts(contact):
    if text(contact, "email") or text(contact, "phone1"):
        yield Contact(
            name=text(contact, "name"), email=text(contact, "email"), phone=text(contact, "phone1"), is_default=True
        )
