import hashlib
import json

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from . import ml_error_class

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
HASHED_FIELDS = (
    "connection_id",
    "sequence",
    "happened_at",
    "subject",
    "action",
    "outcome",
    "error_class",
    "message",
    "status",
    "trace_id",
    "milliseconds",
)


class MlSyncChain(models.Model):
    """Head of a connection's chain of attempts: shows when its last rows are cut off."""

    _name = "ml.sync.chain"
    _description = "Head of the Audit Chain"
    _inherit = "ml.sealed"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    attempt_count = fields.Integer(readonly=True)
    head = fields.Char(readonly=True)

    _connection_unique = models.Constraint("UNIQUE(connection_id)", "A connection has one chain.")


class MlSyncAttempt(models.Model):
    """One try of a transfer. Never changed, never deleted; each row carries the hash of the one before it."""

    _name = "ml.sync.attempt"
    _description = "Attempt"
    _inherit = "ml.sealed"
    _order = "connection_id, sequence desc"
    _rec_name = "subject"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    log_id = fields.Many2one("ml.sync.log", readonly=True, ondelete="set null", index="btree_not_null")
    sequence = fields.Integer("Number", required=True, readonly=True)
    happened_at = fields.Datetime("Time", required=True, readonly=True)
    subject = fields.Char(readonly=True, help="Flow and id at the vendor (or in Odoo) of what was transferred.")
    action = fields.Selection(
        [
            ("read", "Read"),
            ("acknowledge", "Acknowledge"),
            ("write", "Write in Odoo"),
            ("send", "Send"),
            ("look_up", "Look up"),
            ("report", "Report"),
            ("check", "Check"),
            ("ignore", "Ignore"),
            ("decide", "Decide"),
        ],
        required=True,
        readonly=True,
    )
    outcome = fields.Selection(OUTCOMES, readonly=True)
    error_class = fields.Selection(lambda self: ml_error_class.selection(self.env), readonly=True, string="Problem")
    message = fields.Char(readonly=True)
    status = fields.Integer("HTTP status", readonly=True)
    trace_id = fields.Char("Trace id", readonly=True)
    milliseconds = fields.Integer("Duration (ms)", readonly=True, aggregator="avg")
    previous_hash = fields.Char(readonly=True)
    hash = fields.Char(readonly=True)

    _sequence_unique = models.UniqueIndex("(connection_id, sequence)")

    def write(self, vals):
        raise AccessError(self.env._("Attempts cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("Attempts cannot be deleted."))

    @api.model
    def _append(self, connection, attempts):
        """Add attempts (dicts of log or subject, action, outcome, and optionally error, milliseconds, trace_id)."""
        if not attempts:
            return
        chain = self._lock_chain(connection)
        now = fields.Datetime.now()
        length, head = chain.attempt_count, chain.head or ""
        rows = []
        for attempt in attempts:
            log, error = attempt.get("log"), attempt.get("error")
            length += 1
            row = {
                "connection_id": connection.id,
                "sequence": length,
                "happened_at": now,
                "subject": attempt.get("subject") or _subject(log),
                "action": attempt["action"],
                "outcome": attempt["outcome"],
                "error_class": error.error_class if error else False,
                "message": (error.message if error else attempt.get("message")) or False,
                "status": (error.status if error else 0) or 0,
                "trace_id": (error.trace_id if error else attempt.get("trace_id")) or False,
                "milliseconds": attempt.get("milliseconds", 0),
                "previous_hash": head,
            }
            head = row["hash"] = _digest(row)
            rows.append({**row, "log_id": log.id if log else False})
        self.create(rows)
        chain.write({"attempt_count": length, "head": head})

    def _lock_chain(self, connection):
        chains = self.env["ml.sync.chain"]
        # a second worker on the same connection waits here, then fails to serialize and is run again
        self.env.execute_query(SQL("SELECT id FROM ml_sync_chain WHERE connection_id = %s FOR UPDATE", connection.id))
        chain = chains.search([("connection_id", "=", connection.id)])
        return chain or chains.create({"connection_id": connection.id})

    @api.model
    def _verify(self, connection):
        """Walk a connection's chain; returns a sentence about the first broken row, or an empty string."""
        chain = self.env["ml.sync.chain"].search([("connection_id", "=", connection.id)])
        expected, head, last_id = 1, "", 0
        while rows := self.search(
            [("connection_id", "=", connection.id), ("sequence", ">", last_id)], order="sequence", limit=1000
        ):
            for row in rows:
                if row.sequence != expected:
                    return self.env._("Attempt %s is missing.", expected)
                if (row.previous_hash or "") != head:
                    return self.env._("Attempt %s does not follow the one before it.", row.sequence)
                if row.hash != _digest(row._hashed_values()):
                    return self.env._("Attempt %s was changed.", row.sequence)
                expected, head = row.sequence + 1, row.hash
            last_id = rows[-1].sequence
            rows.invalidate_recordset()
        if chain and (chain.attempt_count != expected - 1 or (chain.head or "") != head):
            return self.env._(
                "The last attempts are missing: %(found)s of %(length)s are left.",
                found=expected - 1,
                length=chain.attempt_count,
            )
        return ""

    def _hashed_values(self):
        self.ensure_one()
        values = {name: self[name] for name in HASHED_FIELDS}
        return {**values, "connection_id": self.connection_id.id, "previous_hash": self.previous_hash}


def _subject(log):
    return f"{log.flow_id.key} {log.external_id or f'{log.res_model},{log.res_id}'}"


def _digest(values):
    content = {name: values[name] or None for name in HASHED_FIELDS}
    content["happened_at"] = fields.Datetime.to_string(values["happened_at"])
    text = json.dumps([values.get("previous_hash") or "", content], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
