import io
import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.documents import FeedColumn, FeedTemplate
from ..core.errors import ConnectorError
from ..core.files.serialize import file_writer
from ..core.messages import _
from ..core.patterns import NamePattern, PatternError, filled, tokens
from ..exporters.feed_expressions import EXPRESSIONS, paths_read
from ..exporters.feed_source import FeedSource
from .feed_access import check_domain, check_path
from .ml_sealed import needs
from .ml_sentence import in_words

NAME_TOKENS = ("company", "feed", "mode", "time", "date", "number", "ext")
ANSWER_TOKENS = ("name", "stem")
PREVIEW_ROWS = 5
MAX_FORMAT = 40
COPY_MARK = re.compile(r" ?\(\d{1,3}\)(?=\.[^.]*$)")
"""Mark of browsers for a second file with the same name, such as ` (2)`."""
SIGNS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "bar": "|",
    "point": ".",
    "space": " ",
    "apostrophe": "'",
    "crlf": "\r\n",
    "lf": "\n",
}
"""Characters of the selections of separators and line ends."""


class MlFeedTemplate(models.Model):
    """Format and location of the files of a flow, as agreed with the provider."""

    _name = "ml.feed.template"
    _description = "File Template"
    _inherit = "ml.sealed"
    _order = "connection_id, sequence, id"
    _maker_right = "administer"
    _birth_fields = ("connection_id", "flow_id")
    _open_fields = {
        "administer": (
            *("name", "active", "sequence", "entity", "company_code", "column_ids"),
            *("file_format", "delimiter", "quote_all", "encoding", "bom", "line_end", "date_format", "datetime_format"),
            *("decimal_point", "thousands", "negatives", "true_word", "false_word", "guard_formulas", "root_element"),
            *("left_out", "document_element", "folder", "file_name", "temporary", "accepted_path", "rejected_path"),
            *("answer_hours", "archive_mode", "archive_folder", "error_folder", "whole_file", "credit_sign"),
            *("trailer", "archives", "statuses", "max_megabytes", "domain", "lines_domain", "mode", "full_days"),
            "max_rows",
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

    file_format = fields.Selection([("csv", "CSV"), ("xml", "XML")], default="csv", required=True)
    delimiter = fields.Selection(
        [("comma", "Comma"), ("semicolon", "Semicolon"), ("tab", "Tab"), ("bar", "Bar")], default="comma", required=True
    )
    quote_all = fields.Boolean("Quote All Values")
    encoding = fields.Selection(
        [
            ("utf-8", "UTF-8"),
            ("cp1252", "Western Windows (cp1252)"),
            ("cp1250", "Central European Windows (cp1250)"),
            ("cp1251", "Cyrillic Windows (cp1251)"),
            ("cp1253", "Greek Windows (cp1253)"),
            ("cp1254", "Turkish Windows (cp1254)"),
            ("iso-8859-15", "Latin 9 (iso8859_15)"),
            ("mac_roman", "Macintosh (mac_roman)"),
            ("cp850", "MS-DOS (cp850)"),
            ("utf-16", "UTF-16"),
        ],
        default="utf-8",
        required=True,
        help="If a file identifies its own encoding, Odoo uses that one instead.",
    )
    bom = fields.Boolean("Byte Order Mark", help="Start exported files with a mark of their encoding.")
    line_end = fields.Selection([("crlf", "Windows"), ("lf", "Unix")], default="crlf", required=True)
    date_format = fields.Char(default="%Y-%m-%d", required=True)
    datetime_format = fields.Char("Date and Time Format", default="%Y-%m-%dT%H:%M:%SZ", required=True, help="In UTC.")
    decimal_point = fields.Selection([("point", "Point"), ("comma", "Comma")], default="point", required=True)
    thousands = fields.Selection(
        [("comma", "Comma"), ("point", "Point"), ("space", "Space"), ("apostrophe", "Apostrophe")],
        string="Thousands Separator",
        help="No-break spaces count as spaces.",
    )
    negatives = fields.Selection(
        [("minus", "-1.00"), ("accounting", "-1.00, (1.00) or 1.00-")],
        default="minus",
        required=True,
        string="Negative Numbers",
        help="Spreadsheets write negative amounts in brackets, other applications put the minus at the end.",
    )
    true_word = fields.Char("Yes Value", default="true", required=True)
    false_word = fields.Char("No Value", default="false", required=True)
    guard_formulas = fields.Boolean(
        "Formula Protection",
        help="Adds a quote before texts that a spreadsheet would run as a formula. Use it for files that people"
        " open, not for files that an application reads.",
    )
    root_element = fields.Char(default="Records", required=True)
    document_element = fields.Char(default="Record", required=True)

    folder = fields.Char(required=True, help="On the server, relative to the folder of the login.")
    file_name = fields.Char(
        required=True,
        help="Export: a pattern with {company}, {feed}, {mode}, {date}, {time}, {number}, {ext}. Import: a simple"
        " regular expression that matches the whole name, such as invoices.*\\.csv.",
    )
    next_number = fields.Integer(default=1, readonly=True, copy=False)
    temporary = fields.Selection(
        [("suffix", "Ends in .part"), ("dot", "Starts with a Dot"), ("none", "None (Final Name)")],
        string="Temporary Name",
        default="suffix",
        required=True,
        help="Odoo gives a file its final name after the upload. Without a temporary name, the provider may read an"
        " incomplete file.",
    )
    accepted_path = fields.Char(
        "Acceptance File",
        help="Path of the file that the provider writes after it has accepted a file, for example"
        " inbound/processed/{name}. {name} is the name of the exported file, {stem} the name without extension."
        " Empty = no acceptance file.",
    )
    rejected_path = fields.Char(
        "Rejection File",
        help="Path of the file that the provider writes after it has rejected a file, for example"
        " inbound/error/{name}.error or inbound/error/{stem}_errors.csv. Odoo shows its content.",
    )
    answer_hours = fields.Integer("Warn If No Answer After (Hours)", default=24)
    archive_mode = fields.Selection(
        [
            ("move", "Move to Folder"),
            ("suffix", "Add .done to Name"),
            ("delete", "Delete"),
            ("leave", "Leave in Place"),
        ],
        string="After Processing",
        default="move",
        required=True,
    )
    archive_folder = fields.Char()
    error_folder = fields.Char(help="Empty = a file that Odoo cannot read stays in place.")
    whole_file = fields.Boolean("All or Nothing", help="Reject the whole file if any record in it is invalid.")
    credit_sign = fields.Selection(
        [("auto", "Either"), ("signed", "Negative"), ("absolute", "Positive")],
        default="auto",
        required=True,
        string="Credit Amounts",
    )
    trailer = fields.Char(
        "Trailer Row Prefix",
        help="For CSV files whose last row has the number of the other rows, for example TRAILER,120. Odoo rejects a"
        " file without that row or with a different number. Empty = no trailer row.",
    )
    left_out = fields.Char(
        "Ignored Row Prefixes",
        help="For CSV files: words, separated by commas. Odoo always ignores titles before the headings, repeated"
        " headings, rows with totals only, and rows with a single value and no ID. The file lists ignored rows.",
    )
    archives = fields.Boolean(
        "Accept Archives",
        help="Also accept zip and gzip archives with up to 20 files of this template and without folders.",
    )
    statuses = fields.Char("Accepted Statuses", help="Separated by commas. Empty = all.")
    max_megabytes = fields.Integer("Maximum Size (MB)", default=50)

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

    column_ids = fields.One2many("ml.feed.column", "template_id", copy=True)
    preview = fields.Text(compute="_compute_preview")
    file_ids = fields.One2many("ml.feed.file", "template_id", readonly=True)

    _limits = models.Constraint(
        "CHECK(max_rows > 0 AND max_megabytes > 0 AND full_days >= 0 AND answer_hours > 0)",
        "Limits must be positive.",
    )

    @api.depends("flow_id")
    def _compute_model(self):
        """The model follows from the flow."""
        for template in self:
            spec = template._spec()
            template.model_name = (spec and spec.model) or False
            template.lines_field = (spec and spec.lines) or False

    def _spec(self):
        """The default template of the flow, or None."""
        return self.flow_id._spec().template if self.flow_id.connection_id else None

    # ------------------------------------------------------------------ checks

    @api.constrains("connection_id", "flow_id")
    def _check_flow(self):
        for template in self:
            if template.flow_id.connection_id != template.connection_id:
                raise ValidationError(self.env._("Choose a flow of the same connection."))

    @api.constrains("file_name", "direction")
    def _check_file_name(self):
        for template in self:
            if template.direction == "push":
                template._check_pattern()
                continue
            try:
                NamePattern(template.file_name)
            except PatternError as error:
                raise ValidationError(
                    self.env._(
                        "The pattern of the file name is not valid. %(reason)s Write .* for any text and \\. for a dot,"
                        " such as invoices.*\\.csv.",
                        reason=in_words(self.env, error.message),
                    )
                ) from error

    def _check_pattern(self):
        if "number" not in self._tokens(self.file_name, NAME_TOKENS):
            raise ValidationError(self.env._("The file name needs {number}, so that no two files have the same name."))

    @api.constrains("accepted_path", "rejected_path")
    def _check_answers(self):
        for path in self.mapped("accepted_path") + self.mapped("rejected_path"):
            if path and not self._tokens(path, ANSWER_TOKENS):
                raise ValidationError(
                    self.env._("%(path)s needs {name} or {stem}, because each file has its own answer.", path=path)
                )

    def _tokens(self, pattern, known):
        """The tokens of a pattern, after a check that all of them are known."""
        try:
            found = tokens(pattern)
        except PatternError as error:
            raise ValidationError(
                self.env._(
                    "The pattern %(pattern)s is not valid. %(reason)s",
                    pattern=pattern[:80],
                    reason=in_words(self.env, error.message),
                )
            ) from error
        if unknown := [token for token in found if token not in known]:
            raise ValidationError(
                self.env._(
                    "The file name cannot contain {%(token)s}. Use %(tokens)s.",
                    token=unknown[0],
                    tokens=", ".join(f"{{{token}}}" for token in known),
                )
            )
        return found

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

    @api.constrains("folder", "archive_folder", "error_folder", "accepted_path", "rejected_path")
    def _check_folders(self):
        for template in self:
            for folder in (
                *(template.folder, template.archive_folder, template.error_folder),
                *(template.accepted_path, template.rejected_path),
            ):
                if folder and (".." in folder.split("/") or "\\" in folder or not folder.isprintable()):
                    raise ValidationError(self.env._("The folder %(folder)s is not allowed.", folder=folder))
            if template.direction == "pull" and template.archive_mode == "move" and not template.archive_folder:
                raise ValidationError(self.env._("Enter the archive folder."))

    @api.constrains("domain", "lines_domain")
    def _check_domain(self):
        for template in self.filtered("model_name"):
            check_domain(template._model(), template.domain, self.env._("Records"))
            check_domain(template._model(on_line=True), template.lines_domain, self.env._("Lines"))

    def _model(self, on_line=False):
        """The model of the records or lines, with the rights of the current user."""
        model = self.env[self.model_name]
        return self.env[model._fields[self.lines_field].comodel_name] if on_line and self.lines_field else model

    @api.constrains("date_format", "datetime_format")
    def _check_formats(self):
        now = fields.Datetime.now()
        for template in self:
            for pattern in (template.date_format, template.datetime_format):
                try:
                    # a number after % would be a width without a limit
                    if len(pattern) > MAX_FORMAT or not re.fullmatch(r"(?:[^%]|%[A-Za-z%])+", pattern):
                        raise ValueError
                    text = now.strftime(pattern)
                    if not text.isascii() or now.strptime(text, pattern).year != now.year:
                        raise ValueError
                except ValueError as error:
                    raise ValidationError(
                        self.env._(
                            "%(format)s is not a date format with day, month and year, such as %%d/%%m/%%Y.",
                            format=pattern,
                        )
                    ) from error

    # ------------------------------------------------------------------ use

    def _definition(self):
        """The template as an argument for the provider's code."""
        self.ensure_one()
        return FeedTemplate(
            entity=self.entity,
            columns=tuple(column._definition() for column in self.column_ids),
            file_format=self.file_format,
            delimiter=SIGNS[self.delimiter],
            quote_all=self.quote_all,
            encoding=self.encoding,
            bom=self.bom,
            line_end=SIGNS[self.line_end],
            date_format=self.date_format,
            datetime_format=self.datetime_format,
            decimal_point=SIGNS[self.decimal_point],
            thousands=SIGNS.get(self.thousands, ""),
            negatives=self.negatives,
            left_out=_words(self.left_out),
            true_word=self.true_word,
            false_word=self.false_word,
            guard_formulas=self.guard_formulas,
            credit_sign=self.credit_sign,
            whole_file=self.whole_file,
            company_code=self.company_code or "",
            document_element=self.document_element,
            root_element=self.root_element,
            max_bytes=self._max_bytes(),
            trailer=self.trailer or "",
            archives=self.archives,
            statuses=_words((self.statuses or "").upper()),
        )

    def _max_bytes(self):
        """Bytes that a file may have."""
        return self.max_megabytes * 1024 * 1024

    def _provider_class(self):
        return self.connection_id._provider_class()

    def _fits(self, name):
        """Whether a file name matches this template, in any case and also with a mark of a copy."""
        pattern = NamePattern(self.file_name, any_case=True)
        return pattern.fits(name) or pattern.fits(COPY_MARK.sub("", name))

    def _answer_path(self, pattern, file):
        """The path of the provider's answer to a file; empty if there are no answers."""
        return filled(pattern or "", {"name": file.name, "stem": file.name.rpartition(".")[0]})

    @api.onchange("file_format")
    def _onchange_file_format(self):
        """Adapt the extension in the file name of import templates."""
        if self.direction == "pull" and self.file_name:
            self.file_name = re.sub(r"\b(csv|xml)$", self.file_format, self.file_name)

    def _is_full_due(self):
        if self.mode == "full" or not self.last_full_at:
            return True
        return bool(self.full_days) and fields.Datetime.now() - self.last_full_at >= timedelta(days=self.full_days)

    def _next_file_name(self, is_full):
        now = fields.Datetime.now()
        values = {
            "company": self.company_code or self.company_id.id,
            "feed": self.entity,
            "mode": "full" if is_full else "delta",
            "date": now.strftime("%Y%m%d"),
            "time": now.strftime("%Y%m%dT%H%M%SZ"),
            "number": f"{self.next_number:06d}",
            "ext": self.file_format,
        }
        name = filled(self.file_name, values)
        self.next_number += 1
        return re.sub(r"[^A-Za-z0-9._-]", "-", name)[-120:]

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
    def action_send_now(self):
        """Run the flow of the template now, in the scheduled action."""
        self._decided("sync")
        return self.flow_id.action_sync_now()

    @needs("administer")
    def action_confirm_shrink(self):
        """Send the next file, although it deactivates many records."""
        self.sudo().shrink_confirmed = True  # sudo: engine field
        self._decided("confirm", _("The next file may deactivate many records."))
        return self.flow_id.action_sync_now()

    @needs("administer")
    def action_try(self):
        """Open the import preview for this template."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try on a File"),
            "res_model": "ml.feed.import",
            "view_mode": "form",
            "target": "new",
            "context": {"default_template_id": self.id},
        }

    def action_open_files(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "ml.feed.file",
            "view_mode": "list,form",
            "domain": [("template_id", "=", self.id)],
        }


class MlFeedColumn(models.Model):
    _name = "ml.feed.column"
    _description = "File Column"
    _inherit = "ml.sealed"
    _order = "template_id, sequence, id"
    _maker_right = "administer"
    _birth_fields = ("template_id",)
    _open_fields = {
        "administer": (
            *("sequence", "label", "name", "path", "expression", "argument", "constant", "type", "on_line"),
            *("required", "aliases", "value_map", "xml_path", "max_length", "decimals"),
        )
    }

    template_id = fields.Many2one("ml.feed.template", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="template_id.company_id", store=True, index=True)
    connection_id = fields.Many2one(related="template_id.connection_id", store=True, index=True)
    direction = fields.Selection(related="template_id.direction")
    sequence = fields.Integer(default=10)
    label = fields.Char(required=True, help="Heading in the file, or name of the XML element.")
    name = fields.Char(
        "Meaning",
        help="Import: the meaning of the value, for example number, amount, dimension.Department. Export: id for the"
        " code of the record, active for its status.",
    )
    path = fields.Char("Field", help="Field path of the exported value, for example state_id.code.")
    expression = fields.Selection(
        [(name, name.replace("_", " ").title().replace("Id", "ID")) for name in EXPRESSIONS],
        string="Computed",
    )
    argument = fields.Char(help="Field or analytic plan that the value is computed from.")
    constant = fields.Char()
    type = fields.Selection(
        [
            ("text", "Text"),
            ("code", "Code"),
            ("date", "Date"),
            ("datetime", "Date and Time"),
            ("decimal", "Number"),
            ("integer", "Integer"),
            ("boolean", "Yes/No"),
        ],
        default="text",
        required=True,
    )
    on_line = fields.Boolean("On Lines")
    required = fields.Boolean(
        help="Records without this value are not exported, documents without it are not imported."
    )
    aliases = fields.Char(help="Other headings, separated by commas.")
    value_map = fields.Char("Words", help="Values and their words in the file, for example open=O, closed=C.")
    xml_path = fields.Char(
        "XML Path",
        help="Path of the value, for example Vendor/Code or @id. Empty = the element named like the heading.",
    )
    max_length = fields.Integer(help="Longer texts are cut off. 0 = no limit.")
    decimals = fields.Integer(default=-1, help="-1 = all decimals.")

    _label_unique = models.UniqueIndex("(template_id, label)", "Another column already has this heading.")

    @api.model_create_multi
    def create(self, vals_list):
        columns = super().create(vals_list)
        columns._check_author()
        return columns

    def write(self, vals):
        result = super().write(vals)
        if not {"path", "expression", "argument", "on_line"}.isdisjoint(vals):
            self._check_author()
        return result

    def _check_author(self):
        """See `MlFeedTemplate._check_author`."""
        if not self.env.su:
            self._check_reads()

    @api.constrains("path", "expression", "argument", "on_line", "template_id")
    def _check_reads(self):
        for column in self:
            template = column.template_id
            if not template.model_name:
                if column.path:
                    raise ValidationError(self.env._("Import columns need a meaning instead of a field path."))
                continue
            model = template._model(column.on_line)
            if column.path:
                check_path(model, column.path, column.label)
            for path in paths_read(column.expression, column.argument, model):
                check_path(model, path, column.label, as_value=False)

    @api.constrains("value_map")
    def _check_value_map(self):
        for column in self.filtered("value_map"):
            if any("=" not in pair for pair in column.value_map.split(",") if pair.strip()):
                raise ValidationError(
                    self.env._("Enter the words of %(column)s like open=O, closed=C.", column=column.label)
                )

    def _told_of(self):
        return self.template_id

    def _definition(self):
        pairs = (pair.split("=", 1) for pair in (self.value_map or "").split(",") if pair.strip())
        return FeedColumn(
            label=self.label,
            name=self.name or self.label,
            type=self.type,
            on_line=self.on_line,
            required=self.required,
            aliases=_words(self.aliases),
            values=tuple((value.strip(), word.strip()) for value, word in pairs),
            xml_path=self.xml_path or "",
            max_length=self.max_length,
            decimals=None if self.decimals < 0 else self.decimals,
        )


def _words(text):
    """The comma-separated words of a text."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())
