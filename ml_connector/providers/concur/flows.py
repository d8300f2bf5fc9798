"""The flows between SAP Concur and Odoo."""

from ...core.flow import FlowSpec
from ...core.messages import _
from .flows_invoices import INVOICE_FLOWS
from .flows_masters import MASTER_FLOWS

FIS = "FISVC"
IMAGES = "IMAGE"
INVOICE_PAYMENTS = "invoice.paymentconfirmation.write"

OPTIONS = ("lock_date_policy", "start_date", "tell_failures")

DOCUMENT_FLOWS = (
    FlowSpec(
        key="invoices",
        label=_("Invoices"),
        direction="pull",
        kind="bill",
        sequence=30,
        scopes=(FIS,),
        acknowledges=True,
        reports=True,
        relists=True,
        events=("invoice.readyForIntegration",),
        files="invoice_files",
        options=OPTIONS,
        defaults={"tell_failures": False},
        help=_("Books invoices with final approval in Concur Invoice as vendor bills."),
    ),
    FlowSpec(
        key="invoice_files",
        label=_("Invoice Images"),
        direction="pull",
        kind="file",
        sequence=33,
        scopes=(IMAGES,),
        help=_("Attaches the image of an invoice to its bill."),
    ),
    FlowSpec(
        key="expense_reports",
        label=_("Expense Reports"),
        direction="pull",
        kind="expense_report",
        sequence=40,
        scopes=(FIS,),
        acknowledges=True,
        reports=True,
        relists=True,
        events=("expense.readyForIntegration",),
        files="receipts",
        options=(*OPTIONS, "report_mode"),
        defaults={"tell_failures": False},
        help=_("Books expense reports with final approval as journal entries or as vendor bills."),
    ),
    FlowSpec(
        key="receipts",
        label=_("Receipts"),
        direction="pull",
        kind="file",
        sequence=41,
        scopes=(IMAGES,),
        help=_("Attaches the receipts of an expense report to its entry."),
    ),
    FlowSpec(
        key="cash_advances",
        label=_("Cash Advances"),
        direction="pull",
        kind="cash_advance",
        sequence=45,
        scopes=(FIS,),
        acknowledges=True,
        reports=True,
        events=("cashadvance.readyForIntegration",),
        options=OPTIONS,
        defaults={"tell_failures": False},
        help=_("Books issued cash advances as a payable to the employee and as an advance that the employee owes."),
    ),
    FlowSpec(
        key="payroll",
        label=_("Expenses Paid by Payroll"),
        direction="pull",
        kind="payroll",
        sequence=46,
        scopes=(FIS,),
        acknowledges=True,
        reports=True,
        relists=True,
        events=("payroll.readyForIntegration",),
        active=False,
        options=OPTIONS,
        defaults={"tell_failures": False},
        help=_("Books what payroll pays of expense reports, by wage type. Map the wage types to accounts."),
    ),
    FlowSpec(
        key="payments_push",
        label=_("Payments to SAP Concur"),
        direction="push",
        kind="paid",
        sequence=80,
        interval=24 * 60,
        scopes=(FIS,),
        watches="account.move",
        reports_payment_of=("expense_report",),
        help=_(
            "Reports an expense report as paid when Odoo has paid the employee. It becomes Payment Confirmed in SAP "
            "Concur."
        ),
    ),
    FlowSpec(
        key="invoice_payments_push",
        label=_("Invoice Payments to SAP Concur"),
        direction="push",
        kind="paid",
        sequence=81,
        interval=24 * 60,
        scopes=(INVOICE_PAYMENTS,),
        watches="account.move",
        reports_payment_of=("bill",),
        help=_("Reports invoices of the Financial Integration Service as paid when they are paid in Odoo."),
    ),
    FlowSpec(
        key="results",
        label=_("Posting Results to SAP Concur"),
        direction="push",
        kind="result",
        sequence=70,
        scopes=(FIS,),
        help=_(
            "Reports to SAP Concur which documents Odoo has booked. Without it, SAP Concur does not process them "
            "further."
        ),
    ),
)
FLOWS = tuple(sorted((*DOCUMENT_FLOWS, *INVOICE_FLOWS, *MASTER_FLOWS), key=lambda flow: flow.sequence))
