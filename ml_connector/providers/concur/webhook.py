"""Events of Concur's Event Subscription Service (ess/v4.event-subscription, event-topics).

They hold IDs, are repeated for 72 hours and never sent again after that. So they are only hints: the flows read the
documents on their schedule in any case.
"""

import base64
import binascii
import hashlib
import json
import re
import secrets
from contextlib import suppress
from datetime import timedelta
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ...core.capabilities import Event, Webhooks, envelope, header, text
from ...core.errors import AuthError, InvalidDataError, NotFoundError
from ...core.messages import _
from .client import objects_of

EVENTS = "/events/v4"
TOPIC = "public.concur.financialintegration"
SIGNATURE = "Concur-Signature"
SENDER = "webhook.api.concursolutions.com"
"""Common name of the client certificate of the service. Other parts of the certificate change."""
KEY_OF_2025 = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuE2x914aLmJa9GSzVVcTe6CEi3afbs84RIEhRoLO8oK2nBKKS0fyRfZtzUZIiD0kcjBjeLrM"
    "jJpC5oI6f709DpGQSgL1ytzP9dnIp/n1lcCk88NA+ihJlHwB6gNX6lMbftTbCpxvkY6PZmjZfnw//Ito5iM2P2IY7oxK8GsYWXLnnMDw9ONnvxfPLoZL"
    "GxYXXs+zR2yGFiZ0wPRY6QJ+NT0xusN2nacPPwtgQQoD/oh7QMaBhXZ7WLSM0Gm68/c2lzMjQjtXgwAyy1+5h4EHYhasT+p98Q0P3LpMcX9wZN3hMqbh"
    "RiRaJAQffCdYgk2Kv6EjE2l88K8kXdsocIZciQIDAQAB"
)
"""SAP's public key since 2025-10-22. SAP changes it every autumn: then the administrator enters the new one."""


class ConcurWebhooks(Webhooks):
    challenges_webhooks = False
    events_kept = timedelta(hours=72)

    def subscribe(self, endpoint_url, handshake):
        """Remove earlier subscriptions of this address, then subscribe under a new ID.

        :return: the ID, and what identifies senders (see `verify_webhook`)
        :raises AuthError: the app may not subscribe to the topic
        """
        senders = known_senders(self.settings.credentials)
        topics = self.client.call_as_app("GET", f"{EVENTS}/topics")
        if not (isinstance(topics, list) and TOPIC in topics):
            raise AuthError(
                _(
                    "SAP Concur does not offer its events to this app. Give the app the scopes events.topic.read and "
                    "FISVC and the grant client_credentials."
                )
            )
        for row in self._subscriptions():
            if (row.get("webHookConfig") or {}).get("endpoint") == endpoint_url:
                self.unsubscribe(row.get("id"))
        mark = hashlib.sha256(self.settings.instance.encode()).hexdigest()[:16]
        subscription_id = f"odoo-{mark}-{secrets.token_hex(4)}"
        endpoint = {"endpoint": endpoint_url}
        body = {"id": subscription_id, "topic": TOPIC, "filter": ".*", "webHookConfig": endpoint}
        self.client.call_as_app("PUT", f"{EVENTS}/subscriptions/webhook", body)
        return subscription_id, senders

    def is_subscribed(self, subscription_id, endpoint_url):
        """Concur deletes subscriptions that failed for a month."""
        return any(
            row.get("topic") == TOPIC and (row.get("webHookConfig") or {}).get("endpoint") == endpoint_url
            for row in self._subscriptions()
            if row.get("id") == subscription_id
        )

    def unsubscribe(self, subscription_id):
        with suppress(NotFoundError):
            self.client.call_as_app("DELETE", f"{EVENTS}/subscriptions/{quote(subscription_id, safe='')}")

    def _subscriptions(self):
        """All subscriptions of the app in this data center."""
        return objects_of(self.client.call_as_app("GET", f"{EVENTS}/subscriptions"))

    @classmethod
    def verify_webhook(cls, headers, body, secrets):
        """Whether SAP signed the body, or a proxy confirms SAP's certificate. Without `secrets` nothing is accepted.

        SAP does not document how it signs. Its sample reads RSA-PSS with SHA-256; PKCS #1 v1.5 is accepted too.

        :param secrets: what `known_senders` returned, for each valid subscription
        """
        known = [json.loads(sender) for sender in secrets if sender]
        if any(_is_certified(headers, sender["header"]) for sender in known):
            return True
        try:
            signature = base64.b64decode(header(headers, SIGNATURE).strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return bool(signature) and any(_is_signed(key, signature, body) for sender in known for key in sender["keys"])

    @classmethod
    def parse_webhook(cls, headers, body):
        """URLs in the body are ignored."""
        event = envelope(body) or {}
        facts = event.get("facts")
        if not isinstance(facts, dict):
            raise InvalidDataError(_("The webhook is not an event of SAP Concur because it has no facts."))
        event_id, event_type = text(event, "id"), text(event, "eventType")
        if not (event_id and event_type):
            raise InvalidDataError(_("The webhook is not an event of SAP Concur because it has no ID or no type."))
        return Event(
            event_id=event_id,
            event_type=event_type,
            external_id=text(facts, "documentId"),
            created_at=text(event, "timeStamp"),
        )


def known_senders(credentials):
    """What identifies senders, as JSON: SAP's public keys, and the header of a proxy that checks certificates.

    :raises InvalidDataError: the key on the connection is not a public key
    """
    entered = re.sub(r"-----[A-Z ]+-----|\s", "", credentials.get("webhook_key") or "")
    if entered and _public_key(entered) is None:
        raise InvalidDataError(_("The public key for webhooks cannot be read. Copy it again from SAP's page."))
    name = (credentials.get("webhook_certificate_header") or "").strip()
    # SAP signs with the old key until the day of the change
    keys = list(dict.fromkeys(filter(None, (entered, KEY_OF_2025))))
    return json.dumps({"keys": keys, "header": name})


def _is_certified(headers, name):
    """Whether the header that a proxy sets holds the common name of the certificate, or its whole subject."""
    values = [value or "" for key, value in headers.items() if name and key.lower() == name.lower()]
    if len(values) != 1:
        return False
    subject = values[0].strip()
    return subject == SENDER or common_names(subject) == [SENDER]


def _is_signed(key, signature, body):
    public_key = _public_key(key)
    schemes = (padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO), padding.PKCS1v15())
    return public_key is not None and any(_fits(public_key, signature, body, scheme) for scheme in schemes)


