"""Links to files as Ramp's lists give them, so that it is not asked about each record."""

import threading
import time
from datetime import date, timedelta

FRESH = 20 * 60
"""Seconds for which a link is used; Ramp's end after an hour."""
FEW = 5
"""Up to so many records are asked for one by one; for more the list is read."""
PAGES = 2
"""Pages of the list that are read at most for each record that was not found in it: so the worst case stays near to
asking for each."""
MOST = 20_000
LEAST_AGE = timedelta(days=7)


class Links:
    """What the rows of a list say of files, by key, as long as it is fresh. Several threads may ask.

    :param listed: gives the pages of rows that were made since a day
    :param read: gives the key of a row and what is kept of it; an empty key for what is left out
    """

    def __init__(self, listed, read, clock=time.monotonic):
        self._listed, self._read, self._clock = listed, read, clock
        self._known = {}
        self._lock = threading.Lock()
        self._missed = self._pages_read = 0
        self._pages, self._since = iter(()), None

    def note(self, row):
        key, value = self._read(row)
        if key:
            self._known.pop(key, None)
            self._known[key] = (self._clock(), value)
            if len(self._known) > MOST:
                self._known.pop(next(iter(self._known)))

    def find(self, keys, day=""):
        """What is known of each key, in order; None when the lists do not tell of all.

        :param day: ISO date near which the files were made
        """
        with self._lock:
            if (found := self._fresh(keys)) is not None:
                return found
            self._missed += 1
            if self._missed < FEW:
                return None
            self._reach_back_to(day)
            while self._pages_read < PAGES * self._missed and (page := next(self._pages, None)) is not None:
                self._pages_read += 1
                for row in page:
                    self.note(row)
                if (found := self._fresh(keys)) is not None:
                    return found
            return None

    def _fresh(self, keys):
        oldest = self._clock() - FRESH
        found = [self._known.get(key, (oldest - 1, None)) for key in keys]
        return [value for _at, value in found] if all(at >= oldest for at, _value in found) else None

    def _reach_back_to(self, day):
        """Begin the list anew where it does not reach back that far; each time twice as far, so that this ends."""
        wanted = date.fromisoformat(day) if day else date.today()
        if self._since is None or wanted < self._since:
            self._since = wanted - max(LEAST_AGE, date.today() - wanted)
            self._pages = iter(self._listed(self._since))
