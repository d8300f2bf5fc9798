"""Card transactions, reimbursements, their receipts, and repayments."""

from datetime import UTC, datetime, timedelta

from ...core.documents import Attachment
from ...core.errors import NotFoundError
from ...core.remote import RemotePage
from . import translate_card, translate_spend
from .file_names import file_name
from .flows import SPEND
from .pull_base import NOT_READY, READY, SYNCED, Puller, cursor_page, since_moment
from .translate_spend import booking_date, receipt_id_of, receipt_name
from .versions import coding_key, item, line_key, money_key, picked
from .wire import required_id, rows, text

LOOK_BACK = timedelta(days=45)
"""Time after the sync in which card transactions are compared again, and bills after their payment."""
PARALLEL_READS = 4
OWNERS = {"expense": "transaction_id", "reimbursement": "reimbursement_id"}
"""By kind of record: the key of its ID in a receipt."""

# Without states and time stamps: progress in Ramp after the booking is no change.
_TRANSACTION_KEYS = ("accounting_date", "amount", "currency_code", "memo", "merchant_name", "original_transaction_id")
_REIMBURSEMENT_KEYS = (
    *("accounting_date", "direction", "memo", "merchant", "payment_id", "payment_processed_at"),
    *("transaction_date", "type", "user_id"),
)


