"""What Odoo's own rules decide, whatever is written: accounts, taxes, plans and companies by kind of document."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import DownloadedFile, Files, JournalEntry, JournalLine, Reference
from odoo.addons.ml_connector.core.errors import InvalidDataError, LockedPeriodError

from . import test_importer_spend as spend
from .test_importer_spend import ADA, BANK, CASHBACK, ISSUER, SpendCase

TAX = Reference(kind="tax", external_id="caba", name="20% S")


class RulesCase(SpendCase):
    reimbursement = spend.TestReimbursements.reimbursement
    statement = spend.TestCardAccount.statement
    cashback = spend.TestCardAccount.cashback

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.declare_flows("expense_report")

    def lines(self, move):
        """{account: balance} of a move."""
        groups = move.line_ids.grouped("account_id")
        return {account: round(sum(lines.mapped("balance")), 2) for account, lines in groups.items()}

    def taxed(self, move):
        """{tax: balance} of the tax lines of a move."""
        return {line.tax_line_id: line.balance for line in move.line_ids.filtered("tax_line_id")}

    def entry(self, lines, **values):
        values = {"document_date": date(2026, 7, 1), "currency": self.company.currency_id.name, **values}
        return JournalEntry(
            lines=tuple(JournalLine(amount=amount, account=of, **more) for amount, of, more in lines), **values
        )

    def report(self, external_id="q1", taxes=(), **line):
        tax = sum((amount for _tax, amount in taxes), Decimal(0))
        cost = (Decimal(100), Reference(kind="account", external_id="600"), {"taxes": tuple(taxes), **line})
        lines = [cost, *((amount, of, {}) for of, amount in taxes), (-100 - tax, ADA, {})]
        return self.entry(lines, external_id=external_id, number="Trip")

    def repayment(self, amount="119.00", follows="t1", external_id="y1"):
        amount = Decimal(amount)
        lines = [(amount, BANK, {}), (-amount, Reference(kind="account", external_id="uncoded"), {})]
        values = {
            "number": "RPY",
            "document_date": date(2026, 8, 5),
            "journal": BANK,
            "memo": "Repayment of Paper & Ink",
        }
        return self.entry(lines, external_id=external_id, follows=follows, **values)


@tagged("post_install", "-at_install")
class TestStock(RulesCase):
    """Lines of purchase orders are booked where Odoo's *Create Bill* books them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stock_account = cls.copy_account(cls.company_data["default_account_assets"].with_env(cls.env))
        values = {"property_valuation": "real_time", "property_stock_valuation_account_id": cls.stock_account}
        cls.category = cls.make("product.category", name="Stocked", **values)

    def order(self, **product):
        values = {"is_storable": True, "categ_id": self.category, "supplier_taxes_id": False, **product}
        product = self.make("product.product", name="Chair", type="consu", **values)
        line = Command.create({"product_id": product.id, "product_qty": 10, "price_unit": 100.0})
        order = self.make("purchase.order", partner_id=self.vendor, order_line=[line])
        order.button_confirm()
        order.picking_ids.move_ids.write({"quantity": 10, "picked": True})
        order.picking_ids.button_validate()
        return order

    def by_hand(self, order):
        """The account that Odoo's own bill of the order takes; its draft is thrown away."""
        bill = self.env["account.move"].browse(order.action_create_invoice()["res_id"])
        account = bill.invoice_line_ids.account_id
        bill.unlink()
        return account

    def booked(self, order, external_id="b1", account="600"):
        line = self.line("1000.00", account, purchase_order_line=order.order_line.id)
        return self.written("bill", self.bill(external_id, [line])).invoice_line_ids.account_id

    def assertBookedAsByHand(self, order, account):
        self.assertEqual((self.by_hand(order), self.booked(order)), (account, account))

    def test_perpetual_valuation(self):
        self.assertBookedAsByHand(self.order(), self.stock_account)
        self.assertEqual(self.booked(self.order(), "b2", None), self.stock_account)

    def test_periodic_valuation(self):
        self.category.property_valuation = "periodic"
        self.assertBookedAsByHand(self.order(property_account_expense_id=self.expense_b), self.expense_b)

    def test_what_is_not_stocked_is_coded_by_the_vendor(self):
        for number, product in enumerate(({"property_account_expense_id": self.expense_b}, {})):
            self.assertEqual(self.booked(self.order(is_storable=False, **product), f"b{number}"), self.expense)

    def test_fiscal_position(self):
        mapped, mapped_stock = self.copy_account(self.expense), self.copy_account(self.stock_account)
        self.vendor.property_account_position_id = self.position(
            (self.expense, mapped), (self.stock_account, mapped_stock)
        )
        plain = self.order(is_storable=False, property_account_expense_id=self.expense)
        self.assertEqual((self.by_hand(plain), self.booked(plain, account=None)), (mapped, mapped))
        stocked = self.order()
        self.assertEqual((self.by_hand(stocked), self.booked(stocked, "b2")), (mapped_stock, mapped_stock))


