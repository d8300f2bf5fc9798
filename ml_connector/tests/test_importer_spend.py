from dataclasses import replace
from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import (
    CardStatement,
    CardTransfer,
    CreditApplication,
    Expense,
    ExpenseLine,
    JournalEntry,
    JournalLine,
    Party,
    PurchaseOrder,
    PurchaseOrderLine,
    Reference,
    Reimbursement,
    Settlement,
)
from odoo.addons.ml_connector.core.errors import (
    ConflictError,
    DuplicateError,
    InvalidDataError,
    LockedPeriodError,
    MappingError,
)

from .common_writers import WriterCase

CARD = Reference(kind="journal", external_id="card", name="Card")
ADA = Reference(kind="employee", external_id="ada", name="Ada")
ISSUER = Reference(kind="vendor", external_id="card-issuer", name="Issuer")
CASHBACK = Reference(kind="account", external_id="cashback", name="Cashback")
BANK = Reference(kind="journal", external_id="bank", name="Bank")
KINDS = (
    *("expense", "reimbursement", "statement", "transfer", "cashback", "repayment"),
    *("credit", "application", "purchase_order"),
)


class SpendCase(WriterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.declare_flows(*KINDS)
        cls.card = cls.make("account.journal", name="Cards", code="CARDS", type="credit", company_id=cls.company)
        cls.employee = cls.make("hr.employee", name="Ada", work_email="ada@example.com", company_id=cls.company)
        cls.issuer = cls.make("res.partner", name="Issuer", is_company=True)
        cls.mapped |= {("journal", "card"): cls.card, ("employee", "ada"): cls.employee}
        cls.mapped["vendor", "card-issuer"] = cls.issuer
        cls.mapped["account", "cashback"] = cls.company_data["default_account_revenue"].with_env(cls.env)

    def part(self, amount, account="600", taxes=(), analytics=(), description="Part"):
        line = self.line(amount, account, taxes, analytics, description=description)
        coding = {"account": line.account, "taxes": line.taxes, "analytics": line.analytics}
        return ExpenseLine(amount=line.amount, description=description, **coding)

    def expense_document(self, external_id="t1", parts=None, **values):
        parts = tuple(parts or [self.part("120.00")])
        amount = sum((part.amount for part in parts), Decimal(0))
        return Expense(
            external_id=external_id,
            lines=parts,
            card=CARD,
            **{
                "employee": ADA,
                "document_date": date(2026, 7, 28),
                "accounting_date": date(2026, 7, 30),
                "currency": self.company.currency_id.name,
                "amount": amount,
                "merchant": "Paper & Ink",
                "merchant_id": "m1",
                "memo": "Pens",
                **values,
            },
        )

    def reimbursement(self, external_id="r1", amount="42.00", paid=True, is_credit=False, **values):
        of_bill = {"vendor": "employee:ada", "number": f"RMB-{external_id}", "due_date": None, "is_credit": is_credit}
        bill = self.bill(external_id, [self.line(amount)], **of_bill)
        settlement = Settlement(date=date(2026, 7, 24), amount=Decimal(amount), source=BANK, reference="PB-1")
        values["settlement"] = settlement if paid else None
        return Reimbursement(external_id=external_id, employee=ADA, bill=bill, **values)

    def statement(self, external_id="s1", total="120.00", **values):
        return CardStatement(
            external_id=external_id,
            number=f"Ramp {external_id}",
            issuer=ISSUER,
            card=CARD,
            start_date=date(2026, 7, 1),
            end_date=date(2026, 7, 31),
            currency=self.company.currency_id.name,
            total=Decimal(total),
            **values,
        )

    def transfer(self, external_id="x1", amount="120.00"):
        values = {"currency": self.company.currency_id.name, "amount": Decimal(amount), "reference": "T-1"}
        return CardTransfer(external_id=external_id, issuer=ISSUER, source=BANK, date=date(2026, 8, 5), **values)

    def cashback(self, external_id="c1", amount="1.80"):
        amount = Decimal(amount)
        return JournalEntry(
            external_id=external_id,
            number="Cashback",
            document_date=date(2026, 7, 31),
            currency=self.company.currency_id.name,
            lines=(JournalLine(amount=amount, account=ISSUER), JournalLine(amount=-amount, account=CASHBACK)),
        )

    def application(self, amount, **values):
        values = {"currency": self.company.currency_id.name, **values}
        return CreditApplication(external_id="k1:b1", credit="k1", bill="b1", amount=Decimal(amount), **values)

    def posted(self, *domain):
        return self.env["account.move.line"].search([*domain, ("parent_state", "=", "posted")])

    def cleared(self):
        """Balance of the card account."""
        return sum(self.posted(("account_id", "=", self.card.default_account_id.id)).mapped("balance"))

    def owed(self, partner):
        lines = self.posted(("partner_id", "=", partner.id), ("account_type", "=", "liability_payable"))
        return round(-sum(lines.mapped("balance")), 2)


@tagged("post_install", "-at_install")
class TestSpend(SpendCase):
    # ------------------------------------------------------------------ card transactions

    def test_expense(self):
        """The tax is in the amount."""
        expense = self.written("expense", self.expense_document(parts=[self.part("115.00", taxes=["15"])]))
        kind = (expense._name, expense.state, expense.payment_mode, expense.employee_id)
        self.assertEqual(kind, ("hr.expense", "paid", "company_account", self.employee))
        self.assertEqual((expense.total_amount, expense.date), (115.0, date(2026, 7, 30)))
        move = expense.account_move_id
        self.assertEqual((move.state, move.date, move.journal_id), ("posted", date(2026, 7, 30), self.card))
        balances = {line.account_id: line.balance for line in move.line_ids}
        tax = move.line_ids.filtered("tax_line_id")
        self.assertEqual((balances[self.expense], tax.tax_line_id, tax.balance), (100.0, self.tax, 15.0))
        self.assertEqual(self.cleared(), -115.0)

    def test_splits_are_one_expense_each(self):
        parts = [self.part("50.00"), self.part("69.99", "601"), self.part("0.01")]
        first = self.written("expense", self.expense_document(parts=parts))
        expenses = first | first.search([("split_expense_origin_id", "=", first.id)])
        self.assertEqual(sorted(expenses.mapped("total_amount")), [0.01, 50.0, 69.99])
        self.assertEqual(len(expenses.account_move_id), 3)
        self.assertEqual(self.cleared(), -120.0)

    def test_refund_is_a_journal_entry(self):
        move = self.written("expense", self.expense_document(parts=[self.part("-115.00", taxes=["15"])]))
        self.assertEqual((move._name, move.move_type, move.journal_id), ("account.move", "entry", self.card))
        cost = move.line_ids.filtered(lambda line: line.account_id == self.expense)
        tax = move.line_ids.filtered("tax_line_id")
        self.assertEqual((self.cleared(), cost.balance, tax.balance), (115.0, -100.0, -15.0))
        self.assertEqual(tax.tax_repartition_line_id.document_type, "refund")

    def test_a_negative_part_makes_a_journal_entry(self):
        move = self.written("expense", self.expense_document(parts=[self.part("130.00"), self.part("-10.00", "601")]))
        self.assertEqual((move._name, self.cleared()), ("account.move", -120.0))

    def test_journal_entry_mode(self):
        parts = [self.part("100.00"), self.part("15.00", "601")]
        move = self.written("expense", self.expense_document(parts=parts), expense_mode="journal_entry")
        self.assertEqual((move.move_type, move.state, len(move.line_ids)), ("entry", "posted", 3))
        self.assertEqual(self.cleared(), -115.0)

    def test_vendor_bill_mode(self):
        bill = self.written("expense", self.expense_document(), expense_mode="vendor_bill")
        self.assertEqual((bill.move_type, bill.amount_total, bill.amount_residual), ("in_invoice", 120.0, 0.0))
        self.assertEqual(bill.partner_id.name, "Paper & Ink")
        self.assertEqual(self.cleared(), -120.0)
        again = self.written("expense", self.expense_document("t2"), expense_mode="vendor_bill")
        self.assertEqual(again.partner_id, bill.partner_id)

    def test_refund_in_vendor_bill_mode(self):
        note = self.written("expense", self.expense_document(parts=[self.part("-9.00")]), expense_mode="vendor_bill")
        self.assertEqual((note.move_type, note.amount_residual), ("in_refund", 0.0))
        self.assertEqual(self.cleared(), 9.0)

    def test_draft_of_an_expense(self):
        expense = self.written("expense", self.expense_document(), post_bills=False)
        self.assertEqual((expense.state, self.cleared()), ("draft", 0))

    def test_several_analytic_plans(self):
        one, two = self.map_analytic("a"), self.map_analytic("b")
        parts = [self.part("120.00", analytics=[("a", "100"), ("b", "100")])]
        expense = self.written("expense", self.expense_document(parts=parts))
        for record in (expense, expense.account_move_id.line_ids.filtered("debit")):
            self.assertEqual(record.analytic_distribution, {f"{one.id},{two.id}": 100.0})

    def test_expense_of_a_locked_period(self):
        self.company.fiscalyear_lock_date = date(2026, 7, 31)
        self.refused("expense", self.expense_document(), LockedPeriodError)
        expense = self.written("expense", self.expense_document(), lock_date_policy="next_open_day")
        self.assertEqual((expense.date, expense.ml_original_date), (date(2026, 8, 1), date(2026, 7, 30)))
        self.assertEqual(expense.account_move_id.date, date(2026, 8, 1))

    def test_an_expense_that_comes_again(self):
        document = self.expense_document(parts=[self.part("50.00"), self.part("70.00", "601")])
        record = self.written("expense", document)
        self.written("expense", document, "unchanged")
        self.written("expense", replace(document, memo="Pencils"), "updated")
        self.assertIn("Pencils", record.name)
        self.noted("expense", replace(document, amount=Decimal(121), lines=(self.part("121.00"),)), "drift", "121")

    def test_what_is_compared_is_what_is_booked(self):
        """Each version has the total and the date of the first, and books something else."""
        self.map_analytic("a")
        versions = {
            "account": self.part("115.00", "601", taxes=["15"]),
            "taxes": self.part("115.00"),
            "analytic": self.part("115.00", taxes=["15"], analytics=[("a", "100")]),
        }
        for mode in ("expense", "journal_entry", "vendor_bill"):
            for what, part in versions.items():
                with self.subTest(mode=mode, what=what):
                    document = self.expense_document(f"{mode}-{what}", parts=[self.part("115.00", taxes=["15"])])
                    self.written("expense", document, expense_mode=mode)
                    same, changed = self.plan("expense", document, replace(document, lines=(part,)))
                    self.assertEqual((same.outcome, same.note, changed.outcome), ("unchanged", "", "drift"))
                    self.assertIn(what, changed.note)

    def test_card_transactions_that_are_refused(self):
        self.company.expense_account_id = False
        self.expense_b.active = False
        for name, values, error, parts in (
            ("exported elsewhere", {"is_exported": True}, ConflictError, ()),
            ("no account", {"parts": [self.part("9.00", account=None)]}, InvalidDataError, ("no account",)),
            ("archived account", {"parts": [self.part("9.00", "601")]}, InvalidDataError, ("archived",)),
        ):
            with self.subTest(name):
                self.refused("expense", self.expense_document(**values), error, *parts)

    def test_unknown_employee_waits(self):
        del self.mapped["employee", "ada"]
        self.refused("expense", self.expense_document(), MappingError)

    def test_expense_in_a_foreign_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        expense = self.written("expense", self.expense_document(currency=currency.name))
        self.assertEqual((expense.total_amount_currency, expense.total_amount), (120.0, 60.0))
        self.assertEqual(self.cleared(), -60.0)

    def bill_paid_by_card(self):
        """The bill is booked; the document of its payment."""
        self.written("bill", self.bill("b1", [self.line("120.00")]))
        return self.payment("p1", [("b1", "120.00")], source=CARD, charges=("t1",))

    def test_charge_that_paid_a_bill_is_not_booked_again(self):
        paid = self.written("payment", self.bill_paid_by_card())
        self.assertEqual(self.cleared(), -120.0)
        (entry,) = self.book("expense", self.expense_document())
        self.assertEqual((entry.outcome, entry.record, entry.binds), ("linked", paid, False))
        self.assertEqual(self.cleared(), -120.0)

    def test_bill_whose_charge_is_booked_already(self):
        self.written("expense", self.expense_document())
        self.refused("payment", self.bill_paid_by_card(), DuplicateError)
        self.assertEqual(self.cleared(), -120.0)

    # ------------------------------------------------------------------ reimbursements

    def payable(self, move):
        return move.line_ids.filtered(lambda line: line.account_type == "liability_payable")

    def test_reimbursement_is_bill_and_payment(self):
        bill = self.written("reimbursement", self.reimbursement())
        self.assertEqual((bill.move_type, bill.state, bill.amount_residual), ("in_receipt", "posted", 0.0))
        self.assertEqual(bill.partner_id, self.employee.work_contact_id)
        payment = bill.reconciled_payment_ids
        self.assertEqual((payment.amount, payment.date, payment.memo), (42.0, date(2026, 7, 24), "PB-1"))
        self.written("reimbursement", self.reimbursement(), "unchanged")

    def test_the_person_is_owed_and_not_our_own_company(self):
        person = self.employee.work_contact_id
        for own in (self.company, self.company.create({"name": "Branch", "parent_id": self.company.id})):
            person.parent_id = own.partner_id
            key = f"own{own.id}"
            bill = self.written("reimbursement", self.reimbursement(key))
            payment = bill.reconciled_payment_ids
            self.assertEqual((bill.commercial_partner_id, payment.partner_id), (person, person))
            self.assertEqual((bill.line_ids | payment.move_id.line_ids).partner_id, person)
            self.assertEqual(bill.amount_residual, 0.0)
            self.written("reimbursement", self.reimbursement(key), "unchanged")
            owed = self.payable(self.written("reimbursement", self.reimbursement(f"back{own.id}", is_credit=True)))
            self.assertEqual((owed.partner_id, owed.reconciled), (person, True))
            self.assertEqual(owed.matched_credit_ids.credit_move_id.partner_id, person)

    def test_the_person_stays_owed_whatever_a_person_does_with_the_bill(self):
        person = self.employee.work_contact_id
        person.parent_id = self.company.partner_id
        bill = self.written("reimbursement", self.reimbursement(paid=False))
        bill.button_draft()
        bill.invoice_line_ids = [Command.create({"name": "Tip", "price_unit": 1.0, "account_id": self.expense_b.id})]
        bill.action_post()
        copies = bill._reverse_moves([{"date": bill.date}]) | bill.copy()
        for move in bill | copies:
            self.assertEqual((move.commercial_partner_id, move.line_ids.partner_id), (person, person))

    def test_a_contact_of_another_firm_is_owed_through_that_firm(self):
        firm = self.employee.work_contact_id.parent_id = self.make_vendor("Agency")
        bill = self.written("reimbursement", self.reimbursement())
        self.assertEqual((bill.commercial_partner_id, bill.line_ids.partner_id), (firm, firm))

    def test_payback_is_an_entry(self):
        document = self.reimbursement(is_credit=True)
        entry = self.written("reimbursement", document)
        self.assertEqual((entry.move_type, entry.journal_id.type, entry.state), ("entry", "general", "posted"))
        owed = self.payable(entry)
        self.assertEqual((owed.balance, owed.reconciled, owed.partner_id), (42.0, True, self.employee.work_contact_id))
        self.assertEqual(owed.matched_credit_ids.credit_move_id.payment_id.payment_type, "inbound")
        self.written("reimbursement", document, "unchanged")
        later = self.reimbursement("r2", is_credit=True, paid=False)
        self.assertFalse(self.written("reimbursement", later).line_ids.filtered("reconciled"))
        self.written("reimbursement", self.reimbursement("r2", is_credit=True), "updated")
        self.assertEqual(self.owed(self.employee.work_contact_id), 0)

    def test_reimbursement_that_is_paid_later(self):
        bill = self.written("reimbursement", self.reimbursement(paid=False))
        self.assertEqual(bill.amount_residual, 42.0)
        for outcome in ("updated", "unchanged"):
            self.written("reimbursement", self.reimbursement(is_exported=True), outcome)
            self.assertEqual((bill.amount_residual, len(bill.reconciled_payment_ids)), (0.0, 1))

    def test_employees_are_no_vendors_to_send(self):
        bill = self.written("reimbursement", self.reimbursement())
        domain = self.env["ml.exporter.vendor"]._domain(self.flow("expense"))
        self.assertFalse(bill.partner_id.filtered_domain(domain))

    def test_reimbursements_that_are_refused(self):
        self.refused("reimbursement", self.reimbursement(is_exported=True), ConflictError)
        self.company.fiscalyear_lock_date = date(2026, 7, 31)
        self.refused("reimbursement", self.reimbursement(), LockedPeriodError)

    # ------------------------------------------------------------------ the card's account

    def test_spend_cashback_statement_transfer(self):
        self.written("expense", self.expense_document())
        self.written("cashback", self.cashback())
        self.assertEqual(self.owed(self.issuer), -1.8)
        bill = self.written("statement", self.statement())
        self.assertEqual((self.cleared(), self.owed(self.issuer), bill.amount_residual), (0, 118.2, 118.2))
        transfer = self.transfer(amount="118.20")
        self.written("transfer", transfer)
        self.assertEqual((self.owed(self.issuer), bill.amount_residual), (0, 0))
        for kind, document in (("statement", self.statement()), ("transfer", transfer), ("cashback", self.cashback())):
            self.written(kind, document, "unchanged")

    def open_items(self):
        """What is open on the card account."""
        lines = self.posted(("account_id", "=", self.card.default_account_id.id))
        return sorted(lines.filtered(lambda line: not line.reconciled).mapped("amount_residual"))

    def test_statement_ticks_off_the_spend_that_it_bills(self):
        """Spend that is booked before the statement and after it; what is on no statement stays open."""
        for mode in ("expense", "journal_entry", "vendor_bill"):
            with self.subTest(mode):
                keys = [f"{mode}-{number}" for number in range(4)]
                first, refund, late, unbilled = (
                    self.expense_document(key, [self.part(amount)], statement=statement)
                    for key, amount, statement in zip(
                        keys, ("70.00", "-20.00", "50.00", "11.00"), [f"s-{mode}"] * 3 + [""], strict=True
                    )
                )
                before = self.open_items()
                self.written("expense", first, expense_mode=mode, create_vendors=True)
                self.written("expense", refund)
                self.written("expense", unbilled)
                bill = self.written("statement", self.statement(f"s-{mode}", "100.00", spends=tuple(keys[:3])))
                self.assertEqual(self.open_items(), sorted([*before, 50.0, -11.0]))
                self.written("expense", late)
                self.assertEqual((self.open_items(), bill.amount_residual), (sorted([*before, -11.0]), 100.0))

    def test_statement_ticks_off_bills_that_were_paid_by_card(self):
        for late in (False, True):
            with self.subTest(late=late):
                key, charge = f"card-{late}", f"charge-{late}"
                self.written("bill", self.bill(key, [self.line("80.00")]))
                statement = self.statement(f"s-{late}", "80.00", spends=(charge,))
                if late:
                    self.written("statement", statement)
                self.written("payment", self.payment(f"pay-{late}", ((key, "80.00"),), source=CARD, charges=(charge,)))
                document = self.expense_document(charge, [self.part("80.00")], statement=f"s-{late}")
                self.written("expense", document, "linked")
                if not late:
                    self.written("statement", statement)
                self.assertEqual(self.open_items(), [])

    def test_transfer_before_the_statement(self):
        payment = self.written("transfer", self.transfer())
        bill = self.written("statement", self.statement())
        self.assertEqual(bill.amount_residual, 0.0)
        self.assertIn(payment, bill.reconciled_payment_ids)

    def test_other_bills_of_the_issuer_are_left_alone(self):
        self.bound["vendor", "v2"] = self.issuer
        other = self.written("bill", self.bill("b9", [self.line("120.00")], vendor="v2"))
        self.written("transfer", self.transfer())
        self.assertEqual(other.amount_residual, 120.0)

    def test_more_refunds_than_spend(self):
        note = self.written("statement", self.statement(total="-20.00"))
        self.assertEqual((note.move_type, self.cleared()), ("in_refund", -20.0))

    def test_unreleased_transactions_are_named(self):
        statement = self.statement(unbooked=2, unbooked_total=Decimal("31.00"))
        self.noted("statement", statement, "created", "31.00")

    def test_changed_statement_is_shown(self):
        self.written("statement", self.statement())
        self.noted("statement", self.statement(total="121.00"), "drift")

    def test_repayment_takes_the_cost_back(self):
        account = Reference(kind="account", external_id="600")
        lines = (JournalLine(amount=Decimal(25), account=BANK), JournalLine(amount=Decimal(-25), account=account))
        entry = replace(self.cashback("y1"), document_date=date(2026, 8, 5), journal=BANK, lines=lines)
        move = self.written("repayment", entry)
        self.assertEqual(move.line_ids.filtered("credit").account_id, self.expense)
        self.refused("repayment", replace(entry, external_id="y2", lines=entry.lines[:1]), InvalidDataError)

    # ------------------------------------------------------------------ credits and orders

    def test_a_part_of_a_credit_is_set_off(self):
        bill = self.written("bill", self.bill("b1", [self.line("500.00")]))
        note = self.written("credit", self.bill("k1", is_credit=True))
        self.assertEqual(note.move_type, "in_refund")
        for amount, outcome, left in (
            ("40.00", "updated", (60.0, 460.0)),
            ("40.00", "unchanged", (60.0, 460.0)),
            ("100.00", "updated", (0.0, 400.0)),
        ):
            self.written("application", self.application(amount), outcome)
            self.assertEqual((note.amount_residual, bill.amount_residual), left)
        self.assertEqual(note.payment_state, "paid")
        self.refused("application", self.application("450.00"), InvalidDataError)
        self.noted("application", self.application("30.00"), "drift")

    def test_order_and_its_bill(self):
        product = self.make("product.product", name="Any", type="service", purchase_method="purchase")
        ordered = {"quantity": Decimal(4), "unit_price": Decimal("125.00"), "analytics": ()}
        order = PurchaseOrder(
            external_id="o1",
            number="7",
            vendor=Party(external_id="v1"),
            order_date=date(2026, 7, 1),
            currency=self.company.currency_id.name,
            lines=(PurchaseOrderLine(external_id="o1-1", description="Desks", **ordered),),
        )
        self.refused("purchase_order", order, InvalidDataError, "product")
        record = self.written("purchase_order", order, order_product_id=product.id)
        self.assertEqual((record.state, record.amount_untaxed, record.partner_ref), ("purchase", 500.0, "7"))
        bill = self.written("bill", self.bill("b7", [self.line("250", order_line_key="o1-1", description="")]))
        self.assertEqual(bill.invoice_line_ids.purchase_line_id, record.order_line)
        self.assertEqual(record.order_line.qty_invoiced, 2.0)
        self.written("purchase_order", order, "unchanged")
        self.noted("purchase_order", replace(order, state="cancelled"), "drift")
