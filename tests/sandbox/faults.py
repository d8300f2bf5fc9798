"""Faults that a test injects into matching requests.

=============== ============================================================ =====================================
kind            what the client sees                                         options (default)
=============== ============================================================ =====================================
latency         the answer comes late                                        ``seconds`` (0.2)
reset           the connection is reset                                      ``when`` (before)
error           an error answer                                              ``status`` (500), ``retry_after``,
                                                                             ``when`` (before)
hang            nothing for a while, then the connection closes              ``seconds`` (30), ``when`` (after)
truncate        half of the body, then the connection closes                 (always after the effect)
html            a page of HTML in place of JSON                              ``status`` (200), ``when`` (before)
duplicate_page  the page before once more; its ``next`` leads to this page   (lists only)
token_revoked   the token is revoked first, so the answer is a 401
=============== ============================================================ =====================================

``when`` is ``before`` or ``after`` the effect of the request.
"""

import threading
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from itertools import count

KINDS = ("latency", "reset", "error", "hang", "truncate", "html", "duplicate_page", "token_revoked")
LATE = ("hang", "truncate", "duplicate_page")
DEFAULT_SECONDS = {"latency": 0.2, "hang": 30}


@dataclass
class Fault:
    """One fault: which requests it meets, how often, and what it does to them."""

    kind: str
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    skip: int = 0
    when: str | None = None
    seconds: float | None = None
    status: int | None = None
    retry_after: str | None = None
    id: int = field(default_factory=count(1).__next__)
    hits: int = 0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; one of {', '.join(KINDS)}")
        if self.when not in (None, "before", "after"):
            raise ValueError("when is 'before' or 'after'")
        if self.when is None:
            self.when = "after" if self.kind in LATE else "before"
        if self.seconds is None:
            self.seconds = DEFAULT_SECONDS.get(self.kind, 0)

    def matches(self, method, path):
        return self.method in ("*", method) and fnmatchcase(path, self.path)


class Faults:
    """The faults that are waiting for their requests."""

    def __init__(self):
        self._lock = threading.Lock()
        self._faults = []

    def add(self, **options):
        fault = Fault(**options)
        with self._lock:
            self._faults.append(fault)
        return asdict(fault)

    def take(self, method, path):
        """The faults that this request meets; each is used up by it once."""
        taken = []
        with self._lock:
            for fault in self._faults:
                if not fault.matches(method, path):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is None or fault.hits < fault.times:
                    fault.hits += 1
                    taken.append(fault)
        return taken

    def list(self):
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def clear(self):
        with self._lock:
            self._faults.clear()
