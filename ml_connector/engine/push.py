"""Renders and sends the records of a push flow."""

import time
from collections import Counter
from datetime import timedelta
from functools import cached_property, partial

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError

from ..core.errors import ConnectorError, InvalidDataError, MappingError, NotRelevantError
from ..core.messages import _
from .base import PARALLEL_CALLS, RACES, SEND_BATCH, OfFlow, bindings_by_record, digest, elapsed, halves
from .doubt import Doubt
from .dry_run import push_lines
from .failures import as_connector_error, may_be_of_one
from .flow_work import Outgoing
from .merge import agreed_here
from .sent import Sent


class Push(Outgoing):
    """Records of Odoo, to the provider."""

    @cached_property
    def sent(self):
        return Sent(self.run, self.flow)

    def stopped(self, count):
        return _("The server stopped %(count)s times while Odoo sent this record.", count=count)

    def dry_run(self):
        return push_lines(self)

    def process(self):
        if self.flow._blocked():
            return
        Doubt(self.run, self.flow).look_up()
        while not self.run.is_over and (logs := self.run.queue.claim(self.flow, self._batch)):
            outgoing = [job for group in logs.grouped("res_model").values() for job in self._prepared(group)]
            if self.spec.follows:
                self.run.fit_files([_file_bytes(payload) for _log, payload, *_rest in outgoing])
            self.run.commit(processed=len(logs) - len(outgoing))
            self._send(outgoing)

    @property
    def _batch(self):
        """Number of transfers claimed together: of those with files only as many as fit into memory."""
        return self.run.files_at_once if self.spec.follows else max(SEND_BATCH, self.spec.batch)

    def _prepared(self, logs):
        """Like `_prepare`. Where the connection's user lacks a right, the transfers fail with it."""
        try:
            return self._prepare(logs)
        except AccessError as error:
            self.env.cr.rollback()
            problem = as_connector_error(self.connection, error)
            for log in logs:
                self.run.deliveries.failed(log, problem)
            return []

    def _prepare(self, logs):
        """Render the changed records of one model. Returns the jobs to send."""
        books = self.connection._books_of(logs[0].res_model)
        records = books[logs[0].res_model].browse(logs.mapped("res_id"))
        logs = self._without_unconfirmed(logs)
        odoo_values = self.sent.own_changes.values(logs)
        logs = self._without_held(records, logs, odoo_values)
        exporter = self.flow._exporter(records._name)
        bindings = bindings_by_record(self.flow, records)
        unseen = self.connection._unseen_in_books(records)
        outside = self._outside(exporter, logs)
        outgoing = []
        for log in logs:
            binding = bindings.get(log.res_id, self.env["ml.binding"])
            record = books[log.res_model].browse(log.res_id).exists()
            if not record:
                log.write({"state": "superseded", "done_at": fields.Datetime.now(), "lease_until": False})
                continue
            try:
                if binding and record.id in outside:
                    raise self._outside_error(log)
                if record in unseen:  # values that the engine has read would come from the cache without a check
                    record.check_access("read")
                if not binding and exporter._is_taken_back(record):
                    raise NotRelevantError(_("Archived or cancelled in Odoo before Odoo sent it."))
                document = self.sent.own_changes.document(record, binding)
                payload = self.remote.render(document)
            except psycopg2.Error:
                raise
            except Exception as error:  # noqa: BLE001 - whatever one record raises must not stop the others
                self.run.deliveries.failed(log, as_connector_error(self.connection, error))
                continue
            if job := self._job(log, payload, binding, odoo_values.get(log.res_id), exporter):
                outgoing.append(job)
        return outgoing

    def _job(self, log, payload, binding, values, exporter):
        """The job that sends a rendered record: (transfer, payload, external id, fingerprint, values); None if none."""
        stored = _storable(payload)
        fingerprint = digest(stored, 32)
        if binding.fingerprint == fingerprint:
            # so that the next sweep skips it
            agreed = agreed_here(binding, values, self.remote.not_accepted())
            binding.write({"synced_at": self.env.cr.now(), "agreed_odoo": agreed or binding.agreed_odoo})
            self.run.deliveries.arrived(log, "unchanged")
            return None
        if binding and not exporter._sends_changes:
            note = _(
                "Changed in Odoo after Odoo sent it. Apply the change manually in %(provider)s, then ignore this"
                " transfer.",
                provider=self.run.provider.label,
            )
            self.run.deliveries.arrived(log, "drift")
            log.write({"note": note, **log._difference_values("drift", note)})
            return None
        log.sudo().write(  # sudo: the payload and its values are fields without access
            {
                "payload": stored,
                "sent_values": values,
                "external_id": binding.external_id,
                "idempotency_key": digest([self.connection.database_uuid, log.id, fingerprint], 32),
            }
        )
        return log, payload, binding.external_id or "", fingerprint, values

    def _without_held(self, records, logs, odoo_values):
        """The transfers that neither a change in the provider nor a question to the user holds back."""
        held = self.sent.own_changes.read_before(logs.filtered(lambda log: log.res_id in odoo_values), odoo_values)
        held |= self._asked_about(records, logs)
        for log, error in held.items():
            self.run.deliveries.failed(log, error)
        return logs.filtered(lambda log: log not in held)

    def _outside(self, exporter, logs):
        """Ids of records that do not belong to what the flow sends, or not any longer."""
        if not exporter._may_leave or not logs:
            return ()
        records = self.env[logs[0].res_model].browse(logs.mapped("res_id")).exists()
        return (records - records.filtered_domain(exporter._domain(self.flow)))._ids

    def _outside_error(self, log):
        return InvalidDataError(
            _(
                "Odoo no longer sends %(record)s to %(provider)s, because it was moved to another company or is used"
                " for something else. Deactivate it in %(provider)s, then ignore this transfer.",
                record=log.name,
                provider=self.connection._provider_name(),
            )
        )

    def _asked_about(self, records, logs):
        """{transfer: MappingError} of records with an undecided proposal that the provider already has them.

        Sending would find the provider's record of the same name and link it without a decision.
        """
        proposals = self.env["ml.mapping"].search(
            [
                ("connection_id", "=", self.connection.id),
                ("direction", "=", "in"),
                ("kind", "=", self.flow.kind),
                ("state", "=", "unmapped"),
                ("res_model", "=", records._name),
                ("proposed_id", "in", records.ids),
                ("proposed_by", "!=", "words"),
            ]
        )
        if not proposals:
            return {}
        bound = bindings_by_record(self.flow, records)
        by_record = proposals.grouped("proposed_id")
        return {
            log: MappingError(
                _(
                    "%(provider)s may already have this record as %(name)s. Accept or reject this match in the"
                    " mappings.",
                    provider=self.connection._provider_name(),
                    name=asked[0].display_name,
                ),
                [mapping._as_reference() for mapping in asked],
            )
            for log in logs
            if (asked := by_record.get(log.res_id)) and log.res_id not in bound
        }

    def _without_unconfirmed(self, logs):
        """The transfers of records without an unconfirmed earlier transfer. The others wait until it is confirmed."""
        unconfirmed = self.env["ml.sync.log"].search(
            [
                ("flow_id", "in", logs.flow_id.ids),
                ("res_model", "in", logs.mapped("res_model")),
                ("res_id", "in", logs.mapped("res_id")),
                ("state", "in", ("unknown", "running")),
                ("id", "not in", logs.ids),
            ]
        )
        held = logs.filtered(lambda log: log.res_id in unconfirmed.mapped("res_id"))
        held.write(
            {"state": "pending", "lease_until": False, "next_try_at": fields.Datetime.now() + timedelta(minutes=1)}
        )
        return logs - held

    def _send(self, outgoing):
        """Send transfers, several at a time or in one call, and commit each group of answers.

        Transfers are marked as sent before the call.
        """
        batch = self.spec.batch
        size = batch if batch > 1 else PARALLEL_CALLS
        order = Order(self.run, self.flow)
        groups = [turn[start : start + size] for turn in order.turns(outgoing) for start in range(0, len(turn), size)]
        for group in groups:
            logs = order.ready(self.env["ml.sync.log"].union(*(job[0] for job in group)))
            held = self.run.queue.renew(logs)
            group = [job for job in group if job[0] in held]
            started = time.monotonic()
            jobs = [(payload, external_id, log.idempotency_key) for log, payload, external_id, *_rest in group]
            answers = list(zip(group, self._answers(jobs), strict=True))
            milliseconds = elapsed(started) // max(len(group), 1)
            self.run.commit_answers(held, partial(self._store_answers, answers, milliseconds))

    def _store_answers(self, answers, milliseconds, held):
        for (log, _payload, _external_id, fingerprint, odoo_values), result in answers:
            if log not in held:
                continue
            if not isinstance(result, ConnectorError):
                result = self._store_answer(log, result, fingerprint, odoo_values, milliseconds)
            if isinstance(result, ConnectorError):
                self.run.deliveries.refused(log, result)

    def _store_answer(self, log, sent, fingerprint, odoo_values, milliseconds):
        """Link the record that the provider accepted. Returns the error of this transfer, or None."""
        try:
            with self.env.cr.savepoint():
                if error := self.sent.taken(log, sent):
                    return error
                self.sent.bind(log, sent, fingerprint, odoo_values)
                self.run.deliveries.arrived(log, "linked" if sent.linked else "sent", milliseconds, self.run.trace_id)
        except RACES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one record raises must not stop the others
            return as_connector_error(self.connection, error)
        self.run.succeeded = True
        return None

    def _answers(self, jobs):
        """A `SendResult` or a ConnectorError for each job. An error of a whole call applies to each of its jobs."""
        sending = self.remote
        if sending.batch < 2 or not jobs:
            return self.run.parallel(lambda job: sending.send(*job), jobs)
        calls = self.run.calls
        (answers,) = self.run.parallel(sending.send_many, [jobs])
        if not isinstance(answers, ConnectorError):
            return answers
        if len(jobs) > 1 and may_be_of_one(answers, has_effect=self.run.calls > calls):
            return [answer for part in halves(jobs) for answer in self._answers(part)]
        return [answers] * len(jobs)


