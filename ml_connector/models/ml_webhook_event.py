import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from .ml_sealed import needs
from .ml_sentence import Sentence


class MlWebhookEvent(models.Model):
    """A signed notification of a change from the provider. Its id is kept to detect replays."""

    _name = "ml.webhook.event"
    _description = "Webhook Event"
    _inherit = "ml.sealed"
    _order = "id desc"
    _rec_name = "event_id"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    event_id = fields.Char("Event ID", required=True, readonly=True)
    event_type = fields.Char("Type", readonly=True)
    external_id = fields.Char("Provider ID", readonly=True)
    sent_at = fields.Char("Sent On", readonly=True, help="Time as the provider wrote it.")
    challenge = fields.Char(readonly=True, groups="base.group_system")
    state = fields.Selection(
        [("received", "Received"), ("done", "Done"), ("ignored", "Not Relevant"), ("failed", "Failed")],
        string="Status",
        default="received",
        required=True,
        readonly=True,
    )
    message = Sentence(readonly=True)
    message_source = fields.Json(readonly=True)
    is_listed = fields.Boolean(
        "Not in the Lists", readonly=True, help="The lists did not contain the record, so Odoo reads it directly."
    )
    try_count = fields.Integer("Attempts", readonly=True)
    stop_count = fields.Integer("Stops", readonly=True, help="How often the server stopped while it read the event.")
    next_try_at = fields.Datetime("Next Attempt", readonly=True, default=fields.Datetime.now)

    _event_unique = models.UniqueIndex("(connection_id, event_id)")
    _stopped_idx = models.Index("(connection_id) WHERE state = 'received' AND stop_count > 0")
    _received_idx = models.Index("(connection_id, next_try_at) WHERE state = 'received'")

    @api.model
    def _receive(self, connection, event):
        """Store an event; returns whether it is new."""
        now = fields.Datetime.now()
        row = (connection.id, connection.company_id.id, event.event_id, event.event_type, event.external_id or None)
        row += (event.created_at or None, event.challenge or None, "received", 0, now, self.env.uid, now)
        if not self._insert(row):
            return False
        if not self._is_run_ahead(connection):
            connection._trigger()
        return True

    def _insert(self, row):
        """Insert a row; returns False for an event that exists or arrives twice at the same time."""
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
            # the same event was stored after the start of this transaction
            cr.rollback()
            return False
        return bool(cr.fetchall())

    def _is_run_ahead(self, connection):
        """Whether a triggered run of the scheduled action cannot start before the end of this transaction.

        Then only the first of many events triggers the scheduler, which is slow. A running action holds the lock on its
        trigger and does not count.
        """
        cr = self.env.cr
        cr.execute(
            SQL(
                """SELECT id FROM ir_cron_trigger WHERE cron_id = %s AND call_at <= %s
                    LIMIT 1 FOR KEY SHARE SKIP LOCKED""",
                connection.cron_id.id,
                fields.Datetime.now(),
            ),
            log_exceptions=False,  # the request is repeated if a run started meanwhile
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
