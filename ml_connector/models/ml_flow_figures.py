from odoo import api, fields, models

from .sync_states import OPEN_STATES


class MlFlowFigures(models.AbstractModel):
    """The progress of a flow and the numbers of its transfers."""

    _name = "ml.flow.figures"
    _inherit = "ml.sealed"
    _description = "Flow Figures"

    progress_done = fields.Integer(readonly=True, copy=False)
    progress_total = fields.Integer(readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress")
    done_count = fields.Integer(compute="_compute_done_count")
    failed_count = fields.Integer(compute="_compute_counts")
    waiting_count = fields.Integer(compute="_compute_counts")
    open_count = fields.Integer(compute="_compute_counts")
    unknown_count = fields.Integer(compute="_compute_counts")

    @api.depends("progress_done", "progress_total")
    def _compute_progress(self):
        for flow in self:
            flow.progress = 100.0 * flow.progress_done / flow.progress_total if flow.progress_total else 0.0

    def _compute_done_count(self):
        """Separate from the other counts, because it reads all finished transfers."""
        done = [("flow_id", "in", self.ids), ("state", "=", "done")]
        counts = dict(self.env["ml.sync.log"]._read_group(done, ["flow_id"], ["__count"]))
        for flow in self:
            flow.done_count = counts.get(flow, 0)

    def _compute_counts(self):
        groups = self.env["ml.sync.log"]._read_group(
            [
                ("connection_id", "in", self.connection_id.ids),
                ("flow_id", "in", self.ids),
                ("state", "in", OPEN_STATES),
            ],
            ["flow_id", "state"],
            ["__count"],
        )
        counts = {(flow.id, state): count for flow, state, count in groups}
        for flow in self:
            flow.failed_count = counts.get((flow.id, "failed"), 0)
            flow.waiting_count = counts.get((flow.id, "waiting"), 0)
            flow.unknown_count = counts.get((flow.id, "unknown"), 0)
            flow.open_count = counts.get((flow.id, "pending"), 0) + counts.get((flow.id, "running"), 0)

    def action_open_logs(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "ml.sync.log",
            "view_mode": "list,kanban,form,graph,pivot",
            "domain": [("flow_id", "=", self.id)],
        }
