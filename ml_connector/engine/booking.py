"""Books records in Odoo: translates, resolves and writes a batch in one transaction, with what became of it."""

import time
from dataclasses import replace
from functools import cached_property

from odoo import fields
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as CONFLICTS

from ..core.awaited import Awaited
from ..core.documents.common import dates_of
from ..core.errors import ConnectorError, InvalidDataError, UnreadableRowError
from ..core.items import document_of
from ..core.messages import _, paragraph
from ..importers.ml_importer import ImportEntry
from ..models.ml_sentence import in_words
from ..models.sync_states import CLEAN
from .base import CONFLICT_TRIES, RACES, OfFlow, digest, elapsed, halves
from .failures import FieldConflictError, as_connector_error, failure_of
from .forward import Forward, by_model
from .merge import Merge
from .resolve import Resolver
from .results import BOOKED, Answers


class Booking(OfFlow):
    """Books batches of transfers."""

    resolver_class = Resolver

    def book(self, logs):
        """Write a claimed batch into Odoo in one transaction; in halves when that fails."""
        started = time.monotonic()
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                entries = self._entries(logs)
                self._write(entries)
                self.store(entries, started)
                self.run.commit(processed=len(logs))
                return
            except Exception as error:  # noqa: BLE001 - whatever one record raises must not stop the others
                self.env.cr.rollback()
                if isinstance(error, RACES) and attempt < CONFLICT_TRIES:
                    continue
                if isinstance(error, CONFLICTS):
                    raise
                return self._after_failure(logs, error, started)

    def _after_failure(self, logs, error, started):
        if len(logs) > 1:
            for part in halves(logs):
                self.book(part)
            return
        self.store([ImportEntry(logs, error=as_connector_error(self.connection, error))], started)
        self.run.commit(processed=1)

    def _entries(self, logs):
        """The documents of a batch. An entry whose payload cannot be translated carries the error."""
        payloads = logs._payloads()
        rows = [(log.external_id, payloads[log.id]) for log in logs]
        return [
            ImportEntry(log, error=found) if isinstance(found, ConnectorError) else ImportEntry(log, found)
            for log, found in zip(logs, self._documents(rows), strict=True)
        ]

    def _documents(self, rows):
        """The document of each row (external id, payload), or its ConnectorError."""
        return [translated(self.remote, *row) for row in rows]

    def plan(self, entries):
        """Plan the entries, those with an error apart; returns the `MappingLookup` of the batch."""
        importer = self.flow._importer()
        lookup = self.resolver_class(self.run, self.flow).resolve(importer, entries)
        Merge(self.run, self.flow).merge(entries)
        importer._plan_batch(self.flow, [entry for entry in entries if not entry.error], lookup)
        return lookup

    def _write(self, entries):
        lookup = self.plan(entries)
        self.flow._importer()._apply_batch(self.flow, [entry for entry in entries if not entry.error], lookup)

    def store(self, entries, started):
        """Store what became of the records, in their transaction, and forward those that another connection takes."""
        Outcomes(self.run, self.flow).store(entries, started)
        records = [entry.record for entry in entries if not entry.error and entry.outcome in BOOKED]
        for together in by_model(records):
            self._forward(Forward(self.env), together)

    def _forward(self, forward, records):
        forward.records(self.flow, records)


def translated(flow, external_id, payload):
    try:
        if not payload:
            # the payload was deleted after the retention period, and the record is imported again
            item = flow.fetch(external_id)
            if item is None:
                raise InvalidDataError(_("%(provider)s no longer has this record.", provider=flow.provider.label))
            payload = item.payload
        return document_of(flow, payload)
    except ConnectorError as error:
        return error


