"""The flows between Ramp and Odoo, and the conditions for Ramp's rows in each flow."""

from ...core.flow import FlowSpec
from ...core.messages import _
from .drafts import BILL, DRAFT  # noqa: F401
from .scopes import (
    ACCOUNTING_READ,
    ACCOUNTING_WRITE,
    BILLS_READ,
    CASHBACKS_READ,
    ORDERS_READ,
    REIMBURSEMENTS_READ,
    REPAYMENTS_READ,
    SPEND_RECEIPTS_READ,
    STATEMENTS_READ,
    TRANSACTIONS_READ,
    TRANSFERS_READ,
    VENDORS_READ,
)
from .wire import part, text

SPEND_OPTIONS = ("post_bills", "lock_date_policy", "start_date")

SPEND_FLOWS = (
    FlowSpec(
        key="orders",
        label=_("Purchase Orders"),
        direction="pull",
        kind="purchase_order",
        sequence=25,
        scopes=(ORDERS_READ,),
        events=("purchase_orders.created", "purchase_orders.updated", "purchase_orders.archived"),
        active=False,
        options=("start_date", "order_product"),
        help=_("Reads purchase orders created in Ramp (requires Ramp Plus). Orders that Odoo sent are not read."),
    ),
    FlowSpec(
        key="credits",
        label=_("Vendor Credits"),
        direction="pull",
        kind="credit",
        sequence=51,
        scopes=(VENDORS_READ,),
        options=SPEND_OPTIONS,
        help=_("Reads vendor credits as credit notes."),
    ),
    FlowSpec(
        key="credit_applications",
        label=_("Vendor Credits on Bills"),
        direction="pull",
        kind="application",
        sequence=52,
        scopes=(VENDORS_READ,),
        options=("start_date",),
        help=_("Reconciles credit notes with the bills to which they were applied in Ramp."),
    ),
    FlowSpec(
        key="transactions",
        label=_("Card Transactions"),
        direction="pull",
        kind="expense",
        sequence=53,
        scopes=(TRANSACTIONS_READ,),
        reports=True,
        relists=True,
        events=(
            *("transactions.ready_to_sync", "transactions.cleared", "transactions.body_coding_updated"),
            *("transactions.all_requirements_met_and_approved_changed", "transactions.sync_requested"),
            "transactions.synced",
        ),
        files="receipts",
        options=(*SPEND_OPTIONS, "expense_mode", "create_vendors"),
        help=_("Reads card transactions that are ready to sync as expenses, journal entries or vendor bills."),
    ),
    FlowSpec(
        key="reimbursements",
        label=_("Reimbursements"),
        direction="pull",
        kind="reimbursement",
        sequence=54,
        scopes=(REIMBURSEMENTS_READ,),
        reports=True,
        relists=True,
        events=(
            *("reimbursements.ready_to_sync", "reimbursements.batch_payment_reimbursed"),
            "reimbursements.sync_requested",
        ),
        files="receipts",
        options=SPEND_OPTIONS,
        help=_("Reads reimbursements as vendor bills of the employees, with their payments."),
    ),
    FlowSpec(
        key="receipts",
        label=_("Receipts"),
        direction="pull",
        kind="file",
        sequence=55,
        scopes=(SPEND_RECEIPTS_READ, TRANSACTIONS_READ, REIMBURSEMENTS_READ),
        events=("transactions.receipt_added",),
        help=_("Attaches receipts to expenses and reimbursements, also later ones."),
    ),
    FlowSpec(
        key="cashbacks",
        label=_("Cashback"),
        direction="pull",
        kind="cashback",
        sequence=56,
        scopes=(CASHBACKS_READ,),
        reports=True,
        relists=True,
        options=SPEND_OPTIONS,
        help=_("Books cashback as income owed by the card issuer."),
    ),
    FlowSpec(
        key="statements",
        label=_("Card Statements"),
        direction="pull",
        kind="statement",
        sequence=57,
        interval=12 * 60,
        scopes=(STATEMENTS_READ, TRANSACTIONS_READ, CASHBACKS_READ),
        files="statement_files",
        options=SPEND_OPTIONS,
        help=_("Books each closed statement as a vendor bill of the card issuer. The bill clears the card account."),
    ),
    FlowSpec(
        key="statement_files",
        label=_("Statement Files"),
        direction="pull",
        kind="file",
        sequence=58,
        scopes=(STATEMENTS_READ,),
        help=_("Attaches the statements to the bills of the card issuer."),
    ),
    FlowSpec(
        key="transfers",
        label=_("Statement Payments"),
        direction="pull",
        kind="transfer",
        sequence=59,
        interval=4 * 60,
        scopes=(TRANSFERS_READ,),
        reports=True,
        relists=True,
        options=("lock_date_policy", "start_date"),
        help=_("Books payments to the card issuer and reconciles them with the statements."),
    ),
    FlowSpec(
        key="repayments",
        label=_("Repayments"),
        direction="pull",
        kind="repayment",
        sequence=60,
        interval=4 * 60,
        scopes=(REPAYMENTS_READ, TRANSACTIONS_READ),
        options=SPEND_OPTIONS,
        help=_("Books repayments of card transactions by employees. Ramp accepts no results for them."),
    ),
)

