from odoo import models

from ..models.ml_sync_log import FINAL_STATES

FORWARDED = ("created", "linked", "updated")


class MlWorker(models.AbstractModel):
    """Forwards records of one connection to another, and reports their results back."""

    _inherit = "ml.worker"

    # ------------------------------------------------------------------ forward

    def _store_results(self, run, flow, entries, started):
        super()._store_results(run, flow, entries, started)
        records = [entry.record for entry in entries if not entry.error and entry.outcome in FORWARDED]
        for together in self._by_model(records):
            self._forward(flow, together)

    def _by_model(self, records):
        """Records of several models as one recordset per model."""
        ids = {}
        for record in records:
            ids.setdefault(record._name, set()).add(record.id)
        envs = {record._name: record.env for record in records}
        return [envs[model][model].browse(sorted(model_ids)) for model, model_ids in ids.items()]

    def _forward(self, flow, records):
        """Queue written records that the target connection accepts, in the transaction that wrote them."""
        if flow.kind == "file":
            self._forward_files(flow.connection_id.target_id, records)
        elif carrier := flow._carrier():
            exporter = carrier._reader(records._name)
            self._queue_at(carrier, exporter._sendable(carrier, records.filtered_domain(exporter._domain(carrier))))

    def _forward_files(self, target, records):
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
            self._queue_at(follower, follower._reader(records._name)._sendable(follower, gone))

    def _queue_at(self, flow, records):
        if records:
            self.env["ml.sync.log"]._enqueue(flow, records)
            flow.connection_id._trigger()

    # ------------------------------------------------------------------ back

    def _queue_reports(self, flow, entries):
        if flow._carrier():
            # success is reported once the target connection has the record
            entries = [entry for entry in entries if entry.error or entry.outcome == "drift"]
        super()._queue_reports(flow, entries)

    def _unreported(self, connection, keys):
        """Also the records that the target connection does not have yet."""
        unreported = super()._unreported(connection, keys)
        for flow in connection.flow_ids:
            wanted = {key for key in keys if key[0] == flow.kind}
            if wanted and (carrier := flow._carrier()):
                records = self.env["ml.binding"]._records(connection, wanted)
                under_way = {
                    (together._name, record_id)
                    for together in self._by_model(records.values())
                    for record_id in self._under_way(carrier, together)
                }
                unreported |= {key for key, record in records.items() if (record._name, record.id) in under_way}
        return unreported

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
        return set(queued.mapped("res_id")) - set(self._bindings_by_record(carrier, records))

    def _store_sent(self, logs, outcome, milliseconds=0, trace_id=""):
        super()._store_sent(logs, outcome, milliseconds, trace_id)
        if outcome != "drift":
            self._report_to_sources(logs)

    def _store_push_failure(self, run, log, error, action="send"):
        super()._store_push_failure(run, log, error, action)
        if log.state == "failed":
            self._report_to_sources(log)

    def _answer_ignored(self, logs):
        """Also report to the origin of a forwarded record that it is not forwarded."""
        super()._answer_ignored(logs)
        for _flow, group in logs.filtered(lambda log: log.direction == "push").grouped("flow_id").items():
            self._report_to_sources(group, lambda origin: origin.flow_id._spec().acknowledges)

    def _report_to_sources(self, logs, is_told=lambda origin: True):
        """Queue the results of forwarded records for the providers that they came from."""
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
                self._report_to_source(log, binding, is_told)

    def _report_to_source(self, log, binding, is_told):
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
            # success was reported already; a later change of the record failed
            return
        acknowledges = origin.flow_id._spec().acknowledges
        result = {
            "subject": binding.kind,
            "external_id": binding.external_id,
            **({"version": origin.external_version} if acknowledges else {}),
            "success": is_there,
            "reference": log.external_id or "" if is_there else "",
            "url": log.external_url or "" if is_there else "",
            "message": self._ignored_sentence(log),
        }
        if not is_there and not log.ignored_reason:
            result |= self._refusal(origin, log.error_class, log._sentence("error_message"))
        self._insert_reports(results, [(origin, result)])
        source._trigger()
