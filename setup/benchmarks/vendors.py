"""Making contacts of new vendors, beside five thousand that are known, and bare batches that make the same."""

import statistics

from odoo import Command

from odoo.addons.ml_connector.core.remote import RemoteRecord

from .engine import flow_of, median_ratio, run_inside, stop_watch
from .feeds import make_vendors

BATCH = 50
KNOWN = 5_000


def main(env, rounds):
    """Run both sides in turn, `rounds` times after a first one that warms the caches."""
    connection = env["ml.connection"].search([])
    make_vendors(env, KNOWN, state_id=env.ref("base.state_us_27").id)
    env.cr.commit()  # pylint: disable=invalid-commit; statistics are of what is committed
    env.cr.execute("ANALYZE res_partner")

    def work(run):
        rivals = Rivals(env, run)
        for _ in range(rounds + 1):
            rivals.one_round()
        return rivals

    rivals = run_inside(connection, work)
    return {
        "vendors_cost_vs_bare": vendors_cost_vs_bare(rivals),
        "figures": {
            "vendors_per_second": BATCH / statistics.median(rivals.pull[1:]),
            "bare_vendors_per_second": BATCH / statistics.median(rivals.bare[1:]),
        },
    }


def vendors_cost_vs_bare(rivals):
    """Seconds in which the engine works 50 stored vendors (claim, commit, translate, match, create, bindings, results,
    attempts, chatter, commit) against those of one bare `create` of the same contacts and a commit, in the same process
    and database. The median of the ratios of all rounds but the first, which warms the caches."""
    return median_ratio(rivals.pull[1:], rivals.bare[1:])


class Rivals:
    """Both ways to a contact, each with the seconds of its runs."""

    def __init__(self, env, run):
        self.env, self.engine_run = env, run
        self.pull, self.bare = [], []
        self.number = KNOWN

    def one_round(self):
        flow = flow_of(self.engine_run, "vendors")
        items = [self._item(number) for number in self._numbers()]
        self.env["ml.sync.log"]._store(flow, items)
        self.env.cr.commit()  # pylint: disable=invalid-commit; reading is not measured
        with stop_watch(self.pull):
            self.engine_run.work_of(flow).process()
        done = self.env["ml.sync.log"].search([("external_id", "in", [item.external_id for item in items])])
        if set(done.mapped("outcome")) != {"created"}:
            raise RuntimeError(f"Not all vendors were made. {set(done.mapped('error_message'))}")
        values = [self._values(number) for number in self._numbers()]
        with stop_watch(self.bare):
            self.env["res.partner"].create(values)
            self.env.cr.commit()  # pylint: disable=invalid-commit; part of what is measured

    def _numbers(self):
        self.number += BATCH
        return range(self.number - BATCH + 1, self.number + 1)

    def _item(self, number):
        """As Ramp has it."""
        address = {"address_line_1": f"{number} Mill Rd", "city": "Albany", "postal_code": "12207", "state": "NY"}
        row = {
            "id": f"vendor-{number}",
            "name": f"Bench vendor {number} Łódź, Ltd.",
            "vendor_type": "BUSINESS",
            "is_active": True,
            "address": {**address, "country": "US"},
        }
        contacts = [
            {"id": f"c-{number}", "email": f"ap{number}@vendor.example", "is_default": True},
            {"id": f"d-{number}", "first_name": "Ada", "last_name": f"No. {number}", "email": f"ada{number}@a.example"},
        ]
        payload = {"vendor": row, "contacts": contacts}
        return RemoteRecord(external_id=row["id"], version="1", title=row["name"], payload=payload)

    def _values(self, number):
        """As any program would write it."""
        return {
            "name": f"Bench vendor {number} Łódź, Ltd.",
            "is_company": True,
            "supplier_rank": 1,
            "street": f"{number} Mill Rd",
            "city": "Albany",
            "zip": "12207",
            "state_id": self.env.ref("base.state_us_27").id,
            "country_id": self.env.ref("base.us").id,
            "email": f"ap{number}@vendor.example",
            "child_ids": [Command.create({"type": "contact", "name": "Ada", "email": f"ada{number}@a.example"})],
        }
