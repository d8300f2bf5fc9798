from odoo import fields, models


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company", "ml.sealed"]
    _open_fields = {"system": ("ml_payload_retention_days", "ml_log_retention_days")}

    ml_payload_retention_days = fields.Integer(
        "Keep payloads (days)",
        default=90,
        help="After this many days the vendor's raw data is forgotten. 0: kept for ever.",
    )
    ml_log_retention_days = fields.Integer(
        "Keep finished sync logs (days)",
        default=365,
        help="After this many days finished sync logs are deleted. 0: kept for ever. Attempts are always kept.",
    )

    def _told_connections(self):
        # sudo: whoever sets up a company need not see its connections
        connections = self.env["ml.connection"].sudo().with_context(active_test=False)
        return connections.search([("company_id", "in", self.ids)])
