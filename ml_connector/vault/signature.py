"""Signatures with keys outside the database, so that write access to the database is not enough to forge one.

Keys of this ring are never removed, because older signatures must remain verifiable.
"""

import hmac

from .key_ring import KeyRing, fingerprint

RING = KeyRing("ML_CONNECTOR_AUDIT_KEYS", "ml_connector_audit_keys", ".audit.keys")


class AuditKeys:
    """The keys of the ring, read once for a batch of attempts.

    :raises AuthError: they cannot be read
    """

    def __init__(self, env):
        self._env = env
        self._keys = self._read()

    def newest(self):
        """Fingerprint of the key for new signatures; creates the first key if this host has none.

        This host then cannot verify signatures of other hosts; the fingerprints of their keys show that.
        """
        if not self._keys:
            RING.make(self._env)
            self._keys = self._read()
        return next(iter(self._keys))

    def sign(self, key_id, text):
        return hmac.new(self._keys[key_id].encode(), text.encode(), "sha256").hexdigest()

    def verify(self, key_id, text, signature):
        """Whether the key of that fingerprint signed the text; None if this host does not have the key."""
        if key_id not in self._keys:
            return None
        return hmac.compare_digest(self.sign(key_id, text).encode(), (signature or "").encode())

    def _read(self):
        return {fingerprint(key): key for key in RING.keys(self._env)}
