from odoo import api, fields, models


class AccountPaymentRegister(models.TransientModel):
    _name = "account.payment.register"
    _inherit = ["account.payment.register", "ml.sealed"]

    ml_difference = fields.Text("Changed After Posting", compute="_compute_ml_difference")

    @api.depends("line_ids")
    def _compute_ml_difference(self):
        for wizard in self:
            changed = wizard.line_ids.move_id.filtered("ml_is_changed")
            wizard.ml_difference = "\n".join(f"{move.display_name}: {move.ml_difference}" for move in changed)
