"""Flows of what documents are coded to: vendors and lists."""

from ...core.flow import FlowSpec
from .lists import ACCOUNT_LIST, FIELD_LISTS

VENDORS = "INVVEN"
LISTS, ITEMS = "spend.list.read", "spend.listitem.read"
ITEMS_WRITE, ITEMS_DELETE = "spend.listitem.write", "spend.listitem.delete"

MASTER_FLOWS = (
    FlowSpec(
        key="lists",
        label="Lists",
        direction="pull",
        kind="reference",
        sequence=10,
        interval=24 * 60,
        scopes=(LISTS, ITEMS),
        help="Reads the items of the lists that the connection names, so that they can be mapped before the first "
        "document comes.",
    ),
    FlowSpec(
        key="vendors",
        label="Vendors",
        direction="pull",
        kind="vendor",
        sequence=20,
        interval=12 * 60,
        scopes=(VENDORS,),
        options=("create_vendors", "conflict_policy", "vendor_change_policy"),
        help="Reads the approved vendors of Concur Invoice. Further addresses become contacts of the vendor. What "
        "changed on both sides is merged.",
    ),
    FlowSpec(
        key="vendors_push",
        label="Vendors to Concur",
        direction="push",
        kind="vendor",
        sequence=100,
        scopes=(VENDORS,),
        watches="res.partner",
        active=False,
        options=("send_bank_accounts", "group_tag_ids"),
        help="Makes the vendors of Odoo in Concur Invoice and keeps them current. Archived ones lose their approval.",
    ),
    FlowSpec(
        key="accounts_push",
        label="Chart of Accounts to Concur",
        direction="push",
        kind="account",
        sequence=110,
        interval=24 * 60,
        scopes=(LISTS, ITEMS, ITEMS_WRITE, ITEMS_DELETE),
        needs=(ACCOUNT_LIST,),
        watches="account.account",
        active=False,
        help="Keeps the accounts of Odoo as items of the list of accounts. Archived accounts are taken out of it.",
    ),
    FlowSpec(
        key="analytic_push",
        label="Analytic Accounts to Concur",
        direction="push",
        kind="list_value",
        sequence=120,
        interval=24 * 60,
        scopes=(LISTS, ITEMS, ITEMS_WRITE, ITEMS_DELETE),
        needs=(FIELD_LISTS,),
        watches="account.analytic.account",
        active=False,
        help="Keeps the analytic accounts of a plan as items of the list of its field. Mappings say which plan a field "
        "stands for.",
    ),
)