def _fits(public_key, signature, body, scheme):
    try:
        public_key.verify(signature, body, scheme, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _public_key(written):
    try:
        key = load_der_public_key(base64.b64decode(written, validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPublicKey) else None


_ATTRIBUTE = re.compile(
    r"""\ *(?P<type>[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)\ *=
    (?P<value>(?:[^\\,+;"<>\0]|\\(?:[\\,+;"<>=\ \#]|[0-9A-Fa-f]{2}))*)
    (?P<end>[,+]|\Z)""",
    re.VERBOSE | re.ASCII,
)
_OLD_ATTRIBUTE = re.compile(r"(?P<type>[A-Za-z][A-Za-z0-9.-]*)=(?P<value>[^=\\,+;\"<>\0]*)", re.ASCII)
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
COMMON_NAME = ("cn", "commonname", "2.5.4.3")


def common_names(text):
    """The values of all attributes CN of a name; none when the text is not a distinguished name."""
    attributes = _old_attributes(text) if text.startswith("/") else _attributes(text)
    return [value for kind, value in attributes if kind.lower() in COMMON_NAME]


def _attributes(text):
    found, place = [], 0
    while True:
        attribute = _ATTRIBUTE.match(text, place)
        if not attribute:
            return []
        found.append((attribute["type"], _plain(attribute["value"])))
        place = attribute.end()
        if not attribute["end"]:
            return found


def _old_attributes(text):
    parts = [_OLD_ATTRIBUTE.fullmatch(part) for part in text[1:].split("/")]
    return [(part["type"], part["value"]) for part in parts] if all(parts) else []


def _plain(value):
    """The value without its escapes, and without spaces around it that are not escaped."""
    value = value.strip(" ")
    if (len(value) - len(value.rstrip("\\"))) % 2:
        value += " "
    return _ESCAPED.sub(_meant, value.encode("utf-8", "replace")).decode("utf-8", "replace")


def _meant(escape):
    sign = escape[1]
    return bytes.fromhex(sign.decode()) if len(sign) == 2 else sign
