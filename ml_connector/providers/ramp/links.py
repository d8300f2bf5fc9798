"""Links to files from Ramp's lists, to avoid a call for each record, and the files' names."""

import re
import threading
import time
from datetime import date, timedelta
from urllib.parse import unquote, urlsplit

FRESH = 20 * 60
"""Seconds for which a link is used; Ramp's expire after an hour."""
FEW = 5
"""Maximum number of records that are read one by one; for more, the list is read."""
PAGES = 2
"""Maximum number of pages of the list for each record that is not in it, to limit the worst case to about one call for
each record."""
MOST = 20_000
LEAST_AGE = timedelta(days=7)


class Links:
    """Caches values of the rows of a list by key, as long as they are fresh. Several threads may use it.

    :param listed: returns the pages of rows that were created since a day
    :param read: returns key and value of a row; an empty key to skip it
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
        """The values of the keys, in order; None if the lists lack one of them.

        :param day: approximate creation date of the files (ISO)
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
        """Restart the list if it does not reach back to a day; each time twice as far, to limit the restarts."""
        wanted = date.fromisoformat(day) if day else date.today()
        if self._since is None or wanted < self._since:
            self._since = wanted - max(LEAST_AGE, date.today() - wanted)
            self._pages = iter(self._listed(self._since))


def file_name(url):
    """The last part of the path of a link; empty unless it has a file extension."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return ""
    name = safe_name(path.rpartition("/")[2])
    return name if re.search(r"[^.]\.[A-Za-z0-9]{1,5}$", name) else ""


def safe_name(name):
    """The name without characters that could leave a folder or that file systems refuse."""
    return re.sub(r"[\x00-\x1f\x7f<>:\"|?*\\/]+", "-", name).strip(". -")[-120:]


def unused(name, names):
    """The name, with a number if it is already used."""
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    candidate, count = name, 1
    while candidate in names:
        count += 1
        candidate = f"{stem} ({count}){dot}{suffix}"
    return candidate
