"""The data set of the start: documents that are ready for the books, the same in each run."""

from datetime import timedelta
from decimal import Decimal

from .cases import composed_report, reference_reports
from .dataset_invoices import fill_payment_requests
from .dataset_lists import fill_lists
from .dataset_vendors import fill_vendors
from .documents import (
    CASH,
    CBCP,
    COPD,
    advance,
    cash_advance,
    entry,
    identity,
    invoice,
    invoice_tax,
    payroll,
    person,
    report,
    tax,
)

SIZES = {"none": 0, "small": 4, "demo": 24}
PEOPLE = (
    ("E1042", "Ada", "Example", "ada@example.com"),
    ("E1043", "Björn", "Lindqvist", "user1@example.com"),
    ("E1044", "Chloé", "Martin", "user2@example.com"),
    ("E1045", "Eiko", "Satō", "user4@example.com"),
)
CENTRES = (("CC100", "Sales"), ("CC200", "Service"))
PROJECTS = (None, ("PRJ7", "Project 7"), ("PRJ8", "Relaunch Göteborg"))
VENDORS = (
    ("V-0042", "Example Supplies Ltd", "001"),
    ("V-0043", "Żółta Papiernia Sp. z o.o.", "001"),
    ("V-0044", "Blue Harbor Logistics", "002"),
)
ACCOUNTS = ("600000", "612000", "620000")


class DataSet:
    """:param size: a key of `SIZES`, or how many expense reports there are besides the reference cases"""

    def __init__(self, state, base_date, size):
        self.state = state
        self.today = base_date
        self.count = SIZES[size] if size in SIZES else int(size)

    def fill(self):
        if not self.count:
            return
        self._cases()
        fill_lists(self.state)
        fill_vendors(self.state, self.count)
        for number in range(self.count):
            self._report(number)
        for number in range(max(2, self.count // 2)):
            self._invoice(number)
        fill_payment_requests(self.state, self.today)
        for number in range(2):
            self._cash_advance(number)
            self._payroll(number)

    def _cases(self):
        day = self.today - timedelta(days=20)
        for content in (*reference_reports(day).values(), composed_report(day)):
            # currencies that the books of a demo company have
            if content["report"]["employeeCurrencyAlphaCode"] != "CAD":
                self._add("expense", content["report"]["reportId"], content)

    def _report(self, number):
        day = self.today - timedelta(days=number % 25)
        paid = (CASH, CBCP, COPD)[number % 3]
        share = {CENTRES[0]: 60, CENTRES[1]: 40} if number % 4 == 1 else {CENTRES[number % 2]: 100}
        amount = Decimal(20 + 7 * number) + Decimal("0.35")
        entries = [
            entry(ACCOUNTS[number % 3], amount, day=day, name="Hotel", paid=paid, shares=share),
            entry("600000", "46.00", day=day, name="Taxi", taxes=[tax("VAT15", "6.00", "6.00")]),
            entry("620000", "12.40", day=day, name="Parking", project=PROJECTS[number % 3]),
        ]
        advances = [advance(-30)] if number % 6 == 5 else ()
        content = report(
            identity("report", number, length=20),
            entries,
            day=day,
            employee=person(*PEOPLE[number % len(PEOPLE)]),
            currency="EUR" if number % 8 == 7 else "USD",
            advances=advances,
            reportName=f"Visit {number + 1}",
        )
        self._add("expense", content["report"]["reportId"], content)

    def _invoice(self, number):
        day = (self.today - timedelta(days=number % 20)).replace(day=min(27, self.today.day))
        net = Decimal(100 + 25 * number)
        lines = [(f"Paper, lot {number + 1}", ACCOUNTS[number % 3], net, 0, [invoice_tax("VAT15", net * 15 / 100)])]
        if number % 3 == 0:
            lines.append(("Delivery", "600000", 20, 5, []))
        content = invoice(
            identity("invoice", number, length=20),
            lines,
            day=day,
            number=f"INV-2026-{118 + number}",
            vendor=VENDORS[number % len(VENDORS)],
        )
        self._add("invoice", content["requestHeader"]["requestId"], content)

    def _cash_advance(self, number):
        day = self.today - timedelta(days=30 + number)
        content = cash_advance(
            identity("cash advance", number), 100 + number, day=day, employee=person(*PEOPLE[number])
        )
        self._add("cashadvance", content["cashAdvanceData"]["cashAdvanceId"], content)

    def _payroll(self, number):
        day = self.today - timedelta(days=5)
        items = [("M001", 28, "Y"), ("M002", "12.50", "Y"), ("T900", 40, "N")]
        content = payroll(identity("payroll", number, length=20), items, day=day, employee=person(*PEOPLE[number]))
        self._add("payroll", content["report"]["reportId"], content)

    def _add(self, doc_type, source_id, content):
        self.state.add_document(doc_type, source_id, content)
        if doc_type in ("expense", "invoice"):
            self.state.images[source_id] = [f"Receipts of {source_id}"]
