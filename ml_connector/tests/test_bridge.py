"""Bills and orders of one connection that go on to another one, straight or through Odoo's books."""

import dataclasses
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import BillLine
from odoo.addons.ml_connector.core.errors import InvalidDataError, NetworkError, RemoteError, UnconfirmedError
from odoo.addons.ml_connector.providers import PROVIDERS

from .common import ConnectorCase
from .fake_flows import changed
from .target_provider import SourceProvider, TargetProvider


class BridgeCase(ConnectorCase):
    mode = "bridge"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": SourceProvider, "target": TargetProvider}))
        cls.connection._sync_flows()
        cls.target = cls._connect(cls.company, "Books", "target")
        cls.target.flow_ids.active = True
        cls.target.flow_ids.filtered(lambda flow: flow.direction == "push").cursor = "2999-01-01 00:00:00"
        # only records that need a vendor of this database should be sent
        cls.target.flow_ids.filtered(lambda flow: flow.kind == "vendor").vendor_mode = "when_needed"
        cls.connection.write({"target_id": cls.target.id, "target_mode": cls.mode})
        of_company = [("code", "=", "600000"), ("company_ids", "in", cls.company.ids)]
        cls.expense = cls.env["account.account"].search(of_company, limit=1)

    def setUp(self):
        super().setUp()
        self.put_code("T600", "600000")

    def put_code(self, external_id, code, kind="account", **values):
        """A code of the target."""
        self.remote.put("codes", external_id, {"kind": kind, "code": code, "name": f"{code} there", **values})

    def put_credit(self, account="600000"):
        lines = [{"amount": "25.00", "account": account}]
        self.remote.put("credits", "credit-1", {"number": "CN-1", "vendor": "vendor-1", "lines": lines})

    def run_target(self, times=1):
        for _run in range(times):
            self.env.cr.flush()
            self._keep()
            self.target._cron_run()
            self.env.invalidate_all()

    def deliver(self):
        """The target takes what is queued, and the source hears of it."""
        self.run_target(2)
        self.run_worker()

    def bring(self):
        """Codes of the target, then what the source has; both jobs until nothing moves."""
        self.target.flow_ids.filtered(lambda flow: flow.kind == "reference").next_run_at = False
        self.run_target()
        self.sync()
        self.deliver()

    def bring_bill(self, *args, **values):
        self.put_bill(*args, **values)
        self.bring()

    def pause_target(self):
        self.bring()
        self.target.state = "paused"

    def resume_target(self):
        self.target.state = "connected"
        self.deliver()

    def sent(self, key="bills_out"):
        return list(self.remote.vendors.get(key, {}).values())

    def target_logs(self, key="bills_out"):
        return self.env["ml.sync.log"].search(
            [("connection_id", "=", self.target.id), ("flow_id.key", "=", key)], order="id"
        )

    def bridged(self):
        return self.env["ml.bridged.document"].search([("connection_id", "=", self.connection.id)], order="id")

    def forwarded(self, external_id):
        return self.rows("forward", external_id)

    def target_code(self, external_id="T600"):
        return self.rows("in", external_id, self.target)

    def rows(self, direction, external_id, connection=None):
        of_connection = [("connection_id", "=", (connection or self.connection).id), ("direction", "=", direction)]
        return self.env["ml.mapping"].search([*of_connection, ("external_id", "=", external_id)])

    def results(self):
        return [(result.external_id, result.success) for result in self.remote.reports]


