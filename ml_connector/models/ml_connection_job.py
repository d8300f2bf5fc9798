from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import config, format_datetime

from .ml_sealed import needs

WORKING_STATES = ("connected", "attention")
"""States in which the scheduled action syncs."""
JOB_IS_LATE = timedelta(minutes=15)
"""Delay after which a scheduled action that is due every minute is late."""


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
        return self._webhook_halt() or self.env["ml.sync.log"]._alarm(self) or (False, False)

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

    def _wait_for(self, field, busy):
        """Reload the form when the scheduled action has changed `field`."""
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
