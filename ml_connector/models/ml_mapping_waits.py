from odoo import api, fields, models

from .client_actions import open_list
from .queries import number_of


class MlMappingWaits(models.AbstractModel):
    """The transfers that wait for a mapping."""

    _name = "ml.mapping.waits"
    _inherit = "ml.sealed"
    _description = "Mapping Waits"

    wait_ids = fields.One2many("ml.wait", "mapping_id", readonly=True)
    waiting_count = fields.Integer("Waiting Records", compute="_compute_waiting_count")

    @api.depends("wait_ids.log_id.state")
    def _compute_waiting_count(self):
        waiting = [("mapping_id", "in", self.ids), ("log_id.state", "=", "waiting")]
        counts = number_of(self.env["ml.wait"], waiting, "mapping_id")
        for mapping in self:
            mapping.waiting_count = counts[mapping._origin]

    def _release(self):
        """Release the transfers that waited for these mappings only."""
        self.sudo().wait_ids._release()  # sudo: whoever may map need not have a right on the queue itself

    def _send_values(self):
        """Send the accounts of newly mapped plans, although they did not change."""
        # sudo: as in `_release`
        flows = self.sudo().connection_id.flow_ids.filtered(lambda flow: flow.active and flow.kind == "list_value")
        flows.next_run_at = fields.Datetime.now()
        for connection in flows.connection_id:
            connection._trigger()

    def action_open_waiting(self):
        self.ensure_one()
        name = self.env._("Waiting for %(code)s", code=self.display_name)
        return open_list("ml.sync.log", name, [("waiting_mapping_ids", "in", self.ids)])
