from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .client_actions import notification
from .ml_mapped import MAPPED_MODELS, MONEY_JOURNALS, NOT_CODED
from .ml_sealed import needs


class MlMappingChoices(models.AbstractModel):
    """The Odoo records that a code may be mapped to, and their creation."""

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
    def _record_domain(self, company, kind):
        """The Odoo records that a mapping of this kind may have."""
        domain = self._company_domain(company, kind)
        if kind == "tax":
            domain &= Domain("type_tax_use", "=", "purchase")
        if kind == "journal":
            domain &= Domain("type", "in", MONEY_JOURNALS)
        return domain

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

    @needs("map")
    def action_create_records(self):
        """Create the Odoo records of the selected codes."""
        unmapped = self.filtered(lambda mapping: mapping.direction == "in" and mapping.state == "unmapped")
        for mapping in unmapped:
            # records from this provider are not sent back to it
            creating = mapping.with_company(mapping.company_id).with_context(ml_connection_id=mapping.connection_id.id)
            create = {
                "account": creating._new_account,
                "analytic": creating._new_analytic,
                "plan": creating._new_plan,
                "journal": creating._new_journal,
                "employee": creating._new_employee,
            }.get(mapping.kind)
            if not create:
                raise UserError(
                    self.env._(
                        "Odoo cannot create this type of record. Create it manually, then map %(code)s.",
                        code=mapping.display_name,
                    )
                )
            record = create()
            mapping.res_id = record.id
        unmapped._decided_filled("create_record")
        return notification(self.env._("Records created in Odoo: %(count)s.", count=len(unmapped)))

    def _new_account(self):
        """An account with the provider's number; Odoo copies the type of the preceding account."""
        if not self.external_code:
            raise UserError(self.env._("An account needs a number, but %(code)s has none.", code=self.display_name))
        return self.env["account.account"].create(
            {
                "code": self.external_code,
                "name": self.external_name or self.external_code,
                "company_ids": self.company_id.ids,
            }
        )

    def _new_analytic(self):
        plan = self._plan_of_field()
        if not plan:
            raise UserError(
                self.env._(
                    "No analytic plan is mapped to the field %(field)s of %(provider)s. Choose or create an analytic"
                    " account for one of its codes; Odoo creates the others in the same plan.",
                    field=self.external_group or self.display_name,
                    provider=self.connection_id._provider_name(),
                )
            )
        return self.env["account.analytic.account"].create(
            {
                "code": self.external_code,
                "name": self.external_name or self.external_code or self.external_id,
                "plan_id": plan.id,
                "company_id": self.company_id.id,
            }
        )

    def _new_plan(self):
        return self.env["account.analytic.plan"].create({"name": self.external_name or self.external_code})

    def _new_journal(self):
        """A journal of a bank; Odoo gives it a code and an account."""
        values = {"name": self.external_name or self.external_code or self.external_id, "type": "bank"}
        return self.env["account.journal"].create({**values, "company_id": self.company_id.id})

    def _new_employee(self):
        email = self.external_code if "@" in (self.external_code or "") else False
        values = {"name": self.external_name or self.external_code or self.external_id, "work_email": email}
        return self.env["hr.employee"].create({**values, "company_id": self.company_id.id})

    def _plan_of_field(self):
        """The analytic plan of the provider's field: the mapped one, otherwise the only plan of its mapped codes."""
        mapped = Domain("connection_id", "=", self.connection_id.id) & Domain("direction", "=", "in")
        mapped &= Domain("res_id", "!=", False)
        field = self.search(mapped & Domain("kind", "=", "plan") & Domain("external_name", "=", self.external_group))
        if len(field) == 1:
            return field._record()
        codes = self.search(
            mapped & Domain("kind", "=", "analytic") & Domain("external_group", "=", self.external_group)
        )
        plans = self.env["account.analytic.account"].browse(codes.mapped("res_id")).exists().plan_id
        return plans if len(plans) == 1 else plans.browse()
