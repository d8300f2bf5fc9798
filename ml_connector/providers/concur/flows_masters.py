"""The flows of vendors and of the lists whose items documents are coded with."""

from ...core.flow import FlowSpec
from ...core.messages import _
from .lists import ACCOUNT_LIST, FIELD_LISTS

VENDORS = "INVVEN"
LISTS, ITEMS = "spend.list.read", "spend.listitem.read"
ITEMS_WRITE, ITEMS_DELETE = "spend.listitem.write", "spend.listitem.delete"

MASTER_FLOWS = (
    FlowSpec(
        key="lists",
        label=_("Lists"),
        direction="pull",
        kind="reference",
        sequence=10,
        interval=24 * 60,
        scopes=(LISTS, ITEMS),
        help=_(
            "Reads the items of the lists named on the connection, so that you can map them before the first document."
        ),
    ),
    FlowSpec(
        key="vendors",
        label=_("Vendors"),
        direction="pull",
        kind="vendor",
        sequence=20,
        interval=12 * 60,
        scopes=(VENDORS,),
        options=("create_vendors", "conflict_policy", "vendor_change_policy"),
        help=_(
            "Reads the approved vendors of Concur Invoice. Further addresses become contacts of the vendor. Changes "
            "made on both sides are merged."
        ),
    ),
    FlowSpec(
        key="vendors_push",
        label=_("Vendors to SAP Concur"),
        direction="push",
        kind="vendor",
        sequence=100,
        scopes=(VENDORS,),
        watches="res.partner",
        active=False,
        options=("send_bank_accounts", "group_tag_ids"),
        help=_("Creates and updates Odoo's vendors in Concur Invoice. Archived vendors lose their approval."),
    ),
    FlowSpec(
        key="accounts_push",
        label=_("Chart of Accounts to SAP Concur"),
        direction="push",
        kind="account",
        sequence=110,
        interval=24 * 60,
        scopes=(LISTS, ITEMS, ITEMS_WRITE, ITEMS_DELETE),
        needs=(ACCOUNT_LIST,),
        watches="account.account",
        active=False,
        help=_("Keeps Odoo's accounts as items of the list of accounts. Odoo removes archived accounts from it."),
    ),
    FlowSpec(
        key="analytic_push",
        label=_("Analytic Accounts to SAP Concur"),
        direction="push",
        kind="list_value",
        sequence=120,
        interval=24 * 60,
        scopes=(LISTS, ITEMS, ITEMS_WRITE, ITEMS_DELETE),
        needs=(FIELD_LISTS,),
        watches="account.analytic.account",
        active=False,
        help=_(
            "Keeps the analytic accounts of a plan as items of the list of its field. Map the fields to analytic plans."
        ),
    ),
)
