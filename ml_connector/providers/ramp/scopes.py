"""What flows require of Ramp: permissions (scopes), other capabilities, and the accounting connection."""

from ...core.flow import PushFlow

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
"""Capability: the business has Ramp Plus, and so purchase orders."""


class AccountingPush(PushFlow):
    """Lists of the accounting system, from Odoo to Ramp. Ramp accepts them from its accounting system only."""

    interval = 24 * 60
    active = False
    scopes = (ACCOUNTING_READ, ACCOUNTING_WRITE)
    needs = (SEAT,)