class BothModes:
    """What a forwarded document and a posted bill have in common; `record` is the one or the other."""

    def test_the_source_is_told_success_only_when_the_target_has_it(self):
        self.pause_target()
        self.bring_bill()
        self.assertEqual((self.logs("bills").state, self.sent(), self.results()), ("done", [], []))
        self.resume_target()
        self.assertEqual([bill["number"] for bill in self.sent()], ["BILL-1"])
        self.assertEqual(self.results(), [("bill-1", True)])
        self.assertEqual(self.remote.reports[0].reference, "bills_out-1")

    def test_what_the_target_refuses_is_shown_at_the_source_and_heals(self):
        self.remote.fail("send bills_out", InvalidDataError("The period is closed."))
        self.bring_bill()
        self.assertEqual((self.target_logs().state, self.results()), ("failed", [("bill-1", False)]))
        self.assertEqual(self.remote.reports[0].message, "The period is closed.")
        self.target_logs().action_retry()
        self.deliver()
        self.assertEqual(self.results(), [("bill-1", False), ("bill-1", True)])
        self.assertEqual(len(self.sent()), 1)

    def test_files_follow(self):
        self.bring_bill(files=["invoice.pdf"])
        self.run_target()
        (file,) = self.sent("files_out")
        self.assertEqual((file["parent"], file["name"]), ("bills_out-1", "invoice.pdf"))
        self.assertEqual(self.record().message_main_attachment_id.name, "invoice.pdf")


