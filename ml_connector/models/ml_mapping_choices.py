from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .ml_mapped import MAPPED_MODELS, MONEY_JOURNALS, NOT_CODED


class MlMappingChoices(models.AbstractModel):
    """The Odoo records that a code may be mapped to."""

    _name = "ml.mapping.choices"
    _inherit = "ml.sealed"
    _description = "Mapping Choices"

    res_domain = fields.Binary(compute="_compute_res_domain", help="The Odoo records to choose from.")

    @api.depends("kind", "company_id")
    def _compute_res_domain(self):
        for mapping in self:
            known = mapping.kind in MAPPED_MODELS
            mapping.res_domain = list(self._record_domain(mapping.company_id, mapping.kind)) if known else []

    @api.model
    def _company_domain(self, company, kind):
        """Records of a company or of all companies; of plans only the roots."""
        if kind == "plan":
            return Domain("parent_id", "=", False)
        model = self.env[MAPPED_MODELS[kind]]
        has_company = {"company_id", "company_ids"} & model._fields.keys()
        return Domain(model._check_company_domain(company)) if has_company else Domain.TRUE

    @api.model
    def _record_domain(self, company, kind):
        """The Odoo records that a mapping of this kind may have."""
        domain = self._company_domain(company, kind)
        if kind == "tax":
            domain &= Domain("type_tax_use", "=", "purchase")
        if kind == "journal":
            domain &= Domain("type", "in", MONEY_JOURNALS)
        return domain

    @api.model
    def _is_choice(self, record, domain):
        """Whether a record exists and is in the domain. The check of links tests access."""
        return bool(record.exists().filtered_domain(domain))

    @api.model
    def _check_may_be_vendor(self, partner_ids):
        """Refuse contacts that cannot be vendors, without their names, which the user may not see."""
        if self.env["res.partner"].browse(partner_ids).exists()._ml_protected():
            raise ValidationError(
                self.env._(
                    "A vendor cannot be mapped to a contact of a user, an employee or a company of this database."
                    " Choose another contact."
                )
            )

    @api.model
    def _is_readable(self, connection, kind):
        """Whether the integration user may read records of a kind. All users may read public data of employees."""
        return kind == "employee" or connection._books()[MAPPED_MODELS[kind]].has_access("read")

    @api.model
    def _coded(self, records):
        """The records without accounts that lines do not use."""
        if records._name != "account.account":
            return records
        return records.filtered(lambda account: account.account_type not in NOT_CODED)

    def _may_name(self, record):
        """Whether a user could map the code to the record."""
        self.ensure_one()
        domain = self._company_domain(self.company_id, self.kind)
        return self._is_choice(record, domain) and not (self.kind == "vendor" and record._ml_protected())
