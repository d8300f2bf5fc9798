"""The transfers of a connection as a queue: claims with a lease, and counted stops of the server."""

import math
from contextlib import contextmanager
from datetime import timedelta

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL

from ..core.errors import StoppedError
from ..core.messages import _
from ..models.ml_connection_job import WORKING_STATES
from ..models.ml_error_class import MAX_STOPS
from .base import RACES, Step
from .failures import as_connector_error, ended_at

LEASE = timedelta(seconds=60)
ALONE = MAX_STOPS - 1
"""From this number of server stops on, a record is processed alone."""
COUNTED = ("ml.sync.log", "ml.webhook.event", "ml.flow")
"""Models whose records count the server stops that happened while they were processed."""


class Queue(Step):
    """The transfers that a run claims, and those that it gives back."""

    def turns(self):
        """Turns of a run: records that never stopped the server come first, so that no stop delays them."""
        yield 0
        of_connection = Domain("connection_id", "=", self.connection.id)
        for stops in range(1, MAX_STOPS):
            if any(self.env[model].search_count(of_connection & in_turn(stops), limit=1) for model in COUNTED):
                yield stops

    def claim(self, flow, limit):
        """Claim up to `limit` transfers of a flow: no other worker processes them until the lease ends."""
        now = fields.Datetime.now()
        self.run.lease = now + LEASE
        due = self.run.in_turn & Domain("flow_id", "=", flow.id) & Domain("state", "=", "pending")
        due &= Domain("next_try_at", "<=", now) & Domain("is_acknowledged", "=", True)
        logs = self._locked(due, self.run.portion(limit))
        for tries, group in logs.grouped("try_count").items():
            group.write({"state": "running", "lease_until": self.run.lease, "try_count": tries + 1})
        self.run.claimed = logs
        if logs:
            self.run.commit()
        return logs

    def claim_unconfirmed(self, flow, limit):
        """Claim the unconfirmed transfers to check now, as `claim` does: no other worker checks them meanwhile."""
        now = fields.Datetime.now()
        due = self.run.in_turn & Domain("flow_id", "=", flow.id) & Domain("state", "=", "unknown")
        logs = self._locked(due & Domain("next_try_at", "<=", now), limit)
        # the server may have stopped while sending it, and again while looking it up
        hopeless = logs.filtered(lambda log: log.stop_count >= 2 * MAX_STOPS)
        for log in hopeless:
            leave_unconfirmed(log)
        logs -= hopeless
        logs.next_try_at = now + LEASE
        self.run.commit()
        return logs

    def _locked(self, due, limit):
        """The first due transfers that no other worker holds, in the order of the index."""
        logs = self.env["ml.sync.log"]
        query = logs._search(due, order="next_try_at, id", limit=limit)
        # `try_lock_for_update` after a search would find only what another worker holds
        found = self.env.execute_query(SQL("%s FOR UPDATE SKIP LOCKED", query.select()))
        return logs.browse(log_id for (log_id,) in found)

    def renew(self, logs):
        """Extend the lease. Returns the claimed transfers that no other worker took over after their lease ended."""
        held = logs.try_lock_for_update().filtered(
            lambda log: log.state == "running" and log.lease_until == self.run.lease
        )
        # with microseconds like `write_date`: the sweep compares both to find changes after the transfer
        held.write({"lease_until": fields.Datetime.now() + LEASE, "sent_at": self.env.cr.now()})
        self.run.commit()
        return held

    def give_back(self, error):
        """Return claimed transfers that were not sent yet to the queue. True when a defect interrupted some of them."""
        left = self.run.claimed.exists().filtered(
            lambda log: log.state == "running" and log.lease_until == self.run.lease and not log.sent_at
        )
        problem = None if isinstance(error, RACES) else as_connector_error(self.connection, error)
        is_defect = bool(problem) and problem.error_class == "bug"
        for log in left:
            log.stop_count += is_defect
            if is_defect and log.stop_count >= MAX_STOPS:
                self.run.work_of(log.flow_id).give_up(log, problem)
            else:
                put_back(log)
        self.run.commit()
        return is_defect and bool(left)

    def reclaim(self):
        """Take over transfers of dead workers: those that may have been sent are unconfirmed, others repeated."""
        now = fields.Datetime.now()
        # no lease is that long: such a one was given while the server's clock was ahead
        ended = Domain("lease_until", "<", now) | Domain("lease_until", ">", now + 2 * LEASE)
        orphans = self.env["ml.sync.log"].search(
            Domain("connection_id", "=", self.connection.id) & Domain("state", "=", "running") & ended
        )
        if not orphans:
            return
        count_stops(orphans, 1)
        unconfirmed = orphans.filtered("sent_at")
        unconfirmed.write(
            {
                "state": "unknown",
                "lease_until": False,
                "next_try_at": max(map(ended_at, unconfirmed), default=False),
                "error_class": "unknown_outcome",
                "error_message": stopped_sending(),
            }
        )
        for log in orphans - unconfirmed:
            if log.stop_count < MAX_STOPS:
                put_back(log)
            else:
                work = self.run.work_of(log.flow_id)
                work.give_up(log, StoppedError(work.stopped(log.stop_count)))
        self.run.commit()

    def probe_waits(self):
        """Retry one transfer for each awaited change of an Odoo record, which may have happened unnoticed.

        Changes by SQL, by the lapse of time (rates, lock date exceptions) or during the attempt itself send no event.
        """
        now = fields.Datetime.now()
        of_connection = ("connection_id", "=", self.connection.id)
        awaiting = [of_connection, ("reason", "=", "change"), ("log_id.state", "=", "waiting")]
        groups = self.env["ml.wait"]._read_group(awaiting, ["key"], ["log_id:min"])
        first = self.env["ml.sync.log"].browse(log_id for _key, log_id in groups)
        probes = first.filtered(lambda log: log.next_try_at and log.next_try_at <= now).try_lock_for_update()
        if probes:
            probes.write({"state": "pending", "next_try_at": now})
            self.run.commit()

    @contextmanager
    def counted(self, records):
        """Count a stop of the records before they are processed and take it back afterwards. An error is no stop."""
        count_stops(records, 1)
        self.run.commit()
        try:
            yield
        except Exception:
            self.env.cr.rollback()
            count_stops(records.exists(), -1)
            self.run.commit()
            raise
        count_stops(records.exists(), -1)


