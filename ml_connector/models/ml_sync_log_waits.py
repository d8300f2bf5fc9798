from odoo import api, fields, models
from odoo.fields import Domain

from ..core.awaited import Awaited, odoo_key
from .ml_wait import REASONS
from .sync_states import CLEAN, MERGED_STATES


class MlSyncLogWaits(models.AbstractModel):
    """What a transfer waits for, and what releases it."""

    _name = "ml.sync.log.waits"
    _inherit = "ml.sealed"
    _description = "Transfer Waits"

    wait_ids = fields.One2many("ml.wait", "log_id", "Waiting For", readonly=True)
    wait_reason = fields.Selection(REASONS, compute="_compute_wait_reason")
    is_awaited_gone = fields.Boolean(
        "Waiting for Deleted Record", compute="_compute_wait_reason", help="The awaited record was deleted in Odoo."
    )
    waiting_mapping_ids = fields.Many2many(
        "ml.mapping",
        string="Missing Mappings",
        compute="_compute_waiting_mapping_ids",
        search="_search_waiting_mapping_ids",
    )

    @api.depends("wait_ids.reason", "wait_ids.is_gone")
    def _compute_wait_reason(self):
        for log in self:
            log.wait_reason = log.wait_ids[:1].reason
            log.is_awaited_gone = any(log.wait_ids.mapped("is_gone"))

    @api.depends("wait_ids.mapping_id")
    def _compute_waiting_mapping_ids(self):
        for log in self:
            log.waiting_mapping_ids = log.wait_ids.mapping_id

    def _search_waiting_mapping_ids(self, operator, value):
        if Domain.is_negative_operator(operator):
            return NotImplemented
        return [("wait_ids.mapping_id", operator, value)]

    def _write_clean(self, vals):
        """Write to transfers that no longer have an error, a conflict or a wait."""
        self.env["ml.wait"].union(*self.env["ml.wait"]._of(self).values()).unlink()
        self.write({**CLEAN, **vals})

    def _write_failure(self, vals, awaited):
        """Write the end of an attempt and what the transfer waits for from now on (`engine.failures.failure_of`)."""
        before = self.env["ml.wait"]._of(self)
        self.write(vals)
        self.env["ml.wait"]._replace(before, {self: awaited})

    def _let_others_go_on(self):
        """Release documents that waited for a failed or ignored detail, such as a file."""
        for log in self.filtered(lambda log: log.state in ("failed", "ignored") and log.direction == "push"):
            has_exporter = log.res_id and log.flow_id._has_documents()
            if has_exporter and not log.flow_id._exporter(log.res_model)._holds_up:
                sent = Awaited("sent", log.kind, odoo_key(log.res_model, log.res_id))
                self.env["ml.wait"]._release_for(log.connection_id, {sent})

    def _follow_merge(self, sources, target):
        logs = self.search([("res_model", "=", target._name), ("res_id", "in", sources.ids)])
        opened = logs.filtered(lambda log: log.direction == "push" and log.state in MERGED_STATES)
        taken = self.search(
            [
                ("flow_id", "in", opened.flow_id.ids),
                ("direction", "=", "push"),
                ("res_model", "=", target._name),
                ("res_id", "=", target.id),
                ("state", "in", MERGED_STATES),
            ]
        ).flow_id
        for log in opened:
            # one open transfer for each record
            if log.flow_id in taken:
                log._supersede()
            taken |= log.flow_id
        logs.write({"res_id": target.id})
        keys = [odoo_key(source._name, source.id) for source in sources]
        waits = self.env["ml.wait"].search([("key", "in", keys), ("log_id.state", "=", "waiting")])
        waits.key = odoo_key(target._name, target.id)
        # the remaining record may have codes, so check again
        waits.log_id.filtered(lambda log: log.wait_ids <= waits)._make_pending()
