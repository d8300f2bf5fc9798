"""Ramp's webhooks: HMAC-SHA256 over the raw body, keyed with the secret of the subscription."""

import hashlib
from contextlib import suppress

from ...core.capabilities import Event, Webhooks, envelope, header, is_signed, text
from ...core.errors import AuthError, InvalidDataError, NotFoundError, RemoteError
from ...core.messages import _
from .client import path_id, rows_of

SIGNATURES = ("x-ramp-signature", "x-ramp-webhook-signature")
"""The current name of the header and the one in older documentation."""
HANDSHAKE = "X-ML-Connector"
"""A header that Ramp adds for Odoo; it proves a challenge, which arrives before Odoo has the secret."""
ECHOES = frozenset({"transactions.synced", "item_receipts.created"})
"""Events that Odoo's own reports cause as well."""
SYNC_REQUESTED = ".sync_requested"
VERIFICATION = "webhooks.verification"


class RampWebhooks(Webhooks):
    """The part of `RampProvider` that subscribes to webhooks and reads them."""

    forwards_headers = True

    @property
    def _events(self):
        """The events to subscribe to: for most flows also if inactive, so that activating one changes nothing."""
        needed = {event for flow in self.flows if self.options(flow.key).get("active") for event in flow.events}
        return [event for event in self.webhook_events if event not in ECHOES or event in needed]

    def subscribe(self, endpoint_url, handshake):
        """Subscribe, after removing earlier unconfirmed subscriptions of this URL, whose secrets are lost."""
        for row in self._webhooks():
            if row.get("endpoint_url") == endpoint_url and row.get("status") == "pending_verification":
                self.unsubscribe(row.get("id"))
        headers = {HANDSHAKE: handshake, **self.webhook_headers}
        body = {"endpoint_url": endpoint_url, "event_types": self._events, "additional_headers": headers}
        # Ramp shows the secret only now
        row = self.client.create("/webhooks", body)
        subscription_id, secret = row.get("id"), row.get("secret")
        if not (subscription_id and secret):
            raise RemoteError(_("The answer of Ramp lacks the secret of the webhook subscription."))
        return subscription_id, secret

    def is_subscribed(self, subscription_id, endpoint_url):
        """Ramp does not show the headers of a subscription."""
        row = next((row for row in self._webhooks() if row.get("id") == subscription_id), {})
        return (
            row.get("status") == "active"
            and row.get("endpoint_url") == endpoint_url
            and set(self._events) <= set(row.get("event_types") or ())
        )

    def confirm_subscription(self, subscription_id, challenge):
        """
        :raises AuthError: Ramp does not accept the challenge
        """
        path = f"/webhooks/{path_id(subscription_id)}/verify"
        if self.client.create(path, {"challenge": challenge}).get("success") is not True:
            raise AuthError(
                _("Ramp rejected the answer to its webhook challenge. Remove the webhooks and set them up again.")
            )

    def unsubscribe(self, subscription_id):
        with suppress(NotFoundError):
            self.client.change("DELETE", f"/webhooks/{path_id(subscription_id)}")

    def _webhooks(self):
        return rows_of(self.client.request("GET", "/webhooks").data)

    @classmethod
    def verify_webhook(cls, headers, body, secrets):
        """Whether the body is signed with one of the secrets, in constant time; False without secrets.

        Ramp does not document whether the digest is hexadecimal or base64, so both are accepted.
        """
        given = next(filter(None, (header(headers, name).strip() for name in SIGNATURES)), "")
        return is_signed(body, secrets, [given.removeprefix("sha256=").strip()])

    @classmethod
    def parse_webhook(cls, headers, body):
        event = envelope(body)
        if event is None:
            raise InvalidDataError(_("The webhook is not an event of Ramp: it is not a JSON object."))
        subject = event.get("object")
        subject = subject if isinstance(subject, dict) else {}
        event_type = text(event, "type")
        challenge = text(event, "challenge") or text(subject, "challenge")
        event_id = text(event, "id")
        if not event_id and event_type == VERIFICATION and challenge:
            event_id = f"challenge:{hashlib.sha256(challenge.encode()).hexdigest()[:32]}"
        if not (event_id and event_type):
            raise InvalidDataError(_("The webhook is not an event of Ramp: it has no ID or no type."))
        return Event(
            event_id=event_id,
            event_type=event_type,
            # a sync request concerns all records that are ready
            external_id="" if event_type.endswith(SYNC_REQUESTED) else text(subject, "id"),
            created_at=text(event, "created_at"),
            challenge=challenge,
        )

    @classmethod
    def handshake(cls, headers):
        return header(headers, HANDSHAKE)
