"""Stores what became of the records of a batch."""

from functools import cached_property

from odoo import fields

from ..core.errors import MappingError, UnreadableRowError
from ..core.messages import _, paragraph
from ..models.ml_sentence import in_words
from ..models.sync_states import CLEAN, ODOO
from .answers import BOOKED, Answers
from .base import OfFlow, elapsed
from .failures import FieldConflictError, MissingDependencyError, failure_values
from .file_requests import FileRequests
from .merge import Merge


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
        awaited = {entry.log: entry.log.depends_external_id for entry in entries if entry.log.depends_kind == ODOO}
        for entry in entries:
            self._store_result(entry, now, milliseconds)
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
        self.env["ml.sync.log"]._release_dependents(
            connection,
            {
                *((self.flow.kind, entry.log.external_id) for entry in written),
                # what released one transfer releases the others that wait for the same
                *((ODOO, key) for log, key in awaited.items() if log.depends_external_id != key),
            },
        )

    def _bind(self, written):
        """Link the records to the provider's; returns what both sides agree on (`Merge.agreements`)."""
        if not self.flow._writer()._binds:
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
        if log.is_current:
            self._store_failure(entry, now)
        else:
            # the provider has another version by now, which has a transfer of its own
            log._supersede()

    def _store_failure(self, entry, now):
        log, error = entry.log, entry.error
        vals = failure_values(log, error)
        if entry.bound:
            # Odoo does not have the newest version
            vals.update(res_model=entry.bound._name, res_id=entry.bound.id)
        if isinstance(error, MissingDependencyError):
            vals.update(depends_kind=error.key[0], depends_external_id=error.key[1], depends_name=error.name)
        elif isinstance(error, FieldConflictError):
            vals.update(conflict=error.values, decision=False)
        elif isinstance(error, MappingError):
            direction = log.flow_id._writer()._direction
            mappings = self.env["ml.mapping"]._upsert(self.connection, error.references, direction)
            if error.proposal:
                mappings._note_proposal(error.references[0], error.proposal)
            unmapped = mappings.filtered(lambda mapping: mapping.state == "unmapped")
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
