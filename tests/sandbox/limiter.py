"""Requests allowed in a rolling window, by source address."""

import threading
import time
from collections import defaultdict, deque


class RollingLimit:
    """Refuses what exceeds ``limit`` in ``window`` seconds.

    Refused requests count too, so going on prolongs the refusal.
    """

    def __init__(self, limit=0, window=10.0):
        self.limit, self.window = limit, window
        self._lock = threading.Lock()
        self._seen = defaultdict(deque)

    def clear(self):
        with self._lock:
            self._seen.clear()

    def allows(self, source):
        if not self.limit:
            return True
        now = time.monotonic()
        with self._lock:
            seen = self._seen[source]
            while seen and seen[0] <= now - self.window:
                seen.popleft()
            seen.append(now)
            while len(seen) > 2 * self.limit:
                seen.popleft()
            return len(seen) <= self.limit

    def wait_seconds(self, source):
        """Whole seconds until the window has room again."""
        with self._lock:
            seen = self._seen[source]
            if len(seen) < self.limit:
                return 0
            return max(1, round(seen[-self.limit] + self.window - time.monotonic()))
