from odoo import models


class MlImporterBillStatus(models.AbstractModel):
    """What became of our bills in the ledger of the vendor system, shown on the bills as information."""

    _name = "ml.importer.bill_status"
    _inherit = "ml.importer"
    _description = "Writer of Bill Statuses"
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
        entry.plan("updated", move, note=self.env._("State in the ledger: %s.", labels[state]))

    def _apply_batch(self, flow, entries, resolver):
        by_state = {}
        for entry in entries:
            if entry.outcome == "updated":
                by_state.setdefault(entry.document.state, []).append(entry.record.id)
        for state, move_ids in by_state.items():
            self.env["account.move"].browse(move_ids).ml_ledger_state = state
