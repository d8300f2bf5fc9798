from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .. import server_options
from ..core.http import fault_of_base
from .client_actions import notification
from .ml_connection_job import WORKING_STATES
from .ml_credential import WEBHOOK_SECRET
from .ml_sealed import needs
from .ml_sentence import in_words
from .ml_token import GRANT_FIELDS

LEARNED_AT_ADDRESS = (
    "identity",
    "business",
    "entity",
    "findings",
    "capabilities",
    "stored_settings",
    "announcements",
    "webhook_base",
    "webhook_database",
    "webhook_checked_at",
    "webhook_problem",
    "attention_reason",
    "breaker_until",
    "seat_request",
    "webhook_subscription",
    "webhook_subscription_previous",
)


class MlConnectionCredentials(models.AbstractModel):
    """The API URL of a connection, and its credentials, secrets and tokens there.

    What was entered for or learned at one URL is deleted with it.
    """

    _name = "ml.connection.credentials"
    _inherit = "ml.sealed"
    _description = "Connection Credentials"
    _open_fields = {"system": ("environment", "custom_url", "credential_ids")}

    environment = fields.Selection(
        [("production", "Production"), ("sandbox", "Sandbox"), ("custom", "Custom URL")],
        default="production",
        required=True,
        tracking=True,
    )
    custom_url = fields.Char(
        "Custom URL", tracking=True, help="Base URL of the API. It must be public and begin with https."
    )
    base_url = fields.Char("API URL", compute="_compute_base_url")
    credential_ids = fields.One2many(
        "ml.credential", "connection_id", groups="base.group_system", copy=False, domain=[("is_internal", "=", False)]
    )

    @api.constrains("environment", "custom_url")
    def _check_custom_url(self):
        for connection in self.filtered(lambda c: c.environment == "custom"):
            if fault := fault_of_base(connection.custom_url or "", server_options.loopback_allowed()):
                raise ValidationError(in_words(self.env, fault))

    @api.depends("provider", "environment", "custom_url")
    def _compute_base_url(self):
        for connection in self:
            connection.base_url = connection._address(connection.environment, connection.custom_url)

    def _address(self, environment, custom_url):
        if environment == "custom":
            return (custom_url or "").rstrip("/")
        return self._provider_class().environments.get(environment, "") if self.provider else ""

    def _moves(self, vals):
        """Whether `vals` change the API URL."""
        address = {"environment": self.environment, "custom_url": self.custom_url}
        after = {name: vals.get(name, value) for name, value in address.items()}
        return after != address and self._address(**after) != self._address(**address)

    def _leave_address(self):
        """Delete the secrets, tokens and data of a previous API URL."""
        # sudo: secrets, tokens and subscriptions have no writer but the connector
        for connection in self.sudo():
            had_secrets, had_grant = bool(connection._forget_secrets()), bool(connection._forget_grant())
            connection.flow_ids.cursor = False
            connection.write(
                {
                    **dict.fromkeys(LEARNED_AT_ADDRESS, False),
                    "check_state": "none",
                    "webhook_state": "none",
                    "breaker_count": 0,
                    **({"state": "draft"} if connection.state in WORKING_STATES else {}),
                }
            )
            connection.activity_unlink(["ml_connector.mail_activity_attention"])
            if had_secrets or had_grant:
                connection.message_post(
                    body=self.env._("The API URL changed. Odoo deleted the secrets and tokens for the old URL.")
                )

    @contextmanager
    def _watching_server(self):
        """Delete the secrets if the credentials name another server afterwards."""
        before = {connection: connection._server() for connection in self}
        yield
        for connection, server in before.items():
            if server and connection._server() != server:
                connection._leave_address()

    def _server(self):
        """The credentials that name the server."""
        names = [name for name, spec in self._credential_specifications().items() if spec.address]
        if not names:
            return []
        # sudo: see `_internal_secrets`
        own = self.env["ml.credential"].sudo().search([("connection_id", "=", self.id), ("name", "in", names)])
        return [(credential.name, credential.value.strip()) for credential in own if credential.value]

    def _credential_specifications(self):
        return (
            {credential.name: credential for credential in self._provider_class().credentials} if self.provider else {}
        )

    def _credential_values(self):
        return [
            {"name": credential.name, "sequence": sequence, "is_secret": credential.secret}
            for sequence, credential in enumerate(self._provider_class().credentials)
        ]

    def _create_credentials(self):
        """Create the credentials of the provider that this connection lacks."""
        named = set(self.with_context(active_test=False).credential_ids.mapped("name"))
        self.env["ml.credential"].create(
            [
                {**values, "connection_id": self.id}
                for values in self._credential_values()
                if values["name"] not in named
            ]
        )

    def _missing_credentials(self):
        specifications = self._credential_specifications()
        credentials = self.sudo().credential_ids  # sudo: only whether they are filled
        filled = set(credentials.filtered("is_set").mapped("name"))
        return [
            in_words(self.env, spec.label)
            for name, spec in specifications.items()
            if spec.required and name not in filled
        ]

    def _tokens(self):
        # sudo: tokens have no reader and no writer but the connector
        return self.env["ml.token"].sudo().search([("connection_id", "in", self.ids)])

    def _forget_token(self):
        """Delete the access token after a change of its credentials."""
        self._tokens().write({"access_ciphertext": False, "expires_at": False})

    def _forget_grant(self):
        """Delete all that the provider granted, also the refresh token. Returns the tokens that had a grant."""
        tokens = self._tokens()
        granted = tokens.filtered(lambda token: token.access_ciphertext or token.refresh_ciphertext)
        tokens.write(dict.fromkeys(GRANT_FIELDS, False))
        return granted

    def _forget_secrets(self):
        """Delete the stored secrets. Returns those that were set."""
        # sudo: see `_internal_secrets`
        secret = self.env["ml.credential"].sudo().search([("connection_id", "in", self.ids), ("is_secret", "=", True)])
        stored = secret.filtered("set_at")
        secret._forget()
        return stored

    def _internal_secrets(self, *names):
        credentials = self.env["ml.credential"].sudo()  # sudo: only the controller and the worker ask
        named = [("connection_id", "=", self.id), ("name", "in", names)]
        return credentials.search_fetch(named, ["is_secret", "ciphertext", "set_at"])

    def _set_internal_secret(self, name, plaintext):
        secret = self._internal_secrets(name) or self.env["ml.credential"].sudo().create(  # sudo: see above
            {"connection_id": self.id, "name": name, "is_secret": True, "is_internal": True}
        )
        secret._store_secret(plaintext)

    def _note_lost(self, records):
        """Report deleted secrets, and set up the webhooks again if theirs is among them. Returns the labels."""
        names = {record.name for record in records if record._name == "ml.credential"}
        if WEBHOOK_SECRET in names and self.webhook_state == "active":
            self.webhook_state = "requested"
        labels = ", ".join(sorted(record.label for record in records if record._name == "ml.credential")) or "OAuth"
        self.message_post(
            body=self.env._("Odoo deleted secrets that no key of this server decrypts: %(labels)s.", labels=labels)
        )
        return labels

    @api.model
    @needs("system")
    def action_rotate_keys(self):
        """Encrypt all secrets of this database with the newest key, a new one if the keys are in the key file."""
        # sudo: all connections, whichever companies the person may see
        connections = self.sudo().with_context(active_test=False).search([])  # pylint: disable=no-search-all
        connections._decided("rotate")
        self.env["ml.credential"]._rotate_keys()
        return notification(self.env._("All secrets are encrypted with the new key."), reload=False)

    @api.model
    @needs("system")
    def action_discard_lost_secrets(self):
        """Delete the secrets whose key is lost, so that they can be entered again."""
        # sudo: all connections, whichever companies the person may see
        names = self.env["ml.credential"].sudo()._discard_all_lost()
        return notification(
            self.env._("Secrets deleted. Enter them again: %(names)s.", names=", ".join(names)), "warning"
        )


def secrets_last(vals):
    """The same values with secrets last, because a change of the server deletes the stored secrets."""
    if not vals.get("credential_ids"):
        return vals
    commands = sorted(vals["credential_ids"], key=lambda command: "new_secret" in (command[2:] and command[2] or ()))
    return {**vals, "credential_ids": commands}
