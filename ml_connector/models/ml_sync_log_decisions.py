from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.awaited import Awaited
from ..engine.deliveries import Deliveries, ReportBack
from ..engine.results import Answers
from .client_actions import notification, open_dialog
from .ml_sealed import needs
from .ml_sentence import Sentence
from .sync_states import DECISIONS, MERGED_STATES


class MlSyncLogDecisions(models.AbstractModel):
    """What users decide about transfers: retry, ignore, answer a doubt, resolve a conflict, accept a date."""

    _name = "ml.sync.log.decisions"
    _inherit = "ml.sealed"
    _description = "Transfer Decisions"

    ignored_reason = Sentence("Ignore Reason", readonly=True)
    ignored_reason_source = fields.Json(readonly=True)
    ignored_by_id = fields.Many2one("res.users", readonly=True)
    conflict = fields.Json(
        "Conflict (Data)", readonly=True, help="Fields that were changed on both sides, with both values."
    )
    conflict_table = fields.Html("Conflict", compute="_compute_conflict_table", sanitize=False)
    decision = fields.Selection(list(DECISIONS.items()), readonly=True)

    @api.depends("conflict")
    def _compute_conflict_table(self):
        for log in self:
            log.conflict_table = log.conflict and self._conflict_table(log)

    def _conflict_table(self, log):
        exporter = log.flow_id._exporter(log.res_model).with_env(self.env)
        cell = Markup("<td>%s</td>")
        rows = [
            (exporter._shared_label(name), *(self._value_text(side) for side in sides))
            for name, sides in log.conflict.items()
        ]
        heading = Markup("<tr><th></th><th>%s</th><th>%s</th></tr>") % (
            self.env._("In Odoo"),
            self.env._("In %(provider)s", provider=log.provider_name),
        )
        body = Markup().join(Markup("<tr>%s</tr>") % Markup().join(cell % text for text in row) for row in rows)
        return Markup('<table class="table table-sm"><thead>%s</thead><tbody>%s</tbody></table>') % (heading, body)

    def _value_text(self, value):
        if isinstance(value, bool):
            return self.env._("Yes") if value else self.env._("No")
        return value or self.env._("(empty)")

    @needs("resolve")
    def action_retry(self):
        """Queue open transfers again; unconfirmed ones are checked at the provider first."""
        logs = self.sudo()  # sudo: users hold no write right on the queue, only this transition
        retried = logs.filtered(lambda log: log.is_current and (log.state in MERGED_STATES or log._differs()))
        retried._make_pending()
        unknown = logs.filtered(lambda log: log.state == "unknown")
        unknown.write({"next_try_at": fields.Datetime.now()})
        unknown.connection_id._trigger()
        (retried | unknown)._decided("retry")
        return self._notify_retried(len(retried) + len(unknown))

    def _notify_retried(self, count):
        if not count:
            message = self.env._("Only open transfers can be retried.")
        elif count == 1:
            message = self.env._("Retrying 1 transfer.")
        else:
            message = self.env._("Retrying %(count)s transfers.", count=count)
        return notification(message, "success" if count else "warning")

    @needs("resolve")
    def action_ignore(self):
        """Ask for a reason, then ignore the transfers."""
        return open_dialog("ml.ignore", self.env._("Ignore"), default_log_ids=self.ids)

    def _ignore(self, reason):
        self._check_may("resolve")
        logs = self.filtered(
            lambda log: (
                log.state in ("pending", "failed", "waiting", "unknown")
                or log._differs()
                or (log.state == "done" and log.is_record_gone)
            )
        )
        if not logs:
            raise UserError(self.env._("Only open transfers can be ignored."))
        # sudo: users hold no write right on the queue, only this transition
        logs.sudo().write(
            {
                "state": "ignored",
                "ignored_reason": reason,
                "ignored_by_id": self.env.uid,
                "done_at": fields.Datetime.now(),
            }
        )
        logs._decided("ignore", reason)
        logs._end_activities()
        # sudo: the result of what a person ignored is the engine's to tell
        Answers(self.sudo().env).ignored(logs.sudo())
        # sudo: as above, to the provider that a forwarded record came from
        ReportBack(self.sudo().env).ignored(logs.sudo())
        for connection, group in logs.grouped("connection_id").items():
            results = group.filtered(lambda log: log.kind == "result")
            # sudo: what waited for a result that nobody tells any more is told itself
            waits = self.env["ml.wait"].sudo()
            waits._release_for(connection, {Awaited("result", "", log.external_id) for log in results})
            group.sudo()._let_others_go_on()  # sudo: as above
            connection._trigger()  # to check the transfers that wait for these

    @needs("resolve")
    def action_bring_again(self):
        """Create records again that were deleted in Odoo, with their files and dependents."""
        logs = self.sudo()  # sudo: users hold no write right on the queue, only this transition
        gone = (logs | logs.wait_ids.filtered("is_gone")._transfers()).filtered("is_record_gone")
        if not gone:
            raise UserError(self.env._("Only records that were deleted in Odoo can be created again."))
        gone._make_pending()
        gone._decided("bring_again")
        return self._notify_retried(len(gone))

    @needs("resolve")
    def action_arrived(self):
        """Set an unconfirmed transfer to done: the user found the record at the provider."""
        self._answer_unknown(arrived=True)

    @needs("resolve")
    def action_not_arrived(self):
        """Send the record of an unconfirmed transfer again: the user did not find it at the provider."""
        self._answer_unknown(arrived=False)

    def _answer_unknown(self, arrived):
        logs = self.sudo().filtered(lambda log: log.state == "unknown")  # sudo: only this transition
        logs._decided("arrived" if arrived else "not_arrived")
        if arrived:
            deliveries = Deliveries(self.sudo().env)  # sudo: as above, and what depends on it goes on
            for _flow, group in logs.grouped("flow_id").items():
                deliveries.arrived(group, "sent")
            return
        logs.write({"sent_at": False})
        logs._make_pending()

    @needs("map")
    def action_keep_odoo(self):
        """Resolve a conflict with Odoo's values, which are sent to the provider."""
        return self._decide("odoo", _has_conflict)

    @needs("map")
    def action_keep_provider(self):
        """Resolve a conflict with the provider's values, which are written into Odoo."""
        return self._decide("vendor", _has_conflict)

    @needs("map")
    def action_next_open_day(self):
        """Post records of a locked period on the first open day, also in another fiscal year."""
        return self._decide("next_open_day", lambda log: log._asks_about("locked_period"))

    @needs("map")
    def action_date_is_right(self):
        """Confirm a date that is many years away."""
        return self._decide("date_is_right", lambda log: log._asks_about("doubtful_date"))

    def _asks_about(self, error_class):
        return self.state in ("failed", "waiting") and self.error_class == error_class

    def _decide(self, decision, is_open):
        """Continue the open ones of the transfers with a decision for what they show. A later change asks again."""
        # sudo: users hold no write right on the queue, only this transition
        logs = self.sudo().filtered(lambda log: log.is_current and is_open(log))
        if not logs:
            raise UserError(self.env._("This transfer is already resolved."))
        logs.decision = decision
        logs._make_pending()
        logs._decided("decide", DECISIONS[decision])
        return self._notify_retried(len(logs))


def _has_conflict(log):
    return log.state == "failed" and log.conflict
