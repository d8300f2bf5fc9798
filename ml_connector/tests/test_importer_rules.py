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
        found = {}
        for line in move.line_ids:
            found[line.account_id] = round(found.get(line.account_id, 0) + line.balance, 2)
        return found

    def report(self, external_id="q1", taxes=(), **line):
        tax = sum((amount for _tax, amount in taxes), Decimal(0))
        return JournalEntry(
            external_id=external_id,
            number="Trip",
            document_date=date(2026, 7, 1),
            currency=self.company.currency_id.name,
            lines=(
                JournalLine(
                    amount=Decimal(100),
                    account=Reference(kind="account", external_id="600"),
                    taxes=tuple(taxes),
                    **line,
                ),
                *(JournalLine(amount=amount, account=reference) for reference, amount in taxes),
                JournalLine(amount=-100 - tax, account=ADA),
            ),
        )

    def repayment(self, amount="119.00", follows="t1", **values):
        amount = Decimal(amount)
        return JournalEntry(
            **{
                "external_id": "y1",
                "number": "RPY",
                "document_date": date(2026, 8, 5),
                "currency": self.company.currency_id.name,
                "journal": BANK,
                "follows": follows,
                "memo": "Repayment of Paper & Ink",
                "lines": (
                    JournalLine(amount=amount, account=BANK),
                    JournalLine(amount=-amount, account=Reference(kind="account", external_id="uncoded")),
                ),
                **values,
            }
        )


@tagged("post_install", "-at_install")
class TestStock(RulesCase):
    """Lines of purchase orders are booked where Odoo's *Create Bill* books them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stock_account = cls.copy_account(cls.company_data["default_account_assets"].with_env(cls.env))
        cls.category = cls.env["product.category"].create(
            {
                "name": "Stocked",
                "property_valuation": "real_time",
                "property_stock_valuation_account_id": cls.stock_account.id,
            }
        )

    def order(self, **product):
        product = self.env["product.product"].create(
            {
                "name": "Chair",
                "type": "consu",
                "is_storable": True,
                "categ_id": self.category.id,
                "supplier_taxes_id": [Command.clear()],
                **product,
            }
        )
        order = self.env["purchase.order"].create(
            {
                "partner_id": self.vendor.id,
                "order_line": [Command.create({"product_id": product.id, "product_qty": 10, "price_unit": 100.0})],
            }
        )
        order.button_confirm()
        for move in order.picking_ids.move_ids:
            move.write({"quantity": 10, "picked": True})
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

    def test_perpetual_valuation(self):
        order = self.order()
        self.assertEqual(self.by_hand(order), self.stock_account)
        for number, account in enumerate(("600", None)):
            self.assertEqual(self.booked(self.order(), f"b{number}", account), self.stock_account)

    def test_periodic_valuation(self):
        self.category.property_valuation = "periodic"
        order = self.order(property_account_expense_id=self.expense_b.id)
        self.assertEqual(self.by_hand(order), self.expense_b)
        self.assertEqual(self.booked(order), self.expense_b)

    def test_what_is_not_stocked_is_coded_by_the_vendor(self):
        order = self.order(is_storable=False, property_account_expense_id=self.expense_b.id)
        self.assertEqual(self.booked(order), self.expense)
        self.assertEqual(self.booked(self.order(is_storable=False), "b2"), self.expense)

    def test_fiscal_position(self):
        mapped = self.copy_account(self.expense)
        mapped_stock = self.copy_account(self.stock_account)
        self.vendor.property_account_position_id = self.env["account.fiscal.position"].create(
            {
                "name": "Abroad",
                "account_ids": [
                    Command.create({"account_src_id": old.id, "account_dest_id": new.id})
                    for old, new in ((self.expense, mapped), (self.stock_account, mapped_stock))
                ],
            }
        )
        plain = self.order(is_storable=False, property_account_expense_id=self.expense.id)
        self.assertEqual(self.by_hand(plain), mapped)
        self.assertEqual(self.booked(plain, account=None), mapped)
        stocked = self.order()
        self.assertEqual(self.by_hand(stocked), mapped_stock)
        self.assertEqual(self.booked(stocked, "b2"), mapped_stock)


@tagged("post_install", "-at_install")
class TestMereTax(RulesCase):
    """Customs' VAT: a price with the tax is nothing but tax."""

    def setUp(self):
        super().setUp()
        self.customs = self.make_tax(100, amount_type="division", price_include_override="tax_included")
        self.mapped["tax", "customs"] = self.customs

    def customs_bill(self, *lines, tax="100.00", **values):
        net = sum(line.amount for line in lines)
        values = {"total": net + Decimal(tax), "tax_total": Decimal(tax), "amounts_include_tax": False, **values}
        return self.bill(values.pop("key", "b1"), lines, **values)

    def test_net_form_books_what_the_gross_form_does(self):
        gross = self.written("bill", self.bill("gross", [self.line("100.00", taxes=("customs",))]))
        net = self.written("bill", self.customs_bill(self.line("0.00", taxes=("customs",))))
        self.assertEqual(self.lines(net), self.lines(gross))
        tax_line = net.line_ids.filtered("tax_line_id")
        self.assertEqual((tax_line.balance, net.amount_untaxed, net.amount_tax), (100.0, 0.0, 100.0))

    def test_several_lines_and_other_taxes_beside(self):
        lines = [
            self.line("0.00", taxes=("customs",)),
            self.line("0.00", account="601", taxes=("customs",)),
            self.line("200.00", taxes=("15",)),
        ]
        bill = self.written("bill", self.customs_bill(*lines, tax="130.00"))
        taxes = {line.tax_line_id: line.balance for line in bill.line_ids.filtered("tax_line_id")}
        self.assertEqual(taxes, {self.customs: 100.0, self.tax: 30.0})
        credit = self.written("bill", self.customs_bill(*lines[:2], tax="80.00", is_credit=True, key="c1"))
        self.assertEqual(credit.line_ids.filtered("tax_line_id").balance, -80.0)


