import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..core.errors import ConnectorError
from ..vault.signature import AuditKeys
from . import ml_error_class
from .ml_decided import MlDecided
from .ml_sentence import Sentence, in_words

OUTCOMES = [
    ("created", "Created"),
    ("linked", "Linked"),
    ("updated", "Updated"),
    ("unchanged", "Unchanged"),
    ("drift", "Differs"),
    ("sent", "Sent"),
    ("read", "Read"),
    ("duplicate", "Read before"),
    ("pending", "To be tried again"),
    ("failed", "Failed"),
    ("waiting", "Waiting"),
    ("unknown", "Unknown"),
    ("ignored", "Ignored"),
    ("superseded", "Superseded"),
    ("ok", "OK"),
    ("warning", "Warnings"),
    ("error", "Errors"),
]
"""What became of the record, then what came of a connection test."""
WORK = [
    ("read", "Read"),
    ("acknowledge", "Acknowledge"),
    ("write", "Write in Odoo"),
    ("send", "Send"),
    ("look_up", "Look up"),
    ("report", "Report"),
    ("check", "Check"),
    ("verify", "Verify"),
]
DECISIONS = [
    ("create", "Create"),
    ("change", "Change"),
    ("delete", "Delete"),
    ("retry", "Retry"),
    ("ignore", "Ignore"),
    ("arrived", "Say It Arrived"),
    ("not_arrived", "Say It Did Not Arrive"),
    ("decide", "Decide"),
    ("rebook", "Reverse and Book Anew"),
    ("bring_again", "Bring In Again"),
    ("approve", "Approve"),
    ("refuse", "Refuse"),
    ("propose", "Apply Rules and Codes"),
    ("create_record", "Create in Odoo"),
    ("create_remote", "Create at the Vendor"),
    ("start", "Start"),
    ("pause", "Pause"),
    ("disconnect", "Disconnect"),
    ("test", "Test"),
    ("sync", "Sync Now"),
    ("dry_run", "Dry Run"),
    ("look", "Look for What Is Missing"),
    ("recover", "Bring In What Is Missing"),
    ("subscribe", "Set Up Webhooks"),
    ("unsubscribe", "Remove Webhooks"),
    ("adopt", "Declare Live"),
    ("switch_on", "Switch On the Job"),
    ("rotate", "Change Keys"),
    ("discard", "Discard Lost Secrets"),
    ("credential", "Enter Credential"),
    ("remove_secret", "Remove Secret"),
    ("accept_key", "Accept Server Key"),
    ("import", "Import by Hand"),
    ("replay", "Read Again"),
    ("deliver", "Say It Was Delivered"),
    ("confirm", "Confirm"),
    ("unlink", "Unlink"),
    ("ask_verify", "Ask for Verification"),
    ("sign_off", "Sign Off"),
]
"""What a person decided."""
BOUND_FIELDS = {"hash", "log_id", "create_uid", "write_uid", "write_date"}
"""Columns that are not in the signature, because they are it or lose their value when a log or user is deleted."""


class MlSyncChain(models.Model):
    """Head of a connection's chain of attempts: shows when its last rows are cut off."""

    _name = "ml.sync.chain"
    _description = "Head of the Audit Chain"
    _inherit = "ml.sealed"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    attempt_count = fields.Integer(readonly=True)
    head = fields.Char(readonly=True)
    key_id = fields.Char(readonly=True)
    signature = fields.Char(readonly=True, help="Of the number and the head, so that neither can be set back.")

    _connection_unique = models.Constraint("UNIQUE(connection_id)", "A connection has one chain.")

    def _move(self, keys, length, head):
        """Sign the new end of the chain."""
        self.key_id = keys.newest()
        self.write({"attempt_count": length, "head": head})
        self.signature = keys.sign(self.key_id, self._text())

    def _text(self):
        return json.dumps([self.connection_id.id, self.attempt_count, self.head])


