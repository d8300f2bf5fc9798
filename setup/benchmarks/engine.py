"""Helpers of the benchmarks: create a connection, and time the engine's own steps."""

import gc
import statistics
import time
import tracemalloc
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields, sql_db

from odoo.addons.ml_connector.engine.run import Loop

from lib.inside import connect

from .webhook import SECRET


def main(env, sandbox_url):
    """Connect the database to a sandbox, read its codes and vendors; return the values for an external program."""
    connection = connect(env, "ramp", "Ramp", sandbox_url)
    connection.action_test()
    connection._cron_run()
    connection.action_start()
    connection._cron_run()
    connection._store_webhook_secret(SECRET)
    expires = fields.Datetime.now() + timedelta(days=1)
    key = env["res.users.apikeys"].with_user(env.ref("base.user_admin"))._generate("rpc", "bench", expires)
    env.cr.commit()  # pylint: disable=invalid-commit; the server is another process
    return {"key": key, "webhook_path": f"/ml_connector/webhook/{connection.webhook_token}"}


def run_inside(connection, work):
    """Begin a run of the connection as its scheduled job does, and do `work(run)` in place of all flows."""
    results = []
    with patch.object(Loop, "work", lambda loop: results.append(work(loop.run))):
        connection._cron_run()
    if not results:
        raise RuntimeError("The run of the connection ended early: the server log has the reason.")
    return results[0]


def flow_of(run, key):
    return run.connection.flow_ids.filtered(lambda flow: flow.key == key)


def sync(run, *keys):
    """Read the flows of these keys one after the other, and process what each has read."""
    for flow in (flow_of(run, key) for key in keys):
        run.work_of(flow).read()
        run.work_of(flow).process()


@contextmanager
def stop_watch(times, queries=None):
    """Append the seconds of the block to `times`, and its SQL statements, by Odoo's own counter for all cursors, to
    `queries`. What earlier blocks left to collect is not charged to it."""
    gc.collect()
    before = sql_db.sql_counter
    started = time.perf_counter()
    yield
    times.append(time.perf_counter() - started)
    if queries is not None:
        queries.append(sql_db.sql_counter - before)


def peak_memory(function):
    """The highest use of memory, in bytes, during a call, as `tracemalloc` sees it."""
    gc.collect()
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def median_ratio(these, those):
    """The median of the ratios of runs that were made one right after the other."""
    return statistics.median(this / that for this, that in zip(these, those, strict=True))


class Race:
    """The engine's way to records and a bare one to the same, each with the seconds and queries of its runs."""

    flow = kind = None
    batch = 50

    def __init__(self, env, run):
        self.env, self.engine_run = env, run
        self.pull, self.bare, self.queries, self.bare_queries = [], [], [], []

    def run(self, rounds):
        """Run both sides in turn, `rounds` times after a first one that only warms the caches."""
        for _ in range(rounds + 1):
            self.one_round()
        for figures in (self.pull, self.bare, self.queries, self.bare_queries):
            del figures[0]
        return self

    def one_round(self):
        self.add(self.batch)
        with stop_watch(self.pull, self.queries):
            self.pull_batch()
        values = self.values(self.check_pulled())
        with stop_watch(self.bare, self.bare_queries):
            self.bare_batch(values)
            self.env.cr.commit()  # pylint: disable=invalid-commit; part of what is measured

    def cost(self):
        """Seconds of `pull_batch` against those of `bare_batch`, in the same process and database, one right after the
        other: the median of the ratios of all rounds but the first, which warms the caches."""
        return median_ratio(self.pull, self.bare)

    def speeds(self, pulled, bare):
        """Records a second on either side, by what the side's records are called."""
        runs = {pulled: self.pull, bare: self.bare}
        return {f"{name}s_per_second": self.batch / statistics.median(times) for name, times in runs.items()}

    def queries_each(self, pulled, bare):
        """SQL statements for each record on either side, by Odoo's own counter for all cursors."""
        runs = {pulled: self.queries, bare: self.bare_queries}
        return {f"queries_per_{name}": statistics.median(counts) / self.batch for name, counts in runs.items()}

    def add(self, count):
        """Make records at the provider."""
        raise NotImplementedError

    def pull_batch(self):
        sync(self.engine_run, self.flow)

    def check_pulled(self):
        """The records of a run. One that booked less would look fast."""
        logs = self.env["ml.sync.log"].search([("kind", "=", self.kind)], order="id desc", limit=self.batch)
        problems = set(logs.filtered("error_message").mapped("error_message"))
        records = self.env[logs[0].res_model or "account.move"].browse(logs.mapped("res_id")).exists()
        if problems or len(records) != self.batch or not all(self.is_booked(record) for record in records):
            raise RuntimeError(f"{len(records)} of {self.batch} records were booked. {'; '.join(problems)}")
        return records

    def is_booked(self, record):
        raise NotImplementedError

    def values(self, records):
        """Values of the same records, as any program would write them."""
        raise NotImplementedError

    def bare_batch(self, values):
        """Create and post them with nothing but Odoo's own methods."""
        self.env["account.move"].create(values).action_post()
