"""Fetches the records of a pull flow, and has them booked."""

import time
from itertools import islice

from odoo import fields

from ..core.messages import _
from ..importers.ml_importer import ImportEntry
from .acknowledge import Acknowledgements
from .answers import Answers
from .base import BATCH
from .booking import Booking
from .dry_run import pull_lines
from .file_requests import FileRequests
from .flow_work import FlowWork

LEFT_ALONE = ("pending", "running", "ignored")
"""States of transfers that are in progress or that a user decided."""


class Pull(FlowWork):
    """Records of the provider, into Odoo."""

    booking_class = Booking

    @property
    def booking(self):
        return self.booking_class(self.run, self.flow)

    def read(self):
        """Store the provider's records for a flow. Transfers and cursor are committed page by page."""
        started = fields.Datetime.now()
        self.flow.write({"progress_done": 0, "progress_total": 0})
        acknowledgements = Acknowledgements(self.run, self.flow)
        acknowledgements.send()
        self.run.listed[self.flow.id] = set()
        for page in self.remote.pull(self.flow._read_from(), self.flow.start_date or None):
            self.run.listed[self.flow.id].update(item.external_id for item in page.items)
            new = self.env["ml.sync.log"]._store(self.flow, self._wanted(page.items))
            if page.cursor is not None:
                self.flow.cursor = page.cursor
            self.flow.progress_total += new
            # a new page begins: only stops during the same page count
            self.flow.stop_count = 1
            self.run.commit(processed=new)
            acknowledgements.send()
        if self.flow._is_reread_due(started):
            self._reread()
            self.flow.reread_at = started
        if self.spec.acknowledges:
            Answers(self.env).overdue(self.flow)
        self.flow._schedule_next(started)
        self.flow.write({"last_success_at": fields.Datetime.now(), "error_message": False})
        self.run.succeeded = True
        self.run.commit()

    def _reread(self):
        """Read records again that may change after booking and are in no list of new ones. Unknown ones are skipped."""
        for page in self.remote.reread():
            self.run.listed[self.flow.id].update(item.external_id for item in page.items)
            keys = {(self.flow.kind, item.external_id) for item in page.items}
            bound = self.env["ml.binding"]._records(self.connection, keys)
            known = [item for item in page.items if (self.flow.kind, item.external_id) in bound]
            new = self.env["ml.sync.log"]._store(self.flow, known)
            FileRequests(self.run, self.flow).store_late(known)
            self.flow.progress_total += new
            self.run.commit(processed=new)

    def process(self):
        if self.run.stops:
            Acknowledgements(self.run, self.flow).send(self.run.stops)
        while not self.run.is_over and (logs := self.run.queue.claim(self.flow, self._batch)):
            for is_decided, group in logs.grouped(lambda log: log.decision == "next_open_day").items():
                flow = self.flow.with_context(ml_next_open_day=True) if is_decided else self.flow
                self.booking_class(self.run, flow).book(group.with_env(flow.env))
            self.run.succeeded = True

    @property
    def _batch(self):
        """Number of transfers claimed together."""
        return BATCH

    def _wanted(self, items):
        """The items of a page that are stored."""
        return items

    def fail(self, log, error):
        entry = ImportEntry(log, None)
        entry.error = error
        self.booking.store([entry], time.monotonic())

    def stopped(self, count):
        return _("The server stopped %(count)s times while Odoo booked this record.", count=count)

    def dry_run(self):
        return pull_lines(self.booking)

    def lacking(self, since, most_pages=None):
        """Records that the provider marks as booked since a day and Odoo lacks: (item, whether Odoo reported it)."""
        since = max(since, self.flow.start_date or since)
        found = {}
        for page in islice(self.remote.booked(since), most_pages):
            items = {item.external_id: item for item in page.items}
            keys = [(self.flow.kind, external_id) for external_id in items]
            held = {external_id for _kind, external_id in self.env["ml.binding"]._records(self.connection, keys)}
            rows = self.env["ml.sync.log"].search(
                [
                    ("flow_id", "=", self.flow.id),
                    ("external_id", "in", list(items)),
                    ("is_current", "=", True),
                    ("state", "in", LEFT_ALONE),
                ]
            )
            held.update(rows.mapped("external_id"))
            found |= {key: (item, page.is_told) for key, item in items.items() if key not in held}
        return found.values()
