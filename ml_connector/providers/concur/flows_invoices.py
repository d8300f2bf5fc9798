"""The flow of invoices for sites whose Financial Integration Service does not deliver them."""

from ...core.flow import FlowSpec
from ...core.messages import _
from .flows_masters import VENDORS

PAYMENT_REQUESTS = "INVPMT"

INVOICE_FLOWS = (
    FlowSpec(
        key="payment_requests",
        label=_("Invoices by List"),
        direction="pull",
        kind="bill",
        sequence=31,
        interval=4 * 60,
        scopes=(PAYMENT_REQUESTS, VENDORS),
        active=False,
        excludes=("invoices",),
        files="invoice_files",
        options=("post_bills", "lock_date_policy", "start_date", "create_vendors"),
        help=_(
            "Books approved invoices of Concur Invoice as vendor bills. Only for sites whose Financial Integration "
            "Service does not deliver invoices. Odoo reports no results to SAP Concur."
        ),
    ),
)
