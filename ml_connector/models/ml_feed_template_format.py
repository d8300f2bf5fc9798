import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.documents import FeedTemplate
from .ml_feed_column import words

MAX_FORMAT = 40
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
AS_THEY_ARE = (
    *("entity", "file_format", "quote_all", "encoding", "bom", "date_format", "datetime_format", "negatives"),
    *("true_word", "false_word", "guard_formulas", "credit_sign", "whole_file", "document_element", "root_element"),
    "archives",
)
"""Fields that the provider's code gets under the same name and with the same value."""


class MlFeedTemplateFormat(models.AbstractModel):
    """How a file is written: its encoding, separators, dates and numbers."""

    _name = "ml.feed.template.format"
    _inherit = "ml.sealed"
    _description = "File Template Format"
    _open_fields = {
        "administer": (
            *("file_format", "delimiter", "quote_all", "encoding", "bom", "line_end", "date_format", "datetime_format"),
            *("decimal_point", "thousands", "negatives", "true_word", "false_word", "guard_formulas"),
            *("root_element", "document_element", "whole_file", "credit_sign", "trailer", "left_out", "archives"),
            *("statuses", "max_megabytes"),
        )
    }

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

    def _definition(self):
        """The template as an argument for the provider's code."""
        self.ensure_one()
        return FeedTemplate(
            **{name: self[name] for name in AS_THEY_ARE},
            columns=tuple(column._definition() for column in self.column_ids),
            delimiter=SIGNS[self.delimiter],
            line_end=SIGNS[self.line_end],
            decimal_point=SIGNS[self.decimal_point],
            thousands=SIGNS.get(self.thousands, ""),
            left_out=words(self.left_out),
            company_code=self.company_code or "",
            max_bytes=self._max_bytes(),
            trailer=self.trailer or "",
            statuses=words((self.statuses or "").upper()),
        )

    def _max_bytes(self):
        """Bytes that a file may have."""
        return self.max_megabytes * 1024 * 1024