@tagged("post_install", "-at_install")
class TestMereTax(RulesCase):
    """Customs' VAT: a price with the tax is nothing but tax."""

    def setUp(self):
        super().setUp()
        self.customs = self.make_tax(100, amount_type="division", price_include_override="tax_included")
        self.mapped["tax", "customs"] = self.customs

    def customs_bill(self, *lines, tax="100.00", key="b1", **values):
        total = sum(line.amount for line in lines) + Decimal(tax)
        return self.bill(key, lines, total, tax_total=tax, amounts_include_tax=False, **values)

    def test_net_form_books_what_the_gross_form_does(self):
        gross = self.written("bill", self.bill("gross", [self.line("100.00", taxes=("customs",))]))
        net = self.written("bill", self.customs_bill(self.line("0.00", taxes=("customs",))))
        self.assertEqual(self.lines(net), self.lines(gross))
        self.assertEqual((self.taxed(net), net.amount_untaxed, net.amount_tax), ({self.customs: 100.0}, 0.0, 100.0))

    def test_several_lines_and_other_taxes_beside(self):
        free = [self.line("0.00", account=account, taxes=("customs",)) for account in ("600", "601")]
        bill = self.written("bill", self.customs_bill(*free, self.line("200.00", taxes=("15",)), tax="130.00"))
        self.assertEqual(self.taxed(bill), {self.customs: 100.0, self.tax: 30.0})
        credit = self.written("bill", self.customs_bill(*free, tax="80.00", is_credit=True, key="c1"))
        self.assertEqual(self.taxed(credit), {self.customs: -80.0})


@tagged("post_install", "-at_install")
class TestTaxCountries(RulesCase):
    def test_tax_and_fiscal_position_are_named(self):
        netherlands, own = self.env.ref("base.nl"), self.company.account_fiscal_country_id
        values = {"name": "Dutch Registration", "country_id": netherlands, "foreign_vat": "NL123456782B90"}
        self.vendor.property_account_position_id = self.make("account.fiscal.position", **values)
        bill = self.bill(lines=[self.line("100.00", taxes=("15",))])
        self.refused("bill", bill, InvalidDataError, self.tax.name, "Dutch Registration", own.name, netherlands.name)
        self.written("bill", self.bill("untaxed", [self.line("100.00")]))

    def test_tax_and_company_are_named(self):
        country = self.env.ref("base.nl")
        group = self.make("account.tax.group", name="Dutch", country_id=country)
        dutch = self.mapped["tax", "caba"] = self.make_tax(15, country_id=country, tax_group_id=group)
        for kind, document in (
            ("bill", self.bill(lines=[self.line("100.00", taxes=("caba",))])),
            ("expense_report", self.report(taxes=[(TAX, Decimal("15.00"))])),
        ):
            self.refused(kind, document, InvalidDataError, dutch.name, self.company.display_name, country.name)


