"""Reports results to the provider."""

import time
from functools import partial

from odoo import fields

from ..core.errors import ConnectorError, PermanentError
from ..core.messages import _
from .base import digest, elapsed, halves
from .doubt import Doubt, postpone
from .failures import as_connector_error, may_be_of_one
from .flow_work import FlowWork
from .queue import ALONE
from .sweep import Sweep

RESULT_BATCH = 500
LOOK_UPS = 5000


class Results(FlowWork):
    """Reports results to the provider, many in one call."""

    action = "send"

    def read(self):
        Sweep(self.run, self.flow).queue()

    def fail(self, log, error):
        self.run.deliveries.failed(log, error, "report")

    def stopped(self, count):
        return _("The server stopped %(count)s times while Odoo reported this result.", count=count)

    def process(self):
        """Report the results of records to the provider, many in one call."""
        self._look_up()
        while not self.run.is_over and (logs := self.run.queue.claim(self.flow, RESULT_BATCH)):
            for key, group in self._grouped_results(logs).items():
                self._report(group, key)

    def _grouped_results(self, logs):
        """Transfers by idempotency key: those that were sent together are sent together again, under the same key."""
        groups = {}
        for log in logs:
            payload = log.sudo().payload  # sudo: field without access
            groups.setdefault(log.idempotency_key or payload["subject"], self.env["ml.sync.log"])
            groups[log.idempotency_key or payload["subject"]] |= log
        return {group[:1].idempotency_key or self._result_key(group): group for group in groups.values()}

    def _result_key(self, logs):
        return digest(
            [self.connection.database_uuid, sorted(f"{log.external_id} {log.external_version}" for log in logs)], 32
        )

    def _report(self, logs, key):
        """Report together. A refused batch is halved until the refused result is alone."""
        started = time.monotonic()
        logs.write({"idempotency_key": key, "sent_at": fields.Datetime.now()})
        self.run.commit()
        calls = self.run.calls
        try:
            refused = self.remote.report([log._result() for log in logs], key)
        except Exception as error:  # noqa: BLE001 - whatever one result raises must not stop the others
            self._after_refusal(logs, as_connector_error(self.connection, error), has_effect=self.run.calls > calls)
            return
        milliseconds = elapsed(started) // len(logs)
        self.run.commit_answers(logs, partial(self._store_answers, refused, milliseconds))
        self.run.succeeded = True

    def _store_answers(self, refused, milliseconds, logs):
        taken = logs.filtered(lambda log: not refused.get(log.external_id))
        self.run.deliveries.arrived(taken, "sent", milliseconds, self.run.trace_id)
        for log in logs - taken:
            # the next attempt is another batch for the provider, and needs a key of its own
            log.idempotency_key = False
            self.run.deliveries.failed(log, PermanentError(refused[log.external_id]), action="report")

    def _after_refusal(self, logs, error, has_effect):
        if may_be_of_one(error, has_effect):
            if len(logs) > 1:
                for part in halves(logs):
                    self._report(part, self._result_key(part))
                return
            # none of it arrived
            store = self.run.deliveries.failed
        else:
            store = self.run.deliveries.refused
        self.run.commit_answers(logs, lambda held: [store(log, error, action="report") for log in held])
        if error.error_class in ("auth", "rate_limit"):
            raise error

    def _look_up(self):
        """Confirm unconfirmed results. A batch took effect as a whole, except for results that the provider refused.

        So one known result confirms those of its batch that cannot be looked up; unknown ones are sent again.
        """
        # results that were sent together are looked up together
        while logs := self.run.queue.claim_unconfirmed(self.flow, 1 if self.run.stops == ALONE else LOOK_UPS):
            with self.run.queue.counted(logs):
                for group in logs.filtered(lambda log: log.state == "unknown").grouped("idempotency_key").values():
                    self._resolve_results(group)
            self.run.commit()

    def _resolve_results(self, group):
        answers = self.run.parallel(self.remote.reported, [log._result() for log in group])
        errors = [answer for answer in answers if isinstance(answer, ConnectorError)]
        if any(error.error_class != "bug" for error in errors):
            for log in group:
                postpone(log, errors[0])
        else:
            # a result whose look-up fails counts as one that cannot be looked up
            answers = [None if isinstance(answer, ConnectorError) else answer for answer in answers]
            known = any(answers)
            for log, answer in zip(group, answers, strict=True):
                if answer or (known and answer is None):
                    self.run.deliveries.arrived(log, "sent")
                else:
                    Doubt(self.run, self.flow).send_again(log)
        self.run.commit(processed=len(group))
