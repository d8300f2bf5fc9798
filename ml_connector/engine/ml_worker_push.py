import hashlib
import json
import time
from collections import Counter
from datetime import timedelta

import psycopg2

from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..core.errors import (
    ConnectorError,
    DuplicateError,
    InvalidDataError,
    MappingError,
    NotRelevantError,
    PermanentError,
    UnconfirmedError,
)
from ..core.messages import _
from ..exporters.ml_exporter import NotSentError
from ..models.ml_error_class import MAX_STOPS
from ..models.ml_outgoing_code import DEPENDS, NoCodeError, title_of
from ..models.ml_sentence import in_words
from ..models.ml_sync_log import CLEAN
from .ml_worker import ALONE, LEASE, PARALLEL_CALLS, RACES, halves
from .ml_worker_merge import NewerRemoteVersionError

SEND_BATCH = 100
RESULT_BATCH = 500
LOOK_UPS = 5000
SWEEP_CHUNK = 1000
SWEEP_OVERLAP = timedelta(hours=1)
INCOMPLETE = "incomplete"
"""Fingerprint of an incomplete transfer: no document has the same."""


class MlWorker(models.AbstractModel):
    _inherit = "ml.worker"

    # ------------------------------------------------------------------ sweep

    def _sweep(self, run, flow):
        """Queue records that changed since the last sweep, however they were changed."""
        started = fields.Datetime.now()
        if reason := flow._blocked():
            flow.error_message = reason
            flow._schedule_next(started)
            self._commit(run)
            return
        model = flow._spec().watches
        if model:
            exporter = flow._reader(model)
            domain = exporter._domain(flow)
            if flow.cursor:
                since = fields.Datetime.to_datetime(flow.cursor) - SWEEP_OVERLAP
                domain &= exporter._changed_since(since)
            ids = exporter.env[model].with_context(active_test=False).search(domain, order="id").ids
            for start in range(0, len(ids), SWEEP_CHUNK):
                records = exporter.env[model].browse(ids[start : start + SWEEP_CHUNK])
                records = exporter._sendable(flow, records)
                self.env["ml.sync.log"]._enqueue(flow, self._changed_since_synced(flow, records))
                self._commit(run)
        flow.write(
            {
                "cursor": fields.Datetime.to_string(started),
                "last_success_at": fields.Datetime.now(),
                "error_message": False,
            }
        )
        flow._schedule_next(started)
        self._commit(run)

    def _changed_since_synced(self, flow, records):
        """The records that changed after their last transfer."""
        bindings = self._bindings_by_record(flow, records)
        touched = flow._reader(records._name)._touched_at(records)
        return records.filtered(
            lambda record: record.id not in bindings or touched[record.id] > bindings[record.id].synced_at
        )

    # ------------------------------------------------------------------ send

    def _work_push(self, run, flow):
        if flow._blocked():
            return
        self._look_up(run, flow)
        while not run.is_over and (logs := self._claim(run, flow, self._send_batch(run, flow))):
            outgoing = [job for group in logs.grouped("res_model").values() for job in self._prepared(run, flow, group)]
            if flow._spec().follows:
                run.fit_files([_file_bytes(payload) for _log, payload, *_rest in outgoing])
            self._commit(run, processed=len(logs) - len(outgoing))
            self._send(run, flow, outgoing)

    def _send_batch(self, run, flow):
        """Number of transfers claimed together: of those with files only as many as fit into memory."""
        return run.files_at_once if flow._spec().follows else max(SEND_BATCH, flow._spec().batch)

    def _prepared(self, run, flow, logs):
        """Like `_prepare`. Where the connection's user lacks a right, the transfers fail with it."""
        try:
            return self._prepare(run, flow, logs)
        except AccessError as error:
            self.env.cr.rollback()
            problem = self._as_connector_error(error)
            for log in logs:
                self._store_push_failure(run, log, problem)
            return []

    def _prepare(self, run, flow, logs):
        """Render the changed records of one model. Returns the jobs to send."""
        books = flow.connection_id._books_of(logs[0].res_model)
        records = books[logs[0].res_model].browse(logs.mapped("res_id"))
        logs = self._without_unconfirmed(logs)
        odoo_values = self._values_here(flow, logs)
        held = self._read_before(run, flow, logs.filtered(lambda log: log.res_id in odoo_values), odoo_values)
        held |= self._asked_about(flow, records, logs)
        for log, error in held.items():
            self._store_push_failure(run, log, error)
        logs = logs.filtered(lambda log: log not in held)
        exporter = flow._reader(records._name)
        bindings = self._bindings_by_record(flow, records)
        unseen = flow.connection_id._unseen_in_books(records)
        outside = self._outside(flow, exporter, logs)
        started = self.env.cr.now()
        outgoing = []
        for log in logs:
            binding = bindings.get(log.res_id, self.env["ml.binding"])
            record = books[log.res_model].browse(log.res_id).exists()
            if not record:
                log.write({"state": "superseded", "done_at": fields.Datetime.now(), "lease_until": False})
                continue
            try:
                if binding and record.id in outside:
                    raise self._outside_error(flow, log)
                if record in unseen:  # values that the engine has read would come from the cache without a check
                    record.check_access("read")
                if not binding and exporter._is_taken_back(record):
                    raise NotRelevantError(_("Archived or cancelled in Odoo before Odoo sent it."))
                document = self._outgoing_document(flow, record, binding)
                payload = run.provider.flow(flow.key).render(document)
            except psycopg2.Error:
                raise
            except Exception as error:  # noqa: BLE001 - whatever one record raises must not stop the others
                self._store_push_failure(run, log, self._as_connector_error(error))
                continue
            stored = _storable(payload)
            fingerprint = _digest(stored)
            if binding.fingerprint == fingerprint:
                # so that the next sweep skips it
                agreed = self._agreed_odoo(binding, odoo_values.get(log.res_id), run.provider.flow(flow.key).untaken())
                binding.write({"synced_at": started, "agreed_odoo": agreed or binding.agreed_odoo})
                self._store_sent(log, "unchanged")
                continue
            if binding and not exporter._sends_changes:
                note = _(
                    "Changed in Odoo after Odoo sent it. Apply the change manually in %(provider)s, then ignore this"
                    " transfer.",
                    provider=run.provider.label,
                )
                self._store_sent(log, "drift")
                log.write({"note": note, **log._difference_values("drift", note)})
                continue
            log.sudo().write(  # sudo: the payload and its values are fields without access
                {
                    "payload": stored,
                    "sent_values": odoo_values.get(log.res_id),
                    "external_id": binding.external_id,
                    "idempotency_key": _digest([run.connection.database_uuid, log.id, fingerprint]),
                }
            )
            outgoing.append((log, payload, binding.external_id or "", fingerprint, odoo_values.get(log.res_id)))
        return outgoing

    def _outside(self, flow, exporter, logs):
        """Ids of records that do not belong to what the flow sends, or not any longer."""
        if not exporter._may_leave or not logs:
            return ()
        records = self.env[logs[0].res_model].browse(logs.mapped("res_id")).exists()
        return (records - records.filtered_domain(exporter._domain(flow)))._ids

    def _outside_error(self, flow, log):
        return InvalidDataError(
            _(
                "Odoo no longer sends %(record)s to %(provider)s, because it was moved to another company or is used"
                " for something else. Deactivate it in %(provider)s, then ignore this transfer.",
                record=log.name,
                provider=flow.connection_id._provider_class().label,
            )
        )

    def _asked_about(self, flow, records, logs):
        """{transfer: MappingError} of records with an undecided proposal that the provider already has them.

        Sending would find the provider's record of the same name and link it without a decision.
        """
        proposals = self.env["ml.mapping"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("kind", "=", flow.kind),
                ("state", "=", "unmapped"),
                ("res_model", "=", records._name),
                ("proposed_id", "in", records.ids),
                ("proposed_by", "!=", "words"),
            ]
        )
        if not proposals:
            return {}
        bound = self._bindings_by_record(flow, records)
        by_record = proposals.grouped("proposed_id")
        return {
            log: MappingError(
                _(
                    "%(provider)s may already have this record as %(name)s. Accept or reject this match in the"
                    " mappings.",
                    provider=flow.connection_id._provider_class().label,
                    name=asked[0].display_name,
                ),
                [mapping._as_reference() for mapping in asked],
            )
            for log in logs
            if (asked := by_record.get(log.res_id)) and log.res_id not in bound
        }

    def _values_here(self, flow, logs):
        """{record id: values in Odoo} of the records that both sides may change."""
        if not flow._is_shared():
            return {}
        return self._shared_values(flow, self.env[flow._record_model()].browse(logs.mapped("res_id")).exists())

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

    def _bindings_by_record(self, flow, records):
        bindings = self.env["ml.binding"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("kind", "=", flow.kind),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
            ]
        )
        return {binding.res_id: binding for binding in bindings}

    def _send(self, run, flow, outgoing):
        """Send transfers, several at a time or in one call, and commit each group of answers.

        Transfers are marked as sent before the call.
        """
        batch = flow._spec().batch
        size = batch if batch > 1 else PARALLEL_CALLS
        groups = [
            turn[start : start + size] for turn in self._turns(flow, outgoing) for start in range(0, len(turn), size)
        ]
        for group in groups:
            logs = self._in_order(flow, self.env["ml.sync.log"].union(*(job[0] for job in group)))
            held = self._renew(run, logs)
            group = [job for job in group if job[0] in held]
            started = time.monotonic()
            jobs = [(payload, external_id, log.idempotency_key) for log, payload, external_id, *_rest in group]
            results = self._answers(run, flow, jobs)
            milliseconds = self._elapsed(started) // max(len(group), 1)
            for (log, _payload, _external_id, fingerprint, odoo_values), result in zip(group, results, strict=True):
                if not isinstance(result, ConnectorError):
                    result = self._store_answer(run, flow, log, result, fingerprint, odoo_values, milliseconds)
                if isinstance(result, ConnectorError):
                    self._store_refusal(run, log, result)
            self._commit(run, processed=len(group))

    def _store_answer(self, run, flow, log, sent, fingerprint, odoo_values, milliseconds):
        """Link the record that the provider accepted. Returns the error of this transfer, or None."""
        try:
            with self.env.cr.savepoint():
                if error := self._taken(flow, log, sent):
                    return error
                self._bind_sent(flow, log, sent, fingerprint, odoo_values)
                self._store_sent(log, "linked" if sent.linked else "sent", milliseconds, run.trace_id)
        except RACES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one record raises must not stop the others
            return self._as_connector_error(error)
        run.succeeded = True
        return None

    def _store_refusal(self, run, log, error, action="send"):
        """A defect of the addon may have struck before or after the provider accepted the record."""
        if error.error_class != "bug":
            self._store_push_failure(run, log, error, action)
            return
        stops = log.stop_count + 1
        self._store_push_failure(run, log, UnconfirmedError(error.message), action)
        log.stop_count = stops

    def _turns(self, flow, outgoing):
        """Groups of jobs that may be sent together: of records that go in order, one for each owner."""
        owners = self._owners(flow, self.env["ml.sync.log"].union(*(job[0] for job in outgoing)))
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

    def _owners(self, flow, logs):
        """{transfer: owner, such as the partner whose bills are sent in sequence}; without transfers of any order."""
        owners = {}
        for model, rows in logs.grouped("res_model").items():
            if field := flow._reader(model)._goes_in_order_of:
                records = flow.connection_id._books_of(model)[model].browse(rows.mapped("res_id"))
                by_id = {record.id: record[field] for record in records}
                owners.update({log: by_id[log.res_id] for log in rows if by_id[log.res_id]})
        return owners

    def _in_order(self, flow, logs):
        """The transfers to send now. One waits while an earlier one of the same owner is queued or unconfirmed."""
        behind = self.env["ml.sync.log"]
        owners = self._owners(flow, logs)
        for model, rows in logs.filtered(lambda log: log in owners).grouped("res_model").items():
            first = self._first_open(flow, model, rows, {owners[log] for log in rows})
            for log in rows:
                before = first.get(owners[log])
                if before and before.id < log.id:
                    behind |= log
                    self._return_behind(log, before)
        return logs - behind

    def _first_open(self, flow, model, logs, owners):
        """{owner: its first queued or unconfirmed transfer} among those before the last of the transfers."""
        owner_ids = [owner.id for owner in owners]
        of_owners = [(flow._reader(model)._goes_in_order_of, "in", owner_ids)]
        earlier = self.env["ml.sync.log"].search(
            [
                ("flow_id", "=", flow.id),
                ("res_model", "=", model),
                ("res_id", "in", flow.connection_id._books_of(model)[model]._search(of_owners)),
                ("state", "in", ("pending", "running", "unknown")),
                # without it the transfer waits for a user
                ("next_try_at", "!=", False),
                ("id", "<", max(logs.ids)),
            ],
            order="id",
        )
        first = {}
        for log, owner in self._owners(flow, earlier).items():
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

    def _answers(self, run, flow, jobs):
        """A `SendResult` or a ConnectorError for each job. An error of a whole call applies to each of its jobs."""
        sending = run.provider.flow(flow.key)
        if sending.batch < 2 or not jobs:
            return run.parallel(lambda job: sending.send(*job), jobs)
        calls = run.calls
        (answers,) = run.parallel(sending.send_many, [jobs])
        if not isinstance(answers, ConnectorError):
            return answers
        if len(jobs) > 1 and self._may_be_of_one(answers, has_effect=run.calls > calls):
            return [answer for part in halves(jobs) for answer in self._answers(run, flow, part)]
        return [answers] * len(jobs)

    def _taken(self, flow, log, sent):
        """DuplicateError if the provider matched the record to one that is linked to another Odoo record, else None."""
        holder = (
            self.env["ml.binding"]
            .search(
                [
                    ("connection_id", "=", flow.connection_id.id),
                    ("kind", "=", flow.kind),
                    ("external_id", "=", sent.external_id),
                ]
            )
            .filtered(lambda binding: (binding.res_model, binding.res_id) != (log.res_model, log.res_id))
        )
        other = holder and self.env[holder.res_model].browse(holder.res_id).exists()
        if not other:
            return None
        return DuplicateError(
            _(
                "%(provider)s matched this to %(name)s. Change one of the two so that %(provider)s can tell"
                " them apart.",
                provider=flow.connection_id._provider_class().label,
                name=other.display_name,
            )
        )

    def _bind_sent(self, flow, log, sent, fingerprint, odoo_values=None):
        """
        :param odoo_values: the values in Odoo that were sent, of a record that both sides may change
        """
        record = flow.connection_id._books_of(log.res_model)[log.res_model].browse(log.res_id)
        binding = self._bindings_by_record(flow, record).get(log.res_id)
        if binding and binding.external_id != sent.external_id:
            # the provider's record was replaced by another one (created again after it was archived)
            binding.external_id = sent.external_id
        self.env["ml.binding"]._bind(
            flow.connection_id,
            [
                {
                    "kind": flow.kind,
                    "external_id": sent.external_id,
                    "record": record,
                    "external_version": sent.version,
                    "external_url": sent.url,
                    "fingerprint": INCOMPLETE if sent.is_incomplete else fingerprint,
                    "synced_at": log.sent_at,
                    **self._sent_agreement(binding, sent, odoo_values),
                }
            ],
        )
        if binding:
            self._record_sent_version(flow, sent.external_id)
        log.write({"external_id": sent.external_id, "external_url": sent.url or False, "note": sent.note or False})
        if sent.parts:
            self._bind_parts(flow, record, sent.parts)
        if sent.mapping:
            self.env["ml.mapping"]._record_odoo_code(flow.connection_id, sent.mapping, record)
        if sent.message:
            record._message_log(body=in_words(self.env, sent.message))
        if sent.takes_files:
            self._queue_followers(flow, log)

    def _bind_parts(self, flow, record, sent_parts):
        """Link the lines of a record to the provider's ids, replacing the ids of lines that it created again."""
        parts = flow._reader(record._name)._parts(record)
        found = {key: parts[own_id] for key, own_id in sent_parts.items() if own_id in parts}
        bound = self.env["ml.binding"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("kind", "in", [kind for kind, _external_id in found]),
                ("res_id", "in", [part.id for part in found.values()]),
            ]
        )
        bound.filtered(lambda binding: (binding.kind, binding.external_id) not in found).unlink()
        self.env["ml.binding"]._bind(
            flow.connection_id,
            [{"kind": kind, "external_id": external_id, "record": part} for (kind, external_id), part in found.items()],
        )

    def _queue_followers(self, flow, log):
        """Queue transfers that send the files of a record that the provider has now."""
        record = flow.connection_id._books_of(log.res_model)[log.res_model].browse(log.res_id)
        for follower in flow.connection_id.flow_ids.filtered("active"):
            if follower.direction == "push" and follower._spec().follows == flow.key:
                sendable = follower._reader(log.res_model)._sendable(follower, record)
                self.env["ml.sync.log"]._enqueue(follower, sendable)

    def _store_sent(self, logs, outcome, milliseconds=0, trace_id=""):
        """Store that transfers of one connection and kind arrived."""
        if not logs:
            return
        logs.write(
            {
                "state": "done",
                "outcome": outcome,
                "done_at": fields.Datetime.now(),
                "milliseconds": milliseconds,
                "lease_until": False,
                "sent_at": False,
                "sent_values": False,
                **CLEAN,
            }
        )
        attempt = {
            "action": "report" if logs[0].kind == "result" else "send",
            "outcome": outcome,
            "milliseconds": milliseconds,
            "trace_id": trace_id,
        }
        self.env["ml.sync.attempt"]._append(logs.connection_id, [{"log": log, **attempt} for log in logs])
        told = logs.filtered(lambda log: log.kind == "result" and log._result().success)
        self.env["ml.sync.log"]._release_dependents(logs.connection_id, {(log.kind, log.external_id) for log in told})

    def _store_push_failure(self, run, log, error, action="send"):
        if log.sent_at and log.res_id:
            self._forget_sent(log)
        vals = self._failure_values(log, error)
        if vals["state"] == "failed":
            vals["error_message"] = log.flow_id._with_stake(error.message)
        if isinstance(error, NotSentError):
            vals.update(depends_kind=error.kind, depends_external_id=error.key, depends_name=error.name)
            self._queue_missing(log, error)
        elif isinstance(error, NewerRemoteVersionError):
            vals.update(depends_kind=error.key[0], depends_external_id=error.key[1])
        elif isinstance(error, NoCodeError):
            kind, record = error.missing[0]
            key, title = f"{record._name},{record.id}", title_of(record, log.company_id)
            vals.update(depends_kind=DEPENDS + kind, depends_external_id=key, depends_name=title)
            self.env["ml.outgoing.code"]._upsert(log.connection_id, error.missing)
        elif isinstance(error, MappingError) and error.references:
            mappings = self.env["ml.mapping"]._upsert(log.connection_id, error.references)
            vals["waiting_mapping_ids"] = [fields.Command.set(mappings.ids)]
        newer = log.res_id and vals["state"] in ("pending", "failed", "waiting") and self._newer_row(log)
        if newer:
            if log.sudo().sent_values:  # sudo: field without access
                newer.sudo().sent_values = log.sudo().sent_values  # sudo: as above
            log._supersede()
        else:
            log.write(vals)
        log._let_others_go_on()
        self.env["ml.sync.attempt"]._append(
            log.connection_id, [{"log": log, "action": action, "outcome": log.state, "error": error}]
        )

    def _forget_sent(self, log):
        """Let the record be sent again even if unchanged: after a failure the provider's version is unknown."""
        self.env["ml.binding"].search(
            [
                ("connection_id", "=", log.connection_id.id),
                ("kind", "=", log.kind),
                ("res_model", "=", log.res_model),
                ("res_id", "=", log.res_id),
                ("fingerprint", "!=", False),
            ]
        ).fingerprint = INCOMPLETE

    def _queue_missing(self, log, error):
        """Queue the record that another one waits for, also in flows that send only required records."""
        sender = log.connection_id.flow_ids.filtered(
            lambda flow: flow.active and flow.direction == "push" and flow.kind == error.kind
        )[:1]
        if sender and not sender._blocked():
            books = sender.connection_id._books_of(error.model)
            self.env["ml.sync.log"]._enqueue(sender, books[error.model].browse(error.res_id))

    # ------------------------------------------------------------------ unconfirmed

    def _look_up(self, run, flow):
        """Check with the provider whether unconfirmed records arrived, before Odoo sends them again.

        A change of a linked record is always sent again: finding the record would not show whether the change arrived,
        and the same change twice does no harm.
        """
        while logs := self._claim_unconfirmed(run, flow, run.portion(SEND_BATCH)):
            with self._counted(run, logs):
                for log in logs.filtered(lambda log: log.state == "unknown"):  # else another worker confirmed it
                    self._resolve_unconfirmed(run, flow, log)
                    self._commit(run, processed=1)
            self._commit(run)

    def _resolve_unconfirmed(self, run, flow, log):
        payload = log.sudo().payload  # sudo: field without access
        try:
            sent = None if log.external_id else run.provider.flow(flow.key).find(payload, log.idempotency_key)
            if log.external_id:
                self._record_arrived(run, flow, log)
            with self.env.cr.savepoint():
                if sent:
                    sent, odoo_values = self._found_agreement(
                        sent, log.sudo().sent_values
                    )  # sudo: field without access
                    self._bind_sent(flow, log, sent, _digest(payload), odoo_values)
                    self._store_sent(log, "sent")
                else:
                    self._forget_sent(log)
                    self._send_again(run, log)
        except NotImplementedError:
            self._leave_unconfirmed(log)
        except RACES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one record raises must not stop the others
            self._postpone_look_up(log, self._as_connector_error(error))

    def _leave_unconfirmed(self, log):
        message = _(
            "Odoo could not confirm the delivery. Check in %(provider)s whether the record exists, then confirm"
            " it here.",
            provider=log.connection_id._provider_class().label,
        )
        log.write({"next_try_at": False, "error_message": message})

    def _claim_unconfirmed(self, run, flow, limit):
        """Claim the unconfirmed transfers to check now, as `_claim` does: no other worker checks them meanwhile."""
        now = fields.Datetime.now()
        due = run.in_turn & Domain("flow_id", "=", flow.id) & Domain("state", "=", "unknown")
        logs = self._locked(due & Domain("next_try_at", "<=", now), limit)
        # the server may have stopped while sending it, and again while looking it up
        hopeless = logs.filtered(lambda log: log.stop_count >= 2 * MAX_STOPS)
        for log in hopeless:
            self._leave_unconfirmed(log)
        logs -= hopeless
        logs.next_try_at = now + LEASE
        self._commit(run)
        return logs

    def _send_again(self, run, log):
        stops = log.stop_count
        sentence = log._sentence("error_message")
        log.write({"sent_at": False, "next_try_at": fields.Datetime.now(), **CLEAN, "stop_count": stops})
        # this look-up is counted until it is done
        if stops <= MAX_STOPS:
            self._return_to_queue(log)
        elif sentence == self._stopped_sending():
            self._give_up(run, log, self._stopped(log, stops - 1))
        else:
            self._give_up(run, log, ConnectorError(sentence))

    def _postpone_look_up(self, log, error):
        delay = timedelta(seconds=max(60 * min(log.try_count, 60), error.retry_after or 0))
        stops = log.stop_count + (error.error_class == "bug")
        log.write({"next_try_at": fields.Datetime.now() + delay, "try_count": log.try_count + 1, "stop_count": stops})
        self.env["ml.sync.attempt"]._append(
            log.connection_id, [{"log": log, "action": "look_up", "outcome": "unknown", "error": error}]
        )

    # ------------------------------------------------------------------ reports

    def _work_results(self, run, flow):
        """Report the results of records to the provider, many in one call."""
        self._look_up_results(run, flow)
        while not run.is_over and (logs := self._claim(run, flow, RESULT_BATCH)):
            for key, group in self._grouped_results(run, logs).items():
                self._report(run, group, key)

    def _grouped_results(self, run, logs):
        """Transfers by idempotency key: those that were sent together are sent together again, under the same key."""
        groups = {}
        for log in logs:
            payload = log.sudo().payload  # sudo: field without access
            groups.setdefault(log.idempotency_key or payload["subject"], self.env["ml.sync.log"])
            groups[log.idempotency_key or payload["subject"]] |= log
        return {group[:1].idempotency_key or self._result_key(run, group): group for group in groups.values()}

    def _result_key(self, run, logs):
        return _digest(
            [run.connection.database_uuid, sorted(f"{log.external_id} {log.external_version}" for log in logs)]
        )

    def _report(self, run, logs, key):
        """Report together. A refused batch is halved until the refused result is alone."""
        started = time.monotonic()
        logs.write({"idempotency_key": key, "sent_at": fields.Datetime.now()})
        self._commit(run)
        calls = run.calls
        try:
            refused = run.provider.flow(logs.flow_id.key).report([log._result() for log in logs], key)
        except Exception as error:  # noqa: BLE001 - whatever one result raises must not stop the others
            self._after_refusal(run, logs, self._as_connector_error(error), has_effect=run.calls > calls)
            return
        milliseconds = self._elapsed(started) // len(logs)
        taken = logs.filtered(lambda log: not refused.get(log.external_id))
        self._store_sent(taken, "sent", milliseconds, run.trace_id)
        for log in logs - taken:
            # the next attempt is another batch for the provider, and needs a key of its own
            log.idempotency_key = False
            self._store_push_failure(run, log, PermanentError(refused[log.external_id]), action="report")
        run.succeeded = True
        self._commit(run, processed=len(logs))

    def _after_refusal(self, run, logs, error, has_effect):
        if self._may_be_of_one(error, has_effect):
            if len(logs) > 1:
                for part in halves(logs):
                    self._report(run, part, self._result_key(run, part))
                return
            # none of it arrived
            self._store_push_failure(run, logs, error, action="report")
        else:
            for log in logs:
                self._store_refusal(run, log, error, action="report")
        self._commit(run, processed=len(logs))
        if error.error_class in ("auth", "rate_limit"):
            raise error

    def _look_up_results(self, run, flow):
        """Confirm unconfirmed results. A batch took effect as a whole, except for results that the provider refused.

        So one known result confirms those of its batch that cannot be looked up; unknown ones are sent again.
        """
        # results that were sent together are looked up together
        while logs := self._claim_unconfirmed(run, flow, 1 if run.stops == ALONE else LOOK_UPS):
            with self._counted(run, logs):
                for group in logs.filtered(lambda log: log.state == "unknown").grouped("idempotency_key").values():
                    self._resolve_results(run, group)
            self._commit(run)

    def _resolve_results(self, run, group):
        answers = run.parallel(run.provider.reported, [log._result() for log in group])
        errors = [answer for answer in answers if isinstance(answer, ConnectorError)]
        if any(error.error_class != "bug" for error in errors):
            for log in group:
                self._postpone_look_up(log, errors[0])
        else:
            # a result whose look-up fails counts as one that cannot be looked up
            answers = [None if isinstance(answer, ConnectorError) else answer for answer in answers]
            known = any(answers)
            for log, answer in zip(group, answers, strict=True):
                if answer or (known and answer is None):
                    self._store_sent(log, "sent")
                else:
                    self._send_again(run, log)
        self._commit(run, processed=len(group))


def _file_bytes(payload):
    return sum(len(value) for value in payload.values() if isinstance(value, bytes))


def _storable(payload):
    """The payload without the content of files, which is read again for each try."""
    return {key: value for key, value in payload.items() if not isinstance(value, bytes)}


def _digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
