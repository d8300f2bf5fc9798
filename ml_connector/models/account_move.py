from odoo import api, fields, models


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "ml.changed", "ml.sync.mixin", "ml.followed"]

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

    def _ml_may_repair(self, vals):
        return "state" in vals


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line", "ml.sealed", "ml.sync.mixin"]

    ml_account_reason = fields.Char(
        "Mapped From",
        compute="_compute_ml_account_reason",
        help="Codes of the provider that are mapped to this account, and how they were mapped.",
    )

    @api.depends("account_id", "move_id")
    def _compute_ml_account_reason(self):
        env = self.sudo().env  # sudo: whoever may read bills need not have a right on mappings; only codes are shown
        of_moves = [("res_model", "=", "account.move"), ("res_id", "in", self.move_id.ids)]
        bindings = env["ml.binding"].search([("kind", "=", "bill"), *of_moves])
        connections = {binding.res_id: binding.connection_id for binding in bindings}
        incoming = [("connection_id", "in", bindings.connection_id.ids), ("direction", "=", "in")]
        of_accounts = [("kind", "=", "account"), ("res_id", "in", self.account_id.ids)]
        by_account = (
            env["ml.mapping"]
            .search([*incoming, *of_accounts])
            .grouped(lambda mapping: (mapping.connection_id, mapping.res_id))
        )
        for line in self:
            found = by_account.get((connections.get(line.move_id.id), line.account_id.id), ())
            is_product = line.display_type == "product"
            line.ml_account_reason = ", ".join(mapping._reason() for mapping in found) if is_product else False

    def _compute_partner_id(self):
        owed = self.filtered("move_id.ml_owed_to_person")
        super(AccountMoveLine, self - owed)._compute_partner_id()
        for line in owed:
            line.partner_id = line.move_id.commercial_partner_id


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._ml_moves()._ml_note_change({"payment_state"})
        return partials

    def unlink(self):
        moves = self._ml_moves()
        result = super().unlink()
        moves.exists()._ml_note_change({"payment_state"})
        return result

    def _ml_moves(self):
        """The documents whose payment changes; empty without a watching flow, to save reads."""
        if "account.move" not in self.env["ml.flow"]._watched_models():
            return self.env["account.move"]
        return self.debit_move_id.move_id | self.credit_move_id.move_id
