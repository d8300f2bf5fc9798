import dataclasses
import hashlib
import itertools
import tempfile
import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

from odoo import fields, models
from odoo.fields import Domain

from ..core.errors import ConnectorError, FileFormatError, InvalidDataError, NotFoundError, PermanentError
from ..core.provider import RemoteRecord
from ..models.ml_error_class import ERROR_CLASSES, MAX_STOPS, MAX_TRIES, retry_seconds
from ..models.ml_feed_file import LOOK_AGAIN
from ..models.ml_sync_log import CLEAN

STABLE_SECONDS = 5
WATCHED = (timedelta(0), LOOK_AGAIN, timedelta(minutes=5), timedelta(hours=1))
"""When a file that was put away is looked at again: who wrote it may still have it open."""
EMPTY_POLLS = 3
UNCLAIMED_POLLS = 2
MAX_NAMED = 5
STORE_CHUNK = 500
MAX_NAME = 200
MAX_NUMBER = 2**31 - 1
"""What the database keeps of a size or a time."""
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
        templates = self._pull_templates(run)
        growing = False
        problems = []
        for folder, group in templates.grouped("folder").items():
            try:
                files = run.provider.files().list(folder).files
            except ConnectorError as error:
                problems.append(self._passed_over(error))
                continue
            growing |= self._note_listing(flow, folder, group, files)
            self._commit(run)
        problems += self._read_answers(run)
        if problems:
            raise problems[0]
        flow._schedule_next(started)
        if growing:
            self._look_soon(run, flow)
        flow.write({"last_success_at": fields.Datetime.now(), "error_message": False})
        run.succeeded = True
        self._commit(run)

    def _pull_templates(self, run):
        return self.env["ml.feed.template"].search(
            [("connection_id", "=", run.connection.id), ("direction", "=", "pull"), ("flow_id.active", "=", True)]
        )

    def _passed_over(self, error):
        """An error that only one folder or file meets; raised when all the others would meet it, too."""
        if ERROR_CLASSES[error.error_class].stops_connection:
            raise error
        return error

    def _look_soon(self, run, flow):
        flow.next_run_at = fields.Datetime.now() + LOOK_AGAIN
        run.connection.sudo().cron_id._trigger(flow.next_run_at)  # sudo: see `_create_parts`

    def _note_listing(self, flow, folder, templates, listing):
        """Bring the rows of a folder's files up to date. True when one of them has to be looked at again."""
        present = self.env["ml.feed.file"].search(
            [("connection_id", "=", flow.connection_id.id), ("folder", "=", folder), ("is_present", "=", True)]
        )
        by_name = {}
        for file in present.sorted("id"):
            by_name[file.name] = file
        growing = False
        for name, *state in listing:
            if name.startswith(".") or name.lower().endswith(PARTIAL_NAMES) or name.endswith(DONE_SUFFIX):
                continue
            size, modified = _kept(state)
            known = by_name.pop(_shown(name), None)
            if known and (known.size, known.remote_modified) == (size, modified):
                growing |= self._look_again(flow, known, templates)
            elif known and known.state in ("seen", "waiting"):
                known._log()._supersede()
                known._see(size, modified)
                growing = True
            else:
                if known:
                    known.is_present = False
                growing |= self._note_new(flow, folder, templates, name, size, modified)
        for file in by_name.values():
            self._note_gone(file)
        return growing

    def _note_gone(self, file):
        """A file is not in its folder any more."""
        file.is_present = False
        if file.state in ("seen", "unknown") or (file.state == "failed" and not file.template_id):
            file._log()._supersede()
            file.state = "gone"

    def _lacking(self, run, flow, since, most_pages=None):
        """Files that lie where read ones are put away, and that this database has not read."""
        if flow._spec().feed != "inbox":
            return super()._lacking(run, flow, since, most_pages)
        templates = self._pull_templates(run)
        begin = datetime.combine(since, time_of_day(), UTC).timestamp()
        found = []
        for folder, group in templates.filtered("archive_folder").grouped("archive_folder").items():
            known = self.env["ml.feed.file"].search(
                [("connection_id", "=", run.connection.id), ("direction", "=", "pull"), ("sha256", "!=", False)]
            )
            read = {(name, file.size) for file in known for name in (file.name, file._place().rpartition("/")[2])}
            for name, size, modified in run.provider.files().list(folder).files:
                template = group.filtered(lambda template, name=name: template._fits(name))[:1]
                if not template or modified < begin or not _is_plain(name) or (name, size) in read:
                    continue
                row = {"name": name, "size": size, "modified": modified, "folder": folder, "template_id": template.id}
                item = RemoteRecord(external_id=f"{folder}/{name}", version=str(modified), title=name, payload=row)
                found.append((item, True))
        return found

    def _note_new(self, flow, folder, templates, name, size, modified):
        template = templates.filtered(lambda template: _is_text(name) and template._fits(name))[:1]
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
        problem = self._problem_before_reading(name, size, template)
        if problem:
            self._refuse(flow, file, problem)
        return not problem

    def _problem_before_reading(self, name, size, template):
        """Why a file is not even fetched; empty where it is."""
        if not _is_text(name):
            return self.env._("The name of the file is not UTF-8: have it renamed.")
        if not template:
            return ""
        if not _is_plain(name):
            return self.env._("The name of the file has characters that are refused.")
        if size > template._max_bytes():
            return self.env._(
                "The file is larger (%(size)s bytes) than the %(limit)s MB of its template.",
                size=size,
                limit=template.max_megabytes,
            )
        return ""

    def _refuse(self, flow, file, problem, state="failed"):
        """A file that is not even fetched."""
        error = FileFormatError(problem)
        file._enqueue(flow)
        log = file._log()
        log.write({"state": "failed", "error_class": error.error_class, "error_message": problem})
        file._fail(error, state)
        self.env["ml.sync.attempt"]._append(
            flow.connection_id, [{"log": log, "action": "read", "outcome": "failed", "error": error}]
        )

    def _look_again(self, flow, file, templates):
        """A file that has not changed since the last look is complete. True when it has to be looked at once more."""
        if file.state == "unknown":
            return self._look_for_template(file, templates)
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

    def _look_for_template(self, file, templates):
        """A template may have been changed so that it takes the file."""
        template = templates.filtered(lambda template: template._fits(file.name))[:1]
        if template:
            file.write({"template_id": template.id, "flow_id": template.flow_id.id, "state": "seen"})
            file._clear_error()
            file._log()._supersede()
            return True
        file.observed_count = min(file.observed_count + 1, UNCLAIMED_POLLS)
        return False

    # ------------------------------------------------------------------ files that nobody takes

    def _tell_unclaimed(self, run, flow):
        """Count the files that no template takes, and tell the owner of them once. Documents belong to their record."""
        unclaimed = self.env["ml.feed.file"].search(
            [
                ("connection_id", "=", run.connection.id),
                ("state", "=", "unknown"),
                ("is_present", "=", True),
                ("observed_count", ">=", UNCLAIMED_POLLS),
                ("error_message", "=", False),
                ("note", "=", False),
            ],
            order="id",
        )
        if not unclaimed:
            return
        documents = self._named_documents(run)
        named = unclaimed.filtered(lambda file: file._path() in documents)
        named.note = self.env._("A document that a record names.")
        unclaimed -= named
        templates = self._pull_templates(run)
        for folder, files in unclaimed.grouped("folder").items():
            here = templates.filtered(lambda template, folder=folder: template.folder == folder)
            patterns = ", ".join(here.mapped("file_name"))
            for file in files:
                self._refuse(
                    flow,
                    file,
                    self.env._("No template takes a file of this name. The names that are taken are: %s.", patterns),
                    state="unknown",
                )
            names = ", ".join(files[:MAX_NAMED].mapped("name"))
            more = len(files) - MAX_NAMED
            run.connection._tell_owner(
                "mail.mail_activity_data_warning",
                self.env._("Files of %s are left unread", run.connection.name),
                self.env._(
                    "No template takes these files of the folder %(folder)s: %(names)s. The names that are taken are:"
                    " %(patterns)s. Change the file name in the template, or have the files renamed.",
                    folder=folder,
                    names=self.env._("%(names)s and %(count)s more", names=names, count=more) if more > 0 else names,
                    patterns=patterns,
                ),
            )
        self._commit(run)

    # ------------------------------------------------------------------ read files

    def _read_files(self, run, flow):
        while not run.is_over and (log := self._claim(run, flow, 1)):
            self._read_one(run, flow, log)

    def _read_one(self, run, flow, log):
        started = time.monotonic()
        file = log.feed_file_id
        try:
            if not file.attachment_id and not self._fetch(run, file):
                self._look_once_more(run, flow, log, file)
                return
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
        self._watch_from_now(run, file)
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
        """Keep the file here before anything is done with it; replays never ask the server again.

        False when it has grown since the last look, and is not taken yet.
        """
        limit = file.template_id._max_bytes()
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as stream:
            checksum = run.provider.files().read(file._place(), stream, limit)
            if stream.tell() != file.size and (file.is_present or file.archive_path):
                return False
            stream.seek(0)
            content = stream.read()
        file._attach(content)
        file.write(
            {"state": "received", "size": len(content), "sha256": checksum, "transferred_at": fields.Datetime.now()}
        )
        self._commit(run)
        return True

    def _look_once_more(self, run, flow, log, file, message=False):
        """It may still be written, however quiet it was."""
        log.write({"error_message": message, "state": "superseded", "lease_until": False})
        file.attachment_id.unlink()
        file._see(file.size, file.remote_modified)
        self._look_soon(run, flow)
        self._commit(run, processed=1)

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
        is_at_server = file.is_present or file.archive_path
        if getattr(error, "is_cut", False) and is_at_server and not log.error_message:
            self._look_once_more(run, flow, log, file, error.message)
            return
        log.write(self._failure_values(log, error))
        if log.state == "failed":
            file._fail(error)
            if file.is_present and file.template_id.error_folder and file.attachment_id:
                file.write({"archive_state": "todo", "archive_at": fields.Datetime.now()})
            self._watch_from_now(run, file)
        else:
            file.error_message = error.message
        self.env["ml.sync.attempt"]._append(
            flow.connection_id, [{"log": log, "action": "read", "outcome": log.state, "error": error}]
        )
        self._commit(run, processed=1)
        if ERROR_CLASSES[error.error_class].stops_connection:
            raise error

    # ------------------------------------------------------------------ put away

    def _put_away(self, run, flow):
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
                self._put_file_away(run, flow, file)
            except ConnectorError as error:
                self._not_put_away(file, error)
                self._commit(run)
                self._passed_over(error)
                continue
            self._commit(run)

    def _put_file_away(self, run, flow, file):
        """Put a file away if what was read is what lies there, else have it read again."""
        store, path = run.provider.files(), file._path()
        mode = "move" if file.state == "failed" else file.template_id.archive_mode
        if mode == "leave":
            file.write({"archive_state": "done", "archive_message": path})
            return
        target = self._free_place(store, file, mode)
        try:
            if not self._is_as_read(store, file, path):
                file.write(
                    {"archive_state": "none", "archive_message": self.env._("It has changed since it was read.")}
                )
                self._look_soon(run, flow)
                return
            store.rename(path, target)
        except NotFoundError:
            if store.size(path) is not None:
                raise
            # an earlier try moved it and could not note it, or somebody took it
            target = self._plain_place(file, mode)
            if store.size(target) != file.size:
                gone = self.env._("gone from its folder")
                file.write({"archive_state": "done", "archive_message": gone, "is_present": False})
                return
        except PermanentError:
            if mode != "delete" or file.archive_tries < 2:
                raise
            # no right to rename: it was left alone for a while instead
            store.remove(path)
            file.write({"archive_state": "done", "archive_message": self.env._("deleted"), "is_present": False})
            return
        file.write(
            {
                "archive_state": "done",
                "archive_message": target,
                "archive_path": target,
                "is_present": False,
                "watch_at": fields.Datetime.now(),
                "watch_count": 0,
            }
        )

    def _plain_place(self, file, mode):
        """Where a file is put away. One to be deleted is kept under another name until it was looked at again."""
        if mode != "move":
            return f"{file._path()}{DONE_SUFFIX}"
        template = file.template_id
        return f"{template.error_folder if file.state == 'failed' else template.archive_folder}/{file.name}"

    def _free_place(self, store, file, mode):
        target = self._plain_place(file, mode)
        if store.size(target) is None:
            return target
        stem, dot, extension = target.rpartition(".")
        return f"{stem}_{file.sha256[:8]}-{file.id}{dot}{extension}"

    def _is_as_read(self, store, file, path):
        """Whether what lies at the server is what was read.

        A server may give a file another time when it is moved; then its content tells.

        :raises NotFoundError: nothing lies there
        """
        state = store.state(path)
        if state is None:
            raise NotFoundError(self.env._("%s is not at the server.", path))
        size, modified = _kept(state)
        if (size, modified) == (file.size, file.remote_modified):
            return True
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as stream:
            is_same = size == file.size and store.read(path, stream, size) == file.sha256
        if is_same:
            file.remote_modified = modified
        return is_same

    # ------------------------------------------------------------------ watch what was put away

    def _watch_from_now(self, run, file):
        """Look again at a file that is read where it was put away."""
        if file.archive_path:
            file.write({"watch_at": fields.Datetime.now() + WATCHED[1], "watch_count": 1})

    def _watch_put_away(self, run, flow):
        """Look whether what was put away is still what was read, and read what is not."""
        due = self.env["ml.feed.file"].search(
            [("connection_id", "=", run.connection.id), ("watch_at", "<=", fields.Datetime.now())], order="watch_at, id"
        )
        for file in due:
            if run.is_over:
                return
            if file.state != "seen":
                file.watch_at = fields.Datetime.now() + WATCHED[2]  # if the server stops over it
                self._commit(run)
            try:
                self._watch(run, flow, file)
            except NotFoundError:
                self._end_watch(flow, file)
            except PermanentError:
                file.watch_at = False  # it lies where we may put files and not look
            except ConnectorError as error:
                self._passed_over(error)
                file.watch_at = fields.Datetime.now() + WATCHED[2]
            self._commit(run)

    def _watch(self, run, flow, file):
        store = run.provider.files()
        if file.state == "seen":
            self._watch_growing(store, flow, file)
        elif self._is_as_read(store, file, file.archive_path):
            self._watch_later(store, file)
        else:
            size, modified = _kept(store.state(file.archive_path) or (0, 0))
            again = self.env["ml.feed.file"].create(
                {
                    "name": file.name,
                    "connection_id": file.connection_id.id,
                    "template_id": file.template_id.id,
                    "flow_id": file.flow_id.id,
                    "direction": "pull",
                    "state": "seen",
                    "folder": file.folder,
                    "archive_path": file.archive_path,
                }
            )
            again._see(size, modified)
            file.write({"watch_at": False, "note": self.env._("It grew after it was put away, and is read again.")})
        if file.watch_count <= 1:
            self._look_soon(run, flow)

    def _watch_growing(self, store, flow, file):
        """A file that has grown where it was put away is read there, once it has not changed between two looks."""
        state = store.state(file.archive_path)
        if state is None:
            raise NotFoundError(self.env._("%s is not at the server.", file.archive_path))
        if _kept(state) != (file.size, file.remote_modified):
            file._see(*_kept(state))
        else:
            file.write({"state": "waiting", "watch_at": False})
            file._enqueue(flow)

    def _watch_later(self, store, file):
        """It is as it was read; a file to be deleted is deleted once that is so at the next look."""
        count = file.watch_count + 1
        is_to_go = file.template_id.archive_mode == "delete" and file.archive_path.endswith(DONE_SUFFIX)
        if is_to_go and count > 1:
            store.remove(file.archive_path)
            file.write({"archive_message": self.env._("deleted"), "watch_at": False})
            return
        next_at = fields.Datetime.now() + WATCHED[count] if count < len(WATCHED) else False
        file.write({"watch_at": next_at, "watch_count": count})

    def _end_watch(self, flow, file):
        """Somebody took it from where it was put away."""
        file.watch_at = False
        if file.state == "seen":
            message = self.env._("It grew after it was put away, and is gone now: ask for it again.")
            self._refuse(flow, file, message)

    def _not_put_away(self, file, error):
        delay = timedelta(seconds=retry_seconds(file.archive_tries, error.retry_after))
        file.write(
            {
                "archive_at": fields.Datetime.now() + delay,
                "archive_message": error.message,
                "archive_state": "failed" if file.archive_tries >= MAX_TRIES else "todo",
            }
        )


def _kept(state):
    """Size and time of change as the database keeps them."""
    return tuple(min(number, MAX_NUMBER) for number in state)


def _shown(name):
    """A file's name as it is stored; one that is refused is made harmless, and stays different from others."""
    if _is_plain(name):
        return name
    raw = name.encode(errors="surrogateescape")
    shown = ascii(name)[1:-1] if _is_text(name) else raw.decode(errors="backslashreplace")
    shown = "".join(sign if sign.isprintable() else "?" for sign in shown)
    return f"{shown[:100]}~{hashlib.sha256(raw).hexdigest()[:8]}"


def _is_text(name):
    """Whether a name at the server is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_plain(name):
    """Whether a file's name is one that we use in a path."""
    return (
        bool(name)
        and len(name) <= MAX_NAME
        and name.isprintable()
        and not set(name) & {"/", "\\", ":"}
        and name not in (".", "..")
    )
