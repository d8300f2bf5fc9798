from datetime import UTC, datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_datetime

from .client_actions import open_list
from .ml_error_class import MAX_STOPS
from .ml_sentence import in_words
from .queries import number_of
from .sync_states import OPEN_STATES

SILENT_INTERVALS = 3
READ_AGAIN = timedelta(days=45)
"""How far back Odoo reads again after a cursor in the future, left by a wrong clock."""
REREAD_AFTER = timedelta(minutes=50)
"""How long after booked records were compared the next run compares them again: each hourly run does."""


class MlFlowSchedule(models.AbstractModel):
    """When a flow runs, from where it reads, how far it is, and whether it has fallen silent."""

    _name = "ml.flow.schedule"
    _inherit = "ml.sealed"
    _description = "Flow Schedule"
    _open_fields = {"administer": ("interval_number", "schedule", "daily_hour")}

    interval_number = fields.Integer("Every", default=60, help="Minutes between two runs.")
    schedule = fields.Selection(
        [("interval", "Every … Minutes"), ("daily", "Daily")], default="interval", required=True
    )
    daily_hour = fields.Float("Daily At (UTC)", default=3.0, help="Hour of the day, in UTC.")
    schedule_text = fields.Char("Runs", compute="_compute_schedule_text")
    next_run_at = fields.Datetime("Next Run", readonly=True, copy=False, help="When the flow runs next.")
    last_run_at = fields.Datetime("Last Run", readonly=True, copy=False)
    last_success_at = fields.Datetime("Last Success", readonly=True, copy=False)
    expected_since = fields.Datetime(readonly=True, copy=False, help="Since when the flow is expected to run.")
    reread_at = fields.Datetime("Booked Records Compared", readonly=True, copy=False)
    stop_count = fields.Integer(
        "Stops",
        readonly=True,
        copy=False,
        help="How often the server stopped while the flow ran, without progress.",
    )
    cursor = fields.Char(
        readonly=True, copy=False, help="Position in the provider's records up to which Odoo has stored them."
    )
    progress_done = fields.Integer(readonly=True, copy=False)
    progress_total = fields.Integer(readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress")
    done_count = fields.Integer(compute="_compute_done_count")
    failed_count = fields.Integer(compute="_compute_counts")
    waiting_count = fields.Integer(compute="_compute_counts")
    open_count = fields.Integer(compute="_compute_counts")
    unknown_count = fields.Integer(compute="_compute_counts")

    @api.depends("schedule", "interval_number", "daily_hour")
    def _compute_schedule_text(self):
        for flow in self:
            if flow.schedule == "daily":
                hours, minutes = divmod(round(flow.daily_hour * 60), 60)
                flow.schedule_text = self.env._("Daily at %(time)s UTC", time=f"{hours:02}:{minutes:02}")
            elif flow.interval_number > 60 and flow.interval_number % 60 == 0:
                flow.schedule_text = self.env._("Every %(count)s hours", count=flow.interval_number // 60)
            elif flow.interval_number == 60:
                flow.schedule_text = self.env._("Every hour")
            else:
                flow.schedule_text = self.env._("Every %(count)s minutes", count=flow.interval_number)

    @api.constrains("daily_hour")
    def _check_daily_hour(self):
        for flow in self:
            if not 0 <= flow.daily_hour < 24:
                raise ValidationError(self.env._("The hour of a daily schedule must be between 0:00 and 23:59."))

    def _read_from(self):
        """The cursor to read from. One in the future, left by a wrong clock, is reset to a safe date."""
        self.ensure_one()
        cursor, now = self.cursor or "", fields.Datetime.now()
        try:
            moment = datetime.fromisoformat(cursor)
        except ValueError:
            return cursor
        if moment.replace(tzinfo=moment.tzinfo or UTC) <= now.replace(tzinfo=UTC):
            return cursor
        sure = (min(self.last_success_at or now, now) - READ_AGAIN).replace(tzinfo=moment.tzinfo and UTC)
        return (sure.date() if len(cursor) == len("2026-01-31") else sure).isoformat()

    def _is_due(self, now):
        self.ensure_one()
        return self.stop_count < MAX_STOPS and (not self.next_run_at or self.next_run_at <= now)

    def _is_reread_due(self, now):
        """Whether booked records are compared in this run: webhooks and short intervals cause many runs in an hour."""
        self.ensure_one()
        return not self.reread_at or self.reread_at <= now - REREAD_AFTER

    def _schedule_next(self, now):
        """Set the time of the next run after one that began at `now` (UTC)."""
        self.ensure_one()
        self.last_run_at = now
        self.stop_count = 0
        if self.schedule == "interval":
            self.next_run_at = now + timedelta(minutes=self.interval_number)
            return
        hours = timedelta(hours=self.daily_hour)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self.next_run_at = today + hours if today + hours > now else today + timedelta(days=1) + hours

    def _expect_now(self):
        """Expect a run of the flow from now on."""
        self.sudo().expected_since = fields.Datetime.now()  # sudo: engine field

    def _silent(self):
        """The flows that have not run for three of their intervals."""
        now = fields.Datetime.now()
        return self.filtered(
            lambda flow: (
                flow.active and flow._worked_at() + SILENT_INTERVALS * flow._interval() < now and not flow._blocked()
            )
        )

    def _worked_at(self):
        """Time of the last success, or of the request if the flow has not run since."""
        since, last = self.expected_since, self.last_success_at
        has_begun = self.last_run_at and (not since or self.last_run_at >= since)
        moments = (last,) if last and (has_begun or not since) else (last, since)
        return max(filter(None, moments), default=self.create_date or fields.Datetime.now())

    def _interval(self):
        return timedelta(days=1) if self.schedule == "daily" else timedelta(minutes=self.interval_number)

    def _silent_reason(self):
        self.ensure_one()
        reason = self.env._(
            "%(flow)s has not run since %(moment)s. Schedule: %(schedule)s.",
            flow=self.name,
            moment=format_datetime(self.env, self._worked_at()),
            schedule=self.schedule_text,
        )
        return " ".join(filter(None, (reason, in_words(self.env, self._sentence("error_message")))))

    @api.depends("progress_done", "progress_total")
    def _compute_progress(self):
        for flow in self:
            flow.progress = 100.0 * flow.progress_done / flow.progress_total if flow.progress_total else 0.0

    def _compute_done_count(self):
        """Separate from the other counts, because it reads all finished transfers."""
        done = [("flow_id", "in", self.ids), ("state", "=", "done")]
        counts = number_of(self.env["ml.sync.log"], done, "flow_id")
        for flow in self:
            flow.done_count = counts[flow]

    def _compute_counts(self):
        still_open = [("flow_id", "in", self.ids), ("state", "in", OPEN_STATES)]
        # with the connection, by which the open transfers are indexed
        domain = [("connection_id", "in", self.connection_id.ids), *still_open]
        counts = number_of(self.env["ml.sync.log"], domain, "flow_id", "state")
        for flow in self:
            flow.failed_count = counts[flow, "failed"]
            flow.waiting_count = counts[flow, "waiting"]
            flow.unknown_count = counts[flow, "unknown"]
            flow.open_count = counts[flow, "pending"] + counts[flow, "running"]

    def action_open_logs(self):
        self.ensure_one()
        return open_list("ml.sync.log", self.name, [("flow_id", "=", self.id)], "list,kanban,form,graph,pivot")
