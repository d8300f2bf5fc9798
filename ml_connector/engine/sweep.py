"""Finds the records that a push flow has to send."""

from datetime import timedelta

from odoo import fields

from .base import OfFlow, bindings_by_record

SWEEP_CHUNK = 1000
SWEEP_OVERLAP = timedelta(hours=1)


class Sweep(OfFlow):
    """Finds the records that a push flow has to send."""

    def queue(self):
        """Queue records that changed since the last sweep, however they were changed."""
        started = fields.Datetime.now()
        if reason := self.flow._blocked():
            self.flow.error_message = reason
            self.flow._schedule_next(started)
            self.run.commit()
            return
        model = self.spec.watches
        if model:
            exporter = self.flow._exporter(model)
            domain = exporter._domain(self.flow)
            if self.flow.cursor:
                since = fields.Datetime.to_datetime(self.flow.cursor) - SWEEP_OVERLAP
                domain &= exporter._changed_since(model, since)
            ids = exporter.env[model].with_context(active_test=False).search(domain, order="id").ids
            for start in range(0, len(ids), SWEEP_CHUNK):
                records = exporter.env[model].browse(ids[start : start + SWEEP_CHUNK])
                records = exporter._sendable(self.flow, records)
                self.env["ml.sync.log"]._enqueue(self.flow, self._changed_since_synced(records))
                self.run.commit()
        self.flow.write(
            {
                "cursor": fields.Datetime.to_string(started),
                "last_success_at": fields.Datetime.now(),
                "error_message": False,
            }
        )
        self.flow._schedule_next(started)
        self.run.commit()

    def _changed_since_synced(self, records):
        """The records that changed after their last transfer."""
        bindings = bindings_by_record(self.flow, records)
        touched = self.flow._exporter(records._name)._touched_at(records)
        return records.filtered(
            lambda record: record.id not in bindings or touched[record.id] > bindings[record.id].synced_at
        )
