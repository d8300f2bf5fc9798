from odoo import models

from ..core.messages import _


class MlImporterBillStatus(models.AbstractModel):
    """The status of Odoo's bills at the provider, shown on the bills."""

    _name = "ml.importer.bill_status"
    _inherit = "ml.importer"
    _description = "Bill Status Importer"
    _groups = ("account.group_account_invoice",)

    _binds = False

    def _dependencies(self, document):
        return (("bill", document.external_id, document.number),)

    def _plan(self, flow, entry, resolver):
        move = resolver.binding("bill", entry.document.external_id)
        state = entry.document.state
        if move.ml_ledger_state == state:
            entry.plan("unchanged", move)
            return
        labels = dict(move._fields["ml_ledger_state"]._description_selection(self.env))
        note = _(
            "Status in %(provider)s: %(status)s.", provider=flow.connection_id._provider_name(), status=labels[state]
        )
        entry.plan("updated", move, note=note)

    def _apply_batch(self, flow, entries, resolver):
        by_state = {}
        for entry in entries:
            if entry.outcome == "updated":
                by_state.setdefault(entry.document.state, []).append(entry.record.id)
        for state, move_ids in by_state.items():
            self.env["account.move"].browse(move_ids).ml_ledger_state = state
