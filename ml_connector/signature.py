"""Signatures under keys that are not in the database: whoever can only write to it cannot make one.

A key of this ring is never taken away: what was signed with it stays to be verified.
"""

import hmac

from .exceptions import AuthError
from .key_ring import KeyRing, fingerprint

RING = KeyRing("ML_CONNECTOR_AUDIT_KEYS", "ml_connector_audit_keys", ".audit.keys")


def sign(env, data, may_make=True):
    """The fingerprint of the newest key, and the signature (hex digits) of bytes under it.

    :param may_make: whether the first key is made where there is none; not where something is signed already
    :raises AuthError: there is no key, or it cannot be read
    """
    keys = RING.keys(env)
    if not keys and may_make:
        RING.make(env)
        keys = RING.keys(env)
    if not keys:
        raise AuthError(
            "This host has no key for the audit trail. Where several hosts work on one database, give all of them the"
            f" same keys in odoo.conf ({RING.option}) or in {RING.variable}; else bring back the key file."
        )
    return fingerprint(keys[0]), _signature(keys[0], data)


def verify(env, key_id, data, signature):
    """Whether `signature` is that of bytes under the key with the fingerprint `key_id`.

    :raises AuthError: that key is not at hand
    """
    key = next((key for key in RING.keys(env) if fingerprint(key) == key_id), None)
    if not key:
        raise AuthError(f"The key {key_id}, with which the audit trail was signed, is not on this host.")
    return hmac.compare_digest(_signature(key, data), signature)


def _signature(key, data):
    return hmac.new(key.encode(), data, "sha256").hexdigest()