@tagged("post_install", "-at_install")
class TestTaxCountries(RulesCase):
    def test_tax_and_fiscal_position_are_named(self):
        netherlands = self.env.ref("base.nl")
        self.vendor.property_account_position_id = self.env["account.fiscal.position"].create(
            {"name": "Dutch Registration", "country_id": netherlands.id, "foreign_vat": "NL123456782B90"}
        )
        bill = self.bill(lines=[self.line("100.00", taxes=("15",))])
        own = self.company.account_fiscal_country_id
        self.refused("bill", bill, InvalidDataError, self.tax.name, "Dutch Registration", own.name, netherlands.name)
        self.written("bill", self.bill("untaxed", [self.line("100.00")]))

    def test_tax_and_company_are_named(self):
        country = self.env.ref("base.nl")
        group = self.env["account.tax.group"].create({"name": "Dutch", "country_id": country.id})
        dutch = self.make_tax(15, country_id=country.id, tax_group_id=group.id)
        self.mapped["tax", "caba"] = dutch
        parts = (dutch.name, self.company.display_name, country.name)
        self.refused("bill", self.bill(lines=[self.line("100.00", taxes=("caba",))]), InvalidDataError, *parts)
        report = self.report(taxes=[(TAX, Decimal("15.00"))])
        self.refused("expense_report", report, InvalidDataError, *parts)


