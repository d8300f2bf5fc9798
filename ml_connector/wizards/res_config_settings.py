from odoo import fields, models

from ..models.ml_sealed import needs


class ResConfigSettings(models.TransientModel):
    _name = "res.config.settings"
    _inherit = ["res.config.settings", "ml.sealed"]
    _open_fields = {"system": ("ml_payload_retention_days", "ml_log_retention_days")}

    ml_payload_retention_days = fields.Integer(related="company_id.ml_payload_retention_days", readonly=False)
    ml_log_retention_days = fields.Integer(related="company_id.ml_log_retention_days", readonly=False)

    ml_lost_secrets = fields.Char(compute="_compute_ml_lost_secrets", groups="base.group_system")

    def _compute_ml_lost_secrets(self):
        self.ml_lost_secrets = ", ".join(self.env["ml.credential"]._lost_names())

    @needs("system")
    def action_discard_ml_lost_secrets(self):
        return self.env["ml.connection"].action_discard_lost_secrets()

    @needs("system")
    def action_rotate_ml_keys(self):
        return self.env["ml.connection"].action_rotate_keys()
