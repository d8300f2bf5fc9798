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


@tagged("post_install", "-at_install")
class TestWaits(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.env["account.account"].create(
            {
                "code": "600777",
                "name": "Costs",
                "account_type": "expense",
                "company_ids": [Command.set(cls.company.ids)],
            }
        )
        cls.bank = cls.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", cls.company.id)], limit=1
        )
        cls.journal = cls.env["account.journal"].create(
            {"name": "Bills", "code": "WAITS", "type": "purchase", "company_id": cls.company.id}
        )
        cls.connection.flow_ids.filtered(lambda flow: flow.key == "bills").journal_id = cls.journal

    def setUp(self):
        super().setUp()
        self.map("journal", "bank", self.bank)
        self.map("account", "600777", self.account)

    def put(self, external_id="bill-1", **values):
        self.put_bill(external_id, account="600777", **values)

    def put_payment(self, external_id="payment-1", bill="bill-1"):
        self.remote.put("payments", external_id, {"bill": bill, "vendor": "vendor-1", "amount": "100.00"})

    def row(self, flow="bills", external_id=None):
        return self.logs(flow).filtered(lambda log: log.is_current and external_id in (None, log.external_id))

    def bill(self):
        binding = self.env["ml.binding"].search(
            [("connection_id", "=", self.connection.id), ("kind", "=", "bill"), ("external_id", "=", "bill-1")]
        )
        return self.env["account.move"].browse(binding.res_id)

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
        self.assertEqual(
            self.env["ir.cron.trigger"].search_count([("cron_id", "=", self.connection.cron_id.id)]) > 0, True
        )
        self.run_worker()
        self.assertEqual(row.state, state, row.error_message)
        self.assertFalse(row.wait_ids or (state == "done" and row.error_message))

    # ------------------------------------------------------------------ currencies

    def test_currency_is_activated_and_its_rate_entered(self):
        euro = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "SEK")])
        euro.active = False
        euro.rate_ids.unlink()
        self.put(currency="SEK")
        self.put("bill-2", currency="SEK")
        self.sync()
        rows = self.row()
        for row in rows:
            self.waits(row)
            self.assertIn("not active", row.error_message)
        euro.active = True
        self.assertEqual(set(rows.mapped("state")), {"pending"})
        self.run_worker()
        for row in rows:
            self.waits(row)
            self.assertIn("exchange rate", row.error_message)
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "name": "2026-01-01", "company_rate": 10, "company_id": self.company.id}
        )
        for row in rows:
            self.goes_on(row) if row == rows[0] else self.assertEqual(row.state, "done")
        self.assertTrue(all(report.success for report in self.remote.reports))

    def test_a_currency_that_odoo_does_not_know_is_for_a_person(self):
        self.put(currency="XTS")
        self.sync()
        self.assertEqual((self.row().state, self.row().error_class), ("failed", "validation"))

    # ------------------------------------------------------------------ periods

    def lock(self, name="purchase_lock_date"):
        self.company[name] = "2026-07-31"
        self.put(date="2026-07-01")
        self.sync()
        row = self.row()
        self.waits(row, "locked_period")
        return row

    def test_each_lock_date_is_opened(self):
        for name in ("purchase_lock_date", "fiscalyear_lock_date"):
            with self.subTest(name):
                row = self.lock(name)
                self.company[name] = False
                self.goes_on(row)
                self.bill().button_draft()
                self.bill().unlink()
                row.unlink()

    def test_an_exception_of_the_lock_date_is_granted(self):
        row = self.lock()
        self.env["account.lock_exception"].create(
            {
                "company_id": self.company.id,
                "user_id": False,
                "purchase_lock_date": "2026-06-30",
                "end_datetime": fields.Datetime.add(self.env.cr.now(), days=1),
            }
        )
        self.goes_on(row)
        self.assertEqual(str(self.bill().date), "2026-07-01")

    def test_the_flow_may_book_on_the_next_open_day(self):
        row = self.lock()
        self.flow("bills").lock_date_policy = "next_open_day"
        self.goes_on(row)
        self.assertEqual(str(self.bill().date), "2026-08-01")

    def test_the_lock_date_of_a_journal(self):
        """As other addons have them."""
        self.env["ir.model.fields"].create(
            {
                "name": "x_fiscalyear_lock_date",
                "field_description": "Journal Lock Date",
                "model_id": self.env["ir.model"]._get_id("account.journal"),
                "ttype": "date",
            }
        )
        self.addCleanup(self.registry.reset_changes)
        self.journal = self.journal.with_env(self.env)
        self.journal.x_fiscalyear_lock_date = "2026-10-31"
        self.company.purchase_lock_date = "2026-07-31"
        self.put(date="2026-07-01")
        self.put("bill-2", date="2026-10-31")
        self.sync()
        self.waits(self.row(external_id="bill-1"), "locked_period")
        later = self.row(external_id="bill-2")
        self.waits(later, "locked_period")
        self.assertIn("Journal Lock Date: Oct 31, 2026", later.error_message)
        self.flow("bills").lock_date_policy = "next_open_day"
        self.run_worker()
        self.assertEqual(str(self.bill().date), "2026-11-01")
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
        self.put_payment()
        self.sync()
        row = self.row("payments")
        self.waits(row, "not_posted")
        bill = self.bill()
        self.assertEqual(row.error_message_source["template"], "Waiting until bill %(number)s is posted.")
        bill.action_post()
        self.goes_on(row)
        self.assertIn(bill.payment_state, ("paid", "in_payment"))
        told = [report.external_id for report in self.remote.reports if report.success]
        self.assertEqual(told, ["bill-1", "payment-1"])

    def test_payments_of_a_bill_that_was_posted_and_is_a_draft_again(self):
        self.put()
        self.sync()
        self.bill().button_draft()
        self.put_payment()
        self.sync()
        row = self.row("payments")
        self.waits(row, "not_posted")
        self.bill().action_post()
        self.goes_on(row)

    def test_a_cancelled_bill_is_taken_up_again(self):
        self.put()
        self.sync()
        bill = self.bill()
        bill.button_draft()
        bill.button_cancel()
        self.put_payment()
        self.sync()
        row = self.row("payments")
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
        self.put_payment()
        self.sync()
        self.bill().unlink()
        self.run_worker()
        row = self.row("payments")
        self.assertTrue(row.is_awaited_gone)
        row.action_bring_again()
        self.run_worker()
        self.waits(row, "not_posted")

    # ------------------------------------------------------------------ accounts, journals, contacts

    def test_what_was_archived_is_active_again(self):
        for record in (self.account, self.journal):
            with self.subTest(record._name):
                record.active = False
                self.put(f"{record._name}-1")
                self.sync()
                row = self.row(external_id=f"{record._name}-1")
                self.waits(row)
                record.active = True
                self.goes_on(row)

    def test_another_account_is_mapped(self):
        self.account.active = False
        self.put()
        self.sync()
        row = self.row()
        self.waits(row)
        self.map("account", "600777", self.account.copy({"code": "600778", "active": True}))
        self.goes_on(row)

    def test_another_journal_is_chosen(self):
        self.journal.active = False
        self.put()
        self.sync()
        row = self.row()
        self.waits(row)
        self.flow("bills").journal_id = False
        self.goes_on(row)

    def test_a_purchase_journal_is_made(self):
        self.flow("bills").journal_id = False
        self.env["account.journal"].search(
            [("type", "=", "purchase"), ("company_id", "=", self.company.id)]
        ).active = False
        self.put()
        self.sync()
        row = self.row()
        self.waits(row)
        self.env["account.journal"].create({"name": "New", "code": "NEWBI", "type": "purchase"})
        self.goes_on(row)

    def test_the_journal_of_payments_gets_a_way_to_pay(self):
        lines = self.bank.outbound_payment_method_line_ids
        method = lines.payment_method_id.filtered(lambda method: method.code == "manual")
        lines.unlink()
        self.put()
        self.put_payment()
        self.sync()
        row = self.row("payments")
        self.waits(row)
        self.env["account.payment.method.line"].create(
            {"payment_method_id": method.id, "journal_id": self.bank.id, "name": "By Hand"}
        )
        self.goes_on(row)

    # ------------------------------------------------------------------ unnoticed

    def test_what_nobody_noticed_is_found_by_one_row_and_releases_the_others(self):
        self.company.purchase_lock_date = "2026-07-31"
        for number in range(3):
            self.put(f"bill-{number}", date="2026-07-01")
        self.sync()
        rows = self.row()
        self.assertEqual(set(rows.mapped("state")), {"waiting"})
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
        self.company.purchase_lock_date = "2026-07-31"
        for number in range(3):
            self.put(f"bill-{number}", date="2026-07-01")
        self.sync()
        rows = self.row()
        rows.next_try_at = "2026-01-01"
        self.run_worker()
        self.assertEqual(sorted(rows.mapped("try_count")), [1, 1, 2])
        self.run_worker()
        self.assertEqual(sorted(rows.mapped("try_count")), [1, 1, 2])

    def test_the_record_that_is_to_be_repaired_is_opened(self):
        self.account.active = False
        self.put()
        self.sync()
        action = self.row().action_open_record()
        self.assertEqual((action["res_model"], action["res_id"]), ("account.account", self.account.id))


