"""Names the points that a worker passes, by wrapping methods from outside: the product knows nothing of it.

A point is `<flow> <step> <before|after> <number>`, for example `bills commit after 2`: the second time that a commit
ended while the flow `bills` was worked. Steps of the set-up, of events and so on carry the name of that part in place
of a flow.
"""

import functools
import re
import threading
from collections import Counter, defaultdict

from paramiko import SFTPFile

PARTS = {
    "_set_up": "set_up",
    "_reclaim": "reclaim",
    "_read_events": "events",
    "_fetch_missing": "missing",
}
FLOW_METHODS = ("_pull", "_sweep", "_work_flow")
STEPS = (
    ("ml.sync.log", "_store", "store"),
    ("ml.sync.log", "_enqueue", "store"),
    ("ml.worker", "_claim", "claim"),
    ("ml.importer.vendor", "_apply_batch", "apply"),
    ("ml.importer.bill", "_apply_batch", "apply"),
    ("ml.importer.payment", "_apply_batch", "apply"),
    ("ml.importer.file", "_apply_batch", "apply"),
    ("res.partner", "create", "create"),
    ("account.move", "create", "create"),
    ("account.payment", "create", "create"),
    ("ir.attachment", "create", "create"),
    ("account.move", "_post", "post"),
    ("account.move.line", "_reconcile_plan", "reconcile"),
    ("ml.worker", "_store_results", "bind"),
    ("ml.worker", "_bind_sent", "bind"),
    ("ml.worker", "_store_sent", "acknowledge"),
    ("ml.worker", "_commit", "commit"),
    ("ml.feed.file", "_enqueue", "store"),
    ("ml.feed.file", "_attach", "attach"),
)
FILE_CALLS = ("list", "read", "write", "rename")
FILE_PARTS = ("read", "write")


LASTING = re.compile(r"commit|(POST|PUT|PATCH|DELETE):.*|SFTP:(part:)?(write|rename)")
"""Steps that outlive the worker: commits, and calls that change something elsewhere."""


def steps(passed, part):
    """The steps of a part that a run passed."""
    return {step for owner, step, _when, _number in map(str.split, passed) if owner == part}


def moments(passed, part):
    """One point of a part for each moment at which a kill leaves something else behind.

    What a transaction did is gone with its worker, so between two steps that last one point stands for all: one of a
    step that none of the moments before has, or the last.

    :param passed: all points of a run
    """
    moment, points = 0, defaultdict(list)
    for point in passed:
        owner, step, when, _number = point.split()
        if when == "after" and LASTING.fullmatch(step):
            moment += 1
        if owner == part:
            points[moment].append(point)
    chosen = {}
    for candidates in points.values():
        new = [point for point in candidates if point.split()[1] not in chosen.values()]
        point = (new or candidates)[-1]
        chosen[point] = point.split()[1]
    return list(chosen)


class Points:
    """:param reached: called with the name of each point, at the point"""

    def __init__(self, reached):
        self._reached = reached
        self._part = "run"
        self._counts = Counter()
        self._lock = threading.Lock()

    def install(self, registry):
        worker = registry["ml.worker"]
        for method, part in PARTS.items():
            self._wrap_part(worker, method, lambda arguments, part=part: part)
        for method in FLOW_METHODS:
            self._wrap_part(worker, method, lambda arguments: arguments[2].key)
        for model, method, step in STEPS:
            self._wrap_step(registry[model], method, lambda arguments, step=step: step)
        from odoo.addons.ml_connector.core.files.sftp import SftpSession
        from odoo.addons.ml_connector.core.http.client import HttpClient

        for method in FILE_CALLS:
            self._wrap_step(SftpSession, method, lambda arguments, method=method: f"SFTP:{method}")
        for method in FILE_PARTS:
            self._wrap_step(SFTPFile, method, lambda arguments, method=method: f"SFTP:part:{method}")
        self._wrap_step(HttpClient, "_call", lambda arguments: _call_name(*arguments[1:3]))

    def _wrap_part(self, owner, method, name_of):
        original = getattr(owner, method)

        @functools.wraps(original)
        def wrapper(*arguments, **options):
            outer, self._part = self._part, name_of(arguments)
            try:
                return original(*arguments, **options)
            finally:
                self._part = outer

        setattr(owner, method, wrapper)

    def _wrap_step(self, owner, method, name_of):
        original = getattr(owner, method)

        @functools.wraps(original)
        def wrapper(*arguments, **options):
            step = name_of(arguments)
            self._pass(step, "before")
            result = original(*arguments, **options)
            self._pass(step, "after")
            return result

        setattr(owner, method, wrapper)

    def _pass(self, step, when):
        with self._lock:
            point = f"{self._part} {step} {when}"
            self._counts[point] += 1
            self._reached(f"{point} {self._counts[point]}")


def _call_name(method, url):
    """`GET:bills`: the method and the words of the path, without ids and query."""
    words = re.sub(r"^https?://[^/]+/(developer/v1/)?", "", url).partition("?")[0].split("/")
    return f"{method}:{'/'.join(word for word in words if re.fullmatch('[A-Za-z-]+', word))}"
