from odoo import api, fields, models

OUTCOMES = [
    ("created", "Would be created"),
    ("linked", "Would be linked"),
    ("updated", "Would be updated"),
    ("unchanged", "Is in Odoo already"),
    ("drift", "Differs from what is posted"),
    ("sent", "Would be sent"),
    ("waiting", "Would wait"),
    ("failed", "Would fail"),
]


class MlDryRun(models.TransientModel):
    """What a sync of a flow would do and why. Filled by the connection's job; nothing is written or sent."""

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
    message = fields.Char(readonly=True)
    line_ids = fields.One2many("ml.dry.run.line", "dry_run_id", readonly=True)
    create_count = fields.Integer("To create", compute="_compute_counts")
    link_count = fields.Integer("To link", compute="_compute_counts")
    update_count = fields.Integer("To update", compute="_compute_counts")
    unchanged_count = fields.Integer("In Odoo already", compute="_compute_counts")
    changed_count = fields.Integer("Differ", compute="_compute_counts")
    waiting_count = fields.Integer("To wait", compute="_compute_counts")
    failed_count = fields.Integer("To fail", compute="_compute_counts")
    sent_count = fields.Integer("To send", compute="_compute_counts")

    @api.model_create_multi
    def create(self, vals_list):
        dry_runs = super().create(vals_list)
        dry_runs.flow_id._decided("dry_run")
        return dry_runs

    @api.depends("line_ids.outcome")
    def _compute_counts(self):
        fields_by_outcome = {
            "create_count": ("created",),
            "link_count": ("linked",),
            "update_count": ("updated",),
            "unchanged_count": ("unchanged",),
            "changed_count": ("drift",),
            "waiting_count": ("waiting",),
            "failed_count": ("failed",),
            "sent_count": ("sent",),
        }
        for dry_run in self:
            outcomes = dry_run.line_ids.mapped("outcome")
            for field, counted in fields_by_outcome.items():
                dry_run[field] = sum(outcome in counted for outcome in outcomes)


class MlDryRunLine(models.TransientModel):
    _name = "ml.dry.run.line"
    _description = "Dry Run Line"
    _inherit = "ml.sealed"
    _order = "id"

    dry_run_id = fields.Many2one("ml.dry.run", required=True, readonly=True, ondelete="cascade", index=True)
    title = fields.Char("Record", readonly=True)
    external_id = fields.Char("Id at the vendor", readonly=True)
    outcome = fields.Selection(OUTCOMES, readonly=True)
    reason = fields.Char("Why", readonly=True)
