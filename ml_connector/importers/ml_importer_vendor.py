from odoo import models
from odoo.fields import Command
from odoo.tools import email_normalize

from ..core.documents.vendor import person_key, person_keys
from ..core.errors import ConnectorError, InvalidDataError, MappingError, NotReadyError, NotRelevantError
from ..core.messages import _, paragraph
from ..core.tax_numbers import is_filler, same_number
from ..exporters.ml_exporter import SHARED_FIELDS
from .importer_tools import bound_elsewhere, is_of_company, odoo_refusals
from .vendor_claims import VendorClaims, VendorPlan
from .vendor_match import VendorMatch, plain_name, vendor_reference

ADDRESS = {"street": "street", "street2": "street2", "city": "city", "zip": "postal_code"}


class VendorBatch:
    """The shared data of a batch of vendors."""

    def __init__(self, env, flow, documents, resolver):
        self.env = env
        self.flow = flow
        self.provider = flow.connection_id._provider_name()
        self.company = flow.company_id.with_env(env)
        self.resolver = resolver
        addresses = [document.address for document in documents]
        addresses += [contact.address for document in documents for contact in document.contacts if contact.address]
        countries = env["res.country"].search(
            [("code", "in", list({address.country.upper() for address in addresses} - {""}))]
        )
        self.countries = {country.code: country for country in countries}
        states = env["res.country.state"].search([("country_id", "in", countries.ids)]) if countries else ()
        self.states = {}
        # Odoo has some codes with their country (`DE-BE`); the plain code has priority over an equal name
        for text in (lambda state: state.name, lambda state: state.code, lambda state: state.code.rpartition("-")[2]):
            for state in states:
                self.states[state.country_id, text(state).lower()] = state


