"""Reads received files and stores their records."""

import dataclasses
import itertools
import tempfile
import time

from odoo import fields

from ..core.errors import ConnectorError, FileFormatError, InvalidDataError
from ..core.files.parse import Reading
from ..core.files.records import record_of
from ..core.messages import _, paragraph
from ..models.ml_error_class import ERROR_CLASSES
from .base import OfFlow, elapsed, record_attempts
from .failures import as_connector_error, failure_of
from .file_archive import watch_from_now
from .file_listing import SPOOLED, look_soon

MAX_NOTES = 10
STORE_CHUNK = 500


class FileReading(OfFlow):
    def read(self):
        while not self.run.is_over and (log := self.run.queue.claim(self.flow, 1)):
            self._read_one(log)

    def _read_one(self, log):
        started = time.monotonic()
        file = log.feed_file_id
        try:
            if not file.attachment_id and not self._fetch(file):
                self._look_once_more(log, file)
                return
            count = self._take_in(file)
        except Exception as error:  # noqa: BLE001 - whatever one file raises must not stop the others
            self.env.cr.rollback()
            self.failed(log, file, as_connector_error(self.connection, error))
            return
        self._store_read(log, file, elapsed(started))
        self.flow.progress_total += count
        self.run.succeeded = True
        self.run.commit(processed=1)

    def _store_read(self, log, file, milliseconds):
        log._write_clean(
            {
                "state": "done",
                "outcome": "read",
                "note": file._sentence("note"),
                "done_at": fields.Datetime.now(),
                "milliseconds": milliseconds,
                "lease_until": False,
            }
        )
        file._clear_error()
        file.archive_state = "todo" if file.is_present else "none"
        file.archive_at = fields.Datetime.now()
        watch_from_now(file)
        record_attempts(log, "read", outcome=file.state, message=file._sentence("note"), milliseconds=milliseconds)

    def _fetch(self, file):
        """Store the content of the file before it is processed, so that processing again needs no server.

        False when it has grown since the last listing and is not processed yet.
        """
        limit = file.template_id._max_bytes()
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as stream:
            checksum = self.run.provider.files().read(file._place(), stream, limit)
            if stream.tell() != file.size and (file.is_present or file.archive_path):
                return False
            stream.seek(0)
            content = stream.read()
        file._attach(content)
        file.write(
            {"state": "received", "size": len(content), "sha256": checksum, "transferred_at": fields.Datetime.now()}
        )
        self.run.commit()
        return True

    def _look_once_more(self, log, file, message=False):
        """Check the file again: it may still be written."""
        log.write({"error_message": message, "state": "superseded", "lease_until": False})
        file.attachment_id.unlink()
        file._see(file.size, file.remote_modified)
        look_soon(self.flow)
        self.run.commit(processed=1)

    def _take_in(self, file):
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
        items = self._items(file, definition, content.documents)
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

    def _items(self, file, definition, documents):
        """Yield the items of a file's documents."""
        for document in documents:
            item = self._item(file, definition, document)
            if file.template_id.whole_file:
                self._check(file.template_id.flow_id, document, item)
            yield item

    def _item(self, file, definition, document):
        item = record_of(definition, document)
        external_id = item.external_id if document.key else f"{file.name}, {item.external_id}"
        return dataclasses.replace(item, external_id=external_id, payload={**item.payload, "folder": file.folder})

    def _check(self, flow, document, item):
        """Reject the whole file if one of its documents is invalid. A document that is not relevant is no error."""
        try:
            self.run.provider.flow(flow.key).document(item.payload)
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

    def failed(self, log, file, error):
        is_at_server = file.is_present or file.archive_path
        if getattr(error, "is_cut", False) and is_at_server and not log.error_message:
            self._look_once_more(log, file, error.message)
            return
        log._write_failure(*failure_of(log, error))
        if log.state == "failed":
            file._fail(error)
            if file.is_present and file.template_id.error_folder and file.attachment_id:
                file.write({"archive_state": "todo", "archive_at": fields.Datetime.now()})
            watch_from_now(file)
        else:
            file.error_message = error.message
        record_attempts(log, "read", outcome=log.state, error=error)
        self.run.commit(processed=1)
        if ERROR_CLASSES[error.error_class].stops_connection:
            raise error
