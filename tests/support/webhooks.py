"""Signed webhook posts to a running Odoo, as Ramp sends them and as somebody else may."""

import hashlib
import hmac
import json
import uuid

import requests

ACTIVE = "SELECT webhook_subscription AS id FROM ml_connection WHERE webhook_state = 'active'"


def subscribe(books, server):
    """Have Ramp send its webhooks to the server, whose scheduler sets them up; returns the sender's side."""
    ask_for_webhooks(books, server)
    books.wait_until(lambda: books.rows(ACTIVE))
    subscription = books.sandbox.state.subscriptions.get(books.value(ACTIVE))
    return Sender(subscription.endpoint_url, subscription.secret)


def subscribe_to_ramp(books, server):
    """Set up Ramp's webhooks to a server without a scheduler; they are those of one connection among others."""
    ask_for_webhooks(books, server, [("provider", "=", "ramp")])
    for _run in ("asks Ramp", "answers its challenge"):
        books.workers.run()
        books.control.wait_for_deliveries()
    assert books.rows(ACTIVE)


def ask_for_webhooks(books, server, domain=()):
    """Press the button."""
    books.workers.code(
        "parameters = env['ir.config_parameter']\n"
        f"parameters.set_param('web.base.url', {server.url!r})\n"
        "parameters.set_param('web.base.url.freeze', 'True')\n"
        f"env['ml.connection'].search([('state', '=', 'connected'), *{domain!r}]).action_subscribe()"
    )


class Sender:
    """
    :ivar url: where the connection's webhooks go
    :ivar secret: what they are signed with
    """

    def __init__(self, url, secret):
        self.url = url
        self.secret = secret
        self._session = requests.Session()
        self._session.trust_env = False

    def body(self, event_type="bills.ready_to_sync", object_id="", event_id=None):
        """The bytes of an event."""
        event = {
            "id": event_id or str(uuid.uuid4()),
            "type": event_type,
            "created_at": "2026-09-30T12:00:00Z",
            "business_id": str(uuid.uuid4()),
            "object": {"id": object_id},
        }
        return json.dumps(event).encode()

    def signature(self, body, secret=None):
        return hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()

    def post(self, body, signature=None, url=None):
        """Post a body with its right signature, or with another one."""
        headers = {"Content-Type": "application/json", "X-Ramp-Signature": signature or self.signature(body)}
        return self.send(body, headers, url)

    def send(self, body, headers, url=None):
        """Post anything; the status and the text of the answer."""
        answer = self._session.post(url or self.url, data=body, headers=headers, timeout=30, allow_redirects=False)
        return answer.status_code, answer.text
