from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.provider import RemoteRecord
from ..models.client_actions import notification
from ..models.ml_sealed import needs

LOOK_BACK = timedelta(days=31)
"""What was dated before the database was lost may have been booked after."""


class MlRecovery(models.TransientModel):
    """What the provider regards as booked and Odoo lacks: after an older dump was restored, or records were lost.

    Filled by the connection's job; what is listed comes in when a person says so.
    """

    _name = "ml.recovery"
    _description = "Records That Odoo Lacks"
    _inherit = "ml.sealed"
    _maker_right = "administer"
    _birth_fields = ("connection_id", "since")

    connection_id = fields.Many2one("ml.connection", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="connection_id.company_id", store=True)
    since = fields.Date(required=True, help="First day of what is read again.")
    state = fields.Selection(
        [("new", "New"), ("requested", "Reading"), ("done", "Done"), ("failed", "Failed")],
        default="new",
        required=True,
        readonly=True,
    )
    message = fields.Char(readonly=True)
    line_ids = fields.One2many("ml.recovery.line", "recovery_id", readonly=True)
    line_count = fields.Integer("Records", compute="_compute_line_count")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        connection = self.env["ml.connection"].browse(values.get("connection_id"))
        if connection and "since" in fields:
            values["since"] = (connection.last_success_at or connection.create_date).date() - LOOK_BACK
        return values

    @api.depends("line_ids")
    def _compute_line_count(self):
        for recovery in self:
            recovery.line_count = len(recovery.line_ids)

    @needs("administer")
    def action_look(self):
        """Let the connection's job read again what the provider regards as booked since that day."""
        self.ensure_one()
        recovery = self.sudo()  # sudo: engine fields
        recovery.line_ids.unlink()
        recovery.write({"state": "requested", "message": False})
        self.connection_id._decided("look", self.since)
        self.connection_id._trigger()
        return self._open()

    @needs("administer")
    def action_bring_in(self):
        """Bring in all that is listed. The provider regards it as booked already, so it is not told of it again."""
        self.ensure_one()
        lines = self.sudo().line_ids  # sudo: users hold no write right on the queue, only this transition
        if not lines:
            raise UserError(self.env._("Nothing is listed that Odoo lacks."))
        for flow, group in lines.grouped("flow_id").items():
            group._bring_in(flow)
        self.connection_id._decided("recover", self.since)
        self.connection_id._trigger()
        return notification(self.env._("%s records come in now. The sync log shows what becomes of each.", len(lines)))

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What Odoo Lacks"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class MlRecoveryLine(models.TransientModel):
    _name = "ml.recovery.line"
    _description = "Record That Odoo Lacks"
    _inherit = "ml.sealed"
    _order = "id"

    recovery_id = fields.Many2one("ml.recovery", required=True, readonly=True, ondelete="cascade", index=True)
    flow_id = fields.Many2one("ml.flow", required=True, readonly=True, ondelete="cascade")
    title = fields.Char("Record", readonly=True)
    external_id = fields.Char("Id at the vendor", readonly=True)
    is_told = fields.Boolean(readonly=True, help="The provider was told that it is booked, so it is not told again.")
    item = fields.Json(groups=fields.NO_ACCESS, help="The record as it was read.")

    def _bring_in(self, flow):
        if flow._spec().feed == "inbox":
            self.env["ml.feed.file"]._take_again(flow, [line.item["payload"] for line in self])
            return
        items = [RemoteRecord(**line.item) for line in self]
        logs = self.env["ml.sync.log"]
        logs._store(flow, items)
        rows = logs.search(
            [
                ("flow_id", "=", flow.id),
                ("external_id", "in", self.mapped("external_id")),
                ("is_current", "=", True),
            ]
        )
        told = set(self.filtered("is_told").mapped("external_id"))
        rows.is_acknowledged = True
        rows.filtered(lambda row: row.external_id in told).is_told = True
        rows._make_pending()
