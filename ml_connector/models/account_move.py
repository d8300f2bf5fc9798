from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    ml_sync_count = fields.Integer(
        "Syncs", compute="_compute_ml_sync_count", groups="ml_connector.group_ml_connector_user"
    )

    def _compute_ml_sync_count(self):
        self.env["ml.sync.log"]._count_for(self, "ml_sync_count")

    def action_open_ml_syncs(self):
        return self.env["ml.sync.log"]._action_for(self)
