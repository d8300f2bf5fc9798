from odoo import fields, models


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "ml.changed"]

    ml_original_date = fields.Date(
        "Accounting Date at the Vendor System",
        readonly=True,
        copy=False,
        help="Set when the accounting date had to move to the next open day because the period was locked.",
    )
    ml_ledger_state = fields.Selection(
        [("open", "Open"), ("partial", "Partly paid"), ("paid", "Paid"), ("voided", "Void")],
        "In the Ledger",
        readonly=True,
        copy=False,
        help="What became of the bill in the vendor system's ledger, as it said last.",
    )
    ml_sync_count = fields.Integer(
        "Syncs", compute="_compute_ml_sync_count", groups="ml_connector.group_ml_connector_user"
    )

    def _compute_ml_sync_count(self):
        self.env["ml.sync.log"]._count_for(self, "ml_sync_count")

    def action_open_ml_syncs(self):
        return self.env["ml.sync.log"]._action_for(self)