class Outcomes(OfFlow):
    """Stores what became of the records of a batch."""

    @cached_property
    def merge(self):
        return Merge(self.run, self.flow)

    def store(self, entries, started):
        """Store record links, transfers, attempts, chatter, results and files in the transaction of the records."""
        milliseconds = elapsed(started) // max(len(entries), 1)
        connection = self.connection
        now = fields.Datetime.now()
        written = [entry for entry in entries if not entry.error]
        agreements = self._bind(written)
        waits = self.env["ml.wait"]
        before = waits._of(self.env["ml.sync.log"].union(*(entry.log for entry in entries)))
        awaited = {}
        for entry in entries:
            awaited |= self._store_result(entry, now, milliseconds)
        ended = waits._replace(before, awaited)
        self._record_attempts(entries, milliseconds)
        self.flow.progress_done += len(entries)
        self._report_differences(written)
        if unreadable := [entry.error for entry in entries if isinstance(entry.error, UnreadableRowError)]:
            connection._notify_owner(unreadable[0])
        self._post_to_chatter(written)
        FileRequests(self.run, self.flow).queue(written)
        Answers(self.env).queue(self.flow, entries)
        self.merge.queue_kept(written)
        self.merge.read_doubtful_again(agreements)
        waits._release_for(
            connection,
            {
                *(Awaited("remote", self.flow.kind, entry.log.external_id) for entry in written),
                # what released one transfer releases the others that wait for the same
                *(one for one in ended if one.reason == "change"),
            },
        )

    def _bind(self, written):
        """Link the records to the provider's; returns what both sides agree on (`Merge.agreements`)."""
        if not self.flow._importer()._binds:
            return {}
        agreements = self.merge.agreements(written)
        self.env["ml.binding"]._bind(
            self.connection,
            [
                {
                    "kind": self.flow.kind,
                    "external_id": entry.document.external_id,
                    "record": entry.record,
                    "external_version": entry.log.external_version,
                    "external_url": entry.log.external_url,
                    "is_shared": entry.is_shared,
                    **agreements.get(entry, {}),
                }
                for entry in written
                if entry.outcome != "drift" and entry.binds
            ],
        )
        return agreements

    def _record_attempts(self, entries, milliseconds):
        self.env["ml.sync.attempt"]._append(
            self.connection,
            [
                {
                    "log": entry.log,
                    "action": "write",
                    "outcome": entry.outcome if not entry.error else entry.log.state,
                    "error": entry.error,
                    "message": entry.note,
                    "milliseconds": milliseconds,
                    "trace_id": self.run.trace_id,
                }
                for entry in entries
            ],
        )

    def _store_result(self, entry, now, milliseconds):
        """{transfer: what it waits for} of the entry."""
        log, error = entry.log, entry.error
        if not error:
            log.write(
                {
                    "state": "done",
                    "outcome": entry.outcome,
                    "note": entry.note or False,
                    "res_model": entry.record._name,
                    "res_id": entry.record.id,
                    "done_at": now,
                    "milliseconds": milliseconds,
                    "lease_until": False,
                    "is_withdrawn": getattr(entry.document, "is_withdrawn", False),
                    "is_partial": entry.is_partial,
                    "comparison": entry.comparison,
                    **CLEAN,
                    **log._difference_values(entry.outcome, entry.note),
                }
            )
            return {log: {}}
        if log.is_current:
            return {log: self._store_failure(entry)}
        # the provider has another version by now, which has a transfer of its own
        log._supersede()
        return {}

    def _store_failure(self, entry):
        log, error = entry.log, entry.error
        vals, awaited = failure_of(log, error)
        if entry.bound:
            # Odoo does not have the newest version
            vals.update(res_model=entry.bound._name, res_id=entry.bound.id)
        if isinstance(error, FieldConflictError):
            vals.update(conflict=error.values, decision=False)
        log.write(vals)
        return awaited

    def _report_differences(self, written):
        """Create activities for records that changed after posting, and end those that are solved."""
        known = self.env["ml.sync.log"].union(*(entry.log for entry in written if entry.bound))
        differing = known.filtered(lambda log: log.outcome == "drift")
        differing._ask_about_differences()
        (known - differing)._end_activities()

    def _post_to_chatter(self, written):
        """Post a short line on the created or changed records."""
        by_model = {}
        for entry in written:
            if entry.outcome in BOOKED and hasattr(entry.record, "_message_log_batch"):
                text = paragraph(_booked_sentence(entry.outcome, self.connection._name_on(entry.record)), entry.note)
                by_model.setdefault(entry.record._name, {})[entry.record.id] = in_words(self.env, text)
        for model, bodies in by_model.items():
            self.connection._books_of(model)[model].browse(bodies)._message_log_batch(bodies)


def _booked_sentence(outcome, connection):
    match outcome:
        case "created":
            return _("Synced from %(connection)s.", connection=connection)
        case "linked":
            return _("Linked to %(connection)s.", connection=connection)
    return _("Updated from %(connection)s.", connection=connection)


class FileRequests(OfFlow):
    """The files of a flow's records."""

    def store_late(self, items):
        """Store files that were added without any other change of their record."""
        files_flow = self._files_flow()
        if not files_flow:
            return
        late = []
        for item in items:
            attachments = translated(self.run.provider.flow(files_flow.key), item.external_id, item.payload)
            if attachments and not isinstance(attachments, ConnectorError):
                payload = {"subject_kind": self.flow.kind, "names": [attachment.name for attachment in attachments]}
                late.append(replace(item, version=_files_version(attachments), payload=payload))
        self.env["ml.sync.log"]._store(files_flow, late)

    def queue(self, written):
        """Queue transfers that fetch the files of the written records, as a separate step."""
        files_flow = self._files_flow()
        if not files_flow:
            return
        # a record that was deleted and is created again has none of its files
        created = [entry.log.external_id for entry in written if entry.outcome == "created" and entry.binds]
        fetched = [("flow_id", "=", files_flow.id), ("external_id", "in", created), ("is_current", "=", True)]
        again = self.env["ml.sync.log"].search([*fetched, ("state", "=", "done")])
        for log in again.sudo():  # sudo: field without access
            payload = log.payload or {}
            if payload.get("had"):
                log.payload = {**payload, "names": sorted({*payload["names"], *payload["had"]}), "had": []}
        again._make_pending()
        self.env["ml.sync.log"]._store(
            files_flow,
            [
                entry.log._as_item(
                    version=_files_version(entry.document.attachments),
                    payload=_files_payload(self.flow, entry.document),
                )
                for entry in written
                if entry.document.attachments and entry.binds
            ],
        )

    def _files_flow(self):
        flows, key = self.connection.flow_ids, self.spec.files
        return flows.filtered(lambda sibling: sibling.active and key and sibling.key == key)


def _files_payload(flow, document):
    """The payload of a transfer that fetches the files of a document."""
    day = min(dates_of(document), default=None)
    names = [attachment.name for attachment in document.attachments]
    return {"subject_kind": flow.kind, "names": names, "day": day.isoformat() if day else ""}


def _files_version(attachments):
    return digest(sorted(attachment.name for attachment in attachments), 16)
