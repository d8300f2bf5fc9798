"""The quota of a company and client: so many calls in each fixed hour, told in headers of every answer."""

import time


class FixedWindow:
    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self.clear()

    def clear(self):
        self._start, self._count = self._clock(), 0

    def take(self, limit, seconds):
        """Count a call; whether it is within the limit."""
        if self._clock() - self._start >= seconds:
            self.clear()
        self._count += 1
        return not limit or self._count <= limit

    def headers(self, limit, seconds):
        if not limit:
            return {}
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - self._count)),
            "X-RateLimit-Reset": str(self.wait(seconds)),
            "X-RateLimit-Policy": "4-fixed-window",
        }

    def wait(self, seconds):
        """Whole seconds until the window ends."""
        return max(1, round(self._start + seconds - self._clock()))
