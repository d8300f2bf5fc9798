from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .client_actions import open_dialog
from .ml_sealed import needs


class MlFeedTemplate(models.Model):
    """Format and location of the files of a flow, as agreed with the provider."""

    _name = "ml.feed.template"
    _description = "File Template"
    _inherit = ["ml.feed.template.place", "ml.feed.template.format", "ml.feed.template.export", "ml.sealed"]
    _order = "connection_id, sequence, id"
    _maker_right = "administer"
    _birth_fields = ("connection_id", "flow_id")
    _open_fields = {"administer": ("name", "active", "sequence", "entity", "company_code", "column_ids")}

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10, help="Odoo uses the first template that matches the name of a file.")
    connection_id = fields.Many2one("ml.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    flow_id = fields.Many2one(
        "ml.flow", required=True, ondelete="cascade", index=True, domain="[('connection_id', '=', connection_id)]"
    )
    direction = fields.Selection(related="flow_id.direction", store=True)
    flow_error = fields.Char(related="flow_id.error_message")
    entity = fields.Char(required=True, help="Name of the records in the file.")
    company_code = fields.Char(
        "Company ID",
        help="ID of this company at the provider. Records of other companies are not imported. Empty = any company.",
    )
    column_ids = fields.One2many("ml.feed.column", "template_id", copy=True)
    file_ids = fields.One2many("ml.feed.file", "template_id", readonly=True)

    _limits = models.Constraint(
        "CHECK(max_rows > 0 AND max_megabytes > 0 AND full_days >= 0 AND answer_hours > 0)",
        "Limits must be positive.",
    )

    def _spec(self):
        """The default template of the flow, or None."""
        return self.flow_id._spec().template if self.flow_id.connection_id else None

    @api.constrains("connection_id", "flow_id")
    def _check_flow(self):
        for template in self:
            if template.flow_id.connection_id != template.connection_id:
                raise ValidationError(self.env._("Choose a flow of the same connection."))

    @api.model_create_multi
    def create(self, vals_list):
        templates = super().create(vals_list)
        templates._check_author(all_of_it=True)
        return templates

    def write(self, vals):
        result = super().write(vals)
        if not {"active", "domain", "lines_domain"}.isdisjoint(vals):
            self._check_author(all_of_it=vals.get("active"))
        return result

    def _check_author(self, all_of_it):
        """Check that the user may read what the template reads. Constraints run as superuser, so they cannot."""
        if not self.env.su:
            self._check_domain()
            if all_of_it:  # the activation of a template needs access to all its fields
                self.column_ids._check_reads()

    @api.constrains("active")
    def _check_switched_on(self):
        self.filtered("active")._check_all()

    def _check_all(self):
        self._check_file_name()
        self._check_answers()
        self._check_folders()
        self._check_domain()
        self._check_formats()
        self.column_ids._check_reads()

    def _provider_class(self):
        return self.connection_id._provider_class()

    @needs("administer")
    def action_send_now(self):
        """Run the flow of the template now, in the scheduled action."""
        self._decided("sync")
        return self.flow_id.action_sync_now()

    @needs("administer")
    def action_try(self):
        """Open the import preview for this template."""
        self.ensure_one()
        return open_dialog("ml.feed.import", self.env._("Try on a File"), default_template_id=self.id)

    def action_open_files(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "ml.feed.file",
            "view_mode": "list,form",
            "domain": [("template_id", "=", self.id)],
        }
