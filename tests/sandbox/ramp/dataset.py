"""The data set of the Ramp sandbox: the same objects in each run, in the size that is asked for.

Each object is made from its number alone, and all dates hang on one base date.
"""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from .dataset_bills import BillData
from .dataset_orders import add_credits, add_orders
from .dataset_spend import Spend
from .model import ACCOUNTING_VENDOR, CUSTOM, GL_ACCOUNT, TAX_CODE, Contact, Option, TaxRate, Vendor
from .people import COST_CENTERS, DEPARTMENTS, GL_ACCOUNTS, LOCATIONS, PAYEES, PROJECTS, TAX_RATES, USERS
from .people_model import Place, User
from .state import make_id

SIZES = {"small": (8, 12, 12, 4), "demo": (40, 80, 200, 40)}  # vendors, bills, transactions, reimbursements
SECOND_BILLS, SECOND_TRANSACTIONS = 10, 12


def counts(size):
    """Vendors, bills, transactions and reimbursements of a size: a name, or a number of bills."""
    if size in SIZES:
        return SIZES[size]
    bills = int(size)
    return max(len(PAYEES), min(bills // 50, 2000)), bills, bills // 2, bills // 5


class DataSet(BillData):
    """Fills a state. ``seat`` says who holds the accounting seat: ``csv``, ``api``, ``direct`` or ``none``."""

    def __init__(self, state, *, base_date, size="demo", seat="csv", provider="Odoo", card_payments_in_feed=False):
        self.state, self.size, self.seat, self.provider = state, size, seat, provider
        self.card_payments_in_feed = card_payments_in_feed
        self.base = datetime.combine(base_date, time(12), UTC)
        self.created = self.base - timedelta(days=400)

    def fill(self):
        self._organisation()
        self._connections()
        self._coding()
        self.vendors, bills, transactions, reimbursements = counts(self.size)
        for number in range(self.vendors):
            self.state.vendors.add(self._vendor(number))
        for number in range(bills):
            self._bill(number)
        add_orders(self.state, self.base)
        add_credits(self.state, self.base)
        if self.size == "demo":
            self._second_entity()
        Spend(self.state, self.base, self._any_option).fill(transactions, reimbursements, self.card_payments_in_feed)

    def _second_entity(self):
        """What the other entity books: in euros, and none of it on a statement."""
        euros = (
            number
            for number in range(200, 300)
            if PAYEES[number % self.vendors % len(PAYEES)].currency == "EUR" and number % 10 != 4 and number % 9 != 2
        )
        for number in list(euros)[:SECOND_BILLS]:
            self._bill(number, entity=1)
        spend = Spend(self.state, self.base, self._any_option, entity=1)
        for number in range(SECOND_TRANSACTIONS):
            spend.add_in_euros(number)

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
        for number, name in enumerate(LOCATIONS):
            state.locations.add(Place(make_id("location", number), name, make_id("entity", number)))
        for number, name in enumerate(DEPARTMENTS):
            state.departments.add(Place(make_id("department", number), name))
        for number, (first_name, last_name, role) in enumerate(USERS):
            state.users.add(self._user(number, first_name, last_name, role))

    def _user(self, number, first_name, last_name, role):
        return User(
            *(make_id("user", number), f"user{number}@example.com" if number else "ada@example.com"),
            *(first_name, last_name, role),
            department_id=make_id("department", number % len(DEPARTMENTS)),
            location_id=make_id("location", 0),
            entity_id=make_id("entity", 0),
            manager_id=make_id("user", 1) if number > 1 else None,
            is_manager=number < 2,
            employee_id=f"E-{number + 1:03}",
        )

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

    def _any_option(self, external_id):
        return next(option.id for option in self.state.options if option.external_id == external_id)

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
        email, phone = f"ap{series or ''}@{payee.domain}", f"+1212555{number:04}"
        contact = Contact(make_id("contact", number), email, payee.first_name, payee.last_name, phone)
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
            *(make_id("vendor", number), name, payee.country, created, created, [contact]),
            state=payee.state or None,
            address=address,
            accounting_vendor_remote_id=f"av-{number + 1:04}" if linked else None,
            currency=payee.currency,
            vendor_type="INDIVIDUAL" if payee.domain.startswith("jane") else "BUSINESS",
            bank_accounts=[bank_account(number, payee.currency)],
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
