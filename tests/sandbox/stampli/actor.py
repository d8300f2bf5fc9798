"""Plays Stampli: takes feeds from the inbound folder, approves invoices against them, drops exports.

It knows nothing but what the feeds told it, and notes every feed that is not as agreed.
"""

import threading
import time
from decimal import Decimal

from ..pdf import make_pdf
from ..picture import make_jpeg, make_png
from .files import read_feed, write_export

COMPANY = "ACME-US"
REQUIRED = {
    "gl_accounts": "CompanyId AccountCode AccountName Active",
    "dimensions": "CompanyId Dimension ValueCode ValueName Active",
    "vendors": "CompanyId VendorId VendorName Active",
    "purchase_orders": "CompanyId PONumber VendorId Currency POStatus LineId Quantity UnitPrice",
    "purchase_receipts": "CompanyId ReceiptNumber ReceiptDate VendorId ReceiptLineId QuantityReceived",
    "payment_status": "CompanyId StampliInvoiceId PaymentStatus",
}
LISTS = tuple(REQUIRED)
KEYS = dict(zip(LISTS, "AccountCode ValueCode VendorId LineId ReceiptLineId StampliInvoiceId".split(), strict=True))
INVOICE = """
    CompanyId StampliInvoiceId DocumentType InvoiceNumber VendorId VendorName InvoiceDate DueDate PostingDate Currency
    NetAmount TaxAmount TotalAmount PONumber Status ApprovedBy Memo DocumentUrl DocumentFile LineNumber LineType
    GLAccount LineDescription Quantity UnitPrice LineAmount TaxCode LineTaxAmount POLineId Department Location
    Class Project
""".split()
PAYMENT = """
    CompanyId PaymentId PaymentStatus PaymentDate PaymentMethod PaymentReference VendorId VendorName Currency
    PaymentAmount BankAccountCode StampliInvoiceId InvoiceNumber AppliedAmount
""".split()


