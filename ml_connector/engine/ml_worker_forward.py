from odoo import models

from ..models.ml_sync_log import FINAL_STATES

PASSED_ON = ("created", "linked", "updated")


class MlWorker(models.AbstractModel):
    """Records of one connection go on to another, and what becomes of them there goes back."""

    _inherit = "ml.worker"

    # ------------------------------------------------------------------ onwards

    def _store_results(self, run, flow, entries, started):
        super()._store_results(run, flow, entries, started)
        records = [entry.record for entry in entries if not entry.error and entry.outcome in PASSED_ON]
        for together in self._by_model(records):
            self._pass_on(flow, together)

    def _by_model(self, records):
        """Records of several models as one recordset a model."""
        ids = {}
        for record in records:
            ids.setdefault(record._name, set()).add(record.id)
        envs = {record._name: record.env for record in records}
        return [envs[model][model].browse(sorted(model_ids)) for model, model_ids in ids.items()]

    def _pass_on(self, flow, records):
        """Queue at the target what it takes of written records, in the transaction that wrote them."""
        if flow.kind == "file":
            self._pass_on_files(flow.connection_id.target_id, records)
        elif carrier := flow._carrier():
            reader = carrier._reader(records._name)
            self._queue_at(carrier, reader._sendable(carrier, records.filtered_domain(reader._domain(carrier))))

    def _pass_on_files(self, target, records):
        """Files may come after their record went on; where it did not yet, they go with it."""
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
            self._queue_at(follower, follower._reader(records._name)._sendable(follower, gone))

    def _queue_at(self, flow, records):
        if records:
            self.env["ml.sync.log"]._enqueue(flow, records)
            flow.connection_id._trigger()

    # ------------------------------------------------------------------ back

    def _queue_reports(self, flow, entries):
        if flow._carrier():
            # success is told once the target has the record
            entries = [entry for entry in entries if entry.error or entry.outcome == "drift"]
        super()._queue_reports(flow, entries)

    def _untold(self, connection, keys):
        """Also those that the target does not have yet."""
        untold = super()._untold(connection, keys)
        for flow in connection.flow_ids:
            wanted = {key for key in keys if key[0] == flow.kind}
            if wanted and (carrier := flow._carrier()):
                records = self.env["ml.binding"]._records(connection, wanted)
                under_way = {
                    (together._name, record_id)
                    for together in self._by_model(records.values())
                    for record_id in self._under_way(carrier, together)
                }
                untold |= {key for key, record in records.items() if (record._name, record.id) in under_way}
        return untold

    def _under_way(self, carrier, records):
        """Ids of the records that are queued at the target and not there yet."""
        queued = self.env["ml.sync.log"].search(
            [
                ("flow_id", "=", carrier.id),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("state", "not in", FINAL_STATES),
            ]
        )
        return set(queued.mapped("res_id")) - set(self._bindings_by_record(carrier, records))

    def _store_sent(self, logs, outcome, milliseconds=0, trace_id=""):
        super()._store_sent(logs, outcome, milliseconds, trace_id)
        if outcome != "drift":
            self._tell_sources(logs)

    def _store_push_failure(self, run, log, error, action="send"):
        super()._store_push_failure(run, log, error, action)
        if log.state == "failed":
            self._tell_sources(log)

    def _answer_ignored(self, logs):
        """Also the provider that the record came from, when it will not get where it was to go."""
        super()._answer_ignored(logs)
        for _flow, group in logs.filtered(lambda log: log.direction == "push").grouped("flow_id").items():
            self._tell_sources(group, lambda origin: origin.flow_id._spec().acknowledges)

    def _tell_sources(self, logs, is_told=lambda origin: True):
        """Queue for the vendors that records came from what became of them here."""
        flow = logs.flow_id
        if not logs or not flow._spec().carries:
            return
        bindings = self.env["ml.binding"].search(
            [
                ("connection_id", "in", flow.connection_id.source_ids.ids),
                ("kind", "in", flow._spec().carries),
                ("res_model", "in", logs.mapped("res_model")),
                ("res_id", "in", logs.mapped("res_id")),
            ]
        )
        by_record = {(binding.res_model, binding.res_id): binding for binding in bindings}
        for log in logs:
            if binding := by_record.get((log.res_model, log.res_id)):
                self._tell_source(log, binding, is_told)

    def _tell_source(self, log, binding, is_told):
        source = binding.connection_id
        origin = self.env["ml.sync.log"].search(
            [
                ("connection_id", "=", source.id),
                ("direction", "=", "pull"),
                ("kind", "=", binding.kind),
                ("external_id", "=", binding.external_id),
                ("is_current", "=", True),
            ],
            limit=1,
        )
        results = source.flow_ids.filtered(lambda flow: flow.active and flow.kind == "result")
        if not origin or not results or not origin.flow_id._spec().reports or not is_told(origin):
            return
        is_there = log.state == "done"
        if not is_there and self._bindings_by_record(log.flow_id, self.env[log.res_model].browse(log.res_id)):
            # success was told already; what failed is a change of it
            return
        acknowledges = origin.flow_id._spec().acknowledges
        result = {
            "subject": binding.kind,
            "external_id": binding.external_id,
            **({"version": origin.external_version} if acknowledges else {}),
            "success": is_there,
            "reference": log.external_id or "" if is_there else "",
            "url": log.external_url or "" if is_there else "",
            "message": log.ignored_reason or "",
        }
        if not is_there and not log.ignored_reason:
            result |= self._refusal(origin, log.error_class, log.error_message)
        self._insert_reports(results, [(origin, result)])
        source._trigger()
