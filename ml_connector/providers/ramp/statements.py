"""The card account, into Odoo: statements, their files, and the payments of the balance."""

from datetime import UTC, datetime
from decimal import Decimal

from ...core.documents import Attachment, CardStatement, CardTransfer, Reference
from ...core.errors import InvalidDataError
from ...core.items import id_of
from ...core.messages import Amount, _
from ...core.wire import day, needed, part, rows, text
from .client import path_id
from .money import read_money
from .pull_base import READY, RampPull, SyncedPull, since_moment
from .spend import CARD, ISSUER
from .wire import item, money_key, required_id


class Statements(RampPull):
    """Closed statements with their transactions and cashback."""

    key = "statements"
    label = _("Card Statements")
    kind = "statement"
    sequence = 57
    interval = 12 * 60
    scopes = ("statements:read", "transactions:read", "cashbacks:read")
    files = "statement_files"
    options = ("post_bills", "lock_date_policy", "start_date")
    help = _("Books each closed statement as a vendor bill of the card issuer. The bill clears the card account.")

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        now = datetime.now(UTC).isoformat()
        found = self.client.pages("/statements", from_date=since_moment(since), to_date=now)
        yield from self.pages(found, lambda row: self._item(row) if self._is_ours(row) else None)

    def _is_ours(self, row):
        """Whether the statement has a section of this entity; only statements of several entities have sections."""
        sections = rows(row, "balance_sections")
        return not self.entity_id or not sections or any(s.get("entity_id") == self.entity_id for s in sections)

    def _item(self, row):
        filters = {"statement_id": required_id(row), "entity_id": self.entity_id or None}
        transactions = self._named(row, "CARD_TRANSACTION", self.client.rows("/transactions", **filters))
        cashbacks = self._named(row, "CASHBACK", self.client.rows("/cashbacks", **filters))
        payload = {
            "statement": {key: row.get(key) for key in row if key != "statement_lines"},
            "entity_id": self.entity_id,
            "transactions": [
                {key: line.get(key) for key in ("id", "amount", "currency_code", "sync_status")}
                for line in transactions
            ],
            "cashbacks": [{"id": line.get("id"), "amount": line.get("amount")} for line in cashbacks],
        }
        content = [
            row.get("start_date"),
            row.get("end_date"),
            sorted([str(line.get("id")), str(line.get("amount"))] for line in transactions),
            sorted([str(line.get("id")), part(line, "amount").get("amount")] for line in cashbacks),
        ]
        return item(row, content, _title(row), payload)

    def _named(self, row, kind, listed):
        """The rows of a list that the statement names, because Ramp ignores unknown filters."""
        named = {text(line, "id") for line in rows(row, "statement_lines") if line.get("type") == kind} - {""}
        return [line for line in listed if id_of(line) in named and self.concerns_us(line)]

    def read(self, external_id):
        row = self.client.one(f"/statements/{path_id(external_id)}")
        return self._item(row) if self._is_ours(row) and not self.is_foreign else None

    def translate(self, payload):
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
        transactions = rows(payload, "transactions")
        booked = [_amount(line, currency, _("a transaction")) for line in transactions]
        cashback = [_amount(line, currency, _("a cashback")) for line in rows(payload, "cashbacks")]
        total = sum(booked, Decimal(0))
        _check_figures(section, charges, total, sum(cashback, Decimal(0)), currency)
        waiting = [
            amount
            for amount, line in zip(booked, transactions, strict=True)
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
            spends=tuple(required_id(line, _("a transaction of the statement")) for line in transactions),
            unbooked=len(waiting),
            unbooked_total=sum(waiting, Decimal(0)),
            attachments=statement_files(payload),
        )


class StatementFiles(RampPull):
    """The PDF of a statement; its link expires after an hour."""

    key = "statement_files"
    label = _("Statement Files")
    kind = "file"
    sequence = 58
    scopes = ("statements:read",)
    help = _("Attaches the statements to the bills of the card issuer.")

    def read(self, external_id):
        row = self.client.one(f"/statements/{path_id(external_id)}")
        payload = {"statement": {key: row.get(key) for key in ("id", "end_date", "statement_url")}}
        return item(row, [row.get("id")], _title(row), payload)

    def translate(self, payload):
        return statement_files(payload)


class Transfers(SyncedPull):
    """Payments of the card balance."""

    key = "transfers"
    path = "/transfers"
    label = _("Statement Payments")
    kind = "transfer"
    sequence = 59
    interval = 4 * 60
    scopes = ("transfers:read",)
    options = ("lock_date_policy", "start_date")
    help = _("Books payments to the card issuer and reconciles them with the statements.")
    sync_type = "TRANSFER_SYNC"

    def is_due(self, row, status=READY):
        """Transfers of zero (status UNNECESSARY) are not booked."""
        amount = row.get("amount")
        moved = not isinstance(amount, dict) or amount.get("amount") != 0
        return super().is_due(row, status) and moved

    def item(self, row):
        content = [row.get("created_at"), money_key(row.get("amount")), row.get("bank_account_id")]
        return item(row, content, f"Transfer {row.get('payment_id') or ''}".strip())

    def translate(self, payload):
        """A `CardTransfer`."""
        amount, currency = read_money(payload.get("amount"), _("the amount of the transfer"))
        when = needed(self.booking_date(payload), _("The transfer has no date in Ramp."))
        account = text(payload, "bank_account_id")
        name = self.provider.bank_accounts.get(account) or (
            f"Ramp bank account {account[:8]}" if account else "Unnamed bank account"
        )
        return CardTransfer(
            external_id=required_id(payload, _("the transfer")),
            issuer=ISSUER,
            source=Reference(kind="journal", external_id=account or "method:TRANSFER", name=name),
            date=when,
            currency=currency,
            amount=amount,
            reference=text(payload, "payment_id"),
        )


def _title(row):
    return f"Statement {str(row.get('end_date'))[:10]}"


def _check_figures(section, charges, transactions, cashback, currency):
    credits, _currency = read_money(section.get("credits"), _("the credits of the statement"))
    if charges - credits != transactions - cashback:
        raise InvalidDataError(
            _(
                "The statement has charges of %(charges)s and credits of %(credits)s, but its transactions add up to"
                " %(transactions)s and its cashback to %(cashback)s.",
                charges=Amount(charges, currency),
                credits=Amount(credits, currency),
                transactions=Amount(transactions, currency),
                cashback=Amount(cashback, currency),
            )
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
