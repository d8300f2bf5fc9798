from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.ml_connector.core.documents import AnalyticShare, Bill, BillLine, PaidBill, Party, Payment, Reference
from odoo.addons.ml_connector.importers.ml_importer import ImportEntry, MappingLookup
from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .builders import Builders
from .fake_flows import pulled

NUMBERS = ("exchange_rate", "tax_total", "quantity", "unit_price", "debited")


def exact(values):
    """The values, with texts of numbers as numbers."""
    return {
        name: Decimal(value) if name in NUMBERS and isinstance(value, str) else value for name, value in values.items()
    }


class WriterCase(Builders, AccountTestInvoicingCommon):
    """Writers called as the engine calls them: as the connection's user with the rights that its flows declare, in the
    flow's company, with resolved mappings and bindings. What a test prepares and looks at is not theirs.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": fake_provider.FakeProvider}))
        cls.company = cls.company_data["company"]
        cls.env = cls.env(user=SUPERUSER_ID, su=True, context={"allowed_company_ids": cls.company.ids})
        cls.company = cls.company.with_env(cls.env)
        cls.product_category = cls.product_category.with_env(cls.env)
        cls.connection = cls.make("ml.connection", name="Writers", provider="fake", company_id=cls.company)
        cls.mapped = {}
        cls.bound = {}
        cls.expense = cls.company_data["default_account_expense"].with_env(cls.env)
        cls.expense.tax_ids = False
        cls.expense_b = cls.copy_account(cls.expense)
        cls.purchase_journal = cls.company_data["default_journal_purchase"].with_env(cls.env)
        cls.bank_journal = cls.company_data["default_journal_bank"].with_env(cls.env)
        cls.tax = cls.make_tax(15)
        cls.vendor = cls.make_vendor("Vendor A", "v1")
        cls.mapped |= {("account", "600"): cls.expense, ("account", "601"): cls.expense_b}
        cls.mapped |= {("tax", "15"): cls.tax, ("journal", "bank"): cls.bank_journal}

    @classmethod
    def declare_flows(cls, *kinds):
        """Pull flows of those kinds, with the kind as key."""
        known = PROVIDERS["fake"]
        flows = (pulled(kind, kind, 0, active=False) for kind in kinds)
        provider = type("WritersProvider", (known,), {"flows": (*known.flows, *flows)})
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": provider}))
        cls.connection._sync_flows()

    @classmethod
    def make_vendor(cls, name, key=None, **values):
        """A vendor that is in Odoo; with a key it is bound for all tests of the class."""
        partner = cls.make("res.partner", **{"name": name, "is_company": True, "supplier_rank": 1, **values})
        if key:
            cls.bound["vendor", key] = partner
        return partner

    @classmethod
    def position(cls, *accounts):
        """A fiscal position that replaces accounts, given as (from, to)."""
        pairs = [Command.create({"account_src_id": old.id, "account_dest_id": new.id}) for old, new in accounts]
        return cls.make("account.fiscal.position", name="Abroad", account_ids=pairs)

    @classmethod
    def term(cls, days, **values):
        line = Command.create({"value": "percent", "value_amount": 100, "nb_days": days})
        return cls.make("account.payment.term", **{"name": f"{days} days", "line_ids": [line], **values})

    def map_analytic(self, key, plan=None, **values):
        self.mapped["analytic", key] = self.make_analytic(key, plan, **values)
        return self.mapped["analytic", key]

    @classmethod
    def make_tax(cls, amount, factors=(100,), tags=None, **values):
        parts = cls.repartition(cls.company_data["default_account_tax_purchase"], *factors, tags=tags)
        name = f"{amount} % {len(cls.mapped)} {values}"[:60]
        kinds = {"amount_type": "percent", "type_tax_use": "purchase", "price_include_override": "tax_excluded"}
        return cls.make("account.tax", **{"name": name, "amount": amount, **kinds, **parts, **values})

    # ------------------------------------------------------------------ documents

    def line(self, amount, account="600", taxes=(), analytics=(), **values):
        return BillLine(
            amount=Decimal(amount),
            account=Reference(kind="account", external_id=account) if account else None,
            taxes=tuple(Reference(kind="tax", external_id=tax) for tax in taxes),
            analytics=tuple(
                AnalyticShare(reference=Reference(kind="analytic", external_id=key), percentage=Decimal(percentage))
                for key, percentage in analytics
            ),
            **{"description": "Something", **exact(values)},
        )

    def bill(self, external_id="b1", lines=None, total=None, vendor="v1", **values):
        lines = tuple(lines if lines is not None else [self.line("100.00")])
        total = sum((line.amount for line in lines), Decimal(0)) if total is None else Decimal(total)
        days = {"document_date": date(2026, 7, 1), "due_date": date(2026, 7, 31)}
        values = {"number": f"NR-{external_id}", "currency": self.company.currency_id.name, **days, **exact(values)}
        vendor = Party(external_id=vendor, name=vendor)
        return Bill(external_id=external_id, vendor=vendor, lines=lines, total=total, **values)

    def payment(self, external_id="p1", bills=(("b1", "100.00"),), **values):
        """Bills are (key, amount) or (key, amount, discount)."""
        paid = tuple(
            PaidBill(external_id=key, amount=Decimal(amount), number=f"NR-{key}", discount=Decimal(*discount))
            for key, amount, *discount in bills
        )
        return Payment(
            external_id=external_id,
            bills=paid,
            **{
                "vendor": Party(external_id="v1"),
                "date": date(2026, 7, 20),
                "currency": self.company.currency_id.name,
                "amount": sum((bill.amount for bill in paid), Decimal(0)),
                "source": Reference(kind="journal", external_id="bank", name="Bank"),
                "reference": "WIRE 1",
                **exact(values),
            },
        )

    # ------------------------------------------------------------------ engine

    def flow(self, kind, **options):
        flow = self.connection.flow_ids.filtered(lambda flow: flow.kind == kind and flow.direction == "pull")
        if not all(flow.mapped("active")):
            options = {**options, "active": True}  # with the rights that it needs
        if options:
            flow.write(options)
        return flow

    def resolver(self):
        return MappingLookup(self.connection, self.in_books(self.mapped), self.in_books(self.bound))

    def in_books(self, records):
        """As the connection's user sees them."""
        books = self.connection._books()
        return {key: record and record.with_env(books) for key, record in records.items()}

    def entries(self, kind, *documents):
        bound = self.in_books(self.bound)
        return [
            ImportEntry(None, document, bound.get((kind, getattr(document, "external_id", None))))
            for document in documents
        ]

    def plan(self, kind, *documents, **options):
        """Entries of the documents as planned; nothing must have been written."""
        flow = self.flow(kind, **options)
        writer = self.writer(kind)
        entries = self.entries(kind, *documents)
        self.env.flush_all()
        with self.assertNothingWritten():
            writer._plan_batch(flow, entries, self.resolver())
            self.env.flush_all()
        return entries

    def apply(self, kind, *entries):
        self.writer(kind)._apply_batch(self.flow(kind), list(entries), self.resolver())

    @contextmanager
    def assertNothingWritten(self):
        """A plan serves the dry run as well: it must not write."""
        written = []
        execute = type(self.env.cr).execute

        def watch(cursor, query, *args, **kwargs):
            text = getattr(query, "code", query)
            if str(text).lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
                written.append(str(text)[:200])
            return execute(cursor, query, *args, **kwargs)

        with patch.object(type(self.env.cr), "execute", watch):
            yield
        self.assertFalse(written)

    def writer(self, kind):
        return self.flow(kind)[:1]._importer()

    def refresh_statistics(self):
        """Tell PostgreSQL about the rows of this transaction; else it joins hundreds of them as if they were few."""
        self.env.flush_all()
        self.env.cr.execute("ANALYZE account_move, account_move_line, account_partial_reconcile, account_payment")

    def book(self, kind, *documents, **options):
        """Plan and apply as one batch, then bind, as the engine does."""
        if len(documents) > 10:
            self.refresh_statistics()
        entries = self.plan(kind, *documents, **options)
        ready = [entry for entry in entries if not entry.error]
        self.apply(kind, *ready)
        self.env.flush_all()
        for entry in ready:
            entry.record = entry.record and entry.record.with_env(self.env)
        if self.writer(kind)._binds:
            for entry in ready:
                self.bind(kind, entry.document.external_id, entry.record, is_shared=entry.is_shared)
        return entries

    def bind(self, kind, external_id, record, **values):
        self.bound[kind, external_id] = record
        binding = {"kind": kind, "external_id": external_id, "record": record, **values}
        self.env["ml.binding"]._bind(self.connection, [binding])

    def written(self, kind, document, outcome="created", **options):
        """The record of one document that goes through."""
        (entry,) = self.book(kind, document, **options)
        self.assertIsNone(entry.error, entry.error and entry.error.message)
        self.assertEqual(entry.outcome, outcome, entry.note)
        return entry.record

    def noted(self, kind, document, outcome, *parts, **options):
        """The record of one document whose note has these parts."""
        (entry,) = self.book(kind, document, **options)
        self.assertEqual(entry.outcome, outcome, entry.error or entry.note)
        self.assertHas(entry.note, *parts)
        return entry.record

    def refused(self, kind, document, error_type, *parts, **options):
        """The error of one document, whose message has these parts."""
        (entry,) = self.plan(kind, document, **options)
        self.assertIsInstance(entry.error, error_type)
        self.assertHas(entry.error.message, *parts)
        return entry.error

    def setUp(self):
        super().setUp()
        # each test has mappings and bindings of its own
        self.mapped = dict(type(self).mapped)
        self.bound = dict(type(self).bound)
