"""The part of expense reports that payroll pays, into Odoo: amounts by wage type, each mapped to an account."""

from collections import defaultdict
from decimal import Decimal

from ...core.documents import JournalEntry, JournalLine, Reference
from ...core.errors import NotRelevantError
from ...core.messages import _
from ...core.wire import needed, part, text
from . import coding
from .financial_documents import ReportDocuments, refuse_test, report_title, revision
from .wire import amount, day, rows, yes

PAYABLE = Reference(kind="account", external_id="payroll", name="Wages payable for expenses paid by payroll")


class Payroll(ReportDocuments):
    key = "payroll"
    label = _("Expenses Paid by Payroll")
    kind = "payroll"
    sequence = 46
    relists = True
    events = ("payroll.readyForIntegration",)
    active = False
    help = _("Books what payroll pays of expense reports, by wage type. Map the wage types to accounts.")

    doc_type = "payroll"

    def translate(self, payload):
        """:raises NotRelevantError: it belongs to a test user, or payroll pays nothing of it"""
        document = payload["document"]
        head = part(document, self.head)
        refuse_test(head)
        totals = _wages(document)
        advance = part(document, "cashAdvanceApplication")
        set_off = amount(advance, "cashAdvanceApplicationAmount", _("cash advance"))
        if set_off and yes(advance, "payrollPayIndicator"):
            totals[_wage_type(advance, "cashAdvanceClearingWageType")] += set_off
        lines = [
            JournalLine(amount=value, account=_account(wage_type), description=report_title(head))
            for wage_type, value in totals.items()
            if value
        ]
        if not lines:
            raise NotRelevantError(_("Payroll pays nothing of this report."))
        booked = day(head, "reportPaymentProcessingDate", "reportUserDefinedDate", "reportSubmitDate")
        booked = booked or max((day(row, "entryDate") for row in rows(document.get("expenseEntry"))), default=None)
        needed(booked, _("The expense report has no date in SAP Concur."))
        person = coding.employee(part(document, "employee"))
        owed = sum((line.amount for line in lines), Decimal(0))
        if owed:
            lines.append(JournalLine(amount=-owed, account=PAYABLE, partner=person, description=report_title(head)))
        return JournalEntry(
            external_id=text(head, "reportId"),
            number=report_title(head),
            document_date=booked,
            currency=text(head, "employeeCurrencyAlphaCode"),
            lines=tuple(lines),
            revision=revision(head),
        )


def _wages(document):
    """{wage type: amount} that payroll pays; the other rows are for taxation only."""
    totals = defaultdict(Decimal)
    for entry in rows(document.get("expenseEntry")):
        for row in rows(entry.get("payrollData")):
            if yes(row, "payrollPayIndicator"):
                totals[_wage_type(row, "wageType")] += amount(row, "entryApprovedAmount", _("payroll row"))
    return totals


def _wage_type(source, name):
    return needed(text(source, name), _("A payroll row has no wage type in SAP Concur."))


def _account(wage_type):
    return Reference(kind="account", external_id=f"wage:{wage_type}", name=f"Wage type {wage_type}")