class Vain(ConnectorCase):
    """A wait that cannot come true says so, and has a button; when it comes after all, it goes on."""

    def in_vain(self, row, *words):
        self.assertEqual((row.state, row.error_class), ("failed", "in_vain"), row.error_message)
        for word in words:
            self.assertIn(word, row.error_message)
        self.assertNotIn("Continues once", row.advice)
        row.action_retry()
        for _run in range(2):
            self.run_worker()
        self.assertEqual((row.state, row.error_class), ("failed", "in_vain"))

    def bill_row(self, external_id="bill-1"):
        return self.logs("bills").filtered(lambda log: log.external_id == external_id and log.is_current)


@tagged("post_install", "-at_install")
class TestWaitsInVain(Vain):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        account = cls.env["account.account"].create(
            {
                "code": "600777",
                "name": "Costs",
                "account_type": "expense",
                "company_ids": [Command.set(cls.company.ids)],
            }
        )
        cls.account = account

    def setUp(self):
        super().setUp()
        self.map("account", "600777", self.account)
        bank = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", self.company.id)], limit=1
        )
        self.map("journal", "bank", bank)

    def test_the_vendor_has_no_such_record_and_then_it_has(self):
        self.put_bill(account="600777")
        vendor = self.remote.items["vendors"].pop("vendor-1")
        self.sync()
        self.in_vain(self.bill_row(), "vendor-1", "does not have")
        self.assertFalse(self.remote.reports, "nothing is told of what waited")
        self.remote.items["vendors"]["vendor-1"] = vendor
        self.sync()
        self.assertEqual(self.bill_row().state, "done")
        self.assertFalse(self.bill_row().error_message)

    def test_a_fault_of_the_vendor_proves_nothing(self):
        self.put_bill(account="600777")
        self.remote.items["vendors"].pop("vendor-1")
        self.remote.fail("fetch vendors", RemoteError("Not now."))
        self.sync()
        self.assertEqual(self.bill_row().state, "waiting")

    def test_what_it_waits_for_was_ignored(self):
        self.put_bill(account="600777")
        self.remote.put("vendors", "vendor-1", {"name": "Example Supplies", "broken": True})
        self.sync()
        vendor, bill = self.logs("vendors"), self.bill_row()
        self.assertEqual((vendor.state, bill.state), ("failed", "waiting"), "somebody can still put it right")
        vendor._ignore("A test vendor")
        self.run_worker()
        self.in_vain(bill, "A test vendor")
        self.remote.put("vendors", "vendor-1", {"name": "Example Supplies"})
        self.sync()
        self.assertEqual(bill.state, "done")

    def test_a_payment_of_a_bill_that_was_voided_before_it_came(self):
        self.put_bill(account="600777", void=True)
        self.remote.put("payments", "payment-1", {"bill": "bill-1", "vendor": "vendor-1", "amount": "100.00"})
        self.sync()
        self.in_vain(self.logs("payments"), "Archived in")

    def test_the_flow_of_what_it_waits_for_is_switched_off_and_on_again(self):
        self.flow("vendors").active = False
        self.put_bill(account="600777")
        self.sync()
        bill = self.bill_row()
        self.in_vain(bill, self.flow("vendors").name or "Vendors", "is inactive")
        self.connection.with_context(active_test=False).flow_ids.filtered(
            lambda flow: flow.key == "vendors"
        ).active = True
        self.assertEqual(bill.state, "pending")
        for _run in range(2):
            self.sync()
        self.assertEqual(bill.state, "done")

    def test_a_flow_is_switched_off_while_others_wait_for_its_records(self):
        self.put_bill(account="600777")
        self.remote.put("vendors", "vendor-1", {"name": "Example Supplies", "broken": True})
        self.sync()
        self.flow("vendors").active = False
        self.run_worker()
        self.in_vain(self.bill_row(), "is inactive")

    def test_a_result_for_which_nothing_comes_first_any_more(self):
        self.remote.fail("report", PermanentError("Not now."))
        self.put_bill(account="600777")
        self.remote.put("payments", "payment-1", {"vendor": "vendor-1", "bill": "bill-1", "amount": "100.00"})
        self.sync()
        first, waiting = self.logs("results")
        self.assertEqual((first.state, waiting.state), ("failed", "waiting"))
        first.unlink()
        for _run in range(2):
            self.run_worker()
        self.assertEqual(waiting.state, "done")

    def test_a_mapping_that_is_taken_out_of_the_list_is_asked_for_anew(self):
        self.put_bill(account="NOWHERE")
        self.sync()
        bill = self.bill_row()
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
        product = self.env["product.product"].create({"name": "Desk", "type": "consu"})
        self.partner = self.vendor(email=False)
        order = self.env["purchase.order"].create(
            {
                "partner_id": self.partner.id,
                "order_line": [Command.create({"product_id": product.id, "product_qty": 1, "price_unit": 30})],
            }
        )
        order.button_confirm()
        for _run in range(2):
            self.run_worker()
        return self.logs("orders")

    def test_the_vendor_of_an_order_was_ignored(self):
        self.switch_on("vendors_push", "orders")
        row = self.order()
        self.assertEqual((row.state, self.logs("vendors_push").state), ("waiting", "failed"))
        self.logs("vendors_push")._ignore("Not for them")
        self.run_worker()
        self.assertEqual((row.state, row.error_class), ("failed", "in_vain"))
        self.assertIn("Not for them", row.error_message)
        self.partner.email = "ap@example.com"
        for _run in range(3):
            self.run_worker()
        self.assertEqual(row.state, "done")

    def test_the_flow_of_vendors_is_off_and_on_again(self):
        self.switch_on("orders")
        row = self.order()
        self.in_vain(row, "is inactive")
        self.partner.email = "ap@example.com"
        self.switch_on("vendors_push")
        for _run in range(3):
            self.run_worker()
        self.assertEqual(row.state, "done")

    def test_the_record_that_is_to_go_first_was_deleted(self):
        self.switch_on("orders", "vendors_push")
        row = self.order()
        gone = self.vendor(name="Gone")
        key = f"res.partner,{gone.id}"
        gone.unlink()
        row.write(
            {
                "state": "waiting",
                "error_class": "mapping",
                "wait_ids": [Command.create({"reason": "sent", "kind": "vendor", "key": key, "name": "Gone"})],
            }
        )
        self.run_worker()
        self.assertEqual((row.state, row.error_class), ("failed", "in_vain"))
        self.assertIn("Gone was deleted", row.error_message)
