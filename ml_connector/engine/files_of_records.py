"""Files of the provider's records, fetched as a step of their own."""

from dataclasses import replace
from functools import partial

from ..core.documents import DownloadedFile, Files
from ..core.errors import InvalidDataError
from ..core.items import document_of, refuse_unreadable
from ..core.messages import _
from ..core.stored_files import stored_name
from ..models.sync_states import DECIDED_STATES
from .base import digest
from .booking import Booking
from .pull import Pull


class FileBooking(Booking):
    """Stores batches of files on their records."""

    def _documents(self, rows):
        return self.run.parallel(partial(download, self.remote), rows)

    def _write(self, entries):
        files = [entry.document for entry in entries if isinstance(entry.document, Files)]
        self.run.fit_files([sum(len(file.content) for file in document.files) for document in files])
        super()._write(entries)

    def _forward(self, forward, records):
        forward.files(self.connection.target_id, records)


def download(flow, row):
    """Download the files of a remote record. It is read again, because the URLs of files are short-lived."""
    external_id, payload = row
    refuse_unreadable(payload)
    item = flow.fetch_files(external_id, payload)
    if item is None:
        raise InvalidDataError(_("%(provider)s no longer has this record and its files.", provider=flow.provider.label))
    files = []
    for attachment in document_of(flow, item.payload):
        mimetype, content = flow.provider.download(attachment.url)
        name = stored_name(attachment.name, mimetype)
        files.append(DownloadedFile(name=name, mimetype=mimetype, content=content))
    return Files(subject_kind=payload["subject_kind"], subject_external_id=external_id, files=tuple(files))


class FilesOfRecords(Pull):
    """Fetches and stores the files of other flows' records."""

    booking_class = FileBooking

    @property
    def _batch(self):
        """Only as many as fit into memory."""
        return self.run.files_at_once

    def dry_run(self):
        return []

    def _wanted(self, items):
        """Of files that were listed apart from their records the unknown ones, as one item for each record.

        A record that is not in Odoo yet names its files when it is imported. Unreadable items are kept.
        """
        found, kept = {}, []
        for item in items:
            if item.payload.get("names"):
                found.setdefault((item.payload["subject_kind"], item.external_id), []).append(item)
            else:
                kept.append(item)
        known = {log.external_id: log for log in self._current_rows([("flow_id", "=", self.flow.id)], found)}
        for key in found.keys() & self._known_subjects(found):
            names = {name for item in found[key] for name in item.payload["names"]}
            log = known.get(key[1], self.env["ml.sync.log"])
            payload = (log.sudo().payload if log else None) or {}  # sudo: field without access
            had, wanted = set(payload.get("had") or ()), set(payload.get("names") or ())
            if names <= had | wanted:
                continue
            had, wanted = (had | wanted, names - had - wanted) if log.state == "done" else (had, wanted | names)
            first = found[key][0]
            payload = {**first.payload, "names": sorted(wanted), "had": sorted(had)}
            kept.append(
                replace(first, version=digest(sorted(had | wanted), 16), title=log.name or first.title, payload=payload)
            )
        return kept

    def _known_subjects(self, keys):
        """The remote records (kind, external id) that are in Odoo, or have a transfer that may import them."""
        bound = set(self.env["ml.binding"]._records(self.connection, set(keys)))
        rows = self._current_rows(
            [("connection_id", "=", self.connection.id), ("state", "not in", DECIDED_STATES)], keys
        )
        return bound | {(row.kind, row.external_id) for row in rows}

    def _current_rows(self, domain, keys):
        ids = list({external_id for _kind, external_id in keys})
        of_ids = [("direction", "=", "pull"), ("external_id", "in", ids), ("is_current", "=", True)]
        return self.env["ml.sync.log"].search([*domain, *of_ids])
