from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    ml_payload_retention_days = fields.Integer(related="company_id.ml_payload_retention_days", readonly=False)
    ml_log_retention_days = fields.Integer(related="company_id.ml_log_retention_days", readonly=False)

    def action_rotate_ml_keys(self):
        return self.env["ml.connection"].action_rotate_keys()
