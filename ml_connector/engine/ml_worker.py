"""The scheduled job of a connection."""

import logging
from contextlib import suppress

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as CONFLICTS

from ..core.errors import ConnectorError
from ..models.ml_connection_job import WORKING_STATES
from ..vault.signature import AuditKeys
from .base import CONFLICT_TRIES, RACES
from .queue import count_due
from .requests import is_asked, refuse
from .run import Loop, Run
from .webhooks import Events, count_events

_logger = logging.getLogger(__name__)


class MlWorker(models.AbstractModel):
    """The entry point of the engine, for connections and for other addons."""

    _name = "ml.worker"
    _description = "Worker"

    @api.model
    def _run(self, connection):
        """Sync, and verify the audit trail, which calls no provider: for paused connections and in copies too."""
        try:
            AuditKeys(connection.env).newest()
        except ConnectorError as error:
            # without the key no action could be recorded
            refuse(connection, error)
            connection._ask_owner(error)
            return
        Sync(connection).run()
        try:
            self._verify_audit(connection.with_context(lang=connection.owner_id.lang))
        except CONFLICTS:
            connection.env.cr.rollback()  # a user's transaction interfered: the next run continues

    def _verify_audit(self, connection):
        cron = connection.env["ir.cron"]
        while connection._verify_slice():
            if cron._commit_progress() <= 0:
                connection._trigger()
                break
        if connection._remember_head():
            cron._commit_progress()


class Sync:
    """One sync of a connection, in slices of work that are each committed."""

    def __init__(self, connection):
        company = connection.company_id
        # sudo: the engine's own tables; the books are read and written in `ml.connection._books`
        connection = connection.with_user(connection.user_id).sudo().with_company(company)
        self.connection = connection.with_context(
            allowed_company_ids=company.ids,
            lang=connection.owner_id.lang,
            ml_no_sync=True,
            ml_connection_id=connection.id,
        )
        self.env = self.connection.env

    def run(self):
        """Sync, and repeat it when another transaction interfered: each of its steps can be repeated."""
        if not (self.connection._is_this_database() and self._has_work()):
            return
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                self._run_once()
                return
            except RACES as error:
                self.env.cr.rollback()
                if attempt == CONFLICT_TRIES and not isinstance(error, CONFLICTS):
                    raise
        _logger.info("%s is busy elsewhere; its job continues in the next run", self.connection.display_name)

    def _has_work(self):
        connection = self.connection
        if is_asked(connection):
            return True
        if connection.state not in WORKING_STATES:
            return False
        return not connection.breaker_until or connection.breaker_until <= fields.Datetime.now()

    def _run_once(self):
        connection, run = self.connection, None
        try:
            run = Run(connection)
            Loop(run).work()
            if run.succeeded and not run.failed:
                Events(run).notice_gap()
                connection._record_success()
        except ConnectorError as error:
            self.env.cr.rollback()
            if not run:
                refuse(connection, error)
            connection._record_failure(error)
            with suppress(ConnectorError):  # the key of the audit trail itself cannot be read
                self.env["ml.sync.attempt"]._append(
                    connection,
                    [{"subject": connection.provider, "action": "read", "outcome": "failed", "error": error}],
                )
        remaining = count_due(connection) + count_events(connection)
        if remaining:
            # the scheduler takes up a job that has more to do when it next looks, which may be a minute later
            connection._trigger()
        self.env["ir.cron"]._commit_progress(remaining=remaining)