class MlImporterVendor(models.AbstractModel):
    """Vendors become `res.partner` records, which are found or created."""

    _name = "ml.importer.vendor"
    _inherit = "ml.importer"
    _description = "Vendor Importer"
    _groups = ("base.group_partner_manager",)

    def _references(self, document):
        return (vendor_reference(document),)

    # ------------------------------------------------------------------ plan

    def _plan_batch(self, flow, entries, resolver):
        documents = [entry.document for entry in entries]
        batch = VendorBatch(self.env, flow, documents, resolver)
        bound = [entry for entry in entries if entry.bound]
        self._plan_bound(batch, bound)
        unbound = [entry for entry in entries if not entry.bound]
        chosen = self._chosen(batch, unbound)
        unbound = [entry for entry in unbound if not entry.error]
        match = VendorMatch(self.env, flow, [entry.document for entry in unbound], chosen.values())
        new = []
        for entry in unbound:
            try:
                if self._plan_match(batch, entry, match, chosen.get(entry)):
                    new.append(entry)
            except ConnectorError as error:
                entry.error = error
        self._plan_new(batch, new, match)

    def _plan_match(self, batch, entry, match, chosen):
        """Plan the link of a vendor to its partner; return True if Odoo has none."""
        document = entry.document
        self._check_name(batch, document)
        partner = chosen
        if partner:
            self._check_vendor_company(batch, document, partner)
            match.check_chosen(document, partner)
            entry.is_shared = match.take_chosen(document, partner)
        else:
            partner = match.find(document)
        if not partner:
            return True
        entry.plan("linked", partner, note=self._state_note(batch, document, partner))
        return False

    def _check_name(self, batch, document):
        if not document.name.strip():
            raise InvalidDataError(
                _(
                    "Vendor %(vendor)s has no name. Enter one in %(provider)s.",
                    vendor=document.external_id,
                    provider=batch.provider,
                )
            )

    def _chosen(self, batch, entries):
        """{entry: partner} of the vendors that are mapped."""
        chosen = {}
        for entry in entries:
            try:
                partner = batch.resolver.mapping(vendor_reference(entry.document))
            except MappingError:
                continue
            if partner:
                chosen[entry] = partner._ml_creditor(batch.company)
            else:
                vendor = entry.document.name or entry.document.external_id
                entry.error = NotRelevantError(_("Vendor %(vendor)s is ignored in the mappings.", vendor=vendor))
        return chosen

    def _check_vendor_company(self, batch, document, partner):
        if not is_of_company(partner, batch.company):
            raise NotReadyError(
                _(
                    "The contact to which vendor %(vendor)s is mapped belongs to another company. Map another contact.",
                    vendor=document.name,
                ),
                awaits=partner,
            )

    def _state_note(self, batch, document, partner):
        if not partner.active:
            return _("%(vendor)s is archived in Odoo.", vendor=partner.display_name)
        if not document.active:
            return _("The vendor is inactive in %(provider)s.", provider=batch.provider)
        if document.approval:
            return _(
                "The vendor is not approved in %(provider)s: %(status)s.",
                provider=batch.provider,
                status=document.approval,
            )
        return ""

    def _plan_new(self, batch, entries, match):
        match.read_look_alikes([entry.document for entry in entries])
        for entry in entries:
            try:
                self._plan_creation(batch, entry, match)
            except ConnectorError as error:
                entry.error = error

    def _plan_creation(self, batch, entry, match):
        document = entry.document
        if not batch.flow.create_vendors:
            raise match.ask(document, _("Vendor %(vendor)s is not in Odoo. Map it to a contact.", vendor=document.name))
        match.claim_vat(document)
        values, notes = self._prepare_values(batch, document)
        values |= {"supplier_rank": 1, "is_company": document.is_company, "active": document.active}
        contacts = [self._contact_values(batch, contact, notes) for contact in document.contacts]
        values["child_ids"] = [Command.create(contact) for contact in contacts if contact]
        if look_alikes := match.look_alikes(document):
            names = [self._named(partner) for partner in look_alikes[:3]]
            notes.append(_("Odoo has similar contacts and did not change them: %(contacts)s.", contacts=names))
        entry.plan("created", values=values, note=paragraph(*notes))

    def _named(self, partner):
        """The name of a contact in the notes of a new one, which users of other companies read too."""
        name = "" if partner.company_id else partner.display_name
        return f"{name} (ID {partner.id})".strip()

    # ------------------------------------------------------------------ values

    def _prepare_values(self, batch, document):
        """(values of the partner, notes on what Odoo cannot store)."""
        notes = []
        values = {"name": document.name.strip(), **self._address_values(batch, document.address, notes)}
        values["vat"] = self._vat(document, self.env["res.country"].browse(values["country_id"]), notes)
        values["company_registry"] = "" if is_filler(document.corporate_id) else document.corporate_id.strip()
        contact = next((contact for contact in document.contacts if contact.is_default), None)
        if contact:
            values |= {"email": contact.email.strip(), "phone": contact.phone.strip()}
        return {name: value for name, value in values.items() if value}, notes

    def _address_values(self, batch, address, notes):
        values = {name: getattr(address, source).strip() for name, source in ADDRESS.items()}
        country = self._country(batch, address, notes)
        return {**values, "country_id": country.id, "state_id": self._state(batch, address, country, notes).id}

    def _country(self, batch, address, notes):
        code = address.country.upper()
        country = batch.countries.get(code, self.env["res.country"])
        if code and not country:
            notes.append(_("Country %(country)s does not exist in Odoo and was ignored.", country=code))
        return country

    def _state(self, batch, address, country, notes):
        code = address.state.strip()
        state = batch.states.get((country, code.lower()), self.env["res.country.state"])
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

    def _contact_values(self, batch, contact, notes):
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
        address = self._address_values(batch, contact.address, notes)
        return {"type": "other", **values, **address}

    # ------------------------------------------------------------------ a vendor that is already linked

    def _plan_bound(self, batch, entries):
        if not entries:
            return
        partners = self.env["res.partner"].browse(entry.bound.id for entry in entries)
        together = {partner.id: partner for partner in partners}
        children = self.env["res.partner"].with_context(active_test=False).search([("parent_id", "in", partners.ids)])
        contacts = children.grouped("parent_id")
        claims = VendorClaims(self.env, batch.flow, partners, children)
        owners = bound_elsewhere(batch.flow.connection_id, "vendor", partners)
        for entry in entries:
            partner = together[entry.bound.id]
            try:
                if owners.get(partner.id, entry.document.external_id) != entry.document.external_id:
                    self._plan_shared(batch, entry, partner, owners[partner.id])
                    continue
                self._plan_update(batch, entry, partner, contacts.get(partner, children.browse()), claims)
            except ConnectorError as error:
                entry.error = error

    def _plan_shared(self, batch, entry, partner, owner):
        """Keep the values of one of several vendors linked to a contact, else each would overwrite the others."""
        self._check_vendor_company(batch, entry.document, partner)
        note = _(
            "The contact keeps the values of record %(id)s in %(provider)s, which is linked to it too.",
            id=owner,
            provider=batch.provider,
        )
        entry.plan("unchanged", partner, VendorPlan(), note)

    def _plan_update(self, batch, entry, partner, contacts, claims):
        document = entry.document
        self._check_name(batch, document)
        self._check_vendor_company(batch, document, partner)
        stated, notes = self._prepare_values(batch, document)
        values = self._taken_values(entry, stated)
        changed = {name: value for name, value in values.items() if self._is_changed(partner, document, name, value)}
        said = self._contact_changes(batch, document, partner, contacts, notes)
        new, written = said
        if entry.taken is not None:
            new, written = self._contact_changes(batch, document, partner, contacts, [], entry.read, entry.taken)
        plan = claims.plan(partner, stated, changed, new, written, said)
        if state_note := self._state_note(batch, document, partner):
            notes.append(state_note)
        notes = [*plan.notes, *notes]
        entry.plan("updated" if plan.is_update else "unchanged", partner, plan, paragraph(*notes))

    def _taken_values(self, entry, values):
        """The values that go into Odoo; those that are empty in the document now are emptied."""
        if entry.taken is None:
            return values
        shared = entry.document.shared()
        own = entry.taken & SHARED_FIELDS.keys()
        emptied = {name for name in own if not shared[name] and name != "active"}
        taken = {SHARED_FIELDS[name]: False for name in emptied}
        wanted = {SHARED_FIELDS[name] for name in own - emptied}
        return {**taken, **{name: value for name, value in values.items() if name in wanted}}

    def _is_changed(self, partner, document, name, value):
        current = partner[name]
        if name == "vat":
            code = document.address.country or partner.country_id.code
            return (current or "") != (value or "") and not same_number(current, partner.country_id.code, value, code)
        if name in ("country_id", "state_id"):
            return current.id != value
        return (current or "").strip() != (value or "")

    def _contact_changes(self, batch, document, partner, contacts, notes, read=None, taken=None):
        """Values of contacts to create, and {contact: values} of those to change.

        Contacts are identified by email, addresses by their remote ID, which is the reference of the contact.

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
            values = {} if contact.key in unchanged else self._contact_values(batch, contact, notes)
            if not values or self._is_vendor_itself(document, partner, contact, values):
                continue
            if address := by_ref.get(values.get("ref")):
                known = address
            elif values.get("email"):
                known = by_email.get(email_normalize(values["email"]))
            else:
                known = by_name.get(plain_name(values["name"]))
            if not known:
                new.append(values)
                continue
            wanted = {name: value for name, value in values.items() if name not in ("type", "email", "name")}
            if contact.name.strip() and not address:
                wanted["name"] = contact.name.strip()
            if changes := {name: value for name, value in wanted.items() if value != _plain(known[name])}:
                written[known] = changes
        return new, written

    def _is_vendor_itself(self, document, partner, contact, values):
        """Whether a contact is the vendor itself, with its own name and email, as Odoo sent it before."""
        if plain_name(values["name"]) not in (plain_name(partner.name), plain_name(document.name)):
            return False
        email = email_normalize(values.get("email") or "")
        return contact.is_default or (bool(email) and email == email_normalize(partner.email or ""))

    # ------------------------------------------------------------------ apply

    def _apply_batch(self, flow, entries, resolver):
        writer = self.with_context(ml_no_sync=True, mail_create_nosubscribe=True)
        with odoo_refusals(self.env, entries):
            writer._create_vendors([entry for entry in entries if entry.outcome == "created"])
            writer._update_vendors([entry for entry in entries if entry.outcome == "updated"])
        plans = [entry.values for entry in entries if entry.outcome in ("updated", "unchanged")]
        VendorClaims.keep(self.env, flow, plans)

    def _create_vendors(self, entries):
        partners = self.env["res.partner"].create([entry.values for entry in entries])
        for entry, partner in zip(entries, partners, strict=True):
            entry.record = partner

    def _update_vendors(self, entries):
        contacts = []
        for entry in entries:
            plan, partner = entry.values, entry.record.with_env(self.env)
            if plan.changed:
                partner.write(plan.changed)
            contacts += [{**values, "parent_id": partner.id} for values in plan.new]
            for contact, values in plan.written.items():
                contact.with_env(self.env).write(values)
        self.env["res.partner"].create(contacts)

    def _result_reference(self, record):
        return record.ref or str(record.id)


def _is_merged(person, keys):
    """Whether Odoo has the contact person under the same `keys`, so that it was merged value by value."""
    return person.active and person.type == "contact" and person_key("name", person.email) in keys


def _plain(value):
    """The value of a field as it is written: of a record its ID."""
    return value.id if isinstance(value, models.BaseModel) else value or ""
