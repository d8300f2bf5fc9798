"""What goes between Ramp and Odoo, and which of Ramp's rows each flow takes."""

from ...core.flow import FlowSpec
from .wire import part, text

ACCOUNTING_READ = "accounting:read"
ACCOUNTING_WRITE = "accounting:write"
BILLS_READ = "bills:read"
VENDORS_READ = "vendors:read"
VENDORS_WRITE = "vendors:write"
ENTITIES_READ = "entities:read"
BUSINESS_READ = "business:read"
TRANSACTIONS_READ = "transactions:read"
REIMBURSEMENTS_READ = "reimbursements:read"
SPEND_RECEIPTS_READ = "receipts:read"
TRANSFERS_READ = "transfers:read"
CASHBACKS_READ = "cashbacks:read"
STATEMENTS_READ = "statements:read"
REPAYMENTS_READ = "repayments:read"
BILLS_WRITE = "bills:write"
ORDERS_READ = "purchase_orders:read"
ORDERS_WRITE = "purchase_orders:write"
RECEIPTS_READ = "item_receipts:read"
RECEIPTS_WRITE = "item_receipts:write"
USERS_READ = "users:read"
USERS_WRITE = "users:write"
DEPARTMENTS_READ = "departments:read"
DEPARTMENTS_WRITE = "departments:write"
LOCATIONS_READ = "locations:read"
LOCATIONS_WRITE = "locations:write"

SEAT = "accounting_connection"
"""Capability: Odoo is the accounting system of the Ramp business."""
PLUS = "purchase_orders"
"""Capability: the business has Ramp Plus, so there are purchase orders."""

SCOPES = (
    ACCOUNTING_READ,
    ACCOUNTING_WRITE,
    BILLS_READ,
    VENDORS_READ,
    VENDORS_WRITE,
    ENTITIES_READ,
    BUSINESS_READ,
    TRANSACTIONS_READ,
    REIMBURSEMENTS_READ,
    SPEND_RECEIPTS_READ,
    TRANSFERS_READ,
    CASHBACKS_READ,
    STATEMENTS_READ,
    REPAYMENTS_READ,
    BILLS_WRITE,
    ORDERS_READ,
    ORDERS_WRITE,
    RECEIPTS_READ,
    RECEIPTS_WRITE,
    USERS_READ,
    USERS_WRITE,
    DEPARTMENTS_READ,
    DEPARTMENTS_WRITE,
    LOCATIONS_READ,
    LOCATIONS_WRITE,
)
"""What the flows below and the connection check need."""

SPEND_OPTIONS = ("post_bills", "lock_date_policy", "start_date")

SPEND_FLOWS = (
    FlowSpec(
        key="orders",
        label="Purchase Orders",
        direction="pull",
        kind="purchase_order",
        sequence=25,
        scopes=(ORDERS_READ,),
        events=("purchase_orders.created", "purchase_orders.updated", "purchase_orders.archived"),
        active=False,
        options=("start_date", "order_product"),
        help="Reads the purchase orders that are made in Ramp (needs Ramp Plus). Orders made in Odoo never come back.",
    ),
    FlowSpec(
        key="credits",
        label="Vendor Credits",
        direction="pull",
        kind="credit",
        sequence=51,
        scopes=(VENDORS_READ,),
        options=SPEND_OPTIONS,
        help="Reads the vendor credits as credit notes.",
    ),
    FlowSpec(
        key="credit_applications",
        label="Vendor Credits on Bills",
        direction="pull",
        kind="application",
        sequence=52,
        scopes=(VENDORS_READ,),
        options=("start_date",),
        help="Reconciles credit notes with the bills that they were set off against in Ramp.",
    ),
    FlowSpec(
        key="transactions",
        label="Card Transactions",
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
        help="Reads the card transactions that are ready for the books as expenses, journal entries or vendor bills.",
    ),
    FlowSpec(
        key="reimbursements",
        label="Reimbursements",
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
        help="Reads reimbursements as vendor bills of the employees, with their payments.",
    ),
    FlowSpec(
        key="receipts",
        label="Receipts",
        direction="pull",
        kind="file",
        sequence=55,
        scopes=(SPEND_RECEIPTS_READ, TRANSACTIONS_READ, REIMBURSEMENTS_READ),
        events=("transactions.receipt_added",),
        help="Attaches receipts to expenses and reimbursements, also those that come later.",
    ),
    FlowSpec(
        key="cashbacks",
        label="Cashback",
        direction="pull",
        kind="cashback",
        sequence=56,
        scopes=(CASHBACKS_READ,),
        reports=True,
        relists=True,
        options=SPEND_OPTIONS,
        help="Books cashback as income that the card issuer owes.",
    ),
    FlowSpec(
        key="statements",
        label="Card Statements",
        direction="pull",
        kind="statement",
        sequence=57,
        interval=12 * 60,
        scopes=(STATEMENTS_READ, TRANSACTIONS_READ, CASHBACKS_READ),
        files="statement_files",
        options=SPEND_OPTIONS,
        help="Books each closed statement as a vendor bill of the card issuer. It clears the card account.",
    ),
    FlowSpec(
        key="statement_files",
        label="Statement Files",
        direction="pull",
        kind="file",
        sequence=58,
        scopes=(STATEMENTS_READ,),
        help="Attaches the statements to the bills of the card issuer.",
    ),
    FlowSpec(
        key="transfers",
        label="Statement Payments",
        direction="pull",
        kind="transfer",
        sequence=59,
        interval=4 * 60,
        scopes=(TRANSFERS_READ,),
        reports=True,
        relists=True,
        options=("lock_date_policy", "start_date"),
        help="Books what was paid to the card issuer, and reconciles it with the statements.",
    ),
    FlowSpec(
        key="repayments",
        label="Repayments",
        direction="pull",
        kind="repayment",
        sequence=60,
        interval=4 * 60,
        scopes=(REPAYMENTS_READ, TRANSACTIONS_READ),
        options=SPEND_OPTIONS,
        help="Books what employees pay back of card spend. Ramp takes no results of these.",
    ),
)

