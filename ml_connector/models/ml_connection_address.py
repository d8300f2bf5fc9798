from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .. import server_options
from ..core.http import fault_of_base
from .ml_connection_job import WORKING_STATES
from .ml_sentence import in_words

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


class MlConnectionAddress(models.AbstractModel):
    """Where a connection calls its provider. What was entered for or learned at one address is deleted with it."""

    _name = "ml.connection.address"
    _inherit = "ml.sealed"
    _description = "Connection Address"
    _open_fields = {"system": ("environment", "custom_url")}

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
