"""The cost of the hooks for creating and changing contacts."""

import functools
import gc
import statistics
import time
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from odoo.addons.ml_connector.models.ml_followed import MlFollowed
from odoo.addons.ml_connector.models.ml_sync_mixin import MlSyncMixin

RECORDS = 20


def main(env, _url, rounds):
    """Measure with the flow that sends vendors switched off, then on."""
    connection = env["ml.connection"].search([])
    flow = connection.with_context(active_test=False).flow_ids.filtered(lambda flow: flow.key == "vendors_push")
    ratios, figures = {}, {}
    for name, active in (("unwatched", False), ("watched", True)):
        flow.active = active
        env.cr.commit()  # pylint: disable=invalid-commit; other cursors are to see it
        hooked, bare = {}, {}
        for operation in (Create, Write):
            label = operation.__name__.lower()
            hooked[label], bare[label] = side_by_side(env, operation, rounds)
            figures[f"{name}_{label}_us"] = 1e6 * hooked[label] / RECORDS
            figures[f"{name}_{label}_overhead"] = hooked[label] / bare[label] - 1
        ratios[f"hook_overhead_{name}"] = hook_overhead(hooked, bare)
    return {**ratios, "figures": figures}


def hook_overhead(hooked, bare):
    """Extra time of `create` and `write` of `res.partner` with our hooks, as a part of their time without.

    Two transactions are open side by side, one with the hook, the other without (the mixin's methods hand on to those
    they override). Each makes 20 calls of `create`, or of `write`, for one contact each, every call written to the
    database, then does all that a commit does before COMMIT itself, and is rolled back. They take turns call by call,
    so that both meet the same disturbances, without garbage collection. The time of each step (a call, or the end of
    the transaction) is the 10th percentile of all rounds, which other programs disturb least; steps are added up, and
    `create` and `write` too."""
    return sum(hooked.values()) / sum(bare.values()) - 1


def side_by_side(env, operation, rounds):
    """Seconds of all steps of the operation with the hook, and without."""
    env["res.partner"].create([values(number) for number in range(2 * RECORDS)])
    env.cr.commit()  # pylint: disable=invalid-commit; every round is rolled back to here
    hooked, bare = [], []
    with switchable_hook() as switch, env.registry.cursor() as cr, env.registry.cursor() as other_cr:
        sides = (
            Side(operation(env(cr=cr)), hooked, switch, True),
            Side(operation(env(cr=other_cr)), bare, switch, False),
        )
        gc.disable()
        try:
            for number in range(rounds + 1):
                one_round(sides if number % 2 else sides[::-1])
                gc.collect(1)
        finally:
            gc.enable()
    return seconds(hooked[1:]), seconds(bare[1:])


def one_round(sides):
    for side in sides:
        side.begin()
    for number in range(RECORDS):
        for side in sides:
            side.step(side.operation.call, number)
    for side in sides:
        side.step(side.operation.env.cr.flush)
    for side in sides:
        side.operation.env.cr.rollback()


def seconds(runs):
    return sum(statistics.quantiles(step, n=10)[0] for step in zip(*runs, strict=True))


@contextmanager
def switchable_hook():
    """Give a switch: while its `on` is false, the mixins' methods only hand on to those they override."""
    switch = type("Switch", (), {"on": True})()

    def switchable(mixin, name):
        original = vars(mixin)[name]

        @functools.wraps(original)
        def method(self, argument):
            if switch.on:
                return original(self, argument)
            return getattr(super(mixin, self), name)(argument)

        return method

    with ExitStack() as patches:
        for mixin in (MlSyncMixin, MlFollowed):
            methods = {name: switchable(mixin, name) for name in ("create", "write")}
            patches.enter_context(patch.multiple(mixin, **methods))
        yield switch


class Side:
    """One of the two transactions."""

    def __init__(self, operation, runs, switch, is_hooked):
        self.operation, self.runs, self.switch, self.is_hooked = operation, runs, switch, is_hooked

    def begin(self):
        self.runs.append([])
        self.operation.prepare(self.is_hooked)

    def step(self, function, *arguments):
        self.switch.on = self.is_hooked
        started = time.perf_counter()
        function(*arguments)
        self.operation.env.flush_all()
        self.runs[-1].append(time.perf_counter() - started)


class Create:
    """Create a vendor."""

    def __init__(self, env):
        self.env = env

    def prepare(self, is_hooked):
        self.env["res.partner"].search([], limit=1)

    def call(self, number):
        self.env["res.partner"].create(values(number))


class Write(Create):
    """Change the street of a vendor, which the flow sends."""

    def prepare(self, is_hooked):
        """Each side has 20 vendors of its own: two transactions cannot change the same one."""
        vendors = self.env["res.partner"].search(
            [("name", "=like", "Hooked Example %")], order="id desc", limit=2 * RECORDS
        )
        self.vendors = vendors[:RECORDS] if is_hooked else vendors[RECORDS:]
        vendors.mapped("street")

    def call(self, number):
        self.vendors[number].write({"street": f"{number} Other Street"})


def values(number):
    return {
        "name": f"Hooked Example {number}",
        "is_company": True,
        "supplier_rank": 1,
        "street": "1 Example Street",
        "city": "Springfield",
        "zip": "12345",
        "email": f"ap{number}@example.com",
    }
