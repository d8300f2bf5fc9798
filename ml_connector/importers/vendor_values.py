"""The values of a vendor's partner and its contacts."""

from ..core.messages import _
from ..core.tax_numbers import is_filler

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
