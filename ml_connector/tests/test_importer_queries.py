from dataclasses import replace
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import Address, Contact, DownloadedFile, Files, Vendor
from odoo.addons.ml_connector.importers.bill_writer import BillWriter

from .common_writers import WriterCase


@tagged("post_install", "-at_install", "is_query_count")
class TestWriterQueries(WriterCase):
    """A record more in a batch must not cost a look-up more."""

    def setUp(self):
        super().setUp()
        self.number = 0
        names = [{"name": f"Vendor {number}", "is_company": True} for number in range(100)]
        for number, partner in enumerate(self.env["res.partner"].create(names)):
            self.bound["vendor", f"v{number}"] = partner
        self.map_analytic("a")

    def queries(self, kind, documents):
        """Queries of plan and apply with a cold cache."""
        self.refresh_statistics()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        flow, writer = self.flow(kind), self.writer(kind)
        entries = self.written_entries = self.entries(kind, *documents)
        resolver = self.resolver()
        writer._plan_batch(flow, entries, resolver)
        self.assertEqual([entry.error for entry in entries if entry.error], [])
        writer._apply_batch(flow, entries, resolver)
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def assertPlannedWithTheSame(self, kind, make):
        """Looking a batch up and working it out costs a fixed number of queries."""
        counts = []
        for count in (5, 25, 50):
            entries = self.entries(kind, *make(count))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.writer(kind)._plan_batch(self.flow(kind), entries, self.resolver())
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    def assertOutcome(self, outcome):
        self.assertEqual({entry.outcome for entry in self.written_entries}, {outcome})

    def assertLinear(self, kind, make, per_record):
        """50 records cost no more than twice 25, and each no more than `per_record` queries."""
        self.queries(kind, make(5))  # what is read once in a registry's life
        few, many = self.queries(kind, make(25)), self.queries(kind, make(50))
        self.assertLessEqual(many, 2 * few, f"{few} queries for 25, {many} for 50")
        self.assertLessEqual((many - few) / 25, per_record, f"{few} queries for 25, {many} for 50")
        self.assertLessEqual(many / 50, per_record + 2, f"{many} queries for 50")

    def next_key(self, prefix):
        self.number += 1
        return f"{prefix}{self.number}"

    # ------------------------------------------------------------------ bills

    def bills(self, count, **values):
        lines = [self.line("115.00", taxes=["15"]), self.line("10.00"), self.line("20.00", account="601")]
        return [
            self.bill(self.next_key("b"), vendor=f"v{number}", **{"lines": lines, **values}) for number in range(count)
        ]

    def test_bills(self):
        self.assertLinear("bill", self.bills, per_record=6)

    def test_bills_with_analytics(self):
        lines = [self.line("100.00", taxes=["15"], analytics=[("a", 100)]) for _number in range(3)]
        # one more a line, which Odoo makes for each analytic line
        self.assertLinear("bill", lambda count: self.bills(count, lines=lines), per_record=9)

    def test_bills_the_ordinary_way(self):
        with patch.object(BillWriter, "covers", lambda *args: False):
            self.assertLinear("bill", self.bills, per_record=10)

    def test_planning_bills(self):
        self.assertPlannedWithTheSame("bill", self.bills)

    def test_unchanged_bills(self):
        documents = self.bills(50)
        self.book("bill", *documents)
        few, many = self.queries("bill", documents[:25]), self.queries("bill", documents)
        self.assertOutcome("unchanged")
        self.assertLessEqual(many - few, 25, f"{few} queries for 25, {many} for 50")

    # ------------------------------------------------------------------ vendors

    def vendors(self, count):
        address = Address(street="Street", city="City", state="CA", country="US")
        return [
            Vendor(
                external_id=key,
                name=f"Made {key}",
                vat=f"US{key}99",
                bank_accounts=(f"ACC{key}",),
                address=address,
                contacts=(Contact(name="Jane", email=f"jane@{key}.test", is_default=True),),
            )
            for key in (self.next_key("r") for _number in range(count))
        ]

    def test_new_vendors(self):
        self.assertLinear("vendor", self.vendors, per_record=8)

    def test_planning_vendors(self):
        self.assertPlannedWithTheSame("vendor", self.vendors)

    def test_known_vendors(self):
        documents = self.vendors(50)
        self.book("vendor", *documents)
        few, many = self.queries("vendor", documents[:25]), self.queries("vendor", documents)
        self.assertOutcome("unchanged")
        self.assertEqual(few, many)
        self.queries("vendor", [replace(document, name=f"{document.name} renamed") for document in documents])
        self.assertOutcome("updated")

    def test_linked_vendors(self):
        keys = [(f"l{number}", f"Link {number}", f"R{number + 1}") for number in range(50)]
        for _key, name, registry in keys:
            self.make("res.partner", name=name, is_company=True, company_registry=registry)
        documents = [Vendor(external_id=key, name=name, corporate_id=registry) for key, name, registry in keys]
        self.queries("vendor", documents[:5])  # what is read once in a registry's life
        few, many = self.queries("vendor", documents[:25]), self.queries("vendor", documents)
        self.assertOutcome("linked")
        self.assertEqual(few, many)

    # ------------------------------------------------------------------ payments

    def payments(self, count):
        bills = self.bills(count)
        self.book("bill", *bills)
        return [
            self.payment(self.next_key("p"), bills=[(bill.external_id, "145.00")], vendor=bill.vendor) for bill in bills
        ]

    def test_payments(self):
        self.assertLinear("payment", self.payments, per_record=30)

    # ------------------------------------------------------------------ files

    def test_files(self):
        bills = self.bills(45)
        self.book("bill", *bills)
        documents = [
            Files(
                subject_kind="bill",
                subject_external_id=key,
                files=(DownloadedFile(name="a.pdf", mimetype="application/pdf", content=key.encode()),),
            )
            for key in (bill.external_id for bill in bills)
        ]
        few, many = self.queries("file", documents[:15]), self.queries("file", documents[15:])
        self.assertLessEqual(many, 2 * few)