class MlSyncAttempt(models.Model):
    """One try of a transfer, or what a person decided. Never changed, never deleted.

    Each row is signed, together with the signature of the row before it, under a key outside the database.
    """

    _name = "ml.sync.attempt"
    _description = "Attempt"
    _inherit = "ml.sealed"
    _order = "id desc"
    _rec_name = "subject"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="restrict", index=True)
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    log_id = fields.Many2one("ml.sync.log", readonly=True, ondelete="set null", index="btree_not_null")
    sequence = fields.Integer("Number", required=True, readonly=True)
    happened_at = fields.Datetime("Time", required=True, readonly=True)
    user_number = fields.Integer("User Id", readonly=True, aggregator=None)
    person = fields.Char(
        readonly=True,
        index="btree_not_null",
        help="Who decided it, by the name at that time. Empty: the connector itself.",
    )
    subject = fields.Char(
        readonly=True, index="trigram", help="Flow and id at the vendor (or in Odoo) of what was transferred."
    )
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    action = fields.Selection(WORK + DECISIONS, required=True, readonly=True, index=True)
    outcome = fields.Selection(OUTCOMES, readonly=True)
    error_class = fields.Selection(
        lambda self: ml_error_class.selection(self.env), readonly=True, string="Problem", index="btree_not_null"
    )
    message = Sentence(readonly=True, index="trigram")
    message_source = fields.Json(readonly=True)
    old_value = fields.Char("Before", readonly=True)
    new_value = fields.Char("After", readonly=True)
    status = fields.Integer("HTTP status", readonly=True)
    trace_id = fields.Char("Trace id", readonly=True, index="btree_not_null")
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
        raise AccessError(self.env._("Attempts are written by the connector only."))

    def write(self, vals):
        raise AccessError(self.env._("Attempts cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("Attempts cannot be deleted."))

    @api.model
    def _append(self, connection, attempts):
        """Add attempts (dicts of log or subject, action, outcome, and optionally error, milliseconds, trace_id)."""
        self._insert(
            connection,
            [
                {
                    **_about(attempt.get("log"), attempt.get("subject")),
                    "action": attempt["action"],
                    "outcome": attempt["outcome"],
                    **_result(attempt),
                }
                for attempt in attempts
            ],
        )

    @api.model
    def _append_decision(self, connection, action, subject, message="", log=None, old=None, new=None):
        """Add what the person of this environment decided.

        :param subject: text, or the records that it was decided of
        """
        decision = {"action": action, "message": message, "old_value": old, "new_value": new}
        if isinstance(subject, models.BaseModel):
            decisions = [{**decision, "record": record} for record in subject]
        else:
            decisions = [{**decision, "record": log, "subject": subject}]
        self._append_decisions(connection, decisions)

    @api.model
    def _append_decisions(self, connection, decisions):
        """Add decisions (dicts of action, record or subject, and optionally message, old_value, new_value)."""
        try:
            self._insert_decisions(connection, decisions)
        except ConnectorError as error:
            raise UserError(in_words(self.env, error.message)) from None

    def _insert_decisions(self, connection, decisions):
        # by the name at that time: users are renamed and deleted
        person = self.env.user.name
        labels = dict(self._fields["action"]._description_selection(self.env))
        self._insert(
            connection,
            [
                {
                    **decision,
                    **_about(decision.get("record"), decision.get("subject")),
                    "person": person,
                    "message": f"{person}: {decision.get('message') or labels[decision['action']]}",
                }
                for decision in decisions
            ],
        )

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
        # by SQL: all columns are signed, also those that the ORM would fill by itself
        names = SQL(", ").join(map(SQL.identifier, columns))
        self.env.cr.execute(
            SQL(
                """INSERT INTO ml_sync_attempt (%s)
                   SELECT %s FROM jsonb_populate_recordset(NULL::ml_sync_attempt, %s::jsonb)""",
                *(names, names, json.dumps(rows, default=str)),
            )
        )
        self.env["ml.sync.log"].invalidate_model(["attempt_ids"], flush=False)
        chain._move(keys, length, head)

    @api.model
    def _forget_unused(self, connections):
        """What persons decided of connections that never worked goes with them."""
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
        # a second worker on the same connection waits here, then fails to serialize and is run again
        self.env.execute_query(SQL("SELECT id FROM ml_sync_chain WHERE connection_id = %s FOR UPDATE", connection.id))
        chain = chains.search([("connection_id", "=", connection.id)])
        return chain or chains.create({"connection_id": connection.id})


def _about(record, text):
    """What an attempt says of the record that it is about."""
    if not record:
        return {"subject": text}
    return {"subject": text or _title(record), "res_model": record._name, "res_id": record.id}


def _title(record):
    return record._told_title() if isinstance(record, MlDecided) else record.display_name


def _result(attempt):
    """What came of a try."""
    error = attempt.get("error")
    return {
        "error_class": error and error.error_class,
        "message": error.message if error else attempt.get("message"),
        "status": error and error.status,
        "trace_id": error.trace_id if error else attempt.get("trace_id"),
        "milliseconds": attempt.get("milliseconds"),
    }


def signed_text(row):
    """What is signed of a row. Without what is empty, so that a column that is added later changes nothing."""
    values = sorted((name, value) for name, value in row.items() if value is not None and name not in BOUND_FIELDS)
    return json.dumps(values, default=str, sort_keys=True)
