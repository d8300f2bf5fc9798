"""The values of a vendor's partner and its contacts, and what changes in linked ones."""

from odoo import models
from odoo.tools import email_normalize

from ..core.documents.vendor import person_key, person_keys
from ..core.messages import _
from ..core.tax_numbers import is_filler
from .vendor_names import plain_name

ADDRESS = {"street": "street", "street2": "street2", "city": "city", "zip": "postal_code"}


class VendorValues:
    """Prepares the values of the vendors of a batch. Countries and states are read with one query each."""

    def __init__(self, env, documents):
        self.env = env
        addresses = [document.address for document in documents]
        addresses += [contact.address for document in documents for contact in document.contacts if contact.address]
        countries = env["res.country"].search(
            [("code", "in", list({address.country.upper() for address in addresses} - {""}))]
        )
        self._countries = {country.code: country for country in countries}
        states = env["res.country.state"].search([("country_id", "in", countries.ids)]) if countries else ()
        self._states = {}
        # Odoo has some codes with their country (`DE-BE`); the plain code has priority over an equal name
        for text in (lambda state: state.name, lambda state: state.code, lambda state: state.code.rpartition("-")[2]):
            for state in states:
                self._states[state.country_id, text(state).lower()] = state

    def of(self, document):
        """(values of the partner, notes on what Odoo cannot store)."""
        notes = []
        values = {"name": document.name.strip(), **self._address_values(document.address, notes)}
        values["vat"] = self._vat(document, self.env["res.country"].browse(values["country_id"]), notes)
        values["company_registry"] = "" if is_filler(document.corporate_id) else document.corporate_id.strip()
        contact = next((contact for contact in document.contacts if contact.is_default), None)
        if contact:
            values |= {"email": contact.email.strip(), "phone": contact.phone.strip()}
        return {name: value for name, value in values.items() if value}, notes

    def of_contact(self, contact, notes):
        """Values of a contact of a vendor; empty if it is only its mailbox or has no name."""
        values = {"name": contact.name.strip(), "email": contact.email.strip(), "phone": contact.phone.strip()}
        values["ref"] = contact.external_id if contact.address else ""
        if not values["name"] and contact.is_default:
            # the mailbox of the vendor, which is stored on the vendor itself
            return {}
        values["name"] = values["name"] or values["email"]
        if not values["name"]:
            return {}
        values = {name: value for name, value in values.items() if value}
        if not contact.address:
            return {"type": "contact", **values}
        # with empty values, because an address changes as a whole
        address = self._address_values(contact.address, notes)
        return {"type": "other", **values, **address}

    def _address_values(self, address, notes):
        values = {name: getattr(address, source).strip() for name, source in ADDRESS.items()}
        country = self._country(address, notes)
        return {**values, "country_id": country.id, "state_id": self._state(address, country, notes).id}

    def _country(self, address, notes):
        code = address.country.upper()
        country = self._countries.get(code, self.env["res.country"])
        if code and not country:
            notes.append(_("Country %(country)s does not exist in Odoo and was ignored.", country=code))
        return country

    def _state(self, address, country, notes):
        code = address.state.strip()
        state = self._states.get((country, code.lower()), self.env["res.country.state"])
        if code and not state:
            notes.append(_("State %(state)s does not exist in Odoo and was ignored.", state=code))
        return state

    def _vat(self, document, country, notes):
        if is_filler(document.vat):
            return ""
        vat, _code = self.env["res.partner"]._run_vat_checks(
            country, document.vat.strip(), partner_name=document.name, validation="setnull"
        )
        if not vat:
            notes.append(
                _(
                    "VAT number %(vat)s is not valid in %(country)s and was ignored.",
                    vat=document.vat,
                    country=country.name,
                )
            )
        return vat


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
