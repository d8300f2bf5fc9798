from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.remote import RemoteRecord
from ..models.client_actions import notification, open_form
from ..models.ml_sealed import needs
from ..models.ml_sentence import Sentence

LOOK_BACK = timedelta(days=31)
"""Records may be booked after their date."""


class MlRecovery(models.TransientModel):
    """Records that the provider marks as booked but Odoo does not have, for example after a database restore.

    The scheduled action fills the list, and a user starts the import.
    """

    _name = "ml.recovery"
    _description = "Missing in Odoo"
    _inherit = "ml.sealed"
    _maker_right = "administer"
    _birth_fields = ("connection_id", "since")

    connection_id = fields.Many2one("ml.connection", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="connection_id.company_id", store=True)
    since = fields.Date(required=True, help="First day that Odoo reads again.")
    state = fields.Selection(
        [("new", "New"), ("requested", "Reading"), ("done", "Done"), ("failed", "Failed")],
        default="new",
        required=True,
        readonly=True,
    )
    message = Sentence(readonly=True)
    message_source = fields.Json(readonly=True)
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
        """Find the missing records since that day in the scheduled action."""
        self.ensure_one()
        recovery = self.sudo()  # sudo: engine fields
        recovery.line_ids.unlink()
        recovery.write({"state": "requested", "message": False})
        self.connection_id._decided("look", self.since)
        self.connection_id._trigger()
        return self._open()

    @needs("administer")
    def action_bring_in(self):
        """Import all listed records, without reporting those that the provider already marks as booked."""
        self.ensure_one()
        lines = self.sudo().line_ids  # sudo: users hold no write right on the queue, only this transition
        if not lines:
            raise UserError(self.env._("No missing records are listed."))
        for flow, group in lines.grouped("flow_id").items():
            group._bring_in(flow)
        self.connection_id._decided("recover", self.since)
        self.connection_id._trigger()
        return notification(
            self.env._("Records to import: %(count)s. See their transfers for the results.", count=len(lines))
        )

    def _open(self):
        return open_form(self._name, self.id, name=self.env._("Missing in Odoo"), target="new")


class MlRecoveryLine(models.TransientModel):
    _name = "ml.recovery.line"
    _description = "Record Missing in Odoo"
    _inherit = "ml.sealed"
    _order = "id"

    recovery_id = fields.Many2one("ml.recovery", required=True, readonly=True, ondelete="cascade", index=True)
    flow_id = fields.Many2one("ml.flow", required=True, readonly=True, ondelete="cascade")
    title = fields.Char("Record", readonly=True)
    external_id = fields.Char("Provider ID", readonly=True)
    is_told = fields.Boolean(
        "Already Reported",
        readonly=True,
        help="Odoo already reported the record as booked. It does not report it again.",
    )
    item = fields.Json(groups=fields.NO_ACCESS, help="The record as Odoo read it.")

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
