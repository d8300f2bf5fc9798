"""Kinds of mappings and the Odoo models of their records."""

MAPPED_MODELS = {
    "account": "account.account",
    "tax": "account.tax",
    "analytic": "account.analytic.account",
    "journal": "account.journal",
    "vendor": "res.partner",
    "employee": "hr.employee",
    "payment_term": "account.payment.term",
    "fiscal_position": "account.fiscal.position",
    "partner_category": "res.partner.category",
    "currency": "res.currency",
    "plan": "account.analytic.plan",
}
NOT_CODED = ("asset_receivable", "liability_payable", "asset_cash", "equity_unaffected", "off_balance")
"""Types of accounts that lines of bills and orders do not use."""
MONEY_JOURNALS = ("bank", "cash", "credit")
"""Types of journals of payments."""


def referred_models(rows, vals):
    """The models of the Odoo records of existing or new rows."""
    kinds = [vals["kind"]] if vals.get("kind") else rows.mapped("kind")
    return {MAPPED_MODELS[kind] for kind in kinds if kind in MAPPED_MODELS}


def title_of(record, company):
    """Name of a record in a company. Built here for accounts, because Odoo shows their codes only to accountants."""
    record = record.with_company(company)
    if record._name == "account.account":
        return " ".join(filter(None, (record.code, record.name)))
    return record.display_name
