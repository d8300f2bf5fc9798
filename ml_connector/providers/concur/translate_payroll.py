"""What payroll pays of a report: wage types, each of which is mapped to an account. No journal comes with it."""

# Odoo translates, and there is no Odoo here.

from collections import defaultdict
from decimal import Decimal

from ...core.documents import JournalEntry, JournalLine, Reference
from ...core.errors import InvalidDataError, NotRelevantError
from . import coding
from .translate_expense import refuse_test, revision, title
from .wire import amount, day, part, rows, text, yes

PAYABLE = Reference(kind="account", external_id="payroll", name="Wages payable for expenses paid by payroll")


def payroll(document):
    """:raises NotRelevantError: of a test user, or all of it is for the record alone"""
    head = part(document, "report")
    refuse_test(head)
    totals = _wages(document)
    advance = part(document, "cashAdvanceApplication")
    set_off = amount(advance, "cashAdvanceApplicationAmount", "the cash advance")
    if set_off and yes(advance, "payrollPayIndicator"):
        totals[_wage_type(advance, "cashAdvanceClearingWageType")] += set_off
    lines = [
        JournalLine(amount=value, account=_account(wage_type), description=title(head))
        for wage_type, value in totals.items()
        if value
    ]
    if not lines:
        raise NotRelevantError("Nothing of it is paid through payroll.")
    booked = day(head, "reportPaymentProcessingDate", "reportUserDefinedDate", "reportSubmitDate")
    booked = booked or max((day(row, "entryDate") for row in rows(document.get("expenseEntry"))), default=None)
    if booked is None:
        raise InvalidDataError("The report has no date.")
    person = coding.employee(part(document, "employee"))
    owed = sum((line.amount for line in lines), Decimal(0))
    if owed:
        lines.append(JournalLine(amount=-owed, account=PAYABLE, partner=person, description=title(head)))
    return JournalEntry(
        external_id=text(head, "reportId"),
        number=title(head),
        document_date=booked,
        currency=text(head, "employeeCurrencyAlphaCode"),
        lines=tuple(lines),
        revision=revision(head),
    )


def _wages(document):
    """{wage type: amount} of what payroll pays; the rest is for taxation alone."""
    totals = defaultdict(Decimal)
    for entry in rows(document.get("expenseEntry")):
        for row in rows(entry.get("payrollData")):
            if yes(row, "payrollPayIndicator"):
                totals[_wage_type(row, "wageType")] += amount(row, "entryApprovedAmount", "the payroll row")
    return totals


def _wage_type(source, name):
    wage_type = text(source, name)
    if not wage_type:
        raise InvalidDataError("A payroll row has no wage type in SAP Concur.")
    return wage_type


def _account(wage_type):
    return Reference(kind="account", external_id=f"wage:{wage_type}", name=f"Wage type {wage_type}")
