import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import Party, Reference
from odoo.addons.ml_connector.core.errors import DuplicateError, InvalidDataError, LockedPeriodError, NotReadyError

from .common_writers import WriterCase


@tagged("post_install", "-at_install")
class TestWriterPayment(WriterCase):
    def setUp(self):
        super().setUp()
        self.move = self.written("bill", self.bill())

    def enterprise(self):
        """Odoo as with its Enterprise accounting app: no outstanding account, no journal entry, `in_payment`."""
        self.bank_journal.outbound_payment_method_line_ids.payment_account_id = False
        moves = type(self.env["account.move"])
        return patch.object(moves, "_get_invoice_in_payment_state", lambda move: "in_payment")

    def assertPaid(self, *moves):
        for move in moves:
            self.assertEqual(move.amount_residual, 0.0)
            self.assertIn(move.payment_state, ("in_payment", "paid"))

    # ------------------------------------------------------------------ booked

    def test_payment_settles_its_bill(self):
        payment = self.written("payment", self.payment())
        kind = (payment.payment_type, payment.partner_type, payment.partner_id, payment.journal_id)
        self.assertEqual(kind, ("outbound", "supplier", self.vendor, self.bank_journal))
        self.assertEqual((payment.amount, payment.date, payment.memo), (100.0, date(2026, 7, 20), "WIRE 1"))
        self.assertEqual(payment.payment_method_line_id, self.outbound_payment_method_line)
        self.assertTrue(payment.is_reconciled and not payment.partner_bank_id)
        self.assertEqual((payment.move_id.state, payment.reconciled_bill_ids), ("posted", self.move))
        self.assertPaid(self.move)

    def test_a_payment_settles_bills_of_its_own_vendor_only(self):
        self.bound["vendor", "v2"] = other = self.make_vendor("Vendor B")
        document = self.payment(vendor=Party(external_id="v2", name="Vendor B"))
        self.refused("payment", document, InvalidDataError, "Vendor A", "Vendor B", self.move.name)
        self.assertEqual(self.move.payment_state, "not_paid")
        # a contact of the vendor, or the vendor under another number, is the vendor
        self.bound["vendor", "v3"] = self.vendor
        other.write({"parent_id": self.vendor.id, "is_company": False})
        self.written("payment", self.payment(vendor=Party(external_id="v2")))
        self.written("bill", self.bill("b2"))
        self.written("payment", self.payment("p2", [("b2", "100.00")], vendor=Party(external_id="v3")))

    def discount_account(self):
        account = self.company_data["default_account_revenue"]
        self.company.account_journal_early_pay_discount_gain_account_id = account
        return account

    def gain(self, payment, account):
        return payment.move_id.line_ids.filtered(lambda line: line.account_id == account).balance

    def test_discounts_are_a_gain(self):
        account = self.discount_account()
        other = self.written("bill", self.bill("b2", lines=[self.line("50.00")]))
        payment = self.written("payment", self.payment(bills=[("b1", "60.00", "0.00"), ("b2", "49.00", "1.00")]))
        self.assertEqual((payment.amount, self.move.amount_residual, self.gain(payment, account)), (109.0, 40.0, -1.0))
        self.assertPaid(other)
        payment = self.written("payment", self.payment("p2", [("b1", "38.00", "2.00")], reference="WIRE 2"))
        self.assertEqual((payment.amount, payment.is_reconciled, self.gain(payment, account)), (38.0, True, -2.0))
        self.assertPaid(self.move)

    def test_discount_without_an_account_for_it(self):
        self.company.account_journal_early_pay_discount_gain_account_id = False
        for discount, part in (
            ("2.00", "has no gain account for it"),
            ("3.00", "exceeds"),
            ("-1.00", "can only apply to a bill"),
        ):
            self.refused("payment", self.payment(bills=[("b1", "98.00", discount)]), InvalidDataError, part)
            self.discount_account()

    def test_community_without_an_outstanding_account(self):
        """Odoo then chooses one by itself."""
        self.bank_journal.outbound_payment_method_line_ids.payment_account_id = False
        payment = self.written("payment", self.payment())
        self.assertTrue(payment.outstanding_account_id)
        self.assertPaid(self.move)

    def test_enterprise_without_an_outstanding_account(self):
        with self.enterprise():
            payment = self.written("payment", self.payment())
            self.env.flush_all()
            self.assertFalse(payment.move_id)
            self.assertEqual((payment.state, payment.invoice_ids), ("in_process", self.move))
            self.assertEqual(self.move.payment_state, "in_payment")

    def test_enterprise_with_an_outstanding_account(self):
        account = self.outbound_payment_method_line.payment_account_id
        with self.enterprise():
            self.outbound_payment_method_line.payment_account_id = account
            self.written("payment", self.payment())
            self.assertEqual((self.move.payment_state, self.move.amount_residual), ("in_payment", 0.0))

    def test_bank_account_as_outstanding_account(self):
        self.outbound_payment_method_line.payment_account_id = self.bank_journal.default_account_id
        payment = self.written("payment", self.payment())
        self.assertEqual(payment.state, "paid")
        self.assertPaid(self.move)

    def test_parts_of_a_bill_in_one_batch(self):
        """One that is too much stops no other."""
        parts = [self.payment(key, bills=[("b1", amount)]) for key, amount in (("p1", "40.00"), ("p2", "61.00"))]
        one, two = self.book("payment", *parts)
        self.assertEqual((self.move.amount_residual, self.move.payment_state), (60.0, "partial"))
        self.assertEqual(one.outcome, "created")
        self.assertIsInstance(two.error, InvalidDataError)
        self.refused("payment", self.payment("p2", bills=[("b1", "61.00")]), InvalidDataError, "61.00", "60.00")
        self.book("payment", *(self.payment(key, bills=[("b1", "30.00")]) for key in ("p3", "p4")))
        self.assertPaid(self.move)

    def with_second(self, first):
        """A second bill, and a payment of it and of a part of the first."""
        second = self.written("bill", self.bill("b2", lines=[self.line("50.00")]))
        return second, self.written("payment", self.payment(bills=[("b1", first), ("b2", "50.00")]))

    def test_one_payment_of_several_bills(self):
        second, payment = self.with_second("100.00")
        self.assertEqual(payment.reconciled_bill_ids, self.move | second)
        self.assertEqual(len(payment.move_id.line_ids), 2)
        self.assertPaid(self.move, second)

    def test_each_bill_gets_its_part(self):
        """One journal item would pay the first bill in full."""
        second, payment = self.with_second("70.00")
        self.assertEqual((self.move.amount_residual, second.amount_residual), (30.0, 0.0))
        self.assertEqual((payment.amount, payment.is_reconciled), (120.0, True))
        self.assertAlmostEqual(sum(payment.move_id.line_ids.mapped("balance")), 0.0)
        payment.action_draft()
        payment.action_post()
        self.assertEqual((payment.move_id.state, self.move.amount_residual), ("posted", 30.0))

    def test_bills_on_different_payable_accounts(self):
        other = self.copy_account(self.company_data["default_account_payable"])
        self.vendor.property_account_payable_id = other
        second, _payment = self.with_second("100.00")
        self.assertPaid(self.move, second)

    def test_bill_with_instalments(self):
        self.vendor.property_supplier_payment_term_id = self.pay_terms_b
        move = self.written("bill", self.bill("b2", due_date=None))
        self.written("payment", self.payment(bills=[("b2", "30.00")]))
        first, second = move.line_ids.filtered(lambda line: line.display_type == "payment_term").sorted("date_maturity")
        self.assertEqual((first.amount_residual, second.amount_residual), (0.0, -70.0))
        self.written("payment", self.payment("p2", bills=[("b2", "70.00")]))
        self.assertPaid(move)

    def test_foreign_currency_with_exchange_difference(self):
        self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0), ("2026-07-10", 4.0)])
        move = self.written("bill", self.bill("b2", currency="EUR"))
        self.assertEqual(move.amount_total_signed, -50.0)
        payment = self.written("payment", self.payment(bills=[("b2", "100.00")], currency="EUR"))
        self.assertEqual(abs(payment.amount_company_currency_signed), 25.0)
        self.assertPaid(move)

    def bank_in(self, currency):
        if currency == self.company.currency_id:
            return self.bank_journal
        own = {"currency_id": currency.id, "name": f"Bank {currency.name}", "code": currency.name}
        known = self.env["account.journal"].search([("code", "=", currency.name)])
        return known or self.bank_journal.copy(own)

    def assertBankLineCloses(self, payment, amount, currency):
        """The line of the bank's statement over what was debited closes the payment, to the cent."""
        outstanding = payment._seek_for_lines()[0]
        self.assertEqual((outstanding.currency_id.name, outstanding.amount_currency), (currency, -float(amount)))
        journal = self.bank_in(outstanding.currency_id)
        values = {"journal_id": journal, "date": payment.date, "payment_ref": "x", "amount": -float(amount)}
        counterpart = self.make("account.bank.statement.line", **values)._seek_for_lines()[1]
        counterpart.account_id = outstanding.account_id
        (counterpart + outstanding).reconcile()
        for item in (outstanding, counterpart):
            self.assertEqual((item.amount_residual, item.amount_residual_currency, item.reconciled), (0.0, 0.0, True))

    def test_what_the_bank_debited_is_booked(self):
        self.setup_other_currency("EUR", rates=[("2020-01-01", 0.92)])
        rate = {"exchange_rate": 1 / Decimal("1.0842"), "rate_currency": "USD"}
        move = self.written("bill", self.bill("b2", [self.line("1000.00")], currency="EUR", **rate))
        self.assertEqual(move.amount_total_signed, -1084.20)
        values = {"currency": "EUR", "debited": "1091.37", "debited_currency": "USD"}
        document = self.payment(bills=[("b2", "1000.00")], **values)
        payment = self.written("payment", document)
        self.assertPaid(move)
        self.assertEqual(payment._seek_for_lines()[0].balance, -1091.37)
        difference = move.line_ids.matched_debit_ids.exchange_move_id
        self.assertEqual(difference.line_ids.filtered("debit").debit, 7.17)
        self.written("payment", document, "unchanged")
        self.assertBankLineCloses(payment, "1091.37", "USD")
        other = replace(document, debited=Decimal("1092.00"))
        self.noted("payment", other, "drift", "amount debited 1,091.37 USD in Odoo, 1,092.00 USD in ")

    def test_a_debit_of_several_bills_is_not_taken_for_one(self):
        self.setup_other_currency("EUR", rates=[("2020-01-01", 0.92)])
        self.written("bill", self.bill("b2", [self.line("1000.00")], currency="EUR"))
        for currency, part in (("USD", "3,300.00 USD"), ("ZZZ", "ZZZ")):
            values = {"currency": "EUR", "debited": "3300.00", "debited_currency": currency}
            self.refused("payment", self.payment(bills=[("b2", "1000.00")], **values), InvalidDataError, part)

    def test_a_debit_too_small_for_a_rate_is_refused(self):
        self.setup_other_currency("EUR", rates=[("2020-01-01", 0.92)])
        self.setup_other_currency("JPY", rates=[("2020-01-01", 400.0)])
        self.written("bill", self.bill("b2", [self.line("1000.00")], currency="EUR"))
        values = {"currency": "EUR", "debited": "1", "debited_currency": "JPY"}
        self.refused("payment", self.payment(bills=[("b2", "1000.00")], **values), NotReadyError, "1 JPY")

    def test_any_debit_in_any_currency_closes_its_bank_line(self):
        draw = random.Random(11)
        rates = {self.company.currency_id.name: 1.0, "EUR": 0.92, "JPY": 151.3, "CHF": 0.8847}
        for code in ("EUR", "JPY", "CHF"):
            self.setup_other_currency(code, rates=[("2020-01-01", rates[code])])
        for number in range(12):
            owed, debited = draw.sample(sorted(rates), 2)
            amount = Decimal(draw.randint(100_00, 9_000_000)) / 100
            amount = round(amount, 0 if owed == "JPY" else 2)
            worth = float(amount) / rates[owed] * rates[debited] * draw.uniform(0.93, 1.07)
            taken = round(Decimal(worth), 0 if debited == "JPY" else 2)
            with self.subTest(f"{amount} {owed} paid with {taken} {debited}"):
                key = f"b{number}r"
                move = self.written("bill", self.bill(key, [self.line(amount)], currency=owed))
                values = {"currency": owed, "debited": taken, "debited_currency": debited}
                payment = self.written("payment", self.payment(f"p{number}r", [(key, amount)], **values))
                self.assertPaid(move)
                self.assertBankLineCloses(payment, taken, debited)

    def test_other_currency_than_the_bill(self):
        self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        move = self.written("bill", self.bill("b2", currency="EUR"))
        self.written("payment", self.payment(bills=[("b2", "50.00")]))
        self.assertPaid(move)

    def test_journals_of_all_kinds(self):
        for kind in ("cash", "credit"):
            journal = self.mapped["journal", kind] = self.company_data[f"default_journal_{kind}"].with_env(self.env)
            move = self.written("bill", self.bill(kind))
            source = Reference(kind="journal", external_id=kind)
            payment = self.written("payment", self.payment(f"p {kind}", bills=[(kind, "100.00")], source=source))
            self.assertEqual(payment.journal_id, journal)
            self.assertPaid(move)

    def test_manual_method_is_preferred(self):
        other = self.outbound_payment_method_line.copy({"name": "Check", "sequence": 1})
        with patch.object(type(other), "code", property(lambda line: "manual" if line != other else "check")):
            self.assertEqual(self.written("payment", self.payment()).payment_method_line_id.name, "Manual Payment")

    def test_rounding_above_the_residual_is_tolerated(self):
        self.written("payment", self.payment(bills=[("b1", "100.04")]))
        self.assertPaid(self.move)

    def test_references_and_dependencies(self):
        writer, document = self.writer("payment"), self.payment()
        self.assertEqual(writer._references(document), (document.source,))
        self.assertEqual(writer._dependencies(document), (("vendor", "v1", ""), ("bill", "b1", "NR-b1")))

    # ------------------------------------------------------------------ refused

    def test_bad_amounts(self):
        for name, values, parts in (
            ("more than is open", {"bills": [("b1", "100.06")]}, ["100.06", "100.00"]),
            ("another sum", {"amount": Decimal("99.00")}, ["99.00", "100.00"]),
            ("negative", {"bills": [("b1", "-5.00")]}, ["credit of 5.00 USD"]),
            ("decimals", {"bills": [("b1", "10.001")]}, ["10.001"]),
            ("currency", {"currency": "ZZZ"}, ["ZZZ"]),
        ):
            with self.subTest(name):
                self.refused("payment", self.payment(**values), InvalidDataError, *parts)

    def test_enterprise_payment_under_way_counts(self):
        with self.enterprise():
            self.written("payment", self.payment(bills=[("b1", "40.00")]))
            self.refused("payment", self.payment("p2"), InvalidDataError, "100.00", "60.00")

    def test_bill_that_cannot_be_paid(self):
        self.written("bill", self.bill("draft"), post_bills=False)
        self.written("bill", self.bill("credit", is_credit=True), post_bills=True)
        self.move.button_draft()
        self.move.button_cancel()
        for bills, parts in (
            ([("draft", "100.00")], ["NR-draft", "draft"]),
            ([("credit", "100.00")], ["credit note"]),
            ([("b1", "100.00")], ["cancelled"]),
            ([("nowhere", "1.00")], ["NR-nowhere"]),
            ([], ["does not refer to a bill"]),
        ):
            with self.subTest(bills):
                self.refused("payment", self.payment(bills=bills), InvalidDataError, *parts)

    def test_bills_of_several_vendors(self):
        self.bound["vendor", "v2"] = self.make_vendor("Vendor Z")
        self.written("bill", self.bill("b2", vendor="v2"))
        document = self.payment(bills=[("b1", "100.00"), ("b2", "100.00")])
        self.refused("payment", document, InvalidDataError, "Vendor A", "Vendor Z")

    def test_unusable_journals(self):
        other = self.setup_other_company(name="Other")
        for journal in (self.purchase_journal, other["default_journal_bank"].with_env(self.env)):
            self.mapped["journal", "bank"] = journal
            self.refused("payment", self.payment(), InvalidDataError, "Bank", journal.display_name)
        self.mapped["journal", "bank"] = None
        self.refused("payment", self.payment(), InvalidDataError, "Bank", "ignored in the mappings")
        self.mapped["journal", "bank"] = self.bank_journal
        self.bank_journal.outbound_payment_method_line_ids.unlink()
        self.refused("payment", self.payment(), InvalidDataError, "payment method")

    # ------------------------------------------------------------------ lock dates

    def test_locked_period(self):
        self.company.fiscalyear_lock_date = date(2026, 7, 31)
        self.refused("payment", self.payment(), LockedPeriodError, "Jul 20, 2026")
        payment = self.noted("payment", self.payment(), "created", "Aug 1, 2026", lock_date_policy="next_open_day")
        self.assertEqual((payment.date, payment.move_id.date), (date(2026, 8, 1), date(2026, 8, 1)))
        self.assertEqual(payment.ml_original_date, date(2026, 7, 20))
        self.assertPaid(self.move)
        self.written("payment", self.payment(), "unchanged")

    def test_purchase_lock_does_not_concern_payments(self):
        self.company.purchase_lock_date = date(2026, 7, 31)
        self.written("payment", self.payment())

    def test_period_locked_between_plan_and_apply(self):
        entries = self.plan("payment", self.payment())
        self.company.fiscalyear_lock_date = date(2026, 7, 31)
        with self.assertRaises(LockedPeriodError):
            self.apply("payment", *entries)

    # ------------------------------------------------------------------ paid by hand

    def pay_by_hand(self, day=date(2026, 7, 18), **values):
        return self.register_payment(self.move, payment_date=day, journal_id=self.bank_journal.id, **values)

    def test_payment_by_hand_is_linked_once(self):
        payment = self.pay_by_hand()
        first, second = self.book("payment", self.payment(), self.payment("p2"))
        self.assertEqual((first.outcome, first.record, self.move.amount_residual), ("linked", payment, 0.0))
        self.assertIsInstance(second.error, DuplicateError)

    def test_enterprise_payment_by_hand_is_linked(self):
        with self.enterprise():
            payment = self.pay_by_hand()
            self.assertEqual(self.written("payment", self.payment(), "linked"), payment)

    def test_payment_by_hand_long_ago_is_asked(self):
        self.pay_by_hand(day=date(2026, 7, 2))
        self.refused("payment", self.payment(), DuplicateError, "100.00", self.move.name)

    def test_payment_by_hand_in_parts_is_asked(self):
        self.pay_by_hand(amount=40.0)
        self.pay_by_hand(amount=60.0)
        self.refused("payment", self.payment(), DuplicateError)

    def test_paid_by_another_record_of_the_vendor_is_asked(self):
        self.written("payment", self.payment())
        self.refused("payment", self.payment("p2"), DuplicateError)

    # ------------------------------------------------------------------ changes at the source

    def test_unchanged_and_drift(self):
        payment = self.written("payment", self.payment())
        stamp = payment.write_date
        self.written("payment", self.payment(), "unchanged")
        self.assertEqual(payment.write_date, stamp)
        changed = self.payment(bills=[("b1", "90.00")], date=date(2026, 7, 22))
        self.noted("payment", changed, "drift", "100.00", "90.00", "Jul 20, 2026", "Jul 22, 2026")
        payment.action_draft()
        payment.action_cancel()
        self.noted("payment", self.payment(), "drift", "cancelled")
