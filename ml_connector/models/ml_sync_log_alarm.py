from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from .sync_states import FINAL_STATES, OPEN_STATES

ALARMING = 10
"""Number of late or failed transfers that raises an alarm."""
BACKLOG_AGE, FAILURE_SPAN, DAY = timedelta(hours=4), timedelta(hours=1), timedelta(days=1)


class MlSyncLogAlarm(models.AbstractModel):
    """The alarm of a connection that is late or whose records mostly fail."""

    _name = "ml.sync.log.alarm"
    _inherit = "ml.sealed"
    _description = "Transfer Alarm"

    @api.model
    def _alarm(self, connection):
        """A cause and a sentence if a connection is late or most records fail; otherwise None.

        Records to book and results to report count.
        """
        now = fields.Datetime.now()
        of_connection = Domain("connection_id", "=", connection.id)
        incoming = of_connection & (Domain("direction", "=", "pull") | Domain("kind", "=", "result"))
        still_open = Domain("state", "in", OPEN_STATES)
        late = self.search_count(incoming & still_open & Domain("create_date", "<", now - BACKLOG_AGE))
        if late >= ALARMING:
            ended = Domain("state", "in", FINAL_STATES) & Domain("done_at", ">=", now - DAY)
            then = Domain("create_date", "<", now - DAY - BACKLOG_AGE)
            before = self.search_count(incoming & (still_open | ended) & then)
            if late > before:
                return "backlog", self.env._(
                    "%(count)s transfers have been open for more than 4 hours, compared with %(before)s a day ago."
                    " The transfers show what they wait for.",
                    count=late,
                    before=before,
                )
        lately = now - FAILURE_SPAN
        failed = self.search_count(of_connection & Domain("state", "=", "failed") & Domain("write_date", ">=", lately))
        if failed >= ALARMING:
            done = of_connection & Domain("state", "=", "done") & Domain("done_at", ">=", lately)
            if failed >= self.search_count(done):
                return "failing", self.env._(
                    "%(count)s transfers failed in the last hour, more than succeeded. The transfers show the reasons.",
                    count=failed,
                )
        return None
