import dataclasses
import hashlib
import itertools
import tempfile
import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

from odoo import fields, models
from odoo.fields import Domain

from ..exceptions import ConnectorError, FileFormatError, InvalidDataError, NotFoundError
from ..models.ml_error_class import ERROR_CLASSES, MAX_STOPS, MAX_TRIES, retry_seconds
from ..models.ml_sync_log import CLEAN
from ..vendors.base import Item

STABLE_SECONDS = 5
LOOK_AGAIN = timedelta(seconds=15)
EMPTY_POLLS = 3
STORE_CHUNK = 500
MAX_NAME = 200
PARTIAL_NAMES = (".part", ".tmp", ".filepart", ".writing")
DONE_SUFFIX = ".done"
SPOOLED = 8 * 1024 * 1024


class MlWorker(models.AbstractModel):
    """Finds the vendor's files, reads them, and puts them away."""

    _inherit = "ml.worker"

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

    def _lacking(self, run, flow, since):
        """Files that lie where read ones are put away, and that this database has not read."""
        if flow._spec().feed != "inbox":
            return super()._lacking(run, flow, since)
        templates = self.env["ml.feed.template"].search(
            [("connection_id", "=", run.connection.id), ("direction", "=", "pull"), ("flow_id.active", "=", True)]
        )
        begin = datetime.combine(since, time_of_day(), UTC).timestamp()
        found = []
        for folder, group in templates.filtered("archive_folder").grouped("archive_folder").items():
            known = self.env["ml.feed.file"].search(
                [("connection_id", "=", run.connection.id), ("direction", "=", "pull"), ("sha256", "!=", False)]
            )
            read = {(file.name, file.size) for file in known}
            for name, size, modified in run.provider.files().list(folder).files:
                template = group.filtered(lambda template, name=name: template._fits(name))[:1]
                if not template or modified < begin or not _is_plain(name) or (name, size) in read:
                    continue
                row = {"name": name, "size": size, "modified": modified, "folder": folder, "template_id": template.id}
                item = Item(external_id=f"{folder}/{name}", version=str(modified), title=name, payload=row)
                found.append((item, True))
        return found

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
        items = self._items(run, file, definition, content.documents)
        count = adopted = 0
        while chunk := list(itertools.islice(items, STORE_CHUNK)):
            self.env["ml.sync.log"]._store(template.flow_id, chunk)
            adopted += file._adopt_rows(template.flow_id, chunk)
            count += len(chunk)
        file._replace_earlier()
        file.write(
            {
                "state": "read",
                "record_count": count,
                "repeated_count": count - adopted,
                "note": " ".join(content.notes)[:500] or False,
            }
        )
        return count

    def _items(self, run, file, definition, documents):
        """The items of a file's documents, one after the other."""
        for document in documents:
            item = self._item(run, file, definition, document)
            if file.template_id.whole_file:
                self._check(run, file.template_id.flow_id, document, item)
            yield item

    def _item(self, run, file, definition, document):
        item = run.provider.file_item(file.template_id.flow_id.key, definition, document)
        external_id = item.external_id if document.key else f"{file.name}, {item.external_id}"
        return dataclasses.replace(item, external_id=external_id, payload={**item.payload, "folder": file.folder})

    def _check(self, run, flow, document, item):
        """Refuse all of a file where one of its documents is wrong; what is not wanted is no fault of the file."""
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
            return

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
            if file.archive_tries >= MAX_STOPS and not file.archive_message:
                # no error came of any try
                message = self._stopped(file.archive_tries, self.env._("putting it away")).message
                file.write({"archive_state": "failed", "archive_message": message})
                continue
            file.archive_tries += 1  # before, so that it counts when the server stops over it
            self._commit(run)
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
        delay = timedelta(seconds=retry_seconds(file.archive_tries, error.retry_after))
        file.write(
            {
                "archive_at": fields.Datetime.now() + delay,
                "archive_message": error.message,
                "archive_state": "failed" if file.archive_tries >= MAX_TRIES else "todo",
            }
        )


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
