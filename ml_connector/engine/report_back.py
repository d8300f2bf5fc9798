"""Reports back what became of forwarded records."""

from .answers import Answers, result_flow_of
from .base import OfRecords
from .links import bindings_by_record


class ReportBack(OfRecords):
    """Reports the results of forwarded records to the providers that they came from."""

    def report(self, logs, is_told=lambda origin: True):
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
        results = result_flow_of(source)
        if not origin or not results or not origin.flow_id._spec().reports or not is_told(origin):
            return
        answers = Answers(self.env)
        is_there = log.state == "done"
        if not is_there and bindings_by_record(log.flow_id, self.env[log.res_model].browse(log.res_id)):
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
            "message": answers.ignored_sentence(log),
        }
        if not is_there and not log.ignored_reason:
            result |= answers.refusal(origin, log.error_class, log._sentence("error_message"))
        answers.insert(results, [(origin, result)])
        source._trigger()

    def ignored(self, logs):
        """Report to the origin of a forwarded record that it is not forwarded."""
        for _flow, group in logs.filtered(lambda log: log.direction == "push").grouped("flow_id").items():
            self.report(group, lambda origin: origin.flow_id._spec().acknowledges)
