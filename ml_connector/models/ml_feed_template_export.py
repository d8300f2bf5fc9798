import io
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.errors import ConnectorError
from ..core.files.serialize import file_writer
from ..core.messages import _
from ..exporters.feed_source import FeedSource
from .feed_access import check_domain
from .ml_sealed import needs
from .ml_sentence import in_words

PREVIEW_ROWS = 5


class MlFeedTemplateExport(models.AbstractModel):
    """What an exported file contains: which records, all or the changed ones, and a preview."""

    _name = "ml.feed.template.export"
    _inherit = "ml.sealed"
    _description = "File Template Export"
    _open_fields = {"administer": ("domain", "lines_domain", "mode", "full_days", "max_rows")}

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

    @needs("administer")
    def action_confirm_shrink(self):
        """Send the next file, although it deactivates many records."""
        self.sudo().shrink_confirmed = True  # sudo: engine field
        self._decided("confirm", _("The next file may deactivate many records."))
        return self.flow_id.action_sync_now()
