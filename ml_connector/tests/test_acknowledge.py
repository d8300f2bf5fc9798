from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.ml_connector.core.capabilities import Event
from odoo.addons.ml_connector.core.errors import RemoteError
from odoo.addons.ml_connector.engine.queue import count_due
from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .common import ConnectorCase
from .fake_flows import changed


class AcknowledgingProvider(fake_provider.FakeProvider):
    """A provider that offers bills until they are acknowledged, once."""

    flows = tuple(
        changed(spec, acknowledges=spec.key == "bills", defaults={"tell_failures": False} if spec.reports else {})
        for spec in fake_provider.FakeProvider.flows
    )
    acknowledged = []
    withdrawn = {}

    def acknowledge(self, flow, versions):
        fake_provider.REMOTE.called("acknowledge")
        self.acknowledged.extend(versions)
        return {version: reason for version, reason in self.withdrawn.items() if version in versions}


@tagged("post_install", "-at_install")
class TestAcknowledge(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": AcknowledgingProvider}))
        cls.connection = cls._connect(cls.company, "Acknowledging")

    def setUp(self):
        super().setUp()
        self.patch(AcknowledgingProvider, "acknowledged", [])
        self.patch(AcknowledgingProvider, "withdrawn", {})
        self.map_expense()

    def version(self, bill="bill-1"):
        return self.remote.items["bills"][bill].version

    def test_what_is_stored_is_acknowledged_once_and_then_worked(self):
        for number, errors in enumerate(((), (RemoteError("no answer"),))):
            bill = f"bill-{number}"
            self.remote.fail("acknowledge", *errors)
            self.sync_bill(bill)
            self.sync()
            self.assertEqual(self.current(external_id=bill).state, "done")
            self.assertEqual(AcknowledgingProvider.acknowledged[number:], [self.version(bill)])

    def test_what_an_event_tells_is_acknowledged_and_worked_in_the_same_run(self):
        self.sync()
        self.put_bill()
        event = Event(event_id="event-1", event_type="bill.changed", external_id="bill-1")
        self.env["ml.webhook.event"]._receive(self.connection, event)
        self.run_worker()
        self.assertEqual(self.logs("bills").state, "done")
        self.assertEqual(AcknowledgingProvider.acknowledged, [self.version()])

    def test_nothing_is_worked_before_it_is_acknowledged(self):
        self.remote.fail("acknowledge", RemoteError("busy"), RemoteError("busy"))
        self.sync_bill()
        self.assertEqual(self.logs("bills").mapped(lambda log: (log.state, log.is_acknowledged)), [("pending", False)])
        self.assertEqual(count_due(self.connection), 0, "the job does not run for it in vain")
        self.run_worker()
        self.assertEqual(self.logs("bills").state, "pending")
        self.sync(2)
        self.assertEqual(self.logs("bills").state, "done")

    def test_what_was_taken_back_is_left_alone(self):
        self.put_bill()
        self.patch(AcknowledgingProvider, "withdrawn", {self.version(): "It was taken back."})
        self.sync()
        log = self.logs("bills")
        self.assertEqual((log.state, log.ignored_reason), ("ignored", "It was taken back."))
        self.assertFalse(self.env["account.move"].search([("ref", "=", "BILL-1")]))

    def test_what_brought_nothing_new_is_answered_too(self):
        """Each version by itself, also where both answers go together."""
        for number, errors in enumerate(((), (RemoteError("busy"), RemoteError("busy")))):
            bill, told = f"bill-{number}", len(self.answers())
            self.remote.fail("report", *errors)
            self.sync_bill(bill)
            first = self.version(bill)
            self.assertEqual(len(self.answers()) - told, 0 if errors else 1)
            self.sync_bill(bill, comment="another version of the same")
            self.run_worker_later()
            self.assertEqual(sorted(self.answers()[told:]), sorted([(first, True), (self.version(bill), True)]))
            rows = self.logs("bills").filtered(lambda log, bill=bill: log.external_id == bill)
            self.assertEqual(rows.mapped("outcome"), ["created", "unchanged"])

    def answers(self):
        return [(result.version, result.success) for result in self.remote.reports if result.subject == "bill"]

    def test_what_differs_after_posting_is_refused_with_its_reason_and_then_answered_as_decided(self):
        for number, (decide, answers) in enumerate(
            (
                (lambda log: log.action_reverse_and_repost(), [False, True]),
                (lambda log: log._ignore("Agreed by phone."), None),
            )
        ):
            bill = f"bill-{number}"
            self.sync_bill(bill)
            before = len(self.answers())
            self.sync_bill(bill, amount="120.00")
            self.sync()
            self.assertEqual(self.answers()[before:], [(self.version(bill), False)])
            self.assertIn("120.00", self.remote.reports[-1].message)
            decide(self.current(external_id=bill))
            self.run_worker()
            told = [success for version, success in self.answers() if version == self.version(bill)]
            self.assertEqual(told if answers else set(told), answers or {False})

    def test_version_that_fails_after_posting_is_answered_whatever_the_option_says(self):
        self.sync_bill()
        self.sync_bill(broken=True)
        self.assertEqual(self.answers()[-1], (self.version(), False))

    def test_failures_are_kept_until_they_are_solved(self):
        self.assertFalse(self.flow("bills").tell_failures)
        self.sync_bill(broken=True)
        self.assertEqual(self.logs("bills").state, "failed")
        self.assertFalse(self.remote.reports)
        self.flow("bills").tell_failures = True
        self.logs("bills").action_retry()
        self.run_worker()
        self.assertEqual([result.success for result in self.remote.reports], [False])

    def test_a_kept_failure_that_a_user_ignores_is_answered_with_the_reason(self):
        self.sync_bill(broken=True)
        self.assertFalse(self.answers())
        self.logs("bills")._ignore("It is a duplicate.")
        self.run_worker()
        self.assertEqual(self.answers(), [(self.version(), False)])
        self.assertEqual(self.remote.reports[-1].message, "It is a duplicate.")

    def test_what_is_not_wanted_is_answered(self):
        self.sync_bill(void=True)
        self.assertEqual(self.logs("bills").state, "ignored")
        self.assertEqual(self.answers(), [(self.version(), False)])
        self.assertTrue(self.remote.reports[-1].message)

    def test_what_a_newer_version_replaces_is_answered(self):
        """The one that was booked first, and the one that never was: each has an answer of its own."""
        self.sync_bill(broken=True)
        first = self.version()
        self.sync_bill()
        self.assertEqual(sorted(self.answers()), sorted([(first, False), (self.version(), True)]))
        self.assertIn("newer version", next(r for r in self.remote.reports if r.version == first).message)

    def test_what_nobody_puts_right_is_answered_after_seven_days(self):
        self.put_bill(broken=True)
        self.sync_bill("bill-2", account="699999")
        rows = self.logs("bills")
        self.assertEqual(rows.mapped("state"), ["failed", "waiting"])
        for days, count in ((6, 0), (8, 2), (9, 2)):
            self.backdate(rows, days=days)
            self.sync()
            self.assertEqual(len(self.answers()), count)
        self.assertEqual({success for _version, success in self.answers()}, {False})
        self.assertEqual({result.message for result in self.remote.reports}, set(rows.mapped("error_message")))
