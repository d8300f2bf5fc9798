"""Rows that wait for a change of Odoo go on by the change itself, and what hangs on them with them."""

from odoo import Command, fields
from odoo.tests import tagged

from odoo.addons.ml_connector.core.errors import (
    ConnectorError,
    LockedPeriodError,
    MappingError,
    PermanentError,
    RemoteError,
)
from odoo.addons.ml_connector.engine.failures import failure_values
from odoo.addons.ml_connector.models.ml_error_class import ERROR_CLASSES

from .common import ConnectorCase
from .test_push_kinds import PushCase


class WaitCase(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.make_account("600777", company_ids=[Command.set(cls.company.ids)])
        banks = [("type", "=", "bank"), ("company_id", "=", cls.company.id)]
        cls.bank = cls.env["account.journal"].search(banks, limit=1)

    def setUp(self):
        super().setUp()
        self.map("journal", "bank", self.bank)
        self.map("account", "600777", self.account)

    def put(self, external_id="bill-1", account="600777", **values):
        self.put_bill(external_id, account, **values)


@tagged("post_install", "-at_install")
class TestWaits(WaitCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        values = {"type": "purchase", "company_id": cls.company}
        cls.journal = cls.make("account.journal", name="Bills", code="WAITS", **values)
        cls.connection.flow_ids.filtered(lambda flow: flow.key == "bills").journal_id = cls.journal

    def sync_one(self, **values):
        self.put(**values)
        self.sync()
        return self.row()

    def sync_payment(self):
        self.put_payment()
        self.sync()
        return self.row("payments")

    def row(self, flow="bills", external_id=None):
        return self.logs(flow).filtered(lambda log: log.is_current and external_id in (None, log.external_id))

    def waits(self, row, error_class="not_ready"):
        """It waits, nothing is reported to the provider, and a retry changes nothing."""
        self.assertEqual((row.state, row.error_class), ("waiting", error_class), row.error_message)
        self.assertTrue(row.error_message and row.advice)
        self.assertFalse([report for report in self.remote.reports if not report.success])
        row.action_retry()
        self.run_worker()
        self.assertEqual((row.state, row.error_class), ("waiting", error_class))

    def goes_on(self, row, state="done"):
        """By itself: the change alone put it back to work."""
        self.assertEqual(row.state, "pending")
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", self.connection.cron_id.id)]))
        self.run_worker()
        self.assertEqual(row.state, state, row.error_message)
        self.assertFalse(row.wait_ids or (state == "done" and row.error_message))

    # ------------------------------------------------------------------ currencies

    def test_currency_is_activated_and_its_rate_entered(self):
        krona = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "SEK")])
        krona.active = False
        krona.rate_ids.unlink()
        self.put("bill-2", currency="SEK")
        rows = self.sync_one(currency="SEK")
        for row in rows:
            self.waits(row)
            self.assertIn("not active", row.error_message)
        krona.active = True
        self.assertEqual(set(rows.mapped("state")), {"pending"})
        self.run_worker()
        for row in rows:
            self.waits(row)
            self.assertIn("exchange rate", row.error_message)
        rate = {"name": "2026-01-01", "company_rate": 10}
        self.make("res.currency.rate", currency_id=krona, company_id=self.company, **rate)
        self.goes_on(rows[0])
        self.assertEqual(rows[1].state, "done")
        self.assertTrue(all(report.success for report in self.remote.reports))

    def test_a_currency_that_odoo_does_not_know_is_for_a_person(self):
        row = self.sync_one(currency="XTS")
        self.assertEqual((row.state, row.error_class), ("failed", "validation"))

    # ------------------------------------------------------------------ periods

    def lock(self, name="purchase_lock_date"):
        self.company[name] = "2026-07-31"
        self.sync_one(date="2026-07-01")
        row = self.current()
        self.waits(row, "locked_period")
        return row

    def test_each_lock_date_is_opened(self):
        for name in ("purchase_lock_date", "fiscalyear_lock_date"):
            with self.subTest(name):
                row = self.lock(name)
                self.company[name] = False
                self.goes_on(row)
                self.imported().button_draft()
                self.imported().unlink()
                row.unlink()

    def test_an_exception_of_the_lock_date_is_granted(self):
        row = self.lock()
        values = {"user_id": False, "purchase_lock_date": "2026-06-30"}
        end = fields.Datetime.add(self.env.cr.now(), days=1)
        self.make("account.lock_exception", company_id=self.company, end_datetime=end, **values)
        self.goes_on(row)
        self.assertEqual(str(self.imported().date), "2026-07-01")

    def test_the_flow_may_book_on_the_next_open_day(self):
        row = self.lock()
        self.flow("bills").lock_date_policy = "next_open_day"
        self.goes_on(row)
        self.assertEqual(str(self.imported().date), "2026-08-01")

    def test_the_lock_date_of_a_journal(self):
        """As other addons have them."""
        values = {"name": "x_fiscalyear_lock_date", "field_description": "Journal Lock Date", "ttype": "date"}
        self.make("ir.model.fields", model_id=self.env["ir.model"]._get_id("account.journal"), **values)
        self.addCleanup(self.registry.reset_changes)
        self.journal = self.journal.with_env(self.env)
        self.journal.x_fiscalyear_lock_date = "2026-10-31"
        self.put("bill-2", date="2026-10-31")
        self.lock()
        later = self.row(external_id="bill-2")
        self.waits(later, "locked_period")
        self.assertIn("Journal Lock Date: Oct 31, 2026", later.error_message)
        self.flow("bills").lock_date_policy = "next_open_day"
        self.run_worker()
        self.assertEqual(str(self.imported().date), "2026-11-01")
        self.assertEqual(later.state, "done")
        self.flow("bills").lock_date_policy = "park"
        self.put("bill-3", date="2026-10-01")
        self.sync()
        row = self.row(external_id="bill-3")
        self.waits(row, "locked_period")
        self.journal.x_fiscalyear_lock_date = False
        self.goes_on(row)

    # ------------------------------------------------------------------ drafts

    def test_payments_of_a_draft_wait_for_the_posting(self):
        self.flow("bills").post_bills = False
        self.put()
        row = self.sync_payment()
        self.waits(row, "not_posted")
        bill = self.imported()
        self.assertEqual(row.error_message_source["template"], "Waiting until bill %(number)s is posted.")
        bill.action_post()
        self.goes_on(row)
        self.assertIn(bill.payment_state, ("paid", "in_payment"))
        told = [report.external_id for report in self.remote.reports if report.success]
        self.assertEqual(told, ["bill-1", "payment-1"])

    def test_a_cancelled_bill_is_taken_up_again(self):
        """It was posted, so its draft is one that was posted before."""
        self.sync_one()
        bill = self.imported()
        bill.button_draft()
        bill.button_cancel()
        row = self.sync_payment()
        self.waits(row)
        bill.button_draft()
        self.run_worker()
        self.waits(row, "not_posted")
        bill.action_post()
        self.goes_on(row)

    def test_the_draft_that_a_payment_waits_for_is_deleted(self):
        """What is gone cannot be posted: the row says what is left to do."""
        self.flow("bills").post_bills = False
        self.put()
        row = self.sync_payment()
        self.imported().unlink()
        self.run_worker()
        self.assertTrue(row.is_awaited_gone)
        row.action_bring_again()
        self.run_worker()
        self.waits(row, "not_posted")

    # ------------------------------------------------------------------ accounts, journals, contacts

    def test_what_was_archived_is_repaired(self):
        other = self.account.copy({"code": "600778", "active": True})
        for record, name, repair in (
            (self.account, "active again", lambda: self.account.action_unarchive()),
            (self.journal, "active again", lambda: self.journal.action_unarchive()),
            (self.account, "another is mapped", lambda: self.map("account", "600777", other)),
            (self.journal, "another is chosen", lambda: self.flow("bills").write({"journal_id": False})),
        ):
            with self.subTest(name, model=record._name):
                record.active = False
                key = f"{record._name} {name}"
                self.put(key)
                self.sync()
                row = self.row(external_id=key)
                self.waits(row)
                action = row.action_open_record()
                self.assertEqual((action["res_model"], action["res_id"]), (record._name, record.id))
                repair()
                self.goes_on(row)

    def test_a_purchase_journal_is_made(self):
        self.flow("bills").journal_id = False
        purchases = [("type", "=", "purchase"), ("company_id", "=", self.company.id)]
        self.env["account.journal"].search(purchases).active = False
        row = self.sync_one()
        self.waits(row)
        self.make("account.journal", name="New", code="NEWBI", type="purchase")
        self.goes_on(row)

    def test_the_journal_of_payments_gets_a_way_to_pay(self):
        lines = self.bank.outbound_payment_method_line_ids
        method = lines.payment_method_id.filtered(lambda method: method.code == "manual")
        lines.unlink()
        self.put()
        row = self.sync_payment()
        self.waits(row)
        self.make("account.payment.method.line", payment_method_id=method, journal_id=self.bank, name="By Hand")
        self.goes_on(row)

    # ------------------------------------------------------------------ unnoticed

    def three_waiting(self):
        self.company.purchase_lock_date = "2026-07-31"
        for number in range(3):
            self.put(f"bill-{number}", date="2026-07-01")
        self.sync()
        rows = self.row()
        self.assertEqual(set(rows.mapped("state")), {"waiting"})
        return rows

    def test_what_nobody_noticed_is_found_by_one_row_and_releases_the_others(self):
        rows = self.three_waiting()
        self.env.cr.execute("UPDATE res_company SET purchase_lock_date = NULL WHERE id = %s", [self.company.id])
        self.env.invalidate_all()
        self.run_worker()
        self.assertEqual(set(rows.mapped("state")), {"waiting"}, "not yet")
        rows.next_try_at = "2026-01-01"
        tries = sum(rows.mapped("try_count"))
        self.run_worker()
        self.assertEqual(set(rows.mapped("state")), {"done"})
        self.assertLessEqual(sum(rows.mapped("try_count")), tries + 3)

    def test_one_row_alone_looks_whether_a_wait_is_over(self):
        rows = self.three_waiting()
        rows.next_try_at = "2026-01-01"
        for _run in range(2):
            self.run_worker()
            self.assertEqual(sorted(rows.mapped("try_count")), [1, 1, 2])