@tagged("post_install", "-at_install")
class TestBridgeOnly(BothModes, BridgeCase):
    def record(self):
        return self.bridged()

    def test_a_bill_goes_straight_on_in_the_words_of_the_target(self):
        moves = self.env["account.move"].search_count([])
        self.bring_bill()
        (sent,) = self.sent()
        self.assertEqual((sent["number"], sent["total"], sent["currency"]), ("BILL-1", "100.00", "USD"))
        self.assertEqual(sent["lines"][0]["account"]["external_id"], "T600")
        self.assertEqual(sent["vendor"]["external_id"], "vendors_out-1")
        self.assertEqual(self.sent("vendors_out")[0]["name"], "Example Supplies")
        self.assertEqual(self.env["account.move"].search_count([]), moves)
        record = self.bridged()
        self.assertEqual((record.name, record.amount_total), ("BILL-1", 100))
        self.assertEqual(record.partner_id.name, "Example Supplies")
        for connection, external_id in ((self.connection, "bill-1"), (self.target, "bills_out-1")):
            bindings = self.env["ml.binding"].search(
                [("connection_id", "=", connection.id), ("res_model", "=", record._name), ("res_id", "=", record.id)]
            )
            self.assertIn(external_id, bindings.mapped("external_id"))

    def test_a_code_that_the_target_lacks_is_created_there_and_used_at_once(self):
        self.bring_bill(account="7777")
        self.assertEqual(self.logs("bills").state, "waiting")
        code = self.forwarded("7777")
        code.action_create_in_provider()
        self.assertEqual(code.creation, "Creating")
        told = self.env["ml.sync.attempt"].search([("res_model", "=", code._name), ("res_id", "=", code.id)])
        self.assertEqual((told.action, told.person), ("create_remote", self.env.user.name))
        self.bring()
        (made,) = self.sent("accounts_out")
        self.assertEqual((made["code"], made["classification"]), ("7777", "expense"))
        self.assertEqual((code.state, code.creation), ("mapped", False))
        self.assertEqual(code.code_id.external_id, "made-7777")
        (sent,) = self.sent()
        self.assertEqual(sent["lines"][0]["account"]["external_id"], "made-7777")

    def test_a_dimension_is_created_in_the_field_to_which_its_other_codes_belong(self):
        self.put_code("field-1", "Department", "plan")
        self.put_code("D1", "D1", "analytic", group="Department there")
        for code in ("D1", "D2"):
            self.remote.put("coding", code, {"kind": "analytic", "code": code, "name": code, "group": "Team"})
        self.bring()
        new = self.forwarded("D2")
        new.action_create_in_provider()
        self.bring()
        (made,) = self.sent("values_out")
        self.assertEqual((made["code"], made["dimension_external_id"]), ("D2", "field-1"))
        self.assertEqual(new.code_id.external_id, "made-D2")

    def test_what_passes_by_itself_is_not_reported(self):
        self.remote.fail("send bills_out", NetworkError("The vendor cannot be reached."))
        self.bring_bill()
        self.assertEqual((self.target_logs().state, self.results()), ("pending", []))

    def test_an_unmapped_code_parks_the_bill_until_somebody_maps_it(self):
        self.bring_bill(account="777777")
        log = self.logs("bills")
        self.assertEqual((log.state, log.waiting_mapping_ids.external_id), ("waiting", "777777"))
        self.assertFalse(self.bridged())
        log.waiting_mapping_ids.code_id = self.target_code()
        self.run_worker()
        self.run_target(2)
        self.assertEqual(self.sent()[0]["lines"][0]["account"]["external_id"], "T600")

    def test_a_code_that_comes_to_the_target_releases_by_itself(self):
        self.bring_bill(account="777777")
        self.put_code("T777", "777777")
        self.bring()
        self.assertEqual(self.sent()[0]["lines"][0]["account"]["external_id"], "T777")

    def test_codes_agree_through_the_record_of_odoo_that_both_stand_for(self):
        other = self.expense.copy({"code": "612345"})
        self.put_code("T888", "888")
        self.bring_bill(account="777777")
        self.target_code("T888").res_id = other.id
        waiting = self.logs("bills").waiting_mapping_ids
        self.map("account", "777777", other)
        self.assertEqual(waiting.state, "unmapped")
        waiting.action_propose()
        self.assertEqual(waiting.code_id.external_id, "T888")

    def test_what_is_proposed_is_told(self):
        self.remote.put("coding", "777777", {"kind": "account", "code": "777777", "name": "Later"})
        self.bring()
        code, record = self.rows("in", "777777"), self.expense.copy({"code": "777777"})
        self.assertEqual(code.action_propose()["params"]["message"], "1 code mapped.")
        self.assertEqual((code.res_id, self.forwarded("777777").state), (record.id, "unmapped"))
        decided = self.env["ml.sync.attempt"].search([("connection_id", "=", self.connection.id)], limit=1)
        self.assertEqual((decided.action, decided.person), ("propose", self.env.user.name))
        self.assertIn(record.name, decided.new_value)

    def test_a_code_that_is_left_out_is_not_sent(self):
        self.bring_bill(account="777777")
        self.logs("bills").waiting_mapping_ids.is_ignored = True
        self.run_worker()
        self.run_target(2)
        self.assertEqual(self.target_logs().error_message, "A line has no account.")

    def test_lines_without_an_account_wait_until_somebody_says_what_they_stand_for(self):
        line = BillLine(amount=Decimal(10), description="Paper")
        translated = SourceProvider._bills

        def with_uncoded_line(provider, payload):
            bill = translated(provider, payload)
            return dataclasses.replace(bill, lines=(*bill.lines, line), total=bill.total + 10)

        self.patch(SourceProvider, "_bills", with_uncoded_line)
        self.bring_bill()
        log = self.logs("bills")
        self.assertEqual((log.state, self.sent(), self.results()), ("waiting", [], []))
        self.assertIn("lines without an account", log.error_message)
        log.waiting_mapping_ids.code_id = self.target_code()
        self.run_worker()
        self.run_target(2)
        self.assertEqual([line["account"]["external_id"] for line in self.sent()[0]["lines"]], ["T600", "T600"])

    def test_another_method_keeps_what_is_mapped_for_both(self):
        self.bring_bill(account="777777")
        target_code = self.forwarded("777777").code_id = self.target_code()
        self.bring_bill("bill-2", account="888888")
        self.assertEqual(self.logs("bills")[-1].state, "waiting")
        self.connection.target_mode = "ledger"
        self.run_worker()
        self.assertEqual(self.logs("bills")[-1].waiting_mapping_ids, self.rows("in", "888888"))
        code = self.map("account", "777777", self.expense)
        self.connection.target_mode = "bridge"
        self.run_worker()
        self.assertEqual(self.logs("bills")[-1].waiting_mapping_ids, self.forwarded("888888"))
        self.assertEqual((code.res_id, code.state), (self.expense.id, "mapped"))
        self.assertEqual((self.forwarded("777777").code_id, self.forwarded("777777").state), (target_code, "mapped"))

    def test_codes_are_listed_to_be_forwarded_once_a_connection_only_forwards(self):
        self.connection.target_mode = "ledger"
        self.remote.put("coding", "600000", {"kind": "account", "code": "600000", "name": "Here"})
        self.bring()
        self.assertFalse(self.forwarded("600000"))
        self.connection.target_mode = "bridge"
        self.assertEqual(self.forwarded("600000").code_id.external_id, "T600")

    def test_a_code_of_another_kind_or_connection_is_refused(self):
        self.remote.put("coding", "600001", {"kind": "account", "code": "600001", "name": "Here"})
        self.put_code("T9", "T9", "tax")
        self.bring()
        of_source = self.map("account", "600002", self.expense)
        for refused in (of_source, self.target_code("T9"), self.forwarded("600001")):
            with self.subTest(refused.external_id), self.assertRaises(ValidationError):
                self.forwarded("600001").code_id = refused

    def test_a_change_before_it_was_sent_is_taken_along(self):
        self.pause_target()
        self.bring_bill()
        self.sync_bill(amount="120.00")
        self.target.state = "connected"
        self.run_target(2)
        self.assertEqual([bill["total"] for bill in self.sent()], ["120.00"])
        self.assertEqual(self.bridged().amount_total, 120)

    def test_a_change_after_it_was_sent_is_shown_and_never_sent(self):
        self.bring_bill()
        self.sync_bill(amount="120.00")
        self.run_target()
        self.run_worker()
        self.assertEqual(self.target_logs().mapped("outcome"), ["sent", "drift"])
        self.assertEqual([bill["total"] for bill in self.sent()], ["100.00"])
        self.assertEqual(self.results(), [("bill-1", True)])

    def test_a_bill_taken_back_after_it_was_sent_asks_a_person(self):
        self.bring_bill()
        self.sync_bill(void=True)
        self.run_target()
        self.run_worker()
        self.assertEqual((self.target_logs()[-1].state, self.target_logs()[-1].error_class), ("failed", "conflict"))
        self.assertEqual(self.results(), [("bill-1", True)])

    def test_a_bill_taken_back_before_it_was_sent_stays(self):
        self.pause_target()
        self.bring_bill()
        self.sync_bill(void=True)
        self.target.state = "connected"
        self.run_target()
        self.assertEqual((self.target_logs().state, self.sent()), ("ignored", []))

    def test_the_same_bill_twice_at_the_source_goes_once(self):
        self.put_bill()
        self.bring_bill("bill-2", number="BILL-1")
        self.assertEqual(len(self.sent()), 1)
        self.assertEqual(self.logs("bills").mapped("error_class"), [False, "duplicate"])

    def test_a_time_out_after_the_effect_makes_no_second_bill(self):
        self.remote.fail("send bills_out", (UnconfirmedError("No answer came."), True))
        self.bring_bill()
        self.assertEqual((self.target_logs().state, self.results()), ("unknown", []))
        self.target_logs().next_try_at = "2026-01-01"
        self.run_target()
        self.run_worker()
        self.assertEqual((len(self.sent()), self.results()), (1, [("bill-1", True)]))
        self.assertEqual(self.remote.calls.count("send bills_out"), 1)

    def test_what_a_person_saw_arrive_is_told_to_the_source(self):
        self.remote.fail("send bills_out", (UnconfirmedError("No answer came."), True))
        self.bring_bill()
        self.target_logs().action_arrived()
        self.run_worker()
        self.assertEqual((self.target_logs().state, self.results()), ("done", [("bill-1", True)]))

    def test_bills_of_a_vendor_arrive_in_their_order(self):
        self.pause_target()
        self.remote.put("vendors", "vendor-2", {"name": "Other Supplies"})
        for number in range(1, 4):
            self.put_bill(f"bill-{number}")
        self.bring_bill("bill-4", vendor="vendor-2")
        self.target.state = "connected"
        self.remote.fail("send bills_out", RemoteError("The vendor has a fault."))
        self.run_target(2)
        self.assertEqual([bill["number"] for bill in self.sent()], ["BILL-4"])
        self.assertEqual(self.target_logs().mapped("state"), ["pending"] * 3 + ["done"])
        self.assertEqual(self.target_logs().mapped("try_count"), [1, 0, 0, 1])
        self.target_logs().next_try_at = "2026-01-01"
        self.run_target()
        self.assertEqual([bill["number"] for bill in self.sent()], ["BILL-4", "BILL-1", "BILL-2", "BILL-3"])

    def test_a_bill_that_needs_a_person_holds_no_other_up(self):
        self.pause_target()
        for number in range(1, 3):
            self.bring_bill(f"bill-{number}")
        self.target.state = "connected"
        self.remote.fail("send bills_out", InvalidDataError("The period is closed."))
        self.run_target(2)
        self.assertEqual(self.target_logs().mapped("state"), ["failed", "done"])

    def test_a_bill_counts_at_the_target_only_once_its_files_are_there(self):
        self.remote.fail("download", NetworkError("The vendor cannot be reached."))
        self.bring_bill(files=["invoice.pdf"])
        (release,) = self.target_logs("release_out")
        self.assertEqual((len(self.sent()), release.state, release.error_class), (1, "pending", "awaited"))
        self.run_worker_later()
        self.run_target(2)
        sends = [call for call in self.remote.calls if call in ("send files_out", "send release_out")]
        self.assertEqual(sends, ["send files_out", "send release_out"])

    def test_files_that_cannot_be_had_hold_nothing_up(self):
        self.remote.fail("download", InvalidDataError("The file is broken."))
        self.bring_bill(files=["invoice.pdf"])
        self.assertEqual(self.logs("bill_files").state, "failed")
        self.target_logs("release_out").filtered(lambda log: log.state == "pending").next_try_at = "2026-01-01"
        self.run_target()
        self.assertEqual(len(self.sent("release_out")), 1)

    def test_a_credit_is_negative_here_and_a_credit_there(self):
        self.put_bill()
        self.put_credit()
        self.bring()
        credit = next(bill for bill in self.sent() if bill["is_credit"])
        self.assertEqual((credit["number"], credit["total"]), ("CN-1", "25.00"))
        self.assertEqual(self.bridged().filtered(lambda record: record.name == "CN-1").amount_total, -25)

    def test_what_is_booked_in_odoo_all_the_same_waits_for_an_odoo_record(self):
        carrier = changed(TargetProvider.flow_class("bills_out"), carries=("bill",))
        others = [flow for flow in TargetProvider.flows if flow.key != "bills_out"]
        self.patch(TargetProvider, "flows", (*others, carrier))
        self.put_code("T777", "777777")
        self.put_bill(account="777777")
        self.put_credit("777777")
        self.bring()
        self.assertEqual(len(self.sent()), 1)
        credit = self.logs("credits")
        self.assertEqual((credit.state, credit.waiting_mapping_ids.external_id), ("waiting", "777777"))
        credit.waiting_mapping_ids.res_id = self.expense.id
        self.run_worker()
        self.assertEqual((credit.state, credit.res_model), ("done", "account.move"))

    def test_an_order_goes_on_with_its_project_and_the_bill_names_it(self):
        self.put_code("project:P1", "P1", "analytic", name="Bridge")
        self.remote.put("coding", "project-1", {"kind": "analytic", "code": "P1", "name": "Bridge"})
        lines = [{"quantity": "2", "price": "9.50", "account": "600000", "project": "project-1"}]
        self.remote.put("orders", "order-1", {"number": "PO-1", "vendor": "vendor-1", "lines": lines})
        self.bring_bill(order="order-1")
        (order,) = self.sent("orders_out")
        (line,) = order["lines"]
        self.assertEqual((line["quantity"], line["unit_price"]), ("2", "9.50"))
        self.assertEqual(line["analytics"][0]["reference"]["external_id"], "project:P1")
        self.assertEqual(self.sent()[0]["purchase_order"], "orders_out-1")

    def test_a_payment_of_a_bill_that_is_not_in_the_books_is_left_alone(self):
        self.map_bank()
        self.put_bill()
        self.put_payment()
        self.bring()
        self.assertEqual((self.logs("payments").state, self.logs("payments").error_class), ("ignored", "not_wanted"))

    def test_records_go_on_only_once_and_within_the_company(self):
        with self.assertRaises(ValidationError):
            self.target.target_id = self.connection
        other = self._connect(self.env["res.company"].create({"name": "Other"}), "Elsewhere")
        with self.assertRaises(UserError):
            other.target_id = self.target

    def test_only_fitting_targets_are_offered_and_what_is_off_is_named(self):
        self.assertEqual(self.connection.target_option_ids, self.target)
        self.assertFalse(self.target.target_option_ids)
        self.assertFalse(self.connection.target_hint)
        self.target.flow_ids.filtered(lambda flow: flow.key == "bills_out").active = False
        self.assertIn("bills_out", self.connection.target_hint)

    def test_a_dry_run_shows_what_would_go_on(self):
        self.bring_bill()
        self.put_bill("bill-2")
        dry_run = self.env["ml.dry.run"].create({"flow_id": self.flow("bills").id})
        self.run_worker()
        outcomes = {line.external_id: line.outcome for line in dry_run.line_ids}
        self.assertEqual(outcomes, {"bill-1": "updated", "bill-2": "created"})
        self.assertEqual(len(self.bridged()), 1)