@tagged("post_install", "-at_install")
class TestRefusals(RulesCase):
    """Odoo names records by ids; one that is rolled back means nothing to anybody."""

    def refuse_all(self, name):
        def refuse(records, *args, **kwargs):
            ids = f"{records.ids[0]}, {records.ids}, 12.50, {date(2026, 7, 1):%m/%d/%Y} and BILL/{records.ids[0]}"
            raise UserError(self.env._("Refused on %s.", ids))

        return patch.object(type(self.env["account.move"]), name, refuse)

    def test_no_id_of_what_is_rolled_back(self):
        wanted = {
            "bill": self.bill(number="INV-7"),
            "expense_report": self.report(),
            "reimbursement": self.reimbursement(),
            "statement": self.statement(),
            "cashback": self.cashback(),
            "expense": self.expense_document(),
        }
        for kind, document in wanted.items():
            with (
                self.subTest(kind),
                self.refuse_all("_post"),
                self.assertRaises(InvalidDataError) as caught,
                self.env.cr.savepoint(),
            ):
                self.book(kind, document)
            said = caught.exception.message
            self.assertRegex(said, r"^Refused on (\D.*|-), \1, 12\.50, 07/01/2026 and BILL/\d+\.$")
            if number := getattr(document, "number", ""):
                self.assertIn(number, said)

    def test_known_records_are_named_as_odoo_does(self):
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
    def test_a_report_is_paid_as_entered_by_hand(self):
        person = self.employee.work_contact_id
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "EXAMPLE 2", "partner_id": person.id, "allow_out_payment": True}
        )
        bill = self.written("expense_report", self.report(), report_mode="vendor_bill")
        self.assertEqual(bill.partner_bank_id, bank)
        bill = self.written("reimbursement", self.reimbursement(paid=False))
        self.assertEqual(bill.partner_bank_id, bank)

    def test_bank_account_and_reference(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "EXAMPLE 1", "partner_id": self.vendor.id, "allow_out_payment": True}
        )
        bill = self.written("bill", self.bill(payment_reference="1234566"))
        self.assertEqual((bill.partner_bank_id, bill.payment_reference), (bank, "1234566"))
        term = bill.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertEqual(term.name, f"{bill.ref} - 1234566")
        self.assertFalse(self.written("bill", self.bill("b2")).payment_reference)

    def discount(self, computation):
        self.vendor.property_supplier_payment_term_id = self.env["account.payment.term"].create(
            {
                "name": "2/10 net 30",
                "early_discount": True,
                "discount_percentage": 2.0,
                "discount_days": 10,
                "early_pay_discount_computation": computation,
                "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
            }
        )

    def test_early_discount(self):
        self.mapped["tax", "19"] = self.make_tax(19)
        gross = self.bill(lines=[self.line("119.00", taxes=["19"])], due_date=None)
        for number, computation in enumerate(("included", "excluded")):
            self.discount(computation)
            bill = self.written("bill", replace(gross, external_id=f"b{number}", number=f"NR-{number}"))
            self.assertEqual((bill.amount_total, bill.amount_tax), (119.0, 19.0))
        self.discount("mixed")
        self.refused("bill", replace(gross, external_id="b3", number="NR-3"), InvalidDataError, "2/10 net 30", "118.62")
        reduced = self.bill(
            "b4", [self.line("100.00", taxes=["19"])], "118.62", due_date=None, amounts_include_tax=False
        )
        bill = self.written("bill", reduced)
        self.assertEqual((bill.amount_total, bill.amount_tax), (118.62, 18.62))
        self.written("bill", reduced, "unchanged")


