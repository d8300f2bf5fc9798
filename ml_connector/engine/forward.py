"""Forwards records of one connection to another."""

from ..models.sync_states import FINAL_STATES
from .base import OfRecords, bindings_by_record


class Forward(OfRecords):
    """Queues records at the connection that they are forwarded to."""

    def records(self, flow, records):
        """Queue written records that the target connection accepts, in the transaction that wrote them."""
        if carrier := flow._carrier():
            exporter = carrier._exporter(records._name)
            self._queue_at(carrier, exporter._sendable(carrier, records.filtered_domain(exporter._domain(carrier))))

    def files(self, target, records):
        """Queue files that came after their record was forwarded. Otherwise they are forwarded with it."""
        for follower in target.flow_ids.filtered(lambda flow: flow.active and flow._spec().follows):
            sent = self.env["ml.sync.log"].search(
                [
                    ("connection_id", "=", target.id),
                    ("flow_id.key", "=", follower._spec().follows),
                    ("res_model", "=", records._name),
                    ("res_id", "in", records.ids),
                ]
            )
            gone = records.browse(sorted(set(sent.mapped("res_id"))))
            self._queue_at(follower, follower._exporter(records._name)._sendable(follower, gone))

    def _queue_at(self, flow, records):
        if records:
            self.env["ml.sync.log"]._enqueue(flow, records)
            flow.connection_id._trigger()

    def not_there(self, connection, keys):
        """Those of the remote records (kind, external id) that the target connection does not have yet."""
        found = set()
        for flow in connection.flow_ids:
            wanted = {key for key in keys if key[0] == flow.kind}
            if wanted and (carrier := flow._carrier()):
                records = self.env["ml.binding"]._records(connection, wanted)
                under_way = {
                    (together._name, record_id)
                    for together in by_model(records.values())
                    for record_id in self._under_way(carrier, together)
                }
                found |= {key for key, record in records.items() if (record._name, record.id) in under_way}
        return found

    def _under_way(self, carrier, records):
        """Ids of the records that are queued for the target connection and not sent yet."""
        queued = self.env["ml.sync.log"].search(
            [
                ("flow_id", "=", carrier.id),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("state", "not in", FINAL_STATES),
            ]
        )
        return set(queued.mapped("res_id")) - set(bindings_by_record(carrier, records))


def by_model(records):
    """Records of several models as one recordset per model."""
    ids = {}
    for record in records:
        ids.setdefault(record._name, set()).add(record.id)
    envs = {record._name: record.env for record in records}
    return [envs[model][model].browse(sorted(model_ids)) for model, model_ids in ids.items()]
