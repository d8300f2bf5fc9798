import logging
import socket

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, config, groupby

from ..core.errors import ConnectorError
from ..core.messages import _
from ..core.provider import Finding
from ..vault import secret_box
from .ml_sealed import needs
from .ml_sentence import in_words

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
    is_internal = fields.Boolean(readonly=True, help="Kept by ML Connector, not entered by a user.")
    value = fields.Char(copy=False, help="Only for values that are not secret.")
    new_secret = fields.Char(
        compute="_compute_new_secret",
        inverse="_inverse_new_secret",
        help="Type a new value to replace the stored one. Odoo encrypts it when you save and never shows it again."
        " An empty value removes the stored one.",
    )
    ciphertext = secret_box.Ciphertext()
    choices = fields.Json(compute="_compute_choices", help="Values to choose from, found by the last check.")
    is_set = fields.Boolean(compute="_compute_is_set")
    set_at = fields.Datetime(readonly=True, copy=False)
    set_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    set_on = fields.Char(readonly=True, copy=False, help="The server whose key file encrypts the secret.")

    _connection_name_unique = models.Constraint("UNIQUE(connection_id, name)", "This credential already exists.")

    @api.depends("name", "connection_id.provider")
    @api.depends_context("lang")
    def _compute_specification(self):
        for credential in self:
            specification = credential.connection_id._credential_specifications().get(credential.name)
            credential.label = in_words(self.env, specification.label) if specification else credential.name
            credential.help = in_words(self.env, specification.help) if specification else ""

    @api.depends("name", "connection_id.stored_settings")
    def _compute_choices(self):
        for credential in self:
            choices = (credential.connection_id.stored_settings or {}).get("choices") or {}
            credential.choices = choices.get(credential.name)

    def _compute_new_secret(self):
        self.new_secret = False

    def _inverse_new_secret(self):
        for credential in self:
            if not (credential.new_secret or "").strip():
                credential._take_away()
                continue
            try:
                credential._forget_lost()
                credential._store_secret(credential.new_secret)
            except ConnectorError as error:
                raise UserError(in_words(self.env, error.message)) from None
            credential.connection_id._close_breaker()
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
                "set_on": _key_host(),
            }
        )
        if not self.is_internal:
            self._end_access()

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

    def _end_access(self):
        """Delete the tokens that were granted for the previous value."""
        for credential in self:
            connection = credential.connection_id
            specification = connection._credential_specifications().get(credential.name)
            if specification and specification.grant:
                connection._forget_grant()
            else:
                connection._forget_token()

    @api.model_create_multi
    def create(self, vals_list):
        connections = self.env["ml.connection"].browse(
            {vals.get("connection_id") for vals in vals_list} - {None, False}
        )
        with connections._watching_server():
            return super().create(vals_list)

    def write(self, vals):
        changed = self.filtered(
            lambda credential: (credential.value or "") != (vals.get("value", credential.value) or "")
        )
        with changed.connection_id._watching_server():
            result = super().write(vals)
        changed._end_access()
        return result

    def unlink(self):
        with self.connection_id._watching_server():
            return super().unlink()

    @needs("system")
    def action_remove_secret(self):
        """Remove a stored secret; the connection then works without it."""
        self._take_away()

    def _take_away(self):
        """Delete entered secrets and their tokens."""
        for credential in self.filtered(lambda credential: credential.is_secret and credential.set_at):
            if self._is_told():
                credential._decided("remove_secret")
            credential.sudo()._forget()  # sudo: see `_store_secret`
            if not credential.is_internal:
                credential._end_access()
            credential.connection_id._close_breaker()

    def _forget(self):
        self.write({"ciphertext": False, "set_at": False, "set_by_id": False, "set_on": False})

    # ------------------------------------------------------------------ keys

    @api.model
    def _rotate_keys(self):
        """Encrypt every secret with a new key. `_drop_old_keys` deletes the old ones after the commit."""
        try:
            if secret_box.has_key(self.env) and (lost := secret_box.lost(self.env)):
                raise UserError(
                    self.env._(
                        "No key of this server decrypts these secrets: %(names)s. Enter them again, then rotate the"
                        " key.",
                        names=", ".join(_names(record for record, _name in lost)),
                    )
                )
            secret_box.add_key(self.env)
            self._encrypt_anew()
        except ConnectorError as error:
            raise UserError(in_words(self.env, error.message)) from None
        self._claim_for_this_host()
        registry = self.env.registry
        self.env.cr.postcommit.add(lambda: _drop_old_keys(registry))

    @api.model
    def _encrypt_anew(self):
        """Encrypt each readable secret with the newest key."""
        for record, name in secret_box.ciphertexts(self.env):
            if secret_box.is_under_old_key(self.env, record[name]):
                record[name] = secret_box.rotate(self.env, record[name])

    def _forget_lost(self):
        """Delete the secrets that no key decrypts, before a user enters a new one.

        Without any key these are all secrets, because a new key must not coexist with secrets of another one.
        """
        lost = secret_box.lost(self.env)
        if secret_box.has_key(self.env):
            lost = [(record, name) for record, name in lost if record.connection_id == self.connection_id]
        elif self._of_another_host():
            return  # that one may open them, and here no key is made
        self._discard(lost)

    @api.model
    def _discard(self, lost):
        """Delete the lost secrets and create a key if there is none. Returns {connection: labels of its secrets}.

        :param lost: as `secret_box.lost` returns it
        """
        for record, name in lost:
            record[name] = False
            if record._name == self._name:
                record._forget()
        if not secret_box.has_key(self.env):
            secret_box.make_first_key(self.env, forgotten=lost)
        of_connections = groupby((record for record, _name in lost), lambda record: record.connection_id)
        return {connection: connection._note_lost(records) for connection, records in of_connections}

    @api.model
    def _discard_all_lost(self):
        """Delete all secrets whose key is lost. Returns their names."""
        try:
            lost = secret_box.lost(self.env)
            if not lost:
                raise UserError(
                    self.env._("The keys of this server decrypt all stored secrets. There are none to discard.")
                )
            discarded = self._discard(lost)
        except ConnectorError as error:
            raise UserError(in_words(self.env, error.message)) from None
        for connection, labels in discarded.items():
            connection._decided("discard", old=labels)
        return _names(record for record, _name in lost)

    @api.model
    def _lost_names(self):
        """Names of the secrets that no key of this server decrypts."""
        try:
            return _names(record for record, _name in secret_box.lost(self.env))
        except ConnectorError:  # a key file that cannot be read is to be mended, and then opens them
            return []

    @api.model
    def _of_another_host(self, domain=()):
        """The secrets encrypted with the key file of another host."""
        # sudo: see `_store_secret`
        return self.sudo().search([("set_on", "not in", (False, _key_host())), *domain])

    @api.model
    def _claim_for_this_host(self):
        """Record this host as the one with the keys of all secrets."""
        self._of_another_host().set_on = _key_host()

    @api.model
    def _key_findings(self, connection):
        """Findings about the keys of a connection."""
        findings = []
        if lost := [record for record, _name in secret_box.lost(self.env) if record.connection_id == connection]:
            findings.append(
                Finding(
                    level="warning",
                    title=_("No key of this server decrypts these secrets: %(names)s", names=tuple(_names(lost))),
                    message=_("Enter them again, or set up the webhooks again."),
                )
            )
        hosts = self._of_another_host([("connection_id", "=", connection.id)]).mapped("set_on")
        if hosts and not secret_box.is_configured():
            findings.append(
                Finding(
                    level="warning",
                    title=_("The keys of the secrets are in a file of one server"),
                    message=_(
                        "Secrets were entered on %(hosts)s. If several servers use one database, give all of them"
                        " the same keys in odoo.conf (%(option)s) or in %(variable)s.",
                        hosts=tuple(sorted(set(hosts))),
                        option=secret_box.CONFIG_OPTION,
                        variable=secret_box.ENVIRONMENT_VARIABLE,
                    ),
                )
            )
        return findings

    @api.autovacuum
    def _gc_old_keys(self):
        """Delete old keys that a rotation had to keep, because a secret was being stored or the server stopped."""
        registry = self.env.registry
        self.env.cr.postcommit.add(lambda: _drop_old_keys(registry))


def _drop_old_keys(registry):
    """Delete old keys that no secret needs. The daily clean-up repeats this."""
    try:
        # secrets stored with an old key during the rotation are visible only now
        with registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["ml.credential"]._encrypt_anew()
        with registry.cursor() as guard:
            guard.execute(SQL("SELECT pg_try_advisory_xact_lock(%s)", secret_box.USE_LOCK))
            if guard.fetchone()[0]:
                # no secret is being stored, and this transaction sees all stored ones
                with registry.cursor() as cr:
                    secret_box.drop_old_keys(api.Environment(cr, SUPERUSER_ID, {}))
    except (ConnectorError, psycopg2.Error) as error:
        _logger.warning("The old keys of the secrets stay for now: %s", error)


def _key_host():
    """This host if its keys are in a file; False if they are configured, because then every host may have them."""
    return not secret_box.is_configured() and f"{socket.gethostname()}:{config['data_dir']}"


def _names(records):
    """The names of the secrets of these records."""
    return sorted(
        {f"{record.connection_id.name} / {record.label if 'label' in record else 'OAuth'}" for record in records}
    )
