from odoo import fields, models


class HrExpense(models.Model):
    _name = "hr.expense"
    _inherit = ["hr.expense", "ml.changed"]

    ml_clearing_account_id = fields.Many2one(
        "account.account",
        "Card Account",
        readonly=True,
        copy=False,
        check_company=True,
        help="Account that holds card expenses until the card statement is booked.",
    )
    ml_original_date = fields.Date(
        "Accounting Date at Provider",
        readonly=True,
        copy=False,
        help="Original date of an entry that Odoo posted on the first open day because its period was locked.",
    )

    def _ml_with_parts(self):
        """These first expenses of card transactions, then the expenses of their other lines."""
        return self | self.search([("split_expense_origin_id", "in", self.ids)], order="id")

    def _get_expense_account_destination(self):
        """Card spend is owed to the card's issuer, whatever outstanding account the journal has for payments."""
        clearing = self.ml_clearing_account_id
        if clearing and len(clearing) == 1 and all(expense.ml_clearing_account_id for expense in self):
            return clearing.id
        return super()._get_expense_account_destination()
