from dataclasses import replace
from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import AnalyticShare, JournalEntry, JournalLine, Reference
from odoo.addons.ml_connector.core.errors import InvalidDataError

from .common_writers import WriterCase

ADA = Reference(kind="employee", external_id="ada", name="Ada")
FRANK = Reference(kind="employee", external_id="frank", name="Frank")
TAX = Reference(kind="tax", external_id="15", name="15 %")
BANK = Reference(kind="vendor", external_id="party:CBCP", name="Card bank")
COST = AnalyticShare(reference=Reference(kind="analytic", external_id="cc"))


def account(code):
    return Reference(kind="account", external_id=code, name=code)


def entry_lines(*rows):
    """Lines of rows (amount, account) or (amount, account, values)."""
    return tuple(
        JournalLine(amount=Decimal(amount), account=of, **{"description": "Taxi"}, **(more[0] if more else {}))
        for amount, of, *more in rows
    )


@tagged("post_install", "-at_install")
class TestWriterExpenseReport(WriterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.declare_flows("expense_report", "cash_advance", "payroll", "repayment")
        cls.employee = cls.make("hr.employee", name="Ada", work_email="ada@example.com", company_id=cls.company)
        cls.ada = cls.employee.work_contact_id
        cls.cards = cls.make_account("CARDS", "liability_current")
        cls.advances = cls.make_account("CADV", "asset_current")
        cls.centre = cls.make_analytic("Sales")
        cls.mapped |= {
            ("employee", "ada"): cls.employee,
            ("account", "cards"): cls.cards,
            ("account", "advances"): cls.advances,
            ("vendor", "party:CBCP"): cls.vendor,
            ("analytic", "cc"): cls.centre,
        }

    def report(self, external_id="r1", **values):
        """Reclaim as Concur says (less than the rate gives), a return, a card, an advance: the employee gets 91.00."""
        lines = (
            ("96.46", account("600"), {"taxes": ((TAX, Decimal("3.54")),), "analytics": (COST,)}),
            ("3.54", TAX, {}),
            ("84.00", account("601"), {}),
            ("-8.00", account("600"), {"taxes": ((TAX, Decimal("-1.00")),)}),
            ("-1.00", TAX, {}),
            ("-30.00", account("advances"), {"partner": ADA}),
            ("-54.00", account("cards"), {"partner": BANK}),
            ("-91.00", ADA, {}),
        )
        days = {"document_date": date(2026, 7, 1), "accounting_date": date(2026, 7, 3)}
        values = {"currency": self.company.currency_id.name, "lines": entry_lines(*lines), **days, **values}
        return JournalEntry(external_id=external_id, number="Q7ZK2M Trip", **values)

    def bill_of(self, document, **options):
        return self.written("expense_report", document, report_mode="vendor_bill", **options)

    def entry_of(self, document):
        return self.written("expense_report", document, report_mode="journal_entry")

    def owed(self, moves, partner):
        """What a person is owed in moves."""
        return moves.line_ids.filtered(
            lambda line: line.partner_id == partner and line.account_type == "liability_payable"
        )

    def hire_frank(self):
        frank = self.mapped["employee", "frank"] = self.make("hr.employee", name="Frank", company_id=self.company)
        return frank.work_contact_id

    def amounts(self, move):
        return sorted((line.account_id.code, line.amount_currency, line.balance) for line in move.line_ids)

    def test_a_bill_of_the_employee(self):
        bill = self.bill_of(self.report())
        self.assertEqual((bill.move_type, bill.state, bill.partner_id), ("in_receipt", "posted", self.ada))
        self.assertEqual((bill.journal_id, bill.ref), (self.purchase_journal, "Q7ZK2M Trip"))
        self.assertEqual((bill.invoice_date, bill.date), (date(2026, 7, 1), date(2026, 7, 3)))
        self.assertEqual((bill.amount_total, bill.amount_tax, bill.amount_untaxed), (91.0, 2.54, 88.46))
        self.assertEqual((bill.amount_residual, bill.payment_state), (91.0, "not_paid"))
        self.assertEqual(bill.tax_totals["total_amount_currency"], 91.0)
        self.assertAlmostEqual(bill.tax_totals["tax_amount_currency"], 2.54)
        owed = self.owed(bill, self.ada)
        self.assertEqual((owed.balance, owed.date_maturity), (-91.0, date(2026, 7, 3)))
        self.assertEqual(owed.account_id, self.ada.property_account_payable_id)
        lines = bill.invoice_line_ids
        self.assertEqual(lines.mapped("price_subtotal"), [96.46, 84.0, -8.0, -30.0, -54.0])
        self.assertEqual(lines[0].analytic_distribution, {str(self.centre.id): 100})

    def test_persons_are_owed_and_not_our_own_company(self):
        frank = self.hire_frank()
        self.company.partner_id.child_ids = self.ada | frank
        bill = self.bill_of(self.report())
        self.assertEqual((bill.partner_id, bill.commercial_partner_id), (self.ada, self.ada))
        self.assertEqual(bill.line_ids.partner_id, self.ada)
        lines = entry_lines((160, account("600")), (-100, ADA), (-60, FRANK))
        entry = self.entry_of(self.report("r2", lines=lines))
        owed = entry.line_ids.filtered(lambda line: line.account_type == "liability_payable")
        self.assertEqual({line.partner_id: line.balance for line in owed}, {self.ada: -100.0, frank: -60.0})

    def test_the_person_is_named_in_every_kind_of_entry(self):
        self.ada.parent_id = self.company.partner_id
        kinds = {
            "cash_advance": [(account("advances"), ADA), (ADA, None)],
            "payroll": [(account("600"), None), (account("cards"), ADA)],
            "repayment": [(account("601"), ADA), (account("600"), None)],
        }
        for kind, ((debit, who), (credit, whom)) in kinds.items():
            lines = entry_lines((100, debit, {"partner": who}), (-100, credit, {"partner": whom}))
            entry = self.written(kind, self.report(kind, lines=lines))
            self.assertEqual((entry.line_ids.partner_id, entry.state), (self.ada, "posted"), kind)

    def test_paid_is_what_the_person_got(self):
        """Whatever is still open with the card's issuer, whose own bill settles that."""
        self.ada.parent_id = self.company.partner_id
        lines = entry_lines((154, account("600")), (-54, BANK), (-100, ADA))
        move = self.entry_of(self.report(lines=lines))
        reader = self.env["ml.exporter.paid"]
        self.assertFalse(reader._is_paid(move))
        values = {"payment_type": "outbound", "partner_type": "supplier", "partner_id": self.ada, "amount": 100.0}
        payment = self.make("account.payment", journal_id=self.bank_journal, company_id=self.company, **values)
        payment.action_post()
        self.owed(move | payment.move_id, self.ada).reconcile()
        self.assertTrue(reader._is_paid(move))
        # an entry of before, which owes to the company
        entry = move.copy()
        entry.line_ids.filtered(lambda line: line.partner_id == self.ada).partner_id = self.company.partner_id
        self.assertEqual(reader._owed_lines(entry).partner_id, self.company.partner_id)

    def test_the_amounts_are_those_of_the_entry(self):
        bill, entry = self.bill_of(self.report()), self.entry_of(self.report("r2"))
        self.assertEqual((entry.move_type, entry.journal_id.type), ("entry", "general"))
        self.assertEqual(self.amounts(bill), self.amounts(entry))

    def test_it_comes_again(self):
        self.bill_of(self.report())
        self.written("expense_report", self.report(), "unchanged", report_mode="vendor_bill")
        # whatever the option says by now
        self.written("expense_report", self.report(), "unchanged", report_mode="journal_entry")

    def simple(self, *rows, **values):
        """A report of rows (amount, account, values), whose sum the employee is owed."""
        owed = sum(Decimal(row[0]) for row in rows)
        return self.report(lines=entry_lines(*rows, *([(-owed, ADA)] if owed else [])), **values)

    def test_what_is_compared_is_what_is_booked(self):
        """Each version has the same sum or date as the first, and books something else."""
        self.hire_frank()
        self.mapped["tax", "5"] = self.make_tax(5)
        five = Reference(kind="tax", external_id="5", name="5 %")
        taxed = {"taxes": ((TAX, Decimal(15)),)}
        cost, other, tax = account("600"), account("601"), ("15", TAX)
        first = self.simple(("100", cost, taxed), tax)
        versions = {
            "account": self.simple(("100", other, taxed), tax),
            "tax": self.simple(("100", cost, {"taxes": ((five, Decimal(15)),)}), ("15", five)),
            "analytic": self.simple(("100", cost, {**taxed, "analytics": (COST,)}), tax),
            "person": self.report(lines=(*first.lines[:-1], replace(first.lines[-1], account=FRANK))),
            "recoded": self.simple(("-100", cost), ("100", other), revision="2"),
            "20 more": self.simple(("-100", cost), ("120", cost), revision="2"),
            "20 more alone": self.simple(("20", cost), revision="2"),
            "whole": self.simple(("120", cost, taxed), tax, revision="2"),
            "date": self.simple(("100", cost, taxed), tax, accounting_date=date(2026, 7, 9)),
            "same": self.simple(
                ("60", cost, {"taxes": ((TAX, Decimal(9)),)}), ("40", cost, {"taxes": ((TAX, Decimal(6)),)}), tax
            ),
        }
        for mode in ("journal_entry", "vendor_bill"):
            for name, second in versions.items():
                with self.subTest(mode=mode, version=name):
                    document = replace(first, external_id=f"{mode} {name}")
                    self.written("expense_report", document, report_mode=mode)
                    same, changed = self.plan(
                        "expense_report", document, replace(second, external_id=document.external_id)
                    )
                    self.assertEqual((same.error, same.outcome, same.note), (None, "unchanged", ""))
                    outcome = "unchanged" if name == "same" else "drift"
                    self.assertEqual((changed.error, changed.outcome), (None, outcome))
                    self.assertEqual("Revision 2" in changed.note, bool(second.revision))

    def test_other_entries_are_compared_by_what_is_booked_too(self):
        for kind, code in {"cash_advance": "advances", "payroll": "600", "repayment": "601"}.items():
            with self.subTest(kind=kind):
                first, second = (
                    self.report(kind, lines=entry_lines((50, account(debit)), (-50, ADA))) for debit in (code, "cards")
                )
                self.written(kind, first)
                same, changed = self.plan(kind, first, second)
                self.assertEqual((same.outcome, changed.outcome), ("unchanged", "drift"))

    def test_a_difference_is_booked_beside_the_first_when_a_person_says_so(self):
        first = self.entry_of(self.simple(("100", account("600"))))
        (entry,) = self.plan(
            "expense_report", self.simple(("-100", account("600")), ("120", account("601")), revision="2")
        )
        self.assertEqual(entry.outcome, "drift")
        entry.is_difference = True
        self.writer("expense_report")._plan_batch(self.flow("expense_report"), [entry], self.resolver())
        self.apply("expense_report", entry)
        self.assertEqual((entry.outcome, entry.binds), ("created", False))
        moves = first | entry.record.with_env(self.env)
        sums = self.sums(moves)
        self.assertEqual((sums[self.expense.code], sums[self.expense_b.code]), (0.0, 120.0))
        self.assertEqual(sum(self.owed(moves, self.ada).mapped("balance")), -120.0)

    def differing(self, entry):
        """The row of a version that differs."""
        flow = self.flow("expense_report")
        return self.make(
            "ml.sync.log",
            **{"name": "r1", "connection_id": flow.connection_id, "company_id": self.company, "flow_id": flow},
            **{"direction": "pull", "kind": "expense_report", "external_id": "r1", "res_model": "account.move"},
            **{"state": "done", "outcome": entry.outcome, "res_id": entry.record},
            **{"comparison": entry.comparison, "is_partial": entry.is_partial},
        )

    def test_what_either_button_would_book_is_shown_before_it_is_pressed(self):
        self.entry_of(self.simple(("46", account("600"))))
        (entry,) = self.plan("expense_report", self.simple(("10", account("600")), revision="2"))
        log = self.differing(entry)
        self.assertFalse(log.is_partial, "10.00 may be all that is left of the report")
        texts = ("After Reverse and Book Again", "After Book as Difference", "46.00", "10.00", "56.00", "Ada")
        self.assertHas(log.comparison_table, *texts)

    def test_what_cannot_be_the_whole_is_not_offered_as_one(self):
        cost, other = account("600"), account("601")
        self.entry_of(self.simple(("100", cost)))
        cases = {
            "recoded": (self.simple(("-100", cost), ("100", other), revision="2"), True),
            "less": (self.simple(("-30", cost), revision="2"), True),
            "by its total": (self.simple(("20", cost), revision="2", is_partial=True), True),
            "more": (self.simple(("20", cost), ("100", other), revision="2"), False),
        }
        for name, (document, is_partial) in cases.items():
            with self.subTest(name):
                (entry,) = self.plan("expense_report", document)
                log = self.differing(entry)
                self.assertEqual((entry.outcome, log.is_partial), ("drift", is_partial))
                self.assertEqual("only the difference." in entry.note and "may be" not in entry.note, is_partial)
                self.assertEqual("After Reverse and Book Again" in log.comparison_table, not is_partial)
                if is_partial:
                    with self.assertRaisesRegex(UserError, "as a difference"):
                        log.action_reverse_and_repost()

    def test_a_difference_to_what_is_not_in_odoo_is_not_taken_for_the_report(self):
        document = self.simple(("20", account("600")), revision="2", is_partial=True)
        self.refused("expense_report", document, InvalidDataError, "not in Odoo")
        self.written("expense_report", replace(document, is_partial=False))

    def test_reversed_to_the_cent(self):
        for number, rounding in enumerate(("round_per_line", "round_globally")):
            self.company.tax_calculation_rounding_method = rounding
            bill = self.bill_of(self.report(f"r{number}"))
            reversal = self.reversal(bill)
            self.assertEqual((reversal.amount_total, reversal.amount_tax, bill.payment_state), (91.0, 2.54, "reversed"))
            expected = {code: -amount for code, amount in self.sums(bill).items()}
            self.assertEqual(self.sums(reversal), expected)

    def test_reversed_where_the_price_includes_the_tax(self):
        self.mapped["tax", "15"] = self.make_tax(15, price_include_override="tax_included")
        bill = self.bill_of(self.report())
        self.assertEqual((bill.amount_total, bill.tax_totals["total_amount_currency"]), (91.0, 91.0))
        self.assertEqual(self.reversal(bill).amount_total, 91.0)

    def test_changed_by_hand(self):
        """A user adds a line; the imported lines stay unchanged."""
        bill = self.bill_of(self.report())
        bill.button_draft()
        line = {"name": "Tip", "price_unit": 10.0, "account_id": self.expense_b.id}
        bill.write({"invoice_line_ids": [Command.create({**line, "tax_ids": [Command.set(self.tax.ids)]})]})
        self.assertEqual((bill.amount_total, bill.amount_tax), (102.5, 4.04))

    def reversal(self, bill):
        return bill._reverse_moves([{"date": date(2026, 7, 4), "invoice_date": date(2026, 7, 4)}], cancel=True)

    def sums(self, move):
        groups = move.line_ids.grouped("account_id")
        return {account.code: round(sum(lines.mapped("balance")), 2) for account, lines in groups.items()}

    def test_another_currency(self):
        self.setup_other_currency("EUR", rates=[("2026-01-01", 3.0)])
        bill = self.bill_of(self.report(currency="EUR"))
        self.assertEqual((bill.amount_total, bill.amount_residual), (91.0, 91.0))
        self.assertEqual(bill.tax_totals["total_amount_currency"], 91.0)
        self.assertAlmostEqual(bill.invoice_currency_rate, 3.0)
        self.assertAlmostEqual(bill.amount_total_signed, -30.33, places=2)
        self.assertEqual(sum(bill.line_ids.mapped("balance")), 0.0)

    def test_who_is_owed_nothing_gets_an_entry(self):
        lines = entry_lines((700, account("600")), (-1000, account("cards"), {"partner": BANK}), (300, ADA))
        move = self.bill_of(self.report(lines=lines))
        self.assertEqual((move.move_type, move.journal_id.type), ("entry", "general"))

    def test_paid_like_any_bill(self):
        bill = self.bill_of(self.report())
        self.register_payment(bill, journal_id=self.bank_journal.id)
        self.assertEqual(bill.amount_residual, 0.0)
        self.assertTrue(self.env["ml.exporter.paid"]._is_paid(bill))

    def test_what_a_bill_cannot_have(self):
        """A payable account of a line, and a tax that is not deducted in whole: an entry has both."""
        half = self.make_tax(15)
        for parts in (half.invoice_repartition_line_ids, half.refund_repartition_line_ids):
            parts[1].factor_percent = 50
            parts[1].copy({"account_id": False})
        payable = self.ada.property_account_payable_id
        for key, record, name in ((("tax", "15"), half, half.name), (("account", "cards"), payable, payable.code)):
            with self.subTest(name):
                self.mapped = {**type(self).mapped, key: record}
                report = self.report(name)
                self.refused("expense_report", report, InvalidDataError, name, report_mode="vendor_bill")
                self.entry_of(report)

    def test_the_boxes_of_the_tax_report(self):
        tags = [self.make("account.account.tag", name=name, applicability="taxes") for name in ("base", "tax")]
        for parts in (self.tax.invoice_repartition_line_ids, self.tax.refund_repartition_line_ids):
            for part, tag in zip(parts, tags, strict=True):
                part.tag_ids = tag
        bill = self.bill_of(self.report())
        self.assertEqual(self.boxes(bill, *tags), [88.46, 2.54])
        self.assertEqual(self.boxes(self.reversal(bill), *tags), [-88.46, -2.54])

    def boxes(self, move, *tags):
        return [
            round(sum(move.line_ids.filtered(lambda line, tag=tag: tag in line.tax_tag_ids).mapped("balance")), 2)
            for tag in tags
        ]
