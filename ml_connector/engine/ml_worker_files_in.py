import dataclasses
import hashlib
import itertools
import tempfile
import time
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

from odoo import fields, models
from odoo.fields import Domain

from ..core.errors import (
    ConnectorError,
    FileFormatError,
    InvalidDataError,
    NotFoundError,
    PermanentError,
)
from ..core.files.parse import Reading
from ..core.files.records import record_of
from ..core.messages import _, paragraph
from ..core.remote import RemoteRecord
from ..models.ml_error_class import ERROR_CLASSES, MAX_STOPS, MAX_TRIES, retry_seconds
from ..models.ml_feed_file import LOOK_AGAIN
from ..models.ml_sentence import in_words
from ..models.ml_sync_log import CLEAN

STABLE_SECONDS = 5
WATCHED = (timedelta(0), LOOK_AGAIN, timedelta(minutes=5), timedelta(hours=1))
"""When an archived file is checked again: its writer may still have it open."""
EMPTY_POLLS = 3
UNCLAIMED_POLLS = 2
MAX_NAMED = 5
MAX_NOTES = 10
STORE_CHUNK = 500
MAX_NAME = 200
MAX_NUMBER = 2**31 - 1
"""The largest size or time that the database stores."""
PARTIAL_NAMES = (".part", ".tmp", ".filepart", ".writing")
DONE_SUFFIX = ".done"
SPOOLED = 8 * 1024 * 1024


