from odoo import api, models

CHANGED = "ml_connector.changed"


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
        result = super().write(vals)
        self._ml_note_change(vals)
        return result

    def unlink(self):
        self._ml_note_change()
        return super().unlink()

    def _ml_note_change(self, vals=None):
        self._ml_note(self.env["ml.flow"]._watched_models().get(self._name), vals)

    def _ml_note(self, watching, vals=None):
        """
        :param watching: {flow id: (connection id, names of watched fields)}
        """
        if not watching:
            return
        context = self.env.context
        source = context.get("ml_connection_id")
        if context.get("ml_no_sync") and not source:
            return
        precommit = self.env.cr.precommit
        for flow_id, (connection_id, watched_fields) in watching.items():
            # changes from a provider are not sent back to it, but to other providers
            if connection_id == source or (vals is not None and watched_fields.isdisjoint(vals)):
                continue
            if CHANGED not in precommit.data:
                precommit.data[CHANGED] = {}
                # sudo: whoever changes a record need not have a right on flows and the queue
                precommit.add(self.env["ml.flow"].sudo()._enqueue_changes)
            precommit.data[CHANGED].setdefault((flow_id, self._name), set()).update(self._ids)
