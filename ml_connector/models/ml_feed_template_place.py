import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.patterns import NamePattern, PatternError, filled, tokens
from .ml_sentence import in_words

NAME_TOKENS = ("company", "feed", "mode", "time", "date", "number", "ext")
ANSWER_TOKENS = ("name", "stem")
COPY_MARK = re.compile(r" ?\(\d{1,3}\)(?=\.[^.]*$)")
"""Mark of browsers for a second file with the same name, such as ` (2)`."""


class MlFeedTemplatePlace(models.AbstractModel):
    """Where the files lie on the server, and their names."""

    _name = "ml.feed.template.place"
    _inherit = "ml.sealed"
    _description = "File Template Place"
    _open_fields = {
        "administer": (
            *("folder", "file_name", "temporary", "accepted_path", "rejected_path", "answer_hours"),
            *("archive_mode", "archive_folder", "error_folder"),
        )
    }

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

    @api.onchange("file_format")
    def _onchange_file_format(self):
        """Adapt the extension in the file name of import templates."""
        if self.direction == "pull" and self.file_name:
            self.file_name = re.sub(r"\b(csv|xml)$", self.file_format, self.file_name)

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

    def _fits(self, name):
        """Whether a file name matches this template, in any case and also with a mark of a copy."""
        pattern = NamePattern(self.file_name, any_case=True)
        return pattern.fits(name) or pattern.fits(COPY_MARK.sub("", name))

    def _answer_path(self, pattern, file):
        """The path of the provider's answer to a file; empty if there are no answers."""
        return filled(pattern or "", {"name": file.name, "stem": file.name.rpartition(".")[0]})

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
