"""What changes in the contacts of a vendor that is already linked."""

from odoo import models
from odoo.tools import email_normalize

from ..core.documents.vendor import person_key, person_keys
from .vendor_names import plain_name


def contact_changes(prepared, document, partner, contacts, notes, read=None, taken=None):
    """Values of contacts to create, and {contact: values} of those to change.

    Contacts are identified by email, addresses by their remote ID, which is the reference of the contact.

    :param prepared: `VendorValues` of the batch
    :param read: `Vendor.contacts_read` of the last reading: what is the same since then stays as it is in Odoo,
        even if a user deleted it
    :param taken: as `ImportEntry.taken`
    """
    unchanged = [key for key, values in document.contacts_read().items() if read and read.get(key) == values]
    by_ref = {contact.ref: contact for contact in contacts if contact.ref and contact.type != "contact"}
    by_email = {email_normalize(contact.email): contact for contact in contacts if contact.email}
    by_name = {plain_name(contact.name): contact for contact in contacts}
    new, written = [], {}
    for contact in document.contacts:
        keys = person_keys(contact)
        person = by_email.get(email_normalize(contact.email)) if taken is not None and keys else None
        if person and _is_merged(person, keys):
            stated = {name: getattr(contact, name).strip() for key, name in keys.items() if key in taken}
            if changes := {name: value for name, value in stated.items() if value or name != "name"}:
                written[person] = changes
            continue
        values = {} if contact.key in unchanged else prepared.of_contact(contact, notes)
        if not values or _is_vendor_itself(document, partner, contact, values):
            continue
        address = by_ref.get(values.get("ref"))
        email, name = email_normalize(values.get("email") or ""), plain_name(values["name"])
        known = address or (by_email.get(email) if values.get("email") else by_name.get(name))
        if not known:
            new.append(values)
            continue
        wanted = {name: value for name, value in values.items() if name not in ("type", "email", "name")}
        if contact.name.strip() and not address:
            wanted["name"] = contact.name.strip()
        if changes := {name: value for name, value in wanted.items() if value != _plain(known[name])}:
            written[known] = changes
    return new, written


def _is_vendor_itself(document, partner, contact, values):
    """Whether a contact is the vendor itself, with its own name and email, as Odoo sent it before."""
    if plain_name(values["name"]) not in (plain_name(partner.name), plain_name(document.name)):
        return False
    email = email_normalize(values.get("email") or "")
    return contact.is_default or (bool(email) and email == email_normalize(partner.email or ""))


def _is_merged(person, keys):
    """Whether Odoo has the contact person under the same `keys`, so that it was merged value by value."""
    return person.active and person.type == "contact" and person_key("name", person.email) in keys


def _plain(value):
    """The value of a field as it is written: of a record its ID."""
    return value.id if isinstance(value, models.BaseModel) else value or ""
