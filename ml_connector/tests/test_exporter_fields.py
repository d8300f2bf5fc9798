"""What an exporter reads is what it declares: a change of it is sent, and of nothing else."""

from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import Reference
from odoo.addons.ml_connector.providers import PROVIDERS

from .test_ledger_push import LedgerCase

READERS = {
    cls for field in (fields.Char, fields.Many2one, fields.One2many) for cls in field.__mro__ if "__get__" in vars(cls)
}
"""The classes of fields that define how a value is read."""


@contextmanager
def reads():
    """{(model, field name, id)} of what is read meanwhile, without what Odoo reads to compute it."""
    read, computing = set(), []

    def spied(get):
        def __get__(field, records, owner=None):
            if records is not None and not computing:
                read.update((records._name, field.name, record_id) for record_id in records._ids)
            return get(field, records, owner)

        return __get__

    def compute_value(field, records):
        computing.append(field)
        try:
            return compute(field, records)
        finally:
            computing.pop()

    compute = fields.Field.compute_value
    with ExitStack() as stack:
        for cls in READERS:
            stack.enter_context(patch.object(cls, "__get__", spied(cls.__get__)))
        stack.enter_context(patch.object(fields.Field, "compute_value", compute_value))
        yield read


FIXED = "set when the record is created"
SETTLED = "follows from `payment_state`"
AMOUNTS = "follows from the declared prices and quantities"
UNDECLARED = {
    "vendor": {"employee": "an employee's contact leaves with its next change"},
    "accounting_vendor": {"employee": "an employee's contact leaves with its next change"},
    "tax": {"company_id": FIXED},
    "purchase_order": {"company_id": FIXED, "order_line.display_type": FIXED},
    "goods_receipt": {"picking_type_id": FIXED, "move_ids.origin_returned_move_id": FIXED},
    "own_bill": {
        **dict.fromkeys(("company_id", "move_type", "expense_ids", "ml_owed_to_person"), FIXED),
        "line_ids": SETTLED,
        "matched_payment_ids": SETTLED,
        "invoice_line_ids.currency_id": "the currency of the bill",
    },
    "bill": {
        **dict.fromkeys(("company_id", "move_type", "expense_ids", "ml_owed_to_person"), FIXED),
        **dict.fromkeys(("line_ids.balance", "line_ids.credit", "line_ids.debit"), AMOUNTS),
        "line_ids.full_reconcile_id": SETTLED,
        "line_ids.matched_credit_ids": SETTLED,
        "line_ids.matched_debit_ids": SETTLED,
        "line_ids.currency_id": "the currency of the bill",
    },
    "paid": {
        **dict.fromkeys(("company_id", "currency_id", "name"), FIXED),
        **dict.fromkeys(("line_ids", "reversal_move_ids", "state"), SETTLED),
    },
}
"""Fields that are read and not declared, by kind, with the reason."""
UNREAD = {
    "vendor": {"child_ids.active": "archived people are not read"},
    "account": {"code_store": "holds `code`", "code_mapping_ids": "holds `code`"},
    "employee": {"user_id": "brings along the email"},
    "paid": {"payment_state": "noted by each reconciliation"},
}
"""Fields that are declared and not read, by kind, with the reason."""
IDENTITY = {"id", "create_date"}
PROFILES = {"hr.employee": "hr.employee.public"}


