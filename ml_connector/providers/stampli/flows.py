"""Stampli's flows and the default templates of its files.

Stampli agrees on its file format with each customer, so these templates are defaults and can be changed on the
connection.
"""

from ...core.flow import ColumnSpec as Column
from ...core.flow import FeedSpec, FlowSpec
from ...core.messages import _

DIMENSIONS = ("Department", "Location", "Class", "Project")
DAILY = 4.0
_BOOKING = ("post_bills", "lock_date_policy", "start_date")

FLOWS = (
    FlowSpec(
        key="gl_accounts",
        label=_("GL Accounts"),
        direction="push",
        kind="feed_file",
        feed="out",
        sequence=10,
        daily_hour=DAILY,
        help=_("Sends the accounts that invoices may be coded to."),
    ),
    FlowSpec(
        key="dimensions",
        label=_("Dimensions"),
        direction="push",
        kind="feed_file",
        feed="out",
        sequence=20,
        daily_hour=DAILY,
        help=_("Sends analytic accounts as departments, locations, classes and projects."),
    ),
    FlowSpec(
        key="vendors",
        label=_("Vendors"),
        direction="push",
        kind="feed_file",
        feed="out",
        sequence=30,
        daily_hour=DAILY,
        help=_("Sends vendors without their bank accounts."),
    ),
    FlowSpec(
        key="purchase_orders",
        label=_("Purchase Orders"),
        direction="push",
        kind="feed_file",
        feed="out",
        sequence=40,
        daily_hour=DAILY,
        after=("gl_accounts", "dimensions", "vendors"),
        help=_("Sends confirmed purchase orders with all their lines."),
    ),
    FlowSpec(
        key="purchase_receipts",
        label=_("Goods Receipts"),
        direction="push",
        kind="feed_file",
        feed="out",
        sequence=50,
        daily_hour=DAILY,
        after=("vendors", "purchase_orders"),
        help=_("Sends receipts and returns of goods, which Stampli matches with invoices."),
    ),
    FlowSpec(
        key="files",
        label=_("Files from Stampli"),
        direction="pull",
        kind="feed_file",
        feed="inbox",
        relists=True,
        sequence=60,
        interval=15,
        help=_("Checks for new files, processes and archives them."),
    ),
    FlowSpec(
        key="invoices",
        label=_("Invoices"),
        direction="pull",
        kind="bill",
        feed="in",
        sequence=70,
        interval=15,
        files="invoice_files",
        options=_BOOKING,
        help=_("Books approved invoices and credit memos as vendor bills and credit notes."),
    ),
    FlowSpec(
        key="invoice_files",
        label=_("Invoice Documents"),
        direction="pull",
        kind="file",
        feed="in",
        sequence=80,
        interval=15,
        help=_("Attaches the documents in the export to their bills."),
    ),
    FlowSpec(
        key="payments",
        label=_("Payments"),
        direction="pull",
        kind="payment",
        feed="in",
        sequence=90,
        interval=15,
        options=("lock_date_policy",),
        help=_("Books payments made in Stampli and reconciles them with their bills."),
    ),
    FlowSpec(
        key="payment_status",
        label=_("Payment Status"),
        direction="push",
        kind="feed_file",
        feed="out",
        sequence=100,
        daily_hour=DAILY,
        active=False,
        at_stake=_("Until Stampli receives the payment status, its users may pay the invoice a second time."),
        help=_("Sends the payment status of Stampli's invoices in Odoo. Only if you do not pay in Stampli."),
    ),
)

_COMPANY = Column(label="CompanyId", name="company", expression="company_code")
_UPDATED = Column(label="UpdatedAt", path="write_date", type="datetime")
_FILE_NAME = "{company}_{feed}_{mode}_{time}_{number}.{ext}"


def _vendor(path):
    return Column(label="VendorId", expression="code", argument=path, type="code", required=True)


def _analytics():
    return tuple(
        Column(label=name, expression="analytic", argument=name, type="code", on_line=True) for name in DIMENSIONS
    )


