from odoo import models
from odoo.fields import Command

from ..core.errors import InvalidDataError, MappingError, NotReadyError, NotRelevantError
from ..core.messages import _, paragraph
from ..core.tax_numbers import same_number
from ..exporters.ml_exporter_vendor import SHARED_FIELDS
from .import_batch import Batch
from .importer_tools import is_of_company
from .refusals import odoo_refusals
from .vendor_claims import VendorClaims, VendorPlan
from .vendor_match import VendorMatch, vendor_reference
from .vendor_values import VendorValues, contact_changes


class VendorBatch(Batch):
    def __init__(self, env, flow, documents, resolver):
        super().__init__(env, flow, documents, resolver)
        self.values = VendorValues(env, documents)


class MlImporterVendor(models.AbstractModel):
    """Vendors become `res.partner` records, which are found or created."""

    _name = "ml.importer.vendor"
    _inherit = "ml.importer"
    _description = "Vendor Importer"
    _groups = ("base.group_partner_manager",)

    def _references(self, document):
        return (vendor_reference(document),)

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
            with entry.alone():
                if self._plan_match(batch, entry, match, chosen.get(entry)):
                    new.append(entry)
        look_alikes = match.look_alikes([entry.document for entry in new])
        for entry in new:
            with entry.alone():
                self._plan_new(batch, entry, match, look_alikes)

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

    def _plan_new(self, batch, entry, match, look_alikes):
        document = entry.document
        if not batch.flow.create_vendors:
            raise match.ask(document, _("Vendor %(vendor)s is not in Odoo. Map it to a contact.", vendor=document.name))
        match.claim_vat(document)
        values, notes = batch.values.of(document)
        values |= {"supplier_rank": 1, "is_company": document.is_company, "active": document.active}
        contacts = [batch.values.of_contact(contact, notes) for contact in document.contacts]
        values["child_ids"] = [Command.create(contact) for contact in contacts if contact]
        if similar := look_alikes.of(document):
            names = [self._named(partner) for partner in similar[:3]]
            notes.append(_("Odoo has similar contacts and did not change them: %(contacts)s.", contacts=names))
        entry.plan("created", values=values, note=paragraph(*notes))

    def _named(self, partner):
        """The name of a contact in the notes of a new one, which users of other companies read too."""
        name = "" if partner.company_id else partner.display_name
        return f"{name} (ID {partner.id})".strip()

    # ------------------------------------------------------------------ a vendor that is already linked

    def _plan_bound(self, batch, entries):
        if not entries:
            return
        partners = self.env["res.partner"].browse(entry.bound.id for entry in entries)
        together = {partner.id: partner for partner in partners}
        children = self.env["res.partner"].with_context(active_test=False).search([("parent_id", "in", partners.ids)])
        contacts = children.grouped("parent_id")
        claims = VendorClaims(self.env, batch.flow, partners, children)
        owners = batch.connection.env["ml.binding"]._external_ids(batch.connection, "vendor", partners)
        for entry in entries:
            partner = together[entry.bound.id]
            with entry.alone():
                if owners.get(partner.id, entry.document.external_id) != entry.document.external_id:
                    self._plan_shared(batch, entry, partner, owners[partner.id])
                    continue
                self._plan_update(batch, entry, partner, contacts.get(partner, children.browse()), claims)

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
        stated, notes = batch.values.of(document)
        values = self._taken_values(entry, stated)
        changed = {name: value for name, value in values.items() if self._is_changed(partner, document, name, value)}
        said = contact_changes(batch.values, document, partner, contacts, notes)
        new, written = said
        if entry.taken is not None:
            new, written = contact_changes(batch.values, document, partner, contacts, [], entry.read, entry.taken)
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

    def _apply_batch(self, flow, entries, resolver):
        with odoo_refusals(self.env, entries):
            created = [entry for entry in entries if entry.outcome == "created"]
            partners = self.env["res.partner"].create([entry.values for entry in created])
            for entry, partner in zip(created, partners, strict=True):
                entry.record = partner
            self._update_vendors([entry for entry in entries if entry.outcome == "updated"])
        plans = [entry.values for entry in entries if entry.outcome in ("updated", "unchanged")]
        VendorClaims.keep(self.env, flow, plans)

    def _update_vendors(self, entries):
        contacts = []
        for entry in entries:
            plan, partner = entry.values, entry.record
            if plan.changed:
                partner.write(plan.changed)
            contacts += [{**values, "parent_id": partner.id} for values in plan.new]
            for contact, values in plan.written.items():
                contact.with_env(self.env).write(values)
        self.env["res.partner"].create(contacts)

    def _result_reference(self, record):
        return record.ref or str(record.id)
