from odoo import fields, models

from ..core.errors import ConnectorError, StoppedError
from ..core.messages import _
from ..exporters.feed_builder import FeedBuilder


class MlWorker(models.AbstractModel):
    """Runs flows whose records are exchanged in files instead of calls."""

    _inherit = "ml.worker"

    def _work(self, run):
        try:
            super()._work(run)
        finally:
            run.provider.close()

    def _pull(self, run, flow):
        feed = flow._spec().feed
        if feed == "inbox":
            self._look_for_files(run, flow)
        elif feed == "in":
            # its records come with the files
            flow._schedule_next(fields.Datetime.now())
            flow.write({"last_success_at": fields.Datetime.now(), "error_message": False})
        else:
            super()._pull(run, flow)

    def _sweep(self, run, flow):
        if flow._spec().feed == "out":
            self._build_feed(run, flow)
        else:
            super()._sweep(run, flow)

    def _work_flow(self, run, flow):
        feed = flow._spec().feed
        if feed == "out":
            self._send_files(run, flow)
        elif feed == "inbox":
            self._read_files(run, flow)
            self._put_away(run, flow)
            self._watch_put_away(run, flow)
            self._report_unclaimed(run, flow)
        else:
            super()._work_flow(run, flow)

    def _give_up(self, run, log, error):
        if log.kind != "feed_file":
            super()._give_up(run, log, error)
        elif log.direction == "pull":
            self._file_failed(run, log.flow_id, log, log.feed_file_id, error)
            run.connection._ask_owner(error)
        else:
            super()._give_up(run, log, error)
            self._show_failure(log.feed_file_id, log, error)

    def _stopped(self, log, count):
        if (log.kind, log.direction) != ("feed_file", "pull"):
            return super()._stopped(log, count)
        return StoppedError(_("The server stopped %(count)s times while Odoo read this file.", count=count))

    def _fetch_missing(self, run):
        if any(spec.feed == "inbox" for spec in run.connection._provider_class().flows):
            return 0  # files cannot be asked for one record
        return super()._fetch_missing(run)

    def _dry_run_lines(self, run, flow):
        feed = flow._spec().feed
        if feed == "out":
            return [
                line
                for template in self.env["ml.feed.template"].search([("flow_id", "=", flow.id)])
                for line in self._dry_feed(template)
            ]
        return [] if feed else super()._dry_run_lines(run, flow)

    def _dry_feed(self, template):
        """Dry run lines of the next files."""
        with self.env.cr.savepoint() as savepoint:
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
            self.env.invalidate_all(flush=False)
        return lines


def _records(count):
    return _("1 record") if count == 1 else _("%(count)s records", count=count)
