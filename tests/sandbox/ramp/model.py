"""The objects of the Ramp sandbox, in Ramp's terms. Amounts are integers of the minor unit."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

GL_ACCOUNT, ACCOUNTING_VENDOR, CUSTOM = "GL_ACCOUNT", "MERCHANT", "OTHER"
TAX_CODE, INVENTORY_ITEM = "TAX_CODE", "INVENTORY_ITEM"
CARD_METHODS = ("CARD", "ONE_TIME_CARD", "ONE_TIME_CARD_DELIVERY", "AUTOMATIC_CARD_PAYMENT")


@dataclass
class Connection:
    """Who holds the accounting seat."""

    id: str
    connection_type: str
    remote_provider_name: str
    created_at: datetime
    last_linked_at: datetime
    is_active: bool = True
    settings: dict | None = None


@dataclass
class Field:
    """An accounting field: the built-in ones (GL account, vendor, tax code, inventory item) and custom ones."""

    id: str
    external_id: str
    name: str
    kind: str
    connection_id: str
    created_at: datetime
    updated_at: datetime
    display_name: str | None = None
    input_type: str = "SINGLE_CHOICE"
    is_splittable: bool = True
    is_required_for: list = field(default_factory=list)
    is_active: bool = True


@dataclass
class Option:
    """A value of a field: a GL account, an accounting vendor, a tax code or an option of a custom field."""

    id: str
    field: Field
    external_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    code: str = ""
    display_name: str | None = None
    classification: str | None = None
    entity_remote_ids: list | None = None
    tax_rate_ids: list = field(default_factory=list)
    gl_account_id: str | None = None
    is_active: bool = True
    visibility: str = "VISIBLE"


@dataclass
class TaxRate:
    """A tax rate; ``rate`` is a fraction."""

    id: str
    external_id: str
    name: str
    rate: Decimal
    connection_id: str
    gl_account_id: str | None = None
    is_active: bool = True


@dataclass
class Contact:
    id: str
    email: str
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    is_default: bool = True


@dataclass
class Vendor:
    """A bill-pay payee, not to be mixed up with an accounting vendor."""

    id: str
    name: str
    country: str
    created_at: datetime
    updated_at: datetime
    contacts: list
    state: str | None = None
    address: dict | None = None
    description: str | None = None
    external_vendor_id: str | None = None
    accounting_vendor_remote_id: str | None = None
    default_entity_id: str | None = None
    parent_vendor_id: str | None = None
    vendor_owner_id: str | None = None
    vendor_type: str = "BUSINESS"
    approval_status: str = "APPROVED"
    currency: str = "USD"
    is_active: bool = True
    bank_accounts: list = field(default_factory=list)


@dataclass
class Line:
    """A line of a bill, gross of tax; ``coding`` holds ids of options."""

    amount: int
    memo: str = ""
    coding: list = field(default_factory=list)
    purchase_order_line_item_id: str | None = None
    item_receipt_line_item_ids: list = field(default_factory=list)
    quantity: object = None
    unit_price: int | None = None
    gross: int = 0
    withheld: int = 0

    @property
    def payable(self):
        """What is to be paid now; whether the amount says that or the gross amount is not published."""
        return self.gross - self.withheld if self.withheld else self.amount


@dataclass
class Payment:
    """One payment; the bills that it pays share it, and ``amount`` is the whole of it."""

    id: str
    method: str
    amount: int
    currency: str
    payment_date: date
    reference: str
    details: dict
    trace_id: str | None = None


@dataclass
class Bill:
    """A bill, or a draft of one, which may miss almost everything."""

    id: str
    vendor: Vendor
    entity_id: str | None
    invoice_number: str | None
    currency: str
    issued_at: date | None
    due_at: date | None
    created_at: datetime
    lines: list
    owner: dict
    inventory_lines: list = field(default_factory=list)
    coding: list = field(default_factory=list)
    memo: str = ""
    vendor_memo: str = ""
    fx_conversion_rate: str | None = None  # that of its day
    posting_date: date | None = None
    approval_status: str = "APPROVED"
    status_summary: str = "PAYMENT_READY"
    sync_status: str = "NOT_SYNCED"
    enable_accounting_sync: bool = True
    remote_id: str | None = None
    payment: Payment | None = None
    payment_method: str | None = None
    paid_at: datetime | None = None
    archived_at: datetime | None = None
    purchase_order_ids: list = field(default_factory=list)
    item_receipt_ids: list = field(default_factory=list)
    file_ids: list = field(default_factory=list)
    draft_bill_id: str | None = None
    draft_bill_created_at: datetime | None = None
    applied_vendor_credits: list = field(default_factory=list)
    sync_error: str | None = None
    sync_reference: str | None = None
    deep_link_url: str | None = None
    is_withholding_release: bool | None = None

    @property
    def all_lines(self):
        return (*self.lines, *self.inventory_lines)

    @property
    def amount(self):
        return sum(line.payable for line in self.all_lines)

    @property
    def payment_date(self):
        return self.payment and self.payment.payment_date

    @property
    def status(self):
        return "PAID" if self.paid_at else "OPEN"

    @property
    def accounting_date(self):
        return self.posting_date or self.issued_at

    @property
    def sync_ready(self):
        """Whether ``sync_ready=true`` lists the bill (guide "ERP integrations": a bill is synced in two phases)."""
        if not self.enable_accounting_sync or self.archived_at or self.approval_status != "APPROVED":
            return False
        return self.sync_status == "NOT_SYNCED" or (self.sync_status == "BILL_SYNCED" and self.status == "PAID")


@dataclass
class File:
    """A document behind a short-lived, pre-signed link."""

    id: str
    name: str
    content: bytes = b""
    bill_id: str | None = None
    attachment_type: str = "INVOICE"
    mimetype: str = "application/pdf"