@tagged("post_install", "-at_install")
class TestMoneyOfEntries(RulesCase):
    """A bank's own account is for its statements: entries wait for them on an outstanding account."""

    def test_repayment_waits_for_the_statement(self):
        self.written("expense", self.expense_document(parts=[self.part("119.00")]))
        move = self.written("repayment", self.repayment())
        outstanding = move.line_ids.filtered(lambda line: line.balance > 0)
        self.assertNotEqual(outstanding.account_id, self.bank_journal.default_account_id)
        self.assertTrue(outstanding.account_id.reconcile)
        line = self.env["account.bank.statement.line"].create(
            {"journal_id": self.bank_journal.id, "amount": 119.0, "payment_ref": "RPY", "date": date(2026, 8, 6)}
        )
        _liquidity, suspense, _other = line._seek_for_lines()
        suspense.account_id = outstanding.account_id
        (suspense + outstanding).reconcile()
        self.assertTrue(outstanding.reconciled)
        account = self.bank_journal.default_account_id
        items = self.env["account.move.line"].search([("account_id", "=", account.id), ("parent_state", "=", "posted")])
        self.assertEqual(sum(items.mapped("balance")), 119.0)

    def test_without_an_account_of_the_payment_method(self):
        self.bank_journal.inbound_payment_method_line_ids.payment_account_id = False
        self.written("expense", self.expense_document(parts=[self.part("119.00")]))
        move = self.written("repayment", self.repayment())
        self.assertNotIn(self.bank_journal.default_account_id, move.line_ids.account_id)


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
        plan = self.env["account.analytic.plan"].create({"name": "A"})
        account = self.env["account.analytic.account"].create({"name": "A", "plan_id": plan.id})
        self.mapped["analytic", "a"] = account
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
        cls.tag = cls.env["account.account.tag"].create({"name": "20", "applicability": "taxes"})
        repartition = [
            Command.create({"repartition_type": "base"}),
            Command.create(
                {"repartition_type": "tax", "account_id": cls.final.id, "tag_ids": [Command.set(cls.tag.ids)]}
            ),
        ]
        cls.mapped["tax", "caba"] = cls.caba = cls.make_tax(
            20,
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=cls.transition.id,
            invoice_repartition_line_ids=repartition,
            refund_repartition_line_ids=repartition,
        )

    def taxed(self, move):
        return [
            (line.account_id, round(line.balance, 2), line.tax_tag_ids)
            for line in move.line_ids.filtered("tax_line_id")
        ]

    def test_card_refund(self):
        move = self.written("expense", self.expense_document(parts=[self.part("-121.00", taxes=["caba"])]))
        self.assertEqual(self.taxed(move), [(self.final, -20.17, self.tag)])

    def test_journal_entries(self):
        for number, amounts in enumerate((["121.00"], ["240.00", "-120.00"])):
            parts = [self.part(amount, taxes=["caba"]) for amount in amounts]
            move = self.written("expense", self.expense_document(f"t{number}", parts), expense_mode="journal_entry")
            self.assertEqual(
                {(account, tags) for account, _balance, tags in self.taxed(move)}, {(self.final, self.tag)}
            )
            self.assertEqual(sum(balance for _account, balance, _tags in self.taxed(move)), (20.17, 20.0)[number])

    def test_what_is_owed_waits_for_the_payment(self):
        bill = self.written("bill", self.bill(lines=[self.line("120.00", taxes=["caba"])]))
        self.assertEqual(self.taxed(bill), [(self.transition, 20.0, self.env["account.account.tag"])])
        note = self.reimbursement(amount="120.00", is_credit=True)
        note = replace(note, bill=replace(note.bill, lines=(self.line("120.00", taxes=["caba"]),)))
        move = self.written("reimbursement", note)
        self.assertEqual(self.taxed(move), [(self.transition, -20.0, self.env["account.account.tag"])])
        cash_basis = self.env["account.move"].search([("tax_cash_basis_origin_move_id", "=", move.id)])
        self.assertEqual(cash_basis.line_ids.filtered(lambda line: line.account_id == self.final).balance, -20.0)

    def test_report_with_an_open_debt(self):
        document = self.report(taxes=[(TAX, Decimal(20))])
        for mode in ("journal_entry", "vendor_bill"):
            with self.subTest(mode):
                move = self.written("expense_report", replace(document, external_id=mode), report_mode=mode)
                owed = move.line_ids.filtered(lambda line: line.account_type == "liability_payable")
                payment = self.env["account.move"].create(
                    {
                        "line_ids": [
                            Command.create(
                                {"account_id": owed.account_id.id, "partner_id": owed.partner_id.id, "debit": 120}
                            ),
                            Command.create({"account_id": self.bank_journal.default_account_id.id, "credit": 120}),
                        ]
                    }
                )
                payment.action_post()
                (owed + payment.line_ids.filtered("debit")).reconcile()
                moves = move | self.env["account.move"].search([("tax_cash_basis_origin_move_id", "=", move.id)])
                tagged_tax = moves.line_ids.filtered(lambda line: self.tag in line.tax_tag_ids)
                self.assertEqual(sum(tagged_tax.mapped("balance")), 20.0)
                final = moves.line_ids.filtered(lambda line: line.account_id == self.final)
                self.assertEqual(sum(final.mapped("balance")), 20.0)


