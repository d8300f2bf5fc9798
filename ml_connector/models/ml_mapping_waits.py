from odoo import api, fields, models

from ..core.awaited import Awaited, odoo_key
from .ml_mapped import MAPPED_MODELS


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
        counts = dict(self.env["ml.wait"]._read_group(waiting, ["mapping_id"], ["__count"]))
        for mapping in self:
            mapping.waiting_count = counts.get(mapping._origin, 0)

    def _release(self):
        """Release the transfers that waited for these mappings only."""
        self.sudo().wait_ids._release()  # sudo: whoever may map need not have a right on the queue itself

    def _release_senders(self):
        """Release transfers that wait for a code of a newly mapped record."""
        waits = self.env["ml.wait"].sudo()  # sudo: as in `_release`
        for connection, mappings in self.filtered("res_id").grouped("connection_id").items():
            codes = {Awaited("code", row.kind, odoo_key(row.res_model, row.res_id)) for row in mappings}
            waits._release_for(connection, codes)
        self._end_outgoing()

    def _end_outgoing(self):
        """Delete the outgoing mappings of records that now have a code."""
        outgoing = self.env["ml.outgoing.code"]
        for (connection, kind), mappings in (
            self.filtered("res_id").grouped(lambda mapping: (mapping.connection_id, mapping.kind)).items()
        ):
            rows = outgoing.search(
                [
                    ("connection_id", "=", connection.id),
                    ("kind", "=", kind),
                    ("res_id", "in", mappings.mapped("res_id")),
                    ("state", "=", "unmapped"),
                ]
            )
            known = outgoing._references(connection, kind, self.env[MAPPED_MODELS[kind]].browse(rows.mapped("res_id")))
            # sudo: whoever may map may end what that settles
            rows.filtered(lambda row, known=known: row.res_id in known).sudo().unlink()

    def _send_values(self):
        """Send the accounts of newly mapped plans, although they did not change."""
        # sudo: as in `_release`
        flows = self.sudo().connection_id.flow_ids.filtered(lambda flow: flow.active and flow.kind == "list_value")
        flows.next_run_at = fields.Datetime.now()
        for connection in flows.connection_id:
            connection._trigger()

    def action_open_waiting(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Waiting for %(code)s", code=self.display_name),
            "res_model": "ml.sync.log",
            "view_mode": "list,kanban,form",
            "domain": [("waiting_mapping_ids", "in", self.ids)],
        }
