import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as CONFLICTS
from odoo.tools import SQL

from ..core.errors import ConnectorError, MissingRightError, ServerError, StoppedError
from ..core.messages import _
from ..importers.ml_importer import ImportEntry
from ..models.ml_connection import WORKING_STATES
from ..models.ml_error_class import ERROR_CLASSES, MAX_STOPS, MAX_TRIES, retry_seconds
from ..models.ml_sync_log import INDEPENDENT, ODOO, odoo_key
from .server_faults import server_fault
from .waits import Waits

_logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
LOOK_UP_DELAY = timedelta(seconds=30)
"""Delay before an unanswered request is looked up: the provider may still process it, and its lists may lag behind."""
PARALLEL_CALLS = 8
FAULTS_TOLERATED = timedelta(days=2)
"""How long a flow may fail with errors of the provider's server before the responsible user gets an activity."""
CONFLICT_TRIES = 5
RACES = (*CONFLICTS, psycopg2.errors.UniqueViolation)
"""Errors when another worker handles the same record: a repetition finds the record that it made."""
READ_TRIES = 2
"""Number of failures after which the delay for reading again after a provider error is computed."""
ALONE = MAX_STOPS - 1
"""From this number of server stops on, a record is processed alone."""
FILE_BYTES = 32 * 1024 * 1024
"""Approximate size of the files held in memory together. The files of one record may exceed it."""
COUNTED = ("ml.sync.log", "ml.webhook.event", "ml.flow")
"""Models whose records count the server stops that happened while they were processed."""
REQUESTS = ("ml.dry.run", "ml.recovery")
"""Wizards whose requests the connection's job answers."""


class Run:
    """State of one run of one connection's job; nothing of it outlives the run.

    :ivar listed: {flow id: ids of the remote records in its lists when they were last read in this run}
    """

    def __init__(self, connection):
        self.connection = connection
        self.provider = connection._provider(self._observe)
        self.seconds_left = float("inf")
        self.trace_id = ""
        self.lease = None
        self.claimed = connection.env["ml.sync.log"]
        self.stops = 0
        self.calls = 0
        self.files_at_once = 1
        self.succeeded = False
        self.failed = False
        self.announcements = {}
        self.listed = {}

    def _observe(self, exchange):
        if exchange.announcement:
            self.announcements[exchange.announcement] = True
        self.trace_id = exchange.trace_id or self.trace_id
        self.calls += 1
        _logger.debug("%s %s: %s in %s ms", exchange.method, exchange.path, exchange.status, exchange.milliseconds)

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
        worker = self.connection.env["ml.worker"]
        return [worker._as_connector_error(result) if isinstance(result, Exception) else result for result in results]


