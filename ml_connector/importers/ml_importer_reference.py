from odoo import models


class MlImporterReference(models.AbstractModel):
    """Codes of the provider become mappings, mapped automatically where Odoo has the same code."""

    _name = "ml.importer.reference"
    _inherit = "ml.importer"
    _description = "Mapping Importer"

    _binds = False

    def _plan_batch(self, flow, entries, resolver):
        for entry in entries:
            entry.plan("updated")

    def _apply_batch(self, flow, entries, resolver):
        mappings = flow.env["ml.mapping"]._upsert(flow.connection_id, [entry.document for entry in entries])
        rows = {(mapping.kind, mapping.external_id): mapping for mapping in mappings}
        for entry in entries:
            entry.record = rows[entry.document.kind, entry.document.external_id]
