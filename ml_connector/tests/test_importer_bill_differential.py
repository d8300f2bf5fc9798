import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from odoo.addons.ml_connector.importers.bill_planning import BillPlanner
from odoo.addons.ml_connector.importers.bill_writer import BillWriter
from odoo.addons.ml_connector.importers.import_batch import ImportBatch

from .common_writers import WriterCase

BILLS = 60
# what must differ between two bills of one content
OWN_MOVE = {
    *("id", "name", "sequence_number", "sequence_prefix", "made_sequence_gap", "create_date", "write_date"),
    *("line_ids", "invoice_line_ids", "journal_line_ids", "access_token", "message_ids", "message_follower_ids"),
    *("activity_ids", "audit_trail_message_ids", "website_message_ids"),
}
OWN_LINE = {"id", "move_id", "move_name", "create_date", "write_date", "analytic_line_ids", "parent_id"}

NEAR_RATES = {"EUR": Decimal("1.2222"), "JPY": Decimal("150.11"), "KWD": Decimal("0.3111")}


@tagged("post_install", "-at_install")
class TestWriterBillDifferential(WriterCase):
    """The short way of writing a bill makes, field by field, what Odoo makes of the same bill."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code, rate in (("EUR", 1.3579), ("JPY", 151.37), ("KWD", 0.3071)):
            cls.setup_other_currency(code, rates=[("2020-01-01", rate)])
        country = cls.company.country_id.id
        cls.make_taxes(
            cls.env["account.account.tag"].create(
                [{"name": f"tag {number}", "applicability": "taxes", "country_id": country} for number in range(4)]
            )
        )
        one, two = (cls.make("account.analytic.plan", name=name) for name in ("One", "Two"))
        for key, plan in (("a", one), ("b", one), ("c", two)):
            cls.mapped["analytic", key] = cls.make_analytic(key, plan)
        payable = cls.company_data["default_account_payable"].with_env(cls.env)
        position = cls.position((payable, cls.copy_account(payable)))
        cls.make_vendor("With term", "v2", property_supplier_payment_term_id=cls.term(20))
        cls.make_vendor(
            "With position", "v3", property_account_position_id=position, property_account_payable_id=payable
        )
        parent = cls.make_vendor("Parent", "v4")
        cls.make_vendor("Branch", "v5", parent_id=parent, is_company=False)
        cls.make("res.partner", name="Ramp", type="delivery", parent_id=parent)
        cls.make("res.partner.bank", acc_number="DE1", partner_id=parent)

    @classmethod
    def make_taxes(cls, tags):
        account = cls.company_data["default_account_tax_purchase"]

        def both(*parts):
            lines = [{"repartition_type": "base", "tag_ids": [Command.set(tags[0].ids)]}]
            for percent, with_account, tag in parts:
                values = {"account_id": with_account and account.id, "tag_ids": [Command.set(tag.ids)]}
                lines.append({"repartition_type": "tax", "factor_percent": percent, **values})
            lines = [Command.create(line) for line in lines]
            return {"invoice_repartition_line_ids": lines, "refund_repartition_line_ids": lines}

        whole = both((100, True, tags[1]))
        included = {"price_include_override": "tax_included", **whole}
        specifications = {
            "ex7": {"amount": 7, **whole},
            "in20": {"amount": 20, **included},
            "in5": {"amount": 5.5, **included},
            "split": {"amount": 19, **both((60, True, tags[1]), (40, False, tags[2]))},
            "ana": {"amount": 10, "analytic": True, **both((100, False, tags[3]))},
            "fixed": {"amount": 1.37, "amount_type": "fixed", **whole},
            "div": {"amount": 12, "amount_type": "division", **included},
            "rc": {"amount": 21, **both((100, True, tags[1]), (-100, True, tags[2]))},
            "zero": {"amount": 0, **whole},
            "eco": {"amount": 3, "include_base_amount": True, "sequence": 0, **whole},
            "minus": {"amount": -1.5, **whole},
        }
        for key, values in specifications.items():
            cls.mapped["tax", key] = cls.make_tax(**{"name": key, **values})
        children = cls.make_tax(6, name="child 1", **whole) | cls.make_tax(2, name="child 2", **whole)
        values = {"amount_type": "group", "type_tax_use": "purchase", "children_tax_ids": [Command.set(children.ids)]}
        cls.mapped["tax", "group"] = cls.make("account.tax", name="group", **values)

    # ------------------------------------------------------------------ comparing

    def both(self, documents):
        """The documents written both ways; yields (document, short, ordinary)."""
        entries = self.plan("bill", *documents)
        for entry in entries:
            self.assertIsNone(entry.error, f"{entry.document}: {entry.error and entry.error.message}")
        plans = [entry.values for entry in entries]
        items = BillWriter(self.env, self.company)
        self.assertTrue(all(items.covers(plan) for plan in plans))
        short = items.create_whole(plans)
        self.refresh_statistics()
        items.post(short, as_items=True)
        ordinary = items.create_ordinary(plans)
        items.post(ordinary, as_items=False)
        self.env.flush_all()
        self.env.invalidate_all()
        return zip(documents, short, ordinary, strict=True)

    def content(self, record, own):
        """All stored fields but those that are the record's own."""
        return {
            name: field.convert_to_write(record[name], record)
            for name, field in record._fields.items()
            if field.store and name not in own and field.type != "one2many"
        }

    def items_of(self, move):
        return [self.content(line, OWN_LINE) for line in move.line_ids.sorted("id")]

    def assertSame(self, documents):
        for document, short, ordinary in self.both(documents):
            with self.subTest(document=document):
                self.assertEqual(self.content(short, OWN_MOVE), self.content(ordinary, OWN_MOVE))
                self.assertEqual(self.items_of(short), self.items_of(ordinary))
                self.assertEqual(short.sequence_prefix, ordinary.sequence_prefix)
                self.assertEqual(Decimal(str(short.amount_total)), document.total)
                self.assertEqual(self.analytic(short), self.analytic(ordinary))
                self.assertEqual(short.tax_totals, ordinary.tax_totals)
                self.assertEqual(short.needed_terms_dirty, ordinary.needed_terms_dirty)

    def analytic(self, move):
        return sorted(
            (line.general_account_id.id, line.amount, str(sorted(line._get_analytic_accounts().ids)), line.name)
            for line in move.line_ids.analytic_line_ids
        )

    # ------------------------------------------------------------------ fixed cases

    def test_fixed_cases(self):
        cases = [
            {},
            {"lines": [self.line("115.00", taxes=["15"])]},
            {"lines": [self.line("115.00", taxes=["15"])], "is_credit": True},
            {"lines": [self.line("120.00", taxes=["in20"]), self.line("-12.00", taxes=["in20"])]},
            {"lines": [self.line("1150", taxes=["15"])], "currency": "JPY"},
            {"lines": [self.line("10.005", taxes=["ex7"])], "currency": "KWD"},
            {"lines": [self.line("33.33", taxes=["15"])] * 3, "currency": "EUR", "exchange_rate": Decimal("1.2345")},
            {"lines": [self.line("33.33", taxes=["15"])] * 3, "tax_total": Decimal("13.00")},
            {"lines": [self.line("100.00", taxes=["in20"])], "tax_total": Decimal("16.65")},
            {"lines": [self.line("100.00", taxes=["rc"])], "is_credit": True},
            {"lines": [self.line("100.00", taxes=["eco", "15"])]},
            {"lines": [self.line("100.00", taxes=["group"], analytics=[("a", 50), ("b", 50), ("c", 100)])]},
            {"lines": [self.line("100.00", taxes=["ana"], analytics=[("a", 100)]), self.line("1.00", taxes=["ana"])]},
            {"vendor": "v2", "due_date": None},
            {"vendor": "v2"},
            {"vendor": "v3"},
            {"vendor": "v5", "lines": [self.line("100.00", taxes=["split"])]},
            {"number": ""},
        ]
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            self.assertSame([self.bill(f"{method}-{number}", **case) for number, case in enumerate(cases)])

    # ------------------------------------------------------------------ random bills

    def test_random_bills(self):
        for seed, method in ((1, "round_globally"), (2, "round_per_line")):
            self.company.tax_calculation_rounding_method = method
            chance = random.Random(seed)
            documents = [self.random_bill(chance, f"{method}-{number}") for number in range(BILLS)]
            for start in range(0, BILLS, 40):
                self.assertSame(documents[start : start + 40])

    def random_bill(self, chance, key):
        currency = chance.choice([self.company.currency_id.name, self.company.currency_id.name, "EUR", "JPY", "KWD"])
        digits = {"JPY": 0, "KWD": 3}.get(currency, 2)
        lines = [self.random_line(chance, digits) for _number in range(chance.randint(1, 5))]
        if chance.random() < 0.15:
            # a discount, less than what it is a discount on
            discounted = chance.choice(lines)
            if not any(tax.external_id == "fixed" for tax in discounted.taxes):
                lines.append(replace(discounted, amount=-round(discounted.amount / 3, digits)))
        document = self.bill(
            key,
            lines=lines,
            vendor=chance.choice(["v1", "v2", "v3", "v5"]),
            currency=currency,
            is_credit=chance.random() < 0.25,
            amounts_include_tax=chance.random() < 0.6,
            document_date=date(2026, 7, 1) - timedelta(days=chance.randint(0, 200)),
            due_date=chance.choice([None, date(2026, 9, 30)]),
            exchange_rate=chance.choice([None, NEAR_RATES.get(currency)]),
            memo=chance.choice(["", "a memo"]),
        )
        return self.agreeing(chance, document, digits)

    def random_line(self, chance, digits):
        amount = 5 + Decimal(chance.randint(1, 10 ** chance.randint(1, 7))) / 10**digits
        taxes = chance.choice(
            [(), (), ("15",), ("15",), ("ex7",), ("in20",), ("in5", "in20"), ("split",), ("ana",), ("fixed",), ("div",)]
            + [("rc",), ("zero",), ("eco", "15"), ("minus", "15"), ("group",), ("15", "in20")]
        )
        analytics = chance.choice([(), (), (("a", 100),), (("a", "33.33"), ("b", "66.67")), (("a", 40), ("c", 100))])
        return self.line(
            amount,
            account=chance.choice(["600", "601"]),
            taxes=taxes,
            analytics=analytics,
            description=chance.choice(["Something", "Ünïcode"]),
        )

    def agreeing(self, chance, document, digits):
        """The document with a total, and sometimes a tax, that agree with Odoo but for a rounding difference."""
        flow = self.flow("bill")
        writer = self.writer("bill")
        batch = ImportBatch(writer.env, flow, [document], self.resolver(), writer._references)
        planner, vendor = BillPlanner(batch), self.bound["vendor", document.vendor.external_id]
        batch.amounts.tolerance = Decimal("1e9")
        if not document.amounts_include_tax:
            batch.amounts._correct_tax = lambda plan: None
            plan = planner.plan(document, vendor)
            document = replace(document, total=plan.base_total + plan.tax_total)
        plan = planner.plan(document, vendor)
        cent = Decimal(1).scaleb(-digits)
        adjustable = any(not batch.amounts._tax_of(item).has_negative_factor for item in plan.tax_items)
        if adjustable and chance.random() < 0.3 and digits:
            document = replace(document, total=document.total + chance.choice([-2, -1, 1, 2]) * cent)
        if adjustable and chance.random() < 0.3 and digits and document.amounts_include_tax:
            document = replace(document, tax_total=plan.tax_total + chance.choice([-1, 0, 1]) * cent)
        return document
