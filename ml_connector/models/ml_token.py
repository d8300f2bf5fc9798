from contextlib import contextmanager
from datetime import timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..core.errors import ConnectorError, NetworkError
from ..core.http.oauth import StoredGrant
from ..core.messages import _
from ..vault import secret_box

RENEWAL_MARGIN = timedelta(seconds=120)
LOCK_TRIES = 20
GRANT_FIELDS = (
    "access_ciphertext",
    "refresh_ciphertext",
    "expires_at",
    "scope",
    "location",
    "grant_key",
    "refresh_expires_at",
    "renewal_sent_at",
    "renewal_lost_at",
)


class MlToken(models.Model):
    _name = "ml.token"
    _description = "Access Token"
    _inherit = "ml.sealed"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    access_ciphertext = secret_box.Ciphertext()
    refresh_ciphertext = secret_box.Ciphertext()
    expires_at = fields.Datetime(readonly=True)
    scope = fields.Char(readonly=True)
    location = fields.Char(readonly=True, help="URL that the provider returned for calls with this token.")
    grant_key = fields.Char(readonly=True, help="Hash of the credentials that the refresh token was granted for.")
    refresh_expires_at = fields.Datetime(readonly=True)
    renewal_sent_at = fields.Datetime(
        readonly=True, help="Set before Odoo sends a renewal, until the answer is stored."
    )
    renewal_lost_at = fields.Datetime(readonly=True, help="When Odoo sent a renewal without receiving an answer.")

    _connection_unique = models.Constraint("UNIQUE(connection_id)", "A connection has one token.")


class TokenStore:
    """The access token of a connection, shared by all workers.

    Each use has its own cursor and transaction, so that a renewed token is kept after a rollback of the caller. A row
    lock ensures that only one worker renews it.
    """

    def __init__(self, connection):
        self._registry = connection.env.registry
        self._connection_id = connection.id
        self._address = connection.base_url

    def get(self, fetch):
        """A valid access token; `fetch()` (returning `core.http.oauth.AccessToken`) gets a new one.

        Errors of `fetch` pass through.
        """
        with self._registry.cursor() as cr:
            if current := self._other(self._token(cr), None):
                return current
        return self.renew(fetch, rejected=None)

    def stored(self):
        """The stored grant besides the access token, as `core.http.oauth.StoredGrant`."""
        with self._registry.cursor() as cr:
            token = self._token(cr)
            return StoredGrant(
                # without a readable refresh token, the credentials get a new grant
                refresh_token=secret_box.opened(token.env, token.refresh_ciphertext) or "",
                location=token.location or "",
                scope=token.scope or "",
                grant_key=token.grant_key or "",
                lost_at=token.renewal_lost_at or None,
                refresh_expires_at=token.refresh_expires_at or None,
            )

    def renew(self, fetch, rejected):
        """A token other than `rejected`, which the provider refused."""
        with self._locked() as token:
            if current := self._other(token, rejected):
                return current
            if token.refresh_ciphertext:
                self._note_sending(token)
        with self._locked() as token:
            # the lock was released to commit the note
            if current := self._other(token, rejected):
                return current
            try:
                new = fetch()
            except ConnectorError as error:
                if not 400 <= (error.status or 0) < 500:
                    raise
                # the provider answered, so no renewal was lost
                token.renewal_sent_at = False
                refusal = error
            else:
                token.write(self._values(token.env, new))
                return new.value
        raise refusal

    def _other(self, token, rejected):
        """The stored access token, unless it has ended or is the one that was refused."""
        if token.expires_at and token.expires_at - RENEWAL_MARGIN > fields.Datetime.now():
            current = secret_box.opened(token.env, token.access_ciphertext)
            return current if current != rejected else None
        return None

    def _note_sending(self, token):
        """Store that a refresh token is about to be used, to detect a lost answer."""
        if token.renewal_sent_at:
            token.renewal_lost_at = token.renewal_sent_at
        token.renewal_sent_at = fields.Datetime.now()

    def _values(self, env, new):
        values = {
            "access_ciphertext": secret_box.encrypt(env, new.value),
            "expires_at": fields.Datetime.now() + timedelta(seconds=new.expires_in),
            "scope": new.scope,
            "location": new.location,
            "renewal_sent_at": False,
            "renewal_lost_at": False,
        }
        if new.refresh_token:
            values.update(
                refresh_ciphertext=secret_box.encrypt(env, new.refresh_token),
                grant_key=new.grant_key,
                refresh_expires_at=new.refresh_expires_at,
            )
        return values

    @contextmanager
    def _locked(self):
        with self._registry.cursor() as cr:
            self._lock(cr)
            yield self._token(cr)

    def _lock(self, cr):
        """Wait for a renewal in another worker.

        PostgreSQL refuses a lock on a row that changed meanwhile; then a new transaction sees the new token.
        """
        for attempt in range(1, LOCK_TRIES + 1):
            try:
                cr.execute(
                    SQL("SELECT id FROM ml_token WHERE connection_id = %s FOR UPDATE", self._connection_id),
                    log_exceptions=False,
                )
                return
            except psycopg2.errors.SerializationFailure:
                cr.rollback()
                if attempt == LOCK_TRIES:
                    raise

    def _token(self, cr):
        env = api.Environment(cr, SUPERUSER_ID, {})
        token = env["ml.token"].search([("connection_id", "=", self._connection_id)])
        if token and token.connection_id.base_url != self._address:
            # the stored token belongs to a new URL
            raise NetworkError(_("The API URL of the connection changed. The next run uses the new one."))
        return token