@tagged("post_install", "-at_install")
class TestDeclaredFields(LedgerCase):
    def test_each_exporter_declares_what_it_reads(self):
        cases = self.cases()
        for kind, (flow, record) in cases.items():
            with self.subTest(kind=kind):
                exporter = self.env[f"ml.exporter.{kind}"]
                watched = exporter._watched(record._name)
                declared = {f"{path}{name}" for (_model, path, _back), names in watched.items() for name in names}
                needed, reached = self.needs(exporter, self.flow(flow), record, declared)
                self.assertEqual(needed - declared, set(UNDECLARED.get(kind, ())))
                self.assertEqual(declared - reached, set(UNREAD.get(kind, ())))
        # each flow of documents has the model that translates them
        for provider in PROVIDERS.values():
            for flow in provider.flows:
                model = f"ml.{'importer' if flow.direction == 'pull' else 'exporter'}.{flow.kind}"
                self.assertEqual(model in self.env, flow.has_documents, (provider.key, flow.key))
        flows = [flow for provider in PROVIDERS.values() for flow in provider.flows]
        watching = {flow.kind for flow in flows if flow.direction == "push" and flow.watches}
        self.assertFalse(watching - cases.keys())

    def needs(self, exporter, flow, record, declared):
        """Paths of the fields that make up the document and the domain, and of all that is read for them."""
        owned = {path: self.owned(record, path) for _model, path, _back in exporter._watched(record._name)}
        self.assertTrue(all(owned.values()), "The record has no lines of each declared kind.")
        record.env.flush_all()
        record.env.invalidate_all()
        with self.stubbed(record), reads() as read:
            exporter._document(flow, record)
        paths = {
            f"{path}{name}" for path, ids in owned.items() for model, name, read_id in read if (model, read_id) in ids
        }
        paths |= {condition.field_expr.split(".")[0] for condition in exporter._domain(flow).iter_conditions()}
        reached = set()
        needed = set().union(*(self.edited(record, path, declared, owned, reached) for path in paths))
        return {path for path in needed if path.rpartition(".")[2] not in IDENTITY}, reached

    def owned(self, record, path):
        """{(model, id)} of the record, or of its lines."""
        lines = record.mapped(path.rstrip("."))
        return {(model, line.id) for line in lines for model in (lines._name, PROFILES.get(lines._name))}

    def edited(self, record, path, declared, owned, reached):
        """The path, or those of the fields from which Odoo computes it."""
        if path in reached:
            return set()
        reached.add(path)
        *parents, name = path.split(".")
        model = record.mapped(".".join(parents))
        field = model._fields[name]
        if path in declared or not field.compute or not (field.readonly or field.related):
            return {path}
        found = set()
        for dependency in self.env.registry.field_depends[field]:
            head, _dot, rest = dependency.partition(".")
            head = ".".join([*parents, head])
            found.add(head)
            if f"{head}." in owned and rest:
                found.add(f"{head}.{rest.partition('.')[0]}")
        return set().union(*(self.edited(record, needed, declared, owned, reached) for needed in found))

    @contextmanager
    def stubbed(self, record):
        base = type(self.env["ml.exporter"])
        reference = Reference(kind="x", external_id="1", name="x")

        def codes(_self, flow, wanted):
            return {(kind, record.id): reference for kind, records in wanted for record in records}

        origin = SimpleNamespace(kind="bill", external_id="1", external_version="")
        paid = type(self.env["ml.exporter.paid"])
        with (
            patch.object(base, "_remote_id", lambda *_args: "1"),
            patch.object(base, "_codes", codes),
            patch.object(paid, "_origins", lambda *_args: {record.id: origin}),
        ):
            yield

    def cases(self):
        vendor = self.vendor(
            vat="BE0477472701",
            ref="V-1",
            street="1 Main St",
            city="Arlington",
            zip="22201",
            state_id=self.env.ref("base.state_us_47").id,
            country_id=self.env.ref("base.us").id,
            phone="+1 703 555 0100",
            category_id=[Command.create({"name": "Group"})],
            child_ids=[Command.create({"name": "Person", "email": "p@example.com"})],
            bank_ids=[Command.create({"acc_number": "BE71096123456769", "allow_out_payment": True})],
        )
        analytic = self.make_analytic("A", code="a")
        manager = self.make("hr.employee", name="Boss", work_email="boss@example.com")
        employee = self.make("hr.employee", name="Ann", work_email="ann@example.com", parent_id=manager)
        product = self.make("product.product", name="Goods", type="consu", purchase_method="receive")
        shares = {"analytic_distribution": {str(analytic.id): 100}}
        line = {"product_id": product.id, "product_qty": 2, "price_unit": 10, "tax_ids": [Command.set(self.tax.ids)]}
        order = self.make_order(vendor, {**line, **shares})
        receipt = order.picking_ids
        receipt.move_ids.quantity = 2
        receipt.move_ids.picked = True
        receipt.button_validate()
        back = receipt.move_ids.copy({"origin_returned_move_id": receipt.move_ids.id, "picking_id": False})
        back._action_confirm()
        back.quantity = 1
        back.picked = True
        back._action_done()
        bill = self.bill(taxes=self.tax, post=False, **shares)
        line = {"name": False, "product_id": product.id, "price_unit": 10, "account_id": self.expense.id}
        bill.invoice_line_ids = [Command.create({**line, "tax_ids": [Command.clear()]})]
        bill.invoice_line_ids[1].name = False
        bill.action_post()
        self.register_payment(bill)
        self.flow("vendors_push").send_bank_accounts = True
        return {
            "vendor": ("vendors_push", vendor),
            "accounting_vendor": ("book_vendors", vendor),
            "account": ("accounts", self.expense),
            "dimension": ("dimensions", analytic.plan_id),
            "dimension_value": ("values", analytic),
            "list_value": ("list_values", analytic),
            "company": ("companies", self.company),
            "tax": ("taxes", self.tax),
            "employee": ("employees", employee),
            "purchase_order": ("ledger_orders", order),
            "goods_receipt": ("receipts", receipt),
            "own_bill": ("own_bills", bill),
            "bill": ("ledger", bill),
            "paid": ("own_bills", bill),
        }


