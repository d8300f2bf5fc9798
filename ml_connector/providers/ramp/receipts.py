"""Receipts of card transactions and reimbursements, into Odoo."""

from datetime import UTC, datetime
from functools import cached_property

from ...core.documents import Attachment
from ...core.errors import InvalidDataError, NotFoundError
from ...core.items import id_of
from ...core.messages import _
from ...core.remote import RemotePage
from ...core.wire import text
from .client import path_id
from .links import Links, file_name
from .pull_base import NOT_READY, RampPull, since_moment
from .wire import item, required_id

OWNERS = {"expense": "transaction_id", "reimbursement": "reimbursement_id"}
"""By kind of record: the key of its ID in a receipt."""
_RECEIPT = "Receipt "


class Receipts(RampPull):
    """Importing a record creates the transfers of its receipts; later receipts are found by their time."""

    key = "receipts"
    label = _("Receipts")
    kind = "file"
    sequence = 55
    scopes = ("receipts:read", "transactions:read", "reimbursements:read")
    events = ("transactions.receipt_added",)
    help = _("Attaches receipts to expenses and reimbursements, also later ones.")

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        started = datetime.now(UTC)
        if cursor:
            yield from self.pages(self.client.pages("/receipts", created_after=cursor), self._late)
        yield RemotePage(items=(), cursor=started.isoformat())

    def _late(self, row):
        """A receipt with the ID of its owner, whether the owner is booked or not."""
        receipt_id = required_id(row)
        kind, owner = next(((kind, text(row, name)) for kind, name in OWNERS.items() if text(row, name)), ("", ""))
        if not owner:
            return None
        self.links.note(row)
        names = [receipt_name(receipt_id)]
        payload = {"subject_kind": kind, "names": names, "day": text(row, "created_at")[:10]}
        return item(row, names, names[0], payload, external_id=owner)

    @cached_property
    def links(self):
        """Links of receipts by their ID, from the lists of this run."""

        def listed(since):
            return self.client.pages("/receipts", created_after=since_moment(since))

        return Links(listed, lambda row: (id_of(row), row.get("receipt_url")))

    def read(self, external_id):
        """All receipts of a transaction or reimbursement."""
        try:
            return self._all(external_id, "expense")
        except NotFoundError:
            return self._all(external_id, "reimbursement")

    def read_files(self, external_id, known):
        """The receipts of a record, or only those with known names; links differ at each reading."""
        kind, names = known.get("subject_kind"), known.get("names")
        if not kind:
            return self.read(external_id)
        if not names:
            return self._all(external_id, kind)
        ids = [name.removeprefix(_RECEIPT) for name in names]
        urls = self.links.find(ids, known.get("day", ""))
        if urls is None:
            return self._asked(external_id, kind, names)
        receipts = [{"id": key, "receipt_url": url} for key, url in zip(ids, urls, strict=True)]
        return receipts_item(external_id, kind, receipts)

    def _all(self, external_id, kind):
        owners = "transactions" if kind == "expense" else "reimbursements"
        owner = self.client.one(f"/{owners}/{path_id(external_id)}")
        if owner.get("sync_status") == NOT_READY or not self.concerns_us(owner):
            return None
        return self._asked(external_id, kind)

    def _asked(self, external_id, kind, names=()):
        name = OWNERS[kind]
        receipts = [
            {"id": row.get("id"), "receipt_url": row.get("receipt_url")}
            for row in self.client.rows("/receipts", **{name: external_id})
            if row.get(name) == external_id and (not names or receipt_name(row.get("id")) in names)
        ]
        return receipts_item(external_id, kind, receipts) if receipts else None

    def translate(self, payload):
        """The `Attachment`s of a record."""
        attachments = []
        for receipt in payload.get("receipts") or []:
            url = str(receipt.get("receipt_url") or "")
            name = file_name(url) or f"Receipt {receipt.get('id')}.pdf"
            attachments.append(Attachment(name=name, url=url))
        return tuple(attachments)


def receipts_item(external_id, kind, receipts):
    payload = {"id": external_id, "subject_kind": kind, "receipts": receipts}
    content = sorted(str(receipt["id"]) for receipt in receipts)
    return item({}, content, external_id, payload, external_id=external_id)


def receipts(payload):
    """One `Attachment` for each receipt; the download requests their links."""
    ids = payload.get("receipts") or []
    if not (isinstance(ids, list) and all(isinstance(receipt, str) for receipt in ids)):
        raise InvalidDataError(_("Ramp sent an invalid list of receipts."))
    return tuple(Attachment(name=receipt_name(receipt), url="") for receipt in ids)


def receipt_name(receipt_id):
    """The name of a receipt before its file is known."""
    return f"{_RECEIPT}{receipt_id}"
