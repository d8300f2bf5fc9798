import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
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
        self.assertEqual(lines.mapped("amount_residual_currency"), [amount])
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
        self.assertEqual((move.state, move.move_type, move.partner_id), ("posted", "in_invoice", self.vendor))
        self.assertEqual((move.ref, move.invoice_origin, move.journal_id), ("NR-b1", "PO 77", self.purchase_journal))
        days = (move.invoice_date, move.date, move.invoice_date_due)
        self.assertEqual(days, (date(2026, 7, 1), date(2026, 7, 3), date(2026, 7, 31)))
        self.assertEqual((move.amount_total, move.amount_residual), (100.0, 100.0))
        self.assertFalse(move.invoice_payment_term_id or move.partner_bank_id)
        self.assertIn("Please &lt;pay&gt;", move.narration)
        self.assertDueLine(move, -100.0, date(2026, 7, 31))
        self.assertEqual(move.invoice_line_ids.mapped("account_id"), self.expense | self.expense_b)
        self.assertEqual(self.writer("bill")._result_reference(move), move.name)

    def test_a_line_without_a_description_has_the_memo_of_the_bill(self):
        move = self.written("bill", self.bill(lines=[self.line("100.00", description="")], memo="Office rent"))
        self.assertEqual(move.invoice_line_ids.name, "Office rent")

    def test_credit_note(self):
        move = self.written("bill", self.bill(is_credit=True, lines=[self.line("115.00", taxes=["15"])]))
        self.assertEqual((move.move_type, move.amount_total, move.amount_tax), ("in_refund", 115.0, 15.0))
        self.assertDueLine(move, 115.0)

    def test_vendor_without_due_date_takes_its_payment_term(self):
        term = self.vendor.property_supplier_payment_term_id = self.term(10)
        move = self.written("bill", self.bill(due_date=None))
        self.assertEqual((move.invoice_payment_term_id, move.invoice_date_due), (term, date(2026, 7, 11)))
        self.vendor.property_supplier_payment_term_id = False
        self.assertEqual(self.written("bill", self.bill("b2", due_date=None)).invoice_date_due, date(2026, 7, 1))

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
        position = self.position((self.expense, self.expense_b))
        self.make_tax(7, fiscal_position_ids=position.ids, original_tax_ids=self.tax.ids)
        self.vendor.property_account_position_id = position
        move = self.written("bill", self.bill(lines=[self.line("115.00", taxes=["15"])]))
        line = move.invoice_line_ids
        self.assertEqual((move.fiscal_position_id, line.tax_ids, line.account_id), (position, self.tax, self.expense))

    def test_line_without_account_takes_the_journals(self):
        self.purchase_journal.default_account_id = self.expense_b
        move = self.written("bill", self.bill(lines=[self.line("100.00", account=None)]))
        self.assertEqual(move.invoice_line_ids.account_id, self.expense_b)
        self.purchase_journal.default_account_id = False
        self.refused("bill", self.bill("b2", lines=[self.line("100.00", account=None)]), InvalidDataError, "Line 1")

    def test_ignored_codes_are_left_out(self):
        self.mapped |= {("tax", "none"): None, ("analytic", "none"): None}
        document = self.bill(lines=[self.line("100.00", taxes=["none"], analytics=[("none", 100)])])
        line = self.written("bill", document).invoice_line_ids
        self.assertFalse(line.tax_ids or line.analytic_distribution)

    def test_references_and_dependencies(self):
        document = self.bill(lines=[self.line("1.00", taxes=["15"]), self.line("2.00", analytics=[("a", 100)])])
        references = [(ref.kind, ref.external_id) for ref in self.writer("bill")._references(document)]
        self.assertEqual(references, [("account", "600"), ("tax", "15"), ("analytic", "a")])
        self.assertEqual(self.writer("bill")._dependencies(document), (("vendor", "v1", "v1"),))

    def test_unknown_vendor_asks_for_a_mapping(self):
        error = self.refused("bill", self.bill(vendor="nobody"), MappingError, "nobody")
        self.assertEqual([ref.external_id for ref in error.references], ["nobody"])

    # ------------------------------------------------------------------ tax and rounding

    def assertAmounts(self, move, untaxed, tax, total):
        self.assertEqual((move.amount_untaxed, move.amount_tax, move.amount_total), (untaxed, tax, total))

    def test_gross_amounts_are_split_by_the_mapped_tax(self):
        for include, price in (("tax_excluded", 100.0), ("tax_included", 115.0)):
            with self.subTest(include):
                self.mapped["tax", include] = self.make_tax(15, price_include_override=include)
                move = self.written("bill", self.bill(include, lines=[self.line("115.00", taxes=[include])]))
                self.assertAmounts(move, 100.0, 15.0, 115.0)
                self.assertEqual(move.invoice_line_ids.price_unit, price)

    def test_net_amounts_with_a_tax_in_the_price(self):
        self.mapped["tax", "in"] = self.make_tax(15, price_include_override="tax_included")
        document = self.bill(lines=[self.line("100.00", taxes=["in"])], total="115.00", amounts_include_tax=False)
        move = self.written("bill", document)
        self.assertAmounts(move, 100.0, 15.0, 115.0)
        self.assertEqual(move.invoice_line_ids.price_unit, 115.0)

    def test_rounding_difference_at_the_edge_of_the_tolerance(self):
        for method, ordinary in product(("round_per_line", "round_globally"), (False, True)):
            self.company.tax_calculation_rounding_method = method
            with self.subTest(method=method, ordinary=ordinary), self.way(ordinary):

                def document(total, key=f"{method}-{ordinary}"):
                    lines = [self.line("33.33", taxes=["15"])] * 2  # 66.66 + 10.00
                    return self.bill(f"{key} {total}", lines, total, amounts_include_tax=False)

                self.assertAmounts(self.written("bill", document("76.71")), 66.66, 10.05, 76.71)
                move = self.written("bill", document("76.61"))
                self.assertAmounts(move, 66.66, 9.95, 76.61)
                self.assertDueLine(move, -76.61)
                self.refused("bill", document("76.72"), InvalidDataError, "76.72", "76.66")

    def test_gross_bill_of_many_lines_keeps_its_total(self):
        """Splitting each line costs up to a cent a line: that is no difference to the source."""
        for method in ("round_per_line", "round_globally"):
            with self.subTest(method):
                self.company.tax_calculation_rounding_method = method
                lines = [self.line("1.01", taxes=["15"]) for _number in range(40)]
                move = self.written("bill", self.bill(method, lines=lines), rounding_tolerance=0.01)
                self.assertEqual(move.amount_total, 40.4)

    def test_stated_tax_is_put_on_the_tax_line(self):
        self.mapped["tax", "in"] = self.make_tax(15, price_include_override="tax_included")
        for tax, ordinary in (("15", False), ("in", False), ("in", True)):
            with self.subTest(tax=tax, ordinary=ordinary), self.way(ordinary):
                lines = [self.line("100.00", taxes=[tax])]
                move = self.written("bill", self.bill(f"b{tax}{ordinary}", lines, tax_total="13.06"))
                self.assertAmounts(move, 86.94, 13.06, 100.0)
        document = self.bill("b2", lines=[self.line("100.00", taxes=["15"])], tax_total="13.20")
        self.refused("bill", document, InvalidDataError, "13.20", "13.04")

    def test_tax_without_tax_code_is_part_of_the_cost(self):
        move = self.written("bill", self.bill(lines=[self.line("108.25")], tax_total="8.25"))
        self.assertAmounts(move, 108.25, 0.0, 108.25)

    def test_difference_is_never_put_on_a_reverse_charge(self):
        self.mapped["tax", "rc"] = self.make_tax(20, (100, -100))
        lines = [self.line("100.00", taxes=["rc"])]
        move = self.written("bill", self.bill(lines=lines))
        self.assertEqual((move.amount_total, len(move.line_ids)), (100.0, 4))
        self.refused("bill", self.bill("b2", lines, "100.02"), InvalidDataError, "No tax line")

    # ------------------------------------------------------------------ currencies

    def test_foreign_currency_keeps_the_sources_rate(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 1.3)])
        document = self.bill(currency="EUR", exchange_rate="1.25", lines=[self.line("115.00", taxes=["15"])])
        move = self.written("bill", document)
        self.assertEqual((move.currency_id, move.invoice_currency_rate), (currency, 1.25))
        self.assertEqual((move.amount_total, move.amount_total_signed), (115.0, -92.0))
        move = self.written("bill", self.bill("b2", currency="EUR"))
        self.assertEqual((move.invoice_currency_rate, move.amount_total_signed), (1.3, -76.92))

    def test_a_rate_to_another_currency_than_the_companys_is_not_used(self):
        self.setup_other_currency("EUR", rates=[("2020-01-01", 1.3)])
        for target, rate, total in (
            ("GBP", 1.3, -76.92),
            ("", 1.3, -76.92),
            (self.company.currency_id.name, 1.25, -80),
        ):
            document = self.bill(f"b{target}", currency="EUR", exchange_rate="1.25", rate_currency=target)
            move = self.written("bill", document)
            self.assertEqual((move.invoice_currency_rate, move.amount_total_signed), (rate, total))
            self.written("bill", document, "unchanged")

    def test_a_rate_far_from_odoos_own_is_a_question(self):
        self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0), ("2026-06-01", 1.25)])
        for rate in ("1.51", "1.04", "125"):
            document = self.bill(currency="EUR", exchange_rate=rate)
            self.refused("bill", document, InvalidDataError, rate, "1.25", "EUR")
        document = self.bill(currency="EUR", exchange_rate="1.51")
        self.assertEqual(self.written("bill", document, rate_tolerance=25.0).invoice_currency_rate, 1.51)
        self.written("bill", document, "unchanged", rate_tolerance=20.0)

    def test_currency_without_decimals(self):
        self.setup_other_currency("JPY", rates=[("2020-01-01", 150.0)])
        move = self.written("bill", self.bill(currency="JPY", lines=[self.line("1150", taxes=["15"])]))
        self.assertAmounts(move, 1000.0, 150.0, 1150.0)
        self.refused("bill", self.bill("b2", currency="JPY", lines=[self.line("1150.5")]), InvalidDataError, "1,150.5")
        # the tolerance of 0.05 allows for the smallest unit, which is 1 here
        net = {"currency": "JPY", "lines": [self.line("1000", taxes=["15"])], "amounts_include_tax": False}
        self.assertAmounts(self.written("bill", self.bill("b3", total="1151", **net)), 1000.0, 151.0, 1151.0)
        self.refused("bill", self.bill("b4", total="1152", **net), InvalidDataError, "1,152 JPY", "1,150 JPY")
        exact = self.bill("b5", total="1151", **net)
        self.refused("bill", exact, InvalidDataError, "1,150 JPY", rounding_tolerance=0.0)

    def test_unusable_currencies(self):
        self.refused("bill", self.bill(currency="ZZZ"), InvalidDataError, "ZZZ")
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "GBP")])
        currency.rate_ids.unlink()
        currency.active = False
        self.refused("bill", self.bill(currency="GBP"), InvalidDataError, "GBP", "not active")
        currency.active = True
        # what cannot be compared is not known to be right
        document = self.bill(currency="GBP", exchange_rate="0.8")
        for unrated in (self.bill(currency="GBP"), document):
            self.refused("bill", unrated, InvalidDataError, "exchange rate", "GBP")
        self.make("res.currency.rate", name="2020-01-01", rate=0.79, currency_id=currency)
        zero = self.bill("b2", currency="GBP", exchange_rate="0")
        self.refused("bill", zero, InvalidDataError, "not positive")
        self.written("bill", document)

    def test_what_cannot_be_right_is_refused(self):
        for name, values, parts in (
            ("decimals of a line", {"lines": [self.line("10.001")]}, ["10.001"]),
            ("decimals of the tax", {"tax_total": "0.001"}, ["0.001"]),
            ("difference without tax line", {"total": "100.01"}, ["100.01", "100.00", "No tax line"]),
            ("no lines", {"lines": [], "total": "0"}, ["no lines"]),
            ("negative total", {"lines": [self.line("-5.00")]}, ["credit note"]),
        ):
            with self.subTest(name):
                self.refused("bill", self.bill(**values), InvalidDataError, *parts)

    # ------------------------------------------------------------------ bad input

    def test_unusable_accounts(self):
        other = self.setup_other_company(name="Other")["default_account_expense"]
        foreign = self.copy_account(self.expense, {"currency_id": self.setup_other_currency("EUR").id})
        archived = self.copy_account(self.expense, {"active": False})
        payable = self.company_data["default_account_payable"]
        cases = {"archived": archived, "another company": other, "payable": payable, "EUR": foreign}
        for part, account in cases.items():
            self.mapped["account", "bad"] = account.with_env(self.env)
            self.refused("bill", self.bill(lines=[self.line("1.00", account="bad")]), InvalidDataError, part, "line 1")

    def test_unusable_taxes(self):
        sale, old = self.company_data["default_tax_sale"], self.make_tax(3, name="old", active=False)
        for tax, part in ((sale, "Tax"), (old, "old")):
            self.mapped["tax", "bad"] = tax
            self.refused("bill", self.bill(lines=[self.line("1.00", taxes=["bad"])]), InvalidDataError, part)

    def test_vendor_of_another_company(self):
        self.vendor.write({"name": "Secret", "company_id": self.setup_other_company(name="Other")["company"].id})
        error = self.refused("bill", self.bill(), InvalidDataError, "another company")
        for name in ("Other", "Secret"):
            self.assertNotIn(name, error.message)

    def test_unusable_journal(self):
        self.purchase_journal.active = False
        self.refused("bill", self.bill(), InvalidDataError, "Journal", journal_id=self.purchase_journal.id)

    def test_what_odoo_refuses_is_said_in_its_words(self):
        entries = self.plan("bill", self.bill())
        self.expense.active = False
        with self.assertRaisesRegex(InvalidDataError, "archived"):
            self.apply("bill", *entries)

    # ------------------------------------------------------------------ lock dates

    def test_locked_period_moves_to_the_next_open_day(self):
        locks = dict.fromkeys(("purchase_lock_date", "fiscalyear_lock_date", "hard_lock_date"), False)
        for lock in locks:
            with self.subTest(lock):
                self.company.write({**locks, lock: date(2026, 7, 10)})
                document = self.bill(lock)
                move = self.noted("bill", document, "created", "Jul 11, 2026", lock_date_policy="next_open_day")
                self.assertEqual((move.date, move.ml_original_date), (date(2026, 7, 11), date(2026, 7, 1)))
                self.assertEqual(move.invoice_date, date(2026, 7, 1))

    def test_tax_lock_counts_for_bills_with_tax_only(self):
        self.company.tax_lock_date = date(2026, 7, 10)
        self.written("bill", self.bill())
        taxed = self.bill("b2", lines=[self.line("115.00", taxes=["15"])])
        self.refused("bill", taxed, LockedPeriodError, "Jul 10, 2026")
        move = self.written("bill", taxed, lock_date_policy="next_open_day")
        self.assertEqual(move.date, date(2026, 7, 11))

    def test_locked_period_is_parked_unless_an_exception_opens_it(self):
        self.company.purchase_lock_date = date(2026, 7, 31)
        self.refused("bill", self.bill(), LockedPeriodError, "Jul 1, 2026", "Jul 31, 2026")
        values = {"purchase_lock_date": date(2026, 6, 30), "user_id": False, "end_datetime": False}
        self.make("account.lock_exception", company_id=self.company, **values)
        self.assertEqual(self.written("bill", self.bill()).date, date(2026, 7, 1))

    def test_period_locked_between_plan_and_apply(self):
        entries = self.plan("bill", self.bill())
        self.company.purchase_lock_date = date(2026, 7, 31)
        with self.assertRaises(LockedPeriodError):
            self.apply("bill", *entries)

    def test_old_bill_keeps_its_accounting_date(self):
        """Odoo would take the end of the month."""
        self.assertEqual(self.written("bill", self.bill(document_date=date(2024, 2, 5))).date, date(2024, 2, 5))

    # ------------------------------------------------------------------ duplicates

    def hand_bill(self, amount=100.0, ref="nr- B1", day=date(2026, 7, 1), partner=None, **values):
        line = {"account_id": self.expense.id}
        return self.hand_made(
            partner or self.vendor, amount, line=line, **{"ref": ref, "invoice_date": day, "date": day, **values}
        )

    def bill_of_another_company(self, ref="nr- B1"):
        other = self.setup_other_company(name="Other company")
        line = {"account_id": other["default_account_expense"].id}
        books = {"company_id": other["company"], "journal_id": other["default_journal_purchase"]}
        return self.hand_made(self.vendor, line=line, ref=ref, date=date(2026, 7, 1), **books)

    def test_bill_entered_by_hand_is_linked_once(self):
        move = self.hand_bill()
        first, second = self.book("bill", self.bill("b1"), self.bill("b2", number="NR-b1"))
        self.assertEqual((first.outcome, first.record, first.note), ("linked", move, ""))
        self.assertIsInstance(second.error, DuplicateError)

    def test_bill_entered_by_hand_on_another_day_is_linked_with_a_note(self):
        move = self.hand_bill(day=date(2026, 7, 8))
        self.assertEqual(self.noted("bill", self.bill(), "linked", "Jul 8, 2026"), move)

    def test_cancelled_bill_is_none(self):
        move = self.hand_bill(post=False)
        move.button_cancel()
        self.assertNotEqual(self.written("bill", self.bill()), move)

    def test_same_number_with_another_total_is_asked(self):
        move = self.hand_bill(amount=99.0)
        self.refused("bill", self.bill(), DuplicateError, move.name, "99.0")

    def test_bills_without_a_number_have_no_number_in_common(self):
        self.hand_bill(ref=" ")
        self.written("bill", self.bill(number=""))

    def test_same_number_twice_by_hand_or_of_a_credit_note_is_asked(self):
        first = self.hand_bill()
        self.refused("bill", self.bill(is_credit=True), DuplicateError)
        self.refused("bill", self.bill(), DuplicateError, first.name, self.hand_bill().name)

    def test_recurring_number_is_another_bill(self):
        """Utilities put the customer's account number on each bill."""
        self.hand_bill(amount=99.0, day=date(2026, 6, 1))
        self.written("bill", self.bill())
        first = self.written("bill", self.bill("b2", number="ACCOUNT 7"))
        second = self.written("bill", self.bill("b3", number="ACCOUNT 7", document_date=date(2026, 8, 1)))
        self.assertNotEqual(first, second)

    def test_same_number_and_day_as_a_bound_bill_is_asked(self):
        self.written("bill", self.bill())
        self.refused("bill", self.bill("again", number="NR-b1"), DuplicateError, "record b1")

    def test_twice_in_one_batch(self):
        first, second = self.book("bill", self.bill("b1"), self.bill("b2", number="nr-B1"))
        self.assertEqual((first.outcome, first.record.state), ("created", "posted"))
        self.assertIsInstance(second.error, DuplicateError)

    def test_same_number_of_another_vendor_or_company(self):
        self.hand_bill(partner=self.make_vendor("Other"))
        self.bill_of_another_company()
        self.written("bill", self.bill())

    def test_bill_born_in_odoo_is_linked_by_our_id(self):
        move = self.hand_bill(ref="other")
        self.assertEqual(self.written("bill", self.bill(odoo_id=move.id), "linked"), move)
        self.refused("bill", self.bill("b2", odoo_id=move.id), DuplicateError, "another bill")

    def test_an_id_of_ours_links_only_what_agrees(self):
        """The ID is a claim of the provider: for another vendor's bill, or another sum, it proves nothing."""
        self.setup_other_currency("EUR", rates=[("2020-01-01", 1.3)])
        others = (
            self.hand_bill(ref="C-1", partner=self.make_vendor("Honest Supplies Ltd")),
            self.hand_bill(ref="C-2", currency_id=self.env.ref("base.EUR")),
            self.hand_bill(ref="C-3", move_type="in_refund"),
        )
        for number, move in enumerate(others):
            document = self.bill(f"b{number}", odoo_id=move.id)
            parts = (document.number, "Vendor A", move.name, move.partner_id.name)
            self.refused("bill", document, DuplicateError, *parts)
            self.refused("payment", self.payment(f"p{number}", [(f"b{number}", "100.00")]), InvalidDataError, "not in")
            self.assertEqual(move.payment_state, "not_paid")
        own = self.hand_bill(ref="C-4")
        for total, parts in (("99.94", ["99.94", "100.00"]), ("9999.00", ["9,999.00 USD"])):
            self.refused("bill", self.bill("b4", total=total, odoo_id=own.id), DuplicateError, *parts)
        (entry,) = self.plan("bill", self.bill("b4", total="99.95", odoo_id=own.id))
        self.assertEqual((entry.outcome, entry.record), ("linked", own))

    def test_what_we_sent_comes_back_as_the_same_bill_only_if_it_agrees(self):
        move = self.hand_bill(ref="C-1")
        self.env["ml.binding"]._bind(self.connection, [{"kind": "own_bill", "external_id": "draft:1", "record": move}])
        self.bound["vendor", "v2"] = self.make_vendor("Vendor B")
        self.refused("bill", self.bill(vendor="v2", sent_as=("draft:1",)), DuplicateError, "Vendor B", "Vendor A")
        self.assertEqual(self.written("bill", self.bill(sent_as=("draft:1",)), "linked"), move)

    def test_an_id_of_another_company_or_of_nothing_is_no_reason_to_stop(self):
        for number, odoo_id in enumerate((self.bill_of_another_company("SECRET-1").id, 2_000_000_000)):
            self.assertNotEqual(self.written("bill", self.bill(f"b{number}", odoo_id=odoo_id)).id, odoo_id)

    # ------------------------------------------------------------------ changes at the source

    def test_unchanged_even_where_it_could_not_be_booked_today(self):
        """Also if the source only describes it in other words."""
        line = self.line("57.50", taxes=["15"])
        document = self.bill(lines=[line, self.line("57.50", account="601")], accounting_date=date(2026, 7, 2))
        move = self.written("bill", document)
        reworded = replace(document, lines=(replace(line, description="Reworded"), *document.lines[1:]))
        for record in (self.expense, self.tax, self.purchase_journal):
            record.active = False
        self.company.hard_lock_date = date(2026, 7, 31)
        before = move.write_date
        for version in (document, reworded):
            self.assertEqual(self.written("bill", version, "unchanged"), move)
        self.assertEqual(move.write_date, before)

    def test_change_after_posting_is_drift(self):
        analytic = self.map_analytic("a")
        move = self.written("bill", self.bill())
        before = move.line_ids.read(["balance", "account_id", "date_maturity"])
        lines = [self.line("115.00", account="601", taxes=["15"], analytics=[("a", 100)])]
        changed = self.bill(lines=lines, due_date=date(2026, 8, 31), number="Other")
        parts = ("100.00", "115.00", "NR-b1", "Other", "Aug 31, 2026", f"{analytic.name} 100 %", self.expense_b.code)
        self.noted("bill", changed, "drift", *parts)
        self.assertEqual(move.line_ids.read(["balance", "account_id", "date_maturity"]), before)

    def test_what_stands_in_the_way_of_the_payment_is_said(self):
        remark = "The provider holds the bill."
        for document, outcome, note in (
            (self.bill(remark=remark), "created", remark),
            (self.bill(remark=remark), "unchanged", remark),
            (self.bill(), "unchanged", ""),
        ):
            (entry,) = self.book("bill", document)
            self.assertEqual((entry.outcome, entry.note), (outcome, note))

    def test_cancelled_or_reversed_in_odoo_is_drift(self):
        move = self.written("bill", self.bill())
        move._reverse_moves([{"invoice_date": date(2026, 7, 5)}], cancel=True)
        self.noted("bill", self.bill(), "drift", "reversed")
        other = self.written("bill", self.bill("b2"))
        other.button_draft()
        other.button_cancel()
        self.noted("bill", self.bill("b2"), "drift", "cancelled")

    def test_shifted_bill_is_unchanged(self):
        self.company.purchase_lock_date = date(2026, 7, 31)
        document = self.bill(accounting_date=date(2026, 7, 2))
        self.written("bill", document, lock_date_policy="next_open_day")
        self.written("bill", document, "unchanged")

    def test_draft_follows_the_source(self):
        move = self.written("bill", self.bill(), post_bills=False)
        self.assertEqual(self.written("bill", self.bill(), "unchanged"), move)
        lines = [self.line("57.50", taxes=["15"]), self.line("60.00", account="601", description="New")]
        changed = self.bill(lines=lines, number="Other", memo="Text", total="117.51")
        self.written("bill", changed, "updated")
        self.assertEqual((move.state, move.ref), ("draft", "Other"))
        self.assertAmounts(move, 110.0, 7.51, 117.51)
        self.assertEqual(move.invoice_line_ids.mapped("name"), ["Something", "New"])
        self.assertEqual(move.invoice_line_ids.account_id, self.expense | self.expense_b)
        self.written("bill", changed, "unchanged")

    def test_draft_takes_another_amount_of_the_same_line(self):
        move = self.written("bill", self.bill(), post_bills=False)
        self.written("bill", self.bill(lines=[self.line("115.00", taxes=["15"])]), "updated")
        self.assertEqual((move.amount_untaxed, move.amount_total), (100.0, 115.0))

    def test_draft_keeps_what_the_source_does_not_state(self):
        move = self.written("bill", self.bill(), post_bills=False)
        journal = self.purchase_journal.copy()
        move.write({"journal_id": journal.id, "narration": "<p>Ask Jane</p>", "invoice_origin": "PO 1"})
        line = move.invoice_line_ids
        self.written("bill", self.bill(due_date=date(2026, 8, 15)), "updated")
        self.assertEqual((move.invoice_date_due, move.journal_id), (date(2026, 8, 15), journal))
        self.assertEqual((move.invoice_line_ids, move.invoice_origin), (line, "PO 1"))
        self.assertIn("Jane", move.narration)

    def test_draft_takes_another_date_vendor_and_currency(self):
        self.bound["vendor", "v2"] = self.make_vendor("Vendor B")
        self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        move = self.written("bill", self.bill(), post_bills=False)
        self.written("bill", self.bill(vendor="v2", document_date=date(2025, 3, 4), currency="EUR"), "updated")
        self.assertEqual((move.amount_total, move.amount_total_signed), (100.0, -50.0))
        self.assertEqual((move.invoice_date, move.date), (date(2025, 3, 4), date(2025, 3, 4)))
        self.assertEqual(move.partner_id.name, "Vendor B")
        self.assertEqual(move.line_ids.partner_id, move.partner_id)
        self.assertDueLine(move, -100.0, date(2026, 7, 31))

    def test_a_numbered_draft_keeps_its_number_while_it_fits(self):
        move = self.written("bill", self.bill())
        move.button_draft()
        number = move.name
        self.written("bill", self.bill(document_date=date(2026, 7, 15)), "updated")
        self.assertEqual(move.name, number)
        for day in (date(2026, 8, 1), date(2027, 1, 2)):
            self.noted("bill", self.bill(document_date=day), "updated", number)
            self.assertFalse(move.name)
            move.action_post()
            self.assertIn(f"{day:%Y/%m}" if "/07/" in number else f"{day:%Y}", move.name)
            move.button_draft()
            number = move.name

    def test_draft_of_another_kind_is_drift(self):
        self.written("bill", self.bill(), post_bills=False)
        self.noted("bill", self.bill(is_credit=True), "drift", "Credit Note")

    # ------------------------------------------------------------------ analytics

    def make_plans(self):
        plans = [self.make("account.analytic.plan", name=name) for name in ("Department", "Project")]
        for plan, keys in zip(plans, (("d1", "d2"), ("p1", "p2")), strict=True):
            for key in keys:
                self.map_analytic(key, plan)
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
        first, second, third = self.written("bill", self.bill(lines=lines)).invoice_line_ids
        self.assertEqual(first.analytic_distribution, {self.keys("d1", "p1"): 100.0})
        self.assertEqual(third.analytic_distribution, {self.keys("d1"): 60.0})
        distribution = second.analytic_distribution
        self.assertEqual(len(distribution), 4)
        self.assertAlmostEqual(sum(distribution.values()), 100.0)
        for one, others, share in (("d1", ("p1", "p2"), 33.33), ("p1", ("d1", "d2"), 50.0)):
            self.assertAlmostEqual(sum(distribution[self.keys(one, other)] for other in others), share)
        self.assertAlmostEqual(sum(first.analytic_line_ids.mapped("amount")), -100.0)

    def test_shares_of_more_than_all_and_accounts_of_another_company_are_refused(self):
        self.make_plans()
        self.mapped["analytic", "p1"].company_id = self.setup_other_company(name="Other")["company"]
        for shares, parts in (
            ([("d1", 60), ("d2", 50)], ["Department", "100%"]),
            ([("p1", 100)], ["another company"]),
        ):
            with self.subTest(shares):
                document = self.bill(lines=[self.line("100.00", analytics=shares)])
                self.refused("bill", document, InvalidDataError, *parts)

    def test_mandatory_plan(self):
        department, _project = self.make_plans()
        rule = {"business_domain": "bill", "applicability": "mandatory", "company_id": self.company.id}
        department.applicability_ids = [Command.create(rule)]
        partly, wholly = [("d1", 60)], [("d1", 60), ("d2", 40)]
        self.refused("bill", self.bill(), InvalidDataError, "Department", "Line 1")
        self.refused("bill", self.bill(lines=[self.line("9.00", analytics=partly)]), InvalidDataError, "Department")
        self.written("bill", self.bill("b2", lines=[self.line("100.00", analytics=wholly)]))
        self.written("bill", self.bill("b3"), post_bills=False)

    def test_distribution_models_fill_what_the_source_leaves_open(self):
        self.make_plans()
        values = {"analytic_distribution": {self.keys("d2"): 100}, "company_id": self.company}
        self.make("account.analytic.distribution.model", partner_id=self.vendor, **values)
        for ordinary in (False, True):
            with self.way(ordinary):
                lines = [self.line("50.00"), self.line("50.00", analytics=[("p1", 100)])]
                booked = self.written("bill", self.bill(f"b{ordinary}", lines=lines)).invoice_line_ids
                expected = [{self.keys("d2"): 100.0}, {self.keys("p1"): 100.0}]
                self.assertEqual(booked.mapped("analytic_distribution"), expected)

    # ------------------------------------------------------------------ purchase orders

    def order_line(self, vendor=None):
        """The line of a confirmed order."""
        product = self.product_a.with_env(self.env)
        product.supplier_taxes_id = False
        line = {"product_id": product.id, "product_qty": 4, "price_unit": 25.0, "tax_ids": []}
        return self.make_order(vendor or self.vendor, line).order_line

    def ordered(self, amount, line, key="b1", **values):
        """A bill of an order's line."""
        return self.bill(key, [self.line(amount, purchase_order_line=line.id, **values)])

    def test_purchase_order_line_is_billed(self):
        line = self.order_line()
        billed = self.written("bill", self.ordered("75.00", line)).invoice_line_ids
        self.assertEqual((billed.purchase_line_id, billed.account_id), (line, self.expense))
        self.assertEqual((billed.quantity, billed.price_unit, billed.price_total), (3.0, 25.0, 75.0))
        self.assertEqual((line.qty_invoiced, billed.move_id.amount_total), (3.0, 75.0))

    def test_a_stated_quantity_is_billed_at_another_price(self):
        line = self.order_line()
        move = self.written("bill", self.ordered("120.00", line, quantity="4", unit_price="30.00"))
        self.assertEqual((move.invoice_line_ids.quantity, move.invoice_line_ids.price_unit), (4.0, 30.0))
        self.assertEqual((line.qty_invoiced, line.qty_to_invoice, move.amount_total), (4.0, -4.0, 120.0))
        other = self.ordered("120.00", line, quantity="3", unit_price="30.00")
        self.noted("bill", other, "drift", "line 1: quantity 4 in Odoo, 3 in ")

    def test_a_stated_unit_price_says_the_quantity(self):
        move = self.written("bill", self.ordered("60.00", self.order_line(), unit_price="30.00"))
        self.assertEqual((move.invoice_line_ids.quantity, move.invoice_line_ids.price_unit), (2.0, 30.0))

    def test_any_stated_quantity_at_any_price(self):
        """The amount stays to the cent, and the order is billed by what is stated."""
        draw = random.Random(7)
        line = self.order_line()
        documents = []
        for number in range(25):
            quantity = Decimal(draw.randint(1, 99999)) / draw.choice([1, 10, 100])
            amount = Decimal(draw.randint(1, 10**7)) / 100
            stated = {"quantity": quantity, "unit_price": amount / quantity}
            documents.append(self.ordered(amount, line, f"q{number}", **stated))
        for document, entry in zip(documents, self.book("bill", *documents), strict=True):
            with self.subTest(document.lines[0]):
                self.assertEqual(entry.outcome, "created", entry.error)
                booked = entry.record.invoice_line_ids
                self.assertEqual(Decimal(str(booked.quantity)), document.lines[0].quantity)
                self.assertEqual(Decimal(str(entry.record.amount_total)), document.total)
                self.assertAlmostEqual(booked.price_unit * booked.quantity, float(document.total), 6)
        self.assertAlmostEqual(line.qty_invoiced, float(sum(bill.lines[0].quantity for bill in documents)), 2)

    def test_order_of_another_vendor_is_not_billed(self):
        line = self.order_line(self.vendor.copy({"name": "Other Vendor"}))
        note = f"Purchase order {line.order_id.name} belongs to another vendor."
        move = self.noted("bill", self.ordered("75.00", line), "created", note)
        self.assertEqual((move.invoice_line_ids.purchase_line_id.ids, line.qty_invoiced), ([], 0.0))

    def test_order_line_of_another_order_is_not_billed(self):
        line = self.order_line()
        note = f"purchase order P99999, but its order line belongs to {line.order_id.name}."
        move = self.noted("bill", self.ordered("25.00", line, purchase_order="P99999"), "created", note)
        self.assertFalse(move.invoice_line_ids.purchase_line_id)
        move = self.written("bill", self.ordered("25.00", line, "b2", purchase_order=line.order_id.name.lower()))
        self.assertEqual(move.invoice_line_ids.purchase_line_id, line)

    def test_unknown_purchase_order_line_is_left_out(self):
        gone = self.env["purchase.order.line"].browse(2_000_000_000)
        self.noted("bill", self.ordered("75.00", gone), "created", "Line 1 is not linked")

    # ------------------------------------------------------------------ the short way

    def map_cash_tax(self):
        self.company.tax_exigibility = True
        transition = self.copy_account(self.expense, {"reconcile": True})
        values = {"tax_exigibility": "on_payment", "cash_basis_transition_account_id": transition}
        self.mapped["tax", "cash"] = self.make_tax(15, **values)

    def test_unusual_bills_go_the_ordinary_way(self):
        items = BillWriter(self.env, self.company)
        self.assertTrue(items._is_covered_here and items._posts_as_items)

        def covered(document):
            (entry,) = self.plan("bill", document)
            self.assertIsNone(entry.error)
            return items.covers(entry.values)

        self.assertTrue(covered(self.bill(lines=[self.line("115.00", taxes=["15"])])))
        self.assertFalse(covered(self.bill(lines=[self.line("0.00")])))
        self.map_cash_tax()
        self.assertFalse(covered(self.bill(lines=[self.line("115.00", taxes=["cash"])])))
        self.purchase_journal.restrict_mode_hash_table = True
        self.assertFalse(covered(self.bill()))

    def test_storno_company_and_addon_that_extends_the_items_get_the_ordinary_way(self):
        Move = type(self.env["account.move"])
        with patch.object(Move, "_get_sync_stack", Move._get_sync_stack):
            self.assertFalse(BillWriter(self.env, self.company)._is_covered_here)
        self.assertTrue(BillWriter(self.env, self.company)._is_covered_here)
        self.company.account_storno = True
        self.assertFalse(BillWriter(self.env, self.company)._is_covered_here)

    def test_the_check_names_what_keeps_bills_from_the_short_way(self):
        flows = self.connection.flow_ids.filtered(lambda flow: flow.key == "bills")
        self.assertEqual(flows._importer()._remarks(flows), [])
        with patch.object(bill_items, "KNOWN_ADDONS", bill_items.KNOWN_ADDONS - {"stock_account"}):
            remarks = [finding for finding in self.connection._own_findings() if finding.title == flows.name]
        addon = self.env["ir.module.module"].search([("name", "=", "stock_account")]).shortdesc
        self.assertEqual([(remark.level, addon in remark.message) for remark in remarks], [("ok", True)])

    def test_zero_bill_and_cash_basis_tax_are_booked(self):
        self.map_cash_tax()
        move = self.written("bill", self.bill(lines=[self.line("115.00", taxes=["cash"])], tax_total="15.02"))
        self.assertAmounts(move, 99.98, 15.02, 115.0)
        move = self.written("bill", self.bill("b2", lines=[self.line("5.00"), self.line("-5.00")]))
        self.assertEqual((move.state, move.amount_total), ("posted", 0.0))
