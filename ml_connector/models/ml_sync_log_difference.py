from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount

from ..core.messages import _
from .client_actions import shown_as_text
from .ml_sealed import needs
from .ml_sentence import in_words
from .sync_states import DECIDED_STATES, DECISIONS, DIFFERS

DIFFERENCE_KINDS = ("expense_report", "cash_advance", "payroll")
"""Kinds of records whose new version may hold only a difference."""
CHANGED_ACTIVITY = "ml_connector.mail_activity_changed"


class MlSyncLogDifference(models.AbstractModel):
    """A record that changed in the provider's system after Odoo posted it."""

    _name = "ml.sync.log.difference"
    _inherit = "ml.sealed"
    _description = "Transfer Difference"

    is_withdrawn = fields.Boolean(
        "Withdrawn", readonly=True, help="The record was archived, cancelled or voided in the provider's system."
    )
    is_partial = fields.Boolean(
        "Difference Only", readonly=True, help="The latest version holds only the difference from the existing entry."
    )
    comparison = fields.Json(
        "Comparison (Data)", readonly=True, help="Amounts of each account now and with the latest version."
    )
    comparison_table = fields.Html("Comparison", compute="_compute_comparison_table", sanitize=False)

    def _differs(self):
        return self.outcome == "drift" and self.is_current and self.state not in DECIDED_STATES

    @api.depends("comparison", "is_partial", "is_withdrawn")
    def _compute_comparison_table(self):
        for log in self:
            log.comparison_table = log.comparison and not log.is_withdrawn and log._comparison_table()

    def _comparison_table(self):
        """A table of the amounts of each account, now and after each of the buttons."""
        columns = {self.env._("In Odoo"): lambda booked, newest: booked}
        if not self.is_partial:
            columns[self.env._("After Reverse and Book Again")] = lambda booked, newest: newest
        if self.kind in DIFFERENCE_KINDS:
            columns[self.env._("After Book as Difference")] = lambda booked, newest: booked + newest
        code = self.comparison["currency"]
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
        cell, row = Markup('<td class="text-end">%s</td>'), Markup("<tr><td>%s</td>%s</tr>")
        rows = []
        for name, *stored in self.comparison["rows"]:
            amounts = [amount(*map(Decimal, stored)) for amount in columns.values()]
            texts = [format_amount(self.env, float(value), currency) if currency else value for value in amounts]
            rows.append(row % (name, Markup().join(cell % text for text in texts)))
        heading = Markup().join(Markup('<th class="text-end">%s</th>') % title for title in columns)
        table = Markup('<table class="table table-sm"><thead><tr><th>%s</th>%s</tr></thead><tbody>%s</tbody></table>')
        return table % (self.env._("Account"), heading, Markup().join(rows))

    @api.model
    def _difference_domain(self, records):
        """Domain of the transfers of these records whose latest version differs or failed."""
        return [
            *[("res_model", "=", records._name), ("direction", "=", "pull"), ("is_current", "=", True)],
            *("|", "&", *DIFFERS[::2], ("state", "in", ("failed", "waiting"))),
        ]

    @api.model
    def _differences(self, records):
        """{record id: transfer of its latest version, if that differs or failed}."""
        if not records.ids:
            return {}
        # sudo: whoever may read a record may know that it is not what the provider has
        logs = self.sudo().search([("res_id", "in", records.ids), *self._difference_domain(records)], order="id")
        return {log.res_id: log for log in logs}

    @api.model
    def _difference_values(self, outcome, note):
        """Values of a finished transfer that needs a decision."""
        return {"error_class": "changed", "error_message": note} if outcome == "drift" else {}

    def _difference_text(self):
        return in_words(self.env, self._sentence("note" if self._differs() else "error_message"))

    def _ask_about_differences(self):
        """Schedule an activity for the responsible on each record that differs."""
        for log in self:
            record = self.env[log.res_model].browse(log.res_id)
            if "ml_is_changed" not in record._fields:
                continue
            text = shown_as_text(in_words(self.env, log._sentence("note")) or "")
            if activity := record.activity_search([CHANGED_ACTIVITY]):
                activity.note = text
                continue
            # no email for each activity
            record.with_context(mail_activity_quick_update=True).activity_schedule(
                CHANGED_ACTIVITY,
                user_id=log.connection_id._told_user().id,
                summary=self.env._("Changed in %(provider)s after posting", provider=log.provider_name),
                note=text,
            )

    def _end_activities(self):
        """Remove the activities of resolved records."""
        for model, logs in self.filtered("res_id").grouped("res_model").items():
            if "ml_is_changed" in self.env[model]._fields:
                # sudo: the activity is of the connection's owner, whoever decided
                self.env[model].browse(logs.mapped("res_id")).exists().sudo().activity_unlink([CHANGED_ACTIVITY])

    @needs("map")
    def action_reverse_and_repost(self):
        """Reverse the posted entry and book the latest version, unless the record was withdrawn.

        The user needs the right to reverse bills. Payments of the old bill become outstanding.
        """
        self.ensure_one()
        if not (self._differs() and self.res_model == "account.move"):
            raise UserError(self.env._("Only a bill that changed after posting can be booked again."))
        if self.is_partial and not self.is_withdrawn:
            raise UserError(self.env._("The latest version holds only a difference. Book it as a difference."))
        move = self.env["account.move"].browse(self.res_id)
        if move.state == "posted" and move.payment_state != "reversed":
            reason = self.env._("%(bill)s changed in %(provider)s", bill=move.name, provider=self.provider_name)
            today = fields.Date.context_today(self)
            move._reverse_moves([{"ref": reason, "date": today, "invoice_date": today}], cancel=True)
        log = self.sudo()  # sudo: users hold no right on bindings and the queue, only this transition
        if self.is_withdrawn:
            log._settle_reversed(move)
        else:
            log.env["ml.binding"].search(
                [
                    ("connection_id", "=", self.connection_id.id),
                    ("kind", "=", self.kind),
                    ("external_id", "=", self.external_id),
                ]
            ).unlink()
            log.outcome = False
            log._make_pending()
        self._end_activities()
        self._decided("rebook", move.display_name)

    @needs("map")
    def action_book_difference(self):
        """Book the latest version in addition to the existing entry, because it holds only the difference."""
        logs = self.filtered(lambda log: log._differs() and log.kind in DIFFERENCE_KINDS and not log.is_withdrawn)
        if not logs:
            raise UserError(self.env._("Only a revision of a booked record can be booked as a difference."))
        queue = logs.sudo()  # sudo: users hold no right on the queue, only this transition
        queue.write({"decision": "difference", "outcome": False})
        queue._make_pending()
        logs._end_activities()
        logs._decided("decide", DECISIONS["difference"])

    def _settle_reversed(self, move):
        note = _(
            "Reversed by %(reversal)s because it was archived or cancelled in %(provider)s.",
            reversal=tuple(move.reversal_move_ids.mapped("name")) or "-",
            provider=self.provider_name,
        )
        self._write_clean({"state": "done", "outcome": "reversed", "note": note, "done_at": fields.Datetime.now()})
