"""Base of the flows that need the accounting connection."""

from ...core.flow import PushFlow
from .scopes import ACCOUNTING_READ, ACCOUNTING_WRITE, SEAT


class AccountingPush(PushFlow):
    """Lists of the accounting system, from Odoo to Ramp. Ramp accepts them from its accounting system only."""

    interval = 24 * 60
    active = False
    scopes = (ACCOUNTING_READ, ACCOUNTING_WRITE)
    needs = (SEAT,)
