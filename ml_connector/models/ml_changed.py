from odoo import api, fields, models
from odoo.exceptions import UserError

from .ml_sealed import needs


class MlChanged(models.AbstractModel):
    """Documents that show how the provider's latest version differs, until a user resolves the difference."""

    _name = "ml.changed"
    _inherit = "ml.sealed"
    _description = "Changed After Posting"

    ml_difference = fields.Char(
        "Difference",
        compute="_compute_ml_difference",
        help="Differences between the posted entry and the latest version.",
    )
    ml_is_changed = fields.Boolean(
        "Changed After Posting", compute="_compute_ml_difference", search="_search_ml_is_changed"
    )

    def _compute_ml_difference(self):
        found = self.env["ml.sync.log"]._differences(self)
        for record in self:
            log = found.get(record._origin.id)
            record.ml_difference = log and log._difference_text()
            record.ml_is_changed = bool(log)

    @api.model
    def _search_ml_is_changed(self, operator, _value):
        if operator != "in":
            return NotImplemented
        # sudo: see `_differences`
        logs = self.env["ml.sync.log"].sudo()
        return [("id", "in", logs.search(logs._difference_domain(self)).mapped("res_id"))]

    def _ml_difference_log(self):
        """The transfer with the open difference."""
        self.ensure_one()
        log = self.env["ml.sync.log"]._differences(self).get(self.id)
        if not log:
            raise UserError(self.env._("This record no longer differs."))
        return log.sudo(self.env.su)

    @needs("resolve")
    def action_ml_compare(self):
        return self._ml_difference_log()._action_form()

    @needs("resolve")
    def action_ml_keep(self):
        """Keep the posted version with a reason, until the provider changes the record again."""
        return self._ml_difference_log().action_ignore()

    @needs("map")
    def action_ml_rebook(self):
        return self._ml_difference_log().action_reverse_and_repost()
