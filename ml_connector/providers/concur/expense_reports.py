"""Expense reports, into Odoo as journal entries by SAP's posting rule, with the checks that they have to pass.

The rule (Financial Documents Schema, journal): a row debits its account with the amount net of reclaim and the input
tax with the reclaim, and credits whoever is not the company with the gross amount. Amounts keep their signs.
"""

from collections import defaultdict
from decimal import Decimal

from ...core.documents import Attachment, JournalEntry, JournalLine
from ...core.errors import InvalidDataError, NotRelevantError
from ...core.messages import Amount, _
from ...core.wire import needed, part, text
from . import coding
from .financial_documents import ReportDocuments, refuse_test, report_title, revision
from .wire import amount, check_sum, day, rows, yes

SET_OFF = "2"
"""`cashAdvanceTransactionType` of an advance that is set off against expenses."""


class ExpenseReports(ReportDocuments):
    key = "expense_reports"
    label = _("Expense Reports")
    kind = "expense_report"
    sequence = 40
    relists = True
    events = ("expense.readyForIntegration",)
    files = "receipts"
    options = (*ReportDocuments.options, "report_mode")
    help = _("Books expense reports with final approval as journal entries or as vendor bills.")

    doc_type = "expense"

    def translate(self, payload):
        """
        :raises InvalidDataError: it breaks a rule of SAP's, or lacks something
        :raises NotRelevantError: it belongs to a test user, or has nothing to book
        """
        return _Report(payload["document"]).entry()


class _Report:
    def __init__(self, document):
        self.head = part(document, "report")
        self.currency = text(self.head, "employeeCurrencyAlphaCode")
        self.employee = part(document, "employee")
        self.entries = rows(document.get("expenseEntry"))
        self.advances = rows(document.get("cashAdvanceApplication"))
        self.lines = []
        self.owed = defaultdict(Decimal)
        self.references = {}

    def entry(self):
        refuse_test(self.head)
        for entry in self.entries:
            self._entry(entry)
        for advance in self.advances:
            self._advance(advance)
        lines = (*self.lines, *self._credits())
        if not lines:
            self._check_nothing()
        document_date = day(self.head, "reportUserDefinedDate", "reportSubmitDate", "reportCreationDate")
        booked = day(self.head, "reportPaymentProcessingDate") or document_date
        needed(booked, _("The expense report has no date in SAP Concur."))
        report_id = text(self.head, "reportId")
        return JournalEntry(
            external_id=report_id,
            number=report_title(self.head),
            document_date=document_date or booked,
            accounting_date=booked,
            currency=self.currency,
            lines=lines,
            revision=revision(self.head),
            is_partial=self._is_partial(),
            attachments=_receipts(report_id, self.entries),
        )

    def _is_partial(self):
        """Whether the document holds only a part of the approved expenses of the report."""
        if not text(self.head, "totalApprovedAmount"):
            return False
        approved = (amount(entry, "entryApprovedAmount", _("expense")) for entry in self.entries)
        return sum(approved, Decimal(0)) != amount(self.head, "totalApprovedAmount", _("expense report"))

    def _check_nothing(self):
        approved = amount(self.head, "totalApprovedAmount", _("expense report"))
        if approved:
            raise InvalidDataError(
                _(
                    "The report has no rows to book, but the approved amount is %(amount)s.",
                    amount=self._money(approved),
                )
            )
        raise NotRelevantError(_("The expense report has nothing to book."))

    def _money(self, value):
        return Amount(value, self.currency)

    def _entry(self, entry):
        name = text(entry, "expenseTypeName", "expenseTypeCode") or "?"
        gross = Decimal(0)
        lines = []
        for allocation in rows(entry.get("allocation")):
            for journal in rows(allocation.get("journal")):
                gross += self._journal(entry, allocation, journal, name, lines)
        approved = amount(entry, "entryApprovedAmount", _("expense %(expense)s", expense=name))
        sentence = _(
            "Expense %(expense)s: the journal rows add up to %(computed)s, but the approved amount is %(amount)s."
        )
        check_sum(gross, approved, self.currency, sentence, expense=name)
        self.lines += _without_pairs(lines)

    def _journal(self, entry, allocation, journal, name, lines):
        """Add the lines of one journal row; returns its gross amount."""
        gross = amount(journal, "amountGross", _("expense %(expense)s", expense=name))
        payer, payee = text(journal, "journalPayer"), text(journal, "journalPayee")
        _check_direction(name, self._money(gross), payer, payee)
        net, claims = self._net_and_taxes(allocation, journal, name, gross)
        code = text(journal, "journalAccountCode") or text(entry, "clearingAccountCode")
        missing = _(
            "Expense %(expense)s has no account in SAP Concur. Set one for its expense type there.", expense=name
        )
        needed(code, missing)
        label = _label(entry, name)
        if net:
            lines.append(
                JournalLine(
                    amount=net,
                    account=coding.account(code, name),
                    description=label,
                    analytics=coding.analytics(allocation),
                    taxes=tuple(claims),
                )
            )
        lines += [JournalLine(amount=value, account=tax, description=label) for tax, value in claims]
        other = payee if payer == coding.COMPANY else payer
        self._owe(other, text(entry, "reportEntryPatKey"), gross)
        return gross

    def _net_and_taxes(self, allocation, journal, name, gross):
        """The net amount, and (tax, amount) of the taxes to reclaim."""
        place = _("expense %(expense)s", expense=name)
        net = amount(journal, "amountNetOfReclaim", place)
        reclaimed = [(tax, amount(tax, "amountReclaim", place)) for tax in _taxes(allocation, journal)]
        total = net + sum((value for _tax, value in reclaimed), Decimal(0))
        sentence = _(
            "Expense %(expense)s: the net amount and the tax to reclaim add up to %(computed)s, but the gross "
            "amount is %(amount)s."
        )
        check_sum(total, gross, self.currency, sentence, expense=name)
        return net, [(coding.tax(tax), value) for tax, value in reclaimed if value]

    def _owe(self, code, payment_type, value):
        """The company owes `value` to a party."""
        if code == coding.EMPLOYEE:
            account, partner = self._employee_account()
        else:
            account, partner = coding.party(code, payment_type)
        key = (account.kind, account.external_id)
        self.references[key] = (account, partner)
        self.owed[key] += value

    def _employee_account(self):
        """(account, partner): the employee's payable, or the clearing account if payroll pays the employee."""
        person = coding.employee(self.employee)
        clearing = text(self.head, "payrollPaymentClearingAccountCode")
        if yes(self.head, "payrollPayIndicator") and clearing:
            return coding.account(clearing, "Paid through payroll"), person
        return person, None

    def _advance(self, advance):
        """Set off an advance: credits its asset account and reduces what the company owes the employee."""
        value = amount(advance, "cashAdvanceApplicationAmount", _("cash advance"))
        if not value:
            return
        kind = text(advance, "cashAdvanceTransactionType")
        if kind and kind != SET_OFF:
            raise InvalidDataError(
                _(
                    "A cash advance of %(amount)s has the transaction type %(type)s. Book the report manually.",
                    amount=self._money(value),
                    type=kind,
                )
            )
        missing = _("The cash advance of %(amount)s has no clearing account in SAP Concur.", amount=self._money(-value))
        code = needed(text(advance, "cashAdvanceClearingAccountCode"), missing)
        self.lines.append(
            JournalLine(
                amount=value,
                account=coding.account(code, "Cash advances"),
                partner=coding.employee(self.employee),
                description="Cash advance",
            )
        )
        self._owe(coding.EMPLOYEE, "", value)

    def _credits(self):
        for key, value in self.owed.items():
            account, partner = self.references[key]
            if value:
                yield JournalLine(amount=-value, account=account, partner=partner, description=report_title(self.head))


