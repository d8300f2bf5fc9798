from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.messages import _, paragraph
from .client_actions import notification, open_form
from .ml_error_class import MAX_STOPS
from .ml_mapping_sending import CREATED_BY
from .ml_sealed import needs
from .ml_sentence import Sentence, in_words

READERS = {
    "account.move": "account.group_account_readonly",
    "purchase.order": "account.group_account_readonly",
    "stock.picking": "stock.group_stock_user",
}
"""The group that may read the records of a file template."""
ANALYTIC = ("dimension", "analytic")
"""Expressions that read analytic plans."""


class MlFlow(models.Model):
    _name = "ml.flow"
    _description = "Flow"
    _inherit = ["ml.flow.schedule", "ml.flow.options", "ml.flow.watching", "ml.sealed"]
    _order = "connection_id, sequence, id"
    _check_company_auto = True
    _open_fields = {"administer": ("active",)}

    name = fields.Char(compute="_compute_name", search="_search_name")
    key = fields.Char(required=True, readonly=True, help="Technical name of the flow.")
    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    provider = fields.Selection(related="connection_id.provider", store=True)
    connection_state = fields.Selection(related="connection_id.state")
    sequence = fields.Integer(readonly=True)
    direction = fields.Selection([("pull", "Into Odoo"), ("push", "From Odoo")], required=True, readonly=True)
    kind = fields.Char("Type", required=True, readonly=True, help="Type of document that the flow syncs.")
    description = fields.Char(compute="_compute_name")
    active = fields.Boolean(default=True, help="Odoo does not sync an inactive flow.")
    error_message = Sentence("Last Error", readonly=True, copy=False)
    error_message_source = fields.Json(readonly=True, copy=False)

    _connection_key_unique = models.Constraint("UNIQUE(connection_id, key)", "This flow already exists.")
    _rate_tolerance_positive = models.Constraint(
        "CHECK(rate_tolerance >= 0)", "The largest rate difference cannot be negative."
    )
    _interval_positive = models.Constraint(
        "CHECK(interval_number > 0)", "The number of minutes between two runs must be positive."
    )

    @api.depends("key", "provider")
    @api.depends_context("lang")
    def _compute_name(self):
        for flow in self:
            spec = flow._spec() if flow.connection_id.provider and flow._is_known() else None
            flow.name = in_words(self.env, spec.label) if spec else flow.key
            flow.description = in_words(self.env, spec.help) if spec else False

    @api.model
    def _search_name(self, operator, value):
        flows = self.with_context(active_test=False).search([])  # pylint: disable=no-search-all
        return [("id", "in", flows.filtered_domain([("name", operator, value)]).ids)]

    @api.constrains("active")
    def _check_excludes(self):
        """Only one of several flows that sync the same records can be active."""
        for connection in self.connection_id:
            active = connection.flow_ids.filtered("active").grouped("key")
            for spec in connection._provider_class().flows:
                other = next((key for key in spec.excludes if key in active), None)
                if other and spec.key in active:
                    raise ValidationError(
                        self.env._(
                            "%(flow)s and %(other)s sync the same records. Deactivate one of them.",
                            flow=active[spec.key].name,
                            other=active[other].name,
                        )
                    )

    def _spec(self):
        """The flow's class of the provider."""
        self.ensure_one()
        return self.connection_id._provider_class().flow_class(self.key)

    def _with_stake(self, sentence):
        """The sentence of an error, followed by its possible consequences."""
        return paragraph(sentence, self._spec().at_stake)

    def _is_known(self):
        """Whether this version has the flow. Other versions and removed addons leave flows behind."""
        self.ensure_one()
        return any(spec.key == self.key for spec in self.connection_id._provider_class().flows)

    def _is_shared(self):
        """Whether both sides may change the records of this flow."""
        flows = self.connection_id._provider_class().flows
        return any(spec.kind == self.kind and "conflict_policy" in spec.options for spec in flows)

    def _counterpart(self, direction):
        """The active flow of the same records in that direction, if both sides may change them."""
        if not self._is_shared():
            return self.browse()
        same = self.connection_id.flow_ids.filtered(lambda flow: flow.active and flow.kind == self.kind)
        return same.filtered(lambda flow: flow.direction == direction and not flow._blocked())[:1]

    def _has_documents(self):
        """Whether it has an importer or exporter."""
        return self._is_known() and self._spec().has_documents

    def _importer(self):
        """The importer of this pull flow, with the rights of the integration user. What it writes is not sent back."""
        self.ensure_one()
        kind = "bridged" if self._is_bridged() else self.kind
        return self.connection_id._books()[f"ml.importer.{kind}"].with_context(ml_no_sync=True)

    def _exporter(self, model):
        """The exporter of `model` for this push flow, with the rights of the integration user."""
        self.ensure_one()
        kind = self.kind
        if model == "ml.mapping" and any(kind in kinds for kinds in CREATED_BY.values()):
            kind = "bridged_code"
        elif model == "ml.bridged.document" and self._spec().carries:
            kind = "bridged"
        return self.connection_id._books()[f"ml.exporter.{kind}"]

    def _blocked(self):
        """A sentence if a push flow lacks permissions of the provider; empty otherwise and before the first check."""
        self.ensure_one()
        connection = self.connection_id
        if not self._is_known():
            return _("This version of ML Connector does not have the flow %(flow)s.", flow=self.key)
        if self.direction == "pull" or connection.check_state == "none":
            return ""
        capabilities = frozenset(connection.capabilities or ())
        return connection._provider_class().blocked(self.key, capabilities, self._options())

    @api.model_create_multi
    def create(self, vals_list):
        flows = super().create(vals_list)
        self.env.registry.clear_cache()
        flows.connection_id._grant()
        return flows

    def write(self, vals):
        tags = {flow: flow.group_tag_ids for flow in self} if "group_tag_ids" in vals else {}
        result = super().write(vals)
        if {"active", "connection_id", "purchase_order_mode"} & set(vals):
            self.env.registry.clear_cache()
        if any(map(self._rights_to, vals)):
            # sudo: whoever may choose options need not have a right on the queue; what waits is tried with the new ones
            waiting = [("log_id.flow_id", "in", self.ids), ("log_id.state", "=", "waiting"), ("reason", "=", "change")]
            self.env["ml.wait"].sudo().search(waiting)._release()
        if "active" in vals:
            self._rejudge_waits()
        if vals.get("active"):
            self._expect_now()
        if "journal_id" in vals:
            # sudo: engine field
            super(MlFlow, self.sudo().filtered("is_journal_gone")).write({"is_journal_gone": False})
        for flow, before in tags.items():
            flow._send_tagged(flow.group_tag_ids - before)
        if {"active", "expense_mode", "create_vendors"} & set(vals):
            self.connection_id._grant()
        return result

    def _rejudge_waits(self):
        """Check again the transfers that wait for records of these flows."""
        logs = self.env["ml.sync.log"].sudo()  # sudo: whoever may switch flows need not have a right on the queue
        for connection, flows in self.grouped("connection_id").items():
            in_vain = [("state", "=", "failed"), ("error_class", "=", "in_vain")]
            of_flows = [("connection_id", "=", connection.id), ("wait_ids.kind", "in", flows.mapped("kind"))]
            logs.search([*of_flows, *in_vain])._make_pending()
            connection._trigger()

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @needs("administer")
    def action_sync_now(self):
        """Run the flow now, in the scheduled action of the connection."""
        self.connection_id._check_job()
        flow = self.sudo()  # sudo: engine fields
        flow.write(
            {
                "next_run_at": fields.Datetime.now(),
                "reread_at": False,
                "stop_count": min(flow.stop_count, MAX_STOPS - 1),
            }
        )
        self._decided("sync")
        self.connection_id._trigger()
        return notification(self.env._("Sync started."))

    @needs("administer")
    def action_dry_run(self):
        """Preview a sync without writing or sending."""
        self.ensure_one()
        self.connection_id._check_job()
        dry_run = self.env["ml.dry.run"].create({"flow_id": self.id})
        self.connection_id._trigger()
        title = self.env._("Dry Run: %(flow)s", flow=self.name)
        return open_form("ml.dry.run", dry_run.id, name=title, target="new")

    def _carrier(self):
        """The flow of the target connection that records of this pull flow are forwarded to; empty if there is none."""
        self.ensure_one()
        return self.connection_id.target_id.flow_ids.filtered(lambda flow: self.kind in flow._spec().carries)[:1]

    def _is_bridged(self):
        """Whether records of this pull flow are forwarded without an Odoo entry."""
        return self.connection_id.target_mode == "bridge" and bool(self._carrier())

    def _needed_groups(self):
        """External ids of the groups that the flow needs."""
        self.ensure_one()
        if not self._has_documents():
            return self._file_groups()
        worker = self._importer() if self.direction == "pull" else self._exporter("")
        return {*worker._groups_of(self), *self._file_groups()}

    def _file_groups(self):
        """External ids of the groups that the file templates of the flow need."""
        # sudo: whoever switches a flow need not see templates
        templates = self.env["ml.feed.template"].sudo().search([("flow_id", "=", self.id)])
        groups = {READERS[model] for model in templates.mapped("model_name") if model in READERS}
        if any(column.expression in ANALYTIC for column in templates.column_ids):
            groups.add("analytic.group_analytic_accounting")
        return groups
