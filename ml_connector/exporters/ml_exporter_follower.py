from odoo import models
from odoo.fields import Domain


class MlExporterFollower(models.AbstractModel):
    """Exports what follows an accepted record, such as its files. It is queued with that record, not by own changes."""

    _name = "ml.exporter.follower"
    _inherit = "ml.exporter"
    _description = "Attachment Exporter"

    def _groups_of(self, flow):
        """The groups of the followed flow."""
        followed = flow.connection_id.flow_ids.filtered(lambda other: other.key == flow._spec().follows)
        return followed._needed_groups()

    def _domain(self, flow):
        return Domain.TRUE
