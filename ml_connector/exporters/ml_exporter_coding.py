"""Exporters of accounts, analytic plans and accounts, taxes and companies."""

from odoo import models
from odoo.fields import Domain

from ..core.documents import Account, Company, Dimension, DimensionValue, Tax
from ..core.own_ids import own_id
from .ml_exporter import decimal_of

CLASSIFICATIONS = {
    "asset": "asset",
    "liability": "liability",
    "equity": "equity",
    "income": "revenue",
    "expense": "expense",
}
"""By the first word of Odoo's account type."""


class MlExporterAccount(models.AbstractModel):
    _name = "ml.exporter.account"
    _inherit = "ml.exporter"
    _description = "Account Exporter"
    _reads = ("name", "code", "code_store", "code_mapping_ids", "account_type", "active", "company_ids")
    _may_leave = True

    def _domain(self, flow):
        return Domain(self.env["account.account"]._check_company_domain(flow.company_id))

    def _document(self, flow, record):
        record = record.with_company(flow.company_id)
        reference = self._reference(flow, "account", record)
        kind = record.account_type
        return Account(
            odoo_id=own_id(record),
            code=record.code or "",
            name=record.name or "",
            classification="credit_card"
            if kind == "liability_credit_card"
            else CLASSIFICATIONS.get(kind.split("_")[0], "other"),
            active=record.active,
            external_id=reference.external_id if reference else "",
        )


class MlExporterDimension(models.AbstractModel):
    _name = "ml.exporter.dimension"
    _inherit = "ml.exporter"
    _description = "Analytic Plan Exporter"
    _reads = ("name", "parent_id")
    _groups = ("analytic.group_analytic_accounting",)

    def _domain(self, flow):
        return Domain("parent_id", "=", False)

    def _sendable(self, flow, records):
        """Only plans with an account. The first account of a plan brings it along."""
        company = Domain("company_id", "in", [False, flow.company_id.id])
        used = (
            self.env["account.analytic.account"]
            .search(company & Domain("root_plan_id", "in", records.ids))
            .root_plan_id
        )
        return super()._sendable(flow, records) & used

    def _document(self, flow, record):
        return Dimension(
            odoo_id=own_id(record), name=record.name or "", external_id=self._field_of_before(flow, record)
        )

    def _field_of_before(self, flow, plan):
        """The provider's field in which the values of the plan's accounts were found, if it is only one."""
        accounts = self.env["account.analytic.account"].search([("root_plan_id", "=", plan.id)])
        mappings = flow.env["ml.mapping"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("direction", "=", "in"),
                ("kind", "=", "analytic"),
                ("res_id", "in", accounts.ids),
                ("origin", "in", ("code", "name", "ours")),
            ]
        )
        groups = set(filter(None, mappings.mapped("external_group")))
        return groups.pop() if len(groups) == 1 else ""


class MlExporterDimensionValue(models.AbstractModel):
    _name = "ml.exporter.dimension_value"
    _inherit = "ml.exporter"
    _description = "Analytic Account Exporter"
    _reads = ("name", "code", "active", "plan_id", "company_id")
    _may_leave = True
    _groups = ("analytic.group_analytic_accounting",)

    def _domain(self, flow):
        return Domain("company_id", "in", [False, flow.company_id.id])

    def _document(self, flow, record):
        plan = record.root_plan_id
        reference = self._reference(flow, "analytic", record)
        field, key = self._dimension(flow, plan)
        return DimensionValue(
            odoo_id=own_id(record),
            dimension_odoo_id=own_id(plan),
            name=record.name or "",
            code=record.code or "",
            active=record.active,
            dimension_external_id=field,
            dimension_key=key,
            external_id=reference.external_id if reference else "",
        )

    def _dimension(self, flow, plan):
        """The provider's id of the plan's field, and its key in coded lines."""
        field = self._remote_id(flow, "dimension", plan)
        binding = flow.env["ml.binding"].search(
            [("connection_id", "=", flow.connection_id.id), ("kind", "=", "dimension"), ("external_id", "=", field)]
        )
        return field, binding.external_version or ""


class MlExporterListValue(models.AbstractModel):
    """Analytic accounts for providers with fixed fields, whose plans are mapped."""

    _name = "ml.exporter.list_value"
    _inherit = "ml.exporter.dimension_value"
    _description = "List Value Exporter"

    def _domain(self, flow):
        return super()._domain(flow) & Domain("root_plan_id", "in", list(self._fields_of_plans(flow)))

    def _changed_since(self, model, moment):
        """All records: mapping a plan changes none of its accounts."""
        return Domain.TRUE

    def _dimension(self, flow, plan):
        """
        :raises NoCodeError: no field is mapped to the plan
        """
        field = self._fields_of_plans(flow).get(plan.id)
        if not field:
            reference = self._codes(flow, [("plan", plan)])["plan", plan.id]
            field = reference.external_id if reference else ""
        return field, field

    def _fields_of_plans(self, flow):
        """{plan id: the provider's field}; the first one if several are mapped to the same plan."""
        mappings = flow.env["ml.mapping"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("direction", "=", "in"),
                ("kind", "=", "plan"),
                ("state", "=", "mapped"),
            ],
            order="external_id desc",
        )
        return {mapping.res_id: mapping.external_id for mapping in mappings}


class MlExporterCompany(models.AbstractModel):
    _name = "ml.exporter.company"
    _inherit = "ml.exporter"
    _description = "Company Exporter"
    _reads = ("name", "currency_id", "country_id", "vat")

    def _domain(self, flow):
        return Domain("id", "child_of", flow.company_id.id)

    def _document(self, flow, record):
        return Company(
            odoo_id=own_id(record),
            name=record.name,
            currency=record.currency_id.name,
            country=record.country_id.code or "",
            vat=record.vat or "",
        )


class MlExporterTax(models.AbstractModel):
    _name = "ml.exporter.tax"
    _inherit = "ml.exporter"
    _description = "Tax Exporter"
    _reads = (
        *("name", "amount", "amount_type", "type_tax_use", "active"),
        *(f"invoice_repartition_line_ids.{name}" for name in ("repartition_type", "factor_percent", "account_id")),
    )
    _may_leave = True
    _groups = ("account.group_account_readonly",)

    def _domain(self, flow):
        company = Domain(self.env["account.tax"]._check_company_domain(flow.company_id))
        return company & Domain("type_tax_use", "=", "purchase") & Domain("amount_type", "=", "percent")

    def _document(self, flow, record):
        account = self._account(flow, record)
        reference = self._reference(flow, "tax", record)
        return Tax(
            odoo_id=own_id(record),
            name=record.name or "",
            rate=self._rate(record),
            account_odoo_id=own_id(account),
            account_external_id=self._remote_id(flow, "account", account) if account else "",
            active=record.active,
            external_id=reference.external_id if reference else "",
        )

    def _rate(self, tax):
        """What the tax adds to the amount of the vendor: nothing for reverse charge."""
        parts = tax.invoice_repartition_line_ids.filtered(lambda line: line.repartition_type == "tax")
        factor = sum(decimal_of(part.factor_percent) for part in parts)
        # without an exponent
        return (decimal_of(tax.amount) * factor / 10_000).normalize() + 0

    def _account(self, flow, tax):
        """The account of the tax. For a tax without one, which is booked on the line's account, the default account."""
        booked = tax.invoice_repartition_line_ids.filtered(lambda line: line.repartition_type == "tax").account_id[:1]
        journal = self.env["account.journal"].search(
            [*self.env["account.journal"]._check_company_domain(flow.company_id), ("type", "=", "purchase")], limit=1
        )
        return booked or journal.default_account_id