@tagged("post_install", "-at_install")
class TestKindsOfDocuments(RulesCase):
    def mandatory(self, domain):
        plan = self.env["account.analytic.plan"].create(
            {
                "name": "Projects",
                "applicability_ids": [Command.create({"business_domain": domain, "applicability": "mandatory"})],
            }
        )
        account = self.env["account.analytic.account"].create({"name": "P", "plan_id": plan.id})
        self.mapped["analytic", "p"] = account

    def test_plan_of_bills(self):
        self.mandatory("bill")
        self.refused("bill", self.bill(), InvalidDataError, "Line 1", "Projects")
        self.written("bill", self.bill("b2", [self.line("100.00", analytics=[("p", "100")])]))
        self.written("expense", self.expense_document())
        self.written("expense", self.expense_document("t2", [self.part("-9.00")]))
        self.written("statement", self.statement())
        self.written("cashback", self.cashback())
        self.written("repayment", self.repayment("20.00"))
        self.written("expense_report", self.report(), report_mode="journal_entry")
        self.refused("expense_report", self.report("q2"), InvalidDataError, "Line 1", report_mode="vendor_bill")
        self.refused("reimbursement", self.reimbursement(), InvalidDataError, "Line 1")

    def test_plan_of_entries(self):
        self.mandatory("general")
        self.written("bill", self.bill())
        self.written("expense", self.expense_document())
        self.written("statement", self.statement())
        self.written("cashback", self.cashback())
        self.written("repayment", self.repayment("20.00"))
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
        account = self.company_data["default_account_tax_purchase"]
        repartition = [
            Command.create({"repartition_type": "base"}),
            Command.create({"repartition_type": "tax", "account_id": account.id}),
            Command.create({"repartition_type": "tax", "account_id": account.id, "factor_percent": -100}),
        ]
        self.mapped["tax", "eu"] = self.make_tax(
            21, invoice_repartition_line_ids=repartition, refund_repartition_line_ids=repartition
        )
        tax = Reference(kind="tax", external_id="eu", name="EU")
        document = self.report(taxes=[(tax, Decimal(21))])
        for mode in ("journal_entry", "vendor_bill"):
            self.refused("expense_report", document, InvalidDataError, report_mode=mode)

    def test_debts_to_employees_are_receipts(self):
        receipt = self.written("reimbursement", self.reimbursement())
        report = self.written("expense_report", self.report(), report_mode="vendor_bill")
        self.assertEqual((receipt | report).mapped("move_type"), ["in_receipt", "in_receipt"])

    def test_debts_that_were_bills_before(self):
        old = self.bill("r1", [self.line("42.00")], vendor="ada", number="RMB-r1", due_date=None)
        self.bound["vendor", "ada"] = self.employee.work_contact_id
        self.bind("reimbursement", "r1", self.written("bill", old))
        self.written("reimbursement", self.reimbursement(paid=False), "unchanged")
        credit = self.bill("r2", [self.line("7.00")], vendor="ada", number="RMB-r2", due_date=None, is_credit=True)
        self.bind("reimbursement", "r2", self.written("bill", credit))
        document = self.reimbursement("r2", "7.00", paid=False, is_credit=True)
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
            (entry,) = self.plan("file", document)
            self.writer("file")._apply_batch(self.flow("file"), [entry], self.resolver())
        self.assertEqual(len(entries), 2)
        for record in (expense, *entries):
            attachments = self.env["ir.attachment"].search(
                [("res_model", "=", record._name), ("res_id", "=", record.id)], order="id"
            )
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
        self.issuer.company_id = self.other
        self.refused("cashback", self.cashback(), InvalidDataError, "another company")

    def test_partner_of_a_line(self):
        self.issuer.company_id = self.other
        entry = self.report(partner=ISSUER)
        self.refused("expense_report", entry, InvalidDataError, "another company", report_mode="journal_entry")

    def test_archived_records(self):
        plan = self.env["account.analytic.plan"].create({"name": "A"})
        account = self.env["account.analytic.account"].create({"name": "Old", "plan_id": plan.id})
        self.mapped["analytic", "a"] = account
        coded = self.bill(lines=[self.line("10.00", analytics=[("a", "100")])])
        account.active = False
        self.refused("bill", coded, InvalidDataError, "Old", "archived", "Map another account")
        spend = self.expense_document(parts=[self.part("10.00", analytics=[("a", "100")])])
        self.refused("expense", spend, InvalidDataError, "archived")
        report = self.report(analytics=self.line("1.00", analytics=[("a", "100")]).analytics)
        self.refused("expense_report", report, InvalidDataError, "archived")
        self.mapped["account", CASHBACK.external_id].active = False
        self.refused("cashback", self.cashback(), InvalidDataError, "archived")
        account.write({"active": True, "company_id": self.other.id})
        self.refused("bill", coded, InvalidDataError, "another company")


