"""A row that is no record costs itself only: the others are booked and reported, and somebody is told of it."""

from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.ml_connector.core import items as rows
from odoo.addons.ml_connector.core.http import objects
from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .common import ConnectorCase

BAD_ROWS = (None, "text", {"number": "BILL-9"}, {"id": None, "number": "BILL-8"}, {"id": {"nested": 1}})


class ListingProvider(fake_provider.FakeProvider):
    """Reads the bills as providers with lists do. What stands among them is `REMOTE.between`."""

    def pull(self, flow, cursor, since):
        if flow != "bills":
            yield from super().pull(flow, cursor, since)
            return
        items = fake_provider.REMOTE.items.get("bills", {})
        found = [{"id": key} for key in items]
        middle = len(found) // 2
        listed = objects([*found[:middle], *fake_provider.REMOTE.between, *found[middle:]])
        yield from rows.pages([listed], lambda row: items[row["id"]], self.label)


@tagged("post_install", "-at_install")
class TestBadRows(ConnectorCase):
    def setUp(self):
        super().setUp()
        providers = patch.dict(PROVIDERS, {"fake": ListingProvider})
        self.startPatcher(providers)
        self.remote.between = []
        self.map_expense()
        for number in range(4):
            self.put_bill(f"bill-{number}")

    def bad(self):
        return self.logs("bills").filtered(lambda log: log.external_id.startswith(rows.UNREADABLE))

    def test_each_form_of_a_bad_row(self):
        for row in BAD_ROWS:
            self.remote.between.append(row)
        self.sync()
        self.assertEqual((self.logs("bills") - self.bad()).mapped("state"), ["done"] * 4)
        self.assertEqual(self.bad().mapped("state"), ["failed"] * len(BAD_ROWS))
        self.assertEqual(
            self.bad()[0].error_message,
            "Odoo cannot read row 3 of page 1 of a list of Fake Vendor. It is null, not a record. Ask Fake Vendor to"
            " correct it, then ignore this transfer.",
        )
        reported = sorted(result.external_id for result in self.remote.reports if result.subject == "bill")
        self.assertEqual(reported, ["bill-0", "bill-1", "bill-2", "bill-3"])
        self.assertFalse(self.logs("results").filtered(lambda log: log.external_id.startswith(rows.UNREADABLE)))
        self.assertEqual(self.connection.state, "connected")

    def test_the_same_row_at_each_poll_is_told_once(self):
        self.remote.between = [None]
        self.sync()
        before = self.bad()
        attempts = len(before.attempt_ids)
        self.remote.items["bills"].pop("bill-0")
        for _poll in range(2):
            self.sync()
        self.assertEqual((len(before), self.bad(), len(self.bad().attempt_ids)), (1, before, attempts))
        self.assertEqual((len(self.connection.activity_ids), self.connection.failed_count), (1, 1))
        self.assertIn("It is null", self.connection.activity_ids.note)

    def test_a_dry_run_shows_it(self):
        self.remote.between = [None]
        dry_run = self.env["ml.dry.run"].create({"flow_id": self.flow("bills").id})
        dry_run.state = "requested"
        self.run_worker()
        failed = dry_run.line_ids.filtered(lambda line: line.outcome == "failed")
        self.assertEqual(len(dry_run.line_ids), 5)
        self.assertIn("It is null", failed.reason)
