"""Documents to Ramp's JSON. Pure functions; they raise `InvalidDataError` if a value that Ramp requires is missing."""

from ...core.errors import InvalidDataError
from ...core.messages import _

VENDOR_CREATE = (
    "name",
    "country",
    "state",
    "external_vendor_id",
    "business_vendor_contacts",
    "address",
)
"""The values that `POST /vendors` accepts."""
VENDOR_UPDATE = ("name", "country", "state", "external_vendor_id", "address", "is_active")
"""The values that `PATCH /vendors/{vendor_id}` accepts."""


def vendor(document, handles):
    """The body for a vendor of bill pay; creating and updating use parts of it.

    Values that Ramp requires of a new vendor do not stop the update of an existing one.

    :param document: `documents.Vendor` from Odoo, with `odoo_id`; with `external_id` if Ramp has it
    """
    is_new = not document.external_id
    if document.odoo_id is None:
        raise InvalidDataError(_("Odoo can only send its own vendors to Ramp."))
    name = document.name.strip()
    if not name:
        raise InvalidDataError(_("Ramp requires a name. Enter one on the vendor."))
    country = document.address.country
    if is_new and not country:
        raise InvalidDataError(_("Ramp requires a country. Enter one on the vendor %(vendor)s.", vendor=name))
    body = {
        "name": name,
        "external_vendor_id": handles.partner(document.odoo_id),
        "is_active": document.active,
    }
    main = _main_contact(document)
    if main:
        body["business_vendor_contacts"] = contact(main)
    elif is_new:
        raise InvalidDataError(
            _(
                "Ramp requires an email address. Enter one on the vendor %(vendor)s or on one of its contacts.",
                vendor=name,
            )
        )
    if country:
        body["country"] = country
    if country == "US" and document.address.state:
        body["state"] = document.address.state
    elif country == "US" and is_new:
        raise InvalidDataError(
            _(
                "Ramp requires the state of vendors in the United States. Enter it on the vendor %(vendor)s.",
                vendor=name,
            )
        )
    address = _address(document.address)
    if address:
        body["address"] = address
    if document.in_books:
        body["accounting_vendor_remote_id"] = handles.partner(document.odoo_id)
    others = {person.email.casefold(): person for person in document.contacts if person.email and not person.is_known}
    # a contact with the vendor's own address is the main contact
    others.pop(main.email.casefold() if main else "", None)
    if others:
        body["contacts"] = [contact(person) for person in others.values()]
    return body


def _main_contact(document):
    """The contact with an email address that Ramp requires; None without one."""
    with_email = [contact for contact in document.contacts if contact.email]
    standard = [contact for contact in with_email if contact.is_default]
    return next(iter(standard or with_email), None)


def contact(person):
    first, _blank, last = person.name.strip().rpartition(" ")
    names = {"first_name": first or last, "last_name": last if first else "", "phone": person.phone}
    return {"email": person.email, **{key: value for key, value in names.items() if value}}


def _address(address):
    """Ramp accepts only complete addresses; in some countries that includes the state."""
    needs_state = address.country in ("AU", "CA", "US")
    if not (address.street and address.city and address.postal_code) or (needs_state and not address.state):
        return None
    body = {
        "address_line_1": address.street,
        "address_line_2": address.street2,
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
        "country": address.country,
    }
    return {key: value for key, value in body.items() if value}
