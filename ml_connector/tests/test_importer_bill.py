import random
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from odoo.addons.ml_connector.core.errors import DuplicateError, InvalidDataError, LockedPeriodError, MappingError
from odoo.addons.ml_connector.importers import bill_writer as bill_items
from odoo.addons.ml_connector.importers.bill_writer import BillWriter

from .common_writers import WriterCase


@tagged("post_install", "-at_install")
class TestWriterBill(WriterCase):
    def assertDueLine(self, move, amount, day=None):
        lines = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertEqual(len(lines), 1)
        self.assertEqual(lines.amount_residual_currency, amount)
        if day:
            self.assertEqual(lines.date_maturity, day)

    def way(self, ordinary):
        """Bills are written the ordinary way, or the short one."""
        return patch.object(BillWriter, "covers", lambda *args: not ordinary)

    # ------------------------------------------------------------------ what is created

    def test_bill_is_posted_as_the_source_has_it(self):
        document = self.bill(
            lines=[self.line("60.00"), self.line("40.00", account="601", description="Other")],
            accounting_date=date(2026, 7, 3),
            memo="Please <pay>",
            purchase_order="PO 77",
        )
        move = self.written("bill", document)
        self.assertRecordValues(
            move,
            [
                {
                    "state": "posted",
                    "move_type": "in_invoice",
                    "partner_id": self.vendor.id,
                    "ref": "NR-b1",
                    "invoice_date": date(2026, 7, 1),
                    "date": date(2026, 7, 3),
                    "invoice_date_due": date(2026, 7, 31),
                    "invoice_payment_term_id": False,
                    "invoice_origin": "PO 77",
                    "amount_total": 100.0,
                    "amount_residual": 100.0,
                    "partner_bank_id": False,
                    "journal_id": self.purchase_journal.id,
                }
            ],
        )
        self.assertIn("Please &lt;pay&gt;", move.narration)
        self.assertDueLine(move, -100.0, date(2026, 7, 31))
        self.assertEqual(move.invoice_line_ids.mapped("account_id"), self.expense | self.expense_b)
        self.assertEqual(self.writer("bill")._result_reference(move), move.name)

    def test_bill_stays_a_draft_where_the_flow_says_so(self):
        move = self.written("bill", self.bill(), post_bills=False)
        self.assertEqual(move.state, "draft")
        self.assertEqual(move.amount_total, 100.0)

    def test_credit_note(self):
        move = self.written("bill", self.bill(is_credit=True, lines=[self.line("115.00", taxes=["15"])]))
        self.assertEqual((move.move_type, move.amount_total, move.amount_tax), ("in_refund", 115.0, 15.0))
        self.assertDueLine(move, 115.0)

    def test_vendor_without_due_date_takes_its_payment_term(self):
        term = self.env["account.payment.term"].create(
            {"name": "10 days", "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 10})]}
        )
        self.vendor.property_supplier_payment_term_id = term
        move = self.written("bill", self.bill(due_date=None))
        self.assertEqual((move.invoice_payment_term_id, move.invoice_date_due), (term, date(2026, 7, 11)))
        self.vendor.property_supplier_payment_term_id = False
        move = self.written("bill", self.bill("b2", due_date=None))
        self.assertEqual(move.invoice_date_due, date(2026, 7, 1))

    def test_term_of_several_parts_goes_the_ordinary_way(self):
        self.vendor.property_supplier_payment_term_id = self.pay_terms_b
        move = self.written("bill", self.bill(due_date=None))
        due = move.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertEqual(sorted(due.mapped("balance")), [-70.0, -30.0])

    def test_lines_without_tax_get_no_default_tax(self):
        self.expense.tax_ids = self.tax
        self.company.account_purchase_tax_id = self.tax
        for ordinary in (False, True):
            with self.subTest(ordinary=ordinary), self.way(ordinary):
                move = self.written("bill", self.bill(f"b{ordinary}"))
                self.assertFalse(move.line_ids.tax_ids)
                self.assertEqual(move.amount_total, 100.0)

    def test_fiscal_position_does_not_replace_the_mapped_tax(self):
        other = self.make_tax(7, name="Other tax")
        position = self.env["account.fiscal.position"].create(
            {
                "name": "Abroad",
                "account_ids": [
                    Command.create({"account_src_id": self.expense.id, "account_dest_id": self.expense_b.id})
                ],
            }
        )
        other.fiscal_position_ids = position
        other.original_tax_ids = self.tax
        self.vendor.property_account_position_id = position
        move = self.written("bill", self.bill(lines=[self.line("115.00", taxes=["15"])]))
        self.assertEqual(move.fiscal_position_id, position)
        self.assertEqual(move.invoice_line_ids.tax_ids, self.tax)
        self.assertEqual(move.invoice_line_ids.account_id, self.expense)

    def test_line_without_account_takes_the_journals(self):
        self.purchase_journal.default_account_id = self.expense_b
        move = self.written("bill", self.bill(lines=[self.line("100.00", account=None)]))
        self.assertEqual(move.invoice_line_ids.account_id, self.expense_b)
        self.purchase_journal.default_account_id = False
        self.refused("bill", self.bill("b2", lines=[self.line("100.00", account=None)]), InvalidDataError, "Line 1")

    def test_ignored_codes_are_left_out(self):
        self.mapped["tax", "none"] = None
        self.mapped["analytic", "none"] = None
        document = self.bill(lines=[self.line("100.00", taxes=["none"], analytics=[("none", 100)])])
        move = self.written("bill", document)
        self.assertFalse(move.invoice_line_ids.tax_ids)
        self.assertFalse(move.invoice_line_ids.analytic_distribution)

    def test_references_and_dependencies(self):
        document = self.bill(lines=[self.line("1.00", taxes=["15"]), self.line("2.00", analytics=[("a", 100)])])
        references = self.writer("bill")._references(document)
        self.assertEqual(
            [(ref.kind, ref.external_id) for ref in references], [("account", "600"), ("tax", "15"), ("analytic", "a")]
        )
        self.assertEqual(self.writer("bill")._dependencies(document), (("vendor", "v1", "v1"),))

    def test_unknown_vendor_asks_for_a_mapping(self):
        error = self.refused("bill", self.bill(vendor="nobody"), MappingError, "nobody")
        self.assertEqual([ref.external_id for ref in error.references], ["nobody"])

    # ------------------------------------------------------------------ tax and rounding

    def test_gross_amounts_are_split_by_the_mapped_tax(self):
        for include, price in (("tax_excluded", 100.0), ("tax_included", 115.0)):
            with self.subTest(include):
                self.mapped["tax", include] = self.make_tax(15, name=include, price_include_override=include)
                move = self.written("bill", self.bill(include, lines=[self.line("115.00", taxes=[include])]))
                self.assertEqual((move.amount_untaxed, move.amount_tax, move.amount_total), (100.0, 15.0, 115.0))
                self.assertEqual(move.invoice_line_ids.price_unit, price)

    def test_net_amounts_with_a_tax_in_the_price(self):
        self.mapped["tax", "in"] = self.make_tax(15, name="included", price_include_override="tax_included")
        document = self.bill(lines=[self.line("100.00", taxes=["in"])], total="115.00", amounts_include_tax=False)
        move = self.written("bill", document)
        self.assertEqual((move.amount_untaxed, move.amount_tax), (100.0, 15.0))
        self.assertEqual(move.invoice_line_ids.price_unit, 115.0)

    def test_rounding_difference_at_the_edge_of_the_tolerance(self):
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            for ordinary in (False, True):
                with self.subTest(method=method, ordinary=ordinary), self.way(ordinary):
                    key = f"{method}-{ordinary}"
                    lines = [self.line("33.33", taxes=["15"]), self.line("33.33", taxes=["15"])]
                    # 66.66 + 10.00
                    move = self.written(
                        "bill", self.bill(f"{key}+", lines=lines, total="76.71", amounts_include_tax=False)
                    )
                    self.assertEqual((move.amount_untaxed, move.amount_tax), (66.66, 10.05))
                    move = self.written(
                        "bill", self.bill(f"{key}-", lines=lines, total="76.61", amounts_include_tax=False)
                    )
                    self.assertEqual((move.amount_tax, move.amount_total), (9.95, 76.61))
                    self.assertDueLine(move, -76.61)
                    document = self.bill(f"{key}x", lines=lines, total="76.72", amounts_include_tax=False)
                    self.refused("bill", document, InvalidDataError, "76.72", "76.66")

    def test_gross_bill_of_many_lines_keeps_its_total(self):
        """Splitting each line costs up to a cent a line: that is no difference to the source."""
        for method in ("round_per_line", "round_globally"):
            with self.subTest(method):
                self.company.tax_calculation_rounding_method = method
                lines = [self.line("1.01", taxes=["15"]) for _number in range(40)]
                move = self.written("bill", self.bill(method, lines=lines), rounding_tolerance=0.01)
                self.assertEqual(move.amount_total, 40.4)

    def test_stated_tax_is_put_on_the_tax_line(self):
        document = self.bill(lines=[self.line("100.00", taxes=["15"])], tax_total=Decimal("13.06"))
        move = self.written("bill", document)
        self.assertEqual((move.amount_untaxed, move.amount_tax, move.amount_total), (86.94, 13.06, 100.0))
        document = self.bill("b2", lines=[self.line("100.00", taxes=["15"])], tax_total=Decimal("13.20"))
        self.refused("bill", document, InvalidDataError, "13.20", "13.04")

    def test_stated_tax_with_a_tax_in_the_price(self):
        self.mapped["tax", "in"] = self.make_tax(15, name="included", price_include_override="tax_included")
        for ordinary in (False, True):
            with self.way(ordinary):
                document = self.bill(
                    f"b{ordinary}", lines=[self.line("100.00", taxes=["in"])], tax_total=Decimal("13.06")
                )
                move = self.written("bill", document)
                self.assertEqual((move.amount_untaxed, move.amount_tax, move.amount_total), (86.94, 13.06, 100.0))

    def test_tax_without_tax_code_is_part_of_the_cost(self):
        move = self.written("bill", self.bill(lines=[self.line("108.25")], tax_total=Decimal("8.25")))
        self.assertEqual((move.amount_untaxed, move.amount_tax), (108.25, 0.0))

    def test_difference_without_tax_line_is_refused(self):
        document = self.bill(lines=[self.line("100.00")], total="100.01")
        self.refused("bill", document, InvalidDataError, "100.01", "100.00", "No tax line")

    def test_difference_is_never_put_on_a_reverse_charge(self):
        account = self.company_data["default_account_tax_purchase"]
        repartition = [
            Command.create({"repartition_type": "base"}),
            Command.create({"repartition_type": "tax", "factor_percent": 100, "account_id": account.id}),
            Command.create({"repartition_type": "tax", "factor_percent": -100, "account_id": account.id}),
        ]
        self.mapped["tax", "rc"] = self.make_tax(
            20, name="Reverse", invoice_repartition_line_ids=repartition, refund_repartition_line_ids=repartition
        )
        move = self.written("bill", self.bill(lines=[self.line("100.00", taxes=["rc"])]))
        self.assertEqual((move.amount_total, len(move.line_ids)), (100.0, 4))
        document = self.bill("b2", lines=[self.line("100.00", taxes=["rc"])], total="100.02")
        self.refused("bill", document, InvalidDataError, "No tax line")

    # ------------------------------------------------------------------ currencies

    def test_foreign_currency_keeps_the_sources_rate(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 1.3)])
        document = self.bill(currency="EUR", exchange_rate=Decimal("1.25"), lines=[self.line("115.00", taxes=["15"])])
        move = self.written("bill", document)
        self.assertEqual((move.currency_id, move.invoice_currency_rate), (currency, 1.25))
        self.assertEqual((move.amount_total, move.amount_total_signed), (115.0, -92.0))
        move = self.written("bill", self.bill("b2", currency="EUR"))
        self.assertEqual((move.invoice_currency_rate, move.amount_total_signed), (1.3, -76.92))

    def test_a_rate_to_another_currency_than_the_companys_is_not_used(self):
        self.setup_other_currency("EUR", rates=[("2020-01-01", 1.3)])
        for number, target in enumerate(("GBP", "")):
            document = self.bill(f"b{number}", currency="EUR", exchange_rate=Decimal("1.25"), rate_currency=target)
            move = self.written("bill", document)
            self.assertEqual((move.invoice_currency_rate, move.amount_total_signed), (1.3, -76.92))
            self.written("bill", document, "unchanged")
        own = self.bill(
            "b9", currency="EUR", exchange_rate=Decimal("1.25"), rate_currency=self.company.currency_id.name
        )
        self.assertEqual(self.written("bill", own).amount_total_signed, -80.0)

    def test_a_rate_far_from_odoos_own_is_a_question(self):
        self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0), ("2026-06-01", 1.25)])
        for rate in ("1.51", "1.04", "125"):
            document = self.bill(currency="EUR", exchange_rate=Decimal(rate))
            self.refused("bill", document, InvalidDataError, rate, "1.25", "EUR")
        self.flow("bill").rate_tolerance = 25.0
        move = self.written("bill", self.bill(currency="EUR", exchange_rate=Decimal("1.51")))
        self.assertEqual(move.invoice_currency_rate, 1.51)
        self.flow("bill").rate_tolerance = 20.0
        self.written("bill", self.bill(currency="EUR", exchange_rate=Decimal("1.51")), "unchanged")

    def test_currency_without_decimals(self):
        self.setup_other_currency("JPY", rates=[("2020-01-01", 150.0)])
        move = self.written("bill", self.bill(currency="JPY", lines=[self.line("1150", taxes=["15"])]))
        self.assertEqual((move.amount_untaxed, move.amount_tax), (1000.0, 150.0))
        self.refused("bill", self.bill("b2", currency="JPY", lines=[self.line("1150.5")]), InvalidDataError, "1,150.5")
        # the tolerance of 0.05 allows for the smallest unit, which is 1 here
        lines = [self.line("1000", taxes=["15"])]
        values = {"currency": "JPY", "lines": lines, "amounts_include_tax": False}
        self.assertEqual(self.written("bill", self.bill("b3", total="1151", **values)).amount_tax, 151.0)
        self.refused("bill", self.bill("b4", total="1152", **values), InvalidDataError, "1,152 JPY", "1,150 JPY")
        self.refused(
            "bill", self.bill("b5", total="1151", **values), InvalidDataError, "1,150 JPY", rounding_tolerance=0.0
        )

    def test_unusable_currencies(self):
        self.refused("bill", self.bill(currency="ZZZ"), InvalidDataError, "ZZZ")
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "GBP")])
        currency.rate_ids.unlink()
        currency.active = False
        self.refused("bill", self.bill(currency="GBP"), InvalidDataError, "GBP", "not active")
        currency.active = True
        self.refused("bill", self.bill(currency="GBP"), InvalidDataError, "exchange rate", "GBP")
        # what cannot be compared is not known to be right
        document = self.bill(currency="GBP", exchange_rate=Decimal("0.8"))
        self.refused("bill", document, InvalidDataError, "exchange rate", "GBP")
        self.env["res.currency.rate"].create({"name": "2020-01-01", "rate": 0.79, "currency_id": currency.id})
        self.refused(
            "bill", self.bill("b2", currency="GBP", exchange_rate=Decimal(0)), InvalidDataError, "not positive"
        )
        self.written("bill", document)

    def test_too_many_decimals(self):
        self.refused("bill", self.bill(lines=[self.line("10.001")]), InvalidDataError, "10.001")
        self.refused("bill", self.bill(tax_total=Decimal("0.001")), InvalidDataError, "0.001")

    # ------------------------------------------------------------------ bad input

    def test_bill_without_lines(self):
        self.refused("bill", self.bill(lines=[], total="0"), InvalidDataError, "no lines")

    def test_negative_total(self):
        self.refused("bill", self.bill(lines=[self.line("-5.00")]), InvalidDataError, "credit note")

    def test_unusable_accounts(self):
        other = self.setup_other_company(name="Other")["default_account_expense"].with_env(self.env)
        foreign = self.copy_account(self.expense, {"currency_id": self.setup_other_currency("EUR").id})
        archived = self.copy_account(self.expense, {"active": False})
        payable = self.company_data["default_account_payable"]
        for account, part in (
            (archived, "archived"),
            (other, "another company"),
            (payable, "payable"),
            (foreign, "EUR"),
        ):
            self.mapped["account", "bad"] = account.with_env(self.env)
            self.refused("bill", self.bill(lines=[self.line("1.00", account="bad")]), InvalidDataError, part, "line 1")

    def test_unusable_taxes(self):
        self.mapped["tax", "bad"] = self.company_data["default_tax_sale"]
        self.refused("bill", self.bill(lines=[self.line("1.00", taxes=["bad"])]), InvalidDataError, "Tax")
        self.mapped["tax", "bad"] = self.make_tax(3, name="old", active=False)
        self.refused("bill", self.bill(lines=[self.line("1.00", taxes=["bad"])]), InvalidDataError, "old")

    def test_vendor_of_another_company(self):
        self.vendor.write({"name": "Secret", "company_id": self.setup_other_company(name="Other")["company"].id})
        error = self.refused("bill", self.bill(), InvalidDataError, "another company")
        for name in ("Other", "Secret"):
            self.assertNotIn(name, error.message)

    def test_unusable_journal(self):
        flow = self.flow("bill")
        flow.journal_id = self.purchase_journal
        self.purchase_journal.active = False
        self.refused("bill", self.bill(), InvalidDataError, "Journal")

    def test_one_bad_bill_stops_no_other(self):
        good, bad = self.book("bill", self.bill("b1"), self.bill("b2", lines=[]))
        self.assertEqual(good.record.state, "posted")
        self.assertIsInstance(bad.error, InvalidDataError)

    def test_what_odoo_refuses_is_said_in_its_words(self):
        (entry,) = self.plan("bill", self.bill())
        self.expense.active = False
        with self.assertRaisesRegex(InvalidDataError, "archived"):
            self.writer("bill")._apply_batch(self.flow("bill"), [entry], self.resolver())

    # ------------------------------------------------------------------ lock dates

    def test_locked_period_is_parked(self):
        self.company.purchase_lock_date = date(2026, 7, 31)
        self.refused("bill", self.bill(), LockedPeriodError, "Jul 1, 2026", "Jul 31, 2026")

    def test_locked_period_moves_to_the_next_open_day(self):
        locks = {
            "purchase_lock_date": False,
            "fiscalyear_lock_date": False,
            "hard_lock_date": False,
        }
        for number, lock in enumerate(locks):
            with self.subTest(lock):
                self.company.write(
                    {**locks, lock: date(2026, 7, 10)}
                    if lock != "hard_lock_date"
                    else {"purchase_lock_date": False, "fiscalyear_lock_date": False, lock: date(2026, 7, 10)}
                )
                (entry,) = self.book("bill", self.bill(f"b{number}"), lock_date_policy="next_open_day")
                self.assertEqual(entry.record.date, date(2026, 7, 11))
                self.assertEqual(entry.record.ml_original_date, date(2026, 7, 1))
                self.assertEqual(entry.record.invoice_date, date(2026, 7, 1))
                self.assertIn("Jul 11, 2026", entry.note)

    def test_tax_lock_counts_for_bills_with_tax_only(self):
        self.company.tax_lock_date = date(2026, 7, 10)
        self.written("bill", self.bill())
        taxed = self.bill("b2", lines=[self.line("115.00", taxes=["15"])])
        self.refused("bill", taxed, LockedPeriodError, "Jul 10, 2026")
        move = self.written("bill", taxed, lock_date_policy="next_open_day")
        self.assertEqual(move.date, date(2026, 7, 11))

    def test_lock_exception_opens_the_period(self):
        self.company.purchase_lock_date = date(2026, 7, 31)
        self.env["account.lock_exception"].create(
            {
                "company_id": self.company.id,
                "user_id": False,
                "purchase_lock_date": date(2026, 6, 30),
                "end_datetime": False,
            }
        )
        self.assertEqual(self.written("bill", self.bill()).date, date(2026, 7, 1))

    def test_period_locked_between_plan_and_apply(self):
        (entry,) = self.plan("bill", self.bill())
        self.company.purchase_lock_date = date(2026, 7, 31)
        with self.assertRaises(LockedPeriodError):
            self.writer("bill")._apply_batch(self.flow("bill"), [entry], self.resolver())

    def test_old_bill_keeps_its_accounting_date(self):
        """Odoo would take the end of the month."""
        self.assertEqual(self.written("bill", self.bill(document_date=date(2024, 2, 5))).date, date(2024, 2, 5))

    # ------------------------------------------------------------------ duplicates

    def hand_bill(self, amount=100.0, ref="nr- B1", day=date(2026, 7, 1), **values):
        move = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.vendor.id,
                "ref": ref,
                "invoice_date": day,
                "date": day,
                "invoice_line_ids": [
                    Command.create({"name": "x", "account_id": self.expense.id, "price_unit": amount, "tax_ids": []})
                ],
                **values,
            }
        )
        move.action_post()
        return move

    def test_bill_entered_by_hand_is_linked(self):
        move = self.hand_bill()
        self.assertEqual(self.written("bill", self.bill(), "linked"), move)

    def test_bill_entered_by_hand_is_linked_once(self):
        self.hand_bill()
        first, second = self.book("bill", self.bill("b1"), self.bill("b2", number="NR-b1"))
        self.assertEqual(first.outcome, "linked")
        self.assertIsInstance(second.error, DuplicateError)

    def test_bill_entered_by_hand_on_another_day_is_linked_with_a_note(self):
        move = self.hand_bill(day=date(2026, 7, 8))
        (entry,) = self.book("bill", self.bill())
        self.assertEqual((entry.outcome, entry.record), ("linked", move))
        self.assertIn("Jul 8, 2026", entry.note)

    def test_cancelled_bill_is_none(self):
        move = self.hand_bill()
        move.button_draft()
        move.button_cancel()
        self.assertNotEqual(self.written("bill", self.bill()), move)

    def test_same_number_with_another_total_is_asked(self):
        move = self.hand_bill(amount=99.0)
        self.refused("bill", self.bill(), DuplicateError, move.name, "99.0")

    def test_same_number_twice_by_hand_is_asked(self):
        first, second = self.hand_bill(), self.hand_bill()
        self.refused("bill", self.bill(), DuplicateError, first.name, second.name)

    def test_credit_note_of_the_same_number_is_asked(self):
        self.hand_bill()
        self.refused("bill", self.bill(is_credit=True), DuplicateError)

    def test_recurring_number_is_another_bill(self):
        """Utilities put the customer's account number on each bill."""
        self.hand_bill(amount=99.0, day=date(2026, 6, 1))
        self.written("bill", self.bill())
        first = self.written("bill", self.bill("b2", number="ACCOUNT 7"))
        second = self.written("bill", self.bill("b3", number="ACCOUNT 7", document_date=date(2026, 8, 1)))
        self.assertNotEqual(first, second)

    def test_same_number_and_day_as_a_bound_bill_is_asked(self):
        self.written("bill", self.bill())
        self.refused("bill", self.bill("again", number="NR-b1"), DuplicateError, "b1")

    def test_twice_in_one_batch(self):
        first, second = self.book("bill", self.bill("b1"), self.bill("b2", number="nr-B1"))
        self.assertEqual(first.outcome, "created")
        self.assertIsInstance(second.error, DuplicateError)

    def test_same_number_of_another_vendor_or_company(self):
        self.hand_bill(partner_id=self.make_vendor("Other").id)
        other = self.setup_other_company(name="Other company")
        self.hand_bill(
            company_id=other["company"].id,
            journal_id=other["default_journal_purchase"].id,
            invoice_line_ids=[
                Command.create({"account_id": other["default_account_expense"].id, "price_unit": 100.0, "tax_ids": []})
            ],
        )
        self.written("bill", self.bill())

    def test_bill_born_in_odoo_is_linked_by_our_id(self):
        move = self.hand_bill(ref="other")
        self.assertEqual(self.written("bill", self.bill(odoo_id=move.id), "linked"), move)
        self.refused("bill", self.bill("b2", odoo_id=move.id), DuplicateError, "another bill")

    def test_an_id_of_ours_links_only_what_agrees(self):
        """The ID is a claim of the provider: for another vendor's bill, or another sum, it proves nothing."""
        self.setup_other_currency("EUR", rates=[("2020-01-01", 1.3)])
        honest = self.make_vendor("Honest Supplies Ltd")
        others = (
            self.hand_bill(ref="C-1", partner_id=honest.id),
            self.hand_bill(ref="C-2", currency_id=self.env.ref("base.EUR").id),
            self.hand_bill(ref="C-3", move_type="in_refund"),
        )
        for number, move in enumerate(others):
            document = self.bill(f"b{number}", odoo_id=move.id)
            error = self.refused("bill", document, DuplicateError, document.number, "Vendor A", move.name)
            self.assertIn(move.partner_id.name, error.message)
            self.refused("payment", self.payment(f"p{number}", [(f"b{number}", "100.00")]), InvalidDataError, "not in")
            self.assertEqual(move.payment_state, "not_paid")
        own = self.hand_bill(ref="C-4")
        self.refused("bill", self.bill("b4", total="99.94", odoo_id=own.id), DuplicateError, "99.94", "100.00")
        self.refused("bill", self.bill("b4", total="9999.00", odoo_id=own.id), DuplicateError, "9,999.00 USD")
        (entry,) = self.plan("bill", self.bill("b4", total="99.95", odoo_id=own.id))
        self.assertEqual((entry.outcome, entry.record), ("linked", own))

    def test_what_we_sent_comes_back_as_the_same_bill_only_if_it_agrees(self):
        move = self.hand_bill(ref="C-1")
        self.env["ml.binding"]._bind(self.connection, [{"kind": "own_bill", "external_id": "draft:1", "record": move}])
        self.bound["vendor", "v2"] = self.make_vendor("Vendor B")
        self.refused("bill", self.bill(vendor="v2", sent_as=("draft:1",)), DuplicateError, "Vendor B", "Vendor A")
        self.assertEqual(self.written("bill", self.bill(sent_as=("draft:1",)), "linked"), move)

    def test_another_companys_bill_is_not_linked_and_not_named(self):
        other = self.setup_other_company(name="Other company")
        move = self.hand_bill(
            ref="SECRET-1",
            company_id=other["company"].id,
            journal_id=other["default_journal_purchase"].id,
            invoice_line_ids=[
                Command.create({"account_id": other["default_account_expense"].id, "price_unit": 100.0, "tax_ids": []})
            ],
        )
        self.assertNotEqual(self.written("bill", self.bill(odoo_id=move.id)), move)

    def test_unknown_id_of_ours_is_no_reason_to_stop(self):
        self.written("bill", self.bill(odoo_id=2_000_000_000))

    # ------------------------------------------------------------------ changes at the source

    def test_unchanged(self):
        document = self.bill(
            lines=[self.line("57.50", taxes=["15"]), self.line("57.50", account="601")],
            accounting_date=date(2026, 7, 2),
        )
        move = self.written("bill", document)
        stamp = move.write_date
        self.assertEqual(self.written("bill", document, "unchanged"), move)
        self.assertEqual(move.write_date, stamp)

    def test_unchanged_even_where_it_could_not_be_booked_today(self):
        document = self.bill(lines=[self.line("115.00", taxes=["15"])])
        self.written("bill", document)
        self.expense.active = False
        self.tax.active = False
        self.purchase_journal.active = False
        self.company.hard_lock_date = date(2026, 7, 31)
        self.written("bill", document, "unchanged")

    def test_change_after_posting_is_drift(self):
        self.mapped["analytic", "a"] = self.env["account.analytic.account"].create(
            {"name": "Project A", "plan_id": self.env["account.analytic.plan"].create({"name": "Projects"}).id}
        )
        move = self.written("bill", self.bill())
        before = move.line_ids.read(["balance", "account_id", "date_maturity"])
        changed = self.bill(
            lines=[self.line("115.00", account="601", taxes=["15"], analytics=[("a", 100)])],
            due_date=date(2026, 8, 31),
            number="Other",
        )
        (entry,) = self.book("bill", changed)
        self.assertEqual(entry.outcome, "drift")
        for part in ("100.00", "115.00", "NR-b1", "Other", "Aug 31, 2026", "Project A 100 %", self.expense_b.code):
            self.assertIn(part, entry.note)
        self.assertEqual(move.line_ids.read(["balance", "account_id", "date_maturity"]), before)

    def test_what_stands_in_the_way_of_the_payment_is_said(self):
        held = self.bill(remark="The provider holds the bill.")
        (entry,) = self.book("bill", held)
        self.assertEqual((entry.outcome, entry.note), ("created", "The provider holds the bill."))
        self.assertEqual([entry.note for entry in self.book("bill", held)], ["The provider holds the bill."])
        self.assertEqual([entry.note for entry in self.book("bill", self.bill())], [""])

    def test_cancelled_or_reversed_in_odoo_is_drift(self):
        move = self.written("bill", self.bill())
        move._reverse_moves([{"invoice_date": date(2026, 7, 5)}], cancel=True)
        self.assertIn("reversed", self.book("bill", self.bill())[0].note)
        other = self.written("bill", self.bill("b2"))
        other.button_draft()
        other.button_cancel()
        (entry,) = self.book("bill", self.bill("b2"))
        self.assertEqual(entry.outcome, "drift")
        self.assertIn("cancelled", entry.note)

    def test_shifted_bill_is_unchanged(self):
        self.company.purchase_lock_date = date(2026, 7, 31)
        document = self.bill(accounting_date=date(2026, 7, 2))
        self.written("bill", document, lock_date_policy="next_open_day")
        self.written("bill", document, "unchanged")

    def test_draft_follows_the_source(self):
        move = self.written("bill", self.bill(), post_bills=False)
        self.assertEqual(self.written("bill", self.bill(), "unchanged"), move)
        changed = self.bill(
            lines=[self.line("57.50", taxes=["15"]), self.line("60.00", account="601", description="New")],
            number="Other",
            memo="Text",
            total="117.51",
        )
        self.written("bill", changed, "updated")
        self.assertEqual((move.state, move.ref), ("draft", "Other"))
        self.assertEqual((move.amount_total, move.amount_tax), (117.51, 7.51))
        self.assertEqual(move.invoice_line_ids.mapped("name"), ["Something", "New"])
        self.assertEqual(move.invoice_line_ids.account_id, self.expense | self.expense_b)
        self.written("bill", changed, "unchanged")

    def test_draft_takes_another_currency(self):
        self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        move = self.written("bill", self.bill(), post_bills=False)
        changed = self.bill(currency="EUR", lines=[self.line("115.00", taxes=["15"])])
        self.written("bill", changed, "updated")
        self.assertEqual((move.amount_total, move.amount_total_signed), (115.0, -57.5))

    def test_draft_keeps_what_the_source_does_not_state(self):
        move = self.written("bill", self.bill(), post_bills=False)
        journal = self.purchase_journal.copy()
        move.write({"journal_id": journal.id, "narration": "<p>Ask Jane</p>", "invoice_origin": "PO 1"})
        line = move.invoice_line_ids
        self.written("bill", self.bill(due_date=date(2026, 8, 15)), "updated")
        self.assertEqual((move.invoice_date_due, move.journal_id), (date(2026, 8, 15), journal))
        self.assertEqual((move.invoice_line_ids, move.invoice_origin), (line, "PO 1"))
        self.assertIn("Jane", move.narration)

    def test_draft_takes_another_date_and_vendor(self):
        self.bound["vendor", "v2"] = self.make_vendor("Vendor B")
        move = self.written("bill", self.bill(), post_bills=False)
        self.written("bill", self.bill(vendor="v2", document_date=date(2025, 3, 4)), "updated")
        self.assertEqual((move.invoice_date, move.date), (date(2025, 3, 4), date(2025, 3, 4)))
        self.assertEqual(move.partner_id.name, "Vendor B")
        self.assertEqual(move.line_ids.partner_id, move.partner_id)
        self.assertDueLine(move, -100.0, date(2026, 7, 31))

    def test_a_numbered_draft_keeps_its_number_while_it_fits(self):
        move = self.written("bill", self.bill())
        move.button_draft()
        number = move.name
        (entry,) = self.book("bill", self.bill(document_date=date(2026, 7, 15)))
        self.assertEqual((entry.outcome, move.name), ("updated", number))
        for day in (date(2026, 8, 1), date(2027, 1, 2)):
            (entry,) = self.book("bill", self.bill(document_date=day))
            self.assertEqual((entry.outcome, move.name), ("updated", False))
            self.assertIn(number, entry.note)
            move.action_post()
            self.assertIn(f"{day:%Y/%m}" if "/07/" in number else f"{day:%Y}", move.name)
            move.button_draft()
            number = move.name

    def test_draft_of_another_kind_is_drift(self):
        self.written("bill", self.bill(), post_bills=False)
        (entry,) = self.book("bill", self.bill(is_credit=True))
        self.assertEqual(entry.outcome, "drift")
        self.assertIn("Credit Note", entry.note)

    def test_description_of_a_posted_bill_is_no_drift(self):
        self.written("bill", self.bill())
        self.written("bill", self.bill(lines=[self.line("100.00", description="Reworded")]), "unchanged")

    # ------------------------------------------------------------------ analytics

    def make_plans(self):
        plans = self.env["account.analytic.plan"].create([{"name": "Department"}, {"name": "Project"}])
        for plan, keys in zip(plans, (("d1", "d2"), ("p1", "p2")), strict=True):
            for key in keys:
                self.mapped["analytic", key] = self.env["account.analytic.account"].create(
                    {"name": key, "plan_id": plan.id}
                )
        return plans

    def keys(self, *names):
        return ",".join(str(account_id) for account_id in sorted(self.mapped["analytic", name].id for name in names))

    def test_analytic_shares_of_several_plans_combine(self):
        self.make_plans()
        lines = [
            self.line("100.00", analytics=[("d1", 100), ("p1", 100)]),
            self.line("100.00", analytics=[("d1", "33.33"), ("d2", "66.67"), ("p1", 50), ("p2", 50)]),
            self.line("100.00", analytics=[("d1", 60)]),
        ]
        move = self.written("bill", self.bill(lines=lines))
        first, second, third = move.invoice_line_ids
        self.assertEqual(first.analytic_distribution, {self.keys("d1", "p1"): 100.0})
        self.assertEqual(third.analytic_distribution, {self.keys("d1"): 60.0})
        distribution = second.analytic_distribution
        self.assertEqual(len(distribution), 4)
        self.assertAlmostEqual(sum(distribution.values()), 100.0)
        for names, share in ((("d1", ("p1", "p2")), 33.33), (("p1", ("d1", "d2")), 50.0)):
            one, others = names
            self.assertAlmostEqual(sum(distribution[self.keys(one, other)] for other in others), share)
        self.assertAlmostEqual(sum(first.analytic_line_ids.mapped("amount")), -100.0)

    def test_more_than_all_is_refused(self):
        self.make_plans()
        document = self.bill(lines=[self.line("100.00", analytics=[("d1", 60), ("d2", 50)])])
        self.refused("bill", document, InvalidDataError, "Department", "100%")

    def test_analytic_account_of_another_company(self):
        self.make_plans()
        self.mapped["analytic", "d1"].company_id = self.setup_other_company(name="Other")["company"]
        document = self.bill(lines=[self.line("100.00", analytics=[("d1", 100)])])
        self.refused("bill", document, InvalidDataError, "another company")

    def test_mandatory_plan(self):
        department, _project = self.make_plans()
        department.applicability_ids = [
            Command.create({"business_domain": "bill", "applicability": "mandatory", "company_id": self.company.id})
        ]
        self.refused("bill", self.bill(), InvalidDataError, "Department", "line 1".capitalize())
        partly = self.bill(lines=[self.line("100.00", analytics=[("d1", 60)])])
        self.refused("bill", partly, InvalidDataError, "Department")
        self.written("bill", self.bill("b2", lines=[self.line("100.00", analytics=[("d1", 60), ("d2", 40)])]))
        self.written("bill", self.bill("b3"), post_bills=False)

    def test_distribution_models_fill_what_the_source_leaves_open(self):
        self.make_plans()
        self.env["account.analytic.distribution.model"].create(
            {
                "partner_id": self.vendor.id,
                "company_id": self.company.id,
                "analytic_distribution": {self.keys("d2"): 100},
            }
        )
        for ordinary in (False, True):
            with self.way(ordinary):
                lines = [self.line("50.00"), self.line("50.00", analytics=[("p1", 100)])]
                move = self.written("bill", self.bill(f"b{ordinary}", lines=lines))
                self.assertEqual(
                    move.invoice_line_ids.mapped("analytic_distribution"),
                    [{self.keys("d2"): 100.0}, {self.keys("p1"): 100.0}],
                )

    # ------------------------------------------------------------------ purchase orders

    def order_line(self, vendor):
        """The line of a confirmed order."""
        product = self.product_a.with_env(self.env)
        product.supplier_taxes_id = False
        order = self.env["purchase.order"].create(
            {
                "partner_id": vendor.id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_qty": 4, "price_unit": 25.0, "tax_ids": []})
                ],
            }
        )
        order.button_confirm()
        return order.order_line

    def test_purchase_order_line_is_billed(self):
        line = self.order_line(self.vendor)
        move = self.written("bill", self.bill(lines=[self.line("75.00", purchase_order_line=line.id)]))
        self.assertEqual(move.invoice_line_ids.purchase_line_id, line)
        self.assertEqual((move.invoice_line_ids.quantity, move.invoice_line_ids.price_unit), (3.0, 25.0))
        self.assertEqual((line.qty_invoiced, move.amount_total), (3.0, 75.0))
        self.assertEqual(move.invoice_line_ids.account_id, self.expense)

    def test_a_stated_quantity_is_billed_at_another_price(self):
        line = self.order_line(self.vendor)
        stated = {"quantity": Decimal(4), "unit_price": Decimal("30.00"), "purchase_order_line": line.id}
        move = self.written("bill", self.bill(lines=[self.line("120.00", **stated)]))
        self.assertEqual((move.invoice_line_ids.quantity, move.invoice_line_ids.price_unit), (4.0, 30.0))
        self.assertEqual((line.qty_invoiced, line.qty_to_invoice, move.amount_total), (4.0, -4.0, 120.0))
        stated["quantity"] = Decimal(3)
        (entry,) = self.book("bill", self.bill(lines=[self.line("120.00", **stated)]))
        self.assertEqual(entry.outcome, "drift")
        self.assertIn("line 1: quantity 4 in Odoo, 3 in ", entry.note)

    def test_a_stated_unit_price_says_the_quantity(self):
        line = self.order_line(self.vendor)
        lines = [self.line("60.00", unit_price=Decimal("30.00"), purchase_order_line=line.id)]
        move = self.written("bill", self.bill(lines=lines))
        self.assertEqual((move.invoice_line_ids.quantity, move.invoice_line_ids.price_unit), (2.0, 30.0))

    def test_any_stated_quantity_at_any_price(self):
        """The amount stays to the cent, and the order is billed by what is stated."""
        draw = random.Random(7)
        line = self.order_line(self.vendor)
        documents, billed = [], Decimal(0)
        for number in range(25):
            quantity = Decimal(draw.randint(1, 99999)) / draw.choice([1, 10, 100])
            amount = Decimal(draw.randint(1, 10**7)) / 100
            stated = {"quantity": quantity, "unit_price": amount / quantity, "purchase_order_line": line.id}
            documents.append(self.bill(f"q{number}", lines=[self.line(amount, **stated)]))
            billed += quantity
        for document, entry in zip(documents, self.book("bill", *documents), strict=True):
            with self.subTest(document.lines[0]):
                self.assertEqual(entry.outcome, "created", entry.error)
                booked = entry.record.invoice_line_ids
                self.assertEqual(Decimal(str(booked.quantity)), document.lines[0].quantity)
                self.assertEqual(Decimal(str(entry.record.amount_total)), document.total)
                self.assertAlmostEqual(booked.price_unit * booked.quantity, float(document.total), 6)
        self.assertAlmostEqual(line.qty_invoiced, float(billed), 2)

    def test_order_of_another_vendor_is_not_billed(self):
        line = self.order_line(self.vendor.copy({"name": "Other Vendor"}))
        (entry,) = self.book("bill", self.bill(lines=[self.line("75.00", purchase_order_line=line.id)]))
        self.assertEqual(entry.outcome, "created")
        self.assertFalse(entry.record.invoice_line_ids.purchase_line_id)
        self.assertIn(f"Purchase order {line.order_id.name} belongs to another vendor.", entry.note)
        self.assertEqual(line.qty_invoiced, 0.0)

    def test_order_line_of_another_order_is_not_billed(self):
        line = self.order_line(self.vendor)
        lines = [self.line("25.00", purchase_order_line=line.id, purchase_order="P99999")]
        (entry,) = self.book("bill", self.bill(lines=lines))
        self.assertFalse(entry.record.invoice_line_ids.purchase_line_id)
        self.assertIn(f"purchase order P99999, but its order line belongs to {line.order_id.name}.", entry.note)
        lines = [self.line("25.00", purchase_order_line=line.id, purchase_order=line.order_id.name.lower())]
        move = self.written("bill", self.bill("b2", lines=lines))
        self.assertEqual(move.invoice_line_ids.purchase_line_id, line)

    def test_unknown_purchase_order_line_is_left_out(self):
        (entry,) = self.book("bill", self.bill(lines=[self.line("75.00", purchase_order_line=2_000_000_000)]))
        self.assertEqual(entry.outcome, "created")
        self.assertIn("Line 1 is not linked", entry.note)

    # ------------------------------------------------------------------ the short way

    def test_unusual_bills_go_the_ordinary_way(self):
        items = BillWriter(self.env, self.company)
        self.assertTrue(items._is_covered_here)
        self.assertTrue(items._posts_as_items)

        def covered(document):
            (entry,) = self.plan("bill", document)
            self.assertIsNone(entry.error)
            return items.covers(entry.values)

        self.assertTrue(covered(self.bill(lines=[self.line("115.00", taxes=["15"])])))
        self.assertFalse(covered(self.bill(lines=[self.line("0.00")])))
        self.company.tax_exigibility = True
        self.mapped["tax", "cash"] = self.make_tax(
            15,
            name="cash",
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=self.copy_account(self.expense, {"reconcile": True}).id,
        )
        self.assertFalse(covered(self.bill(lines=[self.line("115.00", taxes=["cash"])])))
        self.purchase_journal.restrict_mode_hash_table = True
        self.assertFalse(covered(self.bill()))

    def test_storno_company_goes_the_ordinary_way(self):
        self.company.account_storno = True
        self.assertFalse(BillWriter(self.env, self.company)._is_covered_here)

    def test_addon_that_extends_the_items_gets_to_see_all_bills(self):
        Move = type(self.env["account.move"])
        self.assertTrue(BillWriter(self.env, self.company)._is_covered_here)
        with patch.object(Move, "_get_sync_stack", Move._get_sync_stack):
            self.assertFalse(BillWriter(self.env, self.company)._is_covered_here)

    def test_the_check_names_what_keeps_bills_from_the_short_way(self):
        flows = self.connection.flow_ids.filtered(lambda flow: flow.key == "bills")
        self.assertEqual(flows._importer()._remarks(flows), [])
        with patch.object(bill_items, "KNOWN_ADDONS", bill_items.KNOWN_ADDONS - {"stock_account"}):
            remarks = [finding for finding in self.connection._own_findings() if finding.title == flows.name]
        addon = self.env["ir.module.module"].search([("name", "=", "stock_account")]).shortdesc
        self.assertEqual([(remark.level, addon in remark.message) for remark in remarks], [("ok", True)])

    def test_zero_bill_and_cash_basis_tax_are_booked(self):
        self.company.tax_exigibility = True
        self.mapped["tax", "cash"] = self.make_tax(
            15,
            name="cash",
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=self.copy_account(self.expense, {"reconcile": True}).id,
        )
        move = self.written("bill", self.bill(lines=[self.line("115.00", taxes=["cash"])], tax_total=Decimal("15.02")))
        self.assertEqual((move.amount_untaxed, move.amount_tax), (99.98, 15.02))
        move = self.written("bill", self.bill("b2", lines=[self.line("5.00"), self.line("-5.00")]))
        self.assertEqual((move.state, move.amount_total), ("posted", 0.0))
