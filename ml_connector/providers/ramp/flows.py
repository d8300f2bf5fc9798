"""The flows between Ramp and Odoo, and the conditions for Ramp's rows in each flow."""

from ...core.flow import FlowSpec
from ...core.messages import _
from .scopes import (
    ACCOUNTING_READ,
    ACCOUNTING_WRITE,
    BILLS_READ,
    BILLS_WRITE,
    CASHBACKS_READ,
    DEPARTMENTS_READ,
    DEPARTMENTS_WRITE,
    LOCATIONS_READ,
    LOCATIONS_WRITE,
    ORDERS_READ,
    PLUS,
    RECEIPTS_READ,
    RECEIPTS_WRITE,
    REIMBURSEMENTS_READ,
    REPAYMENTS_READ,
    SEAT,
    SPEND_RECEIPTS_READ,
    STATEMENTS_READ,
    TRANSACTIONS_READ,
    TRANSFERS_READ,
    USERS_READ,
    USERS_WRITE,
    VENDORS_READ,
    VENDORS_WRITE,
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
        key="vendors_push",
        label=_("Vendors to Ramp"),
        direction="push",
        kind="vendor",
        sequence=160,
        scopes=(VENDORS_READ, VENDORS_WRITE),
        watches="res.partner",
        active=False,
        options=("vendor_mode",),
        help=_("Creates and updates Odoo's vendors in Ramp."),
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
    # From Odoo, in the order of their dependencies
    FlowSpec(
        key="accounts_push",
        label=_("Chart of Accounts to Ramp"),
        direction="push",
        kind="account",
        sequence=105,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="account.account",
        active=False,
        batch=500,
        help=_("Creates and updates Odoo's accounts in Ramp for coding. Archived accounts are hidden in Ramp."),
    ),
    FlowSpec(
        key="dimensions_push",
        label=_("Analytic Plans to Ramp"),
        direction="push",
        kind="dimension",
        sequence=110,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="account.analytic.plan",
        active=False,
        help=_("Creates an accounting field in Ramp for each analytic plan that has accounts."),
    ),
    FlowSpec(
        key="dimension_values_push",
        label=_("Analytic Accounts to Ramp"),
        direction="push",
        kind="dimension_value",
        sequence=120,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="account.analytic.account",
        active=False,
        batch=500,
        help=_("Creates an option of its plan's field for each analytic account. Archived ones are hidden in Ramp."),
    ),
    FlowSpec(
        key="companies_push",
        label=_("Companies to Ramp"),
        direction="push",
        kind="company",
        # other sent records may be limited to it
        sequence=100,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="res.company",
        active=False,
        help=_(
            "Creates an accounting entity in Ramp for the company and each of its branches. Users of Ramp choose one"
            " when they code. If the connection has an entity, the records of the other flows are limited to these"
            " companies."
        ),
    ),
    FlowSpec(
        key="taxes_push",
        label=_("Purchase Taxes to Ramp"),
        direction="push",
        kind="tax",
        sequence=140,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="account.tax",
        active=False,
        batch=50,
        help=_(
            "Creates a tax rate and a tax code in Ramp for each purchase tax in percent, and removes archived ones."
            " Requires the flow Chart of Accounts to Ramp."
        ),
    ),
    FlowSpec(
        key="accounting_vendors_push",
        label=_("Accounting Vendors to Ramp"),
        direction="push",
        kind="accounting_vendor",
        sequence=150,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="res.partner",
        active=False,
        batch=500,
        help=_(
            "Sends vendors to Ramp's list of accounting vendors, for coding card transactions and linking Ramp's"
            " vendors."
        ),
    ),
    FlowSpec(
        key="purchase_orders_push",
        label=_("Purchase Orders to Ramp"),
        direction="push",
        kind="purchase_order",
        sequence=170,
        scopes=(VENDORS_READ,),
        watches="purchase.order",
        active=False,
        options=("purchase_order_mode", "start_date"),
        help=_("Sends confirmed orders as purchase orders of Ramp Plus, or as draft bills without Ramp Plus."),
    ),
    FlowSpec(
        key="order_files_push",
        label=_("Purchase Order PDFs to Ramp"),
        direction="push",
        kind="outgoing_file",
        sequence=180,
        scopes=(BILLS_READ, BILLS_WRITE),
        follows="purchase_orders_push",
        active=False,
        help=_("Attaches the PDF of a purchase order to its draft bill."),
    ),
    FlowSpec(
        key="receipts_push",
        label=_("Goods Receipts to Ramp"),
        direction="push",
        kind="goods_receipt",
        sequence=190,
        events=("item_receipts.created",),
        scopes=(ORDERS_READ, RECEIPTS_READ, RECEIPTS_WRITE),
        needs=(PLUS,),
        watches="stock.picking",
        active=False,
        options=("start_date",),
        help=_("Sends received quantities less returns. Ramp accepts whole quantities only."),
    ),
    FlowSpec(
        key="bills_push",
        label=_("Vendor Bills to Ramp"),
        direction="push",
        kind="own_bill",
        sequence=200,
        scopes=(VENDORS_READ, BILLS_READ, BILLS_WRITE),
        watches="account.move",
        active=False,
        options=("bill_mode", "start_date"),
        help=_("Sends posted bills that did not come from Ramp. Users of Ramp approve and pay them."),
    ),
    FlowSpec(
        key="own_bill_files_push",
        label=_("Invoice Files to Ramp"),
        direction="push",
        kind="outgoing_file",
        sequence=210,
        scopes=(BILLS_READ, BILLS_WRITE),
        follows="bills_push",
        active=False,
        help=_("Attaches the invoice to the sent bill."),
    ),
    FlowSpec(
        key="users_push",
        label=_("Employees to Ramp"),
        direction="push",
        kind="employee",
        sequence=220,
        scopes=(USERS_READ, USERS_WRITE, DEPARTMENTS_READ, DEPARTMENTS_WRITE, LOCATIONS_READ, LOCATIONS_WRITE),
        watches="hr.employee",
        active=False,
        options=("invite_mode",),
        help=_("Creates users with department, location and manager in Ramp. Archived employees are deactivated."),
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

DRAFT, BILL = "draft:", "bill:"
"""Prefixes of the IDs of sent bills: an approved draft becomes another object in Ramp."""

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