@tagged("post_install", "-at_install")
class TestChangesOfLines(LedgerCase):
    def queued(self, key):
        """How many transfers are queued for the changes so far."""
        self.env.cr.precommit.run()
        return len(self.logs(key).filtered(lambda log: log.state == "pending"))

    def settle(self):
        self.run_worker()
        self.env.cr.precommit.run()

    def test_analytics_of_a_posted_bill_are_sent(self):
        self.code("account", "6340", self.expense)
        bill = self.bill()
        self.settle()
        self.assertEqual(self.states("ledger"), ["done"])
        bill.invoice_line_ids.analytic_distribution = {str(self.make_analytic("A").id): 100}
        self.assertEqual(self.queued("ledger"), 1)

    def test_what_an_own_bill_does_not_hold_is_not_sent(self):
        self.switch_on("own_bills")
        bill = self.bill()
        self.settle()
        bill.narration = "Ours"
        bill.line_ids.write({"date_maturity": "2026-12-01"})
        self.assertEqual(self.queued("own_bills"), 0)
        bill.invoice_line_ids.name = "Water"
        self.assertEqual(self.queued("own_bills"), 1)

    def test_unit_and_reference_of_an_order_are_sent(self):
        self.switch_on("orders")
        product = self.make("product.product", name="Goods")
        order = self.make_order(self.vendor(), {"product_id": product.id, "product_qty": 12, "price_unit": 1})
        self.settle()
        self.assertEqual(self.states("orders"), ["done"])
        order.partner_ref = "Q-1"
        self.assertEqual(self.queued("orders"), 1)
        self.settle()
        order.order_line.product_uom_id = self.env.ref("uom.product_uom_dozen")
        self.assertEqual(self.queued("orders"), 1)

    def test_both_vendors_of_a_moved_person_are_sent(self):
        first, second = self.vendor(name="First"), self.vendor(name="Second")
        person = self.make("res.partner", name="P", email="p@example.com", parent_id=first)
        self.settle()
        person.parent_id = second
        self.assertEqual(self.queued("vendors_push"), 2)
        self.settle()
        person.comment = "Ours"
        self.assertEqual(self.queued("vendors_push"), 0)

    def test_the_sweep_finds_changed_lines(self):
        self.code("account", "6340", self.expense)
        bill = self.bill()
        self.settle()
        exporter = self.env["ml.exporter.bill"]
        self.env.cr.execute("UPDATE account_move SET write_date = '2020-01-01' WHERE id = %s", [bill.id])
        self.env.cr.execute("UPDATE account_move_line SET write_date = '2020-01-01' WHERE move_id = %s", [bill.id])
        changed = exporter._changed_since("account.move", "2021-01-01")
        self.assertFalse(bill.filtered_domain(changed) or self.env["account.move"].search(changed) & bill)
        self.env.cr.execute(
            "UPDATE account_move_line SET write_date = '2022-01-01' WHERE id = %s", bill.invoice_line_ids.ids
        )
        self.env.invalidate_all()
        self.assertIn(bill, self.env["account.move"].search(changed))
        self.assertEqual(exporter._touched_at(bill)[bill.id].year, 2022)
