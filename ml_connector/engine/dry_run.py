"""Shows what the next sync would do, and why."""

from odoo.exceptions import AccessError

from ..core.errors import ConnectorError, PermanentError
from ..core.items import document_of
from ..core.messages import _
from ..exporters.feed_builder import FeedBuilder
from ..importers.ml_importer import ImportEntry
from ..models.ml_error_class import ERROR_CLASSES
from .base import Step, bindings_by_record, requested
from .failures import as_connector_error


class DryRuns(Step):
    """Answers the requested dry runs."""

    def answer(self):
        for dry_run in requested(self.connection, "ml.dry.run"):
            try:
                lines = self.run.work_of(dry_run.flow_id).dry_run()
            except (ConnectorError, AccessError) as error:
                problem = as_connector_error(self.connection, error)
                dry_run.write({"state": "failed", "message": problem.message})
            else:
                dry_run.line_ids = [(0, 0, line) for line in lines]
                dry_run.state = "done"
            self.run.commit()


def pull_lines(booking):
    """What the next sync would do with the records of the provider's list."""
    lines = []
    for page in booking.remote.pull(booking.flow._read_from(), booking.flow.start_date or None):
        entries = [ImportEntry(None) for _item in page.items]
        for entry, item in zip(entries, page.items, strict=True):
            with entry.alone():
                entry.document = document_of(booking.remote, item.payload)
        booking.plan(entries)
        lines += [_pull_line(entry, item) for entry, item in zip(entries, page.items, strict=True)]
    return lines


def _pull_line(entry, item):
    error = entry.error
    waits = error and ERROR_CLASSES[error.error_class].state == "waiting"
    return {
        "title": item.title,
        "external_id": item.external_id,
        "outcome": ("waiting" if waits else "failed") if error else entry.outcome,
        "reason": error.message if error else entry.note,
    }


def push_lines(push):
    """What the next sync would send."""
    exporter = push.flow._exporter(push.spec.watches)
    lines = []
    if reason := push.flow._blocked():
        raise PermanentError(reason)
    if not push.spec.watches:
        return []
    records = exporter.env[push.spec.watches].with_context(active_test=False).search(exporter._domain(push.flow))
    bindings = bindings_by_record(push.flow, records)
    for record in exporter._sendable(push.flow, records):
        line = {"title": record.display_name, "outcome": "sent"}
        try:
            binding = bindings.get(record.id, push.env["ml.binding"])
            push.remote.render(push.sent.own_changes.document(record, binding))
        except (ConnectorError, AccessError) as error:
            problem = as_connector_error(push.connection, error)
            waits = ERROR_CLASSES[problem.error_class].state == "waiting"
            line.update(outcome="waiting" if waits else "failed", reason=problem.message)
        lines.append(line)
    return lines


def file_lines(template):
    """Dry run lines of the next files."""
    with template.env.cr.savepoint() as savepoint:
        builder = FeedBuilder(template)
        lines = []
        try:
            builder.build()
        except ConnectorError as error:
            lines.append({"title": template.name, "outcome": "failed", "reason": error.message})
        lines += [
            {"title": file.name, "outcome": "sent", "reason": _records(file.record_count)} for file in builder.files
        ]
        names = builder.source.model.browse(builder.skipped)
        lines += [
            {"title": record.display_name, "outcome": "failed", "reason": builder.skipped[record.id]}
            for record in names
        ]
        savepoint.rollback()
        template.env.invalidate_all(flush=False)
    return lines


def _records(count):
    return _("1 record") if count == 1 else _("%(count)s records", count=count)
