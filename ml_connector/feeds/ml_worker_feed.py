import dataclasses
import hashlib
import io
import tempfile
import time
from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain

from ..documents import DownloadedFile, Files, Reference
from ..documents.payment import NUMBER
from ..exceptions import (
    ConnectorError,
    FileFormatError,
    InvalidDataError,
    MappingError,
    NotFoundError,
    PermanentError,
    RemoteError,
)
from ..models.ml_error_class import ERROR_CLASSES, retry_seconds
from ..models.ml_sync_log import CLEAN, MERGED_STATES
from ..writers.ml_writer import Entry
from .feed_builder import FeedBuilder

STABLE_SECONDS = 5
LOOK_AGAIN = timedelta(seconds=15)
HELD_BACK = timedelta(minutes=15)
EMPTY_POLLS = 3
STORE_CHUNK = 500
MAX_NAME = 200
MAX_REPORT = 64 * 1024
SHOWN_REPORT = 500
UNSENT = ("built", "transferred", "failed")
PARTIAL_NAMES = (".part", ".tmp", ".filepart", ".writing")
DONE_SUFFIX = ".done"
SPOOLED = 8 * 1024 * 1024


class MlWorker(models.AbstractModel):
    """Feeds: writes files for the vendor and sends them, finds files of the vendor and reads them."""

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
            self._put_away(run)
        else:
            super()._work_flow(run, flow)

    # ------------------------------------------------------------------ write files

    def _build_feed(self, run, flow):
        """Write the files of a flow's templates; they are sent as a step of its own."""
        started = fields.Datetime.now()
        for template in self.env["ml.feed.template"].search([("flow_id", "=", flow.id)]):
            self._build_files(run, flow, template)
        flow.write({"last_success_at": fields.Datetime.now(), "error_message": False})
        flow._schedule_next(started)
        run.succeeded = True
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

    def _note_skipped(self, flow, template, builder):
        """A row for each record that could not be sent; what was complete this time is settled."""
        rows = self.env["ml.sync.log"].search(
            [("flow_id", "=", flow.id), ("res_model", "=", template.model_name), ("state", "in", MERGED_STATES)]
        )
        known = {row.res_id: row for row in rows}
        rows.filtered(lambda row: row.res_id not in builder.skipped)._supersede()
        records = self.env[template.model_name].browse(builder.skipped)
        for record in records:
            problem = {"error_class": "validation", "error_message": builder.skipped[record.id], "state": "failed"}
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

    def _transfer(self, run, file):
        """Bring a file under its final name. Each step is noted before the next, so that none is done twice."""
        store, template = run.provider.files(), file.template_id
        if file.state == "failed":
            file.state = "built"
        if template.temporary == "none":
            if store.size(file._path()) != file.size:
                store.write(file._path(), io.BytesIO(file.attachment_id.raw), file.size)
            file._arrived()
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
            if is_resumed:
                # an earlier try renamed it and could not note it; the vendor may have fetched it since
                return self.env._("It had its final name already when the transfer was resumed.")
            file.state = "built"
            self._commit(run)
            raise RemoteError(self.env._("%s disappeared from the server while it was sent.", temporary)) from None
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

    # ------------------------------------------------------------------ find files

    def _look_for_files(self, run, flow):
        """List the folders; a file is taken once it has not changed between two looks."""
        started = fields.Datetime.now()
        templates = self.env["ml.feed.template"].search(
            [("connection_id", "=", run.connection.id), ("direction", "=", "pull"), ("flow_id.active", "=", True)]
        )
        growing = False
        problem = ""
        for folder, group in templates.grouped("folder").items():
            listing = run.provider.files().list(folder)
            if listing.has_unreadable:
                problem = self.env._(
                    "Folder %s holds a file whose name is not UTF-8, so none of its files can be seen: have it"
                    " renamed.",
                    folder,
                )
                continue
            growing |= self._note_listing(flow, folder, group, listing.files)
            self._commit(run)
        self._read_answers(run)
        flow._schedule_next(started)
        if growing:
            flow.next_run_at = fields.Datetime.now() + LOOK_AGAIN
            run.connection.sudo().cron_id._trigger(flow.next_run_at)  # sudo: see `_create_parts`
        flow.write({"last_success_at": fields.Datetime.now(), "error_message": problem})
        run.succeeded = True
        self._commit(run)

    def _note_listing(self, flow, folder, templates, listing):
        """Bring the rows of a folder's files up to date. True when one of them has to be looked at again."""
        present = self.env["ml.feed.file"].search(
            [("connection_id", "=", flow.connection_id.id), ("folder", "=", folder), ("is_present", "=", True)]
        )
        by_name = {}
        for file in present.sorted("id"):
            by_name[file.name] = file
        growing = False
        for name, size, modified in listing:
            if name.startswith(".") or name.endswith((*PARTIAL_NAMES, DONE_SUFFIX)):
                continue
            known = by_name.pop(_shown(name), None)
            if known and (known.size, known.remote_modified) == (size, modified):
                growing |= self._look_again(flow, known)
            elif known and known.state == "seen":
                known.write({"size": size, "remote_modified": modified, "observed_at": fields.Datetime.now()})
                growing = True
            else:
                if known:
                    known.is_present = False
                growing |= self._note_new(flow, folder, templates, name, size, modified)
        for file in by_name.values():
            file.is_present = False
            if file.state == "seen":
                file.state = "gone"
        return growing

    def _note_new(self, flow, folder, templates, name, size, modified):
        template = templates.filtered(lambda template: template._fits(name))[:1]
        file = self.env["ml.feed.file"].create(
            {
                "name": _shown(name),
                "connection_id": flow.connection_id.id,
                "template_id": template.id,
                "flow_id": template.flow_id.id,
                "direction": "pull",
                "state": "seen" if template else "unknown",
                "folder": folder,
                "size": size,
                "remote_modified": modified,
                "observed_at": fields.Datetime.now(),
                "observed_count": 1,
                "is_present": True,
            }
        )
        if not template:
            return False
        problem = ""
        if not _is_plain(name):
            problem = self.env._("The name of the file has characters that are refused.")
        elif size > template.max_megabytes * 1024 * 1024:
            problem = self.env._(
                "The file is larger (%(size)s bytes) than the %(limit)s MB of its template.",
                size=size,
                limit=template.max_megabytes,
            )
        if problem:
            self._refuse(flow, file, problem)
        return not problem

    def _refuse(self, flow, file, problem):
        """A file that is not even fetched."""
        error = FileFormatError(problem)
        file._enqueue(flow)
        log = file._log()
        log.write({"state": "failed", "error_class": error.error_class, "error_message": problem})
        file._fail(error)
        self.env["ml.sync.attempt"]._append(
            flow.connection_id, [{"log": log, "action": "read", "outcome": "failed", "error": error}]
        )

    def _look_again(self, flow, file):
        """A file that has not changed since the last look is complete. True when it has to be looked at once more."""
        if file.state != "seen":
            return False
        file.observed_count += 1
        if not file.size:
            if file.observed_count >= EMPTY_POLLS:
                self._refuse(flow, file, self.env._("The file is empty."))
                return False
            return True
        if fields.Datetime.now() - file.observed_at < timedelta(seconds=STABLE_SECONDS):
            return True
        file.state = "waiting"
        file._enqueue(flow)
        return False

    # ------------------------------------------------------------------ read files

    def _read_files(self, run, flow):
        while not run.is_over and (log := self._claim(run, flow, 1)):
            self._read_one(run, flow, log)

    def _read_one(self, run, flow, log):
        started = time.monotonic()
        file = log.feed_file_id
        try:
            if not file.attachment_id:
                self._fetch(run, file)
            count = self._take_in(run, flow, file)
        except Exception as error:  # noqa: BLE001 - whatever one file raises must not stop the others
            self.env.cr.rollback()
            self._file_failed(run, flow, log, file, self._as_connector_error(error))
            return
        log.write(
            {
                "state": "done",
                "outcome": "read",
                "note": file.note,
                "done_at": fields.Datetime.now(),
                "milliseconds": self._elapsed(started),
                "lease_until": False,
                **CLEAN,
            }
        )
        file._clear_error()
        file.archive_state = "todo" if file.is_present else "none"
        file.archive_at = fields.Datetime.now()
        self.env["ml.sync.attempt"]._append(
            flow.connection_id,
            [
                {
                    "log": log,
                    "action": "read",
                    "outcome": file.state,
                    "message": file.note,
                    "milliseconds": log.milliseconds,
                }
            ],
        )
        flow.progress_total += count
        run.succeeded = True
        self._commit(run, processed=1)

    def _fetch(self, run, file):
        """Keep the file here before anything is done with it; replays never ask the server again."""
        limit = file.template_id.max_megabytes * 1024 * 1024
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as stream:
            checksum = run.provider.files().read(file._path(), stream, limit)
            stream.seek(0)
            content = stream.read()
        file._attach(content)
        file.write(
            {"state": "received", "size": len(content), "sha256": checksum, "transferred_at": fields.Datetime.now()}
        )
        self._commit(run)

    def _take_in(self, run, flow, file):
        """Store the records of a received file; returns their number."""
        template = file.template_id
        twin = self.env["ml.feed.file"].search(
            [
                ("connection_id", "=", file.connection_id.id),
                ("template_id", "=", template.id),
                ("direction", "=", "pull"),
                ("sha256", "=", file.sha256),
                ("state", "=", "read"),
                ("id", "!=", file.id),
            ],
            limit=1,
        )
        if twin:
            note = self.env._("The same content was read before, as %s.", twin.name)
            file.write({"state": "duplicate", "note": note})
            return 0
        definition = template._definition()
        content = run.provider.read_file(definition, file.attachment_id.raw)
        items = [self._item(run, file, definition, document) for document in content.documents]
        if template.whole_file:
            self._check_all(run, template.flow_id, content.documents, items)
        adopted = 0
        for start in range(0, len(items), STORE_CHUNK):
            chunk = items[start : start + STORE_CHUNK]
            self.env["ml.sync.log"]._store(template.flow_id, chunk)
            adopted += file._adopt_rows(template.flow_id, chunk)
        file._replace_earlier()
        file.write(
            {
                "state": "read",
                "record_count": len(items),
                "repeated_count": len(items) - adopted,
                "note": " ".join(content.notes)[:500] or False,
            }
        )
        return len(items)

    def _item(self, run, file, definition, document):
        item = run.provider.file_item(file.template_id.flow_id.key, definition, document)
        external_id = item.external_id if document.key else f"{file.name}, {item.external_id}"
        return dataclasses.replace(item, external_id=external_id, payload={**item.payload, "folder": file.folder})

    def _check_all(self, run, flow, documents, items):
        for document, item in zip(documents, items, strict=True):
            try:
                run.provider.document(flow.key, item.payload)
            except InvalidDataError as error:
                raise FileFormatError(
                    self.env._(
                        "Nothing of the file was taken, because of %(title)s: %(problem)s",
                        title=item.title,
                        problem=error.message,
                    ),
                    line=document.line,
                ) from error
            except ConnectorError:
                continue  # what is not wanted is no fault of the file

    def _file_failed(self, run, flow, log, file, error):
        if getattr(error, "is_cut", False) and file.is_present and not log.error_message:
            # it may still be written, however quiet it was
            log.write({"error_message": error.message, "state": "superseded", "lease_until": False})
            file.attachment_id.unlink()
            file.write({"state": "seen", "observed_at": fields.Datetime.now()})
            flow.next_run_at = fields.Datetime.now() + LOOK_AGAIN
            self._commit(run, processed=1)
            return
        log.write(self._failure_values(log, error))
        if log.state == "failed":
            file._fail(error)
            if file.is_present and file.template_id.error_folder and file.attachment_id:
                file.write({"archive_state": "todo", "archive_at": fields.Datetime.now()})
        else:
            file.error_message = error.message
        self.env["ml.sync.attempt"]._append(
            flow.connection_id, [{"log": log, "action": "read", "outcome": log.state, "error": error}]
        )
        self._commit(run, processed=1)
        if ERROR_CLASSES[error.error_class].stops_connection:
            raise error

    # ------------------------------------------------------------------ put away

    def _put_away(self, run):
        """Move what was read out of the vendor's way: after the commit, and never read again when it fails."""
        due = Domain("connection_id", "=", run.connection.id) & Domain("archive_state", "=", "todo")
        for file in self.env["ml.feed.file"].search(
            due & Domain("archive_at", "<=", fields.Datetime.now()), order="id"
        ):
            if run.is_over:
                return
            try:
                place = self._put_file_away(run.provider.files(), file)
            except ConnectorError as error:
                self._not_put_away(file, error)
                self._commit(run)
                if ERROR_CLASSES[error.error_class].stops_connection:
                    raise
                continue
            file.write({"archive_state": "done", "archive_message": place, "is_present": place == file._path()})
            self._commit(run)

    def _put_file_away(self, store, file):
        """Returns where the file is now."""
        template, path = file.template_id, file._path()
        folder = template.error_folder if file.state == "failed" else template.archive_folder
        mode = "move" if file.state == "failed" else template.archive_mode
        if mode == "leave":
            return path
        if mode == "delete":
            store.remove(path)
            return self.env._("deleted")
        target = f"{path}{DONE_SUFFIX}" if mode == "suffix" else f"{folder}/{file.name}"
        if store.size(target) is not None:
            stem, dot, extension = target.rpartition(".")
            target = f"{stem}_{file.sha256[:8]}-{file.id}{dot}{extension}"
        try:
            store.rename(path, target)
        except NotFoundError:
            if store.size(path) is not None:
                raise
            return self.env._("gone from its folder")
        return target

    def _not_put_away(self, file, error):
        tries = file.archive_tries + 1
        delay = timedelta(seconds=retry_seconds(tries, error.retry_after))
        file.write(
            {
                "archive_tries": tries,
                "archive_at": fields.Datetime.now() + delay,
                "archive_message": error.message,
                "archive_state": "failed" if tries >= 8 else "todo",
            }
        )

    # ------------------------------------------------------------------ answers to our files

    def _read_answers(self, run):
        """What the vendor says of the files that it got."""
        awaited = self.env["ml.feed.file"].search(
            [("connection_id", "=", run.connection.id), ("answer", "in", ("awaited", "missing"))], order="id"
        )
        for file in awaited:
            if run.is_over:
                return
            self._read_answer(run.provider.files(), file)
            self._commit(run)

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
        log.write({"state": "failed", "error_class": error.error_class, "error_message": error.message})
        self.env["ml.sync.attempt"]._append(
            file.connection_id, [{"log": log, "action": "send", "outcome": "failed", "error": error}]
        )

    # ------------------------------------------------------------------ records of files

    def _bound(self, flow, entries, keys):
        bound = super()._bound(flow, entries, keys)
        if flow._spec().feed == "in":
            unknown = {key for key in keys if key[0] == "vendor" and key not in bound}
            bound |= self._known_vendors(flow, unknown)
            if flow.kind == "payment":
                bound |= self._known_bills(flow, [entry.document for entry in entries])
        return bound

    def _known_bills(self, flow, payments):
        """Bills of which a payment names only the number: the one bill of its vendor that has it."""
        parties = {
            document.vendor.external_id for document in payments if any(not paid.external_id for paid in document.bills)
        }
        if not parties:
            return {}
        vendors = self.env["ml.binding"]._records(flow.connection_id, {("vendor", party) for party in parties})
        vendors |= self._known_vendors(flow, {("vendor", party) for party in parties} - set(vendors))
        found = {}
        for document in payments:
            vendor = vendors.get(("vendor", document.vendor.external_id))
            for paid in document.bills:
                if vendor and not paid.external_id and (move := self._bill_numbered(flow, vendor, paid)):
                    found["bill", document.bill_key(paid)] = move
        return found

    def _bill_numbered(self, flow, vendor, paid):
        moves = self.env["account.move"].search(
            [
                ("company_id", "=", flow.company_id.id),
                ("commercial_partner_id", "=", vendor.commercial_partner_id.id),
                ("move_type", "=", "in_refund" if paid.amount < 0 else "in_invoice"),
                ("state", "!=", "cancel"),
                ("ref", "=ilike", _literal(paid.number)),
            ],
            limit=2,
        )
        return moves if len(moves) == 1 else None

    def _store_results(self, run, flow, entries, started):
        super()._store_results(run, flow, entries, started)
        if flow._spec().feed == "in" and flow.kind == "bill":
            self._release_payments(flow, {entry.document.number for entry in entries if not entry.error} - {""})

    def _release_payments(self, flow, numbers):
        """Let payments go on that waited for a bill of which they name only the number."""
        waiting = self.env["ml.sync.log"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("state", "=", "waiting"),
                ("depends_kind", "=", "bill"),
                ("depends_external_id", "=like", f"{NUMBER}%"),
                ("depends_name", "in", list(numbers)),
            ]
        )
        keys = {("bill", log.depends_external_id) for log in waiting}
        self.env["ml.sync.log"]._release_dependents(flow.connection_id, keys)

    def _known_vendors(self, flow, keys):
        """Vendors that a file names: as mapped, else by the code that we sent, else by a name that one vendor has."""
        if not keys:
            return {}
        mapped = self.env["ml.mapping"]._resolved(flow.connection_id, keys)
        found = {key: record for key, record in mapped.items() if record}
        codes = [external_id for kind, external_id in keys if (kind, external_id) not in found]
        by_key = self.env["ml.feed.sent"]._by_key(flow.connection_id, "res.partner", codes)
        found |= {("vendor", code): partner for code, partner in by_key.items()}
        for code in codes:
            if code.startswith("name:") and ("vendor", code) not in found:
                if partner := self._vendor_named(flow, code.removeprefix("name:")):
                    found["vendor", code] = partner
        return found

    def _vendor_named(self, flow, name):
        partners = self.env["res.partner"]
        matches = partners.search(
            [
                ("name", "=ilike", _literal(name)),
                ("parent_id", "=", False),
                ("supplier_rank", ">", 0),
                ("company_id", "in", (False, flow.company_id.id)),
            ],
            limit=2,
        )
        return matches if len(matches) == 1 else partners

    def _absence(self, flow, kind, external_id, name):
        if flow._spec().feed == "in" and kind == "vendor":
            return MappingError(
                self.env._("Vendor %s is not known: choose a contact under Mappings.", name or external_id),
                [Reference(kind="vendor", external_id=external_id, code=external_id, name=name)],
            )
        return super()._absence(flow, kind, external_id, name)

    def _entries(self, run, flow, logs):
        if flow._spec().feed != "in" or flow.kind != "file":
            return super()._entries(run, flow, logs)
        origins = self._origins(flow, logs)
        entries = []
        for log in logs:  # one after the other: there is one session
            entry = Entry(log, None)
            try:
                entry.document = self._documents_of(run, flow, log, origins.get(log.external_id))
            except ConnectorError as error:
                entry.error = error
            entries.append(entry)
        return entries

    def _origins(self, flow, logs):
        """{external id: row of the record that names the files}."""
        siblings = flow.connection_id.flow_ids.filtered(lambda sibling: sibling._spec().files == flow.key)
        rows = self.env["ml.sync.log"].search(
            [
                ("flow_id", "in", siblings.ids),
                ("external_id", "in", logs.mapped("external_id")),
                ("is_current", "=", True),
            ]
        )
        return {row.external_id: row for row in rows}

    def _documents_of(self, run, flow, log, origin):
        """The documents that the export of a record carries."""
        if not origin:
            raise InvalidDataError(self.env._("The record with the documents is not known any more."))
        attachments = run.provider.document(flow.key, origin.sudo().payload)  # sudo: field without access
        files = []
        for attachment in attachments:
            try:
                mimetype, content = run.provider.download(attachment.url)
            except NotFoundError as error:
                raise RemoteError(error.message) from None  # it may come after the file that names it
            files.append(DownloadedFile(name=attachment.name, mimetype=mimetype, content=content))
        payload = log.sudo().payload  # sudo: see above
        return Files(
            subject_kind=payload["subject_kind"],
            subject_external_id=log.external_id,
            files=tuple(files),
            subject_name=log.name,
        )

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
        """What the next file would have."""
        with self.env.cr.savepoint() as savepoint:
            builder = FeedBuilder(template)
            lines = []
            try:
                builder.build()
            except ConnectorError as error:
                lines.append({"title": template.name, "outcome": "failed", "reason": error.message})
            lines += [
                {"title": file.name, "outcome": "sent", "reason": self.env._("%s records", file.record_count)}
                for file in builder.files
            ]
            names = self.env[template.model_name].browse(builder.skipped)
            lines += [
                {"title": record.display_name, "outcome": "failed", "reason": builder.skipped[record.id]}
                for record in names
            ]
            savepoint.rollback()
            self.env.invalidate_all(flush=False)
        return lines


def _literal(text):
    """A text for a search with `=ilike`, in which no sign has a meaning of its own."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _temporary_name(file, strategy):
    return f".{file.name}" if strategy == "dot" else f"{file.name}.{file.sha256[:8]}.part"


def _shown(name):
    """A file's name as it is stored; one that is refused is made harmless, and stays different from others."""
    if _is_plain(name):
        return name
    return f"{ascii(name)[1:-1][:100]}~{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _is_plain(name):
    """Whether a file's name is one that we use in a path."""
    return (
        bool(name)
        and len(name) <= MAX_NAME
        and name.isprintable()
        and not set(name) & {"/", "\\", ":"}
        and name not in (".", "..")
    )
