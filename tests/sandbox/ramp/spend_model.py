"""Card spend and reimbursements of the Ramp sandbox. Amounts are integers of the minor unit."""

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(kw_only=True)
class Synced:
    """Something whose booking is reported; a base, so its fields are given by name."""

    sync_status: str = "SYNC_READY"
    synced_at: datetime | None = None
    sync_reference: str | None = None
    sync_error: str | None = None


@dataclass
class SpendLine:
    """A line in the currency of the merchant; ``converted`` is its share of the settled amount."""

    amount: int
    memo: str
    coding: list
    converted: int | None = None


@dataclass
class Transaction(Synced):
    """A card transaction; ``amount`` is what is settled, ``original_amount`` what the merchant charged.

    The lines are in the currency of the merchant; with ``converts`` they carry the settled amounts too.
    """

    id: str
    entity_id: str
    user_id: str
    merchant_id: str
    merchant_name: str
    amount: int
    currency: str
    original_amount: int
    original_currency: str
    time: datetime
    lines: list
    memo: str | None = None
    coding: list = field(default_factory=list)
    state: str = "CLEARED"
    statement_id: str | None = None
    receipts: list = field(default_factory=list)
    original_transaction_id: str | None = None
    converts: bool = False
    card_id: str | None = None
    updated_at: datetime | None = None

    @property
    def approved(self):
        return self.sync_status != "NOT_SYNC_READY"


@dataclass
class Reimbursement(Synced):
    """What the company owes a user, or the other way round."""

    id: str
    entity_id: str
    user_id: str
    amount: int
    currency: str
    merchant: str
    merchant_amount: int
    merchant_currency: str
    transaction_date: date
    created_at: datetime
    updated_at: datetime
    lines: list
    memo: str | None = None
    coding: list = field(default_factory=list)
    direction: str = "BUSINESS_TO_USER"
    type: str = "OUT_OF_POCKET"
    state: str = "REIMBURSED"
    paid_at: datetime | None = None
    payment_id: str | None = None
    receipts: list = field(default_factory=list)


@dataclass
class Transfer(Synced):
    """A payment of the card balance from the company's bank."""

    id: str
    entity_id: str
    amount: int
    currency: str
    created_at: datetime
    bank_account_id: str
    payment_id: str
    statement_id: str | None = None
    status: str = "COMPLETED"


@dataclass
class Cashback(Synced):
    id: str
    entity_id: str
    amount: int
    currency: str
    created_at: datetime
    statement_id: str | None = None


@dataclass
class Statement:
    """A month of the card; its lines only name transactions, transfers and cashbacks."""

    id: str
    entity_id: str
    currency: str
    start: datetime
    end: datetime
    opening: int
    charges: int
    credits: int
    payments: int
    lines: list
    file_id: str
    preceding_id: str | None = None

    @property
    def ending(self):
        return self.opening + self.charges - self.credits - self.payments


@dataclass
class Repayment:
    """An employee pays the company back."""

    id: str
    entity_id: str
    user_id: str
    amount: int
    currency: str
    original_transaction_id: str
    status: str = "REPAID"
    funding_method: str | None = "ach"
    repaid_at: datetime | None = None


@dataclass
class VendorCredit:
    """A credit of a vendor, in USD; ``applied`` holds bill id and amount."""

    id: str
    vendor_id: str
    entity_id: str
    reference_number: str
    accounting_date: date
    created_at: datetime
    lines: list
    applied: list = field(default_factory=list)

    @property
    def amount(self):
        return sum(line.amount for line in self.lines)

    @property
    def used(self):
        return sum(amount for _, amount in self.applied)


@dataclass
class Receipt:
    id: str
    user_id: str
    created_at: datetime
    file_id: str
    transaction_id: str | None = None
    reimbursement_id: str | None = None