FLOWS = (
    FlowSpec(
        key="coding",
        label="Accounts, Dimensions and Taxes",
        direction="pull",
        kind="reference",
        sequence=10,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ,),
        help="Reads what bills are coded to in Ramp, so that it can be mapped before the first bill comes.",
    ),
    FlowSpec(
        key="vendors",
        label="Vendors",
        direction="pull",
        kind="vendor",
        sequence=20,
        scopes=(VENDORS_READ,),
        events=("vendors.activated", "vendors.approved", "vendors.updated"),
        options=("create_vendors", "conflict_policy", "vendor_change_policy"),
        help="Reads the vendors of Ramp's bill pay. What changed on both sides is merged.",
    ),
    FlowSpec(
        key="bills",
        label="Vendor Bills",
        direction="pull",
        kind="bill",
        sequence=30,
        scopes=(BILLS_READ,),
        reports=True,
        relists=True,
        events=("bills.ready_to_sync", "bills.approved", "bills.updated", "bills.archived"),
        files="bill_files",
        options=("post_bills", "lock_date_policy", "start_date", "create_vendors", "rate_tolerance"),
        help="Reads the bills that Ramp regards as ready for the books.",
    ),
    FlowSpec(
        key="bill_files",
        label="Invoice Files",
        direction="pull",
        kind="file",
        sequence=40,
        scopes=(BILLS_READ,),
        help="Attaches the invoices to the vendor bills.",
    ),
    FlowSpec(
        key="payments",
        label="Bill Payments",
        direction="pull",
        kind="payment",
        sequence=50,
        scopes=(BILLS_READ,),
        reports=True,
        relists=True,
        files="payment_files",
        events=("bills.paid",),
        options=("lock_date_policy", "start_date", "rate_tolerance"),
        help="Reads the payments of bills that are paid in full.",
    ),
    FlowSpec(
        key="payment_files",
        label="Proofs of Payment",
        direction="pull",
        kind="file",
        sequence=51,
        scopes=(BILLS_READ,),
        help="Attaches the remittance receipts, as PDF, to the payments that Ramp made.",
    ),
    FlowSpec(
        key="vendors_push",
        label="Vendors to Ramp",
        direction="push",
        kind="vendor",
        sequence=160,
        scopes=(VENDORS_READ, VENDORS_WRITE),
        watches="res.partner",
        active=False,
        options=("vendor_mode",),
        help="Creates the vendors of Odoo in Ramp and keeps their names, addresses and contacts current.",
    ),
    FlowSpec(
        key="results",
        label="Results to Ramp",
        direction="push",
        kind="result",
        sequence=70,
        scopes=(ACCOUNTING_WRITE, BILLS_READ),
        help="Tells Ramp which bills and payments are in the books, and why others are not.",
    ),
    # What Odoo sends, in the order in which one needs the other
    FlowSpec(
        key="accounts_push",
        label="Chart of Accounts to Ramp",
        direction="push",
        kind="account",
        sequence=105,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="account.account",
        active=False,
        batch=500,
        help="Ramp's users code to the accounts of Odoo. Archived accounts are hidden in Ramp.",
    ),
    FlowSpec(
        key="dimensions_push",
        label="Analytic Plans to Ramp",
        direction="push",
        kind="dimension",
        sequence=110,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="account.analytic.plan",
        active=False,
        help="Each analytic plan that has accounts becomes an accounting field in Ramp.",
    ),
    FlowSpec(
        key="dimension_values_push",
        label="Analytic Accounts to Ramp",
        direction="push",
        kind="dimension_value",
        sequence=120,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="account.analytic.account",
        active=False,
        batch=500,
        help="Each analytic account becomes an option of its plan's field. Archived ones are hidden in Ramp.",
    ),
    FlowSpec(
        key="companies_push",
        label="Companies to Ramp",
        direction="push",
        kind="company",
        # what the others send may be limited to it
        sequence=100,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="res.company",
        active=False,
        help="The company and its branches become accounting entities. Ramp's users then choose one when they code. "
        "What the other flows send is limited to them where the connection has an entity.",
    ),
    FlowSpec(
        key="taxes_push",
        label="Purchase Taxes to Ramp",
        direction="push",
        kind="tax",
        sequence=140,
        interval=24 * 60,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="account.tax",
        active=False,
        batch=50,
        help="Each purchase tax in percent becomes a tax rate and a tax code. Archived ones are taken away. Needs the "
        "flow of the chart of accounts.",
    ),
    FlowSpec(
        key="accounting_vendors_push",
        label="Vendors of the Books to Ramp",
        direction="push",
        kind="accounting_vendor",
        sequence=150,
        scopes=(ACCOUNTING_READ, ACCOUNTING_WRITE),
        needs=(SEAT,),
        watches="res.partner",
        active=False,
        batch=500,
        help="Ramp's list of the books' vendors, with which its own vendors are linked and card spend is coded.",
    ),
    FlowSpec(
        key="purchase_orders_push",
        label="Purchase Orders to Ramp",
        direction="push",
        kind="purchase_order",
        sequence=170,
        scopes=(VENDORS_READ,),
        watches="purchase.order",
        active=False,
        options=("purchase_order_mode", "start_date"),
        help="Confirmed orders become purchase orders of Ramp Plus, or draft bills where there is no Plus.",
    ),
    FlowSpec(
        key="order_files_push",
        label="PDFs of Purchase Orders to Ramp",
        direction="push",
        kind="outgoing_file",
        sequence=180,
        scopes=(BILLS_READ, BILLS_WRITE),
        follows="purchase_orders_push",
        active=False,
        help="Attaches the order's PDF to the draft bill that stands for it.",
    ),
    FlowSpec(
        key="receipts_push",
        label="Receipts of Goods to Ramp",
        direction="push",
        kind="goods_receipt",
        sequence=190,
        events=("item_receipts.created",),
        scopes=(ORDERS_READ, RECEIPTS_READ, RECEIPTS_WRITE),
        needs=(PLUS,),
        watches="stock.picking",
        active=False,
        options=("start_date",),
        help="What was received on an order, less what was returned. Ramp takes whole quantities only.",
    ),
    FlowSpec(
        key="bills_push",
        label="Vendor Bills to Ramp",
        direction="push",
        kind="own_bill",
        sequence=200,
        scopes=(VENDORS_READ, BILLS_READ, BILLS_WRITE),
        watches="account.move",
        active=False,
        options=("bill_mode", "start_date"),
        help="Posted bills that did not come from Ramp become drafts there, which people approve and pay.",
    ),
    FlowSpec(
        key="own_bill_files_push",
        label="Invoice Files to Ramp",
        direction="push",
        kind="outgoing_file",
        sequence=210,
        scopes=(BILLS_READ, BILLS_WRITE),
        follows="bills_push",
        active=False,
        help="Attaches the vendor's invoice to the bill that was sent.",
    ),
    FlowSpec(
        key="users_push",
        label="Employees to Ramp",
        direction="push",
        kind="employee",
        sequence=220,
        scopes=(USERS_READ, USERS_WRITE, DEPARTMENTS_READ, DEPARTMENTS_WRITE, LOCATIONS_READ, LOCATIONS_WRITE),
        watches="hr.employee",
        active=False,
        options=("invite_mode",),
        help="Employees become users of Ramp with department, location and manager. Archived ones are deactivated.",
    ),
)

