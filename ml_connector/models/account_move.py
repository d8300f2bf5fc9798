from odoo import api, fields, models


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "ml.changed"]

    # a copy or reversal is owed to, or by, the same contact
    _birth_fields = ("ml_owed_to_person",)

    ml_original_date = fields.Date(
        "Accounting Date at Provider",
        readonly=True,
        copy=False,
        help="Original date of an entry that Odoo posted on the first open day because its period was locked.",
    )
    ml_ledger_state = fields.Selection(
        [("open", "Open"), ("partial", "Partially Paid"), ("paid", "Paid"), ("voided", "Voided")],
        "Status in Ledger",
        readonly=True,
        copy=False,
        help="Last known status of the bill in the accounting system that it was sent to.",
    )
    ml_owed_to_person = fields.Boolean(
        "Owed to Person",
        readonly=True,
        help="The amount is owed to the contact itself. Otherwise it is owed to the contact's parent company, if"
        " that is not a company of this database.",
    )
    ml_sync_count = fields.Integer(
        "Transfers", compute="_compute_ml_sync_count", groups="ml_connector.group_ml_connector_user"
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
