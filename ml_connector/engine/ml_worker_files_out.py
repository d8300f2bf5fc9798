import io
import tempfile
import time
from datetime import timedelta

from odoo import fields, models

from ..core.errors import ConnectorError, InvalidDataError, NotFoundError, PermanentError, RemoteError
from ..exporters.feed_builder import FeedBuilder
from ..models.ml_error_class import ERROR_CLASSES
from ..models.ml_sync_log import MERGED_STATES

HELD_BACK = timedelta(minutes=15)
MAX_REPORT = 64 * 1024
SHOWN_REPORT = 500
UNSENT = ("built", "transferred", "failed")
SPOOLED = 8 * 1024 * 1024


class TakenEarlyError(PermanentError):
    """A file was gone before it had its final name."""


class MlWorker(models.AbstractModel):
    """Writes the files of feeds, sends them, and reads what the vendor answers to them."""

    _inherit = "ml.worker"

    # ------------------------------------------------------------------ write files

    def _build_feed(self, run, flow):
        """Write the files of a flow's templates; they are sent as a step of its own."""
        started = fields.Datetime.now()
        for template in self.env["ml.feed.template"].search([("flow_id", "=", flow.id)]):
            self._build_files(run, flow, template)
        if not self._taken_early(flow):
            flow.write({"last_success_at": fields.Datetime.now(), "error_message": False})
            run.succeeded = True
        flow._schedule_next(started)
        self._commit(run)

    def _build_files(self, run, flow, template):
        unsent = self.env["ml.feed.file"].search(
            [
                ("template_id", "=", template.id),
                ("direction", "=", "push"),
                ("state", "in", UNSENT),
            ]
        )
        if "transferred" in unsent.mapped("state"):
            return  # it is being sent: what it brings counts first
        if self._taken_early(flow) & unsent:
            return  # the next one would be taken as well
        builder = FeedBuilder(template)
        files = builder.build()
        for file in unsent:
            file._log()._supersede()
            file.write({"state": "replaced", "replaced_by_id": files[:1].id})
        files._enqueue(flow)
        self._note_skipped(flow, template, builder)
        flow.write({"progress_done": 0, "progress_total": len(files)})
        self._commit(run, processed=len(files))
        for file in unsent.filtered("temporary_name"):
            self._try_to_remove(run.provider, file._path(file.temporary_name))

    def _taken_early(self, flow):
        """Files that were taken under an unfinished name, as long as their template gives this kind of name."""
        files = self.env["ml.feed.file"].search(
            [("flow_id", "=", flow.id), ("state", "=", "failed"), ("taken_as", "!=", False)]
        )
        return files.filtered(lambda file: file.taken_as == file.template_id.temporary)

    def _note_skipped(self, flow, template, builder):
        """A row for each record that could not be sent; what was complete this time is settled."""
        rows = self.env["ml.sync.log"].search(
            [("flow_id", "=", flow.id), ("res_model", "=", template.model_name), ("state", "in", MERGED_STATES)]
        )
        known = {row.res_id: row for row in rows}
        rows.filtered(lambda row: row.res_id not in builder.skipped)._supersede()
        records = builder.source.model.browse(builder.skipped)
        for record in records:
            sentence = flow._with_stake(builder.skipped[record.id])
            problem = {"error_class": "validation", "error_message": sentence, "state": "failed"}
            if record.id in known:
                known[record.id].write(problem)
                continue
            log = self.env["ml.sync.log"].create(
                {
                    "name": record.display_name,
                    "connection_id": flow.connection_id.id,
                    "company_id": flow.company_id.id,
                    "flow_id": flow.id,
                    "direction": "push",
                    "kind": flow.kind,
                    "res_model": template.model_name,
                    "res_id": record.id,
                    **problem,
                }
            )
            error = InvalidDataError(builder.skipped[record.id])
            self.env["ml.sync.attempt"]._append(
                flow.connection_id, [{"log": log, "action": "send", "outcome": "failed", "error": error}]
            )

    # ------------------------------------------------------------------ send files

    def _send_files(self, run, flow):
        if self._hold_back(run, flow):
            return
        if taken := self._taken_early(flow):
            # until the template is changed, its owner is not told that all is well
            run.failed = True
            flow.error_message = taken[:1].error_message
        while not run.is_over and (log := self._claim(run, flow, 1)):
            if log.res_model != "ml.feed.file" or log.feed_file_id.answer == "rejected":
                # a record that was incomplete, or a file that was refused: the next file has what is right by now
                log._supersede()
                flow.next_run_at = fields.Datetime.now()
                flow.connection_id._trigger()
                self._commit(run)
                continue
            self._send_file(run, flow, log)

    def _hold_back(self, run, flow):
        """Leave the files of a flow for later while files that theirs refer to have not arrived.

        True when they were held back.
        """
        first = self._not_arrived(flow)
        due = self.env["ml.sync.log"].search(
            [("flow_id", "=", flow.id), ("state", "=", "pending"), ("next_try_at", "<=", fields.Datetime.now())]
        )
        if not first or not due:
            return False
        due.next_try_at = fields.Datetime.now() + HELD_BACK
        due.feed_file_id.error_message = self.env._("Waits until %s was sent.", ", ".join(first.mapped("name")))
        self._commit(run)
        return True

    def _not_arrived(self, flow):
        """The flows that go first and whose last list is not with the vendor."""
        flows = flow.connection_id.flow_ids.filtered(lambda other: other.active and other.key in flow._spec().after)
        files = self.env["ml.feed.file"].search(
            [("flow_id", "in", flows.ids), ("direction", "=", "push"), ("state", "in", UNSENT)]
        )
        return flows.filtered(lambda other: other.error_message or other in files.flow_id)

    def _send_file(self, run, flow, log):
        started = time.monotonic()
        file = log.feed_file_id
        try:
            if file.state != "sent":
                self._transfer(run, file)
        except Exception as error:  # noqa: BLE001 - whatever one file raises must not stop the others
            self.env.cr.rollback()
            problem = self._as_connector_error(error)
            self._store_push_failure(run, log, problem)
            self._show_failure(file, log, problem)
            if isinstance(problem, TakenEarlyError):
                self._stop_sending(run, flow, file, problem)
            self._commit(run, processed=1)
            if ERROR_CLASSES[problem.error_class].stops_connection:
                raise problem from error
            return
        self._store_sent(log, "sent", self._elapsed(started))
        log.write({"note": file.note})
        flow.progress_done += 1
        run.succeeded = True
        self._commit(run, processed=1)

    def _show_failure(self, file, log, problem):
        file.error_message = problem.message
        if log.state == "failed" and file.state == "built":
            file._fail(problem)

    def _stop_sending(self, run, flow, file, problem):
        """The next file would go the same way: a person changes the template first."""
        file.taken_as = file.template_id.temporary
        flow.error_message = problem.message
        run.failed = True
        run.connection._ask_owner(problem)

    def _transfer(self, run, file):
        """Bring a file under its final name. Each step is noted before the next, so that none is done twice."""
        store, template = run.provider.files(), file.template_id
        if file.state == "failed":
            file.state = "built"
        file.taken_as = False
        if template.temporary == "none":
            is_there = store.size(file._path()) == file.size
            is_there = is_there or store.write(file._path(), io.BytesIO(file.attachment_id.raw), file.size)
            fetched = self.env._("It was fetched at once: it is not in its folder any more.")
            file._arrived(not is_there and fetched)
            return
        is_resumed = file.state == "transferred"
        if not is_resumed:
            file.temporary_name = _temporary_name(file, template.temporary)
            self._commit(run)
            self._write_temporary(run, file)
            file.state = "transferred"
            self._commit(run)
        file._arrived(self._rename(run, store, file, is_resumed))

    def _write_temporary(self, run, file):
        path = file._path(file.temporary_name)
        try:
            run.provider.files().write(path, io.BytesIO(file.attachment_id.raw), file.size)
        except (RemoteError, PermanentError):
            self._try_to_remove(run.provider, path)
            raise

    def _try_to_remove(self, provider, path):
        try:
            provider.files().remove(path)
        except ConnectorError:
            return  # what is left under a temporary name does no harm, and the next try writes over it

    def _rename(self, run, store, file, is_resumed):
        """Give the file its final name; returns a note for it."""
        temporary, final = file._path(file.temporary_name), file._path()
        try:
            store.rename(temporary, final)
        except NotFoundError:
            if store.size(final) == file.size:
                return False  # it was renamed, whatever the server says
            if is_resumed:
                # an earlier try renamed it and could not note it; the vendor may have fetched it since
                return self.env._("It had its final name already when the transfer was resumed.")
            file.state = "built"
            self._commit(run)
            raise TakenEarlyError(
                self.env._(
                    "The server's owner takes files under their unfinished name, such as %s: agree on another one and"
                    " choose it under While it is being written in the template.",
                    file.temporary_name,
                )
            ) from None
        except PermanentError:
            file.state = "built"
            self._commit(run)
            self._try_to_remove(run.provider, temporary)
            raise PermanentError(
                self.env._(
                    "The server does not let us rename files: ask its owner for the right to it, or choose None under"
                    " While it is being written in the template."
                )
            ) from None
        return False

    # ------------------------------------------------------------------ answers to our files

    def _read_answers(self, run):
        """What the vendor says of the files that it got; returns the errors of those that could not be looked at."""
        awaited = self.env["ml.feed.file"].search(
            [("connection_id", "=", run.connection.id), ("answer", "in", ("awaited", "missing"))], order="id"
        )
        problems = []
        for file in awaited:
            if run.is_over:
                break
            try:
                self._read_answer(run.provider.files(), file)
            except ConnectorError as error:
                problems.append(self._passed_over(error))
            self._commit(run)
        return problems

    def _read_answer(self, store, file):
        template = file.template_id
        accepted = template._answer_path(template.accepted_path, file)
        rejected = template._answer_path(template.rejected_path, file)
        if rejected and store.size(rejected) is not None:
            self._note_rejection(file, self._refusal_text(store, rejected))
        elif accepted and store.size(accepted) is not None:
            file.write({"answer": "accepted", "error_message": False})
        elif fields.Datetime.now() - file.transferred_at > timedelta(hours=template.answer_hours):
            if accepted:
                message = self.env._("There was no answer to the file within %s hours.", template.answer_hours)
                file.write({"answer": "missing", "error_message": message})
            else:
                file.answer = False  # no refusal came

    def _refusal_text(self, store, path):
        """What the vendor wrote about a file that it refused."""
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as stream:
            try:
                store.read(path, stream, MAX_REPORT)
            except PermanentError:
                return ""  # too large to be a report: the file itself, for example
            stream.seek(0)
            return " ".join(stream.read().decode("utf-8", "replace").split())[:SHOWN_REPORT]

    def _note_rejection(self, file, report):
        """A refused file is as one that did not arrive: its records go again with the next one."""
        error = PermanentError(
            self.env._("The vendor refused the file: %s", report)
            if report
            else self.env._("The vendor refused the file.")
        )
        self.env["ml.feed.sent"]._revoke(file)
        file._fail(error)
        file.answer = "rejected"
        log = file._log()
        sentence = log.flow_id._with_stake(error.message)
        log.write({"state": "failed", "error_class": error.error_class, "error_message": sentence})
        self.env["ml.sync.attempt"]._append(
            file.connection_id, [{"log": log, "action": "send", "outcome": "failed", "error": error}]
        )


def _temporary_name(file, strategy):
    return f".{file.name}" if strategy == "dot" else f"{file.name}.{file.sha256[:8]}.part"
