from typing import NamedTuple

from odoo import api, models

CHANGED = "ml_connector.changed"


class Watch(NamedTuple):
    """Fields of a model whose changes a flow sends.

    :param model: of the records that the flow sends
    :param back: path from a changed record to those; empty: it is one of them
    """

    flow_id: int
    connection_id: int
    model: str
    names: frozenset = frozenset()
    back: str = ""


class MlSyncMixin(models.AbstractModel):
    """Queues changes of records for the flows that watch their model.

    It costs one cached look-up when no flow does. Nothing is sent here: changes are noted, and rows for them are
    queued once, right before the transaction that made them is committed.
    """

    _name = "ml.sync.mixin"
    _description = "Watched by Flows"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._ml_note_change()
        return records

    def write(self, vals):
        watches = self._ml_watches()
        self._ml_note([watch for watch in watches if watch.back.partition(".")[0] in vals], vals)
        result = super().write(vals)
        self._ml_note(watches, vals)
        return result

    def unlink(self):
        self._ml_note_change()
        return super().unlink()

    def _ml_watches(self):
        return self.env["ml.flow"]._watched_models().get(self._name, ())

    def _ml_note_change(self, vals=None):
        self._ml_note(self._ml_watches(), vals)

    def _ml_note(self, watches, vals=None):
        """Note the records to which changed records belong, for the flows of `watches`."""
        if not watches:
            return
        context = self.env.context
        source = context.get("ml_connection_id")
        if context.get("ml_no_sync") and not source:
            return
        precommit = self.env.cr.precommit
        for watch in watches:
            # changes from a provider are not sent back to it, but to other providers
            if watch.connection_id == source or (vals is not None and watch.names.isdisjoint(vals)):
                continue
            if CHANGED not in precommit.data:
                precommit.data[CHANGED] = {}
                # sudo: whoever changes a record need not have a right on flows and the queue
                precommit.add(self.env["ml.flow"].sudo()._enqueue_changes)
            # sudo: whoever changes a line need not see what it belongs to
            changed = self.sudo().mapped(watch.back)
            precommit.data[CHANGED].setdefault((watch.flow_id, watch.model), set()).update(changed._ids)
