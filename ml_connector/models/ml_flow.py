from datetime import UTC, datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_datetime, ormcache

from .client_actions import notification
from .ml_error_class import MAX_STOPS
from .ml_sealed import needs
from .ml_sentence import Sentence
from .ml_sync_log import ODOO, OPEN_STATES
from .ml_sync_mixin import CHANGED

SILENT_INTERVALS = 3
READ_AGAIN = timedelta(days=45)
"""How far back what a wrong clock has hidden is looked for."""

LOCK_DATE_POLICIES = [
    ("park", "Stop and ask"),
    ("next_open_day", "Book on the next open day"),
]

EXPENSE_MODES = [
    ("expense", "Expense paid by the company"),
    ("journal_entry", "Journal entry"),
    ("vendor_bill", "Vendor bill of the merchant, paid by card"),
]

REPORT_MODES = [
    ("journal_entry", "Journal entry"),
    ("vendor_bill", "Vendor bill of the employee"),
]

CONFLICT_POLICIES = [
    ("ask", "Ask"),
    ("odoo", "Odoo wins"),
    ("vendor", "The vendor wins"),
    ("newest", "The newest change wins"),
]


VENDOR_CHANGE_POLICIES = [
    ("ask", "Ask for e-mail, phone, tax and registry number"),
    ("ask_all", "Ask for every field"),
    ("apply", "Apply at once"),
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

    name = fields.Char(required=True, readonly=True, translate=True)
    key = fields.Char(required=True, readonly=True, help="Technical name of the flow.")
    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    provider = fields.Selection(related="connection_id.provider", store=True)
    connection_state = fields.Selection(related="connection_id.state")
    sequence = fields.Integer(readonly=True)
    direction = fields.Selection([("pull", "Into Odoo"), ("push", "To the vendor")], required=True, readonly=True)
    kind = fields.Char(required=True, readonly=True, help="Kind of document that the flow moves.")
    description = fields.Char(translate=True, readonly=True)
    active = fields.Boolean(default=True, help="Nothing is read, watched or sent for a flow that is switched off.")

    interval_number = fields.Integer("Every", default=60, help="Minutes between two runs.")
    schedule = fields.Selection(
        [("interval", "Every N minutes"), ("daily", "Daily")], default="interval", required=True
    )
    daily_hour = fields.Float("At (UTC)", default=3.0, help="Hour of the day, in UTC, for a daily schedule.")
    schedule_text = fields.Char("Runs", compute="_compute_schedule_text")
    next_run_at = fields.Datetime(readonly=True, copy=False, help="When the flow reads or sweeps next.")
    last_run_at = fields.Datetime(readonly=True, copy=False)
    last_success_at = fields.Datetime(readonly=True, copy=False)
    expected_since = fields.Datetime(
        readonly=True, copy=False, help="Since when it has to run, whether it does or not."
    )
    stop_count = fields.Integer(
        "Stops",
        readonly=True,
        copy=False,
        help="How often the server stopped while the flow read, without progress.",
    )
    error_message = Sentence("Last problem", readonly=True, copy=False)
    error_message_source = fields.Json(readonly=True, copy=False)
    cursor = fields.Char(readonly=True, copy=False, help="How far the vendor's records have been stored.")

    post_bills = fields.Boolean("Post", default=True, help="Post what is created; otherwise it stays a draft.")
    draft_when_refused = fields.Boolean(
        "Leave as Draft What Odoo Refuses to Post",
        help="Where the country's rules demand something that the vendor system does not state, the bill becomes a "
        "draft to be completed in Odoo; otherwise it waits with the name of what is missing.",
    )
    journal_id = fields.Many2one(
        "account.journal",
        check_company=True,
        help="Journal for what this flow books; empty: the company's default purchase journal.",
    )
    is_journal_gone = fields.Boolean(
        readonly=True, copy=False, help="The journal that was chosen was deleted: another one has to be chosen."
    )
    lock_date_policy = fields.Selection(
        LOCK_DATE_POLICIES,
        default="park",
        required=True,
        help="What to do with a record whose accounting date lies in a locked period.",
    )
    start_date = fields.Date(help="Records with an earlier accounting date are left alone.")
    create_vendors = fields.Boolean(
        "Create missing vendors", default=True, help="Otherwise an unknown vendor waits for a person to pick a contact."
    )
    rounding_tolerance = fields.Float(
        default=0.05,
        digits=(16, 4),
        help="Largest difference to the source's total that is put on the tax line.",
    )
    rate_tolerance = fields.Float(
        "Largest Rate Difference (%)",
        default=20.0,
        digits=(16, 2),
        help="A bill whose exchange rate is further from Odoo's own rate of its date waits for a person.",
    )
    vendor_mode = fields.Selection(
        [("at_once", "At once"), ("when_needed", "With the first bill or purchase order that needs it")],
        "New vendors",
        default="at_once",
        required=True,
        help="When a new vendor of Odoo is made at the vendor system. What is there is kept current anyway.",
    )
    conflict_policy = fields.Selection(
        CONFLICT_POLICIES,
        "Changed on both sides",
        default="ask",
        required=True,
        help="What stands when the same field was changed in Odoo and at the vendor since both agreed last. Changes of "
        "different fields are merged anyway. Where nothing is sent to the vendor, the vendor wins.",
    )
    vendor_change_policy = fields.Selection(
        VENDOR_CHANGE_POLICIES,
        "Data of Known Vendors",
        default="ask",
        required=True,
        help="Whether an accountant has to agree before a vendor that Odoo knows takes over what was changed at the "
        "provider. With an e-mail address of their own, fraudsters confirm bank accounts of their own.",
    )
    purchase_order_mode = fields.Selection(
        [
            ("auto", "As the vendor system allows"),
            ("order", "Purchase orders"),
            ("draft_bill", "Draft bills with the order attached"),
        ],
        "Send orders as",
        default="auto",
        required=True,
        help="Where the vendor system takes no purchase orders, a draft bill with the lines and the order's PDF "
        "stands for the order.",
    )
    bill_mode = fields.Selection(
        [("draft", "Drafts, approved over there"), ("approved", "Approved bills, which may be paid")],
        "Send bills as",
        default="draft",
        required=True,
    )
    invite_mode = fields.Selection(
        [("draft", "Drafts, invited over there"), ("invite", "Invite at once by e-mail")],
        "New users",
        default="draft",
        required=True,
    )
    number_source = fields.Selection(
        [("provider", "Given by the provider"), ("odoo", "Odoo's own")],
        "Numbers of New Records",
        default="provider",
        required=True,
        help="Where the number of a new record at the provider comes from. Odoo's own: the reference of a contact, the "
        "number of a document. Choose that where the provider is set up to have numbers entered by hand.",
    )
    expense_mode = fields.Selection(
        EXPENSE_MODES,
        "Book as",
        default="expense",
        required=True,
        help="What a card transaction becomes. Refunds and lines that take something back are always journal entries, "
        "because Odoo knows no negative expense.",
    )
    report_mode = fields.Selection(
        REPORT_MODES,
        "Book reports as",
        default="journal_entry",
        required=True,
        help="What an expense report becomes. A report that owes the employee nothing is a journal entry anyway.",
    )
    expense_product_id = fields.Many2one(
        "product.product",
        "Expense category",
        check_company=True,
        domain="[('can_be_expensed', '=', True)]",
        help="Category of the expenses; empty: Odoo's general one. The account comes from the vendor's coding.",
    )
    order_product_id = fields.Many2one(
        "product.product",
        "Product of order lines",
        check_company=True,
        domain="[('purchase_ok', '=', True), ('type', '=', 'service')]",
        help="Odoo's order lines need a product, which the vendor's lines do not have.",
    )
    send_bank_accounts = fields.Boolean(
        "Send bank accounts",
        help="Send along the bank accounts of vendors to which Odoo allows payments. Choose this only where the vendor "
        "system pays and Odoo is the place where bank accounts are verified.",
    )
    group_tag_ids = fields.Many2many(
        "res.partner.category",
        string="Tags sent as vendor groups",
        help="A vendor with one of these tags is put into the vendor system's group of the same name, and taken out of "
        "it without the tag. Other tags and groups are left alone.",
    )
    attachment_mode = fields.Selection(
        [("shared", "All but files of internal notes"), ("main", "The main attachment only")],
        "Files to Send",
        default="shared",
        required=True,
        help="Which files of a record are sent along. Files of internal notes, and what people from outside attached, "
        "stay here in either case.",
    )
    tell_failures = fields.Boolean(
        "Report failures",
        default=True,
        help="Tell the vendor why a record could not be booked. Otherwise it waits here for a person, and the vendor "
        "hears of it once it is booked; a provider that waits for an answer is told why after seven days.",
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

    _connection_key_unique = models.Constraint("UNIQUE(connection_id, key)", "This flow exists already.")
    _rate_tolerance_positive = models.Constraint(
        "CHECK(rate_tolerance >= 0)", "The largest difference of a rate cannot be negative."
    )
    _interval_positive = models.Constraint(
        "CHECK(interval_number > 0)", "The number of minutes between two runs must be positive."
    )

    @api.constrains("daily_hour")
    def _check_daily_hour(self):
        for flow in self:
            if not 0 <= flow.daily_hour < 24:
                raise ValidationError(self.env._("The hour of a daily schedule lies between 0:00 and 23:59."))

    @api.constrains("active")
    def _check_excludes(self):
        """Of flows that read the same records only one can be on, whichever of them says so."""
        for connection in self.connection_id:
            active = connection.flow_ids.filtered("active").grouped("key")
            for spec in connection._provider_class().flows:
                other = next((key for key in spec.excludes if key in active), None)
                if other and spec.key in active:
                    raise ValidationError(
                        self.env._(
                            "%(flow)s and %(other)s read the same records: switch one of them off first.",
                            flow=active[spec.key].name,
                            other=active[other].name,
                        )
                    )

    def _spec(self):
        """The vendor's own description of this flow."""
        self.ensure_one()
        return self.connection_id._provider_class().flow(self.key)

    def _with_stake(self, sentence):
        """The sentence of a failure, and what may happen until that is put right."""
        return " ".join(filter(None, (sentence, self._spec().at_stake)))

    def _is_known(self):
        """Whether this version has the flow. Another version, or the end of an add-on, leaves flows behind."""
        self.ensure_one()
        return any(spec.key == self.key for spec in self.connection_id._provider_class().flows)

    def _record_model(self):
        """Model of the records that a push flow sends."""
        spec = self._spec()
        if spec.watches or not spec.follows:
            return spec.watches
        return self.connection_id._provider_class().flow(spec.follows).watches

    def _is_shared(self):
        """Whether both sides may change the records of this flow."""
        flows = self.connection_id._provider_class().flows
        return any(spec.kind == self.kind and "conflict_policy" in spec.options for spec in flows)

    def _counterpart(self, direction):
        """The switched-on flow that moves the same kind of record in that direction, where both sides may change it."""
        if not self._is_shared():
            return self.browse()
        same = self.connection_id.flow_ids.filtered(lambda flow: flow.active and flow.kind == self.kind)
        return same.filtered(lambda flow: flow.direction == direction and not flow._blocked())[:1]

    def _writer(self):
        """What turns the documents of this pull flow into Odoo records, with the rights of the connection's user."""
        self.ensure_one()
        return self.connection_id._books()[f"ml.importer.{self.kind}"]

    def _reader(self, model):
        """What turns records of `model` into the documents that this push flow sends, with the rights of that user."""
        self.ensure_one()
        return self.connection_id._books()[f"ml.exporter.{self.kind}"]

    def _options(self):
        """The choices made on this flow that the vendor's own code asks for."""
        self.ensure_one()
        return {
            name: self[name]
            for name in ("purchase_order_mode", "bill_mode", "invite_mode", "number_source")
            if name in self._spec().options
        }

    def _blocked(self):
        """Why a push flow cannot work with what the vendor granted; empty when it can, or before the first test."""
        self.ensure_one()
        connection = self.connection_id
        if not self._is_known():
            return self.env._("This version of ML Connector does not know the flow %s.", self.key)
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
                flow.schedule_text = self.env._("Daily at %s UTC", f"{hours:02}:{minutes:02}")
            elif flow.interval_number > 60 and flow.interval_number % 60 == 0:
                flow.schedule_text = self.env._("Every %s hours", flow.interval_number // 60)
            elif flow.interval_number == 60:
                flow.schedule_text = self.env._("Every hour")
            else:
                flow.schedule_text = self.env._("Every %s minutes", flow.interval_number)

    @api.depends("progress_done", "progress_total")
    def _compute_progress(self):
        for flow in self:
            flow.progress = 100.0 * flow.progress_done / flow.progress_total if flow.progress_total else 0.0

    def _compute_done_count(self):
        """Apart from the others, because it reads all that was ever done."""
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
        """{model name: {flow id: (connection id, names of watched fields)}} of the switched-on push flows.

        Cached, because every write of a watched model asks.
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
        """As `_watched_models`, of the flows that send the files of these models' records."""
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
        """Queue the records that were changed in this transaction, as they are at its end."""
        changed = self.env.cr.precommit.data.pop(CHANGED, {})
        for (flow_id, model), ids in changed.items():
            flow = self.browse(flow_id).exists()
            if flow:
                domain = self.env[f"ml.exporter.{flow.kind}"]._domain(flow)
                # sudo: whether a record is to be sent does not depend on who changed it; what is read of it does on the
                # connection's user. What it is called may depend on the company, and whoever changed it works in any
                touched = self.env[model].with_company(flow.company_id).browse(sorted(ids))
                there = touched.exists()
                self.env["ml.sync.log"]._note_deleted(flow, touched - there)
                records = there.filtered_domain(domain)
                records = self.env[f"ml.exporter.{flow.kind}"]._sendable(flow, records)
                if records:
                    self.env["ml.sync.log"]._enqueue(flow, records)
                    flow.connection_id._trigger()

    @api.model_create_multi
    def create(self, vals_list):
        flows = super().create(vals_list)
        self.env.registry.clear_cache()
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
        return result

    def _rejudge_waits(self):
        """What waits for records of these flows may wait in vain now, or not in vain any more."""
        logs = self.env["ml.sync.log"].sudo()  # sudo: whoever may switch flows need not have a right on the queue
        for connection, flows in self.grouped("connection_id").items():
            in_vain = [("state", "=", "failed"), ("error_class", "=", "in_vain")]
            of_flows = [("connection_id", "=", connection.id), ("depends_kind", "in", flows.mapped("kind"))]
            logs.search([*of_flows, *in_vain])._make_pending()
            connection._trigger()

    def _send_tagged(self, tags):
        """Send the contacts that have one of the tags: none of them has changed."""
        watching = self._watched_models().get("res.partner", {})
        if tags and self.id in watching:
            tagged = self.env["res.partner"].search([("category_id", "in", tags.ids)])
            tagged._ml_note({self.id: watching[self.id]})

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    def _read_from(self):
        """The cursor to read from; one ahead of now, which a wrong clock left, is set back to what was surely read."""
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
        """From now on it has to run: what it did before does not count."""
        self.sudo().expected_since = fields.Datetime.now()  # sudo: engine field

    def _silent(self):
        """The flows that should have run, and have not for three of their intervals."""
        now = fields.Datetime.now()
        return self.filtered(
            lambda flow: (
                flow.active and flow._worked_at() + SILENT_INTERVALS * flow._interval() < now and not flow._blocked()
            )
        )

    def _worked_at(self):
        """When it did what it is for, or was asked to and has not begun yet."""
        since, last = self.expected_since, self.last_success_at
        has_begun = self.last_run_at and (not since or self.last_run_at >= since)
        moments = (last,) if last and (has_begun or not since) else (last, since)
        return max(filter(None, moments), default=self.create_date or fields.Datetime.now())

    def _interval(self):
        return timedelta(days=1) if self.schedule == "daily" else timedelta(minutes=self.interval_number)

    def _silent_reason(self):
        self.ensure_one()
        reason = self.env._(
            "%(flow)s has not run since %(moment)s, although it is to run: %(schedule)s.",
            flow=self.name,
            moment=format_datetime(self.env, self._worked_at()),
            schedule=self.schedule_text,
        )
        return f"{reason} {self.error_message}" if self.error_message else reason

    @needs("administer")
    def action_sync_now(self):
        """Read (or sweep) at once: the connection's own job does the work."""
        self.connection_id._check_job()
        flow = self.sudo()  # sudo: engine fields
        flow.write({"next_run_at": fields.Datetime.now(), "stop_count": min(flow.stop_count, MAX_STOPS - 1)})
        self._decided("sync")
        self.connection_id._trigger()
        return notification(self.env._("The sync has been started. Its progress shows here in a moment."))

    @needs("administer")
    def action_dry_run(self):
        """Show what a sync would do and why, without writing or sending anything."""
        self.ensure_one()
        self.connection_id._check_job()
        dry_run = self.env["ml.dry.run"].create({"flow_id": self.id})
        self.connection_id._trigger()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dry run: %s", self.name),
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
