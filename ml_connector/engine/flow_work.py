"""What a run does with one flow."""

from datetime import timedelta

from odoo import fields

from ..models.ml_error_class import ERROR_CLASSES, retry_seconds
from .base import RACES, OfFlow, bindings_by_record
from .failures import as_connector_error
from .queue import put_back

FAULTS_TOLERATED = timedelta(days=2)
"""How long a flow may fail with errors of the provider's server before the responsible user gets an activity."""
READ_TRIES = 2
"""Number of failures after which the delay for reading again after a provider error is computed."""


class FlowWork(OfFlow):
    """What a run does with one flow. One class for each kind of flow: see `WORKS` in `run.py`.

    :cvar action: what it does with a transfer, for the audit trail
    """

    action = "write"

    def read(self):
        """Queue what is new for the flow."""
        raise NotImplementedError

    def process(self):
        """Process the transfers that are due."""
        raise NotImplementedError

    def fail(self, log, error):
        """Store the error of a transfer."""
        raise NotImplementedError

    def stopped(self, count):
        """A sentence on a transfer during which the server stopped `count` times."""
        raise NotImplementedError

    def dry_run(self):
        """Values of the lines that show what the next sync would do."""
        return []

    def lacking(self, since, most_pages=None):
        """Records that the provider marks as booked since a day and Odoo lacks: (item, whether Odoo reported it)."""
        return []

    def read_guarded(self):
        """Fetch new records. An error of this flow alone (a missing permission, a defect) does not stop the others.

        :return: the error, or None
        """
        started = fields.Datetime.now()
        self.flow.stop_count += 1
        self.run.commit()
        try:
            self.read()
        except Exception as error:  # noqa: BLE001 - whatever one flow raises must not stop the others
            self.env.cr.rollback()
            self.flow.stop_count = 0
            self.run.commit()
            if isinstance(error, RACES):
                raise
            problem = self._record_failure(error, "read")
            self.flow._schedule_next(started)
            if problem.error_class == "remote":
                # the error is temporary, and the interval of the flow may be a day
                soon = timedelta(seconds=retry_seconds(READ_TRIES, problem.retry_after))
                self.flow.next_run_at = min(self.flow.next_run_at, fields.Datetime.now() + soon)
            self.run.commit()
            return problem
        return None

    def work(self):
        """Process the transfers of a flow. After a defect the remaining ones are processed in smaller portions."""
        while self._is_cut_short():
            continue

    def _is_cut_short(self):
        """Process the transfers once. True when a defect interrupted it, so that others of this turn are still due."""
        try:
            self.process()
        except Exception as error:  # noqa: BLE001 - see `read_guarded`
            self.env.cr.rollback()
            struck = self.run.queue.give_back(error)
            if isinstance(error, RACES):
                raise
            self._record_failure(error, self.action)
            self.run.commit()
            return struck
        return False

    def _record_failure(self, error, action):
        """Store the error of one flow. An error that concerns the whole connection is raised again."""
        self.env.cr.rollback()
        problem = as_connector_error(self.connection, error)
        if ERROR_CLASSES[problem.error_class].stops_connection and problem.status != 403:
            raise error
        self.run.failed = True
        self.flow.error_message = problem.message
        if not self._may_pass(problem):
            self.connection._ask_owner(problem)
        self.env["ml.sync.attempt"]._append(
            self.connection, [{"subject": self.flow.key, "action": action, "outcome": "failed", "error": problem}]
        )
        return problem

    def _may_pass(self, problem):
        """Whether the error is one of a server and the flow succeeded recently."""
        since = fields.Datetime.now() - FAULTS_TOLERATED
        return (
            problem.error_class in ("remote", "server")
            and self.flow.last_success_at
            and self.flow.last_success_at > since
        )

    def give_up(self, log, error):
        """Let a transfer fail that stops the work repeatedly, and notify the responsible user."""
        put_back(log)
        if log.state != "pending":
            return
        self.fail(log, error)
        self.run.failed = True
        self.connection._ask_owner(error)


SWEEP_CHUNK = 1000
SWEEP_OVERLAP = timedelta(hours=1)


class Outgoing(FlowWork):
    """What a run does with a flow to the provider."""

    action = "send"

    def read(self):
        """Queue records that changed since the last sweep, however they were changed."""
        started = fields.Datetime.now()
        if reason := self.flow._blocked():
            self.flow.error_message = reason
            self.flow._schedule_next(started)
            self.run.commit()
            return
        model = self.spec.watches
        if model:
            exporter = self.flow._exporter(model)
            domain = exporter._domain(self.flow)
            if self.flow.cursor:
                since = fields.Datetime.to_datetime(self.flow.cursor) - SWEEP_OVERLAP
                domain &= exporter._changed_since(model, since)
            ids = exporter.env[model].with_context(active_test=False).search(domain, order="id").ids
            for start in range(0, len(ids), SWEEP_CHUNK):
                records = exporter.env[model].browse(ids[start : start + SWEEP_CHUNK])
                records = exporter._sendable(self.flow, records)
                self.env["ml.sync.log"]._enqueue(self.flow, self._changed_since_synced(records))
                self.run.commit()
        self.flow.write(
            {
                "cursor": fields.Datetime.to_string(started),
                "last_success_at": fields.Datetime.now(),
                "error_message": False,
            }
        )
        self.flow._schedule_next(started)
        self.run.commit()

    def _changed_since_synced(self, records):
        """The records that changed after their last transfer."""
        bindings = bindings_by_record(self.flow, records)
        touched = self.flow._exporter(records._name)._touched_at(records)
        return records.filtered(
            lambda record: record.id not in bindings or touched[record.id] > bindings[record.id].synced_at
        )

    def fail(self, log, error):
        self.run.deliveries.failed(log, error)
