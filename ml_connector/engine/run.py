"""One run of a connection: its state, and its steps in their order."""

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from odoo import fields

from ..core.errors import MissingRightError, StoppedError
from ..core.flow import FileInFlow, FileOutFlow, InboxFlow, PullFlow, PushFlow, ResultFlow
from ..core.messages import _
from ..models.ml_connection_job import WORKING_STATES
from ..models.ml_error_class import ERROR_CLASSES, MAX_STOPS
from ..models.sync_states import DIFFERS
from .base import CONFLICT_TRIES, PARALLEL_CALLS, RACES, Step
from .deliveries import Deliveries
from .failures import as_connector_error
from .files_in import Inbox
from .files_of_records import FilesOfRecords
from .files_out import FilesOut
from .pull import Pull
from .push import Push
from .queue import ALONE, Queue, count_due, in_turn, portion
from .records_of_files import FilesOfFileRecords, RecordsOfFiles
from .requests import Requests
from .results import Results
from .subscription import Subscription
from .waits import Waits
from .webhooks import Events

_logger = logging.getLogger(__name__)

FILE_BYTES = 32 * 1024 * 1024
"""Approximate size of the files held in memory together. The files of one record may exceed it."""


class Run:
    """State of one run of one connection's job; nothing of it outlives the run.

    :ivar listed: {flow id: ids of the remote records in its lists when they were last read in this run}
    """

    def __init__(self, connection):
        self.connection = connection
        self.env = connection.env
        self.seconds_left = float("inf")
        self.trace_id = ""
        self.lease = None
        self.claimed = self.env["ml.sync.log"]
        self.stops = 0
        self.calls = 0
        self.files_at_once = 1
        self.succeeded = False
        self.failed = False
        self.announcements = {}
        self.listed = {}
        self.sign_in()

    def sign_in(self):
        """Make the provider's object, with the connection's credentials and settings as they are now."""
        self.provider = self.connection._provider(self._observe)

    def _observe(self, exchange):
        if exchange.announcement:
            self.announcements[exchange.announcement] = True
        self.trace_id = exchange.trace_id or self.trace_id
        self.calls += 1
        _logger.debug("%s %s: %s in %s ms", exchange.method, exchange.path, exchange.status, exchange.milliseconds)

    @cached_property
    def queue(self):
        return Queue(self)

    @cached_property
    def deliveries(self):
        return Deliveries(self.env)

    def work_of(self, flow):
        """The object that does the work of a flow in this run."""
        return work_class(flow)(self, flow)

    def known_flows(self):
        """The active flows that this version knows; the others get an error message."""
        flows = self.connection.flow_ids.filtered("active").sorted("sequence")
        known = flows.filtered(lambda flow: flow._is_known())
        for flow in flows - known:
            flow.error_message = flow._blocked()
        return known

    def commit(self, processed=0, remaining=None):
        """Commit, report the progress to the scheduler, and update the seconds that are left."""
        self.seconds_left = self.env["ir.cron"]._commit_progress(processed, remaining=remaining)

    def commit_answers(self, logs, store):
        """Store what the provider answered to transfers, and commit; again when another transaction interfered.

        An answer that got lost would leave a transfer unconfirmed, though the provider answered it.

        :param store: called with those of the transfers that this run still holds
        :raises psycopg2.Error: one of `RACES`, when other transactions interfere again and again
        """
        leases = {log: log.lease_until for log in logs}
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                store(logs.filtered(lambda log: log.state == "running" and log.lease_until == leases[log]))
                self.commit(processed=len(logs))
                return
            except RACES:
                self.env.cr.rollback()
                if attempt == CONFLICT_TRIES:
                    raise

    @property
    def is_over(self):
        return self.seconds_left <= 0

    @property
    def in_turn(self):
        """Domain of the records of the current turn: those that stopped the server come last."""
        return in_turn(self.stops)

    def portion(self, limit):
        """Number of records processed together: `limit`, or fewer of records that stopped the server."""
        return portion(limit, self.stops)

    def fit_files(self, sizes):
        """Set how many records' files are read together, judging by the largest size of the last ones."""
        fitting = FILE_BYTES // max([1, *sizes])
        self.files_at_once = max(1, min(2 * self.files_at_once, PARALLEL_CALLS, fitting))

    def parallel(self, function, items):
        """Results of remote calls in the order of `items`; an exception is returned as a ConnectorError, not raised."""
        items = list(items)

        def guarded(item):
            try:
                return function(item)
            except Exception as error:  # noqa: BLE001 - whatever one call raises must not stop the others
                return error

        if len(items) < 2:
            results = [guarded(item) for item in items]
        else:
            with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
                results = list(pool.map(guarded, items))
        return [
            as_connector_error(self.connection, result) if isinstance(result, Exception) else result
            for result in results
        ]


