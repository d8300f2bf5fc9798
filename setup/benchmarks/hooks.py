"""What the hooks cost whoever creates and changes contacts."""

import gc
import statistics
import time
from contextlib import contextmanager

from odoo.addons.ml_connector.models.ml_sync_mixin import MlSyncMixin

RECORDS = 20


def main(env, rounds):
    connection = env["ml.connection"].search([])
    flow = connection.with_context(active_test=False).flow_ids.filtered(lambda flow: flow.key == "vendors_push")
    figures = {}
    flow.active = False
    unwatched = measure(env, rounds, figures, "unwatched")
    flow.active = True
    watched = measure(env, rounds, figures, "watched")
    return {"hook_overhead_unwatched": unwatched, "hook_overhead_watched": watched, "figures": figures}


def measure(env, rounds, figures, name):
    """The larger of the overheads of `create` and of `write`."""
    overheads = []
    for operation in (Create(env), Write(env)):
        hooked, bare = by_turns(operation, rounds)
        overheads.append(overhead(hooked, bare))
        label = f"{name}_{type(operation).__name__.lower()}"
        figures[f"{label}_us"] = 1e6 * seconds(hooked) / RECORDS
        figures[f"{label}_overhead"] = overheads[-1]
    return max(overheads)


def overhead(hooked, bare):
    """Extra time of `res.partner` `create` or `write` with our hook, as a part of the time without.

    A run is a transaction with 20 calls for one contact each, every one written to the database, and then all that a
    commit does before COMMIT itself; it is rolled back. Runs with the hook and runs with the mixin's methods taken out of
    the class alternate, without garbage collection. All runs do the same, so the time of each step (call, or end of the
    transaction) is the median of all runs, and the steps are added up: what else the machine does falls on few steps."""
    return seconds(hooked) / seconds(bare) - 1


def seconds(runs):
    return sum(statistics.median(step) for step in zip(*runs, strict=True))


def by_turns(operation, rounds):
    """Lists of runs, each a list of the seconds of its steps."""
    hooked, bare = [], []
    operation.times()
    gc.disable()
    try:
        for number in range(rounds):
            # who comes first changes, because what comes first may be slower
            for is_bare in (number % 2 == 0, number % 2 == 1):
                if is_bare:
                    with bypassed():
                        bare.append(operation.times())
                else:
                    hooked.append(operation.times())
            gc.collect(1)
    finally:
        gc.enable()
    return hooked, bare


@contextmanager
def bypassed():
    """Take our methods out of the class, so that calls go where they would go without us."""
    methods = {name: vars(MlSyncMixin)[name] for name in ("create", "write")}
    for name in methods:
        delattr(MlSyncMixin, name)
    try:
        yield
    finally:
        for name, method in methods.items():
            setattr(MlSyncMixin, name, method)


class Operation:
    """Something that a program does to 20 contacts, one by one, in one transaction."""

    def __init__(self, env):
        self.env = env
        self.vendors = env["res.partner"].create([self.values(number) for number in range(RECORDS)])
        env.cr.commit()  # pylint: disable=invalid-commit; every sample is rolled back to here

    @staticmethod
    def values(number):
        return {
            "name": f"Example Supplies {number}",
            "is_company": True,
            "supplier_rank": 1,
            "street": "1 Example Street",
            "city": "Springfield",
            "zip": "12345",
            "email": f"ap{number}@example.com",
        }

    def times(self):
        """Seconds of each step of one transaction."""
        self.env.invalidate_all()
        self.vendors.mapped("street")
        times = [self._time(self.call, number) for number in range(RECORDS)]
        times.append(self._time(self.env.cr.flush))
        self.env.cr.rollback()
        return times

    def _time(self, function, *arguments):
        started = time.perf_counter()
        function(*arguments)
        self.env.flush_all()
        return time.perf_counter() - started

    def call(self, number):
        raise NotImplementedError


class Create(Operation):
    """Create a vendor."""

    def call(self, number):
        self.env["res.partner"].create(self.values(number))


class Write(Operation):
    """Change the street of a vendor, which the flow sends."""

    def call(self, number):
        self.vendors[number].write({"street": f"{number} Other Street"})
