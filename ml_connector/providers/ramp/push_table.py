"""The class that sends the records of each flow, and the obstacles of flows."""

from ...core.messages import _, paragraph
from .push_coding import AccountingVendors, Accounts, Companies, Dimensions, DimensionValues, Taxes
from .push_drafts import Files, OwnBills
from .push_orders import PurchaseOrders
from .push_receipts import Receipts
from .push_users import Users
from .push_vendors import Vendors
from .scopes import BILLS_READ, BILLS_WRITE, ORDERS_READ, ORDERS_WRITE, PLUS, SEAT

PUSHES = {
    "companies_push": Companies,
    "accounts_push": Accounts,
    "dimensions_push": Dimensions,
    "dimension_values_push": DimensionValues,
    "taxes_push": Taxes,
    "accounting_vendors_push": AccountingVendors,
    "vendors_push": Vendors,
    "purchase_orders_push": PurchaseOrders,
    "order_files_push": Files,
    "receipts_push": Receipts,
    "bills_push": OwnBills,
    "own_bill_files_push": Files,
    "users_push": Users,
}
WORDS = {
    SEAT: _("Odoo is not connected to Ramp as the accounting system."),
    PLUS: _("This Ramp business has no purchase orders. They are part of Ramp Plus."),
}


def order_mode(capabilities, chosen):
    """Form of purchase orders in Ramp: `order` or `draft_bill`."""
    if chosen in ("order", "draft_bill"):
        return chosen
    return "order" if {PLUS, ORDERS_READ, ORDERS_WRITE} <= set(capabilities) else "draft_bill"


def blocked(flow, spec, capabilities, options):
    """Sentences on why a flow cannot work now; empty if it can."""
    needed = (*spec.scopes, *spec.needs)
    if flow == "purchase_orders_push":
        is_order = order_mode(capabilities, options.get("purchase_order_mode")) == "order"
        needed += (PLUS, ORDERS_READ, ORDERS_WRITE) if is_order else (BILLS_READ, BILLS_WRITE)
    missing = [name for name in needed if name not in capabilities]
    if not missing:
        return ""
    scopes = [name for name in dict.fromkeys(missing) if name not in WORDS]
    reasons = [WORDS[name] for name in missing if name in WORDS]
    if scopes:
        reasons.append(_("Ramp did not grant these permissions (scopes): %(scopes)s.", scopes=scopes))
    return paragraph(_("The flow cannot run."), *reasons, _("Test the connection when this has changed."))
