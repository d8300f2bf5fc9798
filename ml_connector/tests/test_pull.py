from ast import literal_eval
from datetime import datetime, timedelta
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import Result
from odoo.addons.ml_connector.core.errors import (
    InvalidDataError,
    LockedPeriodError,
    NetworkError,
    PermanentError,
    RemoteError,
    UnconfirmedError,
)
from odoo.addons.ml_connector.engine.failures import as_connector_error
from odoo.addons.ml_connector.engine.results import Answers
from odoo.addons.ml_connector.importers.ml_importer import ImportEntry

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestPull(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.expense = cls.make_account("PULL01")

    def put_bill(self, external_id="bill-1", account="PULL01", **values):
        return super().put_bill(external_id, account, **values)

    def bills(self):
        return self.env["account.move"].browse(self.ours("ml.binding", kind="bill").mapped("res_id"))

    def test_bill_is_posted_with_its_vendor_once(self):
        self.sync_bill()
        bill = self.bills()
        self.assertEqual((bill.state, bill.ref, bill.amount_total), ("posted", "BILL-1", 100.0))
        self.assertEqual(bill.partner_id.name, "Example Supplies")
        self.assertGreater(bill.partner_id.supplier_rank, 0)
        self.assertEqual(bill.invoice_line_ids.account_id, self.expense)
        self.assertIn("Synced from Fake", bill.message_ids[0].body)
        attempts = self.env["ml.sync.attempt"].search_count([])
        self.sync()
        self.assertEqual(len(self.bills()), 1)
        self.assertEqual(self.env["ml.sync.attempt"].search_count([]), attempts)

    def test_record_waits_for_all_of_its_mappings(self):
        self.sync_bill(lines=[{"amount": "10.00", "account": "NOWHERE1"}, {"amount": "20.00", "account": "NOWHERE2"}])
        first, second = self.logs("bills").waiting_mapping_ids
        first.res_id = self.expense.id
        self.run_worker()
        self.assertEqual(self.logs("bills").state, "waiting")
        second.res_id = self.expense.id
        self.run_worker()
        self.assertEqual(self.logs("bills").state, "done")

    def test_what_cannot_be_booked_costs_itself_only(self):
        """Neither a document that is refused nor a defect of the whole batch."""
        for number in range(5):
            self.put_bill(f"bill-{number}")
        self.put_bill("bill-bad", broken=True)
        writer = self.env.registry["ml.importer.bill"]
        original = writer._apply_batch

        def refuse(writer_self, flow, entries, resolver):
            if any(entry.document.number == "BILL-1" for entry in entries):
                raise ValueError("a defect")
            return original(writer_self, flow, entries, resolver)

        with patch.object(writer, "_apply_batch", refuse), self.assertLogs("odoo.addons.ml_connector", "ERROR"):
            self.sync()
        states = {log.external_id: (log.state, log.error_class) for log in self.logs("bills")}
        self.assertEqual(states.pop("bill-bad"), ("failed", "validation"))
        self.assertEqual(states.pop("bill-1"), ("failed", "bug"))
        self.assertEqual(set(states.values()), {("done", False)})
        self.assertEqual(len(self.bills()), 4)

    def test_results_are_reported_once(self):
        self.put_bill("bill-1")
        self.sync_bill("bill-2", broken=True)
        self.sync()
        outcomes = {report.external_id: report.success for report in self.remote.reports}
        self.assertEqual(outcomes, {"bill-1": True, "bill-2": False})
        self.assertEqual(len(self.remote.reports), 2)
        self.assertIn("The amount is missing.", [report.message for report in self.remote.reports])
        success = next(report for report in self.remote.reports if report.success)
        self.assertEqual(success.reference, self.bills().name)
        self.assertIn(f"/odoo/account.move/{self.bills().id}", success.url)

    def test_people_at_the_provider_are_told_what_to_do_and_nothing_from_inside(self):
        """Each of the three classes that there are for them, and a reference that the search of the sync log finds."""
        self.connection.owner_id.write({"name": "Erin Accountant", "email": "erin@example.com"})
        search = self.env["ml.sync.log"].get_view(view_type="search")["arch"]
        self.assertIn("('external_id', 'ilike', self)", search)
        flow = self.flow("bills")
        values = {"direction": "pull", "kind": "bill", "state": "failed", "external_version": "1"}
        values |= {"name": "Bill", "connection_id": self.connection, "company_id": self.company, "flow_id": flow}
        for key, error, words, hidden in (
            ("told-1", InvalidDataError("They add up to 1."), ("They add up to 1.", "Correct it in Fake"), "Erin"),
            ("told-2", NetworkError("No answer."), ("No answer.", "Erin Accountant (erin@example.com)"), "Correct"),
            ("told-3", KeyError("secret_column"), ("unexpected error", "erin@example.com"), "KeyError"),
            ("told-4", OSError(28, "No space left on device"), ("server", "erin@example.com"), "space"),
            ("told-5", LockedPeriodError("The period is locked."), ("The period is locked.", "Ask Erin"), "Correct"),
        ):
            with self.subTest(error=error):
                entry = ImportEntry(self.make("ml.sync.log", external_id=key, **values), None)
                entry.error = as_connector_error(self.connection, error)
                Answers(self.env).queue(flow, [entry])
                (row,) = self.current("results", key)
                text = row._result().failure_text(1000)
                self.assertHas(text, *words, f"Reference for Odoo: {key}")
                self.assertNotIn(hidden, text)
                # whoever is to be asked by now: it was told already
                self.connection.owner_id.name = f"Erin {key}"
                Answers(self.env).queue(flow, [entry])
                self.assertEqual(self.ours("ml.sync.log", kind="result", external_id=key), row)
                self.connection.owner_id.name = "Erin Accountant"

    def test_a_long_text_keeps_its_end(self):
        result = Result(subject="bill", external_id="b" * 36, success=False, message="x" * 5000, advice="Ask Erin.")
        text = result.failure_text(1000)
        self.assertEqual(len(text), 1000)
        self.assertTrue(text.endswith(f"... Ask Erin. Reference for Odoo: {'b' * 36}"))

    def test_report_in_doubt_is_looked_up_and_goes_again_under_its_key_if_it_did_not_arrive(self):
        lost = UnconfirmedError("The answer did not arrive.")
        for number, (fault, count) in enumerate((((lost, True), 1), (lost, 2))):
            with self.subTest(count=count):
                self.remote.calls.clear()
                self.remote.fail("report", fault)
                self.sync_bill(f"bill-{number}")
                row = self.logs("results")[-1]
                self.assertEqual(row.state, "unknown")
                self.run_worker_later()
                self.assertEqual(row.state, "done")
                self.assertEqual(self.remote.calls.count("report"), count)
                self.assertEqual(list(self.remote.report_keys)[number:], [row.idempotency_key])

    def test_a_payment_is_told_only_once_the_result_of_its_bill_is_settled(self):
        """The provider takes it, or a person gives it up."""
        self.map_bank()
        self.remote.fail("report", RemoteError("It has a fault."), PermanentError("Somebody else told it."))
        self.put_bill()
        self.put_payment()
        self.sync()
        told = self.logs("results")[0]
        self.assertEqual((self.logs("bills").state, self.logs("payments").state), ("done", "done"))
        self.assertEqual((told.state, told.error_class), ("pending", "remote"))
        self.assertFalse(self.remote.reports)
        self.run_worker_later()
        refused, waiting = self.logs("results")
        self.assertEqual((refused.state, waiting.state), ("failed", "waiting"))
        refused._ignore("Done by hand")
        self.run_worker()
        self.assertEqual([report.external_id for report in self.remote.reports], ["payment-1"])
        self.remote.fail("report", RemoteError("It has a fault."))
        self.put_bill("bill-2")
        self.put_payment("payment-2", bill="bill-2")
        self.sync()
        self.assertEqual(len(self.remote.reports), 1)
        self.run_worker_later()
        self.assertEqual([report.external_id for report in self.remote.reports[1:]], ["bill-2", "payment-2"])

    def test_newer_version_supersedes_what_failed_or_waits(self):
        cases = (("bill-0", {"broken": True}, [False, True]), ("bill-1", {"account": "NO"}, [True]))
        for key, values, results in cases:
            self.remote.reports.clear()
            self.sync_bill(key, **values)
            self.sync_bill(key)
            rows = self.ours("ml.sync.log", kind="bill", external_id=key).sorted("id")
            self.assertEqual(rows.mapped("state"), ["superseded", "done"])
            self.assertEqual([report.success for report in self.remote.reports], results)
        self.assertEqual(len(self.bills()), 2)

    def test_change_after_posting_is_shown_and_booked_when_somebody_says_so(self):
        self.sync_bill(amount="100.00")
        old = self.bills()
        self.sync_bill(amount="150.00")
        self.assertEqual(self.bills().amount_total, 100.0)
        log = self.logs("bills")[-1]
        self.assertEqual((log.state, log.outcome), ("done", "drift"))
        self.assertIn("150", log.note)
        log.action_reverse_and_repost()
        self.run_worker()
        self.assertEqual(old.payment_state, "reversed")
        self.assertEqual((log.state, log.outcome), ("done", "created"))
        self.assertEqual((self.bills().amount_total, self.bills().state), (150.0, "posted"))
        self.assertNotEqual(self.bills(), old)
        with self.assertRaises(UserError):
            log.action_reverse_and_repost()

    def test_vendor_that_no_page_brought_is_fetched(self):
        self.put_bill()
        self.flow("vendors").next_run_at = "2999-01-01"
        self.flow("bills").next_run_at = False
        self.run_worker()
        self.assertEqual(len(self.bills()), 1)
        self.assertIn("fetch vendors", self.remote.calls)

    def test_files_come_as_a_step_of_their_own_and_late_ones_once(self):
        self.remote.fail("download", NetworkError("The file cannot be reached."))
        self.sync_bill(files=["invoice.pdf"])
        self.assertEqual((self.logs("bills").state, self.logs("bill_files").state), ("done", "pending"))
        self.logs("bill_files").action_retry()
        self.run_worker()
        files = [("res_model", "=", "account.move"), ("res_id", "=", self.bills().id)]
        self.assertEqual(self.env["ir.attachment"].search(files).mapped("name"), ["invoice.pdf"])
        self.remote.files["late.pdf"] = b"%PDF-1.4 late"
        self.sync_bill(files=["invoice.pdf", "late.pdf"])
        self.sync()
        names = self.env["ir.attachment"].search(files, order="id").mapped("name")
        self.assertEqual(names, ["invoice.pdf", "late.pdf"])

    def test_payment_before_its_bill_waits_for_it_and_needs_nobody_on_the_first_day(self):
        self.map_bank()
        self.put_bill(account="NOWHERE")
        self.put_payment()
        self.sync()
        payment = self.logs("payments")
        self.assertEqual((payment.state, payment.wait_ids.kind), ("waiting", "bill"))
        self.assertEqual(self.to_resolve(), ["bills"])
        self.backdate(payment, days=30)
        self.assertEqual(set(self.to_resolve()), {"bills", "payments"})
        self.logs("bills").waiting_mapping_ids.res_id = self.expense.id
        self.run_worker()
        self.assertEqual(payment.state, "done")
        self.assertEqual(self.bills().amount_residual, 0.0)
        self.assertIn(self.bills().payment_state, ("paid", "in_payment"))

    def to_resolve(self):
        """What the list of sync logs opens with."""
        arch = self.env["ml.sync.log"].get_view(view_type="search")["arch"]
        domain = etree.fromstring(arch).find(".//filter[@name='to_resolve']").get("domain")
        return self.env["ml.sync.log"].search(literal_eval(domain)).flow_id.mapped("key")

    def test_locked_period_is_to_be_resolved(self):
        self.company.purchase_lock_date = "2026-07-31"
        self.sync_bill(date="2026-07-01")
        self.assertEqual((self.to_resolve(), self.logs("bills").state), (["bills"], "waiting"))
        self.assertFalse(self.bills())

    def test_what_the_time_was_too_short_for_goes_on_at_once(self):
        self.put_bill()
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_options: self._keep() and 0)
        self.connection.flow_ids.next_run_at = False
        triggers = [("cron_id", "=", self.connection.cron_id.id)]
        self.env["ir.cron.trigger"].search(triggers).unlink()
        self.run_worker()
        self.assertEqual(self.logs("bills").state, "pending")
        self.assertTrue(self.env["ir.cron.trigger"].search(triggers))

    def test_retry_says_how_many(self):
        for external_id in ("bill-1", "bill-2"):
            self.put_bill(external_id, broken=True)
        self.sync()
        logs = self.logs("bills")
        self.assertTrue(logs.action_retry()["params"]["message"].startswith("Retrying 2 transfers."))
        self.run_worker()
        self.assertTrue(logs[0].action_retry()["params"]["message"].startswith("Retrying 1 transfer."))

    def test_ignored_row_stays_alone(self):
        self.sync_bill(broken=True)
        log = self.logs("bills")
        wizard = self.env["ml.ignore"].create({"reason": "Booked by hand", "log_ids": log.ids})
        wizard.action_confirm()
        self.sync()
        self.assertEqual((log.state, log.ignored_reason), ("ignored", "Booked by hand"))

    def test_dry_run_writes_and_sends_nothing(self):
        self.put_bill("bill-1")
        self.put_bill("bill-2", broken=True)
        moves = self.env["account.move"].search_count([])
        for key in ("vendors", "bills"):
            self.flow(key).action_dry_run()
        self.connection.flow_ids.next_run_at = "2999-01-01"
        self.run_worker()
        vendors, bills = self.env["ml.dry.run"].search([("connection_id", "=", self.connection.id)], order="id")
        self.assertEqual(vendors.create_count, 1)
        self.assertEqual((bills.waiting_count, bills.failed_count), (1, 1))
        self.assertEqual(self.env["account.move"].search_count([]), moves)
        self.assertFalse(self.logs("bills"))
        self.assertFalse(self.remote.reports)

    def test_a_cursor_ahead_of_now_is_set_back(self):
        """A clock that was ahead must not hide what changed since; each cursor keeps its form."""
        flow, now = self.flow("vendors"), fields.Datetime.now()
        ahead = now + timedelta(days=1)
        for cursor in (
            *(ahead.isoformat(), f"{ahead.isoformat()}+00:00", f"{ahead.date()}"),
            *("2036-01-01T00:00:00+00:00", "2036-01-01"),
        ):
            flow.cursor = cursor
            self.sync()
            read_from = self.remote.cursors["vendors"]
            self.assertLess(datetime.fromisoformat(read_from).replace(tzinfo=None), now - timedelta(days=30))
            self.assertEqual(("T" in read_from, "+" in read_from), ("T" in cursor, "+" in cursor))
        for cursor in ("", "next-page", f"{now.isoformat()}+00:00", f"{now.date()}"):
            flow.cursor = cursor
            self.sync()
            self.assertEqual(self.remote.cursors["vendors"], cursor)
