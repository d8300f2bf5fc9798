"""The card account: statements, their payments, cashback."""

from datetime import UTC, datetime

from ...core.items import id_of
from . import translate_card
from .pull_base import READY, SYNCED, Puller, since_moment
from .versions import item, money_key
from .wire import day, part, required_id, rows, text


class StatementPuller(Puller):
    """Closed statements with their transactions and cashback."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        now = datetime.now(UTC).isoformat()
        found = self.client.statements(from_date=since_moment(since), to_date=now)
        yield from self.pages(found, lambda row: self._item(row) if self._is_ours(row) else None)

    def _is_ours(self, row):
        """Whether the statement has a section of this entity; only statements of several entities have sections."""
        sections = rows(row, "balance_sections")
        return not self.entity_id or not sections or any(s.get("entity_id") == self.entity_id for s in sections)

    def _item(self, row):
        filters = {"statement_id": required_id(row), "entity_id": self.entity_id or None}
        transactions = self._named(row, "CARD_TRANSACTION", self.client.transactions(**filters))
        cashbacks = self._named(row, "CASHBACK", self.client.cashbacks(**filters))
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
        return item(row, content, f"Statement {str(row.get('end_date'))[:10]}", payload)

    def _named(self, row, kind, pages):
        """The rows of a list that the statement names, because Ramp ignores unknown filters."""
        named = {text(line, "id") for line in rows(row, "statement_lines") if line.get("type") == kind} - {""}
        return [line for page in pages for line in page if id_of(line) in named and self.concerns_us(line)]

    def fetch(self, external_id):
        row = self.client.statement(external_id)
        return self._item(row) if self._is_ours(row) and not self.is_foreign else None

    def document(self, payload):
        return translate_card.statement(payload)


class StatementFilePuller(Puller):
    """The PDF of a statement; its link expires after an hour."""

    def pull(self, cursor, since):
        return iter(())

    def fetch(self, external_id):
        row = self.client.statement(external_id)
        payload = {"statement": {key: row.get(key) for key in ("id", "end_date", "statement_url")}}
        return item(row, [row.get("id")], f"Statement {str(row.get('end_date'))[:10]}", payload)

    def document(self, payload):
        return translate_card.statement_files(payload)


class TransferPuller(Puller):
    """Payments of the card balance that are ready to sync."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        yield from self._pages(READY, since)

    def booked(self, since):
        if not self.is_foreign:
            yield from self._pages(SYNCED, since)

    def _pages(self, status, since):
        found = self.client.transfers(sync_status=status, entity_id=self.entity_id or None)
        yield from self.pages(found, lambda row: self._wanted(row, status, since))

    def _wanted(self, row, status, since):
        return self._item(row) if self._is_due(row, status) and self.is_since(row, since, _made_on) else None

    def _is_due(self, row, status=READY):
        """Whether to book a transfer; transfers of zero (status UNNECESSARY) are not booked."""
        amount = row.get("amount")
        moved = not isinstance(amount, dict) or amount.get("amount") != 0
        return self.concerns_us(row) and text(row, "sync_status") == status and moved

    def _item(self, row):
        content = [row.get("created_at"), money_key(row.get("amount")), row.get("bank_account_id")]
        return item(row, content, f"Transfer {row.get('payment_id') or ''}".strip())

    def fetch(self, external_id):
        row = self.client.transfer(external_id)
        return self._item(row) if self._is_due(row) and not self.is_foreign else None

    def document(self, payload):
        return translate_card.transfer(payload, self._provider.bank_accounts)


class CashbackPuller(Puller):
    """Cashback that is ready to sync."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        yield from self._pages(READY, since)

    def booked(self, since):
        if not self.is_foreign:
            yield from self._pages(SYNCED, since)

    def _pages(self, status, since):
        found = self.client.cashbacks(sync_status=status, entity_id=self.entity_id or None)
        yield from self.pages(found, lambda row: self._wanted(row, status, since))

    def _wanted(self, row, status, since):
        return self._item(row) if self._is_due(row, status) and self.is_since(row, since, _made_on) else None

    def _is_due(self, row, status=READY):
        return self.concerns_us(row) and text(row, "sync_status") == status

    def _item(self, row):
        content = [row.get("created_at"), money_key(row.get("amount"))]
        return item(row, content, f"Cashback {str(row.get('created_at'))[:10]}")

    def fetch(self, external_id):
        row = self.client.cashback(external_id)
        return self._item(row) if self._is_due(row) and not self.is_foreign else None

    def document(self, payload):
        return translate_card.cashback(payload)


def _made_on(row):
    return day(row, "created_at")
