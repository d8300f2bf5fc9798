from odoo import models
from odoo.exceptions import AccessError

from ..core.errors import ConnectorError, PermanentError
from ..core.items import document_of
from ..importers.ml_importer import ImportEntry
from ..models.ml_error_class import ERROR_CLASSES


class MlWorker(models.AbstractModel):
    _inherit = "ml.worker"

    def _dry_runs(self, run):
        """Answer the requested dry runs."""
        for dry_run in self.env["ml.dry.run"].search(
            [("connection_id", "=", run.connection.id), ("state", "=", "requested")]
        ):
            try:
                lines = self._dry_run_lines(run, dry_run.flow_id)
            except (ConnectorError, AccessError) as error:
                problem = self._as_connector_error(error)
                dry_run.write({"state": "failed", "message": problem.message})
            else:
                dry_run.line_ids = [(0, 0, line) for line in lines]
                dry_run.state = "done"
            self._commit(run)

    def _dry_run_lines(self, run, flow):
        if flow.direction == "pull" and flow.kind != "file":
            return self._dry_pull(run, flow)
        if flow.direction == "push" and flow.kind != "result":
            return self._dry_push(run, flow)
        return []

    def _dry_pull(self, run, flow):
        lines = []
        for page in run.provider.flow(flow.key).pull(flow._read_from(), flow.start_date or None):
            entries = [ImportEntry(None, None) for _item in page.items]
            for entry, item in zip(entries, page.items, strict=True):
                try:
                    entry.document = document_of(run.provider.flow(flow.key), item.payload)
                except ConnectorError as error:
                    entry.error = error
            importer = flow._writer()
            resolver = self._resolve(flow, importer, entries)
            self._merge(run, flow, entries)
            importer._plan_batch(flow, [entry for entry in entries if not entry.error], resolver)
            lines += [self._dry_line(entry, item) for entry, item in zip(entries, page.items, strict=True)]
        return lines

    def _dry_line(self, entry, item):
        error = entry.error
        waits = error and ERROR_CLASSES[error.error_class].state == "waiting"
        return {
            "title": item.title,
            "external_id": item.external_id,
            "outcome": ("waiting" if waits else "failed") if error else entry.outcome,
            "reason": error.message if error else entry.note,
        }

    def _dry_push(self, run, flow):
        exporter = flow._reader(flow._spec().watches)
        lines = []
        if reason := flow._blocked():
            raise PermanentError(reason)
        if not flow._spec().watches:
            return []
        records = exporter.env[flow._spec().watches].with_context(active_test=False).search(exporter._domain(flow))
        bindings = self._bindings_by_record(flow, records)
        for record in exporter._sendable(flow, records):
            line = {"title": record.display_name, "outcome": "sent"}
            try:
                binding = bindings.get(record.id, self.env["ml.binding"])
                run.provider.flow(flow.key).render(self._outgoing_document(flow, record, binding))
            except (ConnectorError, AccessError) as error:
                problem = self._as_connector_error(error)
                waits = ERROR_CLASSES[problem.error_class].state == "waiting"
                line.update(outcome="waiting" if waits else "failed", reason=problem.message)
            lines.append(line)
        return lines
