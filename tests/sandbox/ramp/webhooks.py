"""Webhook subscriptions, their handshake and the events (guide "Webhooks")."""

import hashlib
import hmac
import json
import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import uuid4

from ..deliveries import Delivery
from .errors import BAD_DATA, invalid, not_found, refuse
from .oauth import require_scopes
from .render import copied
from .routes import handlers
from .state import now

VERIFICATION = "webhooks.verification"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_HEADERS = 5
RESERVED = ("host", "user-agent", "x-forwarded", "x-real", "x-original")
RESOURCES = {"vendor_agreements": "vendors"}
NOT_FOR_BUSINESSES = (VERIFICATION, "tests.test_event")


@dataclass
class Subscription:
    id: str
    endpoint_url: str
    event_types: list
    additional_headers: dict
    secret: str
    challenge: str
    created_at: datetime
    updated_at: datetime
    status: str = "pending_verification"


class Publisher:
    """Turns events into signed deliveries to the subscriptions that want them."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def emit(self, event_type, object_id, **metadata):
        """An event is thin: it names the object, whose state the receiver must fetch."""
        event = self._event(event_type, {"id": object_id, **metadata})
        for subscription in self.sandbox.state.subscriptions:
            if subscription.status == "active" and event_type in subscription.event_types:
                self._send(subscription, event, {"X-Ramp-Webhook-ID": event["id"]})
        return event

    def challenge(self, subscription):
        """The handshake; it lacks the header ``X-Ramp-Webhook-ID``."""
        event = self._event(VERIFICATION, {})
        if self.sandbox.settings.challenge_in == "object":
            event["object"]["challenge"] = subscription.challenge
        else:
            event["challenge"] = subscription.challenge
        return self._send(subscription, event, {})

    def _event(self, event_type, values):
        return {
            "id": str(uuid4()),
            "type": event_type,
            "created_at": now().isoformat(timespec="seconds").replace("+00:00", "Z"),
            "business_id": self.sandbox.state.business["id"],
            "object": values,
        }

    def _send(self, subscription, event, headers):
        body = json.dumps(event).encode()
        digest = hmac.new(subscription.secret.encode(), body, hashlib.sha256).digest()
        encoded = b64encode(digest).decode() if self.sandbox.settings.signature_encoding == "base64" else digest.hex()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Ramp-Webhooks/1.0",
            **subscription.additional_headers,
            self.sandbox.settings.signature_header: encoded,
            **headers,
        }
        delivery = Delivery(event["id"], subscription.endpoint_url, body, headers)
        self.sandbox.deliveries.send(delivery)
        return delivery


def render_subscription(item, business_id):
    return {**copied(item, "id endpoint_url event_types status created_at updated_at"), "business_id": business_id}


@handlers("GET /webhooks")
def list_webhooks(call):
    """A bare array, not a page."""
    return [render_subscription(item, call.state.business["id"]) for item in call.state.subscriptions]


@handlers("POST /webhooks")
def create_webhook(call):
    """The challenge is posted at once, so it can arrive before this answer does; only this answer shows the secret."""
    state, body = call.state, call.body
    _check(call, body)
    moment = now()
    item = Subscription(
        *(state.new_id("webhook"), body["endpoint_url"], body["event_types"], body.get("additional_headers", {})),
        *(secrets.token_hex(24), secrets.token_urlsafe(18), moment, moment),
    )
    state.subscriptions.add(item)
    delivery = call.sandbox.publisher.challenge(item)
    delivery.finished.wait(call.sandbox.settings.challenge_head_start)
    shown = render_subscription(item, state.business["id"])
    return {**shown, "secret": item.secret, "additional_headers": item.additional_headers}


def _check(call, body):
    """The endpoint is public HTTPS, here also loopback; each event needs the read scope of its resource."""
    if set(body["event_types"]) & set(NOT_FOR_BUSINESSES):
        raise invalid("This event type is not for subscriptions.", "event_types")
    url = urlsplit(body["endpoint_url"])
    if url.scheme != "https" and url.hostname not in LOOPBACK:
        raise invalid("Must be HTTPS.", "endpoint_url")
    headers = body.get("additional_headers", {})
    if len(headers) > MOST_HEADERS or any(name.lower().startswith(RESERVED) for name in headers):
        raise invalid("Too many headers or a reserved one.", "additional_headers")
    resources = {event.split(".")[0] for event in body["event_types"]}
    require_scopes(call.client, {f"{RESOURCES.get(resource, resource)}:read" for resource in resources})


@handlers("GET /webhooks/{webhook_id}")
def get_webhook(call):
    return render_subscription(_find(call), call.state.business["id"])


@handlers("DELETE /webhooks/{webhook_id}")
def delete_webhook(call):
    call.state.subscriptions.remove(_find(call).id)


@handlers("POST /webhooks/{webhook_id}/verify")
def verify_webhook(call):
    item = _find(call)
    if not hmac.compare_digest(item.challenge.encode(), call.body["challenge"].encode()):
        raise refuse(400, BAD_DATA, "The challenge is wrong.")
    item.status, item.updated_at = "active", now()
    return {"success": True}


def _find(call):
    item = call.state.subscriptions.get(call.path["webhook_id"])
    if item is None:
        raise not_found("Webhook")
    return item
