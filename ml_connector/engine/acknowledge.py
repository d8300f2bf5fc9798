"""Confirms to the provider that its records are stored."""

import time

from odoo import fields
from odoo.fields import Domain

from ..core.errors import StoppedError
from ..core.messages import _
from ..models.ml_error_class import MAX_STOPS
from .base import BATCH, OfFlow, elapsed, halves
from .failures import as_connector_error, may_be_of_one
from .queue import in_turn, portion


class Acknowledgements(OfFlow):
    """Acknowledges stored records to the provider."""

    def send(self, stops=0):
        """Acknowledge stored records to the provider. Those that it withdrew meanwhile are ignored."""
        if not self.spec.acknowledges:
            return
        unknown = in_turn(stops) & Domain("flow_id", "=", self.flow.id)
        unknown &= Domain("is_acknowledged", "=", False) & Domain("state", "=", "pending")
        while logs := self.env["ml.sync.log"].search(unknown, order="id", limit=portion(BATCH, stops)):
            if logs[0].stop_count >= MAX_STOPS:  # such transfers come one by one
                sentence = _(
                    "The server stopped %(count)s times while Odoo acknowledged this record.", count=logs.stop_count
                )
                self.run.work_of(self.flow).give_up(logs, StoppedError(sentence))
                self.run.commit()
                continue
            reading, self.flow.stop_count = self.flow.stop_count, 0  # a stop during this call is no stop of the reading
            with self.run.queue.counted(logs):
                self._batch(logs)
            self.flow.stop_count = reading
            self.run.commit()

    def _batch(self, logs):
        """Acknowledge together. A refused batch is halved until the refused record is alone."""
        started = time.monotonic()
        try:
            refused = self.remote.acknowledge(logs.mapped("external_version"))
        except Exception as error:  # noqa: BLE001 - whatever one document raises must not stop the others
            problem = as_connector_error(self.connection, error)
            # acknowledging twice does no harm
            if not may_be_of_one(problem, has_effect=False):
                raise
            if len(logs) > 1:
                for part in halves(logs):
                    self._batch(part)
                return
            self.run.work_of(self.flow).give_up(logs, problem)
        else:
            self._store(logs, refused, started)
        self.run.commit(processed=len(logs))

    def _store(self, logs, refused, started):
        logs.is_acknowledged = True
        milliseconds = elapsed(started) // len(logs)
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
                    "trace_id": self.run.trace_id,
                }
            )
        self.env["ml.sync.attempt"]._append(self.connection, attempts)
