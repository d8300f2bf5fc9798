import logging

from werkzeug.exceptions import RequestEntityTooLarge

from odoo import SUPERUSER_ID, http
from odoo.http import request

from ..core.capabilities import Webhooks
from ..core.errors import ConnectorError
from ..models.ml_connection_database import MARKS

_logger = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
NEEDED_FIELDS = ("provider", "company_id", "cron_id", *MARKS, "webhook_state")


class WebhookController(http.Controller):
    """Stores webhooks of providers and triggers the scheduled action. Their content is not trusted."""

    @http.route(
        "/ml_connector/webhook/<string:token>",
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,
        save_session=False,
        # one byte more: of a body of unknown length, Werkzeug cuts off what exceeds this
        max_content_length=BODY_LIMIT + 1,
    )
    def receive(self, token, **_params):
        """200 once stored (also repeated or irrelevant), 400 garbled, 401 unsigned, 404 unknown, 413 too large."""
        try:
            body = request.httprequest.get_data()
        except RequestEntityTooLarge:
            return self._answer("too large", 413)
        if len(body) > BODY_LIMIT:
            return self._answer("too large", 413)
        # superuser: the sender is no user; the token names the connection, the signature authenticates
        env = request.env(user=SUPERUSER_ID)
        known = [("webhook_token", "=", token.replace("\x00", ""))]
        connection = env["ml.connection"].search_fetch(known, NEEDED_FIELDS)
        if not (connection and issubclass(connection._provider_class(), Webhooks)):
            return self._answer("unknown", 404)
        if not connection._is_this_database():
            return self._answer("not here", 503)
        return self._receive_signed(connection, body)

    def _receive_signed(self, connection, body):
        provider = connection._provider_class()
        headers = request.httprequest.headers
        try:
            secrets = connection._webhook_secrets()
        except ConnectorError:  # the keys are not readable now; the provider sends it again
            return self._answer("not now", 503)
        signed = provider.verify_webhook(headers, body, secrets)
        if not signed and not connection._is_expected_handshake(headers):
            return self._answer("wrong signature", 401)
        try:
            event = provider.parse_webhook(headers, body)
        except ConnectorError:
            return self._answer("not an event", 400)
        if not signed and not event.challenge:
            return self._answer("wrong signature", 401)
        connection.env["ml.webhook.event"]._receive(connection, event)
        return self._answer("ok", 200)

    @staticmethod
    def _answer(text, status):
        return request.make_response(text, headers=[("Content-Type", "text/plain")], status=status)
