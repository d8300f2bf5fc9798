"""Writes the records of a file template into files, ready to send. Runs in the worker and makes no calls."""

import hashlib
import io

from odoo.fields import Datetime, Domain
from odoo.tools import SQL

from ..core.errors import InvalidDataError
from ..core.files.serialize import file_writer
from ..core.messages import _
from .feed_source import BATCH, FeedRecord, FeedSource, digest

MAX_PART_BYTES = 8 * 1024 * 1024
MAX_SKIPPED = 0.2
MAX_GONE = 0.3
FEW = 10
"""Below this number of records the shares are not checked."""


class FeedBuilder:
    """
    :ivar files: the created `ml.feed.file` records
    :ivar skipped: {record id: sentence} of records that cannot be sent
    """

    def __init__(self, template):
        self.env = template.env
        self.template = template
        self.definition = template._definition()
        self.provider = template._provider_class()
        self.is_full = template._is_full_due()
        self.source = FeedSource(template)
        self.sent = template.env["ml.feed.sent"]
        self.files = template.env["ml.feed.file"]
        self.skipped = {}
        self.total = self.gone = 0
        self._part = None
        self._lines = 0
        self._max_rows = template.max_rows
        columns = self.definition.columns
        self._required = [index for index, column in enumerate(columns) if column.required]
        # a new time of change alone is no change
        self._counted = [
            index
            for index, column in enumerate(template.column_ids)
            if column.path not in ("write_date", "create_date")
        ]
        self._active = next((index for index, column in enumerate(columns) if column.name == "active"), None)
        self._has_status = any(column.name == "status" for column in columns)

    def build(self):
        """Make the files.

        :raises InvalidDataError: too many records would be deactivated, or are incomplete
        """
        for records in self.source.batches():
            self.total += len(records)
            self._add_batch(records)
        self._add_gone()
        self._end_part()
        self._check_shares()
        if self.is_full:
            self.template.last_full_at = Datetime.now()
        self.template.shrink_confirmed = False
        return self.files

    # ------------------------------------------------------------------ records

    def _add_batch(self, records):
        known = {} if self.is_full else self.sent._known(self.template, [record.id for record in records])
        writer = self._writer()
        for record in records:
            rows = [writer.texts_of(row) for row in record.rows]
            if missing := self._missing(rows):
                self.skipped[record.id] = missing
                continue
            content = digest([row[index] for row in rows for index in self._counted])
            if self.is_full or known.get(record.id) != (content, True):
                writer = self._put(record, rows, content, True)

    def _missing(self, rows):
        for row in rows:
            for index in self._required:
                if not row[index]:
                    return _(
                        "%(column)s is empty, but %(provider)s requires it.",
                        column=self.definition.columns[index].label,
                        provider=self.provider.label,
                    )
        return ""

    def _add_gone(self):
        """Report delivered records that are no longer in use, once."""
        last = 0
        domain = self.source.domain()
        while rows := self._sent_after(last):
            last = rows[-1][0]
            ids = [res_id for res_id, _key, _name in rows]
            alive = set(self.source.model.search(domain & Domain("id", "in", ids))._ids)
            gone = {res_id: (key, name) for res_id, key, name in rows if res_id not in alive}
            self.gone += len(gone)
            if gone:
                self._add_tombstones(gone)
            self.source.forget()

    def _sent_after(self, last):
        return self.env.execute_query(
            SQL(
                """SELECT res_id, key, name FROM ml_feed_sent
                    WHERE template_id = %s AND is_active AND res_id > %s ORDER BY res_id LIMIT %s""",
                self.template.id,
                last,
                BATCH,
            )
        )

    def _add_tombstones(self, gone):
        if self._active is None and not self._has_status:
            return
        existing = self.source.model.browse(gone).exists()
        found = {record.id: record.rows for record in self.source.read(existing)}
        for res_id, (key, name) in gone.items():
            rows = found.get(res_id) or ([self._bare_row(key, name)] if self._active is not None else None)
            if rows is None:
                continue
            if self._active is not None:
                rows = [(*row[: self._active], False, *row[self._active + 1 :]) for row in rows]
            writer = self._writer()
            texts = [writer.texts_of(row) for row in rows]
            record = FeedRecord(res_id, rows, key or "", name or "")
            self._put(record, texts, digest([cell for row in texts for cell in row]), False)

    def _bare_row(self, key, name):
        values = {"id": key, "name": name, "company": self.template.company_code or None}
        return tuple(values.get(column.name) for column in self.definition.columns)

    # ------------------------------------------------------------------ parts

    def _writer(self):
        if self._part is None:
            stream = io.BytesIO()
            self._part = (file_writer(self.definition, stream), stream, [])
            self._lines = 0
        return self._part[0]

    def _put(self, record, rows, content, is_active):
        """Write a record into one file. Returns the writer for the next record."""
        writer, _stream, notes = self._part
        if self._lines and (self._lines + len(rows) > self._max_rows or writer.size > MAX_PART_BYTES):
            self._end_part()
            writer = self._writer()
            _writer, _stream, notes = self._part
        writer.write_document(rows)
        notes.append((record.id, record.key, record.name[:200], content, is_active))
        self._lines += len(rows)
        return writer

    def _end_part(self):
        part, self._part = self._part, None
        if part is None or not part[2]:
            return
        writer, stream, notes = part
        writer.close()
        template, content = self.template, stream.getvalue()
        file = self.files.create(
            {
                "name": template._next_file_name(self.is_full),
                "connection_id": template.connection_id.id,
                "template_id": template.id,
                "flow_id": template.flow_id.id,
                "direction": "push",
                "state": "built",
                "folder": template.folder,
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "is_full": self.is_full,
                "record_count": len(notes),
            }
        )
        file._attach(content)
        self.sent._note(file, notes)
        self.files |= file

    def _check_shares(self):
        if self.total >= FEW and len(self.skipped) > MAX_SKIPPED * self.total:
            raise InvalidDataError(
                _(
                    "%(skipped)s of %(total)s records are incomplete, so Odoo sent nothing. The first: %(problem)s",
                    skipped=len(self.skipped),
                    total=self.total,
                    problem=next(iter(self.skipped.values())),
                )
            )
        before = self.total + self.gone
        if self.gone >= FEW and self.gone > MAX_GONE * before and not self.template.shrink_confirmed:
            raise InvalidDataError(
                _(
                    "This export would deactivate %(gone)s of %(before)s records, so Odoo did not send it. Check the"
                    " selection of the file template, then click Send Anyway.",
                    gone=self.gone,
                    before=before,
                )
            )