class Loop(Step):
    """The steps of a run, in their order."""

    def work(self):
        try:
            self._work()
        finally:
            self.run.provider.close()

    def _work(self):
        connection = self.connection
        Requests(self.run).answer()
        connection._watch_access_end()
        if connection.state not in WORKING_STATES:
            return
        if problem := connection._user_problem():
            connection._ask_owner(MissingRightError(problem))
            return
        self.run.queue.reclaim()
        self._report_stopped_flows()
        self._guarded(self.run.queue.probe_waits)
        self._guarded(Subscription(self.run).confirm)
        self._guarded(Subscription(self.run).watch)
        self._guarded(self._compare_again)
        for stops in self.run.queue.turns():
            self.run.stops = stops
            self._work_in_turn()
        self._guarded(Waits(self.run).judge)
        if self.run.provider.learned:
            connection.stored_settings = {**(connection.stored_settings or {}), **self.run.provider.learned}
            self.run.commit()
        if self.run.announcements:
            connection._note_announcements(list(self.run.announcements))
            self.run.commit()

    def _work_in_turn(self):
        flows = self.run.known_flows()
        # records of earlier events come first; otherwise many events would use up the time for booking in every run
        if not count_due(self.connection):
            self._guarded(Events(self.run).read)
        now = fields.Datetime.now()
        for flow in flows.filtered(lambda flow: min(flow.stop_count, ALONE) == self.run.stops and flow._is_due(now)):
            self.run.work_of(flow).read_guarded()
        self._work_flows(flows)
        while self._guarded(Events(self.run).read):
            self._work_flows(flows)
        if self._guarded(Waits(self.run).fetch_missing):
            self._work_flows(flows)

    def _guarded(self, step):
        """Run a step that concerns no single transfer. A defect in it is reported and does not stop the next steps."""
        try:
            return step()
        except RACES:
            raise
        except Exception as error:  # noqa: BLE001 - see `FlowWork.read_guarded`
            self.env.cr.rollback()
            problem = as_connector_error(self.connection, error)
            if ERROR_CLASSES[problem.error_class].stops_connection:
                raise
            self.run.failed = True
            self.connection._ask_owner(problem)
            subject = {"subject": self.connection.provider, "action": "check", "outcome": "failed", "error": problem}
            self.env["ml.sync.attempt"]._append(self.connection, [subject])
            self.run.commit()
            return None

    def _work_flows(self, flows):
        for flow in flows:
            self.run.work_of(flow).work()

    def _report_stopped_flows(self):
        """Report flows that are no longer read because they stopped the server repeatedly."""
        for flow in self.run.known_flows().filtered(lambda flow: flow.stop_count >= MAX_STOPS):
            error = StoppedError(
                _(
                    "The server stopped %(count)s times while Odoo read the flow %(flow)s. Click Sync Now to read it"
                    " again.",
                    count=MAX_STOPS,
                    flow=flow._spec().label,
                )
            )
            self.run.failed = True
            if flow.error_message == error.message:
                continue
            flow.error_message = error.message
            self.connection._ask_owner(error)
            entry = {"subject": flow.key, "action": "read", "outcome": "failed", "error": error}
            self.env["ml.sync.attempt"]._append(self.connection, [entry])
            self.run.commit()

    def _compare_again(self):
        """Compare records that changed after posting again once their Odoo record was changed."""
        domain = [("connection_id", "=", self.connection.id), ("direction", "=", "pull"), ("state", "=", "done")]
        for model, logs in self.env["ml.sync.log"].search([*domain, *DIFFERS]).grouped("res_model").items():
            records = self.env[model].browse(set(logs.mapped("res_id"))).exists()
            changed_at = {record.id: record.write_date for record in records}
            logs.filtered(
                lambda log, changed_at=changed_at: (moment := changed_at.get(log.res_id)) and moment > log.done_at
            )._make_pending()
        self.run.commit()


WORKS = {
    InboxFlow: Inbox,
    FileInFlow: RecordsOfFiles,
    FileOutFlow: FilesOut,
    PullFlow: Pull,
    PushFlow: Push,
    ResultFlow: Results,
}
OF_FILES = {Pull: FilesOfRecords, RecordsOfFiles: FilesOfFileRecords}
"""The same for flows that fetch the files of other flows' records."""


def work_class(flow):
    """The class of `FlowWork` for a flow."""
    for base in flow._spec().__mro__:
        if work := WORKS.get(base):
            return OF_FILES[work] if work in OF_FILES and _carries_files(flow) else work
    # left behind by another version
    return Push if flow.direction == "push" else Pull


def _carries_files(flow):
    return any(spec.files == flow.key for spec in flow.connection_id._provider_class().flows)