VENDORS = FeedSpec(
    flow="vendors",
    entity="vendors",
    model="res.partner",
    domain="[('supplier_rank', '>', 0), ('parent_id', '=', False)]",
    folder="inbound",
    file_name=_FILE_NAME,
    document_element="Vendor",
    root_element="StampliImport",
    columns=(
        _COMPANY,
        Column(label="VendorId", name="id", expression="code", type="code", required=True),
        Column(label="VendorName", name="name", path="name", required=True),
        Column(label="LegalName"),
        Column(label="TaxId", path="vat", type="code"),
        Column(label="Email", path="email", type="code"),
        Column(label="Phone", path="phone", type="code"),
        Column(label="Street", path="street"),
        Column(label="Street2", path="street2"),
        Column(label="City", path="city"),
        Column(label="State", path="state_id.code", type="code"),
        Column(label="PostalCode", path="zip", type="code"),
        Column(label="Country", path="country_id.code", type="code"),
        Column(
            label="Currency", expression="or_company_currency", argument="property_purchase_currency_id", type="code"
        ),
        Column(label="PaymentTerms", path="property_supplier_payment_term_id.name"),
        Column(label="DefaultGLAccount", type="code"),
        Column(label="Active", name="active", expression="is_active", type="boolean"),
        _UPDATED,
    ),
)

GL_ACCOUNTS = FeedSpec(
    flow="gl_accounts",
    entity="gl_accounts",
    model="account.account",
    domain=(
        "[('account_type', 'in', ('expense', 'expense_other', 'expense_depreciation', 'expense_direct_cost',"
        " 'asset_prepayments', 'asset_fixed', 'asset_current', 'asset_non_current'))]"
    ),
    folder="inbound",
    file_name=_FILE_NAME,
    document_element="GLAccount",
    root_element="StampliImport",
    columns=(
        _COMPANY,
        Column(label="AccountCode", name="id", path="code", type="code", required=True),
        Column(label="AccountName", name="name", path="name", required=True),
        Column(label="AccountType", path="account_type", type="code"),
        Column(label="Active", name="active", expression="is_active", type="boolean"),
        _UPDATED,
    ),
)

DIMENSIONS_FEED = FeedSpec(
    flow="dimensions",
    entity="dimensions",
    model="account.analytic.account",
    folder="inbound",
    file_name=_FILE_NAME,
    document_element="DimensionValue",
    root_element="StampliImport",
    columns=(
        _COMPANY,
        Column(label="Dimension", expression="dimension", required=True),
        Column(label="ValueCode", name="id", expression="analytic_code", type="code", required=True),
        Column(label="ValueName", name="name", path="name", required=True),
        Column(label="ParentCode", type="code"),
        Column(label="Active", name="active", expression="is_active", type="boolean"),
        _UPDATED,
    ),
)

PURCHASE_ORDERS = FeedSpec(
    flow="purchase_orders",
    entity="purchase_orders",
    model="purchase.order",
    lines="order_line",
    lines_domain="[('display_type', '=', False)]",
    domain="[('state', '=', 'purchase'), ('invoice_status', '!=', 'invoiced')]",
    folder="inbound",
    file_name=_FILE_NAME,
    document_element="PurchaseOrder",
    root_element="StampliImport",
    columns=(
        _COMPANY,
        Column(label="PONumber", name="id", path="name", type="code", required=True),
        Column(label="PODate", expression="order_date", type="date"),
        _vendor("partner_id"),
        Column(label="VendorName", path="partner_id.name"),
        Column(label="Currency", path="currency_id.name", type="code", required=True),
        Column(label="POStatus", name="status", expression="order_status", type="code", required=True),
        Column(label="PaymentTerms", path="payment_term_id.name"),
        Column(label="Buyer", path="user_id.name"),
        Column(label="POTotal", path="amount_untaxed", type="decimal", decimals=2),
        Column(label="LineId", expression="own_id", type="code", on_line=True, required=True),
        Column(label="LineNumber", expression="line_number", type="code", on_line=True),
        Column(label="ItemCode", path="product_id.default_code", type="code", on_line=True),
        Column(label="LineDescription", path="name", on_line=True),
        Column(label="Quantity", path="product_qty", type="decimal", on_line=True, required=True),
        Column(label="UnitOfMeasure", path="product_uom_id.name", on_line=True),
        Column(label="UnitPrice", expression="net_unit_price", type="decimal", on_line=True, required=True),
        Column(label="LineAmount", path="price_subtotal", type="decimal", decimals=2, on_line=True),
        Column(label="QuantityReceived", path="qty_received", type="decimal", on_line=True),
        Column(label="QuantityBilled", path="qty_invoiced", type="decimal", on_line=True),
        Column(label="TaxCode", expression="tax_code", type="code", on_line=True),
        Column(label="GLAccount", expression="expense_account", type="code", on_line=True),
        *_analytics(),
        Column(label="LineStatus", expression="line_status", type="code", on_line=True),
        Column(label="UpdatedAt", path="write_date", type="datetime", on_line=True),
    ),
)

