import io
import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.documents import FeedColumn, FeedTemplate
from ..core.errors import ConnectorError
from ..core.patterns import NamePattern, PatternError, filled, tokens
from ..exporters.feed_expressions import EXPRESSIONS, paths_read
from ..exporters.feed_source import FeedSource
from .feed_access import check_domain, check_path
from .ml_sealed import needs

NAME_TOKENS = ("company", "feed", "mode", "time", "date", "number", "ext")
ANSWER_TOKENS = ("name", "stem")
PREVIEW_ROWS = 5
MAX_FORMAT = 40
COPY_MARK = re.compile(r" ?\(\d{1,3}\)(?=\.[^.]*$)")
""" (2) before the extension: a file of the same name was there."""
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
"""What the selections of separators and line ends stand for."""


class MlFeedTemplate(models.Model):
    """How the files of a feed look and where they lie. Agreed with the vendor, and therefore data."""

    _name = "ml.feed.template"
    _description = "Feed Template"
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
    sequence = fields.Integer(default=10, help="The first template that a file's name fits is taken.")
    connection_id = fields.Many2one("ml.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    flow_id = fields.Many2one(
        "ml.flow", required=True, ondelete="cascade", index=True, domain="[('connection_id', '=', connection_id)]"
    )
    direction = fields.Selection(related="flow_id.direction", store=True)
    flow_error = fields.Char(related="flow_id.error_message")
    entity = fields.Char(required=True, help="What the records are called in the file.")
    company_code = fields.Char(
        "Company ID", help="The vendor's name of this company. Records of another one are not taken. Empty: any."
    )

    file_format = fields.Selection([("csv", "CSV"), ("xml", "XML")], default="csv", required=True)
    delimiter = fields.Selection(
        [("comma", "Comma"), ("semicolon", "Semicolon"), ("tab", "Tab"), ("bar", "Bar")], default="comma", required=True
    )
    quote_all = fields.Boolean("Quote every value")
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
        help="A file that shows its own encoding without a doubt, by a mark or by its bytes, is read in that one.",
    )
    bom = fields.Boolean("Byte order mark", help="Begin written files with a mark of their encoding.")
    line_end = fields.Selection([("crlf", "Windows"), ("lf", "Unix")], default="crlf", required=True)
    date_format = fields.Char(default="%Y-%m-%d", required=True)
    datetime_format = fields.Char("Date and time format", default="%Y-%m-%dT%H:%M:%SZ", required=True, help="In UTC.")
    decimal_point = fields.Selection([("point", "Point"), ("comma", "Comma")], default="point", required=True)
    thousands = fields.Selection(
        [("comma", "Comma"), ("point", "Point"), ("space", "Space"), ("apostrophe", "Apostrophe")],
        string="Thousands separator",
        help="No-break spaces are taken for spaces.",
    )
    negatives = fields.Selection(
        [("minus", "-1.00"), ("accounting", "-1.00, (1.00) or 1.00-")],
        default="minus",
        required=True,
        string="Negative numbers",
        help="Spreadsheets write negative amounts in brackets, other programs put the minus at the end.",
    )
    true_word = fields.Char("Word for yes", default="true", required=True)
    false_word = fields.Char("Word for no", default="false", required=True)
    guard_formulas = fields.Boolean(
        "Guard against formulas",
        help="Put a quote before texts that a spreadsheet would run as a formula. For files that people open, not for"
        " files that a program reads.",
    )
    root_element = fields.Char(default="Records", required=True)
    document_element = fields.Char(default="Record", required=True)

    folder = fields.Char(required=True, help="On the server, relative to where the login leads.")
    file_name = fields.Char(
        required=True,
        help="Written: a pattern with {company}, {feed}, {mode}, {date}, {time}, {number}, {ext}. Read: a simple"
        " regular expression that all of the name must fit, such as invoices.*\\.csv.",
    )
    next_number = fields.Integer(default=1, readonly=True, copy=False)
    temporary = fields.Selection(
        [("suffix", "Ends in .part"), ("dot", "Begins with a point"), ("none", "None: under its final name")],
        string="While it is being written",
        default="suffix",
        required=True,
        help="A file gets its final name only when all of it is there. Without it, the vendor may read half a file.",
    )
    accepted_path = fields.Char(
        "File that says accepted",
        help="Where the vendor leaves a file once it has taken one of ours, for example inbound/processed/{name}."
        " {name} is the name of our file, {stem} the same without its extension. Empty: the vendor says nothing.",
    )
    rejected_path = fields.Char(
        "File that says rejected",
        help="The same for a file that the vendor refused, for example inbound/error/{name}.error or"
        " inbound/error/{stem}_errors.csv. What is in it is shown.",
    )
    answer_hours = fields.Integer("Warn without an answer after hours", default=24)
    archive_mode = fields.Selection(
        [("move", "Move to a folder"), ("suffix", "Add .done to its name"), ("delete", "Delete"), ("leave", "Leave")],
        string="After a file was read",
        default="move",
        required=True,
    )
    archive_folder = fields.Char("Folder for read files")
    error_folder = fields.Char("Folder for failed files", help="Empty: a file that cannot be read stays where it is.")
    whole_file = fields.Boolean("All or nothing", help="Take no record of a file in which one is wrong.")
    credit_sign = fields.Selection(
        [("auto", "With or without a minus"), ("signed", "With a minus"), ("absolute", "Without a minus")],
        default="auto",
        required=True,
        string="Credits come",
    )
    trailer = fields.Char(
        "Last row begins with",
        help="For CSV files whose last row counts the others, for example TRAILER,120. A file without it, or with"
        " another count, is not taken. Empty: there is no such row.",
    )
    left_out = fields.Char(
        "Leave out rows that begin with",
        help="For CSV files: words, separated by commas. Titles above the headings, repeated headings, rows of totals"
        " only, and rows with a single value and no id are left out in any case. Each is noted on the file.",
    )
    archives = fields.Boolean(
        "Take archives",
        help="Take zip and gzip archives too: up to 20 files without folders, all of them of this template.",
    )
    statuses = fields.Char("Statuses to take", help="Separated by commas; empty: all.")
    max_megabytes = fields.Integer("Largest file (MB)", default=50)

    model_name = fields.Char("Model", compute="_compute_model", store=True, precompute=True)
    lines_field = fields.Char("Field of the lines", compute="_compute_model", store=True, precompute=True)
    domain = fields.Char("Records", default="[]")
    lines_domain = fields.Char("Lines", default="[]")
    mode = fields.Selection(
        [("delta", "What changed"), ("full", "Everything")],
        default="delta",
        required=True,
        string="Send",
        help="The first file has everything in any case.",
    )
    full_days = fields.Integer("Everything again after days", default=7, help="0: never.")
    last_full_at = fields.Datetime(readonly=True, copy=False)
    max_rows = fields.Integer("Rows a file", default=10_000, help="What is more goes into further files.")
    shrink_confirmed = fields.Boolean(readonly=True, copy=False)

    column_ids = fields.One2many("ml.feed.column", "template_id", copy=True)
    preview = fields.Text(compute="_compute_preview")
    file_ids = fields.One2many("ml.feed.file", "template_id", readonly=True)

    _limits = models.Constraint(
        "CHECK(max_rows > 0 AND max_megabytes > 0 AND full_days >= 0 AND answer_hours > 0)",
        "The limits have to be positive.",
    )

    @api.depends("flow_id")
    def _compute_model(self):
        """A feed is about what its flow is about, whoever makes its template."""
        for template in self:
            spec = template._spec()
            template.model_name = (spec and spec.model) or False
            template.lines_field = (spec and spec.lines) or False

    def _spec(self):
        """The default template of the flow; None without."""
        flow = self.flow_id
        feeds = flow.connection_id._provider_class().feeds if flow.connection_id else ()
        return next((spec for spec in feeds if spec.flow == flow.key), None)

    # ------------------------------------------------------------------ checks

    @api.constrains("connection_id", "flow_id")
    def _check_flow(self):
        for template in self:
            if template.flow_id.connection_id != template.connection_id:
                raise ValidationError(self.env._("The flow of a template is one of its own connection."))

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
                        "The pattern of the file name cannot be taken: %(reason)s. Write .* for any text and \\. for a "
                        "point, such as invoices.*\\.csv.",
                        reason=error,
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
                    self.env._("%s needs {name} or {stem}: each file has an answer of its own.", path)
                )

    def _tokens(self, pattern, known):
        """The tokens of a pattern, all of them among the known ones."""
        try:
            found = tokens(pattern)
        except PatternError as error:
            raise ValidationError(
                self.env._("The pattern %(pattern)s cannot be taken: %(reason)s.", pattern=pattern[:80], reason=error)
            ) from error
        if unknown := [token for token in found if token not in known]:
            raise ValidationError(
                self.env._(
                    "The file name cannot have {%(token)s}: use %(tokens)s.",
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
        """Check that whoever saves may read what the template reads. Constraints cannot: they run as superuser."""
        if not self.env.su:
            self._check_domain()
            if all_of_it:  # whoever switches a template on stands for all of it
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
                    raise ValidationError(self.env._("The folder %s cannot be used.", folder))
            if template.direction == "pull" and template.archive_mode == "move" and not template.archive_folder:
                raise ValidationError(self.env._("Say where to move files that were read."))

    @api.constrains("domain", "lines_domain")
    def _check_domain(self):
        for template in self.filtered("model_name"):
            check_domain(template._model(), template.domain, self.env._("Records"))
            check_domain(template._model(on_line=True), template.lines_domain, self.env._("Lines"))

    def _model(self, on_line=False):
        """The model of the records, or of their lines where they have any, in the name of whoever asks."""
        model = self.env[self.model_name]
        return self.env[model._fields[self.lines_field].comodel_name] if on_line and self.lines_field else model

    @api.constrains("date_format", "datetime_format")
    def _check_formats(self):
        now = fields.Datetime.now()
        for template in self:
            for pattern in (template.date_format, template.datetime_format):
                try:
                    # a number after the sign would be a width, of any size
                    if len(pattern) > MAX_FORMAT or not re.fullmatch(r"(?:[^%]|%[A-Za-z%])+", pattern):
                        raise ValueError
                    text = now.strftime(pattern)
                    if not text.isascii() or now.strptime(text, pattern).year != now.year:
                        raise ValueError
                except ValueError as error:
                    raise ValidationError(
                        self.env._("%s is not a date format with day, month and year, such as %%d/%%m/%%Y.", pattern)
                    ) from error

    # ------------------------------------------------------------------ use

    def _definition(self):
        """The template as the vendor's code takes it."""
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
        """Whether a file of that name is for this template: in any case, also as browsers name copies."""
        pattern = NamePattern(self.file_name, any_case=True)
        return pattern.fits(name) or pattern.fits(COPY_MARK.sub("", name))

    def _answer_path(self, pattern, file):
        """Where the vendor's answer to one of our files would be; empty where it gives none."""
        return filled(pattern or "", {"name": file.name, "stem": file.name.rpartition(".")[0]})

    @api.onchange("file_format")
    def _onchange_file_format(self):
        """The names of files to read say what they are."""
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
        """The first rows as they would be written; what stands against it instead."""
        template = self._origin or self
        stream = io.BytesIO()
        try:
            source = FeedSource(template)
            writer = self._provider_class().file_writer(self._definition(), stream)
            records = source.model.search(source.domain(), order="id", limit=PREVIEW_ROWS)
            for record in source.read(records):
                writer.write_document([writer.texts_of(row) for row in record.rows])
            writer.close()
        except ConnectorError as error:
            return error.message
        except (UserError, KeyError, ValueError) as error:
            return str(error)
        return stream.getvalue().decode(self.encoding, "replace")

    @needs("administer")
    def action_send_now(self):
        """Write and send this feed at once: the connection's own job does the work."""
        self._decided("sync")
        return self.flow_id.action_sync_now()

    @needs("administer")
    def action_confirm_shrink(self):
        """Send the next file although it takes many records away from the vendor."""
        self.sudo().shrink_confirmed = True  # sudo: engine field
        self._decided("confirm", self.env._("The next file may take many records away from the vendor."))
        return self.flow_id.action_sync_now()

    @needs("administer")
    def action_try(self):
        """Show how a file that a person has would be read by this template."""
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
    _description = "Feed Column"
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
        help="What a read value stands for, for example number, amount, dimension.Department. Written: id is the code"
        " of the record, active whether it is in use.",
    )
    path = fields.Char("Field", help="Field path of the written value, for example state_id.code.")
    expression = fields.Selection(
        [(name, (function.__doc__ or name).split("\n")[0]) for name, function in EXPRESSIONS.items()],
        string="Computed",
    )
    argument = fields.Char(help="What the computed value is of: a field, or the name of an analytic plan.")
    constant = fields.Char()
    type = fields.Selection(
        [
            ("text", "Text"),
            ("code", "Code"),
            ("date", "Date"),
            ("datetime", "Date and time"),
            ("decimal", "Number"),
            ("integer", "Whole number"),
            ("boolean", "Yes or no"),
        ],
        default="text",
        required=True,
    )
    on_line = fields.Boolean("On lines")
    required = fields.Boolean(help="A record without it is not sent, a document without it is not taken.")
    aliases = fields.Char("Also called", help="Other headings, separated by commas.")
    value_map = fields.Char("Words", help="Values and their words in the file, for example open=O, closed=C.")
    xml_path = fields.Char(
        "XML path", help="Where the value is, for example Vendor/Code or @id. Empty: an element named as the heading."
    )
    max_length = fields.Integer(help="Longer texts are cut off; 0: no limit.")
    decimals = fields.Integer(default=-1, help="-1: as many as there are.")

    _label_unique = models.UniqueIndex("(template_id, label)", "The heading is there already.")

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
        """As that of templates."""
        if not self.env.su:
            self._check_reads()

    @api.constrains("path", "expression", "argument", "on_line", "template_id")
    def _check_reads(self):
        for column in self:
            template = column.template_id
            if not template.model_name:
                if column.path:
                    raise ValidationError(self.env._("Read columns have a meaning, not a field."))
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
                raise ValidationError(self.env._("%s: write words as open=O, closed=C.", column.label))

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
    """The words of a text that separates them by commas."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())
