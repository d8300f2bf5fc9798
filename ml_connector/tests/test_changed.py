"""What the provider changed or took back after it was posted."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from freezegun import freeze_time
from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from odoo.addons.ml_connector.core.documents import Bill, Files, Party
from odoo.addons.ml_connector.core.documents.common import dates_of
from odoo.addons.ml_connector.core.remote import RemotePage
from odoo.addons.ml_connector.engine.resolve import question_dates
from odoo.addons.ml_connector.importers.ml_importer import ImportEntry
from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .common import ConnectorCase

PURCHASER = ("base.group_user", "account.group_account_invoice")


class ChangedCase(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.map_expense()

    def bills(self):
        return self.env["account.move"].search([("ref", "=like", "BILL-%"), ("move_type", "=", "in_invoice")])


@tagged("post_install", "-at_install")
class TestChanged(ChangedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.currency_id = cls.env.ref("base.USD")

    def change(self, amount="10073.06", to="1234.56", **values):
        self.sync_bill(amount=amount)
        self.sync_bill(amount=to, **values)
        return self.bills()

    def activities(self, record):
        changed = self.env.ref("ml_connector.mail_activity_changed")
        return record.activity_ids.filtered(lambda activity: activity.activity_type_id == changed)

    def assert_open(self, bill, count=1):
        self.env.invalidate_all()
        self.assertEqual(self.connection.changed_count, count)
        self.assertTrue(bill.ml_is_changed)
        self.assertEqual(self.activities(bill).user_id, self.connection.owner_id)
        self.assertIn(bill, bill.search([("ml_is_changed", "=", True)]))

    def assert_settled(self, bill):
        self.env.invalidate_all()
        self.assertEqual(self.connection.changed_count, 0)
        self.assertFalse(bill.ml_is_changed)
        self.assertFalse(self.activities(bill))
        self.assertNotIn(bill, bill.search([("ml_is_changed", "=", True)]))

    def test_three_changed_bills_are_counted_red_and_told_with_both_amounts(self):
        for number, amount in (("bill-1", "10073.06"), ("bill-2", "5000.00"), ("bill-3", "4766.15")):
            self.put_bill(number, amount=amount)
        self.sync()
        self.assertEqual(self.connection.changed_count, 0)
        for number in ("bill-1", "bill-2"):
            self.put_bill(number, amount="1234.56")
        self.sync_bill("bill-3", amount="4766.15", void=True)
        self.connection.invalidate_recordset()
        self.assertEqual((self.connection.changed_count, self.connection.color), (3, 1))
        done = [("connection_id", "=", self.connection.id), ("state", "=", "done")]
        self.assertEqual(self.connection.done_count, self.env["ml.sync.log"].search_count(done) - 3)
        row = self.current()
        self.assertEqual((row.status, row.error_class), ("changed", "changed"))
        for text in ("10,073.06 USD", "1,234.56 USD"):
            self.assertIn(text, row.error_message)
        self.assertTrue(row.advice)
        for bill in self.bills():
            self.assert_open(bill, count=3)
        opened = self.connection.action_open_changed()
        self.assertEqual(len(self.env["ml.sync.log"].search(opened["domain"])), 3)
        done = self.env["ml.sync.log"].search(self.connection.action_open_done()["domain"])
        self.assertNotIn("changed", done.mapped("status"))

    def test_pay_asks_while_it_is_open(self):
        self.put_bill("bill-2", amount="50.00")
        bills = self.change()
        other = bills.filtered(lambda move: move.ref == "BILL-2")
        bill = bills - other
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=(bill + other).ids
        )
        arch = etree.fromstring(wizard.get_view()["arch"])
        buttons = arch.xpath("//footer/button[@name='action_create_payments']")
        self.assertEqual([bool(button.get("confirm")) for button in buttons], [True, False, False])
        self.assertEqual(buttons[0].get("invisible"), "not ml_difference")
        self.assertTrue(all("or ml_difference" in button.get("invisible") for button in buttons[1:]))
        for moves, asks in ((bill, True), (bill + other, True), (other, False)):
            form = Form(wizard.with_context(active_ids=moves.ids))
            self.assertEqual(bool(form.ml_difference), asks)
        self.current()._ignore("It is right here.")
        self.assertFalse(Form(wizard.with_context(active_ids=bill.ids)).ml_difference)
        wizard.create({})._create_payments()
        self.assertIn(bill.payment_state, ("paid", "in_payment"))

    def test_kept_version_is_settled_until_it_changes_again(self):
        bill = self.change()
        self.assert_open(bill)
        action = bill.action_ml_keep()
        self.env["ml.ignore"].with_context(**action["context"]).create({"reason": "Agreed by phone."}).action_confirm()
        for _time in range(2):
            self.assert_settled(bill)
            self.sync()
        self.assertEqual((self.current().state, self.bills().amount_total), ("ignored", 10073.06))
        self.sync_bill(amount="1300.00")
        self.assert_open(bill)

    def test_reversed_and_booked_again_is_settled(self):
        bill = self.change()
        bill.action_ml_rebook()
        self.assert_settled(bill)
        self.run_worker()
        self.assert_settled(bill)
        self.assertEqual(bill.payment_state, "reversed")
        self.assertEqual((self.bills() - bill).amount_total, 1234.56)

    def test_bill_that_was_taken_back_is_reversed_and_says_by_what(self):
        bill = self.change(to="10073.06", void=True)
        self.assert_open(bill)
        row = self.current()
        row.action_reverse_and_repost()
        self.run_worker()
        self.assert_settled(bill)
        self.assertEqual((row.state, row.outcome, bill.payment_state), ("done", "reversed", "reversed"))
        self.assertIn(bill.reversal_move_ids.name, row.note)
        self.assertFalse(row.ignored_reason)

    def test_change_that_is_taken_back_settles_it(self):
        bill = self.change()
        self.sync_bill(amount="10073.06")
        self.assert_settled(bill)
        self.assertEqual(self.logs("bills").filtered("is_current").mapped("outcome"), ["unchanged"])

    def test_correction_by_hand_settles_it_by_itself(self):
        bill = self.change(amount="100.00", to="150.00")
        self.assert_open(bill)
        bill.button_draft()
        bill.invoice_line_ids.price_unit = 150.0
        bill.action_post()
        self.env.flush_all()
        self.current().done_at = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        self.run_worker()
        self.assert_settled(bill)

    def test_newer_version_that_cannot_be_booked_warns_as_well(self):
        bill = self.change(account="UNKNOWN")
        self.assertEqual(self.current().state, "waiting")
        bill.invalidate_recordset()
        self.assertTrue(bill.ml_is_changed)
        self.assertIn("UNKNOWN", bill.ml_difference)

    def test_open_difference_outlives_retention(self):
        bill = self.change()
        row = self.current()
        self.company.write({"ml_log_retention_days": 1, "ml_payload_retention_days": 1})
        self.env["ml.sync.log"].search([]).done_at = fields.Datetime.subtract(fields.Datetime.now(), days=9)
        self.env["ml.sync.log"]._gc_payloads()
        self.env["ml.sync.log"]._gc_finished()
        self.assertTrue(row.exists())
        self.assertTrue(row.sudo().payload)
        self.assert_open(bill)

    def test_banner_is_for_whoever_sees_the_bill_and_its_buttons_for_our_roles(self):
        bill = self.change()
        person = self.new_user("biller", self.company, *PURCHASER)
        self.assertIn("1,234.56", bill.with_user(person).ml_difference)
        arch = etree.fromstring(bill.with_user(person).get_view(view_type="form")["arch"])
        self.assertTrue(arch.xpath("//field[@name='ml_difference']"))
        self.assertFalse(arch.xpath("//button[@name='action_ml_keep']"))
        with self.assertRaises(AccessError):
            bill.with_user(person).action_ml_keep()

    def test_payment_that_differs_is_open_too(self):
        self.map_bank()
        self.put_bill()
        for amount in ("100.00", "90.00"):
            self.put_payment(amount=amount)
            self.sync()
        payment = self.bills().matched_payment_ids
        self.assert_open(payment)
        self.assertIn("90.00", payment.ml_difference)


class LateProvider(fake_provider.FakeProvider):
    """A provider whose lists have only what is not booked yet: what is booked is read again."""

    def pull(self, flow, cursor, since):
        for page in super().pull(flow, cursor, since):
            fresh = [item for item in page.items if flow != "bills" or item.external_id not in self._booked()]
            yield RemotePage(items=tuple(fresh))

    def reread(self, flow):
        pages = fake_provider.FakeProvider.pull(self, flow, "", None)
        booked = [item for page in pages for item in page.items if flow == "bills"]
        yield RemotePage(items=tuple(item for item in booked if item.external_id in self._booked()))

    def _booked(self):
        told = {result.external_id for result in fake_provider.REMOTE.reports if result.subject == "bill"}
        return told | {"bill-of-before"}


@tagged("post_install", "-at_install")
class TestReread(ChangedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": LateProvider}))

    def setUp(self):
        super().setUp()
        self.remote.files["second.pdf"] = b"%PDF-1.4 second"

    def sync(self):
        """A run an hour after the one before."""
        self.connection.flow_ids.reread_at = False
        super().sync()

    def files(self):
        return self.bills().attachment_ids.sorted("id").mapped("name")

    def test_change_after_booking_is_seen_by_polls_with_its_second_file(self):
        self.sync_bill(amount="90.00", files=["first.pdf"])
        self.sync_bill(amount="95.00", files=["first.pdf", "second.pdf"])
        self.assertIn("95.00", self.bills().ml_difference)
        self.assertEqual(self.files(), ["first.pdf", "second.pdf"])
        self.sync()
        self.assertEqual(len(self.logs("bills")), 2)

    def test_booked_bills_are_compared_once_an_hour_and_when_a_person_asks(self):
        flow, compared = self.flow("bills"), []
        original = LateProvider.reread
        self.patch(LateProvider, "reread", lambda provider, key: compared.append(key) or original(provider, key))
        with freeze_time(fields.Datetime.now()) as clock:
            ConnectorCase.sync(self)
            clock.tick(600)
            ConnectorCase.sync(self)
            self.assertEqual(compared.count("bills"), 1)
            flow.with_user(self.env.ref("base.user_admin")).action_sync_now()
            self.run_worker()
            self.assertEqual(compared.count("bills"), 2)
            clock.tick(3600)
            ConnectorCase.sync(self)
        self.assertEqual(compared.count("bills"), 3)

    def test_file_alone_comes_along(self):
        self.sync_bill(files=["first.pdf"])
        item = self.remote.items["bills"]["bill-1"]
        self.put_bill(files=["first.pdf", "second.pdf"])
        later = self.remote.items["bills"]["bill-1"]
        self.remote.items["bills"]["bill-1"] = replace(later, version=item.version)
        for _hour in range(2):
            self.sync()
        self.assertEqual(self.files(), ["first.pdf", "second.pdf"])
        self.assertEqual(len(self.logs("bills")), 1)

    def test_what_was_booked_elsewhere_stays_alone(self):
        self.sync_bill("bill-of-before")
        self.assertFalse(self.logs("bills"))
        self.assertFalse(self.bills())

    def test_payment_that_does_not_fit_names_the_change_of_its_bill(self):
        self.map_bank()
        self.sync_bill(amount="80.00")
        self.put_bill(amount="95.00", date="2026-10-01")
        self.put_payment(amount="95.00")
        self.sync()
        row = self.logs("payments")
        self.assertEqual(row.state, "failed")
        self.assertIn("after posting: date", row.error_message)


@tagged("post_install", "-at_install")
class TestDates(ChangedCase):
    def test_years_that_cannot_be_are_asked_about(self):
        for day in ("1926-07-01", "2062-07-01", "0206-07-01"):
            with self.subTest(day=day):
                self.sync_bill(date=day)
                row = self.current()
                self.assertEqual((row.state, row.error_class), ("failed", "doubtful_date"))
                self.assertFalse(self.bills())
        self.sync_bill(date="2062-07-01")
        self.current().action_date_is_right()
        self.run_worker()
        self.assertEqual(str(self.bills().invoice_date), "2062-07-01")

    def test_every_date_of_every_document_is_looked_at(self):
        far, near = date(2126, 7, 1), date(2026, 7, 1)
        values = {"external_id": "1", "number": "1", "vendor": Party(external_id="v"), "currency": "USD"}
        bill = Bill(**values, document_date=near, total=Decimal(0), lines=())
        for name in ("document_date", "due_date", "accounting_date", "paid_on"):
            self.assertIn(far, dates_of(replace(bill, **{name: far})), name)
        self.assertEqual(dates_of(Files(subject_kind="bill", subject_external_id="1", files=())), [])
        self.assertEqual(dates_of(bill), [near])
        entries = [ImportEntry(None, replace(bill, due_date=far, is_void=is_void)) for is_void in (False, True)]
        question_dates(entries)
        self.assertEqual([bool(entry.error) for entry in entries], [True, False])

    def test_closed_fiscal_year_is_asked_about(self):
        self.flow("bills").lock_date_policy = "next_open_day"
        self.company.purchase_lock_date = "2025-11-30"
        self.sync_bill(date="2025-11-15")
        self.assertEqual(str(self.bills().date), "2025-12-01", "a closed month of an open year is not")
        self.company.purchase_lock_date = "2025-12-31"
        self.sync_bill("bill-2", date="2025-11-15")
        row = self.current(external_id="bill-2")
        self.assertEqual((row.state, row.error_class), ("waiting", "locked_period"))
        self.assertIn("Dec 31, 2025", row.error_message)
        row.action_next_open_day()
        self.run_worker()
        self.assertEqual(row.state, "done")
        moved = self.bills().filtered(lambda bill: bill.ref == "BILL-2")
        self.assertEqual((str(moved.date), str(moved.invoice_date)), ("2026-01-01", "2025-11-15"))

    def test_one_record_may_be_booked_on_the_next_open_day(self):
        self.company.purchase_lock_date = "2026-07-31"
        self.put_bill()
        self.sync_bill("bill-2")
        self.assertEqual(set(self.logs("bills").mapped("state")), {"waiting"})
        self.current().action_next_open_day()
        self.run_worker()
        self.assertEqual([(bill.ref, str(bill.date)) for bill in self.bills()], [("BILL-1", "2026-08-01")])
