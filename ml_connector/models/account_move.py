from odoo import api, fields, models


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "ml.changed"]

    # what a person copies or reverses is owed to, or by, the same
    _birth_fields = ("ml_owed_to_person",)

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
    ml_owed_to_person = fields.Boolean(
        "Owed to the Person",
        readonly=True,
        help="Who is owed is the contact itself, and not the company under which it lies when that is our own.",
    )
    ml_sync_count = fields.Integer(
        "Syncs", compute="_compute_ml_sync_count", groups="ml_connector.group_ml_connector_user"
    )

    @api.depends("ml_owed_to_person")
    def _compute_commercial_partner_id(self):
        super()._compute_commercial_partner_id()
        for move in self.filtered("ml_owed_to_person"):
            move.commercial_partner_id = move.partner_id._ml_creditor(move.company_id)

    def _compute_ml_sync_count(self):
        self.env["ml.sync.log"]._count_for(self, "ml_sync_count")

    def action_open_ml_syncs(self):
        return self.env["ml.sync.log"]._action_for(self)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _compute_partner_id(self):
        owed = self.filtered("move_id.ml_owed_to_person")
        super(AccountMoveLine, self - owed)._compute_partner_id()
        for line in owed:
            line.partner_id = line.move_id.commercial_partner_id
