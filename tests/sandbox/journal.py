"""What reached a sandbox and what it did: request log, effects and contract violations, for tests to read."""

import threading
from collections import Counter, deque
from datetime import UTC, datetime
from itertools import count

SECRET_WORDS = ("signature", "secret", "token", "password", "account_number", "routing_number", "additional_headers")
MASK = "***"


def masked(value):
    """A copy without secrets."""
    if isinstance(value, dict):
        return {
            key: MASK if any(word in str(key) for word in SECRET_WORDS) else masked(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


class Journal:
    """Bounded request log, with counters of effects that only a reset clears."""

    def __init__(self, limit=10_000):
        self._lock = threading.Lock()
        self._limit = limit
        self.clear()

    def clear(self):
        with self._lock:
            self._numbers = count(1)
            self._requests = deque(maxlen=self._limit)
            self._effects = Counter()
            self._violations = []

    def open(self, request, trace_id):
        """Log a request at its arrival, so that one that never gets an answer is seen too."""
        entry = {
            "number": 0,
            "at": datetime.now(UTC).isoformat(),
            "method": request.method,
            "path": request.path,
            "query": masked(request.args.to_dict()),
            "trace_id": trace_id,
            "status": None,
            "body": None,
            "faults": [],
        }
        with self._lock:
            entry["number"] = next(self._numbers)
            self._requests.append(entry)
        return entry

    def requests(self, method=None, path=None, since=0):
        with self._lock:
            entries = [dict(entry) for entry in self._requests]
        return [
            entry
            for entry in entries
            if entry["number"] > since and method in (None, entry["method"]) and path in (None, entry["path"])
        ]

    def effect(self, kind, object_id):
        """Count one lasting change, e.g. ``BILL_SYNC`` of a bill."""
        with self._lock:
            self._effects[kind, object_id] += 1

    def effects(self, kind=None, object_id=None):
        """How often each object was changed: ``{kind: {object id: times}}``."""
        found = {}
        with self._lock:
            for (name, key), times in self._effects.items():
                if kind in (None, name) and object_id in (None, key):
                    found.setdefault(name, {})[key] = times
        return found

    def violation(self, operation, status, problems, trace_id):
        with self._lock:
            self._violations.append(
                {
                    "operation": operation,
                    "status": status,
                    "trace_id": trace_id,
                    "problems": [str(problem) for problem in problems],
                }
            )

    def violations(self):
        with self._lock:
            return list(self._violations)
