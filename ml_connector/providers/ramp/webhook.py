"""Ramp's webhooks: HMAC-SHA256 over the raw body, keyed with the secret of the subscription."""

import hashlib

from ...core.capabilities import Event, envelope, header, is_signed, text
from ...core.errors import InvalidDataError
from ...core.messages import _

SIGNATURES = ("x-ramp-signature", "x-ramp-webhook-signature")
"""The current name of the header and the one in older documentation."""
HANDSHAKE = "X-ML-Connector"
"""A header that Ramp adds for Odoo; it proves a challenge, which arrives before Odoo has the secret."""
ECHOES = frozenset({"transactions.synced", "item_receipts.created"})
"""Events that Odoo's own reports cause as well."""
SYNC_REQUESTED = ".sync_requested"
VERIFICATION = "webhooks.verification"


def verify(headers, body, secrets):
    """Whether the body is signed with one of the secrets, in constant time; False without secrets.

    Ramp does not document whether the digest is hexadecimal or base64, so both are accepted.
    """
    given = next(filter(None, (header(headers, name).strip() for name in SIGNATURES)), "")
    return is_signed(body, secrets, [given.removeprefix("sha256=").strip()])


def parse(body):
    """The `Event` in a webhook's body.

    :raises InvalidDataError: the body is not an event of Ramp
    """
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