def count_due(connection):
    """Number of transfers that are due now."""
    if connection.state not in WORKING_STATES or connection.breaker_until:
        return 0
    flows = connection.flow_ids.filtered(lambda flow: flow.active and not flow._blocked())
    return connection.env["ml.sync.log"].search_count(
        [
            ("flow_id", "in", flows.ids),
            ("state", "=", "pending"),
            ("is_acknowledged", "=", True),
            ("next_try_at", "<=", fields.Datetime.now()),
        ]
    )


def count_stops(records, step):
    for count, group in records.grouped("stop_count").items():
        group.stop_count = max(count + step, 0)


def put_back(log):
    """Queue a claimed transfer again, unless a newer open one of the same record replaces it."""
    if log.direction == "push" and log.res_id and newer_row(log):
        log._supersede()
    else:
        log.write({"state": "pending", "lease_until": False})


def newer_row(log):
    """An open transfer of the same record."""
    return log.search(
        [
            ("flow_id", "=", log.flow_id.id),
            ("res_model", "=", log.res_model),
            ("res_id", "=", log.res_id),
            ("state", "in", ("pending", "failed", "waiting")),
            ("id", "!=", log.id),
        ],
        limit=1,
    )


def stopped_sending():
    return _("The server stopped while Odoo sent this record.")


def leave_unconfirmed(log):
    message = _(
        "Odoo could not confirm the delivery. Check in %(provider)s whether the record exists, then confirm it here.",
        provider=log.connection_id._provider_name(),
    )
    log.write({"next_try_at": False, "error_message": message})


def in_turn(stops):
    return Domain("stop_count", "=" if stops < ALONE else ">=", stops)


def portion(limit, stops):
    return (limit, math.isqrt(limit), 1)[stops]
