"""Documents to Ramp's JSON. Pure functions; they raise `InvalidDataError` when Odoo lacks what Ramp insists on."""

# Odoo translates, and there is no Odoo here.

from ...core.errors import InvalidDataError

VENDOR_CREATE = (
    "name",
    "country",
    "state",
    "external_vendor_id",
    "business_vendor_contacts",
    "address",
)
"""What `POST /vendors` takes."""
VENDOR_UPDATE = ("name", "country", "state", "external_vendor_id", "address", "is_active")
"""What `PATCH /vendors/{vendor_id}` takes."""
MAX_MESSAGE = 1000


def vendor(document, handles):
    """The body for a vendor of bill pay, of which create and update each take a part.

    What Ramp insists on of a new vendor holds up no change of one that it has.

    :param document: `documents.Vendor` read from Odoo, with `odoo_id`; with `external_id` where Ramp has it
    """
    is_new = not document.external_id
    if document.odoo_id is None:
        raise InvalidDataError("Only a vendor of Odoo can be sent to Ramp.")
    name = document.name.strip()
    if not name:
        raise InvalidDataError("Ramp needs a name: enter one on the vendor.")
    country = document.address.country
    if is_new and not country:
        raise InvalidDataError(f"Ramp needs a country: enter one on the vendor {name}.")
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
            f"Ramp needs an e-mail address: enter one on the vendor {name} or on one of its contacts."
        )
    if country:
        body["country"] = country
    if country == "US" and document.address.state:
        body["state"] = document.address.state
    elif country == "US" and is_new:
        raise InvalidDataError(f"Ramp needs the state of a vendor in the US: enter it on the vendor {name}.")
    address = _address(document.address)
    if address:
        body["address"] = address
    if document.in_books:
        body["accounting_vendor_remote_id"] = handles.partner(document.odoo_id)
    others = {person.email.casefold(): person for person in document.contacts if person.email and not person.is_known}
    # a person whose address is the vendor's own is that contact
    others.pop(main.email.casefold() if main else "", None)
    if others:
        body["contacts"] = [contact(person) for person in others.values()]
    return body


def _main_contact(document):
    """The one that Ramp insists on, which has an e-mail address; None without one."""
    with_email = [contact for contact in document.contacts if contact.email]
    standard = [contact for contact in with_email if contact.is_default]
    return next(iter(standard or with_email), None)


def contact(person):
    first, _blank, last = person.name.strip().rpartition(" ")
    names = {"first_name": first or last, "last_name": last if first else "", "phone": person.phone}
    return {"email": person.email, **{key: value for key, value in names.items() if value}}


def _address(address):
    """Ramp takes an address only when it is complete; in some countries that includes the state."""
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


def success(result, ramp_id):
    """An entry of `successful_syncs`; only bills may carry a link to our record."""
    body = {"id": ramp_id, "reference_id": result.reference or "Odoo"}
    if result.subject == "bill" and result.url.startswith(("https://", "http://")):
        body["deep_link_url"] = result.url
    return body


def failure(result, ramp_id):
    """An entry of `failed_syncs`; Ramp shows the message to its users."""
    return {"id": ramp_id, "error": {"message": result.failure_text(MAX_MESSAGE)}}
