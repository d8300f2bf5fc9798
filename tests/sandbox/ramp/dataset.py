"""The data set of the Ramp sandbox: the same objects in each run, in the size that is asked for.

Each object is made from its number alone, and all dates hang on one base date.
"""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random

from .model import (
    ACCOUNTING_VENDOR,
    CUSTOM,
    GL_ACCOUNT,
    TAX_CODE,
    Bill,
    Contact,
    File,
    Line,
    Option,
    Payment,
    TaxRate,
    Vendor,
)
from .payments import payment_details
from .people import COST_CENTERS, GL_ACCOUNTS, PAYEES, PROJECTS, TAX_RATES, USERS
from .state import make_id

SIZES = {"small": (8, 12), "demo": (40, 80)}  # vendors, bills
METHODS = ["ACH", "CHECK", "ACH", "ONE_TIME_CARD", "ACH", "PAID_MANUALLY", "DOMESTIC_WIRE", "CHECK"]
FOREIGN_METHODS = ["INTERNATIONAL", "SWIFT", "PAID_MANUALLY"]


def counts(size):
    """Vendors and bills of a size: a name, or a number of bills."""
    if size in SIZES:
        return SIZES[size]
    bills = int(size)
    return max(len(PAYEES), min(bills // 50, 2000)), bills


class DataSet:
    """Fills a state. ``seat`` says who holds the accounting seat: ``csv``, ``api``, ``direct`` or ``none``."""

    def __init__(self, state, *, base_date, size="demo", seat="csv", provider="Odoo"):
        self.state, self.size, self.seat, self.provider = state, size, seat, provider
        self.base = datetime.combine(base_date, time(12), UTC)
        self.created = self.base - timedelta(days=400)

    def fill(self):
        self._organisation()
        self._connections()
        self._coding()
        self.vendors, bills = counts(self.size)
        for number in range(self.vendors):
            self.state.vendors.add(self._vendor(number))
        for number in range(bills):
            self._bill(number)

    # -- organisation ------------------------------------------------------------------------------------------------

    def _organisation(self):
        state = self.state
        state.business = {
            "id": make_id("business", 0),
            "active": True,
            "business_name_legal": "Example Industries Inc.",
            "business_name_on_card": "Example Industries",
            "created_time": self.created.isoformat(),
            "is_reimbursements_enabled": True,
            "phone": "+12125550100",
            "website": "https://example.com",
        }
        names = [("Example Industries Inc.", "USD", "US"), ("Example Europe B.V.", "EUR", "NL")]
        state.entities = [self._entity(number, *item) for number, item in enumerate(names)]

    def _entity(self, number, name, currency, country):
        bank = make_id("entity-bank", number)
        usages = [
            ("BILL_PAY_BANK_ACCOUNT", "101000", bank),
            ("BILL_PAY_ACCOUNTS_PAYABLE_ACCOUNT", "211000", None),
            ("CARD_LIABILITY_ACCOUNT", "201100", None),
        ]
        accounts = {code: (name, classification) for code, name, classification in GL_ACCOUNTS}
        return {
            "id": make_id("entity", number),
            "entity_name": name,
            "currency": currency,
            "is_primary": number == 0,
            "location_ids": [make_id("location", number)],
            "connected_subsidiary": {
                "id": make_id("subsidiary", number),
                "external_id": f"sub-{country}",
                "name": name,
            },
            "default_bill_pay_payment_account_id": bank,
            "payment_accounts": [
                {
                    "id": bank,
                    "account_name": f"Operating {currency}",
                    "account_number_last_four": f"{1100 + number}",
                    "currency": currency,
                }
            ],
            "accounts": [
                {
                    "internal_id": make_id(f"entity-account/{number}", usage),
                    "external_id": f"gl-{code}",
                    "external_name": accounts[code][0],
                    "classification": accounts[code][1],
                    "usage_type": usage,
                    "bank_account_id": bank_id,
                    "created_at": self.created.isoformat(),
                }
                for usage, code, bank_id in usages
            ],
        }

    # -- the accounting seat and its coding --------------------------------------------------------------------------

    def _connections(self):
        former = self.state.add_connection("DIRECT", "QuickBooks", self.created, id=make_id("connection", 0))
        former.is_active = False
        kinds = {"csv": ("CSV", "Universal CSV"), "api": ("API", self.provider), "direct": ("DIRECT", "NetSuite")}
        if self.seat == "none":
            return
        kind, name = kinds[self.seat]
        self.state.add_connection(kind, name, self.created + timedelta(days=30), id=make_id("connection", 1))

    def _coding(self):
        state, connection = self.state, self.state.connection or self.state.connections.get(make_id("connection", 0))
        self.gl = state.field_of(connection, GL_ACCOUNT)
        self.payees = state.field_of(connection, ACCOUNTING_VENDOR)
        self.projects = state.add_field(connection, CUSTOM, "project", "Projects", self.created, display_name="Project")
        self.departments = state.add_field(connection, CUSTOM, "department", "Departments", self.created)
        self.taxes = state.add_field(connection, TAX_CODE, "tax", "Tax", self.created)
        for code, name, classification in GL_ACCOUNTS:
            self._option(self.gl, f"gl-{code}", name, code=code, classification=classification)
        for code, name in PROJECTS:
            self._option(self.projects, f"prj-{code}", name, code=code)
        for code, name in COST_CENTERS:
            self._option(self.departments, f"dep-{code}", name, code=code)
        payable = state.find_option(self.gl, "gl-211000")
        for number, (remote_id, name, rate) in enumerate(TAX_RATES):
            state.tax_rates.add(
                TaxRate(make_id("tax-rate", number), remote_id, name, Decimal(rate), connection.id, payable.id)
            )
            self._option(self.taxes, remote_id, name, tax_rate_ids=[remote_id])

    def _option(self, field, external_id, name, **values):
        option_id = make_id(f"option/{field.id}", external_id)
        return self.state.add_option(Option(option_id, field, external_id, name, self.created, self.created, **values))

    def _coded(self, field, external_id):
        return self.state.find_option(field, external_id).id

    # -- vendors -----------------------------------------------------------------------------------------------------

    def _vendor(self, number):
        payee = PAYEES[number % len(PAYEES)]
        series = number // len(PAYEES)
        name = payee.name if not series else f"{payee.name} {series + 1}"
        created = self.created + timedelta(hours=number % 5000)
        linked = number % 4 == 0 and self.state.connection is not None
        if linked:
            self._option(self.payees, f"av-{number + 1:04}", name, code=f"V{number + 1:04}")
        contact = Contact(
            make_id("contact", number),
            f"ap{series or ''}@{payee.domain}",
            payee.first_name,
            payee.last_name,
            f"+1212555{number:04}",
        )
        address = {
            "id": make_id("address", number),
            "address_line_1": payee.street,
            "city": payee.city,
            "postal_code": payee.postal_code,
            "country": payee.country,
            "is_default": True,
            **({"state": payee.state} if payee.state else {}),
        }
        return Vendor(
            make_id("vendor", number),
            name,
            payee.country,
            created,
            created,
            [contact],
            state=payee.state or None,
            address=address,
            accounting_vendor_remote_id=f"av-{number + 1:04}" if linked else None,
            currency=payee.currency,
            vendor_type="INDIVIDUAL" if payee.domain.startswith("jane") else "BUSINESS",
            bank_accounts=[bank_account(number, payee.currency)],
        )

    # -- bills -------------------------------------------------------------------------------------------------------

    def _bill(self, number):
        """Bill ``number``; each fifth of ten is paid together with the one before it, of the same vendor."""
        state = self.state
        index = (number - (number % 10 == 4)) % self.vendors
        vendor, payee = state.vendors.get(make_id("vendor", index)), PAYEES[index % len(PAYEES)]
        random = Random(f"bill/{number}")
        issued = (self.base - timedelta(days=5 + int(random.random() * 85))).date()
        bill = Bill(
            make_id("bill", number),
            vendor,
            state.entities[0]["id"],
            invoice_number(index, number),
            vendor.currency,
            issued,
            issued + timedelta(days=30),
            datetime.combine(issued, time(9), UTC) + timedelta(days=1, minutes=number % 600),
            self._lines(number, payee, random),
            {"id": make_id("user", 1), "first_name": USERS[1][0], "last_name": USERS[1][1]},
            memo=f"{payee.item} {issued:%Y-%m}",
        )
        self._header_coding(bill, number)
        if number % 9 == 2:
            self._refer_to_order(bill, number)
        bill.file_ids = [
            state.files.add(File(make_id("file", number), f"{bill.invoice_number}.pdf", bill_id=bill.id)).id
        ]
        state.add_bill(bill)
        self._progress(bill, number, random)

    def _lines(self, number, payee, random):
        count = 1 + int(random.random() * 6)
        lines = []
        for position in range(count):
            major = 20 + int(random.random() * 4000)
            amount = major * 100 if payee.currency == "JPY" else major * 100 + int(random.random() * 100)
            coding = [self._coded(self.gl, f"gl-{payee.account}")]
            if number % 3 != 0:
                coding.append(self._coded(self.projects, f"prj-{PROJECTS[(number + position) % len(PROJECTS)][0]}"))
            if number % 5 == 1:
                coding.append(self._coded(self.departments, f"dep-{COST_CENTERS[position % len(COST_CENTERS)][0]}"))
            if payee.currency == "EUR" and number % 2 == 0:
                coding.append(self._coded(self.taxes, "vat-21" if number % 6 == 0 else "vat-15"))
            lines.append(Line(amount, payee.item if count == 1 else f"{payee.item} #{position + 1}", coding))
        return lines

    def _header_coding(self, bill, number):
        """Some bills carry the department, and a few the GL account too, on the header instead of the lines."""
        if number % 5 in (0, 3):
            bill.coding.append(self._coded(self.departments, f"dep-{COST_CENTERS[number % len(COST_CENTERS)][0]}"))
        if number % 10 == 7:
            account = bill.lines[0].coding[0]
            bill.coding.append(account)
            for line in bill.lines:
                line.coding.remove(account)

    def _refer_to_order(self, bill, number):
        bill.purchase_order_ids = [make_id("purchase-order", number // 9)]
        for position, line in enumerate(bill.lines):
            line.purchase_order_line_item_id = make_id(f"purchase-order/{number // 9}/line", position)

    def _progress(self, bill, number, random):
        """How far the bill has come: about half are paid, few wait for approval, are kept out of accounting or archived."""
        paid_at = datetime.combine(bill.due_at - timedelta(days=int(random.random() * 20)), time(15), UTC)
        if number % 10 in (3, 4) or number % 2 == 0:
            self._pay(bill, number, min(paid_at, self.base - timedelta(days=1)))
        elif number % 20 == 11:
            bill.approval_status, bill.status_summary = "PENDING", "APPROVAL_PENDING"
        elif number % 20 == 17:
            bill.status_summary = "PAYMENT_PROCESSING"
        elif number % 40 == 19:
            bill.enable_accounting_sync = False
        elif number % 40 == 39:
            bill.archived_at, bill.status_summary = self.base - timedelta(days=2), "ARCHIVED"
        if number % 40 == 30:
            bill.sync_status = "BILL_AND_PAYMENT_SYNCED"

    def _pay(self, bill, number, paid_at):
        bill.paid_at, bill.status_summary = paid_at, "PAYMENT_COMPLETED"
        if number % 10 == 4:
            before = self.state.bills.get(make_id("bill", number - 1))
            bill.paid_at, bill.payment = before.paid_at, before.payment
            bill.payment.amount += bill.amount
            return
        methods = METHODS if bill.currency == "USD" else FOREIGN_METHODS
        method = "ACH" if number % 10 == 3 else methods[number // 2 % len(methods)]
        bill.payment = Payment(
            make_id("payment", number),
            method,
            bill.amount,
            bill.currency,
            paid_at.date() - timedelta(days=2),
            f"P-{20000 + number}",
            payment_details(method, bill, make_id("transaction", f"bill/{number}")),
            trace_id=f"0769219{number:08}",
        )


def bank_account(number, currency):
    """``ApiVendorBankAccountResource`` of a vendor."""
    return {
        "id": make_id("vendor-bank", number),
        "account_nickname": f"Checking {currency}",
        "account_number_last_four": f"{number % 10000:04}",
        "currency": currency,
        "is_default": True,
        "payment_method": "ACH" if currency == "USD" else "INTERNATIONAL",
    }


def invoice_number(vendor, number):
    """Each vendor has its own style; a utility puts its customer number on every invoice."""
    if vendor == 15:
        return "ACCT-77812"
    return (f"INV-{1000 + number}", f"2026/{number:05}", f"RE{number:06}-A")[vendor % 3]
