"""What one side has and the other does not: created over there or here, linked, or left out.

Both lists are there already: what only the vendor has are the unmapped rows of `ml.mapping`, and what only Odoo has
those of `ml.outgoing.code`. Here is what fills the latter, and what the buttons of both do.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .client_actions import notification
from .ml_mapping import MAPPED_MODELS
from .ml_outgoing_code import DEPENDS
from .ml_sealed import needs

ALIGNED_KINDS = ("account", "tax", "analytic")
"""What lines are coded to."""
CREATED_BY = {"account": ("account",), "tax": ("tax",), "analytic": ("dimension_value", "list_value")}
"""Kinds of push flows that create such a record at the vendor."""
NOT_CODED = ("asset_receivable", "liability_payable", "asset_cash", "equity_unaffected", "off_balance")
"""Types of accounts to which no line of a bill or order is coded."""
OPEN = ("pending", "running", "waiting", "failed", "unknown")


class MlConnection(models.Model):
    _inherit = "ml.connection"

    sends_codes = fields.Boolean(compute="_compute_sends_codes")

    @api.depends("provider", "flow_ids.active")
    def _compute_sends_codes(self):
        """Whether what is sent goes under codes of the vendor's."""
        for connection in self:
            connection.sends_codes = any(flow.active and flow._spec().coded for flow in connection.flow_ids)

    def _codes_needed(self):
        """{connection: number of codes to fill that records wait for}, in either list."""
        counts = dict(
            self.env["ml.mapping"]._read_group(
                [
                    ("connection_id", "in", self.ids),
                    ("state", "=", "unmapped"),
                    ("waiting_log_ids.state", "=", "waiting"),
                ],
                ["connection_id"],
                ["__count"],
            )
        )
        groups = self.env["ml.sync.log"]._read_group(
            [
                ("connection_id", "in", self.ids),
                ("state", "=", "waiting"),
                ("depends_kind", "=like", f"{DEPENDS}%"),
            ],
            ["connection_id", "depends_kind"],
            ["depends_external_id:count_distinct"],
        )
        for connection, _kind, count in groups:
            counts[connection] = counts.get(connection, 0) + count
        return counts

    def _creator(self, kind):
        """The flow that creates records of a kind at the vendor.

        :raises UserError: there is none, it is switched off, or it rests
        """
        self.ensure_one()
        flow = self.flow_ids.filtered(
            lambda flow: flow.direction == "push" and flow.kind in CREATED_BY.get(kind, ())
        ).sorted(lambda flow: not flow.active)[:1]
        if not flow:
            label = dict(self.env["ml.mapping"]._fields["kind"]._description_selection(self.env))[kind]
            raise UserError(
                self.env._(
                    "%(connection)s takes no %(kind)s from here: create it there, then read its codes.",
                    connection=self.name,
                    kind=label,
                )
            )
        if not flow.active:
            raise UserError(
                self.env._("Switch on the flow %(flow)s of %(connection)s first.", flow=flow.name, connection=self.name)
            )
        if reason := flow._blocked():
            raise UserError(reason)
        return flow

    @needs("map")
    def action_align(self):
        """List what Odoo has and the vendor does not."""
        self.ensure_one()
        self.env["ml.outgoing.code"]._align(self)
        context = {"search_default_unmapped": 1, "search_default_group_kind": 1}
        return self._open_codes("ml.outgoing.code", self.env._("Not at %s", self.name), context)


