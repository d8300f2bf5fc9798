"""Base of the flows that send the lists of the accounting system to Ramp, and the capabilities that flows require."""

from ...core.flow import PushFlow

SEAT = "accounting_connection"
"""Capability: Odoo is the accounting system of the Ramp business."""
PLUS = "purchase_orders"
"""Capability: the business has Ramp Plus, and so purchase orders."""


class AccountingPush(PushFlow):
    """Lists of the accounting system, from Odoo to Ramp. Ramp accepts them from its accounting system only."""

    interval = 24 * 60
    active = False
    scopes = ("accounting:read", "accounting:write")
    needs = (SEAT,)