@tagged("post_install", "-at_install")
class TestThroughTheBooks(BothModes, BridgeCase):
    mode = "ledger"

    def record(self):
        return self.env["account.move"].search([("ref", "=", "BILL-1"), ("company_id", "=", self.company.id)])

    def test_a_bill_is_posted_and_is_no_forwarded_document(self):
        self.bring_bill()
        self.assertEqual((self.record().state, self.bridged().ids), ("posted", []))
        self.assertEqual(self.sent()[0]["odoo_id"], self.record().id)

    def test_what_cannot_be_booked_is_shown_at_the_source_at_once(self):
        self.bring_bill(broken=True)
        self.assertEqual((self.sent(), self.results()), ([], [("bill-1", False)]))

    def test_a_draft_goes_on_when_somebody_posts_it(self):
        self.flow("bills").post_bills = False
        self.bring_bill()
        self.assertEqual((self.record().state, self.sent(), self.results()), ("draft", [], []))
        self.record().action_post()
        self.deliver()
        self.assertEqual((len(self.sent()), self.results()), (1, [("bill-1", True)]))

    def test_a_payment_is_told_only_after_its_bill(self):
        self.map_bank()
        self.pause_target()
        self.put_bill()
        self.put_payment()
        self.bring()
        self.assertEqual((self.logs("payments").state, self.results()), ("done", []))
        (result,) = self.logs("results")
        self.assertEqual((result.external_id, result.state, result.wait_ids.name), ("payment-1", "waiting", "bill-1"))
        self.resume_target()
        self.assertEqual(self.results(), [("bill-1", True), ("payment-1", True)])

    def test_a_payment_of_a_bill_that_was_told_before_is_told_at_once(self):
        self.map_bank()
        self.bring_bill()
        self.put_payment()
        self.sync()
        self.assertEqual(self.results(), [("bill-1", True), ("payment-1", True)])

    def test_a_bill_that_went_through_the_books_is_not_bridged_later(self):
        self.bring_bill()
        self.connection.target_mode = "bridge"
        self.bring_bill(amount="120.00")
        self.assertEqual(self.logs("bills")[-1].error_class, "conflict")
        self.assertEqual((len(self.sent()), self.bridged().ids), (1, []))
