from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from odoo import fields, models


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company", "ml.sealed", "ml.sync.mixin", "ml.followed"]
    _open_fields = {"system": ("ml_payload_retention_days", "ml_log_retention_days")}

    ml_payload_retention_days = fields.Integer(
        "Keep Payloads (Days)",
        default=90,
        help="After this many days, Odoo deletes the data as the provider sent it. 0 = keep forever.",
    )
    ml_log_retention_days = fields.Integer(
        "Keep Finished Transfers (Days)",
        default=365,
        help="After this many days, Odoo deletes finished transfers. 0 = keep forever. Attempts are always kept.",
    )

    def _ml_zone(self):
        """The time zone of the company's days.

        That of its contact or of a parent company, otherwise of the current user or the working hours.
        """
        company = self.sudo()  # sudo: whoever asks need not see the companies above
        names = company.parent_ids[::-1].mapped("partner_id.tz")
        for name in (*names, self.env.user.tz, company.resource_calendar_id.tz):
            if name:
                try:
                    return ZoneInfo(name)
                except (ZoneInfoNotFoundError, ValueError):
                    continue
        return ZoneInfo("UTC")

    def _ml_day(self, moment):
        """The company's day of a stored moment."""
        return moment.replace(tzinfo=UTC).astimezone(self._ml_zone()).date()

    def _ml_begin(self, day):
        """The stored time at which a day of the company begins."""
        return datetime.combine(day, time(), self._ml_zone()).astimezone(UTC).replace(tzinfo=None)

    def _told_connections(self):
        # sudo: whoever sets up a company need not see its connections
        connections = self.env["ml.connection"].sudo().with_context(active_test=False)
        return connections.search([("company_id", "in", self.ids)])

    def _ml_awaited(self):
        """Branches also depend on the lock dates of their parents."""
        # sudo: whoever may change a company need not see its branches
        return self.sudo().search([("id", "child_of", self.ids)])