@tagged("post_install", "-at_install")
class TestDifferencesAndParts(RulesCase):
    application = spend.TestCreditsAndOrders.application

    def test_a_difference_goes_to_the_largest_tax_line(self):
        self.mapped["tax", "7"] = small = self.make_tax(7)
        for number, order in enumerate(((0, 1), (1, 0))):
            lines = [self.line("1000.00", taxes=["15"]), self.line("10.00", taxes=["7"])]
            lines = [lines[position] for position in order]
            document = self.bill(f"b{number}", lines, "1160.72", amounts_include_tax=False)
            bill = self.written("bill", document)
            taxed = {line.tax_line_id: line.balance for line in bill.line_ids.filtered("tax_line_id")}
            self.assertEqual(taxed, {self.tax: 150.02, small: 0.7})

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
        plans = self.env["account.analytic.plan"].create([{"name": "A"}, {"name": "B"}])
        a, b, c = self.env["account.analytic.account"].create(
            [{"name": name, "plan_id": plan.id} for name, plan in (("a", plans[0]), ("b", plans[0]), ("c", plans[1]))]
        )
        for key, account in (("a", a), ("b", b), ("c", c)):
            self.mapped["analytic", key] = account
        for number, (analytics, expected) in enumerate(
            (
                ([("a", "60"), ("c", "100")], {f"{a.id},{c.id}": 60.0, f"{c.id}": 40.0}),
                ([("c", "25"), ("a", "100")], {f"{a.id},{c.id}": 25.0, f"{a.id}": 75.0}),
                (
                    [("a", "50"), ("b", "30"), ("c", "40")],
                    {
                        f"{a.id},{c.id}": 20.0,
                        f"{a.id}": 30.0,
                        f"{b.id},{c.id}": 12.0,
                        f"{b.id}": 18.0,
                        f"{c.id}": 8.0,
                    },
                ),
            )
        ):
            bill = self.written("bill", self.bill(f"b{number}", [self.line("100.00", analytics=analytics)]))
            self.assertEqual(bill.invoice_line_ids.analytic_distribution, expected)

    def test_a_part_of_a_foreign_credit_is_set_off(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0), ("2026-07-10", 4.0)])
        bill = self.written("bill", self.bill("b1", [self.line("500.00")], currency=currency.name))
        credit = self.bill(
            "k1", [self.line("100.00")], currency=currency.name, is_credit=True, document_date=date(2026, 7, 12)
        )
        note = self.written("credit", credit)
        self.written("application", self.application("40.00", currency=currency.name), "updated")
        self.assertEqual((note.amount_residual, bill.amount_residual), (60.0, 460.0))
        (partial,) = note.line_ids.matched_credit_ids
        self.assertEqual((partial.debit_amount_currency, partial.credit_amount_currency), (40.0, 40.0))
        # the credit's 40.00 are 10.00 of the company's, the bill's 20.00: the smaller is settled, the rest is exchange
        self.assertEqual(partial.amount, 10.0)
        self.written("application", self.application("40.00", currency=currency.name), "unchanged")
        self.written("application", self.application("100.00", currency=currency.name), "updated")
        self.assertEqual((note.amount_residual, bill.amount_residual), (0.0, 400.0))