class Order(OfFlow):
    """Which records of a push flow may be sent together, and which have to wait for others."""

    def turns(self, outgoing):
        """Groups of jobs that may be sent together: of records that go in order, one for each owner."""
        owners = self._owners(self.env["ml.sync.log"].union(*(job[0] for job in outgoing)))
        turns, counts = [], Counter()
        for job in outgoing:
            turn = 0
            if owner := owners.get(job[0]):
                turn = counts[owner]
                counts[owner] += 1
            if turn == len(turns):
                turns.append([])
            turns[turn].append(job)
        return turns

    def _owners(self, logs):
        """{transfer: owner, such as the partner whose bills are sent in sequence}; without transfers of any order."""
        owners = {}
        for model, rows in logs.grouped("res_model").items():
            if field := self.flow._exporter(model)._goes_in_order_of:
                records = self.connection._books_of(model)[model].browse(rows.mapped("res_id"))
                by_id = {record.id: record[field] for record in records}
                owners.update({log: by_id[log.res_id] for log in rows if by_id[log.res_id]})
        return owners

    def ready(self, logs):
        """The transfers to send now. One waits while an earlier one of the same owner is queued or unconfirmed."""
        behind = self.env["ml.sync.log"]
        owners = self._owners(logs)
        for model, rows in logs.filtered(lambda log: log in owners).grouped("res_model").items():
            first = self._first_open(model, rows, {owners[log] for log in rows})
            for log in rows:
                before = first.get(owners[log])
                if before and before.id < log.id:
                    behind |= log
                    self._return_behind(log, before)
        return logs - behind

    def _first_open(self, model, logs, owners):
        """{owner: its first queued or unconfirmed transfer} among those before the last of the transfers."""
        owner_ids = [owner.id for owner in owners]
        of_owners = [(self.flow._exporter(model)._goes_in_order_of, "in", owner_ids)]
        earlier = self.env["ml.sync.log"].search(
            [
                ("flow_id", "=", self.flow.id),
                ("res_model", "=", model),
                ("res_id", "in", self.connection._books_of(model)[model]._search(of_owners)),
                ("state", "in", ("pending", "running", "unknown")),
                # without it the transfer waits for a user
                ("next_try_at", "!=", False),
                ("id", "<", max(logs.ids)),
            ],
            order="id",
        )
        first = {}
        for log, owner in self._owners(earlier).items():
            first.setdefault(owner, log)
        return first

    def _return_behind(self, log, before):
        """Return a claimed transfer to the queue until the one before it was retried."""
        soon = fields.Datetime.now() + timedelta(minutes=1)
        log.write(
            {
                "state": "pending",
                "lease_until": False,
                "next_try_at": max(before.next_try_at, soon),
                "try_count": log.try_count - 1,
            }
        )


def _file_bytes(payload):
    return sum(len(value) for value in payload.values() if isinstance(value, bytes))


def _storable(payload):
    """The payload without the content of files, which is read again for each try."""
    return {key: value for key, value in payload.items() if not isinstance(value, bytes)}
