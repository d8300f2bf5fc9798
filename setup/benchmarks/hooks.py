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
        label = type(operation).__name__.lower()
        figures[f"{name}_{label}_us"] = 1e6 * statistics.median(hooked) / RECORDS
        figures[f"{name}_{label}_overhead"] = overheads[-1]
    return max(overheads)


def overhead(hooked, bare):
    """Extra time of `res.partner` `create` or `write` with our hook, as a part of the time without.

    One sample is a transaction with 20 calls, one contact each, up to everything that a commit does short of COMMIT
    itself; it is rolled back. Samples with the hook and with the mixin's methods taken out of the class alternate,
    without garbage collection. The ratio of each pair is taken, and the median of these."""
    return statistics.median(this / that for this, that in zip(hooked, bare, strict=True)) - 1


def by_turns(operation, rounds):
    hooked, bare = [], []
    operation.sample()
    gc.disable()
    try:
        for number in range(rounds):
            # who comes first changes, because what comes first may be slower
            for is_bare in (number % 2 == 0, number % 2 == 1):
                if is_bare:
                    with bypassed():
                        bare.append(operation.sample())
                else:
                    hooked.append(operation.sample())
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

    def sample(self):
        self.prepare()
        started = time.perf_counter()
        self.run()
        self.env.cr.flush()
        seconds = time.perf_counter() - started
        self.env.cr.rollback()
        return seconds

    def prepare(self):
        """What is not measured."""

    def run(self):
        raise NotImplementedError


class Create(Operation):
    """Create a vendor as an import does, each written to the database."""

    def run(self):
        for number in range(RECORDS):
            self.env["res.partner"].create(self.values(number))
            self.env.flush_all()


class Write(Operation):
    """Change the street of a vendor, which the flow sends; each written to the database."""

    def prepare(self):
        self.vendors.mapped("name")

    def run(self):
        for number, vendor in enumerate(self.vendors):
            vendor.write({"street": f"{number} Other Street"})
            self.env.flush_all()