@tagged("post_install", "-at_install")
class TestRefusals(RulesCase):
    """Odoo names records by ids; one that is rolled back means nothing to anybody."""

    def refuse_all(self, name):
        def refuse(records, *args, **kwargs):
            ids = f"{records.ids[0]}, {records.ids}, 12.50, {date(2026, 7, 1):%m/%d/%Y} and BILL/{records.ids[0]}"
            raise UserError(self.env._("Refused on %s.", ids))

        return patch.object(type(self.env["account.move"]), name, refuse)

    def test_no_id_of_what_is_rolled_back(self):
        for kind, document in {
            "bill": self.bill(number="INV-7"),
            "expense_report": self.report(),
            "reimbursement": self.reimbursement(),
            "statement": self.statement(),
            "cashback": self.cashback(),
            "expense": self.expense_document(),
        }.items():
            with self.subTest(kind), self.refuse_all("_post"), self.assertRaises(InvalidDataError) as caught:
                with self.env.cr.savepoint():
                    self.book(kind, document)
            said = caught.exception.message
            self.assertRegex(said, r"^Refused on (\D.*|-), \1, 12\.50, 07/01/2026 and BILL/\d+\.$")
            self.assertIn(getattr(document, "number", ""), said)

    def test_known_records_are_named_as_odoo_does(self):
        # no other new record has its number
        self.env.cr.execute("SELECT setval('account_move_id_seq', nextval('account_move_id_seq') + 100000)")
        old = self.written("bill", self.bill("old"))
        self.env.cr.execute("UPDATE account_move SET create_date = '2026-01-01' WHERE id = %s", [old.id])
        with (
            patch.object(type(old), "_post", side_effect=UserError(f"See {old.id}.")),
            self.assertRaisesRegex(InvalidDataError, f"See {old.id}"),
            self.env.cr.savepoint(),
        ):
            self.book("bill", self.bill("new"))


@tagged("post_install", "-at_install")
class TestVendorsOwn(RulesCase):
    def bank_account(self, partner):
        return self.make("res.partner.bank", acc_number="EXAMPLE 1", partner_id=partner, allow_out_payment=True)

    def test_a_report_is_paid_as_entered_by_hand(self):
        bank = self.bank_account(self.employee.work_contact_id)
        bill = self.written("expense_report", self.report(), report_mode="vendor_bill")
        debt = self.written("reimbursement", self.reimbursement(paid=False))
        self.assertEqual((bill.partner_bank_id, debt.partner_bank_id), (bank, bank))

    def test_bank_account_and_reference(self):
        bank = self.bank_account(self.vendor)
        bill = self.written("bill", self.bill(payment_reference="1234566"))
        term = bill.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertEqual((bill.partner_bank_id, bill.payment_reference), (bank, "1234566"))
        self.assertEqual(term.name, f"{bill.ref} - 1234566")
        self.assertFalse(self.written("bill", self.bill("b2")).payment_reference)

    def discount(self, computation):
        discount = {"early_discount": True, "discount_percentage": 2.0, "discount_days": 10}
        discount["early_pay_discount_computation"] = computation
        self.vendor.property_supplier_payment_term_id = self.term(30, name="2/10 net 30", **discount)

    def test_early_discount(self):
        self.mapped["tax", "19"] = self.make_tax(19)
        lines = [self.line("119.00", taxes=["19"])]
        for computation in ("included", "excluded"):
            self.discount(computation)
            bill = self.written("bill", self.bill(computation, lines, due_date=None))
            self.assertEqual((bill.amount_total, bill.amount_tax), (119.0, 19.0))
        self.discount("mixed")
        self.refused("bill", self.bill("b3", lines, due_date=None), InvalidDataError, "2/10 net 30", "118.62")
        lines = [self.line("100.00", taxes=["19"])]
        reduced = self.bill("b4", lines, "118.62", due_date=None, amounts_include_tax=False)
        bill = self.written("bill", reduced)
        self.assertEqual((bill.amount_total, bill.amount_tax), (118.62, 18.62))
        self.written("bill", reduced, "unchanged")


