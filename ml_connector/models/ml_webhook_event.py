import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from .ml_sealed import needs
from .ml_sentence import Sentence


class MlWebhookEvent(models.Model):
    """A signed hint from the vendor that something changed. Its id is kept for ever, so that a replay is noticed."""

    _name = "ml.webhook.event"
    _description = "Webhook Event"
    _inherit = "ml.sealed"
    _order = "id desc"
    _rec_name = "event_id"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    event_id = fields.Char("Event id", required=True, readonly=True)
    event_type = fields.Char("Type", readonly=True)
    external_id = fields.Char("Id at the vendor", readonly=True)
    sent_at = fields.Char("Sent", readonly=True, help="As the vendor wrote it.")
    challenge = fields.Char(readonly=True, groups="base.group_system")
    state = fields.Selection(
        [("received", "Received"), ("done", "Done"), ("ignored", "Not relevant"), ("failed", "Failed")],
        default="received",
        required=True,
        readonly=True,
    )
    message = Sentence(readonly=True)
    message_source = fields.Json(readonly=True)
    is_listed = fields.Boolean(
        "Not in the Lists", readonly=True, help="The lists did not have its record, so the record is read by itself."
    )
    try_count = fields.Integer(readonly=True)
    stop_count = fields.Integer(
        "Stops", readonly=True, help="How often the server stopped while the event was being read."
    )
    next_try_at = fields.Datetime(readonly=True, default=fields.Datetime.now)

    _event_unique = models.UniqueIndex("(connection_id, event_id)")
    _stopped_idx = models.Index("(connection_id) WHERE state = 'received' AND stop_count > 0")
    _received_idx = models.Index("(connection_id, next_try_at) WHERE state = 'received'")

    @api.model
    def _receive(self, connection, event):
        """Store an event unless it is known; True when it is new."""
        now = fields.Datetime.now()
        row = (connection.id, connection.company_id.id, event.event_id, event.event_type, event.external_id or None)
        row += (event.created_at or None, event.challenge or None, "received", 0, now, self.env.uid, now)
        if not self._insert(row):
            return False
        if not self._is_run_ahead(connection):
            connection._trigger()
        return True

    def _insert(self, row):
        """Whether the row is new. An event that is there already, or arrives twice at the same moment, is not."""
        cr = self.env.cr
        try:
            cr.execute(
                SQL(
                    """INSERT INTO ml_webhook_event (connection_id, company_id, event_id, event_type, external_id,
                            sent_at, challenge, state, try_count, next_try_at, create_uid, create_date)
                       VALUES %s ON CONFLICT (connection_id, event_id) DO NOTHING RETURNING id""",
                    row,
                ),
                log_exceptions=False,
            )
        except psycopg2.errors.SerializationFailure:
            # its other copy was stored after this transaction began to read
            cr.rollback()
            return False
        return bool(cr.fetchall())

    def _is_run_ahead(self, connection):
        """Whether a run of the connection's job is asked for already and cannot begin before this transaction ends.

        Of many events at once only the first wakes the scheduler, which takes longer than all the rest. A run that
        has begun holds the lock on what asked for it, so it does not count.
        """
        cr = self.env.cr
        cr.execute(
            SQL(
                """SELECT id FROM ir_cron_trigger WHERE cron_id = %s AND call_at <= %s
                    LIMIT 1 FOR KEY SHARE SKIP LOCKED""",
                connection.cron_id.id,
                fields.Datetime.now(),
            ),
            log_exceptions=False,  # that a run began meanwhile is no error: the request is repeated
        )
        return bool(cr.fetchall())

    @needs("administer")
    def action_replay(self):
        """Read the record of the event again."""
        # sudo: events have no writer but the connector
        again = {"is_listed": False, "try_count": 0, "stop_count": 0, "next_try_at": fields.Datetime.now()}
        self.sudo().write({"state": "received", **again})
        self._decided("replay")
        self.connection_id._trigger()
