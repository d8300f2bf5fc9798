from contextlib import contextmanager
from datetime import timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from .. import secret_box

RENEWAL_MARGIN = timedelta(seconds=120)
LOCK_TRIES = 20


class MlToken(models.Model):
    _name = "ml.token"
    _description = "Access Token"

    connection_id = fields.Many2one("ml.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    access_ciphertext = fields.Char(groups=fields.NO_ACCESS)
    refresh_ciphertext = fields.Char(groups=fields.NO_ACCESS)
    expires_at = fields.Datetime(readonly=True)
    scope = fields.Char(readonly=True)

    _connection_unique = models.Constraint("UNIQUE(connection_id)", "A connection has one token.")


class TokenStore:
    """The access token of a connection, shared by all workers.

    Each use has a cursor and a transaction of its own, so that a token which the vendor has renewed is kept even
    when the work around it is rolled back, and a row lock makes sure that only one worker renews it.
    """

    def __init__(self, connection):
        self._registry = connection.env.registry
        self._connection_id = connection.id

    def get(self, fetch):
        """A valid access token; `fetch()` (returning `clients.oauth.AccessToken`) is called to get a new one.

        Errors of `fetch` pass through.
        """
        with self._registry.cursor() as cr:
            token = self._token(cr)
            if token.expires_at and token.expires_at - RENEWAL_MARGIN > fields.Datetime.now():
                return secret_box.decrypt(token.env, token.access_ciphertext)
        return self._renew(fetch, rejected=None)

    def renew(self, fetch, rejected):
        """A token other than `rejected`, which the vendor refused."""
        return self._renew(fetch, rejected)

    def refresh_token(self):
        """The stored refresh token, or an empty string."""
        with self._registry.cursor() as cr:
            token = self._token(cr)
            return secret_box.decrypt(token.env, token.refresh_ciphertext) if token.refresh_ciphertext else ""

    def _renew(self, fetch, rejected):
        with self._locked() as token:
            if token.expires_at and token.expires_at - RENEWAL_MARGIN > fields.Datetime.now():
                current = secret_box.decrypt(token.env, token.access_ciphertext)
                if current != rejected:
                    return current
            new = fetch()
            if token:
                token.write(
                    {
                        "access_ciphertext": secret_box.encrypt(token.env, new.value),
                        "expires_at": fields.Datetime.now() + timedelta(seconds=new.expires_in),
                        "scope": new.scope,
                    }
                )
                if new.refresh_token:
                    token.refresh_ciphertext = secret_box.encrypt(token.env, new.refresh_token)
            return new.value

    @contextmanager
    def _locked(self):
        with self._registry.cursor() as cr:
            self._lock(cr)
            yield self._token(cr)

    def _lock(self, cr):
        """Wait for a renewal that is under way elsewhere, instead of renewing a second time.

        PostgreSQL refuses whoever waited for a row that was changed meanwhile: he begins again and sees the new token.
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
        return env["ml.token"].search([("connection_id", "=", self._connection_id)])
