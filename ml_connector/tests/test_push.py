from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.ml_connector.core.errors import NetworkError, PermanentError, RemoteError, UnconfirmedError
from odoo.addons.ml_connector.core.remote import SendResult

from .common import ConnectorCase
from .fake_provider import FakeProvider


@tagged("post_install", "-at_install")
class TestPush(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.flow("vendors_push").write({"active": True, "cursor": "2999-01-01 00:00:00"})

    def vendor(self, **values):
        values = {"name": "Example Supplies", "email": "ap@example.com", **values}
        return self.make("res.partner", **{"supplier_rank": 1, **values})

    def sent_vendor(self):
        """A vendor that the provider has."""
        partner = self.vendor()
        self.run_worker()
        return partner

    def fail_sending(self, *faults):
        """A vendor that meets the faults when it is sent; its transfer."""
        self.remote.fail("send", *faults)
        self.vendor()
        self.run_worker()
        return self.logs("vendors_push")

    def failed(self):
        return self.logs("vendors_push").filtered(lambda log: log.state == "failed")

    def test_new_vendor_is_sent_once(self):
        partner = self.sent_vendor()
        self.run_worker()
        self.assertEqual(len(self.remote.vendors), 1)
        self.assertEqual(self.logs("vendors_push").mapped("state"), ["done"])
        self.assertEqual(self.ours("ml.binding", res_model="res.partner", res_id=partner.id).external_id, "remote-1")
        self.assertEqual(self.logs("vendors_push").check_label, "Check Fake Vendor Again")

    def test_changes_merge_into_one_open_row_and_an_unwatched_field_queues_none(self):
        partner = self.vendor()
        partner.street = "1 Main St"
        partner.city = "Arlington"
        self.assertEqual(len(self.logs("vendors_push")), 1)
        self.run_worker()
        partner.comment = "A note of ours"
        self.assertEqual(len(self.logs("vendors_push")), 1)

    def test_change_without_effect_for_the_vendor_is_not_sent(self):
        partner = self.sent_vendor()
        partner.street = "1 Main St"
        self.run_worker()
        self.assertEqual(self.remote.calls.count("send"), 1)
        self.assertEqual(self.logs("vendors_push")[-1].outcome, "unchanged")

    def test_what_did_not_get_there_as_a_whole_is_sent_anew_with_the_next_change(self):
        sent = []

        def send(provider, flow, payload, external_id, key):
            sent.append(payload)
            return SendResult(external_id="remote-1", note="It has no such group.", is_incomplete=len(sent) == 1)

        self.patch(FakeProvider, "send", send)
        partner = self.vendor()
        self.run_worker()
        self.assertEqual(self.logs("vendors_push").mapped("note"), ["It has no such group."])
        for street in ("1 Main St", "2 Main St"):
            partner.street = street
            self.run_worker()
        self.assertEqual(len(sent), 2)
        self.assertEqual(self.logs("vendors_push").sorted("id").mapped("outcome"), ["sent", "sent", "unchanged"])

    def test_customer_and_other_company_are_not_sent(self):
        self.vendor(supplier_rank=0)
        self.vendor(company_id=self.make("res.company", name="Other company"))
        self.assertFalse(self.logs("vendors_push"))

    def test_what_the_integration_user_may_not_read_is_queued_without_its_name(self):
        partners = self.env["ir.model"]._get_id("res.partner")
        self.env["ir.rule"].create({"name": "x", "model_id": partners, "domain_force": "[('ref', '!=', 'hidden')]"})
        partner, other = self.vendor(ref="hidden"), self.vendor(name="Other Supplies")
        names = [f"(id {partner.id})", "Other Supplies"]
        self.assertEqual(self.logs("vendors_push").mapped("name"), names)
        self.run_worker()
        log = self.logs("vendors_push").filtered(lambda log: log.res_id == partner.id)
        self.assertEqual(log.state, "failed")
        self.assertIn(self.connection.user_id.name, log.error_message)
        self.assertNotIn(partner.name, f"{log.error_message} {log.attempt_ids.mapped('message')}")
        self.assertEqual([vendor["name"] for vendor in self.remote.vendors.values()], [other.name])

    def test_nothing_is_watched_when_the_flow_is_off(self):
        """Whoever asks first: even one who sees inactive flows."""
        self.flow("vendors_push").active = False
        self.env["ml.flow"].with_context(active_test=False)._watched_models()
        self.vendor()
        self.assertFalse(self.logs("vendors_push"))

    def test_unacceptable_vendor_fails_alone_with_advice(self):
        bad = self.vendor(email=False)
        self.vendor()
        self.run_worker()
        failed = self.logs("vendors_push").filtered(lambda log: log.res_id == bad.id)
        self.assertEqual((failed.state, failed.error_class), ("failed", "validation"))
        self.assertIn("e-mail", failed.error_message)
        self.assertTrue(failed.advice)
        self.assertEqual(len(self.remote.vendors), 1)
        bad.email = "ap2@example.com"
        self.run_worker()
        self.assertEqual(failed.state, "done")

    def test_network_failure_is_retried_later(self):
        log = self.fail_sending(NetworkError("The vendor cannot be reached."))
        self.assertEqual((log.state, log.error_class), ("pending", "network"))
        self.assertGreater(log.next_try_at, log.create_date)
        log.action_retry()
        self.run_worker()
        self.assertEqual(log.state, "done")

    def test_what_arrived_and_failed_is_taken_back_when_it_is_taken_back_here(self):
        """The record is as it was when it was sent last, and the provider has other values."""
        partner = self.sent_vendor()
        for error in (RemoteError, UnconfirmedError, PermanentError):
            with self.subTest(error=error):
                self.remote.fail("send", (error("It was done, and failed."), True))
                partner.email = "new@example.com"
                self.run_worker()
                self.assertEqual(self.remote.vendors["remote-1"]["email"], "new@example.com")
                partner.email = "ap@example.com"
                self.run_worker_later()
                self.run_worker_later()
                self.assertEqual(self.remote.vendors["remote-1"]["email"], "ap@example.com")
                self.assertEqual(set(self.logs("vendors_push").mapped("state")) - {"superseded"}, {"done"})

    def test_outcome_in_doubt_is_looked_up_and_sent_again_if_it_did_not_arrive(self):
        lost = UnconfirmedError("The answer did not arrive.")
        for number, (fault, sends) in enumerate((((lost, True), 1), (lost, 2)), 1):
            with self.subTest(sends=sends):
                self.remote.calls.clear()
                log = self.fail_sending(fault)[-1]
                self.assertEqual(log.state, "unknown")
                self.run_worker_later()
                self.assertEqual(log.state, "done")
                self.assertEqual((self.remote.calls.count("send"), self.remote.calls.count("find")), (sends, 1))
                self.assertEqual(len(self.remote.vendors), number)

    def test_change_in_doubt_is_sent_again(self):
        """That the provider has the record does not tell whether the change arrived."""
        partner = self.sent_vendor()
        partner.name = "Example Supplies Ltd"
        self.remote.fail("send", UnconfirmedError("The answer did not arrive."))
        self.run_worker()
        self.run_worker_later()
        self.assertEqual(self.remote.vendors["remote-1"]["name"], "Example Supplies Ltd")
        self.assertEqual(self.remote.calls.count("find"), 0)

    def test_defect_in_one_record_does_not_stop_the_others(self):
        bad = self.vendor(name="Bad")
        self.vendor(name="Good")
        reader = type(self.env["ml.exporter.vendor"])
        document = reader._document

        def broken(self, flow, record):
            if record == bad:
                raise TypeError("a defect")
            return document(self, flow, record)

        self.patch(reader, "_document", broken)
        with self.assertLogs("odoo.addons.ml_connector", "ERROR"):
            self.run_worker()
        self.assertEqual({log.name: log.state for log in self.logs("vendors_push")}, {"Bad": "failed", "Good": "done"})

    def test_defect_while_sending_is_looked_up(self):
        self.remote.fail("send", (TypeError("a defect"), True))
        self.vendor(name="First")
        self.vendor(name="Second")
        with self.assertLogs("odoo.addons.ml_connector", "ERROR"):
            self.run_worker()
        self.assertEqual(sorted(self.logs("vendors_push").mapped("state")), ["done", "unknown"])
        self.run_worker_later()
        self.assertEqual(self.logs("vendors_push").mapped("state"), ["done", "done"])
        self.assertEqual(len(self.remote.vendors), 2)

    def test_change_during_doubt_waits_for_the_look_up(self):
        self.remote.fail("send", (UnconfirmedError("The answer did not arrive."), True))
        partner = self.vendor()
        self.run_worker()
        partner.name = "Example Supplies Ltd"
        self.remote.fail("find", NetworkError("The vendor cannot be reached."))
        self.run_worker_later()
        self.assertEqual(self.remote.calls.count("send"), 1)
        self.run_worker_later()
        self.run_worker_later()
        self.assertEqual(len(self.remote.vendors), 1)
        self.assertEqual(self.remote.vendors["remote-1"]["name"], "Example Supplies Ltd")

    def test_user_settles_a_doubt_that_cannot_be_looked_up(self):
        self.remote.fail("find", NotImplementedError())
        log = self.fail_sending(UnconfirmedError("The answer did not arrive."))
        self.run_worker_later()
        self.assertEqual(log.state, "unknown")
        log.action_not_arrived()
        self.run_worker()
        self.assertEqual(log.state, "done")

    def test_row_of_a_dead_worker_is_looked_up(self):
        self.vendor()
        log, past = self.logs("vendors_push"), "2026-01-01"
        log.write({"state": "running", "lease_until": past, "sent_at": past, "payload": {"our_id": "0"}})
        self.run_worker()
        self.assertEqual(log.state, "done")
        self.assertIn("find", self.remote.calls)

    def test_lease_protects_a_running_row(self):
        self.vendor()
        log = self.logs("vendors_push")
        log.write({"state": "running", "lease_until": fields.Datetime.now() + timedelta(seconds=30)})
        self.run_worker()
        self.assertEqual(log.state, "running")
        self.assertFalse(self.remote.vendors)

    def test_no_lease_is_years_long(self):
        """The server's clock was ahead when it was given."""
        self.vendor()
        log = self.logs("vendors_push")
        for lease_until in ("2036-01-01", "2999-01-01", fields.Datetime.now() + timedelta(hours=1)):
            log.write({"state": "running", "lease_until": lease_until})
            self.run_worker()
            self.assertEqual((log.state, log.lease_until), ("done", False))
        self.assertEqual(len(self.remote.vendors), 1)

    def test_sweep_finds_what_bypassed_the_orm(self):
        partner = self.sent_vendor()
        self.env["ml.binding"].search([]).synced_at = "2026-01-01"
        self.env.cr.execute("UPDATE res_partner SET name = 'Renamed', write_date = now() WHERE id = %s", [partner.id])
        self.env.invalidate_all()
        self.flow("vendors_push").write({"cursor": "2026-01-01 00:00:00", "next_run_at": False})
        self.run_worker()
        self.assertEqual(self.remote.vendors["remote-1"]["name"], "Renamed")

    def test_what_was_sent_and_is_deleted_is_told(self):
        partner, unsent = self.vendor(), self.vendor(name="Never sent")
        self.logs("vendors_push").filtered(lambda log: log.res_id == unsent.id).unlink()
        self.run_worker()
        (remote_id,) = self.remote.vendors
        name = partner.display_name
        (partner | unsent).unlink()
        log = self.failed()
        self.assertEqual((log.name, log.external_id), (name, remote_id))
        self.assertIn("was deleted in Odoo", log.error_message)
        log.action_retry()
        self.run_worker()
        self.assertEqual(log.state, "superseded", "nothing is left to be sent")

    def test_what_is_merged_is_not_told_as_deleted(self):
        partner, other = self.vendor(), self.vendor(name="Other")
        self.run_worker()
        self.make("base.partner.merge.automatic.wizard")._merge((partner | other).ids, other)
        self.assertFalse(self.failed())

    def test_record_deleted_before_the_commit_is_not_queued(self):
        self.vendor().unlink()
        self.assertFalse(self.logs("vendors_push"))

    def test_deleted_record_is_not_sent(self):
        partner = self.vendor()
        self.env.cr.flush()
        partner.unlink()
        self.run_worker()
        self.assertEqual(self.logs("vendors_push").state, "superseded")
        self.assertFalse(self.remote.vendors)

    def bank_account(self, partner, **values):
        return self.make("res.partner.bank", partner_id=partner, acc_number="DE89 3704 0044 0532 0130 00", **values)

    def document(self, partner):
        return self.env["ml.exporter.vendor"]._document(self.flow("vendors_push"), partner)

    def test_bank_accounts_go_along_only_where_chosen_and_where_payments_are_allowed(self):
        partner = self.vendor()
        account = self.bank_account(partner, allow_out_payment=False)
        self.assertFalse(self.flow("vendors_push").send_bank_accounts)
        account.allow_out_payment = True
        self.assertFalse(self.document(partner).pay_to)
        self.flow("vendors_push").send_bank_accounts = True
        (sent,) = self.document(partner).pay_to
        self.assertEqual((sent.number, sent.country, sent.holder), ("DE89370400440532013000", "DE", "Example Supplies"))
        account.allow_out_payment = False
        self.assertFalse(self.document(partner).pay_to)

    def test_groups_follow_the_tags_that_were_chosen(self):
        marketing, head_office, other = (
            self.make("res.partner.category", name=name) for name in ("Marketing", "Head Office", "Newsletter")
        )
        partner = self.vendor(category_id=(marketing | other).ids)
        self.assertFalse(self.document(partner).memberships)
        self.flow("vendors_push").group_tag_ids = marketing | head_office
        self.assertEqual(self.document(partner).memberships, {"Marketing": True, "Head Office": False})
        partner.category_id = head_office
        self.assertEqual(self.document(partner).memberships, {"Marketing": False, "Head Office": True})

    def test_a_tag_that_is_chosen_sends_the_vendors_that_have_it(self):
        tag = self.make("res.partner.category", name="Marketing")
        tagged, _other = self.vendor(category_id=tag.ids), self.vendor()
        self.run_worker()
        rows = self.logs("vendors_push")
        self.flow("vendors_push").group_tag_ids = tag
        self.env.cr.flush()
        self.assertEqual((self.logs("vendors_push") - rows).res_id, tagged.id)

    def test_a_changed_bank_account_is_a_change_of_its_vendor(self):
        partner = self.sent_vendor()
        rows = len(self.logs("vendors_push"))
        self.bank_account(partner)
        self.assertEqual(len(self.logs("vendors_push")), rows + 1)
