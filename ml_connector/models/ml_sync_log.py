import json
from datetime import timedelta
from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.modules.db import FunctionStatus
from odoo.tools import SQL, format_amount

from ..core.documents import Result
from ..core.http import mask
from ..core.items import UNREADABLE
from ..core.messages import _
from ..core.remote import RemoteRecord
from . import ml_error_class
from .client_actions import notification, open_address, shown_as_text
from .ml_binding import _record_key
from .ml_error_class import MAX_STOPS
from .ml_sealed import needs
from .ml_sentence import Sentence, in_words

STATES = [
    ("pending", "Queued"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("waiting", "Waiting"),
    ("unknown", "Unconfirmed"),
    ("ignored", "Ignored"),
    ("superseded", "Replaced by Newer Version"),
]
OPEN_STATES = ("pending", "running", "failed", "waiting", "unknown")
MERGED_STATES = ("pending", "failed", "waiting")
FINAL_STATES = ("done", "ignored", "superseded")
DECIDED_STATES = ("ignored", "superseded")
WITHOUT_READER = ("result", "feed_file")
"""Kinds of outgoing transfers without an Odoo record."""
DIFFERS = [("outcome", "=", "drift"), ("is_current", "=", True), ("state", "not in", DECIDED_STATES)]
"""Domain of transfers that changed after posting and are not resolved."""
DIFFERENCE_KINDS = ("expense_report", "cash_advance", "payroll")
"""Kinds of records whose new version may hold only a difference."""
ALARMING = 10
"""Number of late or failed transfers that raises an alarm."""
BACKLOG_AGE, FAILURE_SPAN, DAY = timedelta(hours=4), timedelta(hours=1), timedelta(days=1)
DECISIONS = {
    "odoo": _("Keep Odoo Values"),
    "vendor": _("Use Provider Values"),
    "difference": _("Book as Difference"),
    "next_open_day": _("Post on First Open Day"),
    "date_is_right": _("Confirm Date"),
}
CHANGED_ACTIVITY = "ml_connector.mail_activity_changed"
ODOO = "odoo"
"""`depends_kind` of transfers that wait for a change of an Odoo record, named in `depends_external_id`."""
DEPENDS = "code:"
"""Prefix of `depends_kind` of transfers that wait for a code, followed by the kind of code."""
INDEPENDENT = {"depends_kind": False, "depends_external_id": False, "depends_name": False, "is_awaited_gone": False}
CLEAN = {
    "error_class": False,
    "error_message": False,
    **INDEPENDENT,
    "conflict": False,
    "decision": False,
    "stop_count": 0,
}


def _searched_id(registry):
    """Like Odoo's index of `index="trigram"`, because ids are searched in part and as a whole."""
    if not registry.has_trigram or registry.has_unaccent == FunctionStatus.PRESENT:
        return ""
    return f"USING gin ({registry.unaccent('external_id')} gin_trgm_ops)"


class MlSyncLog(models.Model):
    """The transfer of one record: queue and result in one.

    pending -> running -> done | failed | waiting | unknown; a user may set ignored; a newer version of the record sets
    superseded.
    """

    _name = "ml.sync.log"
    _description = "Transfer"
    _inherit = "ml.sealed"
    _order = "id desc"

    name = fields.Char("Record", readonly=True, index="trigram")
    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    flow_id = fields.Many2one("ml.flow", required=True, readonly=True, ondelete="cascade")
    direction = fields.Selection([("pull", "Into Odoo"), ("push", "From Odoo")], required=True, readonly=True)
    kind = fields.Char("Type", required=True, readonly=True)
    state = fields.Selection(STATES, "Status", default="pending", required=True, readonly=True)
    outcome = fields.Selection(
        [
            ("created", "Created"),
            ("linked", "Linked"),
            ("updated", "Updated"),
            ("unchanged", "Unchanged"),
            ("drift", "Changed After Posting"),
            ("reversed", "Reversed"),
            ("sent", "Sent"),
            ("read", "Read"),
        ],
        readonly=True,
        help="Result of the transfer. Changed After Posting: the record changed in the provider's system after Odoo"
        " posted it.",
    )
    status = fields.Selection(
        [*STATES, ("changed", "Changed After Posting")],
        "Displayed Status",
        compute="_compute_status",
        help="The status as lists show it.",
    )
    is_withdrawn = fields.Boolean(
        "Withdrawn", readonly=True, help="The record was archived, cancelled or voided in the provider's system."
    )
    is_partial = fields.Boolean(
        "Difference Only", readonly=True, help="The latest version holds only the difference from the existing entry."
    )
    comparison = fields.Json(
        "Comparison (Data)", readonly=True, help="Amounts of each account now and with the latest version."
    )
    comparison_table = fields.Html("Comparison", compute="_compute_comparison_table", sanitize=False)
    external_id = fields.Char("Provider ID", readonly=True, index="btree_not_null")
    external_version = fields.Char("Provider Version", readonly=True)
    external_url = fields.Char("Provider URL", readonly=True)
    is_acknowledged = fields.Boolean(
        default=True,
        readonly=True,
        help="The provider has confirmed that Odoo stored the record. Odoo processes it only after that.",
    )
    is_told = fields.Boolean(
        "Already Reported",
        readonly=True,
        help="The provider already marks the record as booked. Odoo does not report it again.",
    )
    is_current = fields.Boolean(default=True, readonly=True, help="The latest version of the record.")
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Many2oneReference("Odoo Record", model_field="res_model", readonly=True)
    note = Sentence(readonly=True)
    note_source = fields.Json(readonly=True)

    error_class = fields.Selection(lambda self: ml_error_class.selection(self.env), readonly=True, string="Error Type")
    error_message = Sentence("Reason", readonly=True, index="trigram")
    error_message_source = fields.Json(readonly=True)
    advice = fields.Char("Next Step", compute="_compute_advice")
    try_count = fields.Integer("Attempts", readonly=True)
    stop_count = fields.Integer(
        "Stops", readonly=True, help="How often the server stopped during this transfer since its last success."
    )
    next_try_at = fields.Datetime("Next Attempt", readonly=True, default=fields.Datetime.now)
    lease_until = fields.Datetime(readonly=True)
    sent_at = fields.Datetime(
        "Sent On", readonly=True, help="Set before Odoo sends the record. Unconfirmed until the answer is stored."
    )
    idempotency_key = fields.Char(readonly=True)
    done_at = fields.Datetime("Done On", readonly=True)
    milliseconds = fields.Integer("Duration (ms)", readonly=True, aggregator="avg")
    ignored_reason = Sentence("Ignore Reason", readonly=True)
    ignored_reason_source = fields.Json(readonly=True)
    ignored_by_id = fields.Many2one("res.users", readonly=True)

    payload = fields.Json("Payload (Data)", groups=fields.NO_ACCESS, prefetch=False)
    sent_values = fields.Json(
        groups=fields.NO_ACCESS,
        prefetch=False,
        help="Values of fields that sync both ways, at the time Odoo sent the record.",
    )
    payload_text = fields.Text(
        "Payload", compute="_compute_payload_text", groups="ml_connector.group_ml_connector_manager"
    )
    waiting_mapping_ids = fields.Many2many(
        "ml.mapping", "ml_sync_log_waiting_mapping_rel", "log_id", "mapping_id", "Missing Mappings", readonly=True
    )
    depends_kind = fields.Char(readonly=True)
    depends_external_id = fields.Char(readonly=True)
    depends_name = fields.Char("Waiting For", readonly=True)
    is_awaited_gone = fields.Boolean(
        "Waiting for Deleted Record", readonly=True, help="The awaited record was deleted in Odoo."
    )
    is_record_gone = fields.Boolean(
        "Deleted in Odoo", compute="_compute_is_record_gone", help="The record was created and later deleted."
    )
    conflict = fields.Json(
        "Conflict (Data)", readonly=True, help="Fields that were changed on both sides, with both values."
    )
    conflict_table = fields.Html("Conflict", compute="_compute_conflict_table", sanitize=False)
    decision = fields.Selection(list(DECISIONS.items()), readonly=True)
    provider_name = fields.Char(compute="_compute_labels")
    open_label = fields.Char(compute="_compute_labels")
    use_label = fields.Char(compute="_compute_labels")
    found_label = fields.Char(compute="_compute_labels")
    missing_label = fields.Char(compute="_compute_labels")
    check_label = fields.Char(compute="_compute_labels")
    attempt_ids = fields.One2many("ml.sync.attempt", "log_id", readonly=True)
    feed_file_id = fields.Many2one("ml.feed.file", "File", readonly=True, ondelete="set null", index="btree_not_null")

    _pull_version_unique = models.UniqueIndex("(flow_id, external_id, external_version) WHERE direction = 'pull'")
    _push_open_unique = models.UniqueIndex(
        "(flow_id, res_model, res_id) WHERE direction = 'push' AND res_id IS NOT NULL"
        " AND state IN ('pending', 'failed', 'waiting')"
    )
    _work_idx = models.Index("(flow_id, next_try_at, id) WHERE state = 'pending'")
    _open_idx = models.Index(
        "(connection_id, state, flow_id, company_id) WHERE state NOT IN ('done', 'ignored', 'superseded')"
    )
    _dependency_idx = models.Index("(depends_kind, depends_external_id, connection_id) WHERE depends_kind IS NOT NULL")
    _missing_idx = models.Index("(connection_id) WHERE state = 'waiting' AND depends_kind IS NOT NULL")
    _unacknowledged_idx = models.Index("(flow_id, id) WHERE is_acknowledged IS NOT TRUE AND state = 'pending'")
    _stopped_idx = models.Index("(connection_id) WHERE stop_count > 0")
    _record_idx = models.Index("(res_model, res_id)")
    # `IS TRUE` as in the queries, otherwise PostgreSQL does not use the index
    _differs_idx = models.Index("(connection_id) WHERE outcome = 'drift' AND is_current IS TRUE")
    _search_idx = models.Index(_searched_id)
    _created_idx = models.Index("USING brin (create_date) WITH (pages_per_range = 32)")
    _done_idx = models.Index("(done_at) WHERE state IN ('done', 'ignored', 'superseded')")
    _payload_idx = models.Index("(done_at) WHERE payload IS NOT NULL AND state IN ('done', 'ignored', 'superseded')")

    @api.depends("connection_id.provider")
    @api.depends_context("lang")
    def _compute_labels(self):
        for log in self:
            provider = log.connection_id._provider_name()
            log.provider_name = provider
            log.open_label = self.env._("Open in %(provider)s", provider=provider)
            log.use_label = self.env._("Use %(provider)s Values", provider=provider)
            log.found_label = self.env._("Found in %(provider)s", provider=provider)
            log.missing_label = self.env._("Not in %(provider)s, Send Again", provider=provider)
            log.check_label = self.env._("Check %(provider)s Again", provider=provider)

    @api.depends("state", "outcome", "is_current")
    def _compute_status(self):
        for log in self:
            log.status = "changed" if log.state == "done" and log._differs() else log.state

    def _differs(self):
        return self.outcome == "drift" and self.is_current and self.state not in DECIDED_STATES

    @api.depends("res_model", "res_id", "state", "is_current", "direction")
    def _compute_is_record_gone(self):
        self.is_record_gone = False
        brought = self.filtered(
            lambda log: log.direction == "pull" and log.state == "done" and log.is_current and log.res_id
        )
        for model, logs in brought.filtered(lambda log: log.res_model in self.env).grouped("res_model").items():
            alive = set(self.env[model].browse(set(logs.mapped("res_id"))).exists()._ids)
            logs.filtered(lambda log, alive=alive: log.res_id not in alive).is_record_gone = True

    @api.depends("state", "error_class", "depends_name", "is_awaited_gone")
    @api.depends_context("lang")
    def _compute_advice(self):
        for log in self:
            if log.is_awaited_gone:
                log.advice = self.env._(
                    "Create %(record)s again. This transfer then continues automatically. Or ignore both.",
                    record=log.depends_name,
                )
                continue
            if log.depends_name and log.state == "waiting":
                log.advice = self._dependency_advice(log)
                continue
            advice = log.error_class and ml_error_class.advice(log.error_class, log.connection_id)
            log.advice = in_words(self.env, advice)

    def _dependency_advice(self, log):
        if log.depends_kind and log.depends_kind.startswith(DEPENDS):
            return self.env._(
                "Map %(odoo_value)s to a code of %(provider)s.", odoo_value=log.depends_name, provider=log.provider_name
            )
        if log.kind == "result":
            return self.env._(
                "No action needed. Continues once %(provider)s has received the result of %(record)s.",
                provider=log.provider_name,
                record=log.depends_name,
            )
        if log.direction == "push":
            return self.env._(
                "No action needed. Continues once %(record)s exists in %(provider)s.",
                record=log.depends_name,
                provider=log.provider_name,
            )
        return self.env._("No action needed. Continues once %(record)s is in Odoo.", record=log.depends_name)

    @api.depends("conflict")
    def _compute_conflict_table(self):
        for log in self:
            log.conflict_table = log.conflict and self._conflict_table(log)

    def _conflict_table(self, log):
        reader = self.env[f"ml.exporter.{log.kind}"]
        cell = Markup("<td>%s</td>")
        rows = [
            (reader._shared_label(name), *(self._value_text(side) for side in sides))
            for name, sides in log.conflict.items()
        ]
        heading = Markup("<tr><th></th><th>%s</th><th>%s</th></tr>") % (
            self.env._("In Odoo"),
            self.env._("In %(provider)s", provider=log.provider_name),
        )
        body = Markup().join(Markup("<tr>%s</tr>") % Markup().join(cell % text for text in row) for row in rows)
        return Markup('<table class="table table-sm"><thead>%s</thead><tbody>%s</tbody></table>') % (heading, body)

    @api.depends("comparison", "is_partial", "is_withdrawn")
    def _compute_comparison_table(self):
        for log in self:
            log.comparison_table = log.comparison and not log.is_withdrawn and log._comparison_table()

    def _comparison_table(self):
        """A table of the amounts of each account, now and after each of the buttons."""
        columns = {self.env._("In Odoo"): lambda booked, newest: booked}
        if not self.is_partial:
            columns[self.env._("After Reverse and Book Again")] = lambda booked, newest: newest
        if self.kind in DIFFERENCE_KINDS:
            columns[self.env._("After Book as Difference")] = lambda booked, newest: booked + newest
        code = self.comparison["currency"]
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
        cell, row = Markup('<td class="text-end">%s</td>'), Markup("<tr><td>%s</td>%s</tr>")
        rows = []
        for name, *stored in self.comparison["rows"]:
            amounts = [amount(*map(Decimal, stored)) for amount in columns.values()]
            texts = [format_amount(self.env, float(value), currency) if currency else value for value in amounts]
            rows.append(row % (name, Markup().join(cell % text for text in texts)))
        heading = Markup().join(Markup('<th class="text-end">%s</th>') % title for title in columns)
        table = Markup('<table class="table table-sm"><thead><tr><th>%s</th>%s</tr></thead><tbody>%s</tbody></table>')
        return table % (self.env._("Account"), heading, Markup().join(rows))

    def _value_text(self, value):
        if isinstance(value, bool):
            return self.env._("Yes") if value else self.env._("No")
        return value or self.env._("(empty)")

    def _compute_payload_text(self):
        for log in self.sudo():  # sudo: the raw payload has no reader; what is shown is masked
            log.payload_text = json.dumps(mask(log.payload), indent=2, ensure_ascii=False) if log.payload else False

    # ------------------------------------------------------------------ queue

    @api.model
    def _store(self, flow, items):
        """Insert transfers of new and changed items; returns their number. Repeated pages and events change nothing."""
        items = {item.external_id: item for item in items}
        known = {}
        for log in self.search([("flow_id", "=", flow.id), ("external_id", "in", list(items))], order="id"):
            known.setdefault(log.external_id, self.browse())
            known[log.external_id] |= log
        rows, reopened, outdated = [], self.browse(), self.browse()
        for external_id, item in items.items():
            logs = known.get(external_id, self.browse())
            same = logs.filtered(lambda log, item=item: log.external_version == item.version)
            if same.is_current:
                continue
            outdated |= logs.filtered("is_current")
            if same:
                same.sudo().payload = item.payload  # sudo: field without access
                reopened |= same
            else:
                rows.append(item)
        outdated._outdate()
        reopened.is_current = True
        reopened._make_pending()
        self._insert_pulled(flow, rows)
        return len(rows) + len(reopened)

    @api.model
    def _insert_pulled(self, flow, items):
        if not items:
            return
        now = fields.Datetime.now()
        rows = [
            (
                *(item.title, flow.connection_id.id, flow.company_id.id, flow.id, "pull", flow.kind, "pending"),
                *(item.external_id, item.version, item.url or None, True),
                not flow._spec().acknowledges or item.external_id.startswith(UNREADABLE),
                *(0, now, json.dumps(item.payload)),
                *(self.env.uid, now, self.env.uid, now),
            )
            for item in items
        ]
        self.flush_model()
        self.env.execute_query(
            SQL(
                """INSERT INTO ml_sync_log (name, connection_id, company_id, flow_id, direction, kind, state,
                        external_id, external_version, external_url, is_current, is_acknowledged, try_count,
                        next_try_at, payload, create_uid, create_date, write_uid, write_date)
                   VALUES %s
                   ON CONFLICT (flow_id, external_id, external_version) WHERE direction = 'pull' DO NOTHING
                   RETURNING id""",
                SQL(", ").join(SQL("%s", row) for row in rows),
            )
        )
        self.invalidate_model()

    @api.model
    def _enqueue(self, flow, records):
        """Create one open outgoing transfer for each record, or reuse the open one.

        Transfers of records that the integration user may not read do not name them, and fail later.
        """
        if not records:
            return
        unseen = flow.connection_id._unseen_in_books(records)
        names = [f"(id {record.id})" if record in unseen else record.display_name for record in records]
        now = fields.Datetime.now()
        common = (flow.connection_id.id, flow.company_id.id, flow.id, "push", flow.kind, "pending", records._name)
        common += (True, True, 0, now, self.env.uid, now)
        self.flush_model(["state"])
        self.env.execute_query(
            SQL(
                """INSERT INTO ml_sync_log (name, res_id, connection_id, company_id, flow_id, direction, kind, state,
                        res_model, is_current, is_acknowledged, try_count, next_try_at, create_uid, create_date)
                   SELECT record.name, record.id, %s
                     FROM unnest(%s::varchar[], %s::integer[]) AS record(name, id)
                   ON CONFLICT (flow_id, res_model, res_id) WHERE direction = 'push' AND res_id IS NOT NULL
                            AND state IN ('pending', 'failed', 'waiting')
                   DO UPDATE SET state = 'pending', next_try_at = EXCLUDED.next_try_at, try_count = 0,
                            stop_count = LEAST(coalesce(ml_sync_log.stop_count, 0), %s),
                            name = EXCLUDED.name, write_date = EXCLUDED.create_date
                   RETURNING id""",
                SQL(", ").join(SQL("%s", value) for value in common),
                names,
                records.ids,
                MAX_STOPS - 1,
            )
        )
        self.invalidate_model()

    @api.model
    def _note_deleted(self, flow, gone):
        """Create failed transfers for sent records that were deleted in Odoo, because the provider still has them."""
        if not gone:
            return
        bindings = self.env["ml.binding"]._sent(flow, gone)
        sent = self.search(
            [("flow_id", "=", flow.id), ("res_model", "=", gone._name), ("res_id", "in", bindings.mapped("res_id"))],
            order="id",
        )
        names = {row.res_id: row.name for row in sent}
        self.create(
            [
                {
                    "name": (name := names.get(binding.res_id) or binding.external_id),
                    "connection_id": flow.connection_id.id,
                    "company_id": flow.company_id.id,
                    "flow_id": flow.id,
                    "direction": "push",
                    "kind": flow.kind,
                    "state": "failed",
                    "res_model": gone._name,
                    "external_id": binding.external_id,
                    "external_url": binding.external_url,
                    "error_class": "validation",
                    "error_message": _(
                        "%(record)s was deleted in Odoo, but still exists in %(provider)s. Remove it there, then"
                        " ignore this"
                        " transfer.",
                        record=name,
                        provider=flow.connection_id._provider_name(),
                    ),
                }
                for binding in bindings
            ]
        )

    def _may_be_told(self):
        """Whether the provider accepts a result: it has the record and knows that Odoo stored it."""
        is_known = self.external_id and not self.external_id.startswith(UNREADABLE)
        return bool(is_known and self.is_acknowledged and not self.is_told)

    def _told_title(self):
        return f"{self.flow_id.key} {self.external_id or f'{self.res_model},{self.res_id}'}"

    def _as_item(self, version, payload):
        """The remote record of this transfer for another flow."""
        self.ensure_one()
        return RemoteRecord(
            external_id=self.external_id,
            version=version,
            title=self.name,
            payload=payload,
            url=self.external_url or "",
        )

    def _result(self):
        """The document of a transfer that reports a result."""
        self.ensure_one()
        return Result(**self.sudo().payload)  # sudo: field without access

    def _make_pending(self):
        """Queue transfers again, for now."""
        if not self:
            return
        self.write({"state": "pending", "next_try_at": fields.Datetime.now(), "try_count": 0, "lease_until": False})
        # one more attempt for transfers that stopped the server
        self.filtered(lambda log: log.stop_count >= MAX_STOPS).stop_count = MAX_STOPS - 1
        self.connection_id._trigger()

    def _outdate(self):
        """Replace open transfers of a version that is no longer the latest."""
        self.is_current = False
        outdated = self.filtered(lambda log: log.state in MERGED_STATES)
        self.env["ml.worker"]._answer_outdated(outdated.filtered(lambda log: log.flow_id._spec().acknowledges))
        outdated._supersede()

    def _supersede(self):
        self.write({"state": "superseded", "done_at": fields.Datetime.now(), "lease_until": False, **CLEAN})

    @api.model
    def _release_dependents(self, connection, keys):
        """Release transfers that waited for the remote records `keys` (kind, external id)."""
        if not keys:
            return
        waiting = self.search(
            [
                ("connection_id", "=", connection.id),
                # also transfers that failed because the awaited record failed
                ("state", "in", ("waiting", "failed")),
                ("depends_kind", "in", list({kind for kind, _id in keys})),
                ("depends_external_id", "in", list({external_id for _kind, external_id in keys})),
            ]
        )
        waiting.filtered(lambda log: (log.depends_kind, log.depends_external_id) in keys)._release()

    def _let_others_go_on(self):
        """Release documents that waited for a failed or ignored detail, such as a file."""
        for log in self.filtered(lambda log: log.state in ("failed", "ignored") and log.direction == "push"):
            has_reader = log.res_id and log.kind not in WITHOUT_READER
            if has_reader and not log.flow_id._reader(log.res_model)._holds_up:
                self._release_dependents(log.connection_id, {(log.kind, f"{log.res_model},{log.res_id}")})

    def _release(self):
        """Release transfers that no longer wait for a record."""
        self.write(INDEPENDENT)
        self.filtered(lambda log: not log.waiting_mapping_ids)._make_pending()

    @api.model
    def _release_awaiting(self, model, ids, *domain):
        """Release transfers that waited for a change of these Odoo records, or for a new one of their model."""
        keys = [odoo_key(model), *(odoo_key(model, record_id) for record_id in ids)]
        # also transfers that failed because of a missing right
        awaiting = [("depends_kind", "=", ODOO), ("depends_external_id", "in", keys)]
        awaiting.append(("state", "in", ("waiting", "failed")))
        self.search([*awaiting, *domain])._release()

    def _follow_merge(self, sources, target):
        logs = self.search([("res_model", "=", target._name), ("res_id", "in", sources.ids)])
        opened = logs.filtered(lambda log: log.direction == "push" and log.state in MERGED_STATES)
        taken = self.search(
            [
                ("flow_id", "in", opened.flow_id.ids),
                ("direction", "=", "push"),
                ("res_model", "=", target._name),
                ("res_id", "=", target.id),
                ("state", "in", MERGED_STATES),
            ]
        ).flow_id
        for log in opened:
            # one open transfer for each record
            if log.flow_id in taken:
                log._supersede()
            taken |= log.flow_id
        logs.write({"res_id": target.id})
        keys = {_record_key(source) for source in sources}
        waiting = self.search([("state", "=", "waiting"), ("depends_external_id", "in", list(keys))])
        waiting.write({"depends_external_id": _record_key(target)})
        # the remaining record may have codes, so check again
        waiting.filtered(lambda log: not log.waiting_mapping_ids)._make_pending()

    @api.model
    def _let_go(self, model, ids):
        """Retry the transfers that wait for codes of deleted records."""
        keys = [f"{model},{record_id}" for record_id in ids]
        codes = [("depends_kind", "=like", f"{DEPENDS}%"), ("depends_external_id", "in", keys)]
        self.search([("state", "=", "waiting"), *codes])._make_pending()

    # ------------------------------------------------------------------ buttons

    @needs("resolve")
    def action_retry(self):
        """Queue open transfers again; unconfirmed ones are checked at the provider first."""
        logs = self.sudo()  # sudo: users hold no write right on the queue, only this transition
        retried = logs.filtered(lambda log: log.is_current and (log.state in MERGED_STATES or log._differs()))
        retried._make_pending()
        unknown = logs.filtered(lambda log: log.state == "unknown")
        unknown.write({"next_try_at": fields.Datetime.now()})
        unknown.connection_id._trigger()
        (retried | unknown)._decided("retry")
        return self._notify_retried(len(retried) + len(unknown))

    def _notify_retried(self, count):
        if not count:
            message = self.env._("Only open transfers can be retried.")
        elif count == 1:
            message = self.env._("Retrying 1 transfer.")
        else:
            message = self.env._("Retrying %(count)s transfers.", count=count)
        return notification(message, "success" if count else "warning")

    @needs("resolve")
    def action_ignore(self):
        """Ask for a reason, then ignore the transfers."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ignore"),
            "res_model": "ml.ignore",
            "view_mode": "form",
            "target": "new",
            "context": {"default_log_ids": self.ids},
        }

    def _ignore(self, reason):
        self._check_may("resolve")
        logs = self.filtered(
            lambda log: (
                log.state in ("pending", "failed", "waiting", "unknown")
                or log._differs()
                or (log.state == "done" and log.is_record_gone)
            )
        )
        if not logs:
            raise UserError(self.env._("Only open transfers can be ignored."))
        # sudo: users hold no write right on the queue, only this transition
        logs.sudo().write(
            {
                "state": "ignored",
                "ignored_reason": reason,
                "ignored_by_id": self.env.uid,
                "done_at": fields.Datetime.now(),
            }
        )
        logs._decided("ignore", reason)
        logs._end_activities()
        # sudo: the result of what a person ignored is the engine's to tell
        self.env["ml.worker"].sudo()._answer_ignored(logs.sudo())
        for connection, group in logs.grouped("connection_id").items():
            results = group.filtered(lambda log: log.kind == "result")
            # sudo: what waited for a result that nobody tells any more is told itself
            self.sudo()._release_dependents(connection, {(log.kind, log.external_id) for log in results})
            group.sudo()._let_others_go_on()  # sudo: as above
            connection._trigger()  # to check the transfers that wait for these

    def _awaited(self):
        """The transfers of the awaited records."""
        domain = [("direction", "=", "pull"), ("is_current", "=", True)]
        found = self.browse()
        for connection, logs in self.filtered("depends_external_id").grouped("connection_id").items():
            keys = {(log.depends_kind, log.depends_external_id) for log in logs}
            of_keys = [("kind", "in", [key[0] for key in keys]), ("external_id", "in", [key[1] for key in keys])]
            rows = self.search([("connection_id", "=", connection.id), *domain, *of_keys])
            found |= rows.filtered(lambda row, keys=keys: (row.kind, row.external_id) in keys)
        return found

    @needs("resolve")
    def action_bring_again(self):
        """Create records again that were deleted in Odoo, with their files and dependents."""
        logs = self.sudo()  # sudo: users hold no write right on the queue, only this transition
        gone = (logs | logs.filtered("is_awaited_gone")._awaited()).filtered("is_record_gone")
        if not gone:
            raise UserError(self.env._("Only records that were deleted in Odoo can be created again."))
        gone._make_pending()
        gone._decided("bring_again")
        return self._notify_retried(len(gone))

    @needs("resolve")
    def action_arrived(self):
        """Set an unconfirmed transfer to done: the user found the record at the provider."""
        self._answer_unknown(arrived=True)

    @needs("resolve")
    def action_not_arrived(self):
        """Send the record of an unconfirmed transfer again: the user did not find it at the provider."""
        self._answer_unknown(arrived=False)

    def _answer_unknown(self, arrived):
        logs = self.sudo().filtered(lambda log: log.state == "unknown")  # sudo: only this transition
        logs._decided("arrived" if arrived else "not_arrived")
        if arrived:
            worker = self.env["ml.worker"].sudo()  # sudo: as above, and what depends on it goes on
            for _flow, group in logs.grouped("flow_id").items():
                worker._store_sent(group, "sent")
            return
        logs.write({"sent_at": False})
        logs._make_pending()

    @needs("map")
    def action_keep_odoo(self):
        """Resolve a conflict with Odoo's values, which are sent to the provider."""
        return self._decide("odoo")

    @needs("map")
    def action_take_vendor(self):
        """Resolve a conflict with the provider's values, which are written into Odoo."""
        return self._decide("vendor")

    def _decide(self, side):
        """Resolve conflicts for the shown values. A later change causes a new conflict."""
        logs = self.sudo().filtered(  # sudo: users hold no write right on the queue, only this transition
            lambda log: log.state == "failed" and log.conflict and log.is_current
        )
        if not logs:
            raise UserError(self.env._("This transfer is already resolved."))
        logs.decision = side
        logs._make_pending()
        for log in logs:
            log._decided("decide", DECISIONS[side])
        return notification(self.env._("Retrying 1 transfer."))

    @needs("map")
    def action_reverse_and_repost(self):
        """Reverse the posted entry and book the latest version, unless the record was withdrawn.

        The user needs the right to reverse bills. Payments of the old bill become outstanding.
        """
        self.ensure_one()
        if not (self._differs() and self.res_model == "account.move"):
            raise UserError(self.env._("Only a bill that changed after posting can be booked again."))
        if self.is_partial and not self.is_withdrawn:
            raise UserError(self.env._("The latest version holds only a difference. Book it as a difference."))
        move = self.env["account.move"].browse(self.res_id)
        if move.state == "posted" and move.payment_state != "reversed":
            reason = self.env._("%(bill)s changed in %(provider)s", bill=move.name, provider=self.provider_name)
            today = fields.Date.context_today(self)
            move._reverse_moves([{"ref": reason, "date": today, "invoice_date": today}], cancel=True)
        log = self.sudo()  # sudo: users hold no right on bindings and the queue, only this transition
        if self.is_withdrawn:
            log._settle_reversed(move)
        else:
            log.env["ml.binding"].search(
                [
                    ("connection_id", "=", self.connection_id.id),
                    ("kind", "=", self.kind),
                    ("external_id", "=", self.external_id),
                ]
            ).unlink()
            log.outcome = False
            log._make_pending()
        self._end_activities()
        self._decided("rebook", move.display_name)

    @needs("map")
    def action_book_difference(self):
        """Book the latest version in addition to the existing entry, because it holds only the difference."""
        logs = self.filtered(lambda log: log._differs() and log.kind in DIFFERENCE_KINDS and not log.is_withdrawn)
        if not logs:
            raise UserError(self.env._("Only a revision of a booked record can be booked as a difference."))
        queue = logs.sudo()  # sudo: users hold no right on the queue, only this transition
        queue.write({"decision": "difference", "outcome": False})
        queue._make_pending()
        logs._end_activities()
        logs._decided("decide", DECISIONS["difference"])

    @needs("map")
    def action_next_open_day(self):
        """Post records of a locked period on the first open day, also in another fiscal year."""
        return self._decide_date("locked_period", "next_open_day")

    @needs("map")
    def action_date_is_right(self):
        """Confirm a date that is many years away."""
        return self._decide_date("doubtful_date", "date_is_right")

    def _decide_date(self, error_class, decision):
        logs = self.sudo().filtered(  # sudo: users hold no write right on the queue, only this transition
            lambda log: log.state in ("failed", "waiting") and log.error_class == error_class and log.is_current
        )
        if not logs:
            raise UserError(self.env._("This transfer is already resolved."))
        logs.decision = decision
        logs._make_pending()
        logs._decided("decide", DECISIONS[decision])
        return self._notify_retried(len(logs))

    def _settle_reversed(self, move):
        note = _(
            "Reversed by %(reversal)s because it was archived or cancelled in %(provider)s.",
            reversal=tuple(move.reversal_move_ids.mapped("name")) or "-",
            provider=self.provider_name,
        )
        self.write({"state": "done", "outcome": "reversed", "note": note, "done_at": fields.Datetime.now(), **CLEAN})

    def action_open_record(self):
        """Open the Odoo record, the awaited record or the missing mapping."""
        self.ensure_one()
        if self.state == "waiting" and self.depends_kind == ODOO:
            model, record_id = self.depends_external_id.split(",")
            return {
                "type": "ir.actions.act_window",
                "name": self.env[model]._description,
                "res_model": model,
                "res_id": int(record_id or 0),
                "view_mode": "form" if record_id else "list,form",
            }
        if self.state == "waiting" and self.waiting_mapping_ids:
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("Mappings"),
                "res_model": "ml.mapping",
                "view_mode": "list,form",
                "domain": [("id", "in", self.waiting_mapping_ids.ids)],
            }
        if not self.res_id:
            raise UserError(self.env._("This transfer has not created a record in Odoo yet."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    def action_open_remote(self):
        self.ensure_one()
        return open_address(self.external_url)

    def _action_form(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------------ changed after posting

    @api.model
    def _difference_domain(self, records):
        """Domain of the transfers of these records whose latest version differs or failed."""
        return [
            *[("res_model", "=", records._name), ("direction", "=", "pull"), ("is_current", "=", True)],
            *("|", "&", *DIFFERS[::2], ("state", "in", ("failed", "waiting"))),
        ]

    @api.model
    def _differences(self, records):
        """{record id: transfer of its latest version, if that differs or failed}."""
        if not records.ids:
            return {}
        # sudo: whoever may read a record may know that it is not what the provider has
        logs = self.sudo().search([("res_id", "in", records.ids), *self._difference_domain(records)], order="id")
        return {log.res_id: log for log in logs}

    @api.model
    def _difference_values(self, outcome, note):
        """Values of a finished transfer that needs a decision."""
        return {"error_class": "changed", "error_message": note} if outcome == "drift" else {}

    def _difference_text(self):
        return in_words(self.env, self._sentence("note" if self._differs() else "error_message"))

    def _ask_about_differences(self):
        """Schedule an activity for the responsible on each record that differs."""
        for log in self:
            record = self.env[log.res_model].browse(log.res_id)
            if "ml_is_changed" not in record._fields:
                continue
            text = shown_as_text(in_words(self.env, log._sentence("note")) or "")
            if activity := record.activity_search([CHANGED_ACTIVITY]):
                activity.note = text
                continue
            # no email for each activity
            record.with_context(mail_activity_quick_update=True).activity_schedule(
                CHANGED_ACTIVITY,
                user_id=log.connection_id._told_user().id,
                summary=self.env._("Changed in %(provider)s after posting", provider=log.provider_name),
                note=text,
            )

    def _end_activities(self):
        """Remove the activities of resolved records."""
        for model, logs in self.filtered("res_id").grouped("res_model").items():
            if "ml_is_changed" in self.env[model]._fields:
                # sudo: the activity is of the connection's owner, whoever decided
                self.env[model].browse(logs.mapped("res_id")).exists().sudo().activity_unlink([CHANGED_ACTIVITY])

    # ------------------------------------------------------------------ smart buttons

    @api.model
    def _count_for(self, records, field):
        """Fill `field` of the records with the number of their transfers."""
        counts = dict(
            self._read_group(
                [("res_model", "=", records._name), ("res_id", "in", records.ids)], ["res_id"], ["__count"]
            )
        )
        for record in records:
            record[field] = counts.get(record.id, 0)

    @api.model
    def _action_for(self, record):
        record.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Transfers of %(record)s", record=record.display_name),
            "res_model": "ml.sync.log",
            "view_mode": "list,form",
            "domain": [("res_model", "=", record._name), ("res_id", "=", record.id)],
        }

    # ------------------------------------------------------------------ alarm

    @api.model
    def _alarm(self, connection):
        """A cause and a sentence if a connection is late or most records fail; otherwise None.

        Records to book and results to report count.
        """
        now = fields.Datetime.now()
        of_connection = Domain("connection_id", "=", connection.id)
        incoming = of_connection & (Domain("direction", "=", "pull") | Domain("kind", "=", "result"))
        still_open = Domain("state", "in", OPEN_STATES)
        late = self.search_count(incoming & still_open & Domain("create_date", "<", now - BACKLOG_AGE))
        if late >= ALARMING:
            ended = Domain("state", "in", FINAL_STATES) & Domain("done_at", ">=", now - DAY)
            then = Domain("create_date", "<", now - DAY - BACKLOG_AGE)
            before = self.search_count(incoming & (still_open | ended) & then)
            if late > before:
                return "backlog", self.env._(
                    "%(count)s transfers have been open for more than 4 hours, compared with %(before)s a day ago."
                    " The transfers show what they wait for.",
                    count=late,
                    before=before,
                )
        lately = now - FAILURE_SPAN
        failed = self.search_count(of_connection & Domain("state", "=", "failed") & Domain("write_date", ">=", lately))
        if failed >= ALARMING:
            done = of_connection & Domain("state", "=", "done") & Domain("done_at", ">=", lately)
            if failed >= self.search_count(done):
                return "failing", self.env._(
                    "%(count)s transfers failed in the last hour, more than succeeded. The transfers show the reasons.",
                    count=failed,
                )
        return None

    # ------------------------------------------------------------------ retention

    @api.autovacuum
    def _gc_payloads(self):
        """Delete payloads of finished transfers after the company's retention."""
        return self._gc(
            "ml_payload_retention_days",
            lambda logs: logs.write({"payload": False, "sent_values": False}),
            [("payload", "!=", False)],
        )

    @api.autovacuum
    def _gc_finished(self):
        """Delete finished transfers after the company's retention. Attempts and record links stay."""
        return self._gc("ml_log_retention_days", lambda logs: logs.unlink(), [])

    def _gc(self, setting, expire, domain):
        done, remaining = 0, 0
        for company in self.env["res.company"].search([(setting, ">", 0)]):
            limit = fields.Datetime.subtract(fields.Datetime.now(), days=company[setting])
            logs = self.search(
                [
                    ("company_id", "=", company.id),
                    ("state", "in", FINAL_STATES),
                    ("done_at", "<", limit),
                    ("is_current", "in", (True, False)),
                    *("|", ("outcome", "not in", ("drift",)), "|", ("is_current", "=", False)),
                    ("state", "in", DECIDED_STATES),
                    *domain,
                ],
                order="done_at",
                limit=GC_LIMIT + 1,
            )
            expire(logs[:GC_LIMIT])
            done += len(logs[:GC_LIMIT])
            remaining += len(logs[GC_LIMIT:])
        return done, remaining


GC_LIMIT = 10_000


def odoo_key(model, record_id=""):
    """The key of an awaited Odoo record; without an id, of any record of the model."""
    return f"{model},{record_id}"
