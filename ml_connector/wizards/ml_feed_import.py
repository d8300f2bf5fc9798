import base64
import hashlib
from itertools import islice

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.errors import ConnectorError, FileFormatError, NotRelevantError
from ..core.files.parse import Reading
from ..core.files.records import record_of
from ..core.provider import Settings
from ..models.client_actions import open_form
from ..models.ml_sealed import needs
from ..models.ml_sentence import in_words

MOST_TRIED = 100
MOST_LINES = 20
"""Maximum number of records in a preview, and of lines of each."""


class MlFeedImport(models.TransientModel):
    """The manual import of a file, which is processed like files from the server."""

    _name = "ml.feed.import"
    _description = "Import File"
    _inherit = "ml.sealed"
    _maker_right = "administer"
    _birth_fields = ("replaces_id",)
    _open_fields = {"administer": ("template_id", "content", "name")}

    template_id = fields.Many2one(
        "ml.feed.template", required=True, domain=[("direction", "=", "pull")], string="File Template"
    )
    connection_id = fields.Many2one(related="template_id.connection_id")
    replaces_id = fields.Many2one("ml.feed.file", readonly=True)
    content = fields.Binary("File", required=True, attachment=False)
    name = fields.Char()
    is_tried = fields.Boolean("Preview", readonly=True)
    message = fields.Char("Reason", readonly=True)
    note = fields.Char("Ignored Rows", readonly=True)
    line_ids = fields.One2many("ml.feed.import.line", "import_id", "Records", readonly=True)

    @api.constrains("template_id")
    def _check_template(self):
        if any(wizard.template_id.direction != "pull" for wizard in self):
            raise ValidationError(self.env._("Choose a file template for import."))

    @api.constrains("template_id", "replaces_id")
    def _check_replaces(self):
        for wizard in self.filtered("replaces_id"):
            replaced, template = wizard.replaces_id, wizard.template_id
            is_same = replaced.connection_id == template.connection_id and replaced.template_id <= template
            if not is_same or replaced.direction != "pull" or replaced.state != "failed":
                raise ValidationError(self.env._("A file can only replace a failed file of the same template."))

    @needs("administer")
    def action_try(self):
        """Preview the records of the file without saving anything."""
        self.ensure_one()
        template = self.template_id
        template._check_may("administer")
        tried = {"is_tried": True, "message": False, "note": False, "line_ids": [Command.clear()]}
        try:
            tried.update(self._trial(template._definition(), self._content()))
        except FileFormatError as error:
            tried["message"] = in_words(self.env, error.message)
        self.sudo().write(tried)  # sudo: what a trial shows is nobody's to write
        return open_form(self._name, self.id, name=self.env._("Try on a File"), target="new")

    def _trial(self, definition, content):
        provider = self.template_id._provider_class()(Settings(base_url="", credentials={}), None, None)
        flow = provider.flow(self.template_id.flow_id.key)
        reading = Reading(definition, content)
        labels = {column.name: column.label for column in definition.columns}
        lines = [
            Command.create(self._tried(flow, definition, document, labels))
            for document in islice(reading.documents, MOST_TRIED)
        ]
        is_whole = next(iter(reading.documents), None) is None
        more = [] if is_whole else [self.env._("Only the first %(count)s records are shown.", count=MOST_TRIED)]
        return {
            "line_ids": [Command.clear(), *lines],
            "note": " ".join((*more, *(in_words(self.env, note) for note in reading.notes))) or False,
        }

    def _tried(self, flow, definition, document, labels):
        """The preview of one document: its values and result."""
        item = record_of(definition, document)
        outcome, reason = "taken", False
        try:
            flow.document(item.payload)
        except NotRelevantError as error:
            outcome, reason = "left_out", in_words(self.env, error.message)
        except ConnectorError as error:
            outcome, reason = "failed", in_words(self.env, error.message)
        parts = [document.values, *document.lines[:MOST_LINES]]
        if len(document.lines) > MOST_LINES:
            parts.append({"": "…"})
        texts = [
            ", ".join(f"{labels.get(name, name)} {value}".strip() for name, value in part.items() if value)
            for part in parts
        ]
        return {
            "line": document.line,
            "title": item.title,
            "outcome": outcome,
            "reason": reason,
            "reading": "\n".join(filter(None, texts)),
        }

    def _content(self):
        content = base64.b64decode(self.content)
        template = self.template_id
        if len(content) > template._max_bytes():
            raise UserError(
                self.env._(
                    "The file exceeds the maximum size of its template, %(size)s MB.", size=template.max_megabytes
                )
            )
        return content

    @needs("administer")
    def action_import(self):
        self.ensure_one()
        template = self.template_id
        template._check_may("administer")
        self._check_replaces()
        content = self._content()
        # sudo: administrators hold no right to make files, only this way
        file = self.env["ml.feed.file"].sudo().create(self._file_values(content))
        file._attach(content)
        if self.replaces_id:
            self.replaces_id.sudo().replaced_by_id = file  # sudo: see above
        replaced = self.replaces_id
        file._decided("import", old=replaced.name and f"{replaced.name} ({replaced.id})", new=f"SHA-256 {file.sha256}")
        file._enqueue(template.connection_id._inbox_flow())
        template.connection_id._trigger()
        return open_form("ml.feed.file", file.id)

    def _file_values(self, content):
        template, name = self.template_id, self.name or self.replaces_id.name or "import"
        return {
            "name": name.replace("/", "-").replace("\\", "-")[-200:],
            "connection_id": template.connection_id.id,
            "template_id": template.id,
            "flow_id": template.flow_id.id,
            "direction": "pull",
            "origin": "hand",
            "state": "received",
            "folder": template.folder,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "transferred_at": fields.Datetime.now(),
        }


class MlFeedImportLine(models.TransientModel):
    _name = "ml.feed.import.line"
    _description = "File Import Preview"
    _inherit = "ml.sealed"
    _order = "id"

    import_id = fields.Many2one("ml.feed.import", required=True, readonly=True, ondelete="cascade", index=True)
    line = fields.Integer(readonly=True)
    title = fields.Char("Record", readonly=True)
    outcome = fields.Selection(
        [("taken", "Readable"), ("left_out", "Not Relevant"), ("failed", "Would Fail")], readonly=True
    )
    reason = fields.Char(readonly=True)
    reading = fields.Text("Values", readonly=True)
