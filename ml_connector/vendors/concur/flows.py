"""What goes between SAP Concur and Odoo."""

from ..base import FlowSpec
from .flows_invoices import INVOICE_FLOWS
from .flows_masters import MASTER_FLOWS

FIS = "FISVC"
IMAGES = "IMAGE"
SCOPES = (FIS, IMAGES)
"""What the flows of this module need."""

OPTIONS = ("lock_date_policy", "start_date", "tell_failures")
TOPIC_EVENT = "{}.readyForIntegration"

DOCUMENT_FLOWS = (
    FlowSpec(
        key="invoices",
        label="Invoices",
        direction="pull",
        kind="bill",
        sequence=30,
        scopes=(FIS,),
        acknowledges=True,
        reports=True,
        events=("invoice.readyForIntegration",),
        files="invoice_files",
        options=OPTIONS,
        defaults={"tell_failures": False},
        help="Books the invoices that are finally approved in Concur Invoice as vendor bills.",
    ),
    FlowSpec(
        key="invoice_files",
        label="Invoice Images",
        direction="pull",
        kind="file",
        sequence=33,
        scopes=(IMAGES,),
        help="Attaches the image of an invoice to its bill.",
    ),
    FlowSpec(
        key="expense_reports",
        label="Expense Reports",
        direction="pull",
        kind="expense_report",
        sequence=40,
        scopes=(FIS,),
        acknowledges=True,
        reports=True,
        events=("expense.readyForIntegration",),
        files="receipts",
        options=OPTIONS,
        defaults={"tell_failures": False},
        help="Books the expense reports that are finally approved as journal entries.",
    ),
    FlowSpec(
        key="receipts",
        label="Receipts",
        direction="pull",
        kind="file",
        sequence=41,
        scopes=(IMAGES,),
        help="Attaches the receipts of a report to its entry.",
    ),
    FlowSpec(
        key="cash_advances",
        label="Cash Advances",
        direction="pull",
        kind="cash_advance",
        sequence=45,
        scopes=(FIS,),
        acknowledges=True,
        reports=True,
        events=("cashadvance.readyForIntegration",),
        options=OPTIONS,
        defaults={"tell_failures": False},
        help="Books issued cash advances as what the employee owes, to be paid to him.",
    ),
    FlowSpec(
        key="payroll",
        label="Expenses Paid by Payroll",
        direction="pull",
        kind="payroll",
        sequence=46,
        scopes=(FIS,),
        acknowledges=True,
        reports=True,
        events=("payroll.readyForIntegration",),
        active=False,
        options=OPTIONS,
        defaults={"tell_failures": False},
        help="Books what payroll pays of expense reports, by wage type. Map the wage types to accounts.",
    ),
    FlowSpec(
        key="payments_push",
        label="Payments to Concur",
        direction="push",
        kind="paid",
        sequence=80,
        interval=24 * 60,
        scopes=(FIS,),
        watches="account.move",
        settles=("expense_report",),
        help="Tells Concur when an employee is paid for a report in Odoo. The report becomes Payment Confirmed.",
    ),
    FlowSpec(
        key="results",
        label="Posting Results to Concur",
        direction="push",
        kind="result",
        sequence=70,
        scopes=(FIS,),
        help="Tells Concur which documents are booked. Without it Concur goes on with none of them.",
    ),
)
FLOWS = tuple(sorted((*DOCUMENT_FLOWS, *INVOICE_FLOWS, *MASTER_FLOWS), key=lambda flow: flow.sequence))
