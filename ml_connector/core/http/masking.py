"""Keeps credentials out of everything that is stored, logged or shown."""

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
    # an Authorization header that a server echoes
    re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{4,}"),
    # name=value and "name": "value", also in the query of a pre-signed link. The pattern does not include what precedes
    # the word: a leading run of any length would make matching quadratic.
    re.compile(
        r"(?i)((?:token|secret|password|passphrase|api[_-]?key|authorization|signature|credential|\bsig)"
        r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;<>}\])]+"
    ),
)
_BROKEN_OFF = re.compile(r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{1,3}\Z")
"""The rest of an Authorization header at the end of a text that was cut."""
MAX_DEPTH = 100
"""Levels of a payload that are shown."""


def mask(value, secrets=(), depth=MAX_DEPTH):
    """A copy of a payload without the values of sensitive keys and without the given secret strings."""
    if isinstance(value, str):
        return mask_text(value, secrets)
    if isinstance(value, (dict, list, tuple)) and not depth:
        return HIDDEN
    if isinstance(value, dict):
        return {key: HIDDEN if _is_hidden(key, item) else mask(item, secrets, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask(item, secrets, depth - 1) for item in value]
    return value


def mask_text(text, secrets=(), limit=None):
    """The text without the given secrets and without anything that looks like a credential.

    :param limit: number of characters to keep
    """
    secrets = [secret for secret in secrets if secret]
    if limit is not None and len(text) > limit:
        text = _cut(text, secrets, limit)
    # The longest first: one secret may be part of another.
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern in _IN_TEXT:
        text = pattern.sub(rf"\g<1>{HIDDEN}", text)
    return text


def _cut(text, secrets, limit):
    """The beginning of a text, without a cut-off secret at its end, which masking would not recognize."""
    text = text[:limit]
    begun = max((_overlap(text, secret) for secret in secrets), default=0)
    return _BROKEN_OFF.sub("", text[: len(text) - begun])


def _overlap(text, secret):
    """How many characters at the end of the text the secret may begin with."""
    return next((size for size in range(len(secret), 0, -1) if text.endswith(secret[:size])), 0)


def is_sensitive(key):
    """Whether a key holds a credential or the number of a bank account, by its name."""
    return re.sub(r"[^a-z0-9]", "", str(key).lower()).endswith(SENSITIVE)


def _is_hidden(key, value):
    return is_sensitive(key) and value not in (None, "")
