"""Books records in Odoo: translates, resolves and writes a batch in one transaction."""

import time
from functools import cached_property

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as CONFLICTS

from ..core.errors import ConnectorError
from ..importers.ml_importer import ImportEntry
from .base import CONFLICT_TRIES, RACES, OfFlow, halves
from .documents import translated
from .failures import as_connector_error
from .forward import Forward, by_model
from .merge import Merge
from .outcomes import Outcomes
from .resolve import Resolver

FORWARDED = ("created", "linked", "updated")


class Booking(OfFlow):
    """Books batches of transfers."""

    resolver_class = Resolver

    @cached_property
    def resolver(self):
        return self.resolver_class(self.run, self.flow)

    @cached_property
    def merge(self):
        return Merge(self.run, self.flow)

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
        entry = ImportEntry(logs, None)
        entry.error = as_connector_error(self.connection, error)
        self.store([entry], started)
        self.run.commit(processed=1)

    def _entries(self, logs):
        """The documents of a batch. An entry whose payload cannot be translated carries the error."""
        payloads = logs._payloads()
        documents = self._documents([(log.external_id, payloads[log.id]) for log in logs])
        entries = []
        for log, document in zip(logs, documents, strict=True):
            entry = ImportEntry(log, None)
            if isinstance(document, ConnectorError):
                entry.error = document
            else:
                entry.document = document
            entries.append(entry)
        return entries

    def _documents(self, rows):
        """The document of each row (external id, payload), or its ConnectorError."""
        return [translated(self.remote, *row) for row in rows]

    def _write(self, entries):
        """Plan and apply the entries without an error; the others get one."""
        importer = self.flow._importer()
        resolver = self.resolver.resolve(importer, entries)
        self.merge.merge(entries)
        ready = [entry for entry in entries if not entry.error]
        importer._plan_batch(self.flow, ready, resolver)
        importer._apply_batch(self.flow, [entry for entry in ready if not entry.error], resolver)

    def store(self, entries, started):
        """Store what became of the records, in their transaction, and forward those that another connection takes."""
        Outcomes(self.run, self.flow).store(entries, started)
        records = [entry.record for entry in entries if not entry.error and entry.outcome in FORWARDED]
        for together in by_model(records):
            self._forward(Forward(self.env), together)

    def _forward(self, forward, records):
        forward.records(self.flow, records)