class MlWorker(models.AbstractModel):
    """Finds the provider's files, processes them, and archives them."""

    _inherit = "ml.worker"

    # ------------------------------------------------------------------ find files

    def _look_for_files(self, run, flow):
        """List the folders. A file is processed once it has not changed between two listings."""
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
            growing |= self._record_listing(flow, folder, group, files)
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
        """Return the error of one folder or file; raise it when all others would meet it too."""
        if ERROR_CLASSES[error.error_class].stops_connection:
            raise error
        return error

    def _look_soon(self, run, flow):
        flow.next_run_at = fields.Datetime.now() + LOOK_AGAIN
        run.connection.sudo().cron_id._trigger(flow.next_run_at)  # sudo: see `_create_parts`

    def _record_listing(self, flow, folder, templates, listing):
        """Update the files of a folder. True when one of them has to be checked again."""
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
                growing |= self._record_new(flow, folder, templates, name, size, modified)
        for file in by_name.values():
            self._record_gone(file)
        return growing

    def _record_gone(self, file):
        """Store that a file is no longer in its folder."""
        file.is_present = False
        if file.state in ("seen", "unknown") or (file.state == "failed" and not file.template_id):
            file._log()._supersede()
            file.state = "gone"

    def _lacking(self, run, flow, since, most_pages=None):
        """Files in the archive folders that this database has not processed."""
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

    def _record_new(self, flow, folder, templates, name, size, modified):
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
        """Why a file is not fetched; empty if it is."""
        if not _is_text(name):
            return _("The file name is not valid UTF-8. Rename the file.")
        if not template:
            return ""
        if not _is_plain(name):
            return _("The file name contains characters that Odoo does not accept. Rename the file.")
        if size > template._max_bytes():
            return _(
                "The file has %(size)s bytes. Its file template accepts %(limit)s MB at most.",
                size=size,
                limit=template.max_megabytes,
            )
        return ""

    def _refuse(self, flow, file, problem, state="failed"):
        """Store the error of a file that is not fetched."""
        error = FileFormatError(problem)
        file._enqueue(flow)
        log = file._log()
        log.write({"state": "failed", "error_class": error.error_class, "error_message": problem})
        file._fail(error, state)
        self.env["ml.sync.attempt"]._append(
            flow.connection_id, [{"log": log, "action": "read", "outcome": "failed", "error": error}]
        )

    def _look_again(self, flow, file, templates):
        """Queue a file that has not changed since the last listing. True when it has to be checked once more."""
        if file.state == "unknown":
            return self._look_for_template(file, templates)
        if file.state != "seen":
            return False
        file.observed_count += 1
        if not file.size:
            if file.observed_count >= EMPTY_POLLS:
                self._refuse(flow, file, _("The file is empty."))
                return False
            return True
        if fields.Datetime.now() - file.observed_at < timedelta(seconds=STABLE_SECONDS):
            return True
        file.state = "waiting"
        file._enqueue(flow)
        return False

    def _look_for_template(self, file, templates):
        """Check whether a changed file template matches the file now."""
        template = templates.filtered(lambda template: template._fits(file.name))[:1]
        if template:
            file.write({"template_id": template.id, "flow_id": template.flow_id.id, "state": "seen"})
            file._clear_error()
            file._log()._supersede()
            return True
        file.observed_count = min(file.observed_count + 1, UNCLAIMED_POLLS)
        return False

    # ------------------------------------------------------------------ files without a template

    def _report_unclaimed(self, run, flow):
        """Report files without a file template to the responsible user, once. Attachments of records are none."""
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
        named.note = _("Attachment of a synced record.")
        unclaimed -= named
        templates = self._pull_templates(run)
        for folder, files in unclaimed.grouped("folder").items():
            here = templates.filtered(lambda template, folder=folder: template.folder == folder)
            patterns = tuple(here.mapped("file_name"))
            for file in files:
                self._refuse(
                    flow,
                    file,
                    _("No file template matches this file name. Accepted names: %(patterns)s.", patterns=patterns),
                    state="unknown",
                )
            names = tuple(files[:MAX_NAMED].mapped("name"))
            more = len(files) - MAX_NAMED
            if more > 0:
                names = _("%(names)s and %(count)s more", names=names, count=more)
            run.connection._tell_owner(
                "mail.mail_activity_data_warning",
                self.env._("Unread files of %(connection)s", connection=run.connection.name),
                in_words(
                    self.env,
                    _(
                        "No file template matches these files in the folder %(folder)s: %(names)s. Accepted names:"
                        " %(patterns)s. Change the file name in the file template, or rename the files.",
                        folder=folder,
                        names=names,
                        patterns=patterns,
                    ),
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
                "note": file._sentence("note"),
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
                    "message": file._sentence("note"),
                    "milliseconds": log.milliseconds,
                }
            ],
        )
        flow.progress_total += count
        run.succeeded = True
        self._commit(run, processed=1)

    def _fetch(self, run, file):
        """Store the content of the file before it is processed, so that processing again needs no server.

        False when it has grown since the last listing and is not processed yet.
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
        """Check the file again: it may still be written."""
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
            note = _("Odoo already processed the same content in the file %(file)s.", file=twin.name)
            file.write({"state": "duplicate", "note": note})
            return 0
        definition = template._definition()
        content = Reading(definition, file.attachment_id.raw)
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
                "note": paragraph(*itertools.islice(content.notes, MAX_NOTES)) or False,
            }
        )
        return count

    def _items(self, run, file, definition, documents):
        """Yield the items of a file's documents."""
        for document in documents:
            item = self._item(run, file, definition, document)
            if file.template_id.whole_file:
                self._check(run, file.template_id.flow_id, document, item)
            yield item

    def _item(self, run, file, definition, document):
        item = record_of(definition, document)
        external_id = item.external_id if document.key else f"{file.name}, {item.external_id}"
        return dataclasses.replace(item, external_id=external_id, payload={**item.payload, "folder": file.folder})

    def _check(self, run, flow, document, item):
        """Reject the whole file if one of its documents is invalid. A document that is not relevant is no error."""
        try:
            run.provider.flow(flow.key).document(item.payload)
        except InvalidDataError as error:
            raise FileFormatError(
                _(
                    "Odoo rejected the whole file because of %(record)s. %(problem)s",
                    record=item.title,
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

    # ------------------------------------------------------------------ archive

    def _put_away(self, run, flow):
        """Archive processed files, after the commit. A failure does not lead to processing again."""
        due = Domain("connection_id", "=", run.connection.id) & Domain("archive_state", "=", "todo")
        for file in self.env["ml.feed.file"].search(
            due & Domain("archive_at", "<=", fields.Datetime.now()), order="id"
        ):
            if run.is_over:
                return
            if file.archive_tries >= MAX_STOPS and not file.archive_message:
                # no attempt ended with an error
                sentence = _(
                    "The server stopped %(count)s times while Odoo archived this file.", count=file.archive_tries
                )
                file.write({"archive_state": "failed", "archive_message": sentence})
                continue
            file.archive_tries += 1  # before the attempt, so that it counts if the server stops
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
        """Archive a file if it is unchanged on the server, otherwise let it be processed again."""
        store, path = run.provider.files(), file._path()
        mode = "move" if file.state == "failed" else file.template_id.archive_mode
        if mode == "leave":
            file.write({"archive_state": "done", "archive_message": path})
            return
        target = self._free_place(store, file, mode)
        try:
            if not self._is_as_read(store, file, path):
                file.write({"archive_state": "none", "archive_message": _("The file changed after Odoo read it.")})
                self._look_soon(run, flow)
                return
            store.rename(path, target)
        except NotFoundError:
            if store.size(path) is not None:
                raise
            # an earlier attempt moved it and could not store that, or another program took it
            target = self._plain_place(file, mode)
            if store.size(target) != file.size:
                gone = _("The file is no longer in its folder.")
                file.write({"archive_state": "done", "archive_message": gone, "is_present": False})
                return
        except PermanentError:
            if mode != "delete" or file.archive_tries < 2:
                raise
            # no permission to rename: the file was left alone for a while instead
            store.remove(path)
            file.write({"archive_state": "done", "archive_message": _("Odoo deleted the file."), "is_present": False})
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
        """Path of an archived file. One to be deleted is renamed until it was checked again."""
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
        """Whether the file on the server is the one that was processed.

        A server may change the time of a file when it is moved; then the content decides.

        :raises NotFoundError: there is no such file
        """
        state = store.state(path)
        if state is None:
            raise NotFoundError(_("%(path)s is not on the server.", path=path))
        size, modified = _kept(state)
        if (size, modified) == (file.size, file.remote_modified):
            return True
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as stream:
            is_same = size == file.size and store.read(path, stream, size) == file.sha256
        if is_same:
            file.remote_modified = modified
        return is_same

    # ------------------------------------------------------------------ watch archived files

    def _watch_from_now(self, run, file):
        """Check a file again that was processed where it was archived."""
        if file.archive_path:
            file.write({"watch_at": fields.Datetime.now() + WATCHED[1], "watch_count": 1})

    def _watch_put_away(self, run, flow):
        """Check whether archived files are unchanged, and process changed ones again."""
        due = self.env["ml.feed.file"].search(
            [("connection_id", "=", run.connection.id), ("watch_at", "<=", fields.Datetime.now())], order="watch_at, id"
        )
        for file in due:
            if run.is_over:
                return
            if file.state != "seen":
                file.watch_at = fields.Datetime.now() + WATCHED[2]  # in case the server stops
                self._commit(run)
            try:
                self._watch(run, flow, file)
            except NotFoundError:
                self._end_watch(flow, file)
            except PermanentError:
                file.watch_at = False  # Odoo may write files there, but not list them
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
            file.write({"watch_at": False, "note": _("The file changed after Odoo archived it. Odoo reads it again.")})
        if file.watch_count <= 1:
            self._look_soon(run, flow)

    def _watch_growing(self, store, flow, file):
        """Process a file that changed after archiving, once it has not changed between two checks."""
        state = store.state(file.archive_path)
        if state is None:
            raise NotFoundError(_("%(path)s is not on the server.", path=file.archive_path))
        if _kept(state) != (file.size, file.remote_modified):
            file._see(*_kept(state))
        else:
            file.write({"state": "waiting", "watch_at": False})
            file._enqueue(flow)

    def _watch_later(self, store, file):
        """Plan the next check of an unchanged file. A file to be deleted is deleted at the second check."""
        count = file.watch_count + 1
        is_to_go = file.template_id.archive_mode == "delete" and file.archive_path.endswith(DONE_SUFFIX)
        if is_to_go and count > 1:
            store.remove(file.archive_path)
            file.write({"archive_message": _("Odoo deleted the file."), "watch_at": False})
            return
        next_at = fields.Datetime.now() + WATCHED[count] if count < len(WATCHED) else False
        file.write({"watch_at": next_at, "watch_count": count})

    def _end_watch(self, flow, file):
        """Stop checking a file that was removed from the archive."""
        file.watch_at = False
        if file.state == "seen":
            self._refuse(
                flow,
                file,
                _(
                    "The file changed after Odoo archived it, and is no longer on the server. Ask %(provider)s for it"
                    " again.",
                    provider=flow.connection_id._provider_class().label,
                ),
            )

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
    """Size and time of change as the database stores them."""
    return tuple(min(number, MAX_NUMBER) for number in state)


def _shown(name):
    """A file's name as it is stored. A name that Odoo does not accept is made harmless and stays unique."""
    if _is_plain(name):
        return name
    raw = name.encode(errors="surrogateescape")
    shown = ascii(name)[1:-1] if _is_text(name) else raw.decode(errors="backslashreplace")
    shown = "".join(sign if sign.isprintable() else "?" for sign in shown)
    return f"{shown[:100]}~{hashlib.sha256(raw).hexdigest()[:8]}"


def _is_text(name):
    """Whether a name on the server is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_plain(name):
    """Whether a file's name can be used in a path."""
    return (
        bool(name)
        and len(name) <= MAX_NAME
        and name.isprintable()
        and not set(name) & {"/", "\\", ":"}
        and name not in (".", "..")
    )
