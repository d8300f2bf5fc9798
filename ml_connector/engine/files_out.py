"""Writes the files of file flows, and sends them."""

import io
import time
from datetime import timedelta

from odoo import fields

from ..core.errors import ConnectorError, InvalidDataError, NotFoundError, PermanentError, RemoteError
from ..core.messages import _
from ..exporters.feed_builder import FeedBuilder
from ..models.ml_error_class import ERROR_CLASSES
from ..models.sync_states import MERGED_STATES
from .base import Step, elapsed, record_attempts
from .dry_run import file_lines
from .failures import as_connector_error
from .flow_work import Outgoing


class TakenEarlyError(PermanentError):
    """The provider fetched a file before it had its final name."""


class Transfer(Step):
    """Transfers files to the server, under a temporary name first."""

    def send(self, file):
        """Transfer a file to its final name. Each step is stored before the next, so that none is done twice."""
        store, template = self.run.provider.files(), file.template_id
        if file.state == "failed":
            file.state = "built"
        file.taken_as = False
        if template.temporary == "none":
            is_there = store.size(file._path()) == file.size
            is_there = is_there or store.write(file._path(), io.BytesIO(file.attachment_id.raw), file.size)
            fetched = _(
                "%(provider)s fetched the file immediately. It is no longer in its folder.",
                provider=self.run.provider.label,
            )
            file._arrived(not is_there and fetched)
            return
        is_resumed = file.state == "transferred"
        if not is_resumed:
            file.temporary_name = _temporary_name(file, template.temporary)
            self.run.commit()
            self._write_temporary(file)
            file.state = "transferred"
            self.run.commit()
        file._arrived(self._rename(store, file, is_resumed))

    def _write_temporary(self, file):
        path = file._path(file.temporary_name)
        try:
            self.run.provider.files().write(path, io.BytesIO(file.attachment_id.raw), file.size)
        except (RemoteError, PermanentError):
            self.try_to_remove(path)
            raise

    def try_to_remove(self, path):
        try:
            self.run.provider.files().remove(path)
        except ConnectorError:
            return  # a remaining temporary file does no harm, and the next attempt overwrites it

    def _rename(self, store, file, is_resumed):
        """Give the file its final name; returns a note for it."""
        temporary, final = file._path(file.temporary_name), file._path()
        try:
            store.rename(temporary, final)
        except NotFoundError:
            if store.size(final) == file.size:
                return False  # it was renamed despite the error
            if is_resumed:
                # an earlier attempt renamed it and could not store that; the provider may have fetched it since
                return _("The file already had its final name when Odoo resumed the transfer.")
            file.state = "built"
            self.run.commit()
            raise TakenEarlyError(
                _(
                    "%(provider)s fetches files under their temporary name, such as %(name)s. Agree on another one"
                    " and choose it as Temporary Name in the file template.",
                    provider=self.run.provider.label,
                    name=file.temporary_name,
                )
            ) from None
        except PermanentError:
            file.state = "built"
            self.run.commit()
            self.try_to_remove(temporary)
            raise PermanentError(
                _(
                    "The server does not allow Odoo to rename files. Ask %(provider)s for this permission, or choose"
                    " None as the Temporary Name in the file template.",
                    provider=self.run.provider.label,
                )
            ) from None
        return False


def _temporary_name(file, strategy):
    return f".{file.name}" if strategy == "dot" else f"{file.name}.{file.sha256[:8]}.part"


HELD_BACK = timedelta(minutes=15)
UNSENT = ("built", "transferred", "failed")


