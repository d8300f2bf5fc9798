"""What the webhooks of several providers have in common."""

import base64
import hashlib
import hmac

from .http import read_json


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
