"""A cash advance that was issued: an asset until it is set off, and owed to the employee until it is paid."""

# Odoo translates, and there is no Odoo here.

from decimal import Decimal

from ...core.documents import JournalEntry, JournalLine
from ...core.errors import InvalidDataError, NotRelevantError
from . import coding
from .translate_expense import refuse_test
from .wire import amount, day, part, rows, text


def cash_advance(document):
    """:raises InvalidDataError: two currencies, of which nobody says which one the amounts are in
    :raises NotRelevantError: of a test user, or nothing to book
    """
    head = part(document, "cashAdvanceData")
    refuse_test(head)
    currency = text(head, "employeeCurrencyAlphaCode") or text(head, "currencyAlphaCode")
    paid_in = text(head, "currencyAlphaCode")
    if paid_in and paid_in != currency:
        raise InvalidDataError(
            f"The cash advance is in {paid_in} and the employee is paid in {currency}: SAP Concur does not say which "
            "one its amounts are in. Book it by hand."
        )
    issued = day(head, "issuedDate", "requestDate")
    if issued is None:
        raise InvalidDataError("The cash advance has no date.")
    name = " ".join(part for part in ("Cash advance", text(head, "name")) if part)
    person = coding.employee(part(document, "employeeData"))
    lines, owed = [], Decimal(0)
    for row in rows(document.get("journalData")):
        value = _signed(row)
        owed += value
        code = text(row, "accountCode") or text(head, "clearingAccountCode")
        if not code:
            raise InvalidDataError("The cash advance has no account in SAP Concur.")
        if value:
            account = coding.account(code, "Cash advances")
            lines.append(JournalLine(amount=value, account=account, partner=person, description=name))
    _check_total(head, owed)
    if not lines:
        raise NotRelevantError("The cash advance has nothing to book.")
    if owed:
        lines.append(JournalLine(amount=-owed, account=person, description=name))
    return JournalEntry(
        external_id=text(head, "cashAdvanceId"),
        number=name,
        document_date=issued,
        currency=currency,
        lines=tuple(lines),
    )


def _signed(row):
    value = amount(row, "amount", "the cash advance")
    side = text(row, "debitOrCredit").upper()
    if side not in ("DR", "CR"):
        raise InvalidDataError(f"The cash advance has a row that is neither DR nor CR but {side or 'nothing'}.")
    if side == "DR" and value < 0:
        raise InvalidDataError(f"The cash advance has a debit of {value}, which contradicts its sign.")
    # SAP's page says that a credit has a minus; no sample has one
    return value if side == "DR" else -abs(value)


def _check_total(head, owed):
    requested = amount(head, "requestAmount", "the cash advance")
    if owed != requested:
        raise InvalidDataError(f"The rows of the cash advance add up to {owed}, but {requested} was requested.")
