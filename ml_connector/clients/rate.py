"""Keeps the number of requests below a vendor's limit."""

import threading
import time
from collections import deque


class RollingWindow:
    """At most `limit` starts within any `seconds`; shared by threads.

    :param clock: monotonic seconds, replaced in tests
    :param sleep: waits the given seconds, replaced in tests
    """

    def __init__(self, limit, seconds, clock=time.monotonic, sleep=time.sleep):
        self.limit = limit
        self.seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._starts = deque()
        self._closed_until = float("-inf")

    def acquire(self):
        """Wait until a request may start, and count it."""
        while (wait := self._reserve()) > 0:
            self._sleep(wait)

    def pause(self, seconds):
        """Hold back all requests: the vendor said that there were too many. Never longer than one window."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + min(seconds, self.seconds))

    def _reserve(self):
        """Seconds to wait before asking again; 0 when the request is counted and may start."""
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                return self._closed_until - now
            while self._starts and self._starts[0] <= now - self.seconds:
                self._starts.popleft()
            if len(self._starts) >= self.limit:
                # Not 0 even if the subtraction says so for lack of digits: 0 means "go".
                return max(self._starts[0] + self.seconds - now, 0.001)
            self._starts.append(now)
            return 0


_shared = {}
_shared_lock = threading.Lock()


def shared_window(name, limit, seconds):
    """The window of that name in this process: vendors count by source address, not by client object."""
    with _shared_lock:
        if name not in _shared:
            _shared[name] = RollingWindow(limit, seconds)
        return _shared[name]
