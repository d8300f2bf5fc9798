"""Making contacts of new vendors, beside five thousand that are known, and bare batches that make the same."""

from odoo import Command

from odoo.addons.ml_connector.core.remote import RemoteRecord

from .engine import Race, flow_of, run_inside
from .feeds import make_vendors

KNOWN = 5_000


def main(env, _url, rounds):
    """Run both sides in turn."""
    connection = env["ml.connection"].search([])
    make_vendors(env, KNOWN, state_id=env.ref("base.state_us_27").id)
    rivals = run_inside(connection, lambda run: Rivals(env, run).run(rounds))
    return {"vendors_cost_vs_bare": rivals.cost(), "figures": rivals.speeds("vendor", "bare_vendor")}


class Rivals(Race):
    """Both ways to a contact.

    The engine works 50 stored vendors (claim, commit, translate, match, create, bindings, results, attempts, chatter,
    commit). The bare batch is one `create` of the same contacts and a commit.
    """

    number = KNOWN
    items = ()

    def add(self, count):
        self.items = [self._item(number) for number in self._numbers(count)]
        self.env["ml.sync.log"]._store(flow_of(self.engine_run, "vendors"), self.items)
        self.env.cr.commit()  # pylint: disable=invalid-commit; reading is not measured

    def pull_batch(self):
        self.engine_run.work_of(flow_of(self.engine_run, "vendors")).process()

    def check_pulled(self):
        done = self.env["ml.sync.log"].search([("external_id", "in", [item.external_id for item in self.items])])
        if set(done.mapped("outcome")) != {"created"}:
            raise RuntimeError(f"Not all vendors were made. {set(done.mapped('error_message'))}")

    def values(self, _records):
        return [self._values(number) for number in self._numbers(self.batch)]

    def bare_batch(self, values):
        self.env["res.partner"].create(values)

    def _numbers(self, count):
        self.number += count
        return range(self.number - count + 1, self.number + 1)

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
