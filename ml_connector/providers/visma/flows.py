"""The flows between Visma.net and Odoo."""

from ...core.flow import FlowSpec
from ...core.messages import _
from .webhook import ANYTHING

READ = "vismanet_erp_service_api:read"
CREATE = "vismanet_erp_service_api:create"
UPDATE = "vismanet_erp_service_api:update"
DELETE = "vismanet_erp_service_api:delete"
SCOPES = (READ, CREATE, UPDATE, DELETE)

FLOWS = (
    FlowSpec(
        key="coding",
        label=_("Accounts, Dimensions, VAT and Terms"),
        direction="pull",
        kind="reference",
        sequence=10,
        interval=24 * 60,
        scopes=(READ,),
        events=("Account", "Dimension", "Segment", "Project", ANYTHING),
        help=_("Reads the codes of Visma.net, so that you can map them before Odoo sends the first bill."),
    ),
    FlowSpec(
        key="suppliers",
        label=_("Suppliers"),
        direction="pull",
        kind="vendor",
        sequence=20,
        scopes=(READ,),
        events=("Supplier", ANYTHING),
        options=("create_vendors", "conflict_policy", "vendor_change_policy"),
        help=_(
            "Reads the suppliers of Visma.net. Odoo links inactive suppliers that it has, but does not create them."
        ),
    ),
    FlowSpec(
        key="accounts_push",
        label=_("Accounts to Visma.net"),
        direction="push",
        kind="account",
        sequence=80,
        scopes=(READ, CREATE),
        active=False,
        help=_("Creates accounts in Visma.net when you click Create in Visma.net in the mappings."),
    ),
    FlowSpec(
        key="analytics_push",
        label=_("Cost Centers and Projects to Visma.net"),
        direction="push",
        kind="list_value",
        sequence=90,
        scopes=(READ, CREATE, UPDATE),
        active=False,
        help=_(
            "Creates analytic accounts in Visma.net when you click Create in Visma.net in the mappings. They become "
            "projects or values of a segment, depending on the mapping of their plan."
        ),
    ),
    FlowSpec(
        key="suppliers_push",
        label=_("Vendors to Visma.net"),
        direction="push",
        kind="vendor",
        sequence=100,
        scopes=(READ, CREATE, UPDATE),
        watches="res.partner",
        active=False,
        options=("vendor_mode", "number_source"),
        help=_("Creates and updates Odoo's vendors as suppliers in Visma.net. Archived vendors become inactive."),
    ),
    FlowSpec(
        key="purchase_orders_push",
        label=_("Purchase Orders to Visma.net"),
        direction="push",
        kind="purchase_order",
        sequence=110,
        scopes=(READ, CREATE, UPDATE),
        watches="purchase.order",
        active=False,
        coded=True,
        options=("start_date", "number_source"),
        carries=("purchase_order",),
        help=_("Creates and updates confirmed purchase orders in Visma.net. Its API cannot cancel purchase orders."),
    ),
    FlowSpec(
        key="receipts_push",
        label=_("Goods Receipts to Visma.net"),
        direction="push",
        kind="goods_receipt",
        sequence=115,
        scopes=(READ, CREATE, UPDATE),
        watches="stock.picking",
        active=False,
        options=("start_date",),
        help=_("Creates goods receipts of purchase orders that exist in Visma.net. Enter returns there manually."),
    ),
    FlowSpec(
        key="bills_push",
        label=_("Vendor Bills to Visma.net"),
        direction="push",
        kind="bill",
        sequence=120,
        scopes=(READ, CREATE, UPDATE, DELETE),
        watches="account.move",
        active=False,
        coded=True,
        options=("start_date", "number_source"),
        carries=("bill", "credit"),
        help=_(
            "Creates posted vendor bills and credit notes as supplier invoices on hold. Odoo sends their vendor first."
        ),
    ),
    FlowSpec(
        key="bill_files_push",
        label=_("Attachments to Visma.net"),
        direction="push",
        kind="outgoing_files",
        sequence=130,
        scopes=(READ, CREATE),
        follows="bills_push",
        active=False,
        options=("attachment_mode",),
        help=_("Attaches the files of a vendor bill to its supplier invoice."),
    ),
    FlowSpec(
        key="bill_release_push",
        label=_("Release in Visma.net"),
        direction="push",
        kind="release",
        sequence=140,
        scopes=(READ, CREATE, UPDATE),
        follows="bills_push",
        active=False,
        help=_(
            "Releases supplier invoices to the ledger once their files are attached. Without it, they stay on hold."
        ),
    ),
    FlowSpec(
        key="payment_status",
        label=_("Payment Status"),
        direction="pull",
        kind="bill_status",
        sequence=150,
        scopes=(READ,),
        events=("AP Invoice", ANYTHING),
        help=_("Shows on Odoo's vendor bills whether they are open, partially paid, paid or voided in Visma.net."),
    ),
    FlowSpec(
        key="payments",
        label=_("Payments"),
        direction="pull",
        kind="payment",
        sequence=160,
        scopes=(READ,),
        events=("AP Invoice", ANYTHING),
        active=False,
        options=("lock_date_policy", "start_date"),
        help=_("Books the payments of these bills in Odoo too. Only if you keep the bank accounts in both systems."),
    ),
)

EVENTS = tuple(dict.fromkeys(event for flow in FLOWS for event in flow.events))