PURCHASE_RECEIPTS = FeedSpec(
    flow="purchase_receipts",
    entity="purchase_receipts",
    model="stock.picking",
    lines="move_ids",
    lines_domain="[('purchase_line_id', '!=', False)]",
    domain="[('state', '=', 'done'), ('move_ids.purchase_line_id', '!=', False)]",
    folder="inbound",
    file_name=_FILE_NAME,
    document_element="Receipt",
    root_element="StampliImport",
    columns=(
        _COMPANY,
        Column(label="ReceiptNumber", name="id", path="name", type="code", required=True),
        Column(label="ReceiptDate", path="date_done", type="date", required=True),
        Column(
            label="VendorId",
            expression="code",
            argument="purchase_line_id.order_id.partner_id",
            type="code",
            on_line=True,
            required=True,
        ),
        Column(label="PONumber", path="purchase_line_id.order_id.name", type="code", on_line=True),
        Column(label="POLineId", expression="own_id", argument="purchase_line_id", type="code", on_line=True),
        Column(label="POLineNumber", expression="order_line_number", type="code", on_line=True),
        Column(label="ReceiptLineId", expression="own_id", type="code", on_line=True, required=True),
        Column(label="ItemCode", path="product_id.default_code", type="code", on_line=True),
        Column(label="QuantityReceived", expression="received_quantity", type="decimal", on_line=True, required=True),
        Column(label="UnitOfMeasure", path="product_uom.name", on_line=True),
        Column(label="ReceiptStatus", path="state", type="code"),
        Column(label="UpdatedAt", path="write_date", type="datetime", on_line=True),
    ),
)

PAYMENT_STATUS = FeedSpec(
    flow="payment_status",
    entity="payment_status",
    model="account.move",
    domain=(
        "[('move_type', 'in', ('in_invoice', 'in_refund')), ('state', '=', 'posted'),"
        " ('payment_state', 'in', ('paid', 'in_payment', 'partial', 'reversed'))]"
    ),
    folder="inbound",
    file_name=_FILE_NAME,
    document_element="PaymentStatus",
    root_element="StampliImport",
    columns=(
        _COMPANY,
        Column(
            label="StampliInvoiceId", name="id", expression="remote_id", argument="bill", type="code", required=True
        ),
        Column(label="InvoiceNumber", path="ref", type="code"),
        _vendor("commercial_partner_id"),
        Column(label="Currency", path="currency_id.name", type="code"),
        Column(label="TotalAmount", path="amount_total", type="decimal", decimals=2),
        Column(label="OpenAmount", path="amount_residual", type="decimal", decimals=2),
        Column(label="PaymentStatus", name="status", path="payment_state", type="code", required=True),
        _UPDATED,
    ),
)

_STATUSES = ("APPROVED", "EXPORTED", "VOIDED", "CANCELLED")

