"""Ramp's webhooks: HMAC-SHA256 over the raw body, keyed with the secret of the subscription."""

import base64
import hashlib
import hmac

from ...core.errors import InvalidDataError
from ...core.http import read_json
from ...core.messages import _
from ...core.provider import Event

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
    given = _signature(headers)
    matches = False
    for secret in filter(None, secrets):
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        # Compare all, for constant time.
        matches |= hmac.compare_digest(given.lower(), digest.hex().encode())
        matches |= hmac.compare_digest(given, base64.b64encode(digest))
    return matches


def parse(body):
    """The `Event` in a webhook's body.

    :raises InvalidDataError: the body is not an event of Ramp
    """
    try:
        envelope = read_json(body)
    except ValueError:
        envelope = None
    if not isinstance(envelope, dict):
        raise InvalidDataError(_("The webhook is not an event of Ramp: it is not a JSON object."))
    subject = envelope.get("object")
    subject = subject if isinstance(subject, dict) else {}
    event_type = _text(envelope, "type")
    challenge = _text(envelope, "challenge") or _text(subject, "challenge")
    event_id = _text(envelope, "id")
    if not event_id and event_type == VERIFICATION and challenge:
        event_id = f"challenge:{hashlib.sha256(challenge.encode()).hexdigest()[:32]}"
    if not (event_id and event_type):
        raise InvalidDataError(_("The webhook is not an event of Ramp: it has no ID or no type."))
    return Event(
        event_id=event_id,
        event_type=event_type,
        # a sync request concerns all records that are ready
        external_id="" if event_type.endswith(SYNC_REQUESTED) else _text(subject, "id"),
        created_at=_text(envelope, "created_at"),
        challenge=challenge,
    )


def header(headers, name):
    """The value of a header, ignoring the case of its name; empty if it is missing."""
    for key, value in headers.items():
        if key.lower() == name.lower():
            return value or ""
    return ""


def _signature(headers):
    given = next(filter(None, (header(headers, name).strip() for name in SIGNATURES)), "")
    return given.removeprefix("sha256=").strip().encode("utf-8", "replace")


def _text(source, key):
    """The text at a key, without zero bytes and lone surrogates, which JSON can hold but no database stores."""
    value = source.get(key)
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()
