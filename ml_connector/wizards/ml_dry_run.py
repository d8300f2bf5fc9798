from collections import Counter

from odoo import api, fields, models

from ..models.ml_sentence import Sentence

OUTCOMES = [
    ("created", "Would Be Created"),
    ("linked", "Would Be Linked"),
    ("updated", "Would Be Updated"),
    ("unchanged", "Already in Odoo"),
    ("drift", "Changed After Posting"),
    ("sent", "Would Be Sent"),
    ("waiting", "Would Wait"),
    ("failed", "Would Fail"),
]


class MlDryRun(models.TransientModel):
    """The preview of a sync of a flow, filled by the scheduled action without writing or sending."""

    _name = "ml.dry.run"
    _description = "Dry Run"
    _inherit = "ml.sealed"
    _maker_right = "administer"
    _birth_fields = ("flow_id",)

    flow_id = fields.Many2one("ml.flow", required=True, ondelete="cascade")
    connection_id = fields.Many2one(related="flow_id.connection_id", store=True)
    company_id = fields.Many2one(related="flow_id.company_id", store=True)
    state = fields.Selection(
        [("requested", "Running"), ("done", "Done"), ("failed", "Failed")],
        default="requested",
        required=True,
        readonly=True,
    )
    message = Sentence(readonly=True)
    message_source = fields.Json(readonly=True)
    line_ids = fields.One2many("ml.dry.run.line", "dry_run_id", readonly=True)
    create_count = fields.Integer("To Create", compute="_compute_counts")
    link_count = fields.Integer("To Link", compute="_compute_counts")
    update_count = fields.Integer("To Update", compute="_compute_counts")
    unchanged_count = fields.Integer("Already in Odoo", compute="_compute_counts")
    changed_count = fields.Integer("Changed After Posting", compute="_compute_counts")
    waiting_count = fields.Integer("Would Wait", compute="_compute_counts")
    failed_count = fields.Integer("Would Fail", compute="_compute_counts")
    sent_count = fields.Integer("To Send", compute="_compute_counts")

    @api.model_create_multi
    def create(self, vals_list):
        dry_runs = super().create(vals_list)
        dry_runs.flow_id._decided("dry_run")
        return dry_runs

    @api.depends("line_ids.outcome")
    def _compute_counts(self):
        for dry_run in self:
            counts = Counter(dry_run.line_ids.mapped("outcome"))
            dry_run.create_count = counts["created"]
            dry_run.link_count = counts["linked"]
            dry_run.update_count = counts["updated"]
            dry_run.unchanged_count = counts["unchanged"]
            dry_run.changed_count = counts["drift"]
            dry_run.waiting_count = counts["waiting"]
            dry_run.failed_count = counts["failed"]
            dry_run.sent_count = counts["sent"]


class MlDryRunLine(models.TransientModel):
    _name = "ml.dry.run.line"
    _description = "Dry Run Line"
    _inherit = "ml.sealed"
    _order = "id"

    dry_run_id = fields.Many2one("ml.dry.run", required=True, readonly=True, ondelete="cascade", index=True)
    title = fields.Char("Record", readonly=True)
    external_id = fields.Char("Provider ID", readonly=True)
    outcome = fields.Selection(OUTCOMES, readonly=True)
    reason = Sentence(readonly=True)
    reason_source = fields.Json(readonly=True)
