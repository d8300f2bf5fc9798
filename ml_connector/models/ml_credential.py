import logging

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import secret_box
from ..exceptions import ConnectorError
from .client_actions import notification

_logger = logging.getLogger(__name__)

WEBHOOK_SECRET = "webhook_secret"
WEBHOOK_SECRET_PREVIOUS = "webhook_secret_previous"


class MlCredential(models.Model):
    _name = "ml.credential"
    _description = "Credential"
    _order = "connection_id, sequence, id"
    _hidden_fields = ("value", "new_secret")
    _inherit = "ml.sealed"
    _maker_right = "system"
    _birth_fields = ("connection_id", "name", "sequence", "is_secret")
    _open_fields = {"system": ("value", "new_secret")}

    connection_id = fields.Many2one("ml.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    name = fields.Char(required=True)
    label = fields.Char(compute="_compute_specification", string="Credential")
    help = fields.Char(compute="_compute_specification")
    sequence = fields.Integer()
    is_secret = fields.Boolean()
    is_internal = fields.Boolean(readonly=True, help="Kept by the connector itself, not entered by a person.")
    value = fields.Char(copy=False, help="Only for what is not secret.")
    new_secret = fields.Char(
        compute="_compute_new_secret",
        inverse="_inverse_new_secret",
        help="Type a new value to replace the stored one. It is encrypted when you save and never shown again.",
    )
    ciphertext = secret_box.Ciphertext()
    is_set = fields.Boolean(compute="_compute_is_set")
    set_at = fields.Datetime(readonly=True, copy=False)
    set_by_id = fields.Many2one("res.users", readonly=True, copy=False, string="Set by")

    _connection_name_unique = models.Constraint("UNIQUE(connection_id, name)", "This credential exists already.")

    @api.depends("name", "connection_id.provider")
    def _compute_specification(self):
        for credential in self:
            specification = credential.connection_id._credential_specifications().get(credential.name)
            credential.label = specification.label if specification else credential.name
            credential.help = specification.help if specification else ""

    def _compute_new_secret(self):
        self.new_secret = False

    def _inverse_new_secret(self):
        for credential in self:
            if credential.new_secret:
                credential._store_secret(credential.new_secret)
        # the plain value must not stay in the cache, from where the answer to the browser would be read
        self.invalidate_recordset(["new_secret"])

    @api.depends("set_at", "value")
    def _compute_is_set(self):
        for credential in self:
            credential.is_set = bool(credential.set_at if credential.is_secret else credential.value)

    def _store_secret(self, plaintext):
        self.ensure_one()
        # sudo: the field has no reader and no writer but this code
        self.sudo().write(
            {
                "ciphertext": secret_box.encrypt(self.env, plaintext.strip()),
                "set_at": fields.Datetime.now(),
                "set_by_id": self.env.uid,
            }
        )
        if not self.is_internal:
            self.connection_id._forget_token()

    def _told_of(self):
        return self.connection_id

    def _plaintext(self):
        """The value in the clear: for a provider in memory, for nothing else.

        :raises AuthError: when it cannot be opened with this server's keys
        """
        self.ensure_one()
        if not self.is_secret:
            return (self.value or "").strip()
        ciphertext = self.sudo().ciphertext  # sudo: see `_store_secret`
        return secret_box.decrypt(self.env, ciphertext) if ciphertext else ""

    def write(self, vals):
        result = super().write(vals)
        if "value" in vals:
            self.connection_id._forget_token()
        return result

    # ------------------------------------------------------------------ keys

    @api.model
    def _rotate_keys(self):
        """Encrypt every secret of this database anew. The old keys go after the commit, see `_drop_old_keys`."""
        try:
            secret_box.add_key(self.env)
            lost = self._encrypt_anew()
        except ConnectorError as error:
            raise UserError(error.message) from None
        registry = self.env.registry
        self.env.cr.postcommit.add(lambda: _drop_old_keys(registry))
        if lost:
            names = ", ".join(sorted({record.connection_id.display_name for record in lost}))
            message = self.env._(
                "Some secrets could not be opened and stay as they are, so the old keys stay too."
                " Enter the credentials of these connections again: %s",
                names,
            )
            return notification(message, "warning", reload=False)
        return notification(self.env._("All secrets are encrypted under the newest key now."), reload=False)

    @api.model
    def _encrypt_anew(self):
        """Bring each ciphertext under the newest key; the records of those that no key opens."""
        lost = []
        for record, name in secret_box.ciphertexts(self.env):
            if secret_box.opens(self.env, record[name], newest=True):
                continue
            try:
                record[name] = secret_box.rotate(self.env, record[name])
            except ConnectorError:
                lost.append(record)
        return lost

    @api.autovacuum
    def _gc_old_keys(self):
        """What a rotation had to leave, because somebody was storing a secret or the server stopped."""
        registry = self.env.registry
        self.env.cr.postcommit.add(lambda: _drop_old_keys(registry))


def _drop_old_keys(registry):
    """Take the old keys away once nothing needs them. Until then they stay, and the daily clean-up tries again."""
    try:
        # what was stored during the rotation under an old key is seen only now
        with registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["ml.credential"]._encrypt_anew()
        with registry.cursor() as guard:
            guard.execute(SQL("SELECT pg_try_advisory_xact_lock(%s)", secret_box.USE_LOCK))
            if guard.fetchone()[0]:
                # nobody is storing a secret, and this transaction sees all that was stored
                with registry.cursor() as cr:
                    secret_box.drop_old_keys(api.Environment(cr, SUPERUSER_ID, {}))
    except (ConnectorError, psycopg2.Error) as error:
        _logger.warning("The old keys of the secrets stay for now: %s", error)
