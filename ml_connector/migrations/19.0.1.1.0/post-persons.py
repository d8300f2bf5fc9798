"""Store the contact persons of vendors on which both sides agreed: as they are in Odoo, and as they were last read."""

from odoo import SUPERUSER_ID, api

from odoo.addons.ml_connector.core.documents.vendor import PERSON_FIELDS, person_key, split_person_key


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    bindings = env["ml.binding"].search([("kind", "=", "vendor"), ("res_model", "=", "res.partner")])
    for binding in bindings.filtered("agreed_odoo"):
        partner = env["res.partner"].browse(binding.res_id).exists().with_company(binding.company_id)
        ours = env["ml.exporter.vendor"]._shared_values(partner).get(partner.id, {})
        since = binding.synced_at
        # what was changed since has yet to be sent
        new = {person.email for person in partner.child_ids if since and person.write_date > since}
        known = {name: value for name, value in ours.items() if split_person_key(name)[1]}
        known = {name: value for name, value in known.items() if split_person_key(name)[1] not in new}
        there = {
            person_key(name, contact["email"]): contact[name]
            for contact in (binding.agreed_vendor or {}).get("contacts", {}).values()
            if contact["email"] and not contact["is_default"] and not contact["address"]
            for name in PERSON_FIELDS
        }
        binding.agreed_odoo = {**known, **binding.agreed_odoo}
        if binding.agreed_vendor:
            binding.agreed_vendor = {**there, **binding.agreed_vendor}
