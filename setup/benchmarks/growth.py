"""Whether a bill costs more if there are ten times as many."""

import statistics

from odoo.modules.registry import Registry
from odoo.orm.environments import Environment

from .engine import flow_of, run_inside, stop_watch
from .specimens import Specimens

BATCH = 50
FACTOR = 10


def main(env, large_database, sandbox_url, large_sandbox_url, count):
    """Pull `count` bills into this database, and ten times as many into another one, by turns."""
    with Registry(large_database).cursor() as cr:
        large_env = Environment(cr, env.uid, env.context)
        connection, large_connection = (each["ml.connection"].search([]) for each in (env, large_env))
        Specimens(env, sandbox_url).add_to_sandbox(count)
        Specimens(large_env, large_sandbox_url).add_to_sandbox(count * FACTOR)

        def work(run):
            small = Pull(run)
            return run_inside(large_connection, lambda other: by_turns(small, Pull(other), count))

        small, large = run_inside(connection, work)
    return {
        f"cost_growth_{count}_to_{count * FACTOR}": cost_growth(small, large, count),
        "figures": {
            "small_pull_ms_per_bill": 1000 * small.seconds_per_bill(count),
            "large_pull_ms_per_bill": 1000 * large.seconds_per_bill(count * FACTOR),
        },
    }


def by_turns(small, large, count):
    """Work both queues to the end: one batch of the small one, then ten of the large one, and so on.

    Only so do both meet the same disturbances. All bills are read and stored before, as in every run of the engine.
    """
    small.read_all()
    large.read_all()
    for _ in range(count // BATCH):
        small.work_batch()
        for _ in range(FACTOR):
            large.work_batch()
    if small.is_left() or large.is_left():
        raise RuntimeError("Not all bills were posted.")
    return small, large


def cost_growth(small, large, count):
    """Seconds for each bill of the large pull against those of the small one: reading and storing all bills, divided by
    their number, plus working (claim, translate, map, create, post, bindings, results, attempts, chatter, commits). For
    working, each batch of 50 of the small pull is compared with the mean of the ten batches of the large pull that
    follow it, and the median of these ratios is taken: growth in proportion to the number of bills counts fully."""
    groups = [statistics.mean(large.batches[start : start + FACTOR]) for start in range(0, len(large.batches), FACTOR)]
    growth = statistics.median(group / batch for group, batch in zip(groups, small.batches, strict=True))
    reading = sum(small.reading) / count
    large_reading = sum(large.reading) / (count * FACTOR)
    working = statistics.median(small.batches) / BATCH
    return (large_reading + growth * working) / (reading + working)


class Pull:
    """One pull of many bills, batch by batch."""

    def __init__(self, run):
        self.engine_run = run
        self.flow = flow_of(run, "bills")
        self.reading, self.batches = [], []

    def read_all(self):
        with stop_watch(self.reading):
            self.engine_run.work_of(self.flow).read()

    def work_batch(self):
        """One batch of `Pull.process` of the engine."""
        with stop_watch(self.batches):
            logs = self.engine_run.queue.claim(self.flow, BATCH)
            self.engine_run.work_of(self.flow).booking.book(logs)
        if len(logs) != BATCH or set(logs.mapped("state")) != {"done"}:
            raise RuntimeError("A batch was not posted.")

    def is_left(self):
        return self.engine_run.env["ml.sync.log"].search_count(
            [("flow_id", "=", self.flow.id), ("state", "!=", "done")]
        )

    def seconds_per_bill(self, count):
        return sum(self.reading) / count + statistics.median(self.batches) / BATCH
