"""Names the points that a worker passes, by wrapping methods from outside: the product knows nothing of it.

A point is `<flow> <step> <before|after> <number>`, for example `bills commit after 2`: the second time that a commit
ended while the flow `bills` was worked. Steps of the set-up, of events and so on carry the name of that part in place
of a flow.
"""

import functools
import importlib
import re
import threading
from collections import Counter, defaultdict

from paramiko import SFTPFile

PARTS = (
    ("requests", "SetUp", "answer", "set_up"),
    ("queue", "Queue", "reclaim", "reclaim"),
    ("webhooks", "Events", "read", "events"),
    ("waits", "Waits", "fetch_missing", "missing"),
)
"""Module and name of a class of the engine, its method, and the part that the method is."""
FLOW_METHODS = ("read", "work")
"""Methods of the work of a flow."""
ENGINE_STEPS = (
    ("queue", "Queue", "claim", "claim"),
    ("booking", "Booking", "store", "bind"),
    ("sent", "Sent", "bind", "bind"),
    ("deliveries", "Deliveries", "arrived", "acknowledge"),
    ("run", "Run", "commit", "commit"),
)
STEPS = (
    ("ml.sync.log", "_store", "store"),
    ("ml.sync.log", "_enqueue", "store"),
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
        for module, name, method, part in PARTS:
            self._wrap_part(_engine_class(module, name), method, lambda arguments, part=part: part)
        for owner in _subclasses(_engine_class("flow_work", "FlowWork")):
            for method in FLOW_METHODS:
                if method in vars(owner):
                    self._wrap_part(owner, method, lambda arguments: arguments[0].flow.key)
        for module, name, method, step in ENGINE_STEPS:
            self._wrap_step(_engine_class(module, name), method, lambda arguments, step=step: step)
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


def _engine_class(module, name):
    return getattr(importlib.import_module(f"odoo.addons.ml_connector.engine.{module}"), name)


def _subclasses(parent):
    return [parent, *(found for child in parent.__subclasses__() for found in _subclasses(child))]


def _call_name(method, url):
    """`GET:bills`: the method and the words of the path, without ids and query."""
    words = re.sub(r"^https?://[^/]+/(developer/v1/)?", "", url).partition("?")[0].split("/")
    return f"{method}:{'/'.join(word for word in words if re.fullmatch('[A-Za-z-]+', word))}"
