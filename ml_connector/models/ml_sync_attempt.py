import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..core.errors import ConnectorError
from ..core.messages import _
from ..vault.signature import AuditKeys
from . import ml_error_class
from .ml_decided import MlDecided
from .ml_sentence import Sentence, in_words
from .ml_sync_attempt_verification import signed_text

OUTCOMES = [
    ("created", "Created"),
    ("linked", "Linked"),
    ("updated", "Updated"),
    ("unchanged", "Unchanged"),
    ("drift", "Changed After Posting"),
    ("sent", "Sent"),
    ("read", "Read"),
    ("duplicate", "Already Read"),
    ("pending", "Will Be Retried"),
    ("failed", "Failed"),
    ("waiting", "Waiting"),
    ("unknown", "Unconfirmed"),
    ("ignored", "Ignored"),
    ("superseded", "Replaced by Newer Version"),
    ("ok", "OK"),
    ("warning", "Warnings"),
    ("error", "Errors"),
]
"""Outcomes of transfers, then of connection checks."""
WORK = [
    ("read", "Read"),
    ("acknowledge", "Acknowledge"),
    ("write", "Write in Odoo"),
    ("send", "Send"),
    ("look_up", "Look Up"),
    ("report", "Report"),
    ("check", "Check"),
    ("verify", "Verify"),
]
DECISIONS = [
    ("create", _("Create")),
    ("change", _("Change")),
    ("delete", _("Delete")),
    ("retry", _("Retry")),
    ("ignore", _("Ignore")),
    ("arrived", _("Confirm Delivery")),
    ("not_arrived", _("Send Again")),
    ("decide", _("Decide")),
    ("rebook", _("Reverse and Book Again")),
    ("bring_again", _("Create Again")),
    ("approve", _("Approve")),
    ("refuse", _("Refuse")),
    ("propose", _("Apply Rules and Codes")),
    ("create_record", _("Create in Odoo")),
    ("create_remote", _("Create in Provider")),
    ("start", _("Start")),
    ("pause", _("Pause")),
    ("disconnect", _("Disconnect")),
    ("test", _("Test")),
    ("sync", _("Sync Now")),
    ("dry_run", _("Dry Run")),
    ("look", _("Find Missing Records")),
    ("recover", _("Import Missing Records")),
    ("subscribe", _("Set Up Webhooks")),
    ("unsubscribe", _("Remove Webhooks")),
    ("adopt", _("Use Database as Live")),
    ("switch_on", _("Activate Scheduled Action")),
    ("rotate", _("Rotate Key")),
    ("discard", _("Discard Lost Secrets")),
    ("credential", _("Enter Credential")),
    ("remove_secret", _("Remove Secret")),
    ("accept_key", _("Accept Server Key")),
    ("import", _("Import File")),
    ("replay", _("Process Again")),
    ("deliver", _("Mark as Delivered")),
    ("confirm", _("Confirm")),
    ("unlink", _("Unlink")),
    ("ask_verify", _("Verify Integrity")),
    ("sign_off", _("Sign Off")),
]
"""Decisions of users."""
DECISION_LABELS = dict(DECISIONS)


