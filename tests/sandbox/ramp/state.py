"""The state of the Ramp sandbox: one business with its connections, coding, vendors, bills and subscriptions."""

import hashlib
import hmac
import time
from collections import Counter
from datetime import UTC, datetime
from datetime import time as clock
from uuid import UUID, uuid5

from ..pdf import make_pdf
from ..table import Table
from .model import ACCOUNTING_VENDOR, GL_ACCOUNT, Connection, Field, File
from .money import major_units

NAMESPACE = UUID("6f0c3a52-54d1-4d0e-9f6b-8f1d2c7a0b11")
LINK_KEY = b"pre-signed links of the sandbox"
TABLES = """
    connections fields options tax_rates users departments locations vendors bills drafts files purchase_orders
    item_receipts transactions reimbursements transfers cashbacks statements repayments vendor_credits receipts
    subscriptions
"""


def make_id(kind, number):
    """The id of the ``number``-th object of its kind: the same in each run."""
    return str(uuid5(NAMESPACE, f"{kind}/{number}"))


def now():
    return datetime.now(UTC)


def midnight(day):
    return datetime.combine(day, clock(), UTC)


class State:
    """What the business holds; ``emit`` is called with each event."""

    def __init__(self, base_url, emit, link_seconds=3600):
        self.base_url, self.emit, self.link_seconds = base_url, emit, link_seconds
        self._numbers = Counter()
        self._bills_of = {}
        self.business = {}
        self.entities = []
        self.option_index = {}
        for name in TABLES.split():
            setattr(self, name, Table())
        self.tasks, self.tokens, self.keys, self.erp_entities = {}, {}, {}, {}

    def new_id(self, kind):
        """An id for an object that is made while the sandbox runs."""
        self._numbers[kind] += 1
        return make_id(f"new-{kind}", self._numbers[kind])

    # -- the accounting seat -----------------------------------------------------------------------------------------

    @property
    def connection(self):
        """The active connection, whoever holds it."""
        return self.connections.first(lambda connection: connection.is_active)

    def add_connection(self, connection_type, name, created_at, **values):
        connection_id = values.pop("id", None) or self.new_id("connection")
        connection = self.connections.add(
            Connection(connection_id, connection_type, name, created_at, created_at, **values)
        )
        for kind, external_id in ((GL_ACCOUNT, "Category"), (ACCOUNTING_VENDOR, "Vendor")):
            self.add_field(connection, kind, external_id, external_id, created_at)
        return connection

    def add_field(self, connection, kind, external_id, name, created_at, **values):
        field_id = make_id(f"field/{connection.id}", external_id)
        return self.fields.add(
            Field(field_id, external_id, name, kind, connection.id, created_at, created_at, **values)
        )

    def field_of(self, connection, kind):
        return self.fields.first(
            lambda item: item.connection_id == connection.id and item.kind == kind and item.is_active
        )

    def add_option(self, option):
        self.option_index[option.field.id, option.external_id] = option
        return self.options.add(option)

    def find_option(self, field, external_id):
        return self.option_index.get((field.id, external_id))

    def find_accounting_vendor(self, external_id):
        """That of the active connection."""
        connection = self.connection
        return connection and self.find_option(self.field_of(connection, ACCOUNTING_VENDOR), external_id)

    def currency_of(self, entity_id):
        """In which an entity keeps its books and pays."""
        return next((entity["currency"] for entity in self.entities if entity["id"] == entity_id), "USD")

    # -- bills -------------------------------------------------------------------------------------------------------

    def add_bill(self, bill):
        self._bills_of.setdefault(bill.vendor.id, []).append(bill)
        return self.bills.add(bill)

    def bills_of(self, vendor_id):
        return self._bills_of.get(vendor_id, ())

    # -- documents ---------------------------------------------------------------------------------------------------

    def link(self, file_id):
        """A pre-signed, short-lived link to a document."""
        expires = int(time.time()) + self.link_seconds
        return f"{self.base_url}/files/{file_id}?expires={expires}&signature={self.link_signature(file_id, expires)}"

    @staticmethod
    def link_signature(file_id, expires):
        return hmac.new(LINK_KEY, f"{file_id}/{expires}".encode(), hashlib.sha256).hexdigest()

    def add_file(self, name, **values):
        return self.files.add(File(self.new_id("file"), name, **values))

    def content(self, file):
        """The document; an invoice of the data set is drawn when it is asked for."""
        if file.content:
            return file.content
        bill = self.bills.get(file.bill_id)
        head = [bill.vendor.name, f"Invoice {bill.invoice_number}", f"Date {bill.issued_at}   due {bill.due_at}", ""]
        lines = [f"{line.memo}   {major_units(line.amount, bill.currency)}" for line in bill.all_lines]
        return make_pdf([*head, *lines, "", f"Total {bill.currency} {major_units(bill.amount, bill.currency)}"])
