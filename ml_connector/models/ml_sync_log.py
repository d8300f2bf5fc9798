import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.modules.db import FunctionStatus

from ..core.documents import Result
from ..core.http import mask
from ..core.items import UNREADABLE
from ..core.remote import RemoteRecord
from . import ml_error_class
from .client_actions import open_address, open_form, open_list
from .ml_sentence import Sentence, in_words
from .queries import number_of
from .sync_states import DECIDED_STATES, FINAL_STATES, STATES

GC_LIMIT = 10_000


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
    _inherit = [
        "ml.sync.log.queue",
        "ml.sync.log.decisions",
        "ml.sync.log.difference",
        "ml.sealed",
    ]
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
    payload = fields.Json("Payload (Data)", groups=fields.NO_ACCESS, prefetch=False)
    sent_values = fields.Json(
        groups=fields.NO_ACCESS,
        prefetch=False,
        help="Values of fields that sync both ways, at the time Odoo sent the record.",
    )
    payload_text = fields.Text(
        "Payload", compute="_compute_payload_text", groups="ml_connector.group_ml_connector_manager"
    )
    is_record_gone = fields.Boolean(
        "Deleted in Odoo", compute="_compute_is_record_gone", help="The record was created and later deleted."
    )
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

    @api.depends("res_model", "res_id", "state", "is_current", "direction")
    def _compute_is_record_gone(self):
        self.is_record_gone = False
        brought = self.filtered(
            lambda log: log.direction == "pull" and log.state == "done" and log.is_current and log.res_id
        )
        for model, logs in brought.filtered(lambda log: log.res_model in self.env).grouped("res_model").items():
            alive = set(self.env[model].browse(set(logs.mapped("res_id"))).exists()._ids)
            logs.filtered(lambda log, alive=alive: log.res_id not in alive).is_record_gone = True

    @api.depends("state", "error_class", "wait_ids.name", "wait_ids.reason", "wait_ids.is_gone")
    @api.depends_context("lang")
    def _compute_advice(self):
        for log in self:
            wait = log.wait_ids[:1]
            if wait.is_gone:
                log.advice = self.env._(
                    "Create %(record)s again. This transfer then continues automatically. Or ignore both.",
                    record=wait.name,
                )
                continue
            advice = log.error_class and ml_error_class.advice(log.error_class, log.connection_id)
            log.advice = (log.state == "waiting" and wait._advice()) or in_words(self.env, advice)

    def _compute_payload_text(self):
        for log in self.sudo():  # sudo: the raw payload has no reader; what is shown is masked
            log.payload_text = json.dumps(mask(log.payload), indent=2, ensure_ascii=False) if log.payload else False

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

    def action_open_record(self):
        """Open the Odoo record, the awaited record or the missing mapping."""
        self.ensure_one()
        if self.state == "waiting" and self.wait_reason in ("mapping", "change"):
            return self.wait_ids._action_open()
        if not self.res_id:
            raise UserError(self.env._("This transfer has not created a record in Odoo yet."))
        return open_form(self.res_model, self.res_id)

    def action_open_remote(self):
        self.ensure_one()
        return open_address(self.external_url)

    def _action_form(self):
        return open_form(self._name, self.id, name=self.name)

    @api.model
    def _count_for(self, records, field):
        """Fill `field` of the records with the number of their transfers."""
        counts = number_of(self, [("res_model", "=", records._name), ("res_id", "in", records.ids)], "res_id")
        for record in records:
            record[field] = counts[record.id]

    @api.model
    def _action_for(self, record):
        record.ensure_one()
        name = self.env._("Transfers of %(record)s", record=record.display_name)
        return open_list(self._name, name, [("res_model", "=", record._name), ("res_id", "=", record.id)])

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