class MlSyncAttempt(models.Model):
    """One attempt of a transfer, or a decision of a user. Never changed and never deleted.

    Each attempt is signed with a key outside the database, together with the signature of the previous one.
    """

    _name = "ml.sync.attempt"
    _description = "Attempt"
    _inherit = ["ml.sync.attempt.verification", "ml.sealed"]
    _order = "id desc"
    _rec_name = "subject"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="restrict", index=True)
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    log_id = fields.Many2one("ml.sync.log", readonly=True, ondelete="set null", index="btree_not_null")
    sequence = fields.Integer("Number", required=True, readonly=True)
    happened_at = fields.Datetime("Time", required=True, readonly=True)
    user_number = fields.Integer("User ID", readonly=True, aggregator=None)
    person = fields.Char(
        "User",
        readonly=True,
        index="btree_not_null",
        help="Name of the user who decided, at that time. Empty = ML Connector itself.",
    )
    subject = fields.Char(readonly=True, index="trigram", help="Flow and ID of the record at the provider or in Odoo.")
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    action = fields.Selection(WORK + DECISIONS, required=True, readonly=True, index=True)
    outcome = fields.Selection(OUTCOMES, readonly=True)
    error_class = fields.Selection(
        lambda self: ml_error_class.selection(self.env), readonly=True, string="Error Type", index="btree_not_null"
    )
    message = Sentence(readonly=True, index="trigram")
    message_source = fields.Json(readonly=True)
    old_value = fields.Char("Before", readonly=True)
    new_value = fields.Char("After", readonly=True)
    status = fields.Integer("HTTP Status", readonly=True)
    trace_id = fields.Char("Trace ID", readonly=True, index="btree_not_null")
    milliseconds = fields.Integer("Duration (ms)", readonly=True, aggregator="avg")
    previous_hash = fields.Char(readonly=True)
    key_id = fields.Char(readonly=True)
    hash = fields.Char(readonly=True)

    _sequence_unique = models.UniqueIndex("(connection_id, sequence)")
    _record_idx = models.Index("(res_model, res_id) WHERE person IS NOT NULL")
    _time_idx = models.Index("(connection_id, happened_at)")
    _day_idx = models.Index("USING brin (happened_at)")

    @api.model_create_multi
    def create(self, vals_list):
        raise AccessError(self.env._("Only ML Connector writes attempts."))

    def write(self, vals):
        raise AccessError(self.env._("Attempts cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("Attempts cannot be deleted."))

    @api.model
    def _append(self, connection, attempts):
        """Add attempts (dicts of log or subject, action, outcome, and optionally error, milliseconds, trace_id)."""
        self._insert(connection, [_row(attempt) for attempt in attempts])

    @api.model
    def _append_decisions(self, connection, decisions):
        """Add decisions (dicts of action, record or subject, and optionally message, old_value, new_value)."""
        # the name at this time, because users are renamed and deleted
        person = self.env.user.name
        attempts = [
            {
                **decision,
                **_about(decision.get("record"), decision.get("subject")),
                "person": person,
                "message": _(
                    "%(user)s: %(decision)s",
                    user=person,
                    decision=decision.get("message") or DECISION_LABELS[decision["action"]],
                ),
            }
            for decision in decisions
        ]
        try:
            self._insert(connection, attempts)
        except ConnectorError as error:
            raise UserError(in_words(self.env, error.message)) from None

    def _insert(self, connection, attempts):
        if not attempts:
            return
        connection = connection.sudo()  # sudo: whoever works on records need not have a right on their connection
        keys = AuditKeys(self.env)
        key_id = keys.newest()
        chain = self._lock_chain(connection)
        length, head = chain.attempt_count, chain.head or None
        common = {
            "connection_id": connection.id,
            "company_id": connection.company_id.id,
            "happened_at": fields.Datetime.now(),
            "user_number": self.env.uid,
            "key_id": key_id,
            "create_date": self.env.cr.now(),
        }
        rows, columns = [], self._columns()
        for row_id, attempt in zip(self._new_ids(len(attempts)), attempts, strict=True):
            length += 1
            attempt = self._with_sources(attempt)
            values = {name: value for name, value in attempt.items() if value and name in columns}
            row = {**common, **values, "id": row_id, "sequence": length, "previous_hash": head}
            head = keys.sign(key_id, signed_text(row))
            rows.append(
                {
                    **row,
                    "hash": head,
                    "log_id": row["res_id"] if row.get("res_model") == "ml.sync.log" else None,
                    "create_uid": self.env.uid,
                    "write_uid": self.env.uid,
                    "write_date": row["create_date"],
                }
            )
        self._insert_rows(columns, rows)
        chain._move(keys, length, head)

    def _insert_rows(self, columns, rows):
        """Insert by SQL, because all columns are signed, also those that the ORM fills."""
        names = SQL(", ").join(map(SQL.identifier, columns))
        self.env.cr.execute(
            SQL(
                """INSERT INTO ml_sync_attempt (%s)
                   SELECT %s FROM jsonb_populate_recordset(NULL::ml_sync_attempt, %s::jsonb)""",
                *(names, names, json.dumps(rows, default=str)),
            )
        )
        self.env["ml.sync.log"].invalidate_model(["attempt_ids"], flush=False)

    @api.model
    def _forget_unused(self, connections):
        """Delete the decisions about unused connections."""
        for table in ("ml_sync_attempt", "ml_sync_chain"):
            self.env.cr.execute(
                SQL("DELETE FROM %s WHERE connection_id = ANY(%s)", SQL.identifier(table), connections.ids)
            )

    def _new_ids(self, count):
        query = SQL("SELECT nextval('ml_sync_attempt_id_seq') FROM generate_series(1, %s)", count)
        return [row_id for (row_id,) in self.env.execute_query(query)]

    @api.model
    def _columns(self):
        return [name for name, field in self._fields.items() if field.store and field.column_type]

    def _lock_chain(self, connection):
        chains = self.env["ml.sync.chain"].sudo()  # sudo: only the engine writes the audit
        # a second worker of the same connection waits here, fails to serialize and runs again
        self.env.execute_query(SQL("SELECT id FROM ml_sync_chain WHERE connection_id = %s FOR UPDATE", connection.id))
        chain = chains.search([("connection_id", "=", connection.id)])
        return chain or chains.create({"connection_id": connection.id})


class MlSyncChain(models.Model):
    """Signed end of a connection's audit trail, which reveals missing last attempts."""

    _name = "ml.sync.chain"
    _description = "Audit Chain"
    _inherit = "ml.sealed"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    attempt_count = fields.Integer(readonly=True)
    head = fields.Char(readonly=True)
    key_id = fields.Char(readonly=True)
    signature = fields.Char(readonly=True, help="Signature of the number and the head, so that neither can be reset.")

    _connection_unique = models.Constraint("UNIQUE(connection_id)", "A connection has one audit chain.")

    def _move(self, keys, length, head):
        """Sign the new end of the chain."""
        self.key_id = keys.newest()
        self.write({"attempt_count": length, "head": head})
        self.signature = keys.sign(self.key_id, self._text())

    def _text(self):
        return json.dumps([self.connection_id.id, self.attempt_count, self.head])


def _about(record, text):
    """The values of an attempt about its record."""
    if not record:
        return {"subject": text}
    title = record._told_title if isinstance(record, MlDecided) else lambda: record.display_name
    return {"subject": text or title(), "res_model": record._name, "res_id": record.id}


def _row(attempt):
    """The values of an attempt of the engine."""
    error = attempt.get("error")
    return {
        **_about(attempt.get("log"), attempt.get("subject")),
        "action": attempt["action"],
        "outcome": attempt["outcome"],
        "error_class": error and error.error_class,
        "message": error.message if error else attempt.get("message"),
        "status": error and error.status,
        "trace_id": error.trace_id if error else attempt.get("trace_id"),
        "milliseconds": attempt.get("milliseconds"),
    }
