import io
import tempfile
import time
from datetime import timedelta

from odoo import fields, models

from ..core.errors import ConnectorError, InvalidDataError, NotFoundError, PermanentError, RemoteError
from ..core.messages import _
from ..exporters.feed_builder import FeedBuilder
from ..models.ml_error_class import ERROR_CLASSES
from ..models.ml_sync_log import MERGED_STATES

HELD_BACK = timedelta(minutes=15)
MAX_REPORT = 64 * 1024
SHOWN_REPORT = 500
UNSENT = ("built", "transferred", "failed")
SPOOLED = 8 * 1024 * 1024


class TakenEarlyError(PermanentError):
    """The provider fetched a file before it had its final name."""


class MlWorker(models.AbstractModel):
    """Writes the files of file flows, sends them, and reads the provider's answers."""

    _inherit = "ml.worker"

    # ------------------------------------------------------------------ write files

    def _build_feed(self, run, flow):
        """Write the files of a flow's file templates; they are sent in a separate step."""
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
            return  # it is being sent, and its records count first
        if self._taken_early(flow) & unsent:
            return  # the provider would fetch the next one early, too
        builder = FeedBuilder(template)
        files = builder.build()
        for file in unsent:
            file._log()._supersede()
            file.write({"state": "replaced", "replaced_by_id": files[:1].id})
        files._enqueue(flow)
        self._record_skipped(flow, template, builder)
        flow.write({"progress_done": 0, "progress_total": len(files)})
        self._commit(run, processed=len(files))
        for file in unsent.filtered("temporary_name"):
            self._try_to_remove(run.provider, file._path(file.temporary_name))

    def _taken_early(self, flow):
        """Files that the provider fetched under a temporary name which their file template still uses."""
        files = self.env["ml.feed.file"].search(
            [("flow_id", "=", flow.id), ("state", "=", "failed"), ("taken_as", "!=", False)]
        )
        return files.filtered(lambda file: file.taken_as == file.template_id.temporary)

    def _record_skipped(self, flow, template, builder):
        """Store a failed transfer for each skipped record, and end those of records that are complete now."""
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
            # until the file template is changed, the connection must not appear healthy
            run.failed = True
            flow.error_message = taken[:1]._sentence("error_message")
        while not run.is_over and (log := self._claim(run, flow, 1)):
            if log.res_model != "ml.feed.file" or log.feed_file_id.answer == "rejected":
                # an incomplete record or a rejected file: the next file contains the corrected records
                log._supersede()
                flow.next_run_at = fields.Datetime.now()
                flow.connection_id._trigger()
                self._commit(run)
                continue
            self._send_file(run, flow, log)

    def _hold_back(self, run, flow):
        """Postpone the files of a flow while files that they refer to have not arrived.

        True when they were postponed.
        """
        first = self._not_arrived(flow)
        due = self.env["ml.sync.log"].search(
            [("flow_id", "=", flow.id), ("state", "=", "pending"), ("next_try_at", "<=", fields.Datetime.now())]
        )
        if not first or not due:
            return False
        due.next_try_at = fields.Datetime.now() + HELD_BACK
        due.feed_file_id.error_message = _(
            "Waiting until Odoo has sent %(flows)s.", flows=[other._spec().label for other in first]
        )
        self._commit(run)
        return True

    def _not_arrived(self, flow):
        """The flows that come first and whose last file has not been delivered."""
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
        log.write({"note": file._sentence("note")})
        flow.progress_done += 1
        run.succeeded = True
        self._commit(run, processed=1)

    def _show_failure(self, file, log, problem):
        file.error_message = problem.message
        if log.state == "failed" and file.state == "built":
            file._fail(problem)

    def _stop_sending(self, run, flow, file, problem):
        """Stop sending until the file template is changed: the next file would fail the same way."""
        file.taken_as = file.template_id.temporary
        flow.error_message = problem.message
        run.failed = True
        run.connection._ask_owner(problem)

    def _transfer(self, run, file):
        """Transfer a file to its final name. Each step is stored before the next, so that none is done twice."""
        store, template = run.provider.files(), file.template_id
        if file.state == "failed":
            file.state = "built"
        file.taken_as = False
        if template.temporary == "none":
            is_there = store.size(file._path()) == file.size
            is_there = is_there or store.write(file._path(), io.BytesIO(file.attachment_id.raw), file.size)
            fetched = _(
                "%(provider)s fetched the file immediately. It is no longer in its folder.",
                provider=run.provider.label,
            )
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
            return  # a remaining temporary file does no harm, and the next attempt overwrites it

    def _rename(self, run, store, file, is_resumed):
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
            self._commit(run)
            raise TakenEarlyError(
                _(
                    "%(provider)s fetches files under their temporary name, such as %(name)s. Agree on another one"
                    " and choose it as Temporary Name in the file template.",
                    provider=run.provider.label,
                    name=file.temporary_name,
                )
            ) from None
        except PermanentError:
            file.state = "built"
            self._commit(run)
            self._try_to_remove(run.provider, temporary)
            raise PermanentError(
                _(
                    "The server does not allow Odoo to rename files. Ask %(provider)s for this permission, or choose"
                    " None as the Temporary Name in the file template.",
                    provider=run.provider.label,
                )
            ) from None
        return False

    # ------------------------------------------------------------------ answers of the provider

    def _read_answers(self, run):
        """Read the provider's answers to sent files. Returns the errors of answers that could not be read."""
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
            self._record_rejection(file, self._refusal_text(store, rejected))
        elif accepted and store.size(accepted) is not None:
            file.write({"answer": "accepted", "error_message": False})
        elif fields.Datetime.now() - file.transferred_at > timedelta(hours=template.answer_hours):
            if accepted:
                message = _(
                    "%(provider)s did not answer within %(hours)s hours.",
                    provider=template._provider_class().label,
                    hours=template.answer_hours,
                )
                file.write({"answer": "missing", "error_message": message})
            else:
                file.answer = False  # no rejection came

    def _refusal_text(self, store, path):
        """The provider's report about a rejected file."""
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as stream:
            try:
                store.read(path, stream, MAX_REPORT)
            except PermanentError:
                return ""  # too large to be a report: the file itself, for example
            stream.seek(0)
            return " ".join(stream.read().decode("utf-8", "replace").split())[:SHOWN_REPORT]

    def _record_rejection(self, file, report):
        """Store a rejection: the records of the file are sent again with the next one."""
        provider = file.connection_id._provider_class().label
        error = PermanentError(
            _("%(provider)s rejected the file: %(report)s", provider=provider, report=report)
            if report
            else _("%(provider)s rejected the file.", provider=provider)
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
