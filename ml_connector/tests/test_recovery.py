from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.errors import NetworkError
from odoo.addons.ml_connector.core.remote import RemotePage
from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .common import ConnectorCase
from .fake_flows import changed


class RelistingProvider(fake_provider.FakeProvider):
    """A provider that offers no record twice, and lists booked records on request."""

    flows = tuple(
        changed(spec, relists=spec.reports, acknowledges=spec.key == "bills")
        for spec in fake_provider.FakeProvider.flows
    )
    offered = True
    told = True
    relists_cheaply = True

    def acknowledge(self, flow, versions):
        fake_provider.REMOTE.called("acknowledge")
        return {}

    def pull(self, flow, cursor, since):
        if self.offered or flow not in ("bills", "payments"):
            yield from super().pull(flow, cursor, since)

    def booked(self, flow, since):
        fake_provider.REMOTE.called(f"booked {flow} {since}")
        yield RemotePage(items=tuple(fake_provider.REMOTE.items.get(flow, {}).values()), is_told=self.told)


@tagged("post_install", "-at_install")
class TestRecovery(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": RelistingProvider}))
        cls.connection = cls._connect(cls.company, "Relisting")

    def setUp(self):
        super().setUp()
        self.map_expense()
        self.map_bank()
        self.put_bill("bill-1")
        self.sync_bill("bill-2", amount="200.00")
        self.patch(RelistingProvider, "offered", False)
        self.told = len(self.remote.reports)
        self.assertTrue(self.told)

    def lose(self, *external_ids):
        """As if an older dump had been restored: neither the records nor that they were read are known."""
        lost = [("connection_id", "=", self.connection.id), ("external_id", "in", external_ids)]
        logs, bindings = self.env["ml.sync.log"].search(lost), self.env["ml.binding"].search(lost)
        for model, group in sorted(bindings.grouped("res_model").items(), reverse=True):
            self.delete(self.env[model].browse(group.mapped("res_id")))
        bindings.unlink()
        logs.unlink()

    def delete(self, records):
        reset = {"account.move": "button_draft", "account.payment": "action_draft"}.get(records._name)
        if reset:
            getattr(records, reset)()
        records.with_context(force_delete=True).unlink()

    def look(self):
        recovery = self.make("ml.recovery", connection_id=self.connection, since="2026-01-01")
        calls = len(self.remote.calls)
        recovery.action_look()
        self.assertEqual(len(self.remote.calls), calls, "nothing is called in the button's own transaction")
        self.run_worker()
        return recovery

    def found(self, recovery):
        return recovery.line_ids.mapped(lambda line: (line.flow_id.key, line.external_id))

    def bring_in(self, *lost):
        """Bills that were lost come in again."""
        self.lose(*lost)
        self.look().action_bring_in()
        self.run_worker()

    def test_what_is_booked_there_and_lost_here_comes_in_again(self):
        self.lose("bill-2")
        self.sync()
        self.assertFalse(self.imported("bill-2"), "it is not offered again")
        recovery = self.look()
        self.assertEqual(recovery.state, "done")
        booked = [call for call in self.remote.calls if call.startswith("booked bills")]
        self.assertEqual(booked, ["booked bills 2026-01-01"])
        self.assertEqual((self.found(recovery), recovery.line_ids.title), ([("bills", "bill-2")], "BILL-2"))
        recovery.action_bring_in()
        self.sync()
        self.assertEqual((self.imported("bill-2").state, self.imported("bill-2").amount_total), ("posted", 200.0))
        self.assertEqual(len(self.remote.reports), self.told, "it is not told a second time")
        self.assertFalse(self.look().line_ids)
        moves = self.env["account.move"].search([("ref", "in", ("BILL-1", "BILL-2"))])
        self.assertEqual(len(moves), 2, "nothing is made twice")

    def test_lost_payments_come_in_again_also_those_of_bills_that_are_lost_too(self):
        self.patch(RelistingProvider, "offered", True)
        for number, amount in ((1, "100.00"), (2, "200.00")):
            self.put_payment(f"pay-{number}", amount, bill=f"bill-{number}")
        self.sync()
        self.sync()
        told = len(self.remote.reports)
        paid = [(100.0, 0.0), (200.0, 0.0)]
        self.assertEqual(self.owed("bill-1", "bill-2"), paid)
        self.patch(RelistingProvider, "offered", False)
        self.lose("pay-1", "pay-2", "bill-2")
        self.sync()
        self.assertEqual(self.owed("bill-1"), [(100.0, 100.0)])
        recovery = self.look()
        self.assertEqual(self.found(recovery), [("bills", "bill-2"), ("payments", "pay-1"), ("payments", "pay-2")])
        recovery.action_bring_in()
        self.sync()
        self.sync()
        self.assertEqual(self.owed("bill-1", "bill-2"), paid)
        self.assertEqual(len(self.remote.reports), told)
        self.assertFalse(self.look().line_ids)

    def owed(self, *bills):
        """Total and what is open of each bill."""
        return [(self.imported(bill).amount_total, self.imported(bill).amount_residual) for bill in bills]

    def test_what_was_deleted_here_is_listed_and_what_a_person_ignored_is_not(self):
        self.delete(self.imported("bill-1") | self.imported("bill-2"))
        self.current(external_id="bill-2")._ignore("Not ours.")
        self.run_worker()
        told = len(self.remote.reports)
        recovery = self.look()
        self.assertEqual(recovery.line_ids.mapped("external_id"), ["bill-1"])
        recovery.action_bring_in()
        self.run_worker()
        self.assertEqual((self.imported("bill-1").state, bool(self.imported("bill-2"))), ("posted", False))
        self.assertEqual(len(self.remote.reports), told)

    def test_what_the_provider_was_not_told_of_is_told(self):
        """The lost database had taken it, and had not answered yet."""
        self.patch(RelistingProvider, "told", False)
        acknowledged = self.remote.calls.count("acknowledge")
        self.bring_in("bill-2")
        self.assertEqual(self.imported("bill-2").state, "posted")
        self.assertEqual([result.external_id for result in self.remote.reports[self.told :]], ["bill-2"])
        self.assertEqual(self.remote.calls.count("acknowledge"), acknowledged, "it left the queue before")

    def test_a_later_version_is_told_as_usual(self):
        self.bring_in("bill-2")
        self.patch(RelistingProvider, "offered", True)
        self.sync_bill("bill-3")
        self.sync()
        self.assertGreater(len(self.remote.reports), self.told)

    def test_what_cannot_be_read_is_said(self):
        self.remote.fail("booked bills 2026-01-01", NetworkError("No answer."))
        recovery = self.look()
        self.assertEqual(recovery.state, "failed")
        self.assertIn("No answer.", recovery.message)
        with self.assertRaises(UserError):
            recovery.action_bring_in()

    def test_the_test_of_the_connection_names_what_odoo_lacks(self):
        self.assertChecked("ok")
        self.lose("bill-2")
        self.connection.action_test()
        self.run_worker()
        (found,) = [finding for finding in self.connection.findings if finding["level"] == "warning"]
        self.assertEqual(self.connection.check_state, "warning")
        self.assertIn("1 record is booked in", found["title"])
        self.assertIn("BILL-2", found["message"])
        self.patch(RelistingProvider, "relists_cheaply", False)
        self.assertChecked("ok")

    def test_only_administrators_look_and_bring_in(self):
        self.lose("bill-2")
        recovery = self.look()
        values = {"connection_id": self.connection.id, "since": "2026-01-01"}
        for group in ("ml_connector.group_ml_connector_user", "ml_connector.group_ml_connector_accountant"):
            person = self.new_user(group, self.company, group, "account.group_account_invoice")
            for refused in (
                lambda person=person: recovery.with_user(person).create(values),
                recovery.with_user(person).action_bring_in,
                self.connection.with_user(person).action_recover,
            ):
                with self.assertRaises(AccessError):
                    refused()

    def test_the_live_database_offers_it(self):
        self.connection.write({"database_oid": "another", "last_success_at": "2026-02-10 12:00:00"})
        action = self.connection.action_adopt_database()
        self.assertEqual(action["res_model"], "ml.recovery")
        recovery = self.env["ml.recovery"].with_context(**action["context"]).create({})
        self.assertEqual((recovery.connection_id, str(recovery.since)), (self.connection, "2026-01-10"))
        self.assertIn("Missing in Odoo", self.connection.message_ids.sorted("id")[-1].body)