class Stampli:
    """
    :ivar lists: {feed: {code: row}} of what the feeds brought
    :ivar problems: what was not as agreed
    """

    def __init__(self, server, plays=True):
        self.server = server
        self.image = "jpg"  # or png, pdf: what the documents of invoices are
        self.image_size = 0  # bytes of a photo, about; a phone makes 8,000,000
        self.lists = {name: {} for name in LISTS}
        self.problems = []
        self.taken = []
        self.invoices = []
        self._numbers = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._play, daemon=True) if plays else None
        if self._thread:
            self._thread.start()

    def close(self):
        self._done.set()
        if self._thread:
            self._thread.join(10)

    def _play(self):
        while not self._done.wait(0.3):
            self.take_feeds()
            if not self.invoices and self._knows_enough():
                self.approve_examples()

    def _knows_enough(self):
        return all(self.lists[name] for name in LISTS if name != "payment_status")

    # -- feeds -------------------------------------------------------------------------------------------------------

    def take_feeds(self):
        """Read and remove what lies in the inbound folder, but for files that are still being written."""
        for path in sorted((self.server.root / "inbound").iterdir(), key=lambda path: (_place(path.name), path.name)):
            if path.name.startswith(".") or path.name.endswith(".part") or not path.is_file():
                continue
            self._take(path.name, path.read_bytes())
            path.unlink()

    def answer(self, name, report=None):
        """Say that a feed was accepted, or refused with a report."""
        if report is None:
            self.drop(name, b"", "inbound/processed")
        else:
            self.drop(f"{name}.error", report, "inbound/error")

    def _take(self, name, content):
        self.taken.append(name)
        feed = next((feed for feed in LISTS if f"_{feed}_" in name), None)
        if feed is None:
            self.problems.append(f"{name}: no feed is called so")
            return
        try:
            rows = read_feed(name, content)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a feed is a finding
            self.problems.append(f"{name}: {error}")
            return
        if not rows:
            self.problems.append(f"{name}: no rows")
        for number, row in enumerate(rows, start=1):
            self._check(feed, name, number, row)
            self.lists[feed][row.get(KEYS[feed])] = row

    def _check(self, feed, name, number, row):
        for column in REQUIRED[feed].split():
            if not row.get(column):
                self.problems.append(f"{name}, record {number}: {column} is missing")
        if row.get("CompanyId") != COMPANY:
            self.problems.append(f"{name}, record {number}: company {row.get('CompanyId')}")
        if feed == "purchase_orders" and row.get("VendorId") not in self.lists["vendors"]:
            self.problems.append(f"{name}, record {number}: vendor {row.get('VendorId')} is not known")

    # -- exports -----------------------------------------------------------------------------------------------------

    def approve_examples(self):
        """Approve an invoice with freight against an order, its credit memo, one with dimensions; pay the first two."""
        order = next(row for row in self.lists["purchase_orders"].values() if row["POStatus"] == "open")
        vendor = self.lists["vendors"][order["VendorId"]]
        other = next(row for row in self.lists["vendors"].values() if row["VendorId"] != vendor["VendorId"])
        expenses = (row for row in self.lists["gl_accounts"].values() if row["AccountType"] == "expense")
        account = min(row["AccountCode"] for row in expenses)
        price = Decimal(order["UnitPrice"])
        matched = _line("ITEM", account, order["LineDescription"], POLineId=order["LineId"])
        freight = _line("FREIGHT", account, "Delivery", LineAmount="20.00")
        dimensions = {row["Dimension"]: row["ValueCode"] for row in reversed(self.lists["dimensions"].values())}
        codes = {name: dimensions.get(name, "") for name in ("Department", "Project")}
        coded = _line("EXPENSE", account, "Zażółć – doradztwo", LineAmount="333.34", **codes)
        lines = [{**matched, "LineAmount": price * 2, "Quantity": 2}, freight]
        bought = self.invoice(vendor, lines, order=order["PONumber"], document=True)
        credit = self.invoice(vendor, [{**matched, "LineAmount": -price, "Quantity": -1}], kind="CREDIT_MEMO")
        self.drop_invoices([bought, credit, self.invoice(other, [coded])])
        self.drop_payments([self.payment(vendor, [bought, credit])])

    def invoice(self, vendor, lines, kind="INVOICE", order="", document=False, currency="", status="APPROVED"):
        self._numbers += 1
        number = 700000 + self._numbers
        total = sum((Decimal(line["LineAmount"]) for line in lines), Decimal(0))
        invoice = {
            "CompanyId": COMPANY,
            "StampliInvoiceId": str(number),
            "DocumentType": kind,
            "InvoiceNumber": f"ST-{number}",
            "VendorId": vendor["VendorId"],
            "VendorName": vendor["VendorName"],
            "InvoiceDate": "2026-07-14",
            "DueDate": "2026-08-13",
            "Currency": currency or "USD",
            "NetAmount": f"{total:.2f}",
            "TaxAmount": "0.00",
            "TotalAmount": f"{total:.2f}",
            "PONumber": order,
            "Status": status,
            "ApprovedBy": "dana.ruiz@acme.example",
            "Memo": "First line\nsecond line",
            "DocumentUrl": f"https://app.stampli.example/i/{number}",
            "DocumentFile": f"document-{number}.{self.image}" if document else "",
            "lines": [
                {**line, "LineNumber": position, "LineAmount": f"{Decimal(line['LineAmount']):.2f}"}
                for position, line in enumerate(lines, start=1)
            ],
        }
        self.invoices.append(invoice)
        return invoice

    def payment(self, vendor, invoices, status="PAID"):
        self._numbers += 1
        amount = sum((Decimal(invoice["TotalAmount"]) for invoice in invoices), Decimal(0))
        head = {
            "CompanyId": COMPANY,
            "PaymentId": f"PAY-{self._numbers}",
            "PaymentStatus": status,
            "PaymentDate": "2026-07-24",
            "PaymentMethod": "ACH",
            "PaymentReference": f"TRC{self._numbers:09d}",
            "VendorId": vendor["VendorId"],
            "VendorName": vendor["VendorName"],
            "Currency": "USD",
            "PaymentAmount": f"{amount:.2f}",
            "BankAccountCode": "101401",
        }
        named = ("StampliInvoiceId", "InvoiceNumber")
        return [
            {**head, **{name: invoice[name] for name in named}, "AppliedAmount": invoice["TotalAmount"]}
            for invoice in invoices
        ]

    def drop_invoices(self, invoices, name=None):
        """Export invoices; documents that they carry come with them."""
        rows = []
        for invoice in invoices:
            head = {key: value for key, value in invoice.items() if key != "lines"}
            rows += [{**head, **line} for line in invoice["lines"]]
            if invoice["DocumentFile"]:
                self.drop(invoice["DocumentFile"], self._document(invoice["DocumentFile"]))
        return self.drop(name or self._name("invoices"), write_export(INVOICE, rows))

    def _document(self, name):
        if name.endswith(".jpg"):
            return make_jpeg(name, self.image_size)
        return make_png(name) if name.endswith(".png") else make_pdf([name])

    def drop_payments(self, payments, name=None):
        rows = [row for rows in payments for row in rows]
        return self.drop(name or self._name("payments"), write_export(PAYMENT, rows))

    def _name(self, entity):
        self._numbers += 1
        return f"{entity}_{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}_{self._numbers:06d}.csv"

    def drop(self, name, content, folder="outbound"):
        """Put a file into a folder, all at once."""
        self.server.make_folder(folder)
        folder = self.server.root / folder
        part = self.server.base / "etc" / "drop"
        part.write_bytes(content)
        self.server.own(part)
        part.rename(folder / name)
        return name

    def outbound(self):
        return sorted(path.name for path in (self.server.root / "outbound").iterdir() if path.is_file())


def _line(kind, account, description, **values):
    return {"LineType": kind, "GLAccount": account, "LineDescription": description, **values}


def _place(name):
    """Lists before what names their entries."""
    return next((place for place, feed in enumerate(LISTS) if f"_{feed}_" in name), len(LISTS))
