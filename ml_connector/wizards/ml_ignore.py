from odoo import fields, models

from ..models.ml_sealed import needs


class MlIgnore(models.TransientModel):
    _name = "ml.ignore"
    _description = "Ignore Transfers"
    _inherit = "ml.sealed"
    _maker_right = "resolve"
    _open_fields = {"resolve": ("reason", "log_ids")}

    reason = fields.Char(required=True)
    log_ids = fields.Many2many("ml.sync.log", string="Transfers", required=True)

    @needs("resolve")
    def action_confirm(self):
        self.log_ids._ignore(self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
