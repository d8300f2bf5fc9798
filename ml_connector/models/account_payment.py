from odoo import fields, models


class AccountPayment(models.Model):
    _name = "account.payment"
    _inherit = ["account.payment", "ml.changed"]

    ml_original_date = fields.Date(
        "Date at Provider",
        readonly=True,
        copy=False,
        help="Only set if the payment was booked on the first open day because the period of this date was locked.",
    )
    ml_card_charges = fields.Json(
        "Card Transactions",
        readonly=True,
        copy=False,
        help="Provider IDs of the card transactions that made this payment. Odoo does not book them again.",
    )
