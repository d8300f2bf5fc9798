from odoo import api, models


class MlSyncMixin(models.AbstractModel):
    """Queues changes of records for the flows that watch their model.

    It costs one cached look-up when no flow does. Nothing is sent here: a row is queued in the same transaction.
    """

    _name = "ml.sync.mixin"
    _description = "Watched by Flows"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._ml_enqueue()
        return records

    def write(self, vals):
        result = super().write(vals)
        self._ml_enqueue(vals)
        return result

    def _ml_enqueue(self, vals=None):
        flow_ids = self.env["ml.flow"]._watched_models().get(self._name)
        if not flow_ids or self.env.context.get("ml_no_sync"):
            return
        # sudo: whoever changes a record need not have a right on flows and the queue
        for flow in self.env["ml.flow"].sudo().browse(flow_ids):
            reader = self.env[f"ml.reader.{flow.kind}"]
            if vals is not None and reader._watched_fields().isdisjoint(vals):
                continue
            records = self.sudo().filtered_domain(reader._domain(flow))
            if records:
                self.env["ml.sync.log"].sudo()._enqueue(flow, records)
                flow.connection_id._trigger()
