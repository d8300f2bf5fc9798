"""Keeps the number of requests below a provider's limit."""

import threading
import time
from collections import deque
from contextlib import contextmanager

POLL = 0.02
"""Seconds between two checks while running requests hold all places."""


class RollingWindow:
    """At most `limit` requests within any `seconds`, as the provider counts them; shared by threads.

    The provider counts a request at some time between its start and its end. So its place becomes free `seconds` after
    its end: however long the transport takes, the provider never counts more.

    :param clock: monotonic seconds, replaced in tests
    :param sleep: waits the given seconds, replaced in tests
    """

    def __init__(self, limit, seconds, clock=time.monotonic, sleep=time.sleep):
        self.limit = limit
        self.seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._running = 0
        self._ends = deque()
        self._closed_until = float("-inf")

    @contextmanager
    def place(self):
        """Waits for a place for one request, and frees it at the end."""
        while (wait := self._take()) > 0:
            self._sleep(wait)
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                self._ends.append(self._clock())

    def pause(self, seconds):
        """Hold back all requests after the provider reported too many, at most for one window."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + min(seconds, self.seconds))

    def _take(self):
        """Seconds to wait before the next attempt; 0 if a place was taken."""
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                return self._closed_until - now
            while self._ends and self._ends[0] + self.seconds <= now:
                self._ends.popleft()
            if self._running + len(self._ends) < self.limit:
                self._running += 1
                return 0
            if not self._ends:
                return POLL
            return self._ends[0] + self.seconds - now


_shared = {}
_shared_lock = threading.Lock()


def shared_window(name, limit, seconds):
    """The window of that name in this process: providers count by source address, not by client object."""
    with _shared_lock:
        if name not in _shared:
            _shared[name] = RollingWindow(limit, seconds)
        return _shared[name]
