"""Fetches the records of a pull flow, acknowledges them, and has them booked."""

import time
from itertools import islice

from odoo import fields
from odoo.fields import Domain

from ..core.errors import StoppedError
from ..core.messages import _
from ..importers.ml_importer import ImportEntry
from ..models.ml_error_class import MAX_STOPS
from .base import BATCH, OfFlow, elapsed, halves
from .booking import Booking, FileRequests
from .dry_run import pull_lines
from .failures import as_connector_error, may_be_of_one
from .flow_work import FlowWork
from .queue import in_turn, portion
from .results import Answers

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
        self.booking.store([ImportEntry(log, error=error)], time.monotonic())

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


class Acknowledgements(OfFlow):
    """Acknowledges stored records to the provider."""

    def send(self, stops=0):
        """Acknowledge stored records to the provider. Those that it withdrew meanwhile are ignored."""
        if not self.spec.acknowledges:
            return
        unknown = in_turn(stops) & Domain("flow_id", "=", self.flow.id)
        unknown &= Domain("is_acknowledged", "=", False) & Domain("state", "=", "pending")
        while logs := self.env["ml.sync.log"].search(unknown, order="id", limit=portion(BATCH, stops)):
            if logs[0].stop_count >= MAX_STOPS:  # such transfers come one by one
                sentence = _(
                    "The server stopped %(count)s times while Odoo acknowledged this record.", count=logs.stop_count
                )
                self.run.work_of(self.flow).give_up(logs, StoppedError(sentence))
                self.run.commit()
                continue
            reading, self.flow.stop_count = self.flow.stop_count, 0  # a stop during this call is no stop of the reading
            with self.run.queue.counted(logs):
                self._batch(logs)
            self.flow.stop_count = reading
            self.run.commit()

    def _batch(self, logs):
        """Acknowledge together. A refused batch is halved until the refused record is alone."""
        started = time.monotonic()
        try:
            refused = self.remote.acknowledge(logs.mapped("external_version"))
        except Exception as error:  # noqa: BLE001 - whatever one document raises must not stop the others
            problem = as_connector_error(self.connection, error)
            # acknowledging twice does no harm
            if not may_be_of_one(problem, has_effect=False):
                raise
            if len(logs) > 1:
                for part in halves(logs):
                    self._batch(part)
                return
            self.run.work_of(self.flow).give_up(logs, problem)
        else:
            self._store(logs, refused, started)
        self.run.commit(processed=len(logs))

    def _store(self, logs, refused, started):
        logs.is_acknowledged = True
        milliseconds = elapsed(started) // len(logs)
        attempts = []
        for log in logs:
            reason = refused.get(log.external_version)
            if reason:
                log.write({"state": "ignored", "ignored_reason": reason, "done_at": fields.Datetime.now()})
            attempts.append(
                {
                    "log": log,
                    "action": "acknowledge",
                    "outcome": "ignored" if reason else "sent",
                    "message": reason,
                    "milliseconds": milliseconds,
                    "trace_id": self.run.trace_id,
                }
            )
        self.env["ml.sync.attempt"]._append(self.connection, attempts)
