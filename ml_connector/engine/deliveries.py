"""Stores what became of transfers to the provider."""

from odoo import fields

from ..core.awaited import Awaited
from ..core.errors import UnconfirmedError
from ..core.flow import ResultFlow
from ..exporters.ml_exporter import NotSentError
from .base import OfRecords, bindings_by_record, is_of, record_attempts
from .failures import failure_of
from .queue import newer_row
from .results import Answers, result_flow_of
from .sent import INCOMPLETE


class Deliveries(OfRecords):
    """Stores what became of transfers to the provider, and reports it to where forwarded records came from."""

    def arrived(self, logs, outcome, milliseconds=0, trace_id=""):
        """Store that transfers of one connection and kind arrived."""
        if not logs:
            return
        logs._write_clean(
            {
                "state": "done",
                "outcome": outcome,
                "done_at": fields.Datetime.now(),
                "milliseconds": milliseconds,
                "lease_until": False,
                "sent_at": False,
                "sent_values": False,
            }
        )
        action = _action(logs.flow_id)
        record_attempts(logs, action, outcome=outcome, milliseconds=milliseconds, trace_id=trace_id)
        told = logs.filtered(lambda log: action == "report" and log._result().success)
        awaited = {Awaited("result", "", log.external_id) for log in told}
        self.env["ml.wait"]._release_for(logs.connection_id, awaited)
        if outcome != "drift":
            ReportBack(self.env).report(logs)

    def failed(self, log, error):
        if log.sent_at and log.res_id:
            self.forget(log)
        vals, awaited = failure_of(log, error)
        if vals["state"] == "failed":
            vals["error_message"] = log.flow_id._with_stake(error.message)
        if isinstance(error, NotSentError):
            self._queue_missing(log, error)
        newer = log.res_id and vals["state"] in ("pending", "failed", "waiting") and newer_row(log)
        if newer:
            if log.sudo().sent_values:  # sudo: field without access
                newer.sudo().sent_values = log.sudo().sent_values  # sudo: as above
            log._supersede()
        else:
            log._write_failure(vals, awaited)
        log._let_others_go_on()
        record_attempts(log, _action(log.flow_id), outcome=log.state, error=error)
        if log.state == "failed":
            ReportBack(self.env).report(log)

    def refused(self, log, error):
        """A defect of the addon may have struck before or after the provider accepted the record."""
        if error.error_class != "bug":
            self.failed(log, error)
            return
        stops = log.stop_count + 1
        self.failed(log, UnconfirmedError(error.message))
        log.stop_count = stops

    def forget(self, log):
        """Let the record be sent again even if unchanged: after a failure the provider's version is unknown."""
        self.env["ml.binding"].search(
            [
                ("connection_id", "=", log.connection_id.id),
                ("kind", "=", log.kind),
                ("res_model", "=", log.res_model),
                ("res_id", "=", log.res_id),
                ("fingerprint", "!=", False),
            ]
        ).fingerprint = INCOMPLETE

    def _queue_missing(self, log, error):
        """Queue the record that another one waits for, also in flows that send only required records."""
        sender = log.connection_id.flow_ids.filtered(
            lambda flow: flow.active and flow.direction == "push" and flow.kind == error.kind
        )[:1]
        if sender and not sender._blocked():
            books = sender.connection_id._books_of(error.record._name)
            self.env["ml.sync.log"]._enqueue(sender, error.record.with_env(books))


def _action(flow):
    """The action of the flow's attempts."""
    return "report" if is_of(flow, ResultFlow) else "send"


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