@tagged("post_install", "-at_install")
class TestMoneyOfEntries(RulesCase):
    """A bank's own account is for its statements: entries wait for them on an outstanding account."""

    def repaid(self):
        self.written("expense", self.expense_document(parts=[self.part("119.00")]))
        return self.written("repayment", self.repayment())

    def test_repayment_waits_for_the_statement(self):
        account = self.bank_journal.default_account_id
        outstanding = self.repaid().line_ids.filtered(lambda line: line.balance > 0)
        self.assertNotEqual(outstanding.account_id, account)
        self.assertTrue(outstanding.account_id.reconcile)
        values = {"journal_id": self.bank_journal, "amount": 119.0, "payment_ref": "RPY", "date": date(2026, 8, 6)}
        _liquidity, suspense, _other = self.make("account.bank.statement.line", **values)._seek_for_lines()
        suspense.account_id = outstanding.account_id
        (suspense + outstanding).reconcile()
        self.assertTrue(outstanding.reconciled)
        items = self.env["account.move.line"].search([("account_id", "=", account.id), ("parent_state", "=", "posted")])
        self.assertEqual(sum(items.mapped("balance")), 119.0)

    def test_without_an_account_of_the_payment_method(self):
        self.bank_journal.inbound_payment_method_line_ids.payment_account_id = False
        self.assertNotIn(self.bank_journal.default_account_id, self.repaid().line_ids.account_id)


@tagged("post_install", "-at_install")
class TestRepayments(RulesCase):
    """A repayment takes back what Odoo booked: cost, tax and distribution of its own purchase."""

    def test_its_tax(self):
        self.mapped["tax", "19"] = tax = self.make_tax(19)
        for mode in ("expense", "journal_entry", "vendor_bill"):
            with self.subTest(mode):
                document = self.expense_document(f"t-{mode}", [self.part("119.00", taxes=["19"])])
                self.written("expense", document, expense_mode=mode)
                repaid = self.repayment(follows=f"t-{mode}", external_id=f"y-{mode}")
                move = self.written("repayment", repaid)
                self.assertEqual(self.lines(move)[self.expense], -100.0)
                item = move.line_ids.filtered("tax_line_id")
                self.assertEqual((item.balance, item.tax_line_id), (-19.0, tax))
                self.assertEqual(item.tax_repartition_line_id.document_type, "refund")
                self.written("repayment", repaid, "unchanged")

    def test_a_part_of_several_lines(self):
        self.mapped["tax", "19"] = self.make_tax(19)
        parts = [self.part("119.00", taxes=["19"]), self.part("81.00", "601")]
        for mode in ("expense", "journal_entry"):
            self.written("expense", self.expense_document(f"t-{mode}", parts), expense_mode=mode)
            move = self.written("repayment", self.repayment("50.00", f"t-{mode}", external_id=f"y-{mode}"))
            # 29.75 of the 119.00, 20.25 of the 81.00
            self.assertEqual((self.lines(move)[self.expense], self.lines(move)[self.expense_b]), (-25.0, -20.25))
            self.assertEqual(move.line_ids.filtered("tax_line_id").balance, -4.75)

    def test_its_distribution(self):
        account = self.map_analytic("a")
        self.written("expense", self.expense_document(parts=[self.part("50.00", analytics=[("a", "100")])]))
        move = self.written("repayment", self.repayment("20.00"))
        cost = move.line_ids.filtered(lambda line: line.account_id == self.expense)
        self.assertEqual((cost.balance, cost.analytic_distribution), (-20.0, {str(account.id): 100.0}))

    def test_it_waits_for_its_purchase(self):
        document = self.repayment("20.00")
        writer = self.writer("repayment")
        self.assertEqual([key[:2] for key in writer._dependencies(document)], [("expense", "t1")])
        self.assertEqual(writer._references(document), (BANK,))

    def test_an_uncoded_purchase(self):
        self.company.expense_account_id = self.expense_b
        self.written("expense", self.expense_document(parts=[self.part("50.00", account=None)]))
        move = self.written("repayment", self.repayment("20.00"))
        self.assertEqual(self.lines(move)[self.expense_b], -20.0)


