"""Keeps credentials out of whatever is stored, logged or shown."""

import re

HIDDEN = "***"

SENSITIVE = (
    "accountnumber",
    "apikey",
    "assertion",
    "authorization",
    "challenge",
    "cookie",
    "credential",
    "iban",
    "password",
    "passphrase",
    "privatekey",
    "routingnumber",
    "secret",
    "signature",
    "token",
)
"""Ends of key names, in lower case and without separators, whose values are never shown."""

_IN_TEXT = (
    # an Authorization header that somebody echoes
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{4,}"),
    # name=value and "name": "value", also in the query of a pre-signed link
    re.compile(
        r"(?i)([\w.-]*(?:token|secret|password|passphrase|api[_-]?key|authorization|signature|credential|\bsig)"
        r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;<>}\])]+"
    ),
)


def mask(value, secrets=()):
    """A copy of a payload without the values of sensitive keys and without the given secret strings."""
    if isinstance(value, dict):
        return {key: HIDDEN if _is_hidden(key, item) else mask(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask(item, secrets) for item in value]
    if isinstance(value, str):
        return mask_text(value, secrets)
    return value


def mask_text(text, secrets=()):
    """The text without the given secrets and without what looks like a credential."""
    # The longest first: one secret may be a part of another.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern in _IN_TEXT:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


def _is_hidden(key, value):
    name = re.sub(r"[^a-z0-9]", "", str(key).lower())
    return name.endswith(SENSITIVE) and value not in (None, "")