class MlOutgoingCode(models.Model):
    _inherit = "ml.outgoing.code"

    creation = fields.Char(compute="_compute_creation", help="What became of its creation at the vendor.")

    def _compute_creation(self):
        """Creations that are under way or have failed; what was created has its code."""
        logs = self.env["ml.sync.log"].search(
            [
                ("connection_id", "in", self.connection_id.ids),
                ("direction", "=", "push"),
                ("kind", "in", [flow_kind for kinds in CREATED_BY.values() for flow_kind in kinds]),
                ("res_model", "in", list(set(self.mapped("res_model")))),
                ("res_id", "in", self.mapped("res_id")),
                ("state", "in", OPEN),
            ]
        )
        found = {(log.connection_id, log.res_model, log.res_id): log for log in logs}
        for code in self:
            log = found.get((code.connection_id, code.res_model, code.res_id))
            if not log:
                code.creation = False
            else:
                code.creation = log.error_message or self.env._("Being created")

    @api.model
    def _align(self, connection):
        """Rows for all records that the vendor has no code for, and none for those that need none any more."""
        groups = self.env["ml.mapping"]._read_group(
            [("connection_id", "=", connection.id), ("kind", "in", ALIGNED_KINDS)], ["kind"]
        )
        for (kind,) in groups:
            model = self.env[MAPPED_MODELS[kind]].with_company(connection.company_id)
            domain = self.env["ml.mapping"]._record_domain(connection.company_id, kind)
            if kind == "account":
                domain &= Domain("account_type", "not in", NOT_CODED)
            records = model.search(domain)
            known = self._references(connection, kind, records)
            missing = records.filtered(lambda record, known=known: record.id not in known)
            # sudo: rows are made for whoever may set the connection up, as the worker makes them
            self.sudo()._upsert(connection, [(kind, record) for record in missing])
            rows = self.search([("connection_id", "=", connection.id), ("kind", "=", kind), ("state", "=", "unmapped")])
            obsolete = rows.filtered(lambda row, missing=missing: row.res_id not in missing.ids)
            obsolete.filtered(lambda row: not row.waiting_count).sudo().unlink()  # sudo: as above

    @needs("map")
    def action_create_at_vendor(self):
        """Queue the creation of the selected records at the vendor."""
        unmapped = self.filtered(lambda code: code.state == "unmapped")
        for (connection, kind), codes in unmapped.grouped(lambda code: (code.connection_id, code.kind)).items():
            records = self.env[MAPPED_MODELS[kind]].browse(codes.mapped("res_id")).exists()
            # sudo: whoever may choose codes need not have a right on the queue itself
            self.env["ml.sync.log"].sudo()._enqueue(connection._creator(kind), records)
            connection._trigger()
        unmapped._decided("create_remote")
        return _told(self.env, len(unmapped))

    @needs("map")
    def action_leave_out(self):
        """Send lines without the selected records from now on."""
        self.filtered(lambda code: code.state == "unmapped").is_ignored = True


class MlMapping(models.Model):
    _inherit = "ml.mapping"

    @needs("map")
    def action_leave_out(self):
        """Book lines without the selected codes from now on."""
        self.filtered(lambda mapping: mapping.state == "unmapped").is_ignored = True

    @needs("map")
    def action_create_records(self):
        """Create what the selected codes of the vendor stand for."""
        unmapped = self.filtered(lambda mapping: mapping.state == "unmapped" and not mapping.res_id)
        for mapping in unmapped:
            # what comes from the vendor does not echo back
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
                    self.env._("%s is nothing that can be made of its name: create it by hand.", mapping.display_name)
                )
            record = create()
            mapping.res_id = record.id
        unmapped._decided_filled("create_record")
        return notification(self.env._("%s records were created in Odoo.", len(unmapped)))

    def _new_account(self):
        """An account of the vendor's number; Odoo gives it the type of the account before it."""
        if not self.external_code:
            raise UserError(self.env._("%s has no number, which an account needs.", self.display_name))
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
                    "Nobody has said which analytic plan %(field)s is: choose or create the analytic account of one of"
                    " its codes in the list, and the others go into the same plan.",
                    field=self.external_group or self.display_name,
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
        """The analytic plan for the vendor's field: as mapped, else that of all other codes of the field."""
        mapped = Domain("connection_id", "=", self.connection_id.id) & Domain("res_id", "!=", False)
        field = self.search(mapped & Domain("kind", "=", "plan") & Domain("external_name", "=", self.external_group))
        if len(field) == 1:
            return field._record()
        codes = self.search(
            mapped & Domain("kind", "=", "analytic") & Domain("external_group", "=", self.external_group)
        )
        plans = self.env["account.analytic.account"].browse(codes.mapped("res_id")).exists().plan_id
        return plans if len(plans) == 1 else plans.browse()

    @api.model
    def _record_odoo_code(self, connection, reference, record):
        """What was created under a code goes under that code."""
        mapping = super()._record_odoo_code(connection, reference, record)
        codes = self.env["ml.outgoing.code"].search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "=", reference.kind),
                ("res_id", "=", record.id),
                ("state", "=", "unmapped"),
            ]
        )
        codes.mapping_id = mapping
        return mapping

    def _release_senders(self):
        """Records that have a code now need no row for sending any more."""
        super()._release_senders()
        outgoing = self.env["ml.outgoing.code"]
        for (connection, kind), mappings in (
            self.filtered("res_id").grouped(lambda mapping: (mapping.connection_id, mapping.kind)).items()
        ):
            rows = outgoing.search(
                [
                    ("connection_id", "=", connection.id),
                    ("kind", "=", kind),
                    ("res_id", "in", mappings.mapped("res_id")),
                    ("state", "=", "unmapped"),
                ]
            )
            known = outgoing._references(connection, kind, self.env[MAPPED_MODELS[kind]].browse(rows.mapped("res_id")))
            # sudo: whoever may map may end what that settles
            rows.filtered(lambda row, known=known: row.res_id in known).sudo().unlink()


def _told(env, count):
    if not count:
        return notification(env._("The selected rows have their codes already."), "warning")
    return notification(env._("%s records are being created at the vendor. Their codes show here in a moment.", count))
