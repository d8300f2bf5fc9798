"""Runs code inside Odoo in processes that can be killed at a chosen point. Started by `workers.Workers`.

    python tests/support/runner.py DATABASE    (with Odoo on the path)

The registry is loaded once. Each line of the standard input is an order in JSON; forked children carry it out, each
with a committing cursor of its own, and one line of JSON answers it. What nobody kills or looks into goes to a child
that stays, as Odoo's own workers do: a new connection to PostgreSQL takes longer than most orders.

code     Python with `env`; what it leaves in `result` is returned, and it is committed
workers  how many new children do the same at the same moment
kill     the point, as `points.Points` names it, at which a child kills itself
trace    whether to return the points that were passed
patches  `lease_seconds`, `read_timeout`, `page_size`, `sftp_timeout`: less than the product's
"""

import json
import logging
import os
import signal
import sys
import traceback
from datetime import timedelta
from itertools import chain

from points import Points

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

RETRY_WAIT = 0.01


def main(database):
    staying = {}
    config.parse_config(["--database", database, "--no-http", "--log-level=warn"], setup_logging=True)
    logging.getLogger("odoo.addons.ml_connector").setLevel(logging.DEBUG)
    refresh(database)
    answer({"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        if order.keys() - {"code", "patches"}:
            answer(carry_out(database, order))
            continue
        patches = order.get("patches", {})
        child = staying.setdefault(str(patches), Staying(database, patches))
        answer([child.carry_out(order["code"])])


def refresh(database):
    """Load the registry, or bring it up to date; children make connections of their own."""
    registry = Registry(database).check_signaling()
    if "_field_triggers" not in vars(registry):
        work_out(registry)
    odoo.sql_db.close_all()


def work_out(registry):
    """Let the registry derive once what each child would derive anew."""
    for field in chain.from_iterable(model._fields.values() for model in registry.models.values()):
        registry.is_modifying_relations(field)
    _ = registry.field_inverses, registry.field_computed


def answer(value):
    print(json.dumps(value, default=str), flush=True)


class Staying:
    """A child that runs one code after the other; another takes its place when it ends."""

    def __init__(self, database, patches):
        self.database = database
        self.patches = patches
        self.pid = None

    def carry_out(self, code):
        if not self.pid:
            self._start()
        print(json.dumps(code), file=self.orders, flush=True)
        if report := self.reports.readline():
            return {"points": [], "result": None, "error": None, "signal": 0, **json.loads(report)}
        self.orders.close()
        ended, self.pid = self.pid, None
        return finished(ended, self.reports)

    def _start(self):
        refresh(self.database)
        (orders, self.orders), (self.reports, reports) = pipe(), pipe()
        self.pid = os.fork()
        if self.pid:
            orders.close()
            reports.close()
            return
        self.orders.close()
        try:
            patch(self.patches)
            for line in orders:
                print(json.dumps(self._done(json.loads(line)), default=str), file=reports, flush=True)
        finally:
            os._exit(0)

    def _done(self, code):
        try:
            return {"result": execute(Registry(self.database).check_signaling(), code)}
        except Exception:
            return {"error": traceback.format_exc()}


def pipe():
    reading, writing = os.pipe()
    return os.fdopen(reading), os.fdopen(writing, "w")


def carry_out(database, order):
    """Fork the children of an order and return what they left behind."""
    refresh(database)
    count = order.get("workers", 1)
    ready, go = os.pipe(), os.pipe()
    children = [start_child(database, order, ready, go) for _ in range(count)]
    os.close(ready[1])
    wait_for_bytes(ready[0], count)
    for end in (ready[0], go[0], go[1]):
        os.close(end)
    return [finished(pid, stream) for pid, stream in children]


def start_child(database, order, ready, go):
    """The pid of a child, and the stream on which it reports."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, os.fdopen(reading)
    os.close(reading)
    os.close(go[1])
    os.close(ready[0])
    report = os.fdopen(writing, "w", buffering=1)
    try:
        be_child(database, order, report, ready[1], go[0])
    except BaseException:  # the child must never return into the parent's loop
        report.write(json.dumps({"error": traceback.format_exc()}) + "\n")
    finally:
        report.flush()
        os._exit(0)


def be_child(database, order, report, ready, go):
    registry = Registry(database)
    patch(order.get("patches", {}))

    def reached(point):
        if order.get("trace"):
            report.write(json.dumps({"point": point}) + "\n")
        if point == order.get("kill"):
            report.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    if order.get("trace") or order.get("kill"):
        Points(reached).install(registry)

    def start():
        os.write(ready, b"x")
        os.close(ready)
        os.read(go, 1)  # until the parent closes it

    report.write(json.dumps({"result": execute(registry, order["code"], start)}, default=str) + "\n")


def execute(registry, code, start=lambda: None):
    """Run code in a transaction of its own and return its `result`."""
    with registry.cursor() as cr:
        start()
        values = {"env": api.Environment(cr, SUPERUSER_ID, {}), "result": None}
        exec(compile(code, "<order>", "exec"), values)
        cr.commit()
        registry.signal_changes()
        return values["result"]


def wait_for_bytes(end, count):
    """Until every child is ready, or has ended."""
    while count > 0 and (part := os.read(end, count)):
        count -= len(part)


def finished(pid, stream):
    """What a child reported, and the signal that ended it."""
    found = {"points": [], "result": None, "error": None}
    with stream:
        for line in stream:
            entry = json.loads(line)
            if "point" in entry:
                found["points"].append(entry["point"])
            else:
                found.update(entry)
    status = os.waitpid(pid, 0)[1]
    found["signal"] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return found


def patch(patches):
    """Smaller numbers than the product's, which are for real servers. What it does stays as it is."""
    from odoo.addons.ml_connector.core.files import ssh_connection
    from odoo.addons.ml_connector.core.http import client as base
    from odoo.addons.ml_connector.engine import queue
    from odoo.addons.ml_connector.providers.ramp import client as ramp

    base.FIRST_WAIT = RETRY_WAIT
    if "read_timeout" in patches:
        base.HttpClient.__init__.__kwdefaults__["read_timeout"] = patches["read_timeout"]
    if "sftp_timeout" in patches:
        ssh_connection.CONNECT_TIMEOUT = ssh_connection.CALL_TIMEOUT = patches["sftp_timeout"]
    if "page_size" in patches:
        ramp.PAGE_SIZE = patches["page_size"]
    if "lease_seconds" in patches:
        queue.LEASE = timedelta(seconds=patches["lease_seconds"])


if __name__ == "__main__":
    main(sys.argv[1])
