"""What goes between Visma.net and Odoo."""

from ..base import FlowSpec
from .webhook import ANYTHING

READ = "vismanet_erp_service_api:read"
CREATE = "vismanet_erp_service_api:create"
UPDATE = "vismanet_erp_service_api:update"
DELETE = "vismanet_erp_service_api:delete"
SCOPES = (READ, CREATE, UPDATE, DELETE)

FLOWS = (
    FlowSpec(
        key="coding",
        label="Accounts, Dimensions, VAT and Terms",
        direction="pull",
        kind="reference",
        sequence=10,
        interval=24 * 60,
        scopes=(READ,),
        events=("Account", "Dimension", "Segment", "Project", ANYTHING),
        help="Reads what records are coded to in Visma.net, so that it can be mapped before the first bill goes out.",
    ),
    FlowSpec(
        key="suppliers",
        label="Suppliers",
        direction="pull",
        kind="vendor",
        sequence=20,
        scopes=(READ,),
        events=("Supplier", ANYTHING),
        options=("create_vendors",),
        help="Reads the suppliers of Visma.net. Inactive ones are linked where Odoo has them and never created.",
    ),
    FlowSpec(
        key="suppliers_push",
        label="Vendors to Visma.net",
        direction="push",
        kind="vendor",
        sequence=100,
        scopes=(READ, CREATE, UPDATE),
        watches="res.partner",
        active=False,
        options=("vendor_mode",),
        help="Creates the vendors of Odoo as suppliers and keeps them current. Archived ones become inactive.",
    ),
    FlowSpec(
        key="purchase_orders_push",
        label="Purchase Orders to Visma.net",
        direction="push",
        kind="purchase_order",
        sequence=110,
        scopes=(READ, CREATE, UPDATE),
        watches="purchase.order",
        active=False,
        coded=True,
        options=("start_date",),
        carries=("purchase_order",),
        help="Confirmed orders become purchase orders, and change with them. Visma.net's API cannot cancel one.",
    ),
    FlowSpec(
        key="bills_push",
        label="Vendor Bills to Visma.net",
        direction="push",
        kind="bill",
        sequence=120,
        scopes=(READ, CREATE, UPDATE, DELETE),
        watches="account.move",
        active=False,
        coded=True,
        options=("start_date",),
        carries=("bill", "credit"),
        help="Posted vendor bills and credit notes become supplier invoices on hold. Their vendor goes first.",
    ),
    FlowSpec(
        key="bill_files_push",
        label="Attachments to Visma.net",
        direction="push",
        kind="outgoing_files",
        sequence=130,
        scopes=(READ, CREATE),
        follows="bills_push",
        active=False,
        help="Attaches the files of a vendor bill to its supplier invoice.",
    ),
    FlowSpec(
        key="bill_release_push",
        label="Release in Visma.net",
        direction="push",
        kind="release",
        sequence=140,
        scopes=(READ, CREATE, UPDATE),
        follows="bills_push",
        active=False,
        help="Releases supplier invoices to the ledger once their files are there. Without it they stay on hold.",
    ),
    FlowSpec(
        key="payment_status",
        label="Payment Status",
        direction="pull",
        kind="bill_status",
        sequence=150,
        scopes=(READ,),
        events=("AP Invoice", ANYTHING),
        help="Shows on the vendor bills of Odoo what became of them in Visma.net: open, partly paid, paid or void.",
    ),
    FlowSpec(
        key="payments",
        label="Payments",
        direction="pull",
        kind="payment",
        sequence=160,
        scopes=(READ,),
        events=("AP Invoice", ANYTHING),
        active=False,
        options=("lock_date_policy", "start_date"),
        help="Books the payments of these bills in Odoo too. Only for those who keep the bank in both.",
    ),
)

EVENTS = tuple(dict.fromkeys(event for flow in FLOWS for event in flow.events))
