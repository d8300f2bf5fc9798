import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as CONFLICTS

from ..exceptions import ConnectorError, MissingRightError, ServerError
from ..models.ml_connection import WORKING_STATES
from ..models.ml_error_class import ERROR_CLASSES, MAX_TRIES, retry_seconds
from ..models.ml_sync_log import INDEPENDENT, ODOO, odoo_key
from ..server_faults import server_fault
from .waits import Waits

_logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
LOOK_UP_DELAY = timedelta(seconds=30)
"""A request that got no answer may still be at work, and a vendor's lists may lag behind what was written."""
PARALLEL_CALLS = 8
FAULTS_TOLERATED = timedelta(days=2)
"""How long a flow may meet nothing but faults of the vendor's server before its owner is told."""
CONFLICT_TRIES = 5
RACES = (*CONFLICTS, psycopg2.errors.UniqueViolation)
"""What another worker with the same record brings about; a second look finds the record there."""
READ_TRIES = 2
"""As if a flow had failed so often: when to read again after a fault of the vendor."""
REQUESTS = ("ml.dry.run", "ml.recovery")
"""Wizards whose answer the connection's job finds."""


class Run:
    """State of one run of one connection's job: nothing that has to survive it.

    :ivar listed: {flow id: ids of the remote records that its lists had when they were read last in this run}
    """

    def __init__(self, connection):
        self.connection = connection
        self.provider = connection._provider(self._observe)
        self.seconds_left = float("inf")
        self.trace_id = ""
        self.lease = None
        self.succeeded = False
        self.failed = False
        self.announcements = {}
        self.listed = {}

    def _observe(self, exchange):
        if exchange.announcement:
            self.announcements[exchange.announcement] = True
        self.trace_id = exchange.trace_id or self.trace_id
        _logger.debug("%s %s: %s in %s ms", exchange.method, exchange.path, exchange.status, exchange.milliseconds)

    @property
    def is_over(self):
        return self.seconds_left <= 0

    def parallel(self, function, items):
        """Results of remote calls in the order of `items`; an exception is returned as a ConnectorError, not raised."""

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
    """Does the work of a connection: check, webhooks, fetch, write, send, report. The only place that commits."""

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

    def _has_work(self, connection):
        if connection.check_state == "requested" or connection.webhook_state in ("requested", "remove"):
            return True
        if connection.seat_request == "release":
            return True
        requested = [("connection_id", "=", connection.id), ("state", "=", "requested")]
        if any(self.env[model].search_count(requested, limit=1) for model in REQUESTS):
            return True
        if connection.state not in WORKING_STATES:
            return False
        return not connection.breaker_until or connection.breaker_until <= fields.Datetime.now()

    def _run_guarded(self, connection):
        """A run, from its start again when another transaction got in the way: each of its steps may be repeated."""
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                self._run_once(connection)
                return
            except RACES as error:
                self.env.cr.rollback()
                if attempt == CONFLICT_TRIES and not isinstance(error, CONFLICTS):
                    raise
        _logger.info("%s is busy elsewhere; its job goes on in the next run", connection.display_name)

    def _run_once(self, connection):
        run = None
        try:
            run = Run(connection)
            self._work(run)
            if run.succeeded and not run.failed:
                self._notice_gap(run)
                connection._note_success()
        except ConnectorError as error:
            self.env.cr.rollback()
            if not run:
                self._refuse_requests(connection, error)
            connection._note_failure(error)
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
        """Answer those who wait for a test, a dry run or webhooks where the credentials cannot even be opened."""
        if connection.check_state == "requested":
            connection._note_failed_check(error)
        if connection.webhook_state == "requested":
            connection._note_failed_subscription(error)
        for model in REQUESTS:
            requested = self.env[model].search([("connection_id", "=", connection.id), ("state", "=", "requested")])
            requested.write({"state": "failed", "message": error.message})

    def _count_due(self, connection):
        """Rows that could be worked on right now."""
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
        """Commit what was done, tell the scheduler, and learn how many seconds are left."""
        seconds = self.env["ir.cron"]._commit_progress(processed, remaining=remaining)
        if run:
            run.seconds_left = seconds

    def _work(self, run):
        connection = run.connection
        self._set_up(run)
        connection._watch_access_end()
        self._dry_runs(run)
        self._recoveries(run)
        if connection.state not in WORKING_STATES:
            return
        if problem := connection._user_problem():
            connection._ask_owner(MissingRightError(problem))
            return
        self._reclaim(run)
        self._probe_waits(run)
        self._confirm_subscription(run)
        self._watch_subscription(run)
        self._compare_again(run)
        flows = self._known_flows(connection)
        # what earlier events brought goes first: else many events would take the time of its booking, run after run
        if not self._count_due(connection):
            self._read_events(run)
        for flow in flows.filtered(lambda flow: flow._is_due(fields.Datetime.now())):
            self._read_or_sweep(run, flow)
        self._work_flows(run, flows)
        while self._read_events(run):
            self._work_flows(run, flows)
        if self._fetch_missing(run):
            self._work_flows(run, flows)
        Waits(run).judge()
        self._commit(run)
        if run.announcements:
            connection._note_announcements(list(run.announcements))
            self._commit(run)

    def _known_flows(self, connection):
        """The flows that are switched on, without those of another version, which are shown as broken."""
        flows = connection.flow_ids.filtered("active").sorted("sequence")
        known = flows.filtered(lambda flow: flow._is_known())
        for flow in flows - known:
            flow.error_message = flow._blocked()
        return known

    def _read_or_sweep(self, run, flow):
        """Fetch what is new. What only this flow meets (a scope that is missing, a defect) does not stop the others.

        :return: what it met, or None
        """
        started = fields.Datetime.now()
        try:
            if flow.direction == "pull":
                self._pull(run, flow)
            else:
                self._sweep(run, flow)
        except RACES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one flow raises must not stop the others
            problem = self._note_flow_failure(run, flow, error, "read")
            flow._schedule_next(started)
            if problem.error_class == "remote":
                # it passes by itself, and the flow's own interval may be a day
                soon = timedelta(seconds=retry_seconds(READ_TRIES, problem.retry_after))
                flow.next_run_at = min(flow.next_run_at, fields.Datetime.now() + soon)
            self._commit(run)
            return problem
        return None

    def _work_flows(self, run, flows):
        for flow in flows:
            self._work_flow(run, flow)

    def _work_flow(self, run, flow):
        """Work the rows of a flow. Those that a defect leaves claimed come back when their lease ends."""
        try:
            if flow.direction == "pull":
                self._work_pull(run, flow)
            elif flow.kind == "result":
                self._work_results(run, flow)
            else:
                self._work_push(run, flow)
        except RACES:
            raise
        except Exception as error:  # noqa: BLE001 - see `_read_or_sweep`
            self._note_flow_failure(run, flow, error, "write" if flow.direction == "pull" else "send")
            self._commit(run)

    def _note_flow_failure(self, run, flow, error, action):
        """Keep what stopped one flow. What the whole connection will meet is raised again."""
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
        """Whether it is a fault of a server, and the flow has worked lately."""
        since = fields.Datetime.now() - FAULTS_TOLERATED
        return problem.error_class in ("remote", "server") and flow.last_success_at and flow.last_success_at > since

    # ------------------------------------------------------------------ set-up

    def _set_up(self, run):
        """What an administrator asked for: test, webhook subscription."""
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
            run.provider.release_seat()
        else:
            run.provider.claim_seat()
            connection._run_check(run.provider)
        connection.seat_request = False
        self._commit(run)
        run.provider = Run(connection).provider

    # ------------------------------------------------------------------ claims

    def _claim(self, run, flow, limit):
        """Take up to `limit` rows of a flow: nobody else works on them until the lease ends."""
        now = fields.Datetime.now()
        run.lease = now + LEASE
        due = [("flow_id", "=", flow.id), ("state", "=", "pending"), ("next_try_at", "<=", now)]
        due.append(("is_acknowledged", "=", True))
        logs = self.env["ml.sync.log"].search(due, order="id", limit=limit).try_lock_for_update()
        for tries, group in logs.grouped("try_count").items():
            group.write({"state": "running", "lease_until": run.lease, "try_count": tries + 1})
        self._commit(run)
        return logs

    def _renew(self, run, logs):
        """The claimed rows that nobody took over meanwhile, because it took longer than the lease; held anew."""
        held = logs.try_lock_for_update().filtered(lambda log: log.state == "running" and log.lease_until == run.lease)
        # to the microsecond, as `write_date` is: the sweep tells by it what changed after the transfer
        held.write({"lease_until": fields.Datetime.now() + LEASE, "sent_at": self.env.cr.now()})
        self._commit(run)
        return held

    def _reclaim(self, run):
        """Rows whose worker died: what may have been sent is in doubt, the rest is simply done again."""
        now = fields.Datetime.now()
        # no lease is that long: one that seems so was given while the server's clock was ahead
        ended = Domain("lease_until", "<", now) | Domain("lease_until", ">", now + 2 * LEASE)
        orphans = self.env["ml.sync.log"].search(
            Domain("connection_id", "=", run.connection.id) & Domain("state", "=", "running") & ended
        )
        if not orphans:
            return
        in_doubt = orphans.filtered("sent_at")
        in_doubt.write(
            {
                "state": "unknown",
                "lease_until": False,
                "next_try_at": max(map(self._settled_at, in_doubt), default=False),
                "error_class": "unknown_outcome",
                "error_message": self.env._("The server stopped while this was being sent."),
            }
        )
        for log in orphans - in_doubt:
            self._return_to_queue(log)
        self._commit(run)

    def _probe_waits(self, run):
        """Try one row of each change of Odoo that is awaited for a while: it may have come unnoticed.

        By SQL, by the mere lapse of time (rates, exceptions of lock dates), or while the row was being tried.
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
        """Make a claimed row pending again, unless a newer open row of the same record has taken its place."""
        if log.direction == "push" and log.res_id and self._has_newer_row(log):
            log._supersede()
        else:
            log.write({"state": "pending", "lease_until": False})

    def _has_newer_row(self, log):
        return self.env["ml.sync.log"].search_count(
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
        """What a failed try does to its row: state, next try, class and sentence."""
        error_class = ERROR_CLASSES[error.error_class]
        vals = {
            "error_class": error.error_class,
            "error_message": error.message,
            "lease_until": False,
            "milliseconds": 0,
            **INDEPENDENT,
        }
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
        """When to look up at the vendor whether something arrived: not while it may still be at work."""
        return max(fields.Datetime.now() + LOOK_UP_DELAY, self._settled_at(log))

    def _settled_at(self, log):
        """When what was sent has surely ended at the vendor."""
        return (log.sent_at or fields.Datetime.now()) + timedelta(
            seconds=log.connection_id._provider_class().settles_in
        )

    def _as_connector_error(self, error):
        """An error of ours for any exception; what we do not know is a bug, shown by its type only."""
        if isinstance(error, ConnectorError):
            return error
        if isinstance(error, AccessError):
            return self.env["ml.connection"].browse(self.env.context["ml_connection_id"])._missing_right(error)
        if fault := server_fault(self.env, error):
            _logger.warning("The server could not do what a transfer needs", exc_info=error)
            return ServerError(fault)
        _logger.error("Unexpected error while a record was transferred", exc_info=error)
        return ConnectorError(
            self.env._("Unexpected error (%s); the server log has the details.", type(error).__name__)
        )

    @staticmethod
    def _elapsed(started):
        return round((time.monotonic() - started) * 1000)
