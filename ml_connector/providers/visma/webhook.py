"""Webhooks of Visma.net: subscriptions are created manually in the Visma Developer Portal, which issues signing keys.

The signature is base64 of HMAC-SHA256 over the raw body. Neither the name of its header nor the form of the body is
documented, so every header is compared, and the body is only searched for its subject: the flows read what changed.
"""

import hashlib

from ...core.capabilities import Event, Webhooks, is_signed
from ...core.errors import AuthError, InvalidDataError
from ...core.http import read_json
from ...core.messages import _

ANYTHING = "Unknown"
"""The type of an event without a known subject: then every flow reads."""
SUBJECTS = ("AP Invoice", "Account", "Dimension", "Project", "Segment", "Supplier")
MAX_DEPTH = 4


class VismaWebhooks(Webhooks):
    challenges_webhooks = False

    def subscribe(self, endpoint_url, handshake):
        """Use the key of the subscription that the administrator created in the portal.

        :raises AuthError: the key was not entered
        """
        key = self.settings.credentials.get("webhook_key")
        if not key:
            raise AuthError(
                _(
                    "Create the subscription in the Visma Developer Portal with the webhook URL of this connection. "
                    "Then enter its signing key in the credentials."
                )
            )
        return "portal", key

    def unsubscribe(self, subscription_id):
        """The administrator removes it in the portal; until then Odoo refuses its webhooks."""

    @classmethod
    def verify_webhook(cls, headers, body, secrets):
        """Whether a header holds the signature of the body with one of the keys. Without keys nothing is accepted.

        :param secrets: each may hold several keys, separated by spaces: the portal issues one for each subscription
        """
        given = [value.strip() for value in headers.values() if isinstance(value, str)]
        return is_signed(body, " ".join(filter(None, secrets)).split(), given)

    @classmethod
    def parse_webhook(cls, headers, body):
        """The event names no record: the flows read what changed."""
        try:
            content = read_json(body)
        except ValueError as error:
            raise InvalidDataError(_("The webhook is not an event of Visma.net because it is not JSON.")) from error
        return Event(event_id=hashlib.sha256(body).hexdigest()[:32], event_type=_subject(content))


def _subject(content):
    """The known subject that a text of the body begins with, else `ANYTHING`."""
    texts = [_plain(value) for value in _texts(content)]
    for subject in SUBJECTS:
        if any(value.startswith(_plain(subject)) for value in texts):
            return subject
    return ANYTHING


def _texts(value, depth=0):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)) and depth < MAX_DEPTH:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item, depth + 1)


def _plain(value):
    """Without case and blanks: `AP Invoice` may come as `apInvoice`."""
    return "".join(char for char in value[:100] if char.isalnum()).lower()
