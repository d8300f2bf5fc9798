"""Stores what became of transfers to the provider."""

from odoo import fields

from ..core.errors import MappingError, UnconfirmedError
from ..core.flow import ResultFlow
from ..exporters.ml_exporter import NotSentError
from ..models.ml_mapped import title_of
from ..models.ml_mapping_sending import NoCodeError
from ..models.sync_states import CLEAN, DEPENDS, odoo_key
from .base import OfRecords, is_of
from .failures import NewerRemoteVersionError, failure_values
from .queue import newer_row
from .report_back import ReportBack
from .sent import INCOMPLETE


class Deliveries(OfRecords):
    """Stores what became of transfers to the provider, and reports it to where forwarded records came from."""

    def arrived(self, logs, outcome, milliseconds=0, trace_id=""):
        """Store that transfers of one connection and kind arrived."""
        if not logs:
            return
        logs.write(
            {
                "state": "done",
                "outcome": outcome,
                "done_at": fields.Datetime.now(),
                "milliseconds": milliseconds,
                "lease_until": False,
                "sent_at": False,
                "sent_values": False,
                **CLEAN,
            }
        )
        is_report = is_of(logs.flow_id, ResultFlow)
        attempt = {
            "action": "report" if is_report else "send",
            "outcome": outcome,
            "milliseconds": milliseconds,
            "trace_id": trace_id,
        }
        self.env["ml.sync.attempt"]._append(logs.connection_id, [{"log": log, **attempt} for log in logs])
        told = logs.filtered(lambda log: is_report and log._result().success)
        self.env["ml.sync.log"]._release_dependents(logs.connection_id, {(log.kind, log.external_id) for log in told})
        if outcome != "drift":
            ReportBack(self.env).report(logs)

    def failed(self, log, error, action="send"):
        if log.sent_at and log.res_id:
            self.forget(log)
        vals = failure_values(log, error)
        if vals["state"] == "failed":
            vals["error_message"] = log.flow_id._with_stake(error.message)
        if isinstance(error, NotSentError):
            vals.update(depends_kind=error.kind, depends_external_id=error.key, depends_name=error.name)
            self._queue_missing(log, error)
        elif isinstance(error, NewerRemoteVersionError):
            vals.update(depends_kind=error.key[0], depends_external_id=error.key[1])
        elif isinstance(error, NoCodeError):
            kind, record = error.missing[0]
            key, title = odoo_key(record._name, record.id), title_of(record, log.company_id)
            vals.update(depends_kind=DEPENDS + kind, depends_external_id=key, depends_name=title)
            self.env["ml.mapping"]._list_missing(log.connection_id, error.missing)
        elif isinstance(error, MappingError) and error.references:
            mappings = self.env["ml.mapping"]._upsert(log.connection_id, error.references)
            vals["waiting_mapping_ids"] = [fields.Command.set(mappings.ids)]
        newer = log.res_id and vals["state"] in ("pending", "failed", "waiting") and newer_row(log)
        if newer:
            if log.sudo().sent_values:  # sudo: field without access
                newer.sudo().sent_values = log.sudo().sent_values  # sudo: as above
            log._supersede()
        else:
            log.write(vals)
        log._let_others_go_on()
        self.env["ml.sync.attempt"]._append(
            log.connection_id, [{"log": log, "action": action, "outcome": log.state, "error": error}]
        )
        if log.state == "failed":
            ReportBack(self.env).report(log)

    def refused(self, log, error, action="send"):
        """A defect of the addon may have struck before or after the provider accepted the record."""
        if error.error_class != "bug":
            self.failed(log, error, action)
            return
        stops = log.stop_count + 1
        self.failed(log, UnconfirmedError(error.message), action)
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
            books = sender.connection_id._books_of(error.model)
            self.env["ml.sync.log"]._enqueue(sender, books[error.model].browse(error.res_id))
