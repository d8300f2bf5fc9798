"""Base of the flows that read Ramp's records: which rows concern the connection, and from when on."""

from datetime import UTC, datetime, time, timedelta

from ...core import items
from ...core.flow import PullFlow
from ...core.wire import day, text
from . import check
from .client import path_id

READY, NOT_READY, SYNCED = "SYNC_READY", "NOT_SYNC_READY", "SYNCED"
LOOK_BACK = timedelta(days=45)
"""Time after the sync in which card transactions are compared again, and bills after their payment."""
PARALLEL_READS = 4


class RampPull(PullFlow):
    """Records of Ramp, into Odoo."""

    sync_type = ""
    """Ramp's name for the results of its records, if the flow reports."""

    @property
    def entity_id(self):
        """The entity of this company; empty for all."""
        return self.provider.entity_id

    @property
    def is_foreign(self):
        """Whether another system is the accounting system: it books the records, and Odoo could not report results."""
        return self.provider.settings.stored.get("seat") == check.TAKEN

    def concerns_us(self, row):
        """Whether a row belongs to the entity. Ramp ignores unknown filters, so it is checked again.

        Rows without an entity belong to the primary one, so that no two companies book them.
        """
        if not self.entity_id:
            return True
        if row.get("entity_id") is None:
            return bool(self.provider.settings.stored.get("is_primary_entity"))
        return text(row, "entity_id") == self.entity_id

    def pages(self, found, read, **options):
        """Pages of the records that `read` returns for the rows (see `items.pages`)."""
        return items.pages(found, read, self.provider.label, **options)

    def is_synced(self, external_id):
        """Whether Ramp has marked a record of a flow that reports as synced."""
        raise NotImplementedError


class SyncedPull(RampPull):
    """Records with a sync status of their own. A flow names their list and the record made of a row."""

    path = ""
    """Path of the list; the path of a row is below it."""

    reports = True
    relists = True

    def pull(self, cursor, since):
        yield from self.selected(since)

    def booked(self, since):
        yield from self.selected(since, SYNCED)

    def selected(self, since, status=READY, **filters):
        """Pages of the records with a status. None while another system is the accounting system."""

        def read(row):
            return self.item(row) if self.is_due(row, status) and self.is_since(row, since) else None

        if not self.is_foreign:
            found = self.client.pages(self.path, sync_status=status, entity_id=self.entity_id or None, **filters)
            yield from self.pages(found, read)

    def read(self, external_id):
        row = self.row(external_id)
        return self.item(row) if self.is_due(row) and not self.is_foreign else None

    def is_due(self, row, status=READY):
        """Whether to book a row."""
        return self.concerns_us(row) and text(row, "sync_status") == status

    def is_synced(self, external_id):
        return self.row(external_id).get("sync_status") == SYNCED

    def row(self, external_id):
        return self.client.one(f"{self.path}/{path_id(external_id)}")

    def item(self, row):
        raise NotImplementedError

    def booking_date(self, row):
        return day(row, "created_at")


def since_moment(day, zone=UTC):
    """The start of a day as a date-time for Ramp's filters; None without a day."""
    return datetime.combine(day, time(), zone).astimezone(UTC).isoformat() if day else None
