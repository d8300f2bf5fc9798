"""Issued cash advances, into Odoo as journal entries: an asset until it is set off, and payable to the employee."""

from decimal import Decimal

from ...core.documents import JournalEntry, JournalLine
from ...core.errors import InvalidDataError, NotRelevantError
from ...core.messages import Amount, _
from ...core.wire import needed, part, text
from . import coding
from .financial_documents import FinancialDocuments, refuse_test
from .wire import amount, check_sum, day, rows


class CashAdvances(FinancialDocuments):
    key = "cash_advances"
    label = _("Cash Advances")
    kind = "cash_advance"
    sequence = 45
    events = ("cashadvance.readyForIntegration",)
    help = _("Books issued cash advances as a payable to the employee and as an advance that the employee owes.")

    doc_type = "cashadvance"
    head, id_name = "cashAdvanceData", "cashAdvanceId"

    def title(self, content):
        return text(part(content, self.head), "name", "cashAdvanceId")

    def booking_date(self, content):
        return day(part(content, self.head), "issuedDate", "requestDate")

    def translate(self, payload):
        """
        :raises InvalidDataError: it has two currencies, and Concur does not tell which one the amounts are in
        :raises NotRelevantError: it belongs to a test user, or has nothing to book
        """
        document = payload["document"]
        head = part(document, self.head)
        refuse_test(head)
        currency = _currency(head)
        issued = needed(day(head, "issuedDate", "requestDate"), _("The cash advance has no date in SAP Concur."))
        name = " ".join(part for part in ("Cash advance", text(head, "name")) if part)
        person = coding.employee(part(document, "employeeData"))
        lines, owed = [], Decimal(0)
        for row in rows(document.get("journalData")):
            value = _signed(row, currency)
            owed += value
            code = text(row, "accountCode") or text(head, "clearingAccountCode")
            needed(code, _("The cash advance has no account in SAP Concur."))
            if value:
                account = coding.account(code, "Cash advances")
                lines.append(JournalLine(amount=value, account=account, partner=person, description=name))
        requested = amount(head, "requestAmount", _("cash advance"))
        sentence = _("The rows of the cash advance add up to %(computed)s, but the employee requested %(amount)s.")
        check_sum(owed, requested, currency, sentence)
        if not lines:
            raise NotRelevantError(_("The cash advance has nothing to book."))
        if owed:
            lines.append(JournalLine(amount=-owed, account=person, description=name))
        return JournalEntry(
            external_id=text(head, "cashAdvanceId"),
            number=name,
            document_date=issued,
            currency=currency,
            lines=tuple(lines),
        )


def _currency(head):
    currency = text(head, "employeeCurrencyAlphaCode", "currencyAlphaCode")
    paid_in = text(head, "currencyAlphaCode")
    if paid_in and paid_in != currency:
        raise InvalidDataError(
            _(
                "The cash advance is in %(currency)s, and the employee is paid in %(employee_currency)s. SAP Concur "
                "does not tell which of them the amounts are in. Book the cash advance manually.",
                currency=paid_in,
                employee_currency=currency,
            )
        )
    return currency


def _signed(row, currency):
    value = amount(row, "amount", _("cash advance"))
    side = text(row, "debitOrCredit").upper()
    if side not in ("DR", "CR"):
        raise InvalidDataError(
            _('The cash advance has a row that is "%(side)s" instead of debit (DR) or credit (CR).', side=side)
        )
    if side == "DR" and value < 0:
        raise InvalidDataError(
            _("The cash advance has a negative debit of %(amount)s.", amount=Amount(value, currency))
        )
    # SAP's page says that a credit has a minus; no sample has one
    return value if side == "DR" else -abs(value)
