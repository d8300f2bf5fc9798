import base64
import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..models.ml_sealed import needs


class MlFeedImport(models.TransientModel):
    """A file that a person has: read by the same way as those from the server."""

    _name = "ml.feed.import"
    _description = "Import a File"
    _inherit = "ml.sealed"
    _maker_right = "administer"
    _birth_fields = ("replaces_id",)
    _open_fields = {"administer": ("template_id", "content", "name")}

    template_id = fields.Many2one(
        "ml.feed.template", required=True, domain=[("direction", "=", "pull")], string="Read as"
    )
    connection_id = fields.Many2one(related="template_id.connection_id")
    replaces_id = fields.Many2one("ml.feed.file", readonly=True, string="In place of")
    content = fields.Binary("File", required=True, attachment=False)
    name = fields.Char()

    @api.constrains("template_id")
    def _check_template(self):
        if any(wizard.template_id.direction != "pull" for wizard in self):
            raise ValidationError(self.env._("Choose a template of files that are read."))

    @api.constrains("template_id", "replaces_id")
    def _check_replaces(self):
        for wizard in self.filtered("replaces_id"):
            replaced, template = wizard.replaces_id, wizard.template_id
            is_same = replaced.connection_id == template.connection_id and replaced.template_id <= template
            if not is_same or replaced.direction != "pull" or replaced.state != "failed":
                raise ValidationError(self.env._("A file can stand in for a failed one of the same template only."))

    @needs("administer")
    def action_import(self):
        self.ensure_one()
        template = self.template_id
        template._check_may("administer")
        self._check_replaces()
        content = base64.b64decode(self.content)
        if len(content) > template.max_megabytes * 1024 * 1024:
            raise UserError(self.env._("The file is larger than the %s MB of its template.", template.max_megabytes))
        # sudo: administrators hold no right to make files, only this way
        file = (
            self.env["ml.feed.file"]
            .sudo()
            .create(
                {
                    "name": (self.name or self.replaces_id.name or "import")
                    .replace("/", "-")
                    .replace("\\", "-")[-200:],
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
            )
        )
        file._attach(content)
        if self.replaces_id:
            self.replaces_id.sudo().replaced_by_id = file  # sudo: see above
        replaced = self.replaces_id
        file._decided("import", old=replaced.name and f"{replaced.name} ({replaced.id})", new=f"SHA-256 {file.sha256}")
        file._enqueue(template.connection_id._inbox_flow())
        template.connection_id._trigger()
        return {
            "type": "ir.actions.act_window",
            "res_model": "ml.feed.file",
            "res_id": file.id,
            "view_mode": "form",
        }
