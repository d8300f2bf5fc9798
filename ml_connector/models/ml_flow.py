from datetime import UTC, datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_datetime, ormcache

from ..core.messages import _, paragraph
from .client_actions import notification
from .ml_connection_codes import CREATED_BY
from .ml_error_class import MAX_STOPS
from .ml_sealed import needs
from .ml_sentence import Sentence, in_words
from .ml_sync_log import ODOO, OPEN_STATES
from .ml_sync_mixin import CHANGED

READERS = {
    "account.move": "account.group_account_readonly",
    "purchase.order": "account.group_account_readonly",
    "stock.picking": "stock.group_stock_user",
}
"""The group that may read the records of a file template."""
ANALYTIC = ("dimension", "analytic")
"""Expressions that read analytic plans."""
SILENT_INTERVALS = 3
READ_AGAIN = timedelta(days=45)
"""How far back Odoo reads again after a cursor in the future, left by a wrong clock."""
LOCK_DATE_POLICIES = [
    ("park", "Hold for Review"),
    ("next_open_day", "Post on First Open Day"),
]
EXPENSE_MODES = [
    ("expense", "Expense Paid by Company"),
    ("journal_entry", "Journal Entry"),
    ("vendor_bill", "Vendor Bill of Merchant, Paid by Card"),
]
REPORT_MODES = [
    ("journal_entry", "Journal Entry"),
    ("vendor_bill", "Vendor Bill of Employee"),
]
CONFLICT_POLICIES = [
    ("ask", "Ask"),
    ("odoo", "Odoo Wins"),
    ("vendor", "Provider Wins"),
    ("newest", "Newest Change Wins"),
]
VENDOR_CHANGE_POLICIES = [
    ("ask", "Ask for Email, Phone, Tax ID and Company Registry"),
    ("ask_all", "Ask for Every Field"),
    ("apply", "Apply Immediately"),
]


