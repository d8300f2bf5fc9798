import hashlib
import json
import logging
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial

from odoo import fields, models
from odoo.fields import Domain

from ..core.documents import DownloadedFile, Files
from ..core.documents.dates import dates_of
from ..core.errors import (
    ConflictError,
    ConnectorError,
    DoubtfulDateError,
    InvalidDataError,
    MappingError,
    NotRelevantError,
    StoppedError,
    UnreadableRowError,
)
from ..core.items import document_of, refuse_unreadable
from ..core.messages import _, paragraph
from ..core.stored_files import stored_name
from ..exporters.kinds import kind_name
from ..importers.ml_importer import ImportEntry, MappingLookup
from ..models.ml_error_class import MAX_STOPS, told
from ..models.ml_mapping import MAPPED_MODELS
from ..models.ml_sentence import in_words
from ..models.ml_sync_log import CLEAN, DECIDED_STATES, DIFFERS, FINAL_STATES, MERGED_STATES, ODOO
from .ml_worker import CONFLICT_TRIES, CONFLICTS, RACES, halves, in_turn, portion
from .ml_worker_merge import FieldConflictError
from .waits import Waits

_logger = logging.getLogger(__name__)

BATCH = 50
FARTHEST_DATE = timedelta(days=9 * 365)
"""How far from today a date may be without a question to the user."""
ANSWER_WITHIN = timedelta(days=7)
"""How long Odoo waits for its users before it answers a provider that needs an answer."""
BOOKED = ("created", "linked", "updated")
REFUSED = {"success": False, "reference": "", "url": "", "message": "", "advice": ""}
OUTDATED = _("A newer version replaced this one before Odoo booked it.")


class MissingDependencyError(ConnectorError):
    """The record depends on another remote record that is not in Odoo yet."""

    error_class = "mapping"
    can_come_true = True

    def __init__(self, message, key, name):
        super().__init__(message)
        self.key = key
        self.name = name