@tagged("post_install", "-at_install")
class TestTaxOnPayment(RulesCase):
    """A tax that is due on payment counts at once in an entry that leaves nothing to be paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.tax_exigibility = True
        cls.final = cls.company_data["default_account_tax_purchase"].with_env(cls.env)
        cls.transition = cls.copy_account(cls.final)
        cls.transition.reconcile = True
        cls.tag = cls.make("account.account.tag", name="20", applicability="taxes")
        cash_basis = {"tax_exigibility": "on_payment", "cash_basis_transition_account_id": cls.transition}
        cls.mapped["tax", "caba"] = cls.make_tax(20, tags=cls.tag, **cash_basis)

    def parts_of(self, move):
        lines = move.line_ids.filtered("tax_line_id")
        return [(line.account_id, round(line.balance, 2), line.tax_tag_ids) for line in lines]

    def cash_basis(self, move):
        return self.env["account.move"].search([("tax_cash_basis_origin_move_id", "=", move.id)])

    def test_card_refund(self):
        move = self.written("expense", self.expense_document(parts=[self.part("-121.00", taxes=["caba"])]))
        self.assertEqual(self.parts_of(move), [(self.final, -20.17, self.tag)])

    def test_journal_entries(self):
        for key, amounts, tax in (("t1", ["121.00"], 20.17), ("t2", ["240.00", "-120.00"], 20.0)):
            parts = [self.part(amount, taxes=["caba"]) for amount in amounts]
            move = self.written("expense", self.expense_document(key, parts), expense_mode="journal_entry")
            accounts, balances, tags = zip(*self.parts_of(move), strict=True)
            self.assertEqual((set(accounts), set(tags), sum(balances)), ({self.final}, {self.tag}, tax))

    def test_what_is_owed_waits_for_the_payment(self):
        no_tag, lines = self.env["account.account.tag"], (self.line("120.00", taxes=["caba"]),)
        bill = self.written("bill", self.bill(lines=lines))
        self.assertEqual(self.parts_of(bill), [(self.transition, 20.0, no_tag)])
        note = self.reimbursement(amount="120.00", is_credit=True)
        move = self.written("reimbursement", replace(note, bill=replace(note.bill, lines=lines)))
        self.assertEqual(self.parts_of(move), [(self.transition, -20.0, no_tag)])
        self.assertEqual(self.lines(self.cash_basis(move))[self.final], -20.0)

    def test_report_with_an_open_debt(self):
        document = self.report(taxes=[(TAX, Decimal(20))])
        for mode in ("journal_entry", "vendor_bill"):
            with self.subTest(mode):
                move = self.written("expense_report", replace(document, external_id=mode), report_mode=mode)
                owed = move.line_ids.filtered(lambda line: line.account_type == "liability_payable")
                lines = [
                    {"account_id": owed.account_id.id, "partner_id": owed.partner_id.id, "debit": 120},
                    {"account_id": self.bank_journal.default_account_id.id, "credit": 120},
                ]
                payment = self.make("account.move", line_ids=[Command.create(line) for line in lines])
                payment.action_post()
                (owed + payment.line_ids.filtered("debit")).reconcile()
                moves = move | self.cash_basis(move)
                tagged_tax = moves.line_ids.filtered(lambda line: self.tag in line.tax_tag_ids)
                self.assertEqual((sum(tagged_tax.mapped("balance")), self.lines(moves)[self.final]), (20.0, 20.0))


@tagged("post_install", "-at_install")
class TestKindsOfDocuments(RulesCase):
    def mandatory(self, domain):
        applicability = [Command.create({"business_domain": domain, "applicability": "mandatory"})]
        self.map_analytic("p", self.make("account.analytic.plan", name="Projects", applicability_ids=applicability))

    def book_spend(self, *kinds):
        for kind in kinds:
            self.written(kind, {"statement": self.statement, "cashback": self.cashback, "bill": self.bill}[kind]())
        self.written("repayment", self.repayment("20.00"))

    def test_plan_of_bills(self):
        self.mandatory("bill")
        self.refused("bill", self.bill(), InvalidDataError, "Line 1", "Projects")
        self.written("bill", self.bill("b2", [self.line("100.00", analytics=[("p", "100")])]))
        self.written("expense", self.expense_document())
        self.written("expense", self.expense_document("t2", [self.part("-9.00")]))
        self.book_spend("statement", "cashback")
        self.written("expense_report", self.report(), report_mode="journal_entry")
        self.refused("expense_report", self.report("q2"), InvalidDataError, "Line 1", report_mode="vendor_bill")
        self.refused("reimbursement", self.reimbursement(), InvalidDataError, "Line 1")

    def test_plan_of_entries(self):
        self.mandatory("general")
        self.written("expense", self.expense_document())
        self.book_spend("bill", "statement", "cashback")
        self.refused("expense", self.expense_document("t2", [self.part("-9.00")]), InvalidDataError, "Line 1")
        self.refused("expense_report", self.report(), InvalidDataError, "Line 1", report_mode="journal_entry")
        self.written("expense_report", self.report(), report_mode="vendor_bill")
        coded = self.report("q2", analytics=self.line("1.00", analytics=[("p", "100")]).analytics)
        self.written("expense_report", coded, report_mode="journal_entry")

    def test_plan_of_expenses(self):
        self.mandatory("expense")
        self.written("bill", self.bill())
        self.refused("expense", self.expense_document(), InvalidDataError, "Line 1")
        self.written("expense", self.expense_document("t2", [self.part("-9.00")]))

    def test_reverse_charge_in_an_entry(self):
        self.mapped["tax", "eu"] = self.make_tax(21, (100, -100))
        document = self.report(taxes=[(Reference(kind="tax", external_id="eu", name="EU"), Decimal(21))])
        for mode in ("journal_entry", "vendor_bill"):
            self.refused("expense_report", document, InvalidDataError, report_mode=mode)

    def test_debts_to_employees_are_receipts(self):
        receipt = self.written("reimbursement", self.reimbursement())
        report = self.written("expense_report", self.report(), report_mode="vendor_bill")
        self.assertEqual((receipt | report).mapped("move_type"), ["in_receipt", "in_receipt"])

    def test_debts_that_were_bills_before(self):
        self.bound["vendor", "ada"] = self.employee.work_contact_id
        for key, amount, is_credit in (("r1", "42.00", False), ("r2", "7.00", True)):
            values = {"vendor": "ada", "number": f"RMB-{key}", "due_date": None, "is_credit": is_credit}
            self.bind("reimbursement", key, self.written("bill", self.bill(key, [self.line(amount)], **values)))
            document = self.reimbursement(key, amount, paid=False, is_credit=is_credit)
            self.written("reimbursement", document, "unchanged")


@tagged("post_install", "-at_install")
class TestReceiptsOfSpend(RulesCase):
    def test_receipts_are_on_the_entry_too(self):
        self.declare_flows("file")
        parts = [self.part("50.00"), self.part("70.00", "601")]
        expense = self.written("expense", self.expense_document(parts=parts))
        entries = (expense | expense.search([("split_expense_origin_id", "=", expense.id)])).account_move_id
        files = [
            DownloadedFile(name=f"r{number}.pdf", mimetype="application/pdf", content=b"%PDF-1.4 " + bytes([number]))
            for number in range(2)
        ]
        for count in (1, 2, 2):
            document = Files(subject_kind="expense", subject_external_id="t1", files=tuple(files[:count]))
            self.apply("file", *self.plan("file", document))
        self.assertEqual(len(entries), 2)
        for record in (expense, *entries):
            kept = [("res_model", "=", record._name), ("res_id", "=", record.id)]
            attachments = self.env["ir.attachment"].search(kept, order="id")
            self.assertEqual(attachments.mapped("raw"), [file.content for file in files])


@tagged("post_install", "-at_install")
class TestOtherCompanies(RulesCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Other"})

    def test_contact_of_another_company(self):
        self.employee.work_contact_id.company_id = self.other
        for mode in ("journal_entry", "vendor_bill"):
            self.refused("expense_report", self.report(), InvalidDataError, "another company", report_mode=mode)
        self.refused("reimbursement", self.reimbursement(), InvalidDataError, "another company")

    def test_partner_of_a_line(self):
        self.issuer.company_id = self.other
        self.refused("cashback", self.cashback(), InvalidDataError, "another company")
        entry = self.report(partner=ISSUER)
        self.refused("expense_report", entry, InvalidDataError, "another company", report_mode="journal_entry")

    def test_archived_records(self):
        account = self.map_analytic("a", active=False)
        shares = {"analytics": [("a", "100")]}
        coded = self.bill(lines=[self.line("10.00", **shares)])
        self.refused("bill", coded, InvalidDataError, account.name, "archived", "Map another account")
        self.mapped["account", CASHBACK.external_id].active = False
        for kind, document in (
            ("expense", self.expense_document(parts=[self.part("10.00", **shares)])),
            ("expense_report", self.report(analytics=self.line("1.00", **shares).analytics)),
            ("cashback", self.cashback()),
        ):
            self.refused(kind, document, InvalidDataError, "archived")
        account.write({"active": True, "company_id": self.other.id})
        self.refused("bill", coded, InvalidDataError, "another company")


@tagged("post_install", "-at_install")
class TestDifferencesAndParts(RulesCase):
    application = spend.TestCreditsAndOrders.application

    def test_a_difference_goes_to_the_largest_tax_line(self):
        self.mapped["tax", "7"] = small = self.make_tax(7)
        large_first = [self.line("1000.00", taxes=["15"]), self.line("10.00", taxes=["7"])]
        for key, lines in (("b1", large_first), ("b2", large_first[::-1])):
            bill = self.written("bill", self.bill(key, lines, "1160.72", amounts_include_tax=False))
            self.assertEqual(self.taxed(bill), {self.tax: 150.02, small: 0.7})

    def test_credit_notes_in_a_locked_period(self):
        self.company.purchase_lock_date = date(2026, 7, 31)
        self.company.fiscalyear_lock_date = date(2026, 7, 31)
        note = self.bill("k1", is_credit=True)
        for kind, document in (
            ("bill", note),
            ("credit", note),
            ("expense", self.expense_document(parts=[self.part("-9.00")])),
            ("reimbursement", self.reimbursement(is_credit=True, paid=False)),
            ("statement", self.statement(total="-20.00")),
        ):
            with self.subTest(kind):
                self.refused(kind, document, LockedPeriodError)
        moved = self.written("credit", note, lock_date_policy="next_open_day")
        self.assertEqual((moved.move_type, moved.date), ("in_refund", date(2026, 8, 1)))
        self.assertEqual(moved.ml_original_date, date(2026, 7, 1))

    def test_what_a_plan_leaves_open_stays_open_where_plans_cross(self):
        a, c = self.map_analytic("a"), self.map_analytic("c")
        b = self.map_analytic("b", a.plan_id)
        ac, bc = f"{a.id},{c.id}", ",".join(str(key) for key in sorted((b.id, c.id)))
        a, b, c = str(a.id), str(b.id), str(c.id)
        for key, analytics, expected in (
            ("b1", [("a", "60"), ("c", "100")], {ac: 60.0, c: 40.0}),
            ("b2", [("c", "25"), ("a", "100")], {ac: 25.0, a: 75.0}),
            ("b3", [("a", "50"), ("b", "30"), ("c", "40")], {ac: 20.0, a: 30.0, bc: 12.0, b: 18.0, c: 8.0}),
        ):
            bill = self.written("bill", self.bill(key, [self.line("100.00", analytics=analytics)]))
            self.assertEqual(bill.invoice_line_ids.analytic_distribution, expected)

    def test_a_part_of_a_foreign_credit_is_set_off(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0), ("2026-07-10", 4.0)]).name
        bill = self.written("bill", self.bill("b1", [self.line("500.00")], currency=currency))
        values = {"currency": currency, "is_credit": True, "document_date": date(2026, 7, 12)}
        note = self.written("credit", self.bill("k1", **values))
        self.written("application", self.application("40.00", currency=currency), "updated")
        self.assertEqual((note.amount_residual, bill.amount_residual), (60.0, 460.0))
        (partial,) = note.line_ids.matched_credit_ids
        self.assertEqual((partial.debit_amount_currency, partial.credit_amount_currency), (40.0, 40.0))
        # the credit's 40.00 are 10.00 of the company's, the bill's 20.00: the smaller is settled, the rest is exchange
        self.assertEqual(partial.amount, 10.0)
        self.written("application", self.application("40.00", currency=currency), "unchanged")
        self.written("application", self.application("100.00", currency=currency), "updated")
        self.assertEqual((note.amount_residual, bill.amount_residual), (0.0, 400.0))
