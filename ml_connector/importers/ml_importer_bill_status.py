from odoo import models
from odoo.tools import groupby

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

    def _plan(self, batch, entry):
        move = batch.resolver.binding("bill", entry.document.external_id)
        state = entry.document.state
        if move.ml_ledger_state == state:
            entry.plan("unchanged", move)
            return
        labels = dict(move._fields["ml_ledger_state"]._description_selection(self.env))
        note = _("Status in %(provider)s: %(status)s.", provider=batch.provider, status=labels[state])
        entry.plan("updated", move, note=note)

    def _apply_batch(self, flow, entries, resolver):
        updated = [entry for entry in entries if entry.outcome == "updated"]
        for state, group in groupby(updated, lambda entry: entry.document.state):
            self.env["account.move"].union(*(entry.record for entry in group)).ml_ledger_state = state