class MlWorker(models.AbstractModel):
    """Runs a connection: check, webhooks, fetch, write, send, report. Only the worker commits."""

    _name = "ml.worker"
    _description = "Worker"

    @api.model
    def _run(self, connection):
        """One run of a connection's job, in slices of work that are each committed."""
        company = connection.company_id
        # sudo: the engine's own tables; the books are read and written in `ml.connection._books`
        worker = self.with_user(connection.user_id).sudo().with_company(company)
        worker = worker.with_context(
            allowed_company_ids=company.ids,
            lang=connection.owner_id.lang,
            ml_no_sync=True,
            ml_connection_id=connection.id,
        )
        connection = connection.with_env(worker.env)
        if connection._is_this_database() and worker._has_work(connection):
            worker._run_guarded(connection)

    def _is_asked(self, connection):
        """Whether a user requested something that the job has to answer."""
        if connection.check_state == "requested" or connection.webhook_state in ("requested", "remove"):
            return True
        if connection.seat_request == "release":
            return True
        requested = [("connection_id", "=", connection.id), ("state", "=", "requested")]
        return any(self.env[model].search_count(requested, limit=1) for model in REQUESTS)

    def _has_work(self, connection):
        if self._is_asked(connection):
            return True
        if connection.state not in WORKING_STATES:
            return False
        return not connection.breaker_until or connection.breaker_until <= fields.Datetime.now()

    def _run_guarded(self, connection):
        """Run, and repeat the run when another transaction interfered: each of its steps can be repeated."""
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                self._run_once(connection)
                return
            except RACES as error:
                self.env.cr.rollback()
                if attempt == CONFLICT_TRIES and not isinstance(error, CONFLICTS):
                    raise
        _logger.info("%s is busy elsewhere; its job continues in the next run", connection.display_name)

    def _run_once(self, connection):
        run = None
        try:
            run = Run(connection)
            self._work(run)
            if run.succeeded and not run.failed:
                self._notice_gap(run)
                connection._record_success()
        except ConnectorError as error:
            self.env.cr.rollback()
            if not run:
                self._refuse_requests(connection, error)
            connection._record_failure(error)
            with suppress(ConnectorError):  # the key of the audit trail itself cannot be read
                self.env["ml.sync.attempt"]._append(
                    connection,
                    [{"subject": connection.provider, "action": "read", "outcome": "failed", "error": error}],
                )
        remaining = self._count_due(connection) + self._count_events(connection)
        if remaining:
            # the scheduler takes up a job that has more to do when it next looks, which may be a minute later
            connection._trigger()
        self._commit(run, remaining=remaining)

    def _refuse_requests(self, connection, error):
        """Answer requested checks, dry runs and webhooks with the error that prevents the run."""
        if connection.check_state == "requested":
            connection._note_failed_check(error)
        if connection.webhook_state in ("requested", "remove"):
            connection._note_failed_subscription(error)
        connection.seat_request = False
        for model in REQUESTS:
            requested = self.env[model].search([("connection_id", "=", connection.id), ("state", "=", "requested")])
            requested.write({"state": "failed", "message": error.message})

    def _count_due(self, connection):
        """Number of transfers that are due now."""
        if connection.state not in WORKING_STATES or connection.breaker_until:
            return 0
        flows = connection.flow_ids.filtered(lambda flow: flow.active and not flow._blocked())
        return self.env["ml.sync.log"].search_count(
            [
                ("flow_id", "in", flows.ids),
                ("state", "=", "pending"),
                ("is_acknowledged", "=", True),
                ("next_try_at", "<=", fields.Datetime.now()),
            ]
        )

    def _commit(self, run, processed=0, remaining=None):
        """Commit, report the progress to the scheduler, and update the seconds that are left."""
        seconds = self.env["ir.cron"]._commit_progress(processed, remaining=remaining)
        if run:
            run.seconds_left = seconds

    def _work(self, run):
        connection = run.connection
        self._answer_requests(run)
        connection._watch_access_end()
        if connection.state not in WORKING_STATES:
            return
        if problem := connection._user_problem():
            connection._ask_owner(MissingRightError(problem))
            return
        self._reclaim(run)
        self._report_stopped_flows(run)
        self._guarded(run, self._probe_waits)
        self._guarded(run, self._confirm_subscription)
        self._guarded(run, self._watch_subscription)
        self._guarded(run, self._compare_again)
        for stops in self._turns_of(run):
            run.stops = stops
            self._work_in_turn(run)
        self._guarded(run, self._judge_waits)
        if run.provider.learned:
            connection.stored_settings = {**(connection.stored_settings or {}), **run.provider.learned}
            self._commit(run)
        if run.announcements:
            connection._note_announcements(list(run.announcements))
            self._commit(run)

    def _work_in_turn(self, run):
        flows = self._known_flows(run.connection)
        # records of earlier events come first; otherwise many events would use up the time for booking in every run
        if not self._count_due(run.connection):
            self._guarded(run, self._read_events)
        now = fields.Datetime.now()
        for flow in flows.filtered(lambda flow: min(flow.stop_count, ALONE) == run.stops and flow._is_due(now)):
            self._read_or_sweep(run, flow)
        self._work_flows(run, flows)
        while self._guarded(run, self._read_events):
            self._work_flows(run, flows)
        if self._guarded(run, self._fetch_missing):
            self._work_flows(run, flows)

    def _turns_of(self, run):
        """Turns of a run: records that never stopped the server come first, so that no stop delays them."""
        yield 0
        of_connection = Domain("connection_id", "=", run.connection.id)
        for stops in range(1, MAX_STOPS):
            if any(self.env[model].search_count(of_connection & in_turn(stops), limit=1) for model in COUNTED):
                yield stops

    def _judge_waits(self, run):
        Waits(run).judge()
        self._commit(run)

    def _guarded(self, run, step):
        """Run a step that concerns no single transfer. A defect in it is reported and does not stop the next steps."""
        try:
            return step(run)
        except RACES:
            raise
        except Exception as error:  # noqa: BLE001 - see `_read_or_sweep`
            self.env.cr.rollback()
            problem = self._as_connector_error(error)
            if ERROR_CLASSES[problem.error_class].stops_connection:
                raise
            run.failed = True
            run.connection._ask_owner(problem)
            subject = {"subject": run.connection.provider, "action": "check", "outcome": "failed", "error": problem}
            self.env["ml.sync.attempt"]._append(run.connection, [subject])
            self._commit(run)
            return None

    def _answer_requests(self, run):
        """Answer the users' requests. A request that stopped the server repeatedly is refused."""
        connection = run.connection
        is_left = connection.seat_request or connection.webhook_subscription_previous
        if not (is_left or self._is_asked(connection)):
            if connection.stop_count:
                # the worker that stopped had already answered the request
                connection.stop_count = 0
            return
        if connection.stop_count >= MAX_STOPS:
            sentence = _("The server stopped %(count)s times while Odoo answered this.", count=connection.stop_count)
            self._refuse_requests(connection, StoppedError(sentence))
            connection.stop_count = 0
            self._commit(run)
            return
        try:
            with self._counted(run, connection):
                self._set_up(run)
                self._dry_runs(run)
                self._recoveries(run)
            # the next request has not stopped the server yet
            connection.stop_count = 0
        except (ConnectorError, *RACES):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a request raises must not stop the flows
            self._refuse_requests(connection, self._as_connector_error(error))
        self._commit(run)

    def _known_flows(self, connection):
        """The active flows that this version knows; the others get an error message."""
        flows = connection.flow_ids.filtered("active").sorted("sequence")
        known = flows.filtered(lambda flow: flow._is_known())
        for flow in flows - known:
            flow.error_message = flow._blocked()
        return known

    def _read_or_sweep(self, run, flow):
        """Fetch new records. An error of this flow alone (a missing permission, a defect) does not stop the others.

        :return: the error, or None
        """
        started = fields.Datetime.now()
        flow.stop_count += 1
        self._commit(run)
        try:
            if flow.direction == "pull":
                self._pull(run, flow)
            else:
                self._sweep(run, flow)
        except Exception as error:  # noqa: BLE001 - whatever one flow raises must not stop the others
            self.env.cr.rollback()
            flow.stop_count = 0
            self._commit(run)
            if isinstance(error, RACES):
                raise
            problem = self._record_flow_failure(run, flow, error, "read")
            flow._schedule_next(started)
            if problem.error_class == "remote":
                # the error is temporary, and the interval of the flow may be a day
                soon = timedelta(seconds=retry_seconds(READ_TRIES, problem.retry_after))
                flow.next_run_at = min(flow.next_run_at, fields.Datetime.now() + soon)
            self._commit(run)
            return problem
        return None

    def _work_flows(self, run, flows):
        for flow in flows:
            self._work_flow(run, flow)

    def _work_flow(self, run, flow):
        """Process the transfers of a flow. After a defect the remaining ones are processed in smaller portions."""
        while self._is_cut_short(run, flow):
            continue

    def _is_cut_short(self, run, flow):
        """Process the transfers once. True when a defect interrupted it, so that others of this turn are still due."""
        try:
            if flow.direction == "pull":
                self._work_pull(run, flow)
            elif flow.kind == "result":
                self._work_results(run, flow)
            else:
                self._work_push(run, flow)
        except Exception as error:  # noqa: BLE001 - see `_read_or_sweep`
            self.env.cr.rollback()
            struck = self._give_back(run, error)
            if isinstance(error, RACES):
                raise
            self._record_flow_failure(run, flow, error, "write" if flow.direction == "pull" else "send")
            self._commit(run)
            return struck
        return False

    def _record_flow_failure(self, run, flow, error, action):
        """Store the error of one flow. An error that concerns the whole connection is raised again."""
        self.env.cr.rollback()
        problem = self._as_connector_error(error)
        if ERROR_CLASSES[problem.error_class].stops_connection and problem.status != 403:
            raise error
        run.failed = True
        flow.error_message = problem.message
        if not self._may_pass(flow, problem):
            run.connection._ask_owner(problem)
        self.env["ml.sync.attempt"]._append(
            run.connection, [{"subject": flow.key, "action": action, "outcome": "failed", "error": problem}]
        )
        return problem

    def _may_pass(self, flow, problem):
        """Whether the error is one of a server and the flow succeeded recently."""
        since = fields.Datetime.now() - FAULTS_TOLERATED
        return problem.error_class in ("remote", "server") and flow.last_success_at and flow.last_success_at > since

    # ------------------------------------------------------------------ set-up

    def _set_up(self, run):
        """Answer the administrator's requests: connection check, accounting connection, webhooks."""
        connection = run.connection
        if connection.check_state == "requested":
            error = connection._run_check(run.provider)
            self.env["ml.sync.attempt"]._append(
                connection,
                [
                    {
                        "subject": connection.provider,
                        "action": "check",
                        "outcome": connection.check_state,
                        "error": error,
                        "message": connection.identity,
                    }
                ],
            )
            self._commit(run)
            if error:
                return
            run.provider = Run(connection).provider
            self._find_lacking(run)
        if connection.seat_request:
            self._claim_or_release_seat(run)
        if connection.webhook_state == "requested":
            self._subscribe(run)
        elif connection.webhook_state == "remove":
            self._unsubscribe(run)
        elif connection.webhook_subscription_previous:
            self._end_previous_subscription(run)

    def _claim_or_release_seat(self, run):
        connection = run.connection
        if connection.seat_request == "release":
            run.provider.release_accounting_connection()
        else:
            run.provider.claim_accounting_connection()
            connection._run_check(run.provider)
        connection.seat_request = False
        self._commit(run)
        run.provider = Run(connection).provider

    # ------------------------------------------------------------------ claims

    def _claim(self, run, flow, limit):
        """Claim up to `limit` transfers of a flow: no other worker processes them until the lease ends."""
        now = fields.Datetime.now()
        run.lease = now + LEASE
        due = run.in_turn & Domain("flow_id", "=", flow.id) & Domain("state", "=", "pending")
        due &= Domain("next_try_at", "<=", now) & Domain("is_acknowledged", "=", True)
        logs = self._locked(due, run.portion(limit))
        for tries, group in logs.grouped("try_count").items():
            group.write({"state": "running", "lease_until": run.lease, "try_count": tries + 1})
        run.claimed = logs
        if logs:
            self._commit(run)
        return logs

    def _locked(self, due, limit):
        """The first due transfers that no other worker holds, in the order of the index."""
        logs = self.env["ml.sync.log"]
        query = logs._search(due, order="next_try_at, id", limit=limit)
        # `try_lock_for_update` after a search would find only what another worker holds
        found = self.env.execute_query(SQL("%s FOR UPDATE SKIP LOCKED", query.select()))
        return logs.browse(log_id for (log_id,) in found)

    def _give_back(self, run, error):
        """Return claimed transfers that were not sent yet to the queue. True when a defect interrupted some of them."""
        left = run.claimed.exists().filtered(
            lambda log: log.state == "running" and log.lease_until == run.lease and not log.sent_at
        )
        problem = None if isinstance(error, RACES) else self._as_connector_error(error)
        is_defect = bool(problem) and problem.error_class == "bug"
        for log in left:
            log.stop_count += is_defect
            if is_defect and log.stop_count >= MAX_STOPS:
                self._give_up(run, log, problem)
            else:
                self._return_to_queue(log)
        self._commit(run)
        return is_defect and bool(left)

    def _give_up(self, run, log, error):
        """Let a transfer fail that stops the work repeatedly, and notify the responsible user."""
        self._return_to_queue(log)
        if log.state != "pending":
            return
        if log.direction == "pull":
            entry = ImportEntry(log, None)
            entry.error = error
            self._store_results(run, log.flow_id, [entry], time.monotonic())
        else:
            self._store_push_failure(run, log, error, "report" if log.kind == "result" else "send")
        run.failed = True
        run.connection._ask_owner(error)

    def _report_stopped_flows(self, run):
        """Report flows that are no longer read because they stopped the server repeatedly."""
        for flow in self._known_flows(run.connection).filtered(lambda flow: flow.stop_count >= MAX_STOPS):
            error = StoppedError(
                _(
                    "The server stopped %(count)s times while Odoo read the flow %(flow)s. Click Sync Now to read it"
                    " again.",
                    count=MAX_STOPS,
                    flow=flow._spec().label,
                )
            )
            run.failed = True
            if flow.error_message == error.message:
                continue
            flow.error_message = error.message
            run.connection._ask_owner(error)
            entry = {"subject": flow.key, "action": "read", "outcome": "failed", "error": error}
            self.env["ml.sync.attempt"]._append(run.connection, [entry])
            self._commit(run)

    def _stopped(self, log, count):
        """The error of a transfer during which the server stopped `count` times."""
        if log.kind == "result":
            sentence = _("The server stopped %(count)s times while Odoo reported this result.", count=count)
        elif log.direction == "push":
            sentence = _("The server stopped %(count)s times while Odoo sent this record.", count=count)
        else:
            sentence = _("The server stopped %(count)s times while Odoo booked this record.", count=count)
        return StoppedError(sentence)

    @contextmanager
    def _counted(self, run, records):
        """Count a stop of the records before they are processed and take it back afterwards. An error is no stop."""
        self._count_stops(records, 1)
        self._commit(run)
        try:
            yield
        except Exception:
            self.env.cr.rollback()
            self._count_stops(records.exists(), -1)
            self._commit(run)
            raise
        self._count_stops(records.exists(), -1)

    def _count_stops(self, records, step):
        for count, group in records.grouped("stop_count").items():
            group.stop_count = max(count + step, 0)

    def _renew(self, run, logs):
        """Extend the lease. Returns the claimed transfers that no other worker took over after their lease ended."""
        held = logs.try_lock_for_update().filtered(lambda log: log.state == "running" and log.lease_until == run.lease)
        # with microseconds like `write_date`: the sweep compares both to find changes after the transfer
        held.write({"lease_until": fields.Datetime.now() + LEASE, "sent_at": self.env.cr.now()})
        self._commit(run)
        return held

    def _reclaim(self, run):
        """Take over transfers of dead workers: those that may have been sent are unconfirmed, others repeated."""
        now = fields.Datetime.now()
        # no lease is that long: such a one was given while the server's clock was ahead
        ended = Domain("lease_until", "<", now) | Domain("lease_until", ">", now + 2 * LEASE)
        orphans = self.env["ml.sync.log"].search(
            Domain("connection_id", "=", run.connection.id) & Domain("state", "=", "running") & ended
        )
        if not orphans:
            return
        self._count_stops(orphans, 1)
        unconfirmed = orphans.filtered("sent_at")
        unconfirmed.write(
            {
                "state": "unknown",
                "lease_until": False,
                "next_try_at": max(map(self._ended_at, unconfirmed), default=False),
                "error_class": "unknown_outcome",
                "error_message": self._stopped_sending(),
            }
        )
        for log in orphans - unconfirmed:
            if log.stop_count < MAX_STOPS:
                self._return_to_queue(log)
            else:
                self._give_up(run, log, self._stopped(log, log.stop_count))
        self._commit(run)

    def _stopped_sending(self):
        return _("The server stopped while Odoo sent this record.")

    def _probe_waits(self, run):
        """Retry one transfer for each awaited change of an Odoo record, which may have happened unnoticed.

        Changes by SQL, by the lapse of time (rates, lock date exceptions) or during the attempt itself send no event.
        """
        now = fields.Datetime.now()
        awaiting = [("connection_id", "=", run.connection.id), ("state", "=", "waiting"), ("depends_kind", "=", ODOO)]
        groups = self.env["ml.sync.log"]._read_group(awaiting, ["depends_external_id"], ["id:min"])
        first = self.env["ml.sync.log"].browse(log_id for _key, log_id in groups)
        probes = first.filtered(lambda log: log.next_try_at and log.next_try_at <= now).try_lock_for_update()
        if probes:
            probes.write({"state": "pending", "next_try_at": now})
            self._commit(run)

    def _return_to_queue(self, log):
        """Queue a claimed transfer again, unless a newer open one of the same record replaces it."""
        if log.direction == "push" and log.res_id and self._newer_row(log):
            log._supersede()
        else:
            log.write({"state": "pending", "lease_until": False})

    def _newer_row(self, log):
        return self.env["ml.sync.log"].search(
            [
                ("flow_id", "=", log.flow_id.id),
                ("res_model", "=", log.res_model),
                ("res_id", "=", log.res_id),
                ("state", "in", ("pending", "failed", "waiting")),
                ("id", "!=", log.id),
            ],
            limit=1,
        )

    # ------------------------------------------------------------------ failures

    def _failure_values(self, log, error):
        """Values of a transfer after a failed attempt: state, next attempt, error class and sentence."""
        error_class = ERROR_CLASSES[error.error_class]
        vals = {
            "error_class": error.error_class,
            "error_message": error.message,
            "lease_until": False,
            "milliseconds": 0,
            **INDEPENDENT,
        }
        if not isinstance(error, StoppedError):
            vals["stop_count"] = 0
        if error.awaits is not None:
            vals |= {"depends_kind": ODOO, "depends_external_id": odoo_key(error.awaits._name, error.awaits.id or "")}
            vals["next_try_at"] = fields.Datetime.now() + timedelta(seconds=retry_seconds(log.try_count))
        if error_class.retried and log.try_count < MAX_TRIES:
            delay = timedelta(seconds=retry_seconds(log.try_count, error.retry_after))
            return {**vals, "state": "pending", "next_try_at": fields.Datetime.now() + delay, "sent_at": False}
        if error_class.state == "unknown":
            return {**vals, "state": "unknown", "next_try_at": self._look_up_at(log)}
        if error_class.state == "ignored":
            vals |= {"done_at": fields.Datetime.now(), "ignored_reason": error.message}
        if error_class.state == "waiting" and not error.can_come_true:
            return {**vals, "state": "failed", "sent_at": False}
        return {**vals, "state": error_class.state, "sent_at": False}

    def _look_up_at(self, log):
        """When to ask the provider whether an unconfirmed record arrived: not while it may still process it."""
        return max(fields.Datetime.now() + LOOK_UP_DELAY, self._ended_at(log))

    def _ended_at(self, log):
        """When the provider has certainly finished processing what was sent."""
        return (log.sent_at or fields.Datetime.now()) + timedelta(
            seconds=log.connection_id._provider_class().lookup_delay
        )

    def _as_connector_error(self, error):
        """A ConnectorError for any exception. An unknown one is a bug, shown by its type only."""
        if isinstance(error, ConnectorError):
            return error
        if isinstance(error, AccessError):
            return self.env["ml.connection"].browse(self.env.context["ml_connection_id"])._missing_right(error)
        if fault := server_fault(error):
            _logger.warning("The server could not do what a transfer needs", exc_info=error)
            return ServerError(fault)
        _logger.error("Unexpected error while a record was transferred", exc_info=error)
        return ConnectorError(
            _("Unexpected error: %(error)s. See the server log for details.", error=type(error).__name__)
        )

    @staticmethod
    def _may_be_of_one(problem, has_effect):
        """Whether a call for several records may have failed because of one, and can be repeated for the others.

        :param has_effect: whether the call may have reached the provider, so that it must not be repeated
        """
        known = ERROR_CLASSES[problem.error_class]
        if problem.error_class == "bug":
            return not has_effect
        return not (known.retried or known.stops_connection or known.state == "unknown")

    @staticmethod
    def _elapsed(started):
        return round((time.monotonic() - started) * 1000)


def in_turn(stops):
    return Domain("stop_count", "=" if stops < ALONE else ">=", stops)


def portion(limit, stops):
    return (limit, math.isqrt(limit), 1)[stops]


def halves(parts):
    middle = (len(parts) + 1) // 2
    return parts[:middle], parts[middle:]
