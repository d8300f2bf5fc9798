"""Kinds of mappings and the Odoo models of their records."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

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


def title_of(record, company):
    """Name of a record in a company. Built here for accounts, because Odoo shows their codes only to accountants."""
    record = record.with_company(company)
    if record._name == "account.account":
        return " ".join(filter(None, (record.code, record.name)))
    return record.display_name


class MlMappingRecord(models.AbstractModel):
    """Rows with a kind that name an Odoo record of its model: mappings and rules."""

    _name = "ml.mapping.record"
    _inherit = "ml.sealed"
    _description = "Mapped Record"

    res_model = fields.Char(compute="_compute_res_model", store=True)
    res_id = fields.Many2oneReference("Odoo Record", model_field="res_model")

    @api.depends("kind")
    def _compute_res_model(self):
        for row in self:
            row.res_model = MAPPED_MODELS.get(row.kind)

    def _record(self):
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id or ())

    def _referred_models(self, vals):
        kinds = [vals["kind"]] if vals.get("kind") else self.mapped("kind")
        return {MAPPED_MODELS[kind] for kind in kinds if kind in MAPPED_MODELS}

    @api.model
    def _company_domain(self, company, kind):
        """Records of a company or of all companies; of plans only the roots."""
        if kind == "plan":
            return Domain("parent_id", "=", False)
        model = self.env[MAPPED_MODELS[kind]]
        has_company = {"company_id", "company_ids"} & model._fields.keys()
        return Domain(model._check_company_domain(company)) if has_company else Domain.TRUE

    def _is_choice(self, record):
        """Whether a record exists and belongs to the company. The check of links tests access."""
        self.ensure_one()
        return bool(record.exists().filtered_domain(self._company_domain(self.company_id, self.kind)))

    def _may_name(self, record):
        """Whether a user could choose the record."""
        return self._is_choice(record) and not (self.kind == "vendor" and record._ml_protected())

    def _check_choices(self, name):
        """Check the records of these rows.

        :param name: field that names a row in the error
        """
        for row in self:
            if not row._is_choice(row._record()):
                company = row.company_id.display_name
                raise ValidationError(
                    self.env._("Choose a record of %(company)s for %(code)s.", company=company, code=row[name])
                )
        vendors = self.filtered(lambda row: row.kind == "vendor").mapped("res_id")
        # without the names of the contacts, which the user may not see
        if self.env["res.partner"].browse(vendors).exists()._ml_protected():
            raise ValidationError(
                self.env._(
                    "A vendor cannot be mapped to a contact of a user, an employee or a company of this database."
                    " Choose another contact."
                )
            )