class Vain(ConnectorCase):
    """A wait that cannot come true says so, and has a button; when it comes after all, it goes on."""

    def in_vain(self, row, *words):
        self.assertEqual((row.state, row.error_class), ("failed", "in_vain"), row.error_message)
        self.assertHas(row.error_message, *words)
        self.assertNotIn("Continues once", row.advice)
        row.action_retry()
        self.run_worker(2)
        self.assertEqual((row.state, row.error_class), ("failed", "in_vain"))


@tagged("post_install", "-at_install")
class TestWaitsInVain(Vain, WaitCase):
    def broken_vendor(self):
        """A bill waits for a vendor that failed."""
        self.put()
        self.remote.put("vendors", "vendor-1", {"name": "Example Supplies", "broken": True})
        self.sync()
        vendor, bill = self.logs("vendors"), self.current()
        self.assertEqual((vendor.state, bill.state), ("failed", "waiting"), "somebody can still put it right")
        return vendor, bill

    def test_the_vendor_has_no_such_record_and_then_it_has(self):
        self.put()
        vendor = self.remote.items["vendors"].pop("vendor-1")
        self.sync()
        self.in_vain(self.current(), "vendor-1", "does not have")
        self.assertFalse(self.remote.reports, "nothing is told of what waited")
        self.remote.items["vendors"]["vendor-1"] = vendor
        self.sync()
        self.assertEqual(self.current().state, "done")
        self.assertFalse(self.current().error_message)

    def test_a_fault_of_the_vendor_proves_nothing(self):
        self.put()
        self.remote.items["vendors"].pop("vendor-1")
        self.remote.fail("fetch vendors", RemoteError("Not now."))
        self.sync()
        self.assertEqual(self.current().state, "waiting")

    def test_what_it_waits_for_was_ignored(self):
        vendor, bill = self.broken_vendor()
        vendor._ignore("A test vendor")
        self.run_worker()
        self.in_vain(bill, "A test vendor")
        self.remote.put("vendors", "vendor-1", {"name": "Example Supplies"})
        self.sync()
        self.assertEqual(bill.state, "done")

    def test_a_payment_of_a_bill_that_was_voided_before_it_came(self):
        self.put(void=True)
        self.put_payment()
        self.sync()
        self.in_vain(self.logs("payments"), "Archived in")

    def test_the_flow_of_what_it_waits_for_is_switched_off_and_on_again(self):
        vendors = self.flow("vendors")
        vendors.active = False
        self.put()
        self.sync()
        bill = self.current()
        self.in_vain(bill, "Vendors", "is inactive")
        vendors.active = True
        self.assertEqual(bill.state, "pending")
        self.sync(2)
        self.assertEqual(bill.state, "done")

    def test_a_flow_is_switched_off_while_others_wait_for_its_records(self):
        _vendor, bill = self.broken_vendor()
        self.flow("vendors").active = False
        self.run_worker()
        self.in_vain(bill, "is inactive")

    def test_a_result_for_which_nothing_comes_first_any_more(self):
        self.remote.fail("report", PermanentError("Not now."))
        self.put()
        self.put_payment()
        self.sync()
        first, waiting = self.logs("results")
        self.assertEqual((first.state, waiting.state), ("failed", "waiting"))
        first.unlink()
        self.run_worker(2)
        self.assertEqual(waiting.state, "done")

    def test_a_mapping_that_is_taken_out_of_the_list_is_asked_for_anew(self):
        self.put(account="NOWHERE")
        self.sync()
        bill = self.current()
        bill.waiting_mapping_ids.unlink()
        self.assertEqual(bill.state, "pending")
        self.run_worker()
        self.assertEqual((bill.state, bill.waiting_mapping_ids.external_id), ("waiting", "NOWHERE"))

    def test_every_error_that_waits_is_one_of_which_the_end_is_known(self):
        """By class: what ends the wait. A new one has to say so here, and to have its test above."""
        known = {
            "MappingError": "a person maps the code",
            "NotReadyError": "Odoo is repaired",
            "NotPostedError": "the document is posted",
            "LockedPeriodError": "the period is opened",
            "MissingDependencyError": "the record comes, or is given up",
            "NotSentError": "the record is sent, or is given up",
            "NoCodeError": "a person chooses the code",
            "NewerRemoteVersionError": "the change comes, or is given up",
        }
        waiting = {key for key, error_class in ERROR_CLASSES.items() if error_class.state == "waiting"}

        def classes(parent):
            for child in parent.__subclasses__():
                yield child
                yield from classes(child)

        found = {child for child in classes(ConnectorError) if child.error_class in waiting}
        self.assertEqual({child.__name__ for child in found}, set(known))

    def test_a_wait_for_nothing_is_no_wait(self):
        """Nothing informs Odoo when the provider's own period opens, for example."""
        for error in (LockedPeriodError("Locked at the vendor."), MappingError("Something is missing.")):
            values = failure_values(self.env["ml.sync.log"], error)
            self.assertEqual(values["state"], "failed")


