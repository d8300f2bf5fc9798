"""Keeps access tokens without a database."""

import threading
import time

from ml_connector.core.http import StoredGrant


class MemoryTokens:
    """A token store for one process."""

    MARGIN = 60
    """Seconds before its expiry at which a token counts as expired."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._value = ""
        self._valid_until = float("-inf")
        self._grant = StoredGrant()

    def get(self, fetch):
        with self._lock:
            if self._clock() >= self._valid_until:
                self._store(fetch())
            return self._value

    def renew(self, fetch, rejected):
        with self._lock:
            if self._value == rejected:
                self._store(fetch())
            return self._value

    def stored(self):
        return self._grant

    def _store(self, token):
        self._value = token.value
        self._valid_until = self._clock() + token.expires_in - self.MARGIN
        kept = token if token.refresh_token else self._grant
        self._grant = StoredGrant(
            refresh_token=kept.refresh_token,
            location=token.location,
            scope=token.scope,
            grant_key=kept.grant_key,
            refresh_expires_at=kept.refresh_expires_at,
        )
