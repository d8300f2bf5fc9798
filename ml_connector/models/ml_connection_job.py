from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import config, format_datetime

from .ml_sealed import needs
from .sync_states import FINAL_STATES, OPEN_STATES

WORKING_STATES = ("connected", "attention")
"""States in which the scheduled action syncs."""
JOB_IS_LATE = timedelta(minutes=15)
"""Delay after which a scheduled action that is due every minute is late."""
ALARMING = 10
"""Number of late or failed transfers that raises an alarm."""
BACKLOG_AGE, FAILURE_SPAN, DAY = timedelta(hours=4), timedelta(hours=1), timedelta(days=1)


class MlConnectionJob(models.AbstractModel):
    """The scheduled action of a connection, and why it does not run as expected."""

    _name = "ml.connection.job"
    _inherit = "ml.sealed"
    _description = "Connection Scheduled Action"

    cron_id = fields.Many2one("ir.cron", readonly=True, copy=False, groups="base.group_system", ondelete="set null")
    is_job_off = fields.Boolean(compute="_compute_halt_reason")
    halt_cause = fields.Selection(
        [
            ("off", "Scheduled Action Inactive"),
            ("late", "Scheduled Action Late"),
            ("silent", "Flow Not Running"),
            ("moved", "URL Changed"),
            ("hidden", "URL Not Public"),
            ("webhooks", "No Webhooks"),
            ("backlog", "Growing Queue"),
            ("failing", "Most Records Fail"),
        ],
        compute="_compute_halt_reason",
    )
    halt_reason = fields.Char(compute="_compute_halt_reason", help="Why the connection does not run as expected.")

    @api.depends("state", "active", "is_copy", "webhook_state", "webhook_problem")
    def _compute_halt_reason(self):
        for connection in self:
            cause, reason = connection._halt()
            connection.is_job_off = cause == "off"
            connection.halt_cause, connection.halt_reason = cause, reason

    def _halt(self):
        """Why the connection does not run as expected: a cause and a sentence, or twice False."""
        if not self._origin or not self.active or self.is_copy:
            return False, False
        job = self.sudo().cron_id  # sudo: only whether it runs
        if not job.active:
            return "off", self.env._("The scheduled action is inactive, so Odoo does not sync this connection.")
        if self.state not in WORKING_STATES:
            return False, False
        if job.nextcall < fields.Datetime.now() - JOB_IS_LATE:
            return "late", self._late_reason(job)
        if self.state == "connected" and (silent := self.flow_ids._silent()):
            return "silent", silent[0]._silent_reason()
        return self._webhook_halt() or self._alarm() or (False, False)

    def _late_reason(self, job):
        since = format_datetime(self.env, job.nextcall)
        if not config["max_cron_threads"]:
            return self.env._(
                "The scheduled action is due since %(moment)s. This server does not run scheduled actions, because"
                " max_cron_threads is 0 in its configuration, and no other server runs them.",
                moment=since,
            )
        return self.env._(
            "The scheduled action is due since %(moment)s. This server does not run scheduled actions.", moment=since
        )

    def _alarm(self):
        """A cause and a sentence if the connection is late or most records fail; otherwise None.

        Records to book and results to report count.
        """
        logs, now = self.env["ml.sync.log"], fields.Datetime.now()
        of_connection = Domain("connection_id", "=", self.id)
        incoming = of_connection & (Domain("direction", "=", "pull") | Domain("kind", "=", "result"))
        still_open = Domain("state", "in", OPEN_STATES)
        late = logs.search_count(incoming & still_open & Domain("create_date", "<", now - BACKLOG_AGE))
        if late >= ALARMING:
            ended = Domain("state", "in", FINAL_STATES) & Domain("done_at", ">=", now - DAY)
            then = Domain("create_date", "<", now - DAY - BACKLOG_AGE)
            before = logs.search_count(incoming & (still_open | ended) & then)
            if late > before:
                return "backlog", self.env._(
                    "%(count)s transfers have been open for more than 4 hours, compared with %(before)s a day ago."
                    " The transfers show what they wait for.",
                    count=late,
                    before=before,
                )
        lately = now - FAILURE_SPAN
        failed = logs.search_count(of_connection & Domain("state", "=", "failed") & Domain("write_date", ">=", lately))
        if failed >= ALARMING:
            done = of_connection & Domain("state", "=", "done") & Domain("done_at", ">=", lately)
            if failed >= logs.search_count(done):
                return "failing", self.env._(
                    "%(count)s transfers failed in the last hour, more than succeeded. The transfers show the reasons.",
                    count=failed,
                )
        return None

    def _create_job(self):
        self.cron_id = self.env["ir.cron"].create(
            {
                "name": self.env._("ML Connector: %(connection)s", connection=self.name),
                "model_id": self.env["ir.model"]._get_id("ml.connection"),
                "state": "code",
                "code": f"model.browse({self.id})._cron_run()",
                "user_id": self.env.ref("base.user_root").id,
                "interval_number": 1,
                "interval_type": "minutes",
            }
        )

    def _check_job(self):
        """Refuse to wait for an inactive scheduled action."""
        if any(self.mapped("is_job_off")):
            raise UserError(self.env._("The scheduled action of this connection is inactive. Activate it first."))

    def _ask_job(self, decision, field, busy, **values):
        """Set `field` to `busy` for the scheduled action, and reload the form when it has changed that."""
        self.ensure_one()
        self.sudo().write({field: busy, **values})  # sudo: engine fields
        self._decided(decision)
        self._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "ml_connector.wait",
            "params": {"model": self._name, "id": self.id, "field": field, "busy": busy},
        }

    def _trigger(self):
        """Run the scheduled action after the commit of this transaction."""
        triggered = self.env.cr.precommit.data.setdefault("ml_connector.triggered", set())
        for cron in self.sudo().cron_id:  # sudo: anybody's change may have to be sent
            if cron.id not in triggered:
                triggered.add(cron.id)
                cron._trigger()

    def _cron_run(self):
        """The scheduled action of the connection."""
        self.env["ml.worker"]._run(self)

    @needs("administer")
    def action_switch_on_job(self):
        """Activate the scheduled action again, after a user or Odoo deactivated it."""
        # sudo: see `_create_parts`
        for connection in self.filtered("is_job_off").sudo():
            if not connection.cron_id:
                connection._create_job()
            connection.cron_id.write({"active": True, "failure_count": 0, "first_failure_date": False})
        self.invalidate_recordset(["is_job_off", "halt_cause", "halt_reason", "color"])
        self._decided("switch_on")
        self._trigger()
