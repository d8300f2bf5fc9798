"""Which object is sent by which flow, and which flow cannot work."""

from .flows import BILLS_READ, BILLS_WRITE, ORDERS_READ, ORDERS_WRITE, PLUS, SEAT
from .push_coding import AccountingVendors, Accounts, Companies, Dimensions, DimensionValues, Taxes
from .push_drafts import Files, OwnBills
from .push_orders import PurchaseOrders
from .push_receipts import Receipts
from .push_users import Users
from .push_vendors import Vendors

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
    SEAT: "Odoo is not the accounting system of this Ramp business",
    PLUS: "this Ramp business has no purchase orders (they are part of Ramp Plus)",
}


def order_mode(capabilities, chosen):
    """`order` or `draft_bill`: what a purchase order becomes in Ramp."""
    if chosen in ("order", "draft_bill"):
        return chosen
    return "order" if {PLUS, ORDERS_READ, ORDERS_WRITE} <= set(capabilities) else "draft_bill"


def blocked(flow, spec, capabilities, options):
    """Why a flow cannot work now, as one sentence; empty when it can."""
    needed = (*spec.scopes, *spec.needs)
    if flow == "purchase_orders_push":
        is_order = order_mode(capabilities, options.get("purchase_order_mode")) == "order"
        needed += (PLUS, ORDERS_READ, ORDERS_WRITE) if is_order else (BILLS_READ, BILLS_WRITE)
    missing = [name for name in needed if name not in capabilities]
    if not missing:
        return ""
    scopes = [name for name in missing if name not in WORDS]
    reasons = [WORDS[name] for name in missing if name in WORDS]
    if scopes:
        reasons.append(f"Ramp did not grant {', '.join(dict.fromkeys(scopes))}")
    sentence = "; ".join(reasons)
    return f"The flow rests: {sentence}. Press Test connection when this has changed."
