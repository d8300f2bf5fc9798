import io
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.errors import ConnectorError
from ..core.files.serialize import file_writer
from ..core.messages import _
from ..exporters.feed_source import FeedSource
from .client_actions import open_dialog, open_list
from .feed_access import check_domain
from .ml_sealed import needs
from .ml_sentence import in_words

PREVIEW_ROWS = 5


class MlFeedTemplate(models.Model):
    """Format and location of the files of a flow, as agreed with the provider."""

    _name = "ml.feed.template"
    _description = "File Template"
    _inherit = ["ml.feed.template.place", "ml.feed.template.format", "ml.sealed"]
    _order = "connection_id, sequence, id"
    _maker_right = "administer"
    _birth_fields = ("connection_id", "flow_id")
    _open_fields = {
        "administer": (
            *("name", "active", "sequence", "entity", "company_code", "column_ids"),
            *("domain", "lines_domain", "mode", "full_days", "max_rows"),
        )
    }

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
    model_name = fields.Char("Model", compute="_compute_model", store=True, precompute=True)
    lines_field = fields.Char("Line Field", compute="_compute_model", store=True, precompute=True)
    domain = fields.Char("Records", default="[]")
    lines_domain = fields.Char("Lines", default="[]")
    mode = fields.Selection(
        [("delta", "Changes Only"), ("full", "All Records")],
        default="delta",
        required=True,
        string="Send",
        help="The first file always has all records.",
    )
    full_days = fields.Integer("Full Export Every (Days)", default=7, help="0 = never.")
    last_full_at = fields.Datetime("Last Full Export", readonly=True, copy=False)
    max_rows = fields.Integer("Rows per File", default=10_000, help="Larger exports are split into several files.")
    shrink_confirmed = fields.Boolean(readonly=True, copy=False)
    preview = fields.Text(compute="_compute_preview")

    _limits = models.Constraint(
        "CHECK(max_rows > 0 AND max_megabytes > 0 AND full_days >= 0 AND answer_hours > 0)",
        "Limits must be positive.",
    )

    def _spec(self):
        """The default template of the flow, or None."""
        return self.flow_id._spec().template if self.flow_id.connection_id else None

    @api.depends("flow_id")
    def _compute_model(self):
        """The model follows from the flow."""
        for template in self:
            spec = template._spec()
            template.model_name = (spec and spec.model) or False
            template.lines_field = (spec and spec.lines) or False

    @api.constrains("domain", "lines_domain")
    def _check_domain(self):
        for template in self.filtered("model_name"):
            check_domain(template._model(), template.domain, self.env._("Records"))
            check_domain(template._model(on_line=True), template.lines_domain, self.env._("Lines"))

    def _model(self, on_line=False):
        """The model of the records or lines, with the rights of the current user."""
        model = self.env[self.model_name]
        return self.env[model._fields[self.lines_field].comodel_name] if on_line and self.lines_field else model

    def _is_full_due(self):
        if self.mode == "full" or not self.last_full_at:
            return True
        return bool(self.full_days) and fields.Datetime.now() - self.last_full_at >= timedelta(days=self.full_days)

    @api.depends("column_ids", "domain", "file_format", "model_name")
    def _compute_preview(self):
        for template in self:
            template.preview = template._preview() if template.model_name and template.id else False

    def _preview(self):
        """The first rows of an export, or the error."""
        template = self._origin or self
        stream = io.BytesIO()
        try:
            source = FeedSource(template)
            writer = file_writer(self._definition(), stream)
            records = source.model.search(source.domain(), order="id", limit=PREVIEW_ROWS)
            for record in source.read(records):
                writer.write_document([writer.texts_of(row) for row in record.rows])
            writer.close()
        except ConnectorError as error:
            return in_words(self.env, error.message)
        except (UserError, KeyError, ValueError) as error:
            return str(error)
        return stream.getvalue().decode(self.encoding, "replace")

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

    @needs("administer")
    def action_confirm_shrink(self):
        """Send the next file, although it deactivates many records."""
        self.sudo().shrink_confirmed = True  # sudo: engine field
        self._decided("confirm", _("The next file may deactivate many records."))
        return self.flow_id.action_sync_now()

    def action_open_files(self):
        self.ensure_one()
        return open_list("ml.feed.file", self.name, [("template_id", "=", self.id)], "list,form")