def _receipts(report_id, entries):
    """Concur delivers all receipts of a report as one file."""
    if any(text(entry, "entryReceiptId") and text(entry, "entryReceiptType") != "N" for entry in entries):
        return (Attachment(name=f"Receipts {report_id}.pdf", url=f"report/{report_id}"),)
    return ()


def _check_direction(name, gross, payer, payee):
    """An amount is negative exactly when the company is paid."""
    if coding.COMPANY not in (payer, payee) or payer == payee:
        raise InvalidDataError(
            _(
                "Expense %(expense)s: a row goes from %(payer)s to %(payee)s. One of them has to be the company "
                "(COMP).",
                expense=name,
                payer=payer or "?",
                payee=payee or "?",
            )
        )
    if gross.value and (gross.value < 0) != (payee == coding.COMPANY):
        raise InvalidDataError(
            _(
                "Expense %(expense)s: the sign of %(amount)s is wrong for a row from %(payer)s to %(payee)s.",
                expense=name,
                amount=gross,
                payer=payer,
                payee=payee,
            )
        )


def _taxes(allocation, journal):
    """The taxes of a journal row. Older documents do not link them: then all, if the allocation has one row."""
    taxes = rows(allocation.get("tax"))
    linked = journal.get("taxGuid")
    if linked is None:
        return taxes if len(rows(allocation.get("journal"))) == 1 else []
    linked = linked if isinstance(linked, list) else [linked]
    return [tax for tax in taxes if tax.get("taxGuid") in linked]


def _label(entry, name):
    parts = dict.fromkeys([name, text(entry, "entryVendorDescription"), text(entry, "entryDescription")])
    return " - ".join(part for part in parts if part)


def _without_pairs(lines):
    """Without lines that cancel each other (a personal item on a company card): their account is only for display."""
    totals = defaultdict(Decimal)
    for line in lines:
        totals[line.account, line.analytics] += line.amount
    return [line for line in lines if totals[line.account, line.analytics]]
