from odoo import fields, models


class MlIgnore(models.TransientModel):
    _name = "ml.ignore"
    _description = "Ignore Records"

    reason = fields.Char(required=True)
    log_ids = fields.Many2many("ml.sync.log", required=True)

    def action_confirm(self):
        self.log_ids._ignore(self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
