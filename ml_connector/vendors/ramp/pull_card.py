"""The card account: statements, transfers that pay them, cashback."""

from datetime import UTC, datetime

from ..base import Page
from . import translate_card
from .items import money_key
from .pulls import READY, SYNCED, Puller, item, since_moment
from .wire import day


class StatementPuller(Puller):
    """Closed statements with the transactions and cashback that they list."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        now = datetime.now(UTC).isoformat()
        for rows in self.client.statements(from_date=since_moment(since), to_date=now):
            yield Page(items=tuple(self._item(row) for row in rows if self._is_ours(row)))

    def _is_ours(self, row):
        """Whether the statement has a part of our entity; sections are given where there are several entities."""
        sections = row.get("balance_sections") or []
        return not self.entity_id or not sections or any(s.get("entity_id") == self.entity_id for s in sections)

    def _item(self, row):
        filters = {"statement_id": row.get("id"), "entity_id": self.entity_id or None}
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
            sorted([str(line.get("id")), money_key(line.get("amount")).get("amount")] for line in cashbacks),
        ]
        return item(row, content, f"Statement {str(row.get('end_date'))[:10]}", payload)

    def _named(self, row, kind, pages):
        """Those rows of a list that the statement names: Ramp ignores a filter that it does not know."""
        named = {line.get("id") for line in row.get("statement_lines") or [] if line.get("type") == kind}
        return [line for rows in pages for line in rows if line.get("id") in named and self.concerns_us(line)]

    def fetch(self, external_id):
        row = self.client.statement(external_id)
        return self._item(row) if self._is_ours(row) and not self.is_foreign else None

    def document(self, payload):
        return translate_card.statement(payload)


class StatementFilePuller(Puller):
    """The PDF of a statement; its link ends after an hour."""

    def pull(self, cursor, since):
        return iter(())

    def fetch(self, external_id):
        row = self.client.statement(external_id)
        payload = {"statement": {key: row.get(key) for key in ("id", "end_date", "statement_url")}}
        return item(row, [row.get("id")], f"Statement {str(row.get('end_date'))[:10]}", payload)

    def document(self, payload):
        return translate_card.statement_files(payload)


class TransferPuller(Puller):
    """Payments of the card balance that are ready."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        yield from self._pages(READY, since)

    def booked(self, since):
        if not self.is_foreign:
            yield from self._pages(SYNCED, since)

    def _pages(self, status, since):
        for rows in self.client.transfers(sync_status=status, entity_id=self.entity_id or None):
            wanted = [row for row in rows if self._is_due(row, status) and self.is_since(row, since, _made_on)]
            yield Page(items=tuple(self._item(row) for row in wanted))

    def _is_due(self, row, status=READY):
        """A transfer of nothing (status UNNECESSARY) is no entry."""
        amount = row.get("amount")
        moved = not isinstance(amount, dict) or amount.get("amount") != 0
        return self.concerns_us(row) and row.get("sync_status") == status and moved

    def _item(self, row):
        content = [row.get("created_at"), money_key(row.get("amount")), row.get("bank_account_id")]
        return item(row, content, f"Transfer {row.get('payment_id') or ''}".strip())

    def fetch(self, external_id):
        row = self.client.transfer(external_id)
        return self._item(row) if self._is_due(row) and not self.is_foreign else None

    def document(self, payload):
        return translate_card.transfer(payload, self._provider.bank_accounts)


class CashbackPuller(Puller):
    """Cashback that is ready."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        yield from self._pages(READY, since)

    def booked(self, since):
        if not self.is_foreign:
            yield from self._pages(SYNCED, since)

    def _pages(self, status, since):
        for rows in self.client.cashbacks(sync_status=status, entity_id=self.entity_id or None):
            wanted = [row for row in rows if self._is_due(row, status) and self.is_since(row, since, _made_on)]
            yield Page(items=tuple(self._item(row) for row in wanted))

    def _is_due(self, row, status=READY):
        return self.concerns_us(row) and row.get("sync_status") == status

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