FLOWS = (
    FlowSpec(
        key="coding",
        label=_("Accounts, Dimensions and Taxes"),
        direction="pull",
        kind="reference",
        sequence=10,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ,),
        help=_("Reads the codes of Ramp, so that you can map them before the first bill arrives."),
    ),
    FlowSpec(
        key="vendors",
        label=_("Vendors"),
        direction="pull",
        kind="vendor",
        sequence=20,
        scopes=(VENDORS_READ,),
        events=("vendors.activated", "vendors.approved", "vendors.updated"),
        options=("create_vendors", "conflict_policy", "vendor_change_policy"),
        help=_("Reads the vendors of Ramp Bill Pay and merges changes of both sides."),
    ),
    FlowSpec(
        key="bills",
        label=_("Vendor Bills"),
        direction="pull",
        kind="bill",
        sequence=30,
        scopes=(BILLS_READ,),
        reports=True,
        relists=True,
        events=("bills.ready_to_sync", "bills.approved", "bills.updated", "bills.archived"),
        files="bill_files",
        options=("post_bills", "lock_date_policy", "start_date", "create_vendors", "rate_tolerance"),
        help=_("Reads bills that are ready to sync in Ramp."),
    ),
    FlowSpec(
        key="bill_files",
        label=_("Invoice Files"),
        direction="pull",
        kind="file",
        sequence=40,
        scopes=(BILLS_READ,),
        help=_("Attaches the invoices to the vendor bills."),
    ),
    FlowSpec(
        key="payments",
        label=_("Bill Payments"),
        direction="pull",
        kind="payment",
        sequence=50,
        scopes=(BILLS_READ,),
        reports=True,
        relists=True,
        files="payment_files",
        events=("bills.paid",),
        options=("lock_date_policy", "start_date", "rate_tolerance"),
        help=_("Reads the payments of fully paid bills."),
    ),
    FlowSpec(
        key="payment_files",
        label=_("Proofs of Payment"),
        direction="pull",
        kind="file",
        sequence=51,
        scopes=(BILLS_READ,),
        help=_("Attaches the remittance receipts (PDF) to the payments that Ramp made."),
    ),
    FlowSpec(
        key="results",
        label=_("Sync Status to Ramp"),
        direction="push",
        kind="result",
        sequence=70,
        scopes=(ACCOUNTING_WRITE, BILLS_READ),
        help=_("Reports to Ramp which records Odoo booked, and why it could not book others."),
    ),
)

FLOWS = tuple(sorted((*FLOWS, *SPEND_FLOWS), key=lambda flow: flow.sequence))

