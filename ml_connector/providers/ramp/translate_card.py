"""The card account (statements, transfers, cashback) and repayments to documents. Pure functions; see `translate`."""

from decimal import Decimal

from ...core.documents import Attachment, CardStatement, CardTransfer, JournalEntry, JournalLine, Reference
from ...core.errors import InvalidDataError
from ...core.messages import Amount, _
from ...core.split_amount import share
from .card import CARD, ISSUER
from .money import currency_digits, read_money
from .translate_spend import transaction
from .wire import day, part, required_id, rows, text

CASHBACK = Reference(kind="account", external_id="cashback", name="Ramp cashback")
REPAYMENTS = Reference(kind="journal", external_id="repayments", name="Repayments of employees")
"""The journal of employees' repayments of card transactions."""
UNCODED = Reference(kind="account", external_id="uncoded", name="Uncoded card spend")
"""The cost of a card transaction without an account: Odoo knows the account on which it booked it."""
REPAID = "REPAID"


# Statements


def statement(payload):
    """A `CardStatement`.

    The amount is the sum of the statement's transactions. The statement's own figures are the control: charges less
    credits must equal transactions less cashback.

    :param payload: `{"statement", "entity_id", "transactions", "cashbacks"}`, with the records that the statement
        lists
    """
    row = part(payload, "statement")
    external_id = required_id(row, _("the statement"))
    start, end = day(row, "start_date"), day(row, "end_date")
    if start is None or end is None:
        raise InvalidDataError(_("The statement has no period in Ramp."))
    section = _section(row, text(payload, "entity_id"))
    charges, currency = read_money(section.get("charges"), _("the charges of the statement"))
    credits, _currency = read_money(section.get("credits"), _("the credits of the statement"))
    booked = [_amount(line, currency, _("a transaction")) for line in rows(payload, "transactions")]
    cashback = [_amount(line, currency, _("a cashback")) for line in rows(payload, "cashbacks")]
    total = sum(booked, Decimal(0))
    if charges - credits != total - sum(cashback):
        raise InvalidDataError(
            _(
                "The statement has charges of %(charges)s and credits of %(credits)s, but its transactions add up to"
                " %(transactions)s and its cashback to %(cashback)s.",
                charges=Amount(charges, currency),
                credits=Amount(credits, currency),
                transactions=Amount(total, currency),
                cashback=Amount(sum(cashback, Decimal(0)), currency),
            )
        )
    waiting = [
        amount
        for amount, line in zip(booked, rows(payload, "transactions"), strict=True)
        if text(line, "sync_status") == "NOT_SYNC_READY"
    ]
    return CardStatement(
        external_id=external_id,
        number=f"Ramp {end:%Y-%m-%d}",
        issuer=ISSUER,
        card=CARD,
        start_date=start,
        end_date=end,
        currency=currency,
        total=total,
        spends=tuple(required_id(line, _("a transaction of the statement")) for line in rows(payload, "transactions")),
        unbooked=len(waiting),
        unbooked_total=sum(waiting, Decimal(0)),
        attachments=statement_files(payload),
    )


def _section(row, entity_id):
    """The figures of one entity; those of the whole statement if it has no sections."""
    sections = rows(row, "balance_sections")
    chosen = [section for section in sections if not entity_id or text(section, "entity_id") == entity_id]
    if not sections:
        return row
    if len(chosen) != 1:
        raise InvalidDataError(
            _(
                "The statement covers several entities. Enter the entity of this company on the connection, then test"
                " it."
            )
        )
    return chosen[0]


def _amount(line, currency, what):
    """A transaction has major units and its currency beside it, a cashback minor units."""
    subject = _("the amount of %(record)s", record=what)
    amount, line_currency = read_money(line.get("amount"), subject, text(line, "currency_code"))
    if line_currency != currency:
        raise InvalidDataError(
            _(
                "The statement is in %(currency)s, but %(record)s on it is in %(other)s.",
                currency=currency,
                record=what,
                other=line_currency,
            )
        )
    return amount


def statement_files(payload):
    url = text(part(payload, "statement"), "statement_url")
    end = day(part(payload, "statement"), "end_date")
    return (Attachment(name=f"Ramp statement {end}.pdf", url=url),) if url else ()


# Transfers


def transfer(payload, bank_accounts):
    """A `CardTransfer`.

    :param bank_accounts: names of Ramp's bank accounts by ID
    """
    amount, currency = read_money(payload.get("amount"), _("the amount of the transfer"))
    when = day(payload, "created_at")
    if when is None:
        raise InvalidDataError(_("The transfer has no date in Ramp."))
    account = text(payload, "bank_account_id")
    name = bank_accounts.get(account) or (f"Ramp bank account {account[:8]}" if account else "Unnamed bank account")
    return CardTransfer(
        external_id=required_id(payload, _("the transfer")),
        issuer=ISSUER,
        source=Reference(kind="journal", external_id=account or "method:TRANSFER", name=name),
        date=when,
        currency=currency,
        amount=amount,
        reference=text(payload, "payment_id"),
    )


# Cashback


def cashback(payload):
    """The `JournalEntry` of a cashback: income that the issuer owes."""
    amount, currency = read_money(payload.get("amount"), _("the amount of the cashback"))
    when = day(payload, "created_at")
    if when is None:
        raise InvalidDataError(_("The cashback has no date in Ramp."))
    external_id = required_id(payload, _("the cashback"))
    return JournalEntry(
        external_id=external_id,
        number=f"Cashback {when:%Y-%m-%d}",
        document_date=when,
        currency=currency,
        lines=(
            JournalLine(amount=amount, account=ISSUER, description="Ramp cashback"),
            JournalLine(amount=-amount, account=CASHBACK, description="Ramp cashback"),
        ),
    )


# Repayments


def repayment(payload):
    """The `JournalEntry` of a repayment: it books the money and reverses the cost of the card transaction.

    :param payload: `{"repayment", "transaction"}`
    """
    row = part(payload, "repayment")
    external_id = required_id(row, _("the repayment"))
    if text(row, "status") != REPAID:
        raise InvalidDataError(_("The repayment is not completed in Ramp."))
    amount, currency = read_money(row.get("repayment_amount"), _("the amount of the repayment"))
    when = day(row, "repaid_at")
    if when is None:
        raise InvalidDataError(_("The repayment has no date in Ramp."))
    if not part(payload, "transaction"):
        raise InvalidDataError(_("The repayment has no card transaction in Ramp."))
    spent = transaction(part(payload, "transaction"))
    if spent.currency != currency:
        raise InvalidDataError(
            _(
                "The repayment is in %(currency)s, but its transaction is in %(other)s.",
                currency=currency,
                other=spent.currency,
            )
        )
    parts = share(amount, [line.amount for line in spent.lines], currency_digits(currency))
    method = text(row, "funding_method")
    name = f"{REPAYMENTS.name} ({method})" if method else REPAYMENTS.name
    source = Reference(kind="journal", external_id=f"{REPAYMENTS.external_id}:{method}", name=name)
    what = " ".join(filter(None, ("Repayment of", spent.merchant, spent.memo)))
    return JournalEntry(
        external_id=external_id,
        number=f"RPY-{external_id[:8].upper()}",
        document_date=when,
        currency=currency,
        journal=source,
        lines=(
            JournalLine(amount=amount, account=source, description=what),
            *(
                JournalLine(
                    amount=-paid,
                    account=line.account or UNCODED,
                    analytics=line.analytics,
                    description=what,
                )
                for line, paid in zip(spent.lines, parts, strict=True)
            ),
        ),
        memo=what,
        follows=spent.external_id,
    )