class FilesOut(Outgoing):
    """Records that Odoo writes into files for the provider."""

    def give_up(self, log, error):
        super().give_up(log, error)
        self._show_failure(log.feed_file_id, log, error)

    def stopped(self, count):
        return _("The server stopped %(count)s times while Odoo sent this file.", count=count)

    def dry_run(self):
        templates = self.env["ml.feed.template"].search([("flow_id", "=", self.flow.id)])
        return [line for template in templates for line in file_lines(template)]

    def read(self):
        """Write the files of a flow's file templates; they are sent in a separate step."""
        started = fields.Datetime.now()
        for template in self.env["ml.feed.template"].search([("flow_id", "=", self.flow.id)]):
            self._build_files(template)
        if not self._taken_early():
            self.flow.write({"last_success_at": fields.Datetime.now(), "error_message": False})
            self.run.succeeded = True
        self.flow._schedule_next(started)
        self.run.commit()

    def _build_files(self, template):
        unsent = self.env["ml.feed.file"].search(
            [
                ("template_id", "=", template.id),
                ("direction", "=", "push"),
                ("state", "in", UNSENT),
            ]
        )
        if "transferred" in unsent.mapped("state"):
            return  # it is being sent, and its records count first
        if self._taken_early() & unsent:
            return  # the provider would fetch the next one early, too
        builder = FeedBuilder(template)
        files = builder.build()
        for file in unsent:
            file._log()._supersede()
            file.write({"state": "replaced", "replaced_by_id": files[:1].id})
        files._enqueue(self.flow)
        self._record_skipped(template, builder)
        self.flow.write({"progress_done": 0, "progress_total": len(files)})
        self.run.commit(processed=len(files))
        for file in unsent.filtered("temporary_name"):
            Transfer(self.run).try_to_remove(file._path(file.temporary_name))

    def _taken_early(self):
        """Files that the provider fetched under a temporary name which their file template still uses."""
        files = self.env["ml.feed.file"].search(
            [("flow_id", "=", self.flow.id), ("state", "=", "failed"), ("taken_as", "!=", False)]
        )
        return files.filtered(lambda file: file.taken_as == file.template_id.temporary)

    def _record_skipped(self, template, builder):
        """Store a failed transfer for each skipped record, and end those of records that are complete now."""
        rows = self.env["ml.sync.log"].search(
            [("flow_id", "=", self.flow.id), ("res_model", "=", template.model_name), ("state", "in", MERGED_STATES)]
        )
        known = {row.res_id: row for row in rows}
        rows.filtered(lambda row: row.res_id not in builder.skipped)._supersede()
        records = builder.source.model.browse(builder.skipped)
        for record in records:
            sentence = self.flow._with_stake(builder.skipped[record.id])
            problem = {"error_class": "validation", "error_message": sentence, "state": "failed"}
            if record.id in known:
                known[record.id].write(problem)
                continue
            log = self.env["ml.sync.log"].create(
                {
                    "name": record.display_name,
                    "connection_id": self.connection.id,
                    "company_id": self.flow.company_id.id,
                    "flow_id": self.flow.id,
                    "direction": "push",
                    "kind": self.flow.kind,
                    "res_model": template.model_name,
                    "res_id": record.id,
                    **problem,
                }
            )
            record_attempts(log, "send", outcome="failed", error=InvalidDataError(builder.skipped[record.id]))

    def work(self):
        if self._hold_back():
            return
        if taken := self._taken_early():
            # until the file template is changed, the connection must not appear healthy
            self.run.failed = True
            self.flow.error_message = taken[:1]._sentence("error_message")
        while not self.run.is_over and (log := self.run.queue.claim(self.flow, 1)):
            if log.res_model != "ml.feed.file" or log.feed_file_id.answer == "rejected":
                # an incomplete record or a rejected file: the next file contains the corrected records
                log._supersede()
                self.flow.next_run_at = fields.Datetime.now()
                self.connection._trigger()
                self.run.commit()
                continue
            self._send_file(log)

    def _hold_back(self):
        """Postpone the files of a flow while files that they refer to have not arrived.

        True when they were postponed.
        """
        first = self._not_arrived()
        due = self.env["ml.sync.log"].search(
            [("flow_id", "=", self.flow.id), ("state", "=", "pending"), ("next_try_at", "<=", fields.Datetime.now())]
        )
        if not first or not due:
            return False
        due.next_try_at = fields.Datetime.now() + HELD_BACK
        due.feed_file_id.error_message = _(
            "Waiting until Odoo has sent %(flows)s.", flows=[other._spec().label for other in first]
        )
        self.run.commit()
        return True

    def _not_arrived(self):
        """The flows that come first and whose last file has not been delivered."""
        flows = self.connection.flow_ids.filtered(lambda other: other.active and other.key in self.spec.after)
        files = self.env["ml.feed.file"].search(
            [("flow_id", "in", flows.ids), ("direction", "=", "push"), ("state", "in", UNSENT)]
        )
        return flows.filtered(lambda other: other.error_message or other in files.flow_id)

    def _send_file(self, log):
        started = time.monotonic()
        file = log.feed_file_id
        try:
            if file.state != "sent":
                Transfer(self.run).send(file)
        except Exception as error:  # noqa: BLE001 - whatever one file raises must not stop the others
            self.env.cr.rollback()
            problem = as_connector_error(self.connection, error)
            self.run.deliveries.failed(log, problem)
            self._show_failure(file, log, problem)
            if isinstance(problem, TakenEarlyError):
                self._stop_sending(file, problem)
            self.run.commit(processed=1)
            if ERROR_CLASSES[problem.error_class].stops_connection:
                raise problem from error
            return
        self.run.deliveries.arrived(log, "sent", elapsed(started))
        log.write({"note": file._sentence("note")})
        self.flow.progress_done += 1
        self.run.succeeded = True
        self.run.commit(processed=1)

    def _show_failure(self, file, log, problem):
        file.error_message = problem.message
        if log.state == "failed" and file.state == "built":
            file._fail(problem)

    def _stop_sending(self, file, problem):
        """Stop sending until the file template is changed: the next file would fail the same way."""
        file.taken_as = file.template_id.temporary
        self.flow.error_message = problem.message
        self.run.failed = True
        self.connection._ask_owner(problem)
