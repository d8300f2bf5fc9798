"""Flow of invoices where the Financial Integration Service does not have them."""

from ...core.flow import FlowSpec
from .flows_masters import VENDORS

PAYMENT_REQUESTS = "INVPMT"

INVOICE_FLOWS = (
    FlowSpec(
        key="payment_requests",
        label="Invoices by List",
        direction="pull",
        kind="bill",
        sequence=31,
        interval=4 * 60,
        scopes=(PAYMENT_REQUESTS, VENDORS),
        active=False,
        excludes=("invoices",),
        files="invoice_files",
        options=("post_bills", "lock_date_policy", "start_date", "create_vendors"),
        help="Only where the Financial Integration Service does not have invoices: reads the approved invoices of "
        "Concur Invoice as vendor bills. SAP Concur is told nothing of them.",
    ),
)