FLOWS = tuple(sorted((*FLOWS, *SPEND_FLOWS), key=lambda flow: flow.sequence))

ONLY_FOR = {"transactions.synced": "transactions", "item_receipts.created": "receipts_push"}
"""Events that come with each of our own reports as well, by the only flow that they are for."""

EVENTS = tuple(dict.fromkeys(event for flow in FLOWS for event in flow.events))

CARD_METHODS = frozenset({"AUTOMATIC_CARD_PAYMENT", "CARD", "ONE_TIME_CARD", "ONE_TIME_CARD_DELIVERY"})

METHOD_NAMES = {
    "ACH": "ACH transfer",
    "CHECK": "Check",
    "CRYPTO_WALLET_TRANSFER": "Transfer of a crypto wallet",
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
"""How our ids of bills that we sent begin: a draft that is approved becomes another object in Ramp."""

SPEND = {
    "expense": "transaction",
    "reimbursement": "reimbursement",
    "transfer": "transfer",
    "cashback": "cashback",
}
"""By kind of record: the client's method that reads one."""

HELD, VENDOR_NOT_APPROVED = "ON_HOLD", "PENDING_VENDOR_APPROVAL"
"""What `status_summary` says of approved bills that Ramp does not pay."""

BILL_SYNCED = ("BILL_SYNCED", "BILL_AND_PAYMENT_SYNCED")
PAYMENT_SYNCED = ("BILL_AND_PAYMENT_SYNCED",)


def concerns_us(row, entity_id=""):
    """Whether a bill belongs to these books at all. Ramp ignores a filter that it does not know: so look again."""
    if row.get("enable_accounting_sync") is False:
        return False
    return not entity_id or text(row, "entity_id") == entity_id


def is_bill_due(row):
    """Whether a bill that Ramp regards as ready has yet to be booked."""
    return row.get("sync_status") not in BILL_SYNCED and not row.get("archived_at")


def is_bill_booked(row):
    """Whether Ramp was told that a bill is booked."""
    return row.get("sync_status") in BILL_SYNCED and not row.get("archived_at")


def is_booked_as(row, status):
    return row.get("sync_status") == status and not row.get("archived_at")


def is_lately(row, since):
    """Whether anything about a bill is of that day or later."""
    payment = row.get("payment")
    dates = [row.get(name) for name in ("created_at", "issued_at", "accounting_date", "posting_date", "paid_at")]
    dates += [payment.get("payment_date")] if isinstance(payment, dict) else []
    return max((str(value)[:10] for value in dates if value), default=since.isoformat()) >= since.isoformat()


def is_taken_back(row):
    """Whether a bill was archived after it had been booked."""
    return bool(row.get("archived_at")) and row.get("sync_status") in BILL_SYNCED


def is_payment_due(row):
    """Whether the payment of a bill that Ramp regards as ready has yet to be booked.

    A bill that was settled with vendor credits has no payment. One that was marked as paid in the accounting system has
    its payment there already.
    """
    return row.get("sync_status") not in PAYMENT_SYNCED and _is_paid_there(row)


def is_payment_booked(row):
    """Whether Ramp was told that the payment of a bill is booked."""
    return row.get("sync_status") in PAYMENT_SYNCED and _is_paid_there(row)


def _is_paid_there(row):
    if text(row, "status") != "PAID" or row.get("archived_at"):
        return False
    payment = part(row, "payment")
    if not payment or payment.get("payment_method") == "VENDOR_CREDIT":
        return False
    return part(payment, "details").get("manual_payment_method") != "PAID_IN_ERP"


def payment_key(payment_id, bill_id):
    """Ramp shows a payment inside each bill that it paid, so the pair is what is unique."""
    return f"{payment_id or 'unnumbered'}:{bill_id}"


def split_payment_key(key):
    """Payment and bill of a key; a bare bill id, as webhooks send it, has no payment."""
    payment_id, _colon, bill_id = key.rpartition(":")
    return payment_id, bill_id