class SpendPuller(Puller):
    """Card transactions or reimbursements that are ready to sync, and those synced recently, which may have changed."""

    selections = ({},)
    """Filters of the lists that together contain all of them."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        for selection in self.selections:
            yield from self._pages(self._listed(**selection, sync_status=READY), since)
            if cursor:
                begin = max(datetime.fromisoformat(cursor), datetime.now(UTC) - LOOK_BACK)
                yield from self._pages(
                    self._listed(**selection, sync_status=SYNCED, synced_after=begin.isoformat()), since
                )
        yield cursor_page(cursor)

    def booked(self, since):
        if self.is_foreign:
            return
        begin = since_moment(since, self.zone)
        for selection in self.selections:
            yield from self._pages(self._listed(**selection, sync_status=SYNCED, synced_after=begin), None)

    def _pages(self, found, since):
        def read(row):
            return self._item(row) if self._is_wanted(row) and self.is_since(row, since, booking_date) else None

        return self.pages(found, read)

    def _is_wanted(self, row):
        return self.concerns_us(row) and text(row, "sync_status") in (READY, SYNCED)

    def fetch(self, external_id):
        row = self._read(external_id)
        return self._item(row) if self._is_wanted(row) and not self.is_foreign else None

    def _listed(self, **filters):
        raise NotImplementedError

    def _read(self, external_id):
        raise NotImplementedError

    def _item(self, row):
        raise NotImplementedError


class TransactionPuller(SpendPuller):
    """Card transactions; synced ones may get another memo."""

    def _listed(self, **filters):
        return self.client.transactions(entity_id=self.entity_id or None, **filters)

    def _read(self, external_id):
        return self.client.transaction(external_id)

    def _item(self, row):
        content = {
            **picked(row, _TRANSACTION_KEYS),
            "entity_amount": money_key(row.get("entity_amount")),
            "holder": picked(row.get("card_holder"), ("user_id",)),
            "coding": coding_key(row),
            "lines": [converted_key(line) for line in rows(row, "line_items")],
        }
        title = " - ".join(str(part) for part in (row.get("merchant_name"), row.get("memo")) if part)
        return item(row, content, title)

    def document(self, payload):
        return translate_spend.transaction(payload)


def converted_key(line):
    return {**line_key(line), "converted": money_key(line.get("converted_amount"))}


class ReimbursementPuller(SpendPuller):
    """Reimbursements of both directions; synced ones may be paid later."""

    selections = ({"direction": "BUSINESS_TO_USER"}, {"direction": "USER_TO_BUSINESS"})

    def _listed(self, **filters):
        return self.client.reimbursements(entity_id=self.entity_id or None, **filters)

    def _read(self, external_id):
        return self.client.reimbursement(external_id)

    def _item(self, row):
        content = {
            **picked(row, _REIMBURSEMENT_KEYS),
            "amount": money_key(row.get("entity_amount") or row.get("payee_amount")),
            "coding": coding_key(row),
            "lines": [line_key(line) for line in rows(row, "line_items")],
        }
        title = " - ".join(str(part) for part in (row.get("user_full_name"), row.get("memo")) if part)
        return item(row, content, title)

    def document(self, payload):
        return translate_spend.reimbursement(payload)


class ReceiptPuller(Puller):
    """Receipts of transactions and reimbursements.

    Importing a record creates the transfers of its receipts; later receipts are found by their time.
    """

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        started = datetime.now(UTC)
        if cursor:
            yield from self.pages(self.client.receipts(created_after=cursor), self._late)
        yield RemotePage(items=(), cursor=started.isoformat())

    def _late(self, row):
        """A receipt with the ID of its owner, whether the owner is booked or not."""
        receipt_id = required_id(row)
        kind, owner = next(((kind, text(row, name)) for kind, name in OWNERS.items() if text(row, name)), ("", ""))
        if not owner:
            return None
        self._provider.receipt_links.note(row)
        names = [receipt_name(receipt_id)]
        payload = {"subject_kind": kind, "names": names, "day": text(row, "created_at")[:10]}
        return item(row, names, names[0], payload, external_id=owner)

    def fetch_known(self, external_id, known):
        """The receipts of a record, or only those with known names; links differ at each reading."""
        if not known.get("names"):
            return self._all(external_id, known["subject_kind"], self._owner_row(external_id, known["subject_kind"]))
        ids = [receipt_id_of(name) for name in known["names"]]
        urls = self._provider.receipt_links.find(ids, known.get("day", ""))
        if urls is None:
            return self._item(external_id, known["subject_kind"], known["names"])
        receipts = [{"id": key, "receipt_url": url} for key, url in zip(ids, urls, strict=True)]
        return self._receipts_item(external_id, known["subject_kind"], receipts)

    def fetch(self, external_id):
        """All receipts of a transaction or reimbursement."""
        kind = "expense"
        try:
            row = self._owner_row(external_id, kind)
        except NotFoundError:
            kind = "reimbursement"
            row = self._owner_row(external_id, kind)
        return self._all(external_id, kind, row)

    def _all(self, external_id, kind, row):
        if row.get("sync_status") == NOT_READY or not self.concerns_us(row):
            return None
        return self._item(external_id, kind)

    def _item(self, external_id, kind, names=()):
        name = OWNERS[kind]
        receipts = []
        for page in self.client.receipts(**{name: external_id}):
            for row in page:
                if row.get(name) == external_id and (not names or receipt_name(row.get("id")) in names):
                    receipts.append({"id": row.get("id"), "receipt_url": row.get("receipt_url")})
        return self._receipts_item(external_id, kind, receipts) if receipts else None

    def _receipts_item(self, external_id, kind, receipts):
        payload = {"id": external_id, "subject_kind": kind, "receipts": receipts}
        content = sorted(str(receipt["id"]) for receipt in receipts)
        return item({}, content, external_id, payload, external_id=external_id)

    def _owner_row(self, external_id, kind):
        return getattr(self.client, SPEND[kind])(external_id)

    def document(self, payload):
        attachments = []
        for receipt in payload.get("receipts") or []:
            url = str(receipt.get("receipt_url") or "")
            name = file_name(url) or f"Receipt {receipt.get('id')}.pdf"
            attachments.append(Attachment(name=name, url=url))
        return tuple(attachments)


class RepaymentPuller(Puller):
    """Completed repayments. Ramp has no sync status for them: only the record links tell which are booked."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        # Without a date, Ramp also lists requested repayments.
        begin = since_moment(since, self.zone) or "1970-01-01T00:00:00+00:00"
        found = self.client.repayments(from_repaid_at=begin)
        yield from self.pages(found, self._wanted, parallel=PARALLEL_READS)

    def _wanted(self, row):
        is_made = text(row, "status") == translate_card.REPAID and self.concerns_us(row)
        return self._item(row) if is_made else None

    def _item(self, row):
        try:
            spent = self.client.transaction(row.get("original_transaction_id"))
        except NotFoundError:
            spent = {}
        content = [picked(row, ("status", "repaid_at", "repayment_amount", "original_transaction_id"))]
        merchant = spent.get("merchant_name") or ""
        return item(row, content, f"Repayment {merchant}".strip(), {"repayment": row, "transaction": spent})

    def fetch(self, external_id):
        listed = (row for page in self.client.repayments() for row in page)
        found = next((row for row in listed if row.get("id") == external_id), None)
        return self._wanted(found) if found else None

    def document(self, payload):
        return translate_card.repayment(payload)
