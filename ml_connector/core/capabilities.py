"""What some providers can do and others cannot. A provider mixes in the classes of what it can do.

The functions read the headers and bodies of webhooks.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from .http import read_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A webhook event: a hint that a record changed."""

    event_id: str
    event_type: str
    external_id: str = ""
    created_at: str = ""
    challenge: str = ""


class Webhooks:
    """The provider announces changes."""

    challenges_webhooks = True
    """Whether a webhook subscription becomes active only after Odoo answered the provider's challenge."""
    forwards_headers = False
    """Whether each webhook carries the headers that the subscription names."""
    webhook_headers: dict[str, str] = {}
    """Headers that each webhook must carry; the engine sets them before it subscribes."""
    events_kept: timedelta | None = None
    """How long the provider repeats an event that Odoo did not confirm; None: unknown."""

    def subscribe(self, endpoint_url: str, handshake: str) -> tuple[str, str]:
        """Create the webhook subscription; returns its ID and secret."""
        raise NotImplementedError

    def is_subscribed(self, subscription_id: str, endpoint_url: str) -> bool | None:
        """Whether the subscription is active, exactly as `subscribe` would create it; None if that cannot be asked."""
        return None

    def confirm_subscription(self, subscription_id: str, challenge: str):
        """Answer the provider's challenge."""
        raise NotImplementedError

    def unsubscribe(self, subscription_id: str):
        """Remove the webhook subscription; no effect if it no longer exists."""
        raise NotImplementedError

    @classmethod
    def verify_webhook(cls, headers, body: bytes, secrets) -> bool:
        """Whether the raw body carries a valid signature under one of the secrets. Constant time."""
        raise NotImplementedError

    @classmethod
    def parse_webhook(cls, headers, body: bytes) -> Event:
        """Raises InvalidDataError if the body is not an event of the provider."""
        raise NotImplementedError

    @classmethod
    def handshake(cls, headers) -> str:
        """The token by which a challenge proves that it answers Odoo's own subscription request; empty without one."""
        return ""


class AccountingConnection:
    """The provider lets one system only keep the accounting records."""

    def claim_accounting_connection(self):
        """Make Odoo the accounting system of the business; no effect if it already is.

        :raises ConflictError: another system is the accounting system
        """
        raise NotImplementedError

    def release_accounting_connection(self):
        """Undo `claim_accounting_connection`; never affects another system."""
        raise NotImplementedError


class FileServer:
    """The provider exchanges files."""

    def files(self):
        """The session with the provider's file server (`files.SftpSession`), one for a whole run."""
        raise NotImplementedError


def is_signed(body, secrets, signatures):
    """Whether one of the signatures is the HMAC-SHA256 of the body under one of the secrets, in hexadecimal or base64.

    Empty secrets count for nothing.
    """
    matches = False
    for secret in filter(None, secrets):
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        for signature in signatures:
            given = signature.encode("utf-8", "replace")
            # always all comparisons, so that the time tells nothing
            matches |= hmac.compare_digest(given.lower(), digest.hex().encode())
            matches |= hmac.compare_digest(given, base64.b64encode(digest))
    return matches


def header(headers, name):
    """The value of a header, ignoring the case of its name; empty if it is missing."""
    return next((value or "" for key, value in headers.items() if key.lower() == name.lower()), "")


def envelope(body):
    """The JSON object in a body; None if there is none."""
    try:
        data = read_json(body)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def text(source, key):
    """The text at a key, without zero bytes and lone surrogates, which JSON can hold but no database stores."""
    value = source.get(key)
    return value.replace("\x00", "").encode("utf-8", "replace").decode() if isinstance(value, str) else ""