class MlFlow(models.Model):
    _name = "ml.flow"
    _description = "Flow"
    _inherit = "ml.sealed"
    _order = "connection_id, sequence, id"
    _check_company_auto = True
    _open_fields = {
        "administer": (
            *("active", "interval_number", "schedule", "daily_hour"),
            *(
                "post_bills",
                "draft_when_refused",
                "journal_id",
                "lock_date_policy",
                "start_date",
                "create_vendors",
                "rounding_tolerance",
            ),
            *("vendor_mode", "conflict_policy", "purchase_order_mode", "bill_mode", "invite_mode", "expense_mode"),
            "number_source",
            *("report_mode", "expense_product_id", "order_product_id", "send_bank_accounts", "group_tag_ids"),
            *("tell_failures", "rate_tolerance", "vendor_change_policy", "attachment_mode"),
        )
    }

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

    interval_number = fields.Integer("Every", default=60, help="Minutes between two runs.")
    schedule = fields.Selection(
        [("interval", "Every … Minutes"), ("daily", "Daily")], default="interval", required=True
    )
    daily_hour = fields.Float("Daily At (UTC)", default=3.0, help="Hour of the day, in UTC.")
    schedule_text = fields.Char("Runs", compute="_compute_schedule_text")
    next_run_at = fields.Datetime("Next Run", readonly=True, copy=False, help="When the flow runs next.")
    last_run_at = fields.Datetime("Last Run", readonly=True, copy=False)
    last_success_at = fields.Datetime("Last Success", readonly=True, copy=False)
    expected_since = fields.Datetime(readonly=True, copy=False, help="Since when the flow is expected to run.")
    stop_count = fields.Integer(
        "Stops",
        readonly=True,
        copy=False,
        help="How often the server stopped while the flow ran, without progress.",
    )
    error_message = Sentence("Last Error", readonly=True, copy=False)
    error_message_source = fields.Json(readonly=True, copy=False)
    cursor = fields.Char(
        readonly=True, copy=False, help="Position in the provider's records up to which Odoo has stored them."
    )

    post_bills = fields.Boolean("Post Automatically", default=True, help="If off, new entries stay drafts.")
    draft_when_refused = fields.Boolean(
        "Leave as Draft What Odoo Refuses to Post",
        help="If the rules of the country require data that the provider does not have, Odoo creates a draft bill to"
        " complete. If off, the bill waits and names the missing data.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        help="Journal for the entries of this flow. Empty = the company's default purchase journal.",
    )
    is_journal_gone = fields.Boolean(
        readonly=True, copy=False, help="The chosen journal was deleted. Choose another one."
    )
    lock_date_policy = fields.Selection(
        LOCK_DATE_POLICIES,
        default="park",
        required=True,
        help="How Odoo handles a record whose accounting date is in a locked period.",
    )
    start_date = fields.Date(help="Earlier records are not synced.")
    create_vendors = fields.Boolean(
        "Create Missing Vendors", default=True, help="If off, an unknown vendor waits until you choose a contact."
    )
    rounding_tolerance = fields.Float(
        default=0.05,
        digits=(16, 4),
        help="Largest difference from the provider's total that Odoo corrects on the tax line.",
    )
    rate_tolerance = fields.Float(
        "Largest Rate Difference (%)",
        default=20.0,
        digits=(16, 2),
        help="A bill whose exchange rate differs more from Odoo's rate of the same date waits for your decision.",
    )
    vendor_mode = fields.Selection(
        [("at_once", "Immediately"), ("when_needed", "With First Bill or Purchase Order")],
        "New Vendors",
        default="at_once",
        required=True,
        help="When Odoo creates new vendors in the provider's system. Existing ones are always kept up to date.",
    )
    conflict_policy = fields.Selection(
        CONFLICT_POLICIES,
        "Conflicts",
        default="ask",
        required=True,
        help="Which value wins when a field was changed on both sides since the last sync. Changes of different"
        " fields are always merged. If no flow sends to the provider, the provider wins.",
    )
    vendor_change_policy = fields.Selection(
        VENDOR_CHANGE_POLICIES,
        "Data of Known Vendors",
        default="ask",
        required=True,
        help="Whether an accountant approves changes from the provider before Odoo applies them to an existing"
        " vendor. Fraudsters use changed email addresses to confirm their own bank accounts.",
    )
    purchase_order_mode = fields.Selection(
        [
            ("auto", "As Provider Allows"),
            ("order", "Purchase Orders"),
            ("draft_bill", "Draft Bills with Order Attached"),
        ],
        "Send Orders As",
        default="auto",
        required=True,
        help="If the provider does not accept purchase orders, Odoo sends a draft bill with the order attached.",
    )
    bill_mode = fields.Selection(
        [("draft", "As Drafts, to Be Approved There"), ("approved", "Approved Bills, Ready for Payment")],
        "Send Bills As",
        default="draft",
        required=True,
    )
    invite_mode = fields.Selection(
        [("draft", "As Drafts, to Be Invited There"), ("invite", "Invite Immediately by Email")],
        "New Users",
        default="draft",
        required=True,
    )
    number_source = fields.Selection(
        [("provider", "From Provider"), ("odoo", "From Odoo")],
        "Numbers of New Records",
        default="provider",
        required=True,
        help="Source of the numbers of new records in the provider's system. From Odoo: the reference of a contact"
        " or the number of a document. Choose this if the provider requires manual numbers.",
    )
    expense_mode = fields.Selection(
        EXPENSE_MODES,
        "Book As",
        default="expense",
        required=True,
        help="How Odoo books a card transaction. Refunds and negative lines are always journal entries, because Odoo"
        " has no negative expenses.",
    )
    report_mode = fields.Selection(
        REPORT_MODES,
        "Book Reports As",
        default="journal_entry",
        required=True,
        help="How Odoo books an expense report. A report without an amount owed to the employee is always a journal"
        " entry.",
    )
    expense_product_id = fields.Many2one(
        "product.product",
        "Expense Category",
        check_company=True,
        domain="[('can_be_expensed', '=', True)]",
        help="Category of the expenses. Empty = Odoo's default category. The account comes from the mapped code.",
    )
    order_product_id = fields.Many2one(
        "product.product",
        "Product for Order Lines",
        check_company=True,
        domain="[('purchase_ok', '=', True), ('type', '=', 'service')]",
        help="Odoo's order lines need a product, but the provider's lines have none.",
    )
    send_bank_accounts = fields.Boolean(
        help="Also send the bank accounts of vendors that are trusted for payments in Odoo. Choose this only if the"
        " provider pays and you verify bank accounts in Odoo.",
    )
    group_tag_ids = fields.Many2many(
        "res.partner.category",
        string="Tags Sent as Vendor Groups",
        help="Odoo adds vendors with these tags to the provider's group of the same name and removes those without."
        " Other tags and groups do not change.",
    )
    attachment_mode = fields.Selection(
        [("shared", "All Except Files of Internal Notes"), ("main", "Main Attachment Only")],
        "Files to Send",
        default="shared",
        required=True,
        help="Which files Odoo sends with a record. It never sends files of internal notes and files that external"
        " users attached.",
    )
    tell_failures = fields.Boolean(
        "Report Failures",
        default=True,
        help="Report failures to the provider with the reason. If off, the provider is informed only after booking."
        " A provider that waits for an answer receives the reason after seven days.",
    )
    show_options = fields.Char(compute="_compute_show_options")

    progress_done = fields.Integer(readonly=True, copy=False)
    progress_total = fields.Integer(readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress")
    done_count = fields.Integer(compute="_compute_done_count")
    failed_count = fields.Integer(compute="_compute_counts")
    waiting_count = fields.Integer(compute="_compute_counts")
    open_count = fields.Integer(compute="_compute_counts")
    unknown_count = fields.Integer(compute="_compute_counts")

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

    @api.constrains("daily_hour")
    def _check_daily_hour(self):
        for flow in self:
            if not 0 <= flow.daily_hour < 24:
                raise ValidationError(self.env._("The hour of a daily schedule must be between 0:00 and 23:59."))

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

    def _record_model(self):
        """Model of the records that a push flow sends."""
        spec = self._spec()
        if spec.watches or not spec.follows:
            return spec.watches
        return self.connection_id._provider_class().flow_class(spec.follows).watches

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

    def _writer(self):
        """The importer of this pull flow, with the rights of the integration user."""
        self.ensure_one()
        kind = "bridged" if self._is_bridged() else self.kind
        return self.connection_id._books()[f"ml.importer.{kind}"]

    def _reader(self, model):
        """The exporter of `model` for this push flow, with the rights of the integration user."""
        self.ensure_one()
        kind = self.kind
        if model == "ml.mapping" and any(kind in kinds for kinds in CREATED_BY.values()):
            kind = "bridged_code"
        elif model == "ml.bridged.document" and self._spec().carries:
            kind = "bridged"
        return self.connection_id._books()[f"ml.exporter.{kind}"]

    def _options(self):
        """The options of this flow for the provider's code."""
        self.ensure_one()
        return {
            name: self[name]
            for name in ("purchase_order_mode", "bill_mode", "invite_mode", "number_source")
            if name in self._spec().options
        }

    def _blocked(self):
        """A sentence if a push flow lacks permissions of the provider; empty otherwise and before the first check."""
        self.ensure_one()
        connection = self.connection_id
        if not self._is_known():
            return _("This version of ML Connector does not have the flow %(flow)s.", flow=self.key)
        if self.direction == "pull" or self.kind == "result" or connection.check_state == "none":
            return ""
        capabilities = frozenset(connection.capabilities or ())
        return connection._provider_class().blocked(self.key, capabilities, self._options())

    @api.depends("key", "provider")
    def _compute_show_options(self):
        for flow in self:
            flow.show_options = ",".join(flow._spec().options) if flow.connection_id.provider else ""

    @api.depends("schedule", "interval_number", "daily_hour")
    def _compute_schedule_text(self):
        for flow in self:
            if flow.schedule == "daily":
                hours, minutes = divmod(round(flow.daily_hour * 60), 60)
                flow.schedule_text = self.env._("Daily at %(time)s UTC", time=f"{hours:02}:{minutes:02}")
            elif flow.interval_number > 60 and flow.interval_number % 60 == 0:
                flow.schedule_text = self.env._("Every %(count)s hours", count=flow.interval_number // 60)
            elif flow.interval_number == 60:
                flow.schedule_text = self.env._("Every hour")
            else:
                flow.schedule_text = self.env._("Every %(count)s minutes", count=flow.interval_number)

    @api.depends("progress_done", "progress_total")
    def _compute_progress(self):
        for flow in self:
            flow.progress = 100.0 * flow.progress_done / flow.progress_total if flow.progress_total else 0.0

    def _compute_done_count(self):
        """Separate from the other counts, because it reads all finished transfers."""
        done = [("flow_id", "in", self.ids), ("state", "=", "done")]
        counts = dict(self.env["ml.sync.log"]._read_group(done, ["flow_id"], ["__count"]))
        for flow in self:
            flow.done_count = counts.get(flow, 0)

    def _compute_counts(self):
        groups = self.env["ml.sync.log"]._read_group(
            [
                ("connection_id", "in", self.connection_id.ids),
                ("flow_id", "in", self.ids),
                ("state", "in", OPEN_STATES),
            ],
            ["flow_id", "state"],
            ["__count"],
        )
        counts = {(flow.id, state): count for flow, state, count in groups}
        for flow in self:
            flow.failed_count = counts.get((flow.id, "failed"), 0)
            flow.waiting_count = counts.get((flow.id, "waiting"), 0)
            flow.unknown_count = counts.get((flow.id, "unknown"), 0)
            flow.open_count = counts.get((flow.id, "pending"), 0) + counts.get((flow.id, "running"), 0)

    @api.model
    @ormcache()
    def _watched_models(self):
        """{model name: {flow id: (connection id, names of watched fields)}} of the active push flows.

        Cached, because every write on a watched model needs it.
        """
        watched = {}
        for flow in self._working_pushes():
            model = flow._spec().watches
            if model and not flow._blocked():
                names = self.env[f"ml.exporter.{flow.kind}"]._watched_fields()
                watched.setdefault(model, {})[flow.id] = (flow.connection_id.id, frozenset(names))
        return watched

    @api.model
    @ormcache()
    def _watched_files(self):
        """Like `_watched_models`, for flows that send files of these records."""
        watched = {}
        for flow in self._working_pushes().filtered(lambda flow: flow.kind == "outgoing_files"):
            if not flow._blocked():
                watched.setdefault(flow._record_model(), {})[flow.id] = (flow.connection_id.id, frozenset())
        return watched

    @api.model
    def _working_pushes(self):
        # sudo: hooks run for any user, who need not see flows; whatever the context of the first who asks
        return (
            self.sudo()
            .search(
                [
                    ("active", "=", True),
                    ("connection_id.active", "=", True),
                    ("direction", "=", "push"),
                    ("connection_id.state", "in", ("connected", "attention")),
                ]
            )
            .filtered(lambda flow: flow._is_known())
        )

    @api.model
    def _enqueue_changes(self):
        """Queue the records changed in this transaction, at its end."""
        changed = self.env.cr.precommit.data.pop(CHANGED, {})
        for (flow_id, model), ids in changed.items():
            flow = self.browse(flow_id).exists()
            if flow:
                exporter = self.env[f"ml.exporter.{flow.kind}"]
                # sudo: whether a record is to be sent does not depend on who changed it; what is read of it does on the
                # connection's user. What it is called may depend on the company, and whoever changed it works in any
                touched = self.env[model].with_company(flow.company_id).browse(sorted(ids))
                there = touched.exists()
                self.env["ml.sync.log"]._note_deleted(flow, touched - there)
                records = there.filtered_domain(exporter._domain(flow))
                records = exporter._sendable(flow, records) | exporter._left(flow, there - records)
                if records:
                    self.env["ml.sync.log"]._enqueue(flow, records)
                    flow.connection_id._trigger()

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
        if set(self._open_fields["administer"]) & set(vals):
            # sudo: whoever may choose options need not have a right on the queue; what waits is tried with the new ones
            waiting = [("flow_id", "in", self.ids), ("state", "=", "waiting"), ("depends_kind", "=", ODOO)]
            self.env["ml.sync.log"].sudo().search(waiting)._release()
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
            of_flows = [("connection_id", "=", connection.id), ("depends_kind", "in", flows.mapped("kind"))]
            logs.search([*of_flows, *in_vain])._make_pending()
            connection._trigger()

    def _send_tagged(self, tags):
        """Send the contacts with one of the tags, although they did not change."""
        watching = self._watched_models().get("res.partner", {})
        if tags and self.id in watching:
            tagged = self.env["res.partner"].search([("category_id", "in", tags.ids)])
            tagged._ml_note({self.id: watching[self.id]})

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    def _read_from(self):
        """The cursor to read from. One in the future, left by a wrong clock, is reset to a safe date."""
        self.ensure_one()
        cursor, now = self.cursor or "", fields.Datetime.now()
        try:
            moment = datetime.fromisoformat(cursor)
        except ValueError:
            return cursor
        if moment.replace(tzinfo=moment.tzinfo or UTC) <= now.replace(tzinfo=UTC):
            return cursor
        sure = (min(self.last_success_at or now, now) - READ_AGAIN).replace(tzinfo=moment.tzinfo and UTC)
        return (sure.date() if len(cursor) == len("2026-01-31") else sure).isoformat()

    def _is_due(self, now):
        self.ensure_one()
        return self.stop_count < MAX_STOPS and (not self.next_run_at or self.next_run_at <= now)

    def _schedule_next(self, now):
        """Set the time of the next run after one that began at `now` (UTC)."""
        self.ensure_one()
        self.last_run_at = now
        self.stop_count = 0
        if self.schedule == "interval":
            self.next_run_at = now + timedelta(minutes=self.interval_number)
            return
        hours = timedelta(hours=self.daily_hour)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self.next_run_at = today + hours if today + hours > now else today + timedelta(days=1) + hours

    def _expect_now(self):
        """Expect a run of the flow from now on."""
        self.sudo().expected_since = fields.Datetime.now()  # sudo: engine field

    def _silent(self):
        """The flows that have not run for three of their intervals."""
        now = fields.Datetime.now()
        return self.filtered(
            lambda flow: (
                flow.active and flow._worked_at() + SILENT_INTERVALS * flow._interval() < now and not flow._blocked()
            )
        )

    def _worked_at(self):
        """Time of the last success, or of the request if the flow has not run since."""
        since, last = self.expected_since, self.last_success_at
        has_begun = self.last_run_at and (not since or self.last_run_at >= since)
        moments = (last,) if last and (has_begun or not since) else (last, since)
        return max(filter(None, moments), default=self.create_date or fields.Datetime.now())

    def _interval(self):
        return timedelta(days=1) if self.schedule == "daily" else timedelta(minutes=self.interval_number)

    def _silent_reason(self):
        self.ensure_one()
        reason = self.env._(
            "%(flow)s has not run since %(moment)s. Schedule: %(schedule)s.",
            flow=self.name,
            moment=format_datetime(self.env, self._worked_at()),
            schedule=self.schedule_text,
        )
        return " ".join(filter(None, (reason, in_words(self.env, self._sentence("error_message")))))

    @needs("administer")
    def action_sync_now(self):
        """Run the flow now, in the scheduled action of the connection."""
        self.connection_id._check_job()
        flow = self.sudo()  # sudo: engine fields
        flow.write({"next_run_at": fields.Datetime.now(), "stop_count": min(flow.stop_count, MAX_STOPS - 1)})
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
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dry Run: %(flow)s", flow=self.name),
            "res_model": "ml.dry.run",
            "res_id": dry_run.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_open_logs(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "ml.sync.log",
            "view_mode": "list,form,graph,pivot",
            "domain": [("flow_id", "=", self.id)],
        }

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
        prefix = "ml.importer." if self.direction == "pull" else "ml.exporter."
        if f"{prefix}{self.kind}" not in self.env:
            return self._file_groups()
        worker = self._writer() if self.direction == "pull" else self._reader("")
        return {*worker._groups_of(self), *self._file_groups()}

    def _file_groups(self):
        """External ids of the groups that the file templates of the flow need."""
        # sudo: whoever switches a flow need not see templates
        templates = self.env["ml.feed.template"].sudo().search([("flow_id", "=", self.id)])
        groups = {READERS[model] for model in templates.mapped("model_name") if model in READERS}
        if any(column.expression in ANALYTIC for column in templates.column_ids):
            groups.add("analytic.group_analytic_accounting")
        return groups
