"""What some providers can do and others cannot. A provider mixes in the classes of what it can do."""

from dataclasses import dataclass
from datetime import timedelta


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