CARD_METHODS = frozenset({"AUTOMATIC_CARD_PAYMENT", "CARD", "ONE_TIME_CARD", "ONE_TIME_CARD_DELIVERY"})

METHOD_NAMES = {
    "ACH": "ACH transfer",
    "CHECK": "Check",
    "CRYPTO_WALLET_TRANSFER": "Crypto wallet transfer",
    "DOMESTIC_WIRE": "Domestic wire",
    "FED_NOW": "FedNow transfer",
    "INTERNATIONAL": "International transfer",
    "LOCAL_BANK_TRANSFER": "Local bank transfer",
    "PAID_MANUALLY": "Paid outside Ramp",
    "RTP": "Real-time payment",
    "SWIFT": "SWIFT transfer",
    "UNSPECIFIED": "Payment without a method",
}

SPEND = {
    "expense": "transaction",
    "reimbursement": "reimbursement",
    "transfer": "transfer",
    "cashback": "cashback",
}
"""By kind of record: the method of the client that reads one."""

HELD, VENDOR_NOT_APPROVED = "ON_HOLD", "PENDING_VENDOR_APPROVAL"
"""Values of `status_summary` of approved bills that Ramp does not pay."""

BILL_SYNCED = ("BILL_SYNCED", "BILL_AND_PAYMENT_SYNCED")
PAYMENT_SYNCED = ("BILL_AND_PAYMENT_SYNCED",)


def concerns_us(row, entity_id=""):
    """Whether a bill belongs to this connection. Ramp ignores unknown filters, so it is checked again."""
    if row.get("enable_accounting_sync") is False:
        return False
    return not entity_id or text(row, "entity_id") == entity_id


def is_bill_due(row):
    """Whether a bill that is ready to sync still has to be booked."""
    return row.get("sync_status") not in BILL_SYNCED and not row.get("archived_at")


def is_bill_booked(row):
    """Whether Ramp has marked a bill as synced."""
    return row.get("sync_status") in BILL_SYNCED and not row.get("archived_at")


def is_booked_as(row, status):
    return row.get("sync_status") == status and not row.get("archived_at")


def is_lately(row, since):
    """Whether any date of a bill is that day or later."""
    payment = row.get("payment")
    dates = [row.get(name) for name in ("created_at", "issued_at", "accounting_date", "posting_date", "paid_at")]
    dates += [payment.get("payment_date")] if isinstance(payment, dict) else []
    return max((str(value)[:10] for value in dates if value), default=since.isoformat()) >= since.isoformat()


def is_taken_back(row):
    """Whether a bill was archived after its sync."""
    return bool(row.get("archived_at")) and row.get("sync_status") in BILL_SYNCED


def is_payment_due(row):
    """Whether the payment of a bill that is ready to sync still has to be booked.

    A bill paid by vendor credits has no payment. A bill marked as paid in the accounting system already has its payment
    there.
    """
    return row.get("sync_status") not in PAYMENT_SYNCED and _is_paid_there(row)


def is_payment_booked(row):
    """Whether Ramp has marked the payment of a bill as synced."""
    return row.get("sync_status") in PAYMENT_SYNCED and _is_paid_there(row)


def _is_paid_there(row):
    if text(row, "status") != "PAID" or row.get("archived_at"):
        return False
    payment = part(row, "payment")
    if not payment or payment.get("payment_method") == "VENDOR_CREDIT":
        return False
    return part(payment, "details").get("manual_payment_method") != "PAID_IN_ERP"


def payment_key(payment_id, bill_id):
    """The ID of a payment: Ramp shows it in each paid bill, so only the pair of both is unique."""
    return f"{payment_id or 'unnumbered'}:{bill_id}"


def split_payment_key(key):
    """Payment and bill of a key; a bare bill ID, as in webhooks, has no payment."""
    payment_id, _colon, bill_id = key.rpartition(":")
    return payment_id, bill_id