INVOICES = FeedSpec(
    flow="invoices",
    entity="invoices",
    folder="outbound",
    archive_folder="outbound/processed",
    file_name=r"invoices.*\.csv",
    document_element="Invoice",
    root_element="StampliExport",
    statuses=_STATUSES,
    columns=(
        Column(label="CompanyId", name="company", type="code", required=True),
        Column(label="StampliInvoiceId", name="id", type="code", required=True),
        Column(label="DocumentType", name="type", type="code"),
        Column(label="InvoiceNumber", name="number", type="code"),
        Column(label="VendorId", name="vendor", type="code"),
        Column(label="VendorName", name="vendor_name"),
        Column(label="InvoiceDate", name="date", type="date", required=True),
        Column(label="DueDate", name="due_date", type="date"),
        Column(label="PostingDate", name="posting_date", type="date"),
        Column(label="Currency", name="currency", type="code", required=True),
        Column(label="NetAmount", name="net", type="decimal"),
        Column(label="TaxAmount", name="tax", type="decimal"),
        Column(label="TotalAmount", name="total", type="decimal", required=True),
        Column(label="PaymentTerms", name="terms"),
        Column(label="PONumber", name="order", type="code"),
        Column(label="Status", name="status", type="code"),
        Column(label="ApprovedBy", name="approved_by"),
        Column(label="ApprovedAt", name="approved_at", type="datetime"),
        Column(label="Memo", name="memo"),
        Column(label="PaymentReference", name="payment_reference"),
        Column(label="DocumentUrl", name="url"),
        Column(label="DocumentFile", name="file", type="code"),
        Column(label="LineNumber", name="line_number", type="code", on_line=True, required=True),
        Column(label="LineType", name="line_type", type="code", on_line=True),
        Column(label="GLAccount", name="account", type="code", on_line=True),
        Column(label="ItemCode", name="item", type="code", on_line=True),
        Column(label="LineDescription", name="description", on_line=True),
        Column(label="Quantity", name="quantity", type="decimal", on_line=True),
        Column(label="UnitPrice", name="unit_price", type="decimal", on_line=True),
        Column(label="LineAmount", name="amount", type="decimal", on_line=True, required=True),
        Column(label="TaxCode", name="tax_code", type="code", on_line=True),
        Column(label="LineTaxAmount", name="line_tax", type="decimal", on_line=True),
        Column(label="LinePONumber", name="line_order", type="code", on_line=True),
        Column(label="POLineId", name="order_line", type="code", on_line=True),
        *(Column(label=name, name=f"dimension.{name}", type="code", on_line=True) for name in DIMENSIONS),
    ),
)

PAYMENTS = FeedSpec(
    flow="payments",
    entity="payments",
    folder="outbound",
    archive_folder="outbound/processed",
    file_name=r"payments.*\.csv",
    document_element="Payment",
    root_element="StampliExport",
    statuses=("PAID", "VOIDED"),
    columns=(
        Column(label="CompanyId", name="company", type="code", required=True),
        Column(label="PaymentId", name="id", type="code", required=True),
        Column(label="PaymentStatus", name="status", type="code", required=True),
        Column(label="PaymentDate", name="date", type="date", required=True),
        Column(label="PaymentMethod", name="method", type="code"),
        Column(label="PaymentReference", name="reference", type="code"),
        Column(label="VendorId", name="vendor", type="code", required=True),
        Column(label="VendorName", name="vendor_name"),
        Column(label="Currency", name="currency", type="code", required=True),
        Column(label="PaymentAmount", name="amount", type="decimal", required=True),
        Column(label="BankAccountCode", name="bank", type="code"),
        Column(label="ExchangeRate", name="rate", type="decimal"),
        Column(label="StampliInvoiceId", name="invoice", type="code", on_line=True),
        Column(label="InvoiceNumber", name="number", type="code", on_line=True),
        Column(label="AppliedAmount", name="applied", type="decimal", on_line=True, required=True),
        Column(label="DiscountTaken", name="discount", type="decimal", on_line=True),
        Column(label="ClearedDate", name="cleared", type="date"),
        Column(label="UpdatedAt", name="updated", type="datetime"),
    ),
)

FEEDS = (
    GL_ACCOUNTS, DIMENSIONS_FEED, VENDORS, PURCHASE_ORDERS, PURCHASE_RECEIPTS, INVOICES, PAYMENTS, PAYMENT_STATUS,
)  # fmt: skip
