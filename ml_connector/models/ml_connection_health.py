from datetime import timedelta

from odoo import fields, models
from odoo.tools import format_date

from ..core.messages import paragraph
from . import ml_error_class
from .client_actions import shown_as_text
from .ml_sentence import Sentence, in_words

NETWORK_FAILURES_BEFORE_BREAK = 20
ACCESS_END_WARNING = timedelta(days=30)
"""How long before the access expires the responsible is notified."""
MOST_ANNOUNCEMENTS = 20
BREAK_MINUTES = (5, 5, 15, 30, 60)


class MlConnectionHealth(models.AbstractModel):
    """Successes and failures of a whole connection, and what its responsible is told of."""

    _name = "ml.connection.health"
    _inherit = "ml.sealed"
    _description = "Connection Health"

    attention_reason = Sentence(readonly=True, copy=False)
    attention_reason_source = fields.Json(readonly=True, copy=False)
    announcements = fields.Json(
        "Provider Notices", readonly=True, copy=False, help="Announced changes that the responsible was notified of."
    )
    stop_count = fields.Integer(
        "Stops", readonly=True, copy=False, help="How often the server stopped during a request of a user."
    )
    breaker_count = fields.Integer(readonly=True, copy=False)
    breaker_until = fields.Datetime("Paused Until", readonly=True, copy=False)
    last_success_at = fields.Datetime("Last Success", readonly=True, copy=False)

    def _record_success(self):
        vals = {"last_success_at": fields.Datetime.now()}
        if self.breaker_count:
            vals.update(breaker_count=0, breaker_until=False)
        if self.state == "attention":
            vals.update(state="connected", attention_reason=False)
            self.activity_unlink(["ml_connector.mail_activity_attention"])
        self.write(vals)

    def _close_breaker(self):
        # sudo: engine fields
        self.sudo().write({"breaker_count": 0, "breaker_until": False})

    def _record_failure(self, error):
        """Count an error of the whole connection; pause it and notify the responsible if needed."""
        count = self.breaker_count + 1
        vals = {"breaker_count": count}
        needs_person = error.error_class == "auth" or count >= NETWORK_FAILURES_BEFORE_BREAK
        seconds = 60 * BREAK_MINUTES[min(count, len(BREAK_MINUTES)) - 1] if needs_person else min(2**count, 60)
        vals["breaker_until"] = fields.Datetime.now() + timedelta(seconds=max(seconds, error.retry_after or 0))
        self.write(vals)
        if needs_person:
            self._ask_owner(error)

    def _ask_owner(self, error):
        """Set the connection to Needs Attention and notify the responsible once."""
        if self.state == "connected":
            self.write({"state": "attention", "attention_reason": error.message})
            self._notify_owner(error)

    def _notify_owner(self, error):
        if self.activity_search(["ml_connector.mail_activity_attention"]):
            return
        self._tell_owner(
            "ml_connector.mail_activity_attention",
            self.env._("%(connection)s needs attention", connection=self.name),
            in_words(self.env, paragraph(error.message, self._advice(error))),
        )

    def _tell_owner(self, activity, summary, text, day=None):
        """Schedule an activity for the responsible, or for the current user if the responsible lacks the company.

        The text may quote the provider.
        """
        user = self._told_user()
        self.activity_schedule(activity, date_deadline=day, user_id=user.id, summary=summary, note=shown_as_text(text))

    def _contact(self):
        """The contact in Odoo for users of the provider."""
        user = self._told_user()
        return f"{user.name} ({user.email})" if user.email else user.name

    def _told_user(self):
        return self.owner_id if self.company_id in self.owner_id.company_ids else self.env.user

    def _ask_about_vendors(self):
        """Notify the responsible once of vendor changes to approve."""
        self.ensure_one()
        if not self.activity_search(["ml_connector.mail_activity_vendor_change"]):
            self._tell_owner(
                "ml_connector.mail_activity_vendor_change",
                self.env._("Vendor changes to approve"),
                self.env._("An accountant approves or rejects them under Vendor Changes."),
            )

    def _note_announcements(self, texts):
        """Notify the responsible of announced changes of the provider, once for each text."""
        self.ensure_one()
        known = self.announcements or []
        # limit the number, in case the provider words each answer differently
        new = [text for text in texts if text not in known][: MOST_ANNOUNCEMENTS - len(known)]
        if not new:
            return
        self.announcements = [*known, *new]
        for text in new:
            summary = self.env._("%(connection)s announced a change", connection=self.name)
            self._tell_owner("mail.mail_activity_data_warning", summary, text)

    def _watch_access_end(self):
        """Notify the responsible before the access expires, and remove the activity after a renewal."""
        self.ensure_one()
        ends = self._tokens().refresh_expires_at
        last_day = ends and self.company_id._ml_day(ends)
        if not ends or ends - ACCESS_END_WARNING > fields.Datetime.now():
            self.activity_unlink(["ml_connector.mail_activity_access_end"])
        elif not self.activity_search(["ml_connector.mail_activity_access_end"]):
            summary = self.env._(
                "Access of %(connection)s expires on %(day)s",
                connection=self.name,
                day=format_date(self.env, last_day),
            )
            advice = in_words(self.env, self._provider_class().access_end_advice)
            self._tell_owner("ml_connector.mail_activity_access_end", summary, advice, last_day)

    def _advice(self, error):
        return ml_error_class.advice(error.error_class, self)
