"""Base of the classes that read Ramp's records, one for each flow except bills, payments and vendors.

A class selects the rows of a flow, reads a single one again, and names its translator.
"""

from datetime import UTC, datetime, time

from ...core import items as rows
from ...core.errors import InvalidDataError
from ...core.remote import RemotePage
from . import check
from .wire import text

READY, NOT_READY, SYNCED = "SYNC_READY", "NOT_SYNC_READY", "SYNCED"


class Puller:
    """Reads the records of one flow.

    :param provider: the `RampProvider`; its client is created on first use, because translating needs none
    """

    def __init__(self, provider):
        self._provider = provider

    @property
    def client(self):
        return self._provider.client

    @property
    def entity_id(self):
        """The entity of this company; empty for all."""
        return self._provider.entity_id

    @property
    def is_foreign(self):
        """Whether another system is the accounting system: it books the records, and Odoo could not report results."""
        return self._provider.settings.stored.get("seat") == check.TAKEN

    @property
    def zone(self):
        """The company's time zone."""
        return self._provider.zone

    def is_since(self, row, since, booking_date):
        return is_since(self._provider.localized(row), since, booking_date)

    def concerns_us(self, row):
        """Whether a row belongs to the entity. Ramp ignores unknown filters, so it is checked again.

        Rows without an entity belong to the primary one, so that no two companies book them.
        """
        if not self.entity_id:
            return True
        if row.get("entity_id") is None:
            return bool(self._provider.settings.stored.get("is_primary_entity"))
        return text(row, "entity_id") == self.entity_id

    def pages(self, found, read, parallel=1):
        """Pages of the records that `read` returns for the rows (see `rows.pages`)."""
        return rows.pages(found, read, self._provider.label, parallel=parallel)

    def pull(self, cursor, since):
        raise NotImplementedError

    def fetch(self, external_id):
        raise NotImplementedError

    def document(self, payload):
        raise NotImplementedError


def since_moment(day, zone=UTC):
    """The start of a day as a date-time for Ramp's filters; None without a day."""
    return datetime.combine(day, time(), zone).astimezone(UTC).isoformat() if day else None


def is_since(row, since, booking_date):
    """Whether a row is recent enough, or has no readable date: then its translation reports the error."""
    if since is None:
        return True
    try:
        booked = booking_date(row)
    except InvalidDataError:
        return True
    return booked is None or booked >= since


def cursor_page(cursor, fallback=None):
    """An empty page that keeps the cursor, or sets the current time as the first one."""
    return RemotePage(items=(), cursor=cursor or fallback or datetime.now(UTC).isoformat())
