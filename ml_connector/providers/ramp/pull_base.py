"""Readers of Ramp's records, one class for each flow beside bills, payments and vendors.

A reader knows which rows a flow takes, how one is read again, and which translator it goes to.
"""

from datetime import UTC, datetime, time

from ...core import items as rows
from ...core.errors import InvalidDataError
from ...core.provider import RemotePage, RemoteRecord, content_version
from . import check
from .wire import required_id, text

READY, NOT_READY, SYNCED = "SYNC_READY", "NOT_SYNC_READY", "SYNCED"


class Puller:
    """Reads the records of one flow.

    :param provider: the `RampProvider`; its client is made when it is first used, because translating needs none
    """

    def __init__(self, provider):
        self._provider = provider

    @property
    def client(self):
        return self._provider.client

    @property
    def entity_id(self):
        """The entity that is this company; empty for all."""
        return self._provider.entity_id

    @property
    def is_foreign(self):
        """Whether another system keeps the books: what is ready is that system's to book, and cannot be reported."""
        return self._provider.settings.stored.get("seat") == check.TAKEN

    @property
    def zone(self):
        """Where the company's days begin."""
        return self._provider.zone

    def is_since(self, row, since, booking_date):
        return is_since(self._provider.localized(row), since, booking_date)

    def concerns_us(self, row):
        """Ramp ignores filters that it does not know, so the entity is looked at again.

        What has no entity is the primary entity's: so no two companies book it.
        """
        if not self.entity_id:
            return True
        if row.get("entity_id") is None:
            return bool(self._provider.settings.stored.get("is_primary_entity"))
        return text(row, "entity_id") == self.entity_id

    def pages(self, found, read, parallel=1):
        """Pages of what `read` makes of each row that is found (see `rows.pages`)."""
        return rows.pages(found, read, self._provider.label, parallel=parallel)

    def pull(self, cursor, since):
        raise NotImplementedError

    def fetch(self, external_id):
        raise NotImplementedError

    def document(self, payload):
        raise NotImplementedError


def item(row, content, title, payload=None, external_id=""):
    """An `RemoteRecord` whose version goes by `content`."""
    return RemoteRecord(
        external_id=external_id or required_id(row, "It"),
        version=content_version(content),
        title=title,
        payload=payload or row,
    )


def since_moment(day, zone=UTC):
    """The begin of a day as the date-time that Ramp's filters want; None without one."""
    return datetime.combine(day, time(), zone).astimezone(UTC).isoformat() if day else None


def is_since(row, since, booking_date):
    """Whether a row is young enough. One without a readable date is: its translation says what is wrong."""
    if since is None:
        return True
    try:
        booked = booking_date(row)
    except InvalidDataError:
        return True
    return booked is None or booked >= since


def cursor_page(cursor, fallback=None):
    """An empty page that keeps the cursor, or sets the present moment as the first one."""
    return RemotePage(items=(), cursor=cursor or fallback or datetime.now(UTC).isoformat())