@tagged("post_install", "-at_install")
class TestPushWaitsInVain(PushCase, Vain):
    def order(self):
        line = {"product_id": self.make("product.product", name="Desk", type="consu").id, "product_qty": 1}
        self.partner = self.vendor(email=False)
        order = self.make("purchase.order", partner_id=self.partner, order_line=[Command.create(line)])
        order.button_confirm()
        self.run_worker(2)
        return self.logs("orders")

    def assertGoesOn(self, row):
        self.run_worker(3)
        self.assertEqual(row.state, "done")

    def test_the_vendor_of_an_order_was_ignored(self):
        self.switch_on("vendors_push", "orders")
        row = self.order()
        self.assertEqual((row.state, self.logs("vendors_push").state), ("waiting", "failed"))
        self.logs("vendors_push")._ignore("Not for them")
        self.run_worker()
        self.assertEqual((row.state, row.error_class), ("failed", "in_vain"))
        self.assertIn("Not for them", row.error_message)
        self.partner.email = "ap@example.com"
        self.assertGoesOn(row)

    def test_the_flow_of_vendors_is_off_and_on_again(self):
        self.switch_on("orders")
        row = self.order()
        self.in_vain(row, "is inactive")
        self.partner.email = "ap@example.com"
        self.switch_on("vendors_push")
        self.assertGoesOn(row)

    def test_the_record_that_is_to_go_first_was_deleted(self):
        self.switch_on("orders", "vendors_push")
        row = self.order()
        gone = self.vendor(name="Gone")
        wait = {"reason": "sent", "kind": "vendor", "key": f"res.partner,{gone.id}", "name": "Gone"}
        gone.unlink()
        row.write({"state": "waiting", "error_class": "mapping", "wait_ids": [Command.create(wait)]})
        self.run_worker()
        self.assertEqual((row.state, row.error_class), ("failed", "in_vain"))
        self.assertIn("Gone was deleted", row.error_message)
