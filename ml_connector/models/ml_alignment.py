"""Creation of missing mappings: codes of the provider become Odoo records, or Odoo records codes of the provider.

Unmapped rows of `ml.mapping` exist only at the provider, those of `ml.outgoing.code` only in Odoo. Here are the buttons
of both lists, and the code that fills the second one.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .client_actions import notification
from .ml_mapping import MAPPED_MODELS, NOT_CODED
from .ml_outgoing_code import DEPENDS
from .ml_sealed import needs
from .ml_sentence import in_words

ALIGNED_KINDS = ("account", "tax", "analytic")
"""Kinds of mappings of lines."""
CREATED_BY = {"account": ("account",), "tax": ("tax",), "analytic": ("dimension_value", "list_value")}
"""Kinds of push flows that create such a record in the provider's system."""
OPEN = ("pending", "running", "waiting", "failed", "unknown")


class MlConnection(models.Model):
    _inherit = "ml.connection"

    sends_codes = fields.Boolean(compute="_compute_sends_codes")
    missing_label = fields.Char(compute="_compute_missing_label")

    @api.depends("provider")
    @api.depends_context("lang")
    def _compute_missing_label(self):
        for connection in self:
            provider = connection.provider and connection._provider_class().label
            connection.missing_label = provider and self.env._("Missing in %(provider)s", provider=provider)

    @api.depends("provider", "flow_ids.active")
    def _compute_sends_codes(self):
        """Whether an active flow sends records with codes of the provider."""
        for connection in self:
            connection.sends_codes = any(flow.active and flow._spec().coded for flow in connection.flow_ids)

    def _codes_needed(self):
        """{connection: number of unmapped codes that transfers wait for}, in both lists."""
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
        """The flow that creates records of a kind in the provider's system.

        :raises UserError: there is none, or it is inactive or blocked
        """
        self.ensure_one()
        flow = self.flow_ids.filtered(
            lambda flow: flow.direction == "push" and flow.kind in CREATED_BY.get(kind, ())
        ).sorted(lambda flow: not flow.active)[:1]
        if not flow:
            label = dict(self.env["ml.mapping"]._fields["kind"]._description_selection(self.env))[kind]
            raise UserError(
                self.env._(
                    "%(provider)s does not accept records of type %(kind)s from Odoo. Create the record in"
                    " %(provider)s, then sync its codes.",
                    provider=self._provider_class().label,
                    kind=label,
                )
            )
        if not flow.active:
            raise UserError(
                self.env._("Activate the flow %(flow)s of %(connection)s first.", flow=flow.name, connection=self.name)
            )
        if reason := flow._blocked():
            raise UserError(in_words(self.env, reason))
        return flow

    @needs("map")
    def action_align(self):
        """List the Odoo records that have no code of the provider."""
        self.ensure_one()
        self.env["ml.outgoing.code"]._align(self)
        context = {"search_default_unmapped": 1, "search_default_group_kind": 1}
        return self._open_codes("ml.outgoing.code", self.missing_label, context)


class MlOutgoingCode(models.Model):
    _inherit = "ml.outgoing.code"

    creation = fields.Char(compute="_compute_creation", help="Progress of the creation in the provider's system.")

    def _compute_creation(self):
        """Progress of the open creations; a created record has its code."""
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
                code.creation = in_words(self.env, log._sentence("error_message")) or self.env._("Creating")

    @api.model
    def _align(self, connection):
        """Create rows for the records without a code of the provider, and delete rows that are not needed."""
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
        """Queue the creation of the selected records in the provider's system."""
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
        """Ignore the selected records: their lines are sent without them."""
        self.filtered(lambda code: code.state == "unmapped").is_ignored = True


class MlMapping(models.Model):
    _inherit = "ml.mapping"

    @needs("map")
    def action_leave_out(self):
        """Ignore the selected codes: their lines are booked without them."""
        self.filtered(lambda mapping: mapping.state == "unmapped").is_ignored = True

    @needs("map")
    def action_create_records(self):
        """Create the Odoo records of the selected codes."""
        unmapped = self.filtered(lambda mapping: mapping.state == "unmapped" and not mapping.res_id)
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
                    provider=self.connection_id._provider_class().label,
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
        """Map a created record to the code that it was created with."""
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
        """Delete the outgoing mappings of records that now have a code."""
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
        return notification(env._("The selected records already have codes."), "warning")
    return notification(env._("Creating records in the provider's system: %(count)s.", count=count))