class MlWorker(models.AbstractModel):
    _inherit = "ml.worker"

    # ------------------------------------------------------------------ fetch

    def _pull(self, run, flow):
        """Store the provider's records for a flow. Transfers and cursor are committed page by page."""
        started = fields.Datetime.now()
        flow.write({"progress_done": 0, "progress_total": 0})
        self._acknowledge(run, flow)
        run.listed[flow.id] = set()
        for page in run.provider.flow(flow.key).pull(flow._read_from(), flow.start_date or None):
            run.listed[flow.id].update(item.external_id for item in page.items)
            found = page.items if flow.kind != "file" else self._missing_files(flow, page.items)
            new = self.env["ml.sync.log"]._store(flow, found)
            if page.cursor is not None:
                flow.cursor = page.cursor
            flow.progress_total += new
            # a new page begins: only stops during the same page count
            flow.stop_count = 1
            self._commit(run, processed=new)
            self._acknowledge(run, flow)
        if flow._is_reread_due(started):
            self._reread(run, flow)
            flow.reread_at = started
        if flow._spec().acknowledges:
            self._answer_overdue(flow)
        flow._schedule_next(started)
        flow.write({"last_success_at": fields.Datetime.now(), "error_message": False})
        run.succeeded = True
        self._commit(run)

    def _reread(self, run, flow):
        """Read records again that may change after booking and are in no list of new ones. Unknown ones are skipped."""
        for page in run.provider.flow(flow.key).reread():
            run.listed[flow.id].update(item.external_id for item in page.items)
            keys = {(flow.kind, item.external_id) for item in page.items}
            bound = self.env["ml.binding"]._records(flow.connection_id, keys)
            known = [item for item in page.items if (flow.kind, item.external_id) in bound]
            new = self.env["ml.sync.log"]._store(flow, known)
            self._store_late_files(run, flow, known)
            flow.progress_total += new
            self._commit(run, processed=new)

    def _store_late_files(self, run, flow, items):
        """Store files that were added without any other change of their record."""
        files_flow = self._sibling(flow, flow._spec().files)
        if not files_flow:
            return
        late = []
        for item in items:
            attachments = _translated(run.provider.flow(files_flow.key), item.external_id, item.payload)
            if attachments and not isinstance(attachments, ConnectorError):
                payload = {"subject_kind": flow.kind, "names": [attachment.name for attachment in attachments]}
                late.append(replace(item, version=_files_version(attachments), payload=payload))
        self.env["ml.sync.log"]._store(files_flow, late)

    def _acknowledge(self, run, flow, stops=0):
        """Acknowledge stored records to the provider. Those that it withdrew meanwhile are ignored."""
        if not flow._spec().acknowledges:
            return
        unknown = in_turn(stops) & Domain("flow_id", "=", flow.id)
        unknown &= Domain("is_acknowledged", "=", False) & Domain("state", "=", "pending")
        while logs := self.env["ml.sync.log"].search(unknown, order="id", limit=portion(BATCH, stops)):
            if logs[0].stop_count >= MAX_STOPS:  # such transfers come one by one
                sentence = _(
                    "The server stopped %(count)s times while Odoo acknowledged this record.", count=logs.stop_count
                )
                self._give_up(run, logs, StoppedError(sentence))
                self._commit(run)
                continue
            reading, flow.stop_count = flow.stop_count, 0  # a stop during this call is no stop of the reading
            with self._counted(run, logs):
                self._acknowledge_batch(run, flow, logs)
            flow.stop_count = reading
            self._commit(run)

    def _acknowledge_batch(self, run, flow, logs):
        """Acknowledge together. A refused batch is halved until the refused record is alone."""
        started = time.monotonic()
        try:
            refused = run.provider.flow(flow.key).acknowledge(logs.mapped("external_version"))
        except Exception as error:  # noqa: BLE001 - whatever one document raises must not stop the others
            problem = self._as_connector_error(error)
            # acknowledging twice does no harm
            if not self._may_be_of_one(problem, has_effect=False):
                raise
            if len(logs) > 1:
                for part in halves(logs):
                    self._acknowledge_batch(run, flow, part)
                return
            self._give_up(run, logs, problem)
        else:
            self._store_acknowledged(run, logs, refused, started)
        self._commit(run, processed=len(logs))

    def _store_acknowledged(self, run, logs, refused, started):
        logs.is_acknowledged = True
        milliseconds = self._elapsed(started) // len(logs)
        attempts = []
        for log in logs:
            reason = refused.get(log.external_version)
            if reason:
                log.write({"state": "ignored", "ignored_reason": reason, "done_at": fields.Datetime.now()})
            attempts.append(
                {
                    "log": log,
                    "action": "acknowledge",
                    "outcome": "ignored" if reason else "sent",
                    "message": reason,
                    "milliseconds": milliseconds,
                    "trace_id": run.trace_id,
                }
            )
        self.env["ml.sync.attempt"]._append(run.connection, attempts)

    def _fetch_missing(self, run):
        """Fetch remote records that others wait for and that no page or event brought. True when there were any."""
        waits = Waits(run)
        returned = self._notice_gone(waits.rows())
        stored = waits.fetch_missing()
        self._commit(run)
        return stored or returned

    def _compare_again(self, run):
        """Compare records that changed after posting again once their Odoo record was changed."""
        domain = [("connection_id", "=", run.connection.id), ("direction", "=", "pull"), ("state", "=", "done")]
        for model, logs in self.env["ml.sync.log"].search([*domain, *DIFFERS]).grouped("res_model").items():
            records = self.env[model].browse(set(logs.mapped("res_id"))).exists()
            changed_at = {record.id: record.write_date for record in records}
            logs.filtered(
                lambda log, changed_at=changed_at: (moment := changed_at.get(log.res_id)) and moment > log.done_at
            )._make_pending()
        self._commit(run)

    def _notice_gone(self, waiting):
        """Handle awaited records that were deleted in Odoo. True when some of them are imported again.

        Master data is imported again automatically: a vendor is searched or created. A document was deleted on purpose,
        so a user decides whether it is imported again.
        """
        gone = waiting._awaited().filtered("is_record_gone")
        returning = gone.filtered(lambda log: log.res_model in MAPPED_MODELS.values())
        returning._make_pending()
        keys = {(log.kind, log.external_id) for log in gone - returning}
        for log in waiting.filtered(
            lambda log: not log.is_awaited_gone and (log.depends_kind, log.depends_external_id) in keys
        ):
            message = _("%(name)s was deleted in Odoo.", name=log.depends_name)
            log.write({"is_awaited_gone": True, "error_message": message})
        return bool(returning)

    # ------------------------------------------------------------------ write

    def _work_pull(self, run, flow):
        if run.stops:
            self._acknowledge(run, flow, run.stops)
        while not run.is_over and (logs := self._claim(run, flow, self._batch(run, flow))):
            for is_decided, group in logs.grouped(lambda log: log.decision == "next_open_day").items():
                worker = self.with_context(ml_next_open_day=True) if is_decided else self
                worker._process(run, flow.with_env(worker.env), group.with_env(worker.env))
            run.succeeded = True

    def _batch(self, run, flow):
        """Number of transfers claimed together: of those with files only as many as fit into memory."""
        return run.files_at_once if flow.kind == "file" else BATCH

    def _process(self, run, flow, logs):
        """Write a claimed batch into Odoo in one transaction; in halves when that fails."""
        started = time.monotonic()
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                entries = self._entries(run, flow, logs)
                self._fit_files(run, flow, entries)
                self._write_documents(run, flow, entries)
                self._store_results(run, flow, entries, started)
                self._commit(run, processed=len(logs))
                return
            except Exception as error:  # noqa: BLE001 - whatever one record raises must not stop the others
                self.env.cr.rollback()
                if isinstance(error, RACES) and attempt < CONFLICT_TRIES:
                    continue
                if isinstance(error, CONFLICTS):
                    raise
                return self._after_failure(run, flow, logs, error, started)

    def _after_failure(self, run, flow, logs, error, started):
        if len(logs) > 1:
            for part in halves(logs):
                self._process(run, flow, part)
            return
        entry = ImportEntry(logs, None)
        entry.error = self._as_connector_error(error)
        self._store_results(run, flow, [entry], started)
        self._commit(run, processed=1)

    def _entries(self, run, flow, logs):
        """The documents of a batch. An entry whose payload cannot be translated carries the error."""
        rows = [(log.external_id, log.sudo().payload) for log in logs]  # sudo: field without access
        if flow.kind == "file":
            read = partial(_download, run.provider.flow(flow.key))
            documents = run.parallel(read, rows)
        else:
            documents = [_translated(run.provider.flow(flow.key), *row) for row in rows]
        entries = []
        for log, document in zip(logs, documents, strict=True):
            entry = ImportEntry(log, None)
            if isinstance(document, ConnectorError):
                entry.error = document
            else:
                entry.document = document
            entries.append(entry)
        return entries

    def _fit_files(self, run, flow, entries):
        if flow.kind != "file":
            return
        files = [entry.document for entry in entries if isinstance(entry.document, Files)]
        run.fit_files([sum(len(file.content) for file in document.files) for document in files])

    def _write_documents(self, run, flow, entries):
        """Plan and apply the entries without an error; the others get one."""
        importer = flow._writer()
        resolver = self._resolve(flow, importer, entries)
        self._merge(run, flow, entries)
        ready = [entry for entry in entries if not entry.error]
        importer._plan_batch(flow, ready, resolver)
        importer._apply_batch(flow, [entry for entry in ready if not entry.error], resolver)

    def _resolve(self, flow, importer, entries):
        """Look up mappings and record links of all entries. Entries that lack one get an error."""
        connection = flow.connection_id
        self._question_dates(entries)
        good = [entry for entry in entries if not entry.error]
        references = {id(entry): tuple(importer._references(entry.document)) for entry in good}
        dependencies = {id(entry): tuple(importer._dependencies(entry.document)) for entry in good}
        wanted = {(ref.kind, ref.external_id) for refs in references.values() for ref in refs}
        keys = {(kind, external_id) for deps in dependencies.values() for kind, external_id, _name in deps}
        keys |= {(flow.kind, entry.document.external_id) for entry in good if importer._binds}
        bound = self._bound(flow, good, keys)
        mapped = importer._mapped(connection, wanted)
        for entry in good:
            if importer._binds:
                entry.bound = bound.get((flow.kind, entry.document.external_id))
            needed = [bound[dep[:2]] for dep in dependencies[id(entry)] if dep[:2] in bound]
            if foreign := [record for record in (entry.bound, *needed) if record and not importer._takes(record)]:
                entry.error = self._went_otherwise(entry, foreign[0])
                continue
            missing = [
                ref
                for ref in references[id(entry)]
                if (ref.kind, ref.external_id) not in mapped and ref.kind not in importer._optional_kinds
            ]
            absent = [dep for dep in dependencies[id(entry)] if dep[:2] not in bound]
            if missing:
                entry.error = MappingError(self._missing_sentence(missing), missing)
            elif absent:
                entry.error = self._absence(flow, *absent[0])
        return MappingLookup(connection, mapped, bound)

    def _question_dates(self, entries):
        """Hold documents with improbable dates for review: the one place for every date of every document."""
        today = fields.Date.today()
        for entry in entries:
            is_wanted = not entry.error and not getattr(entry.document, "is_withdrawn", False)
            if not is_wanted or (entry.log and entry.log.decision == "date_is_right"):
                continue
            far = [date for date in dates_of(entry.document) if abs(date - today) > FARTHEST_DATE]
            if far:
                entry.error = DoubtfulDateError(
                    _("The date %(date)s is many years away. It may be a mistake.", date=far[0])
                )

    def _went_otherwise(self, entry, record):
        """The error of a document whose record, or one that it depends on, came through another flow."""
        if entry.bound == record:
            return ConflictError(
                _(
                    "%(name)s was imported by a different flow. Apply the change manually, then ignore this transfer.",
                    name=record.display_name,
                )
            )
        return NotRelevantError(
            _("It belongs to %(name)s, which was forwarded and not booked in Odoo.", name=record.display_name)
        )

    def _bound(self, flow, entries, keys):
        """{(kind, external id): Odoo record} of the linked remote records."""
        return self.env["ml.binding"]._records(flow.connection_id, keys)

    def _absence(self, flow, kind, external_id, name):
        """The error of a record that refers to a remote record which is not in Odoo."""
        return MissingDependencyError(
            _("Waiting for %(kind)s %(name)s.", kind=kind_name(kind), name=name or external_id),
            (kind, external_id),
            name or external_id,
        )

    def _missing_sentence(self, references):
        codes = tuple(
            dict.fromkeys(
                _(
                    "%(kind)s %(code)s",
                    kind=kind_name(ref.kind),
                    code=" ".join(filter(None, (ref.code, ref.name))) or ref.external_id,
                )
                for ref in references
            )
        )
        if len(codes) == 1:
            return _("Missing mapping: %(code)s.", code=codes[0])
        return _("Missing mappings: %(codes)s.", codes=codes)

    # ------------------------------------------------------------------ results

    def _store_results(self, run, flow, entries, started):
        """Store record links, transfers, attempts, chatter, results and files in the transaction of the records."""
        milliseconds = self._elapsed(started) // max(len(entries), 1)
        connection = run.connection
        importer = flow._writer()
        now = fields.Datetime.now()
        written = [entry for entry in entries if not entry.error]
        if importer._binds:
            agreements = self._agreements(flow, written)
            self.env["ml.binding"]._bind(
                connection,
                [
                    {
                        "kind": flow.kind,
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
        awaited = {entry.log: entry.log.depends_external_id for entry in entries if entry.log.depends_kind == ODOO}
        for entry in entries:
            self._store_result(connection, entry, now, milliseconds)
        self.env["ml.sync.attempt"]._append(
            connection,
            [
                {
                    "log": entry.log,
                    "action": "write",
                    "outcome": entry.outcome if not entry.error else entry.log.state,
                    "error": entry.error,
                    "message": entry.note,
                    "milliseconds": milliseconds,
                    "trace_id": run.trace_id,
                }
                for entry in entries
            ],
        )
        flow.progress_done += len(entries)
        self._report_differences(written)
        if unreadable := [entry.error for entry in entries if isinstance(entry.error, UnreadableRowError)]:
            connection._notify_owner(unreadable[0])
        self._post_to_chatter(connection, written)
        self._queue_files(flow, written)
        self._queue_reports(flow, entries)
        self._queue_kept(flow, written)
        self.env["ml.sync.log"]._release_dependents(
            connection,
            {
                *((flow.kind, entry.log.external_id) for entry in written),
                # what released one transfer releases the others that wait for the same
                *((ODOO, key) for log, key in awaited.items() if log.depends_external_id != key),
            },
        )

    def _store_result(self, connection, entry, now, milliseconds):
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
            return
        if not log.is_current:
            # the provider has another version by now, which has a transfer of its own
            log._supersede()
            return
        vals = self._failure_values(log, error)
        if entry.bound:
            # Odoo does not have the newest version
            vals.update(res_model=entry.bound._name, res_id=entry.bound.id)
        if isinstance(error, MissingDependencyError):
            vals.update(depends_kind=error.key[0], depends_external_id=error.key[1], depends_name=error.name)
        elif isinstance(error, FieldConflictError):
            vals.update(conflict=error.values, decision=False)
        elif isinstance(error, MappingError):
            mappings = self.env["ml.mapping"]._upsert(connection, error.references)
            if error.proposal:
                mappings._note_proposal(error.references[0], error.proposal)
            importer = log.flow_id._writer()
            unmapped = mappings.filtered(lambda mapping: not importer._is_filled(mapping))
            if not unmapped and mappings:
                # Odoo had the same code: the mapping was filled when it was created, and the record can continue
                vals.update(state="pending", next_try_at=now, try_count=0)
            vals["waiting_mapping_ids"] = [fields.Command.set(unmapped.ids)]
        if log.waiting_mapping_ids and "waiting_mapping_ids" not in vals:
            vals["waiting_mapping_ids"] = [fields.Command.clear()]
        log.write(vals)

    def _report_differences(self, written):
        """Create activities for records that changed after posting, and end those that are solved."""
        known = self.env["ml.sync.log"].union(*(entry.log for entry in written if entry.bound))
        differing = known.filtered(lambda log: log.outcome == "drift")
        differing._ask_about_differences()
        (known - differing)._end_activities()

    def _post_to_chatter(self, connection, written):
        """Post a short line on the created or changed records."""
        by_model = {}
        for entry in written:
            if entry.outcome in BOOKED and hasattr(entry.record, "_message_log_batch"):
                text = paragraph(_booked_sentence(entry.outcome, connection._name_on(entry.record)), entry.note)
                by_model.setdefault(entry.record._name, {})[entry.record.id] = in_words(self.env, text)
        for model, bodies in by_model.items():
            connection._books_of(model)[model].browse(bodies)._message_log_batch(bodies)

    def _queue_files(self, flow, written):
        """Queue transfers that fetch the files of the written records, as a separate step."""
        files_flow = self._sibling(flow, flow._spec().files)
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
                    payload=_files_payload(flow, entry.document),
                )
                for entry in written
                if entry.document.attachments and entry.binds
            ],
        )

    def _missing_files(self, flow, items):
        """Of files that were listed apart from their records the unknown ones, as one item for each record.

        A record that is not in Odoo yet names its files when it is imported. Unreadable items are kept.
        """
        found, kept = {}, []
        for item in items:
            if item.payload.get("names"):
                found.setdefault((item.payload["subject_kind"], item.external_id), []).append(item)
            else:
                kept.append(item)
        known = {log.external_id: log for log in self._current_rows([("flow_id", "=", flow.id)], found)}
        for key in found.keys() & self._known_subjects(flow, found):
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
                replace(first, version=_digest(sorted(had | wanted)), title=log.name or first.title, payload=payload)
            )
        return kept

    def _known_subjects(self, flow, keys):
        """The remote records (kind, external id) that are in Odoo, or have a transfer that may import them."""
        bound = set(self.env["ml.binding"]._records(flow.connection_id, set(keys)))
        rows = self._current_rows(
            [("connection_id", "=", flow.connection_id.id), ("state", "not in", DECIDED_STATES)], keys
        )
        return bound | {(row.kind, row.external_id) for row in rows}

    def _current_rows(self, domain, keys):
        ids = list({external_id for _kind, external_id in keys})
        of_ids = [("direction", "=", "pull"), ("external_id", "in", ids), ("is_current", "=", True)]
        return self.env["ml.sync.log"].search([*domain, *of_ids])

    def _sibling(self, flow, key):
        return flow.connection_id.flow_ids.filtered(lambda sibling: sibling.active and key and sibling.key == key)

    def _queue_reports(self, flow, entries):
        """Queue transfers that report the results of the records to the provider."""
        result_flow = self._result_flow(flow)
        if not result_flow or not flow._spec().reports:
            return
        importer = flow._writer()
        base_url = flow.connection_id._told_base()
        # an acknowledged record has to be answered, even if nothing changed
        acknowledges = flow._spec().acknowledges
        booked = (*BOOKED, "unchanged") if acknowledges else ("created", "linked")
        revised = self._revised(flow, entries) if acknowledges else {}
        results = []
        for entry in entries:
            log = entry.log
            if not log._may_be_told():
                continue
            if not entry.error and entry.outcome in booked:
                result = {
                    "success": True,
                    "reference": importer._result_reference(entry.record),
                    "url": base_url and f"{base_url}/odoo/{entry.record._name}/{entry.record.id}",
                    "message": "",
                }
            elif entry.error and log.state == "failed" and (flow.tell_failures or log.external_id in revised):
                result = self._refusal(log, entry.error.error_class, entry.error.message)
            elif entry.error and acknowledges and log.state in DECIDED_STATES:
                # it will never be booked
                is_outdated = log.state == "superseded"
                sentence = OUTDATED if is_outdated else entry.error.message
                result = {**REFUSED, "message": in_words(self.env, sentence)}
            elif not entry.error and entry.outcome == "drift" and acknowledges:
                # the provider waits for an answer, and a version that was not booked is no success
                result = self._refusal(log, "changed", entry.note)
            else:
                continue
            results.append((log, {**_about(log), **result}))
        # an Odoo record that several remote records share has a result for each of them
        shared = {entry.log.id for entry in entries if not entry.binds}
        self._insert_reports(result_flow, results, shared, self._awaited_results(flow, entries))

    def _revised(self, flow, entries):
        """Ids of the records that failed as a further version of a booked one."""
        failed = [entry.log.external_id for entry in entries if entry.error and entry.log.state == "failed"]
        keys = self.env["ml.binding"]._records(flow.connection_id, {(flow.kind, key) for key in failed})
        return {external_id for _kind, external_id in keys}

    def _answer_ignored(self, logs):
        """Report to the provider that a user ignored a record for which it needs an answer."""
        self._refuse_acknowledged({log: {**REFUSED, "message": self._ignored_sentence(log)} for log in logs})

    def _ignored_sentence(self, log):
        return in_words(self.env, log._sentence("ignored_reason")) or ""

    def _answer_outdated(self, logs):
        """Report to the provider that a version will not be booked because a newer one replaced it."""
        outdated = {**REFUSED, "message": in_words(self.env, OUTDATED)}
        self._refuse_acknowledged(dict.fromkeys(self._unanswered(logs), outdated))

    def _answer_overdue(self, flow):
        """Report failures to the provider that were not solved in time: it cannot continue without an answer."""
        overdue = self.env["ml.sync.log"].search(
            [
                ("flow_id", "=", flow.id),
                ("state", "in", ("failed", "waiting")),
                ("is_current", "=", True),
                ("create_date", "<", fields.Datetime.now() - ANSWER_WITHIN),
            ]
        )
        self._refuse_acknowledged(
            {
                log: self._refusal(log, log.error_class, log._sentence("error_message"))
                for log in self._unanswered(overdue)
            }
        )

    def _refusal(self, log, error_class, sentence):
        """The result of a record that was not booked, in the words of the provider's users."""
        message, advice = told(self.env, error_class, sentence, log.connection_id)
        return {**REFUSED, "message": message, "advice": advice}

    def _refuse_acknowledged(self, answers):
        """:param answers: {transfer: the result to report}"""
        logs = self.env["ml.sync.log"].union(*answers)
        logs = logs.filtered(lambda log: log._may_be_told())
        for flow, group in logs.grouped("flow_id").items():
            results = self._result_flow(flow)
            if results and flow._spec().acknowledges and flow._spec().reports:
                self._insert_reports(results, [(log, {**_about(log), **answers[log]}) for log in group])

    def _unanswered(self, logs):
        """The transfers for whose version no result was stored."""
        stored = self.env["ml.sync.log"].search(
            [
                ("connection_id", "in", logs.connection_id.ids),
                ("kind", "=", "result"),
                ("external_id", "in", logs.mapped("external_id")),
                ("state", "!=", "superseded"),
            ]
        )
        answered = {(row.external_id, row._result().version) for row in stored}
        return logs.filtered(lambda log: (log.external_id, log.external_version) not in answered)

    def _result_flow(self, flow):
        return flow.connection_id.flow_ids.filtered(lambda sibling: sibling.active and sibling.kind == "result")

    def _awaited_results(self, flow, entries):
        """{transfer id: remote record that it depends on} where the provider must receive that one's result first."""
        connection, importer = flow.connection_id, flow._writer()
        reported = {sibling.kind for sibling in connection.flow_ids if sibling._spec().reports}
        builds_on = {
            entry.log.id: [needed for needed in importer._dependencies(entry.document) if needed[0] in reported]
            for entry in entries
            if not entry.error
        }
        keys = {needed[:2] for all_needed in builds_on.values() for needed in all_needed}
        unreported = self._unreported(connection, keys) if keys else set()
        awaited = {log_id: [key for key in needed if key[:2] in unreported] for log_id, needed in builds_on.items()}
        return {log_id: keys[0] for log_id, keys in awaited.items() if keys}

    def _unreported(self, connection, keys):
        """The remote records (kind, external id) whose result the provider has not received yet."""
        open_results = self.env["ml.sync.log"].search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "=", "result"),
                ("external_id", "in", list({external_id for _kind, external_id in keys})),
                ("state", "not in", FINAL_STATES),
            ]
        )
        external_ids = set(open_results.mapped("external_id"))
        return {key for key in keys if key[1] in external_ids}

    def _insert_reports(self, result_flow, results, shared=(), awaited=None):
        """
        :param shared: ids of transfers whose Odoo record belongs to several remote records
        :param awaited: {transfer id: kind, external id and name of the remote record whose result goes first}
        """
        logs = self.env["ml.sync.log"]
        earlier = logs.search(
            [("flow_id", "=", result_flow.id), ("external_id", "in", [log.external_id for log, _result in results])]
        )
        latest = {(log.kind, log.external_id): log for log in earlier.sorted("id")}
        rows = []
        for log, result in results:
            # the same result is reported once, even if the person to ask changed
            version = _digest({name: value for name, value in result.items() if name != "advice"})
            before = latest.get(("result", log.external_id))
            if before and before.external_version == version and before.state != "superseded":
                continue
            under_way = earlier.filtered(
                lambda row, log=log: row.external_id == log.external_id and row.state in MERGED_STATES
            )
            others = logs
            if log.flow_id._spec().acknowledges:
                # each acknowledged version gets its own answer
                others = under_way.filtered(lambda row, log=log: row._result().version != log.external_version)
            (under_way - others)._supersede()
            rows.append(
                {
                    "name": log.name,
                    "connection_id": log.connection_id.id,
                    "company_id": log.company_id.id,
                    "flow_id": result_flow.id,
                    "direction": "push",
                    "kind": "result",
                    "external_id": log.external_id,
                    "external_version": version,
                    "external_url": log.external_url,
                    "res_model": log.res_model,
                    # only one open transfer may refer to a record
                    "res_id": False if log.id in shared or others else log.res_id,
                    "payload": result,
                    **self._waiting_result(result_flow, (awaited or {}).get(log.id)),
                }
            )
        logs.create(rows)

    def _waiting_result(self, result_flow, needed):
        """Values of a result that waits for the result of `needed` (kind, external id, name)."""
        if not needed:
            return {}
        _kind, external_id, name = needed
        return {
            "state": "waiting",
            "error_class": MissingDependencyError.error_class,
            "error_message": _(
                "%(provider)s must receive the result of %(name)s first.",
                provider=result_flow.connection_id._provider_class().label,
                name=name or external_id,
            ),
            "depends_kind": "result",
            "depends_external_id": external_id,
            "depends_name": name or external_id,
        }


def _booked_sentence(outcome, connection):
    match outcome:
        case "created":
            return _("Synced from %(connection)s.", connection=connection)
        case "linked":
            return _("Linked to %(connection)s.", connection=connection)
    return _("Updated from %(connection)s.", connection=connection)


def _about(log):
    """The values that identify the subject of a result."""
    return {"subject": log.kind, "external_id": log.external_id, "version": log.external_version}


def _translated(flow, external_id, payload):
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


def _download(flow, row):
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


def _files_payload(flow, document):
    """The payload of a transfer that fetches the files of a document."""
    day = min(dates_of(document), default=None)
    names = [attachment.name for attachment in document.attachments]
    return {"subject_kind": flow.kind, "names": names, "day": day.isoformat() if day else ""}


def _files_version(attachments):
    return _digest(sorted(attachment.name for attachment in attachments))


def _digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
