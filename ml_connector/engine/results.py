"""The results that a provider receives for its records: queued with the booking, reported as a step of their own."""

import time
from dataclasses import asdict
from datetime import timedelta
from functools import partial

from odoo import fields

from ..core.awaited import Awaited
from ..core.errors import ConnectorError, PermanentError
from ..core.flow import ResultFlow
from ..core.messages import _
from ..models.ml_error_class import told
from ..models.ml_sentence import in_words
from ..models.sync_states import DECIDED_STATES, FINAL_STATES, MERGED_STATES
from .base import OfRecords, digest, elapsed, halves, is_of
from .doubt import Doubt, postpone
from .failures import MissingDependencyError, as_connector_error, may_be_of_one
from .flow_work import Outgoing
from .forward import Forward
from .queue import ALONE

ANSWER_WITHIN = timedelta(days=7)
"""How long Odoo waits for its users before it answers a provider that needs an answer."""
REFUSED = {"success": False, "reference": "", "url": "", "message": "", "advice": ""}
OUTDATED = _("A newer version replaced this one before Odoo booked it.")
BOOKED = ("created", "linked", "updated")


class Answers(OfRecords):
    """Queues the results of records for their provider."""

    def queue(self, flow, entries):
        """Queue transfers that report the results of the records to the provider."""
        result_flow = result_flow_of(flow.connection_id)
        if not result_flow or not flow._spec().reports:
            return
        if flow._carrier():
            # success is reported once the target connection has the record
            entries = [entry for entry in entries if entry.error or entry.outcome == "drift"]
        base_url = flow.connection_id._told_base()
        revised = self._revised(flow, entries) if flow._spec().acknowledges else {}
        results = [
            (entry.log, {**_about(entry.log), **result})
            for entry in entries
            if entry.log._may_be_told() and (result := self._result(flow, entry, revised, base_url))
        ]
        # an Odoo record that several remote records share has a result for each of them
        shared = {entry.log.id for entry in entries if not entry.binds}
        self.insert(result_flow, results, shared, self._awaited_results(flow, entries))

    def _result(self, flow, entry, revised, base_url):
        """The result to report of a record, or None."""
        log, acknowledges = entry.log, flow._spec().acknowledges
        if not entry.error:
            # an acknowledged record has to be answered, even if nothing changed
            if entry.outcome in ((*BOOKED, "unchanged") if acknowledges else ("created", "linked")):
                return self._success(flow, entry, base_url)
            # the provider waits for an answer, and a version that was not booked is no success
            is_open = entry.outcome == "drift" and acknowledges
            return self.refusal(log, "changed", entry.note) if is_open else None
        if log.state == "failed" and (flow.tell_failures or log.external_id in revised):
            return self.refusal(log, entry.error.error_class, entry.error.message)
        if acknowledges and log.state in DECIDED_STATES:
            # it will never be booked
            sentence = OUTDATED if log.state == "superseded" else entry.error.message
            return {**REFUSED, "message": in_words(self.env, sentence)}
        return None

    def _success(self, flow, entry, base_url):
        return {
            "success": True,
            "reference": flow._importer()._result_reference(entry.record),
            "url": base_url and f"{base_url}/odoo/{entry.record._name}/{entry.record.id}",
            "message": "",
        }

    def ignored(self, logs):
        """Report to the provider that a user ignored a record for which it needs an answer."""
        self._refuse_acknowledged({log: {**REFUSED, "message": self.ignored_sentence(log)} for log in logs})

    def outdated(self, logs):
        """Report to the provider that a version will not be booked because a newer one replaced it."""
        outdated = {**REFUSED, "message": in_words(self.env, OUTDATED)}
        self._refuse_acknowledged(dict.fromkeys(self._unanswered(logs), outdated))

    def overdue(self, flow):
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
                log: self.refusal(log, log.error_class, log._sentence("error_message"))
                for log in self._unanswered(overdue)
            }
        )

    def _revised(self, flow, entries):
        """Ids of the records that failed as a further version of a booked one."""
        failed = [entry.log.external_id for entry in entries if entry.error and entry.log.state == "failed"]
        keys = self.env["ml.binding"]._records(flow.connection_id, {(flow.kind, key) for key in failed})
        return {external_id for _kind, external_id in keys}

    def ignored_sentence(self, log):
        return in_words(self.env, log._sentence("ignored_reason")) or ""

    def refusal(self, log, error_class, sentence):
        """The result of a record that was not booked, in the words of the provider's users."""
        message, advice = told(self.env, error_class, sentence, log.connection_id)
        return {**REFUSED, "message": message, "advice": advice}

    def _refuse_acknowledged(self, answers):
        """:param answers: {transfer: the result to report}"""
        logs = self.env["ml.sync.log"].union(*answers)
        logs = logs.filtered(lambda log: log._may_be_told())
        for flow, group in logs.grouped("flow_id").items():
            results = result_flow_of(flow.connection_id)
            if results and flow._spec().acknowledges and flow._spec().reports:
                self.insert(results, [(log, {**_about(log), **answers[log]}) for log in group])

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

    def _awaited_results(self, flow, entries):
        """{transfer id: remote record that it depends on} where the provider must receive that one's result first."""
        connection, importer = flow.connection_id, flow._importer()
        reported = {sibling.kind for sibling in connection.flow_ids if sibling._spec().reports}
        builds_on = {
            entry.log.id: [needed for needed in importer._dependencies(entry.document) if needed[0] in reported]
            for entry in entries
            if not entry.error
        }
        keys = {needed[:2] for all_needed in builds_on.values() for needed in all_needed}
        unreported = self.unreported(connection, keys) if keys else set()
        awaited = {log_id: [key for key in needed if key[:2] in unreported] for log_id, needed in builds_on.items()}
        return {log_id: keys[0] for log_id, keys in awaited.items() if keys}

    def unreported(self, connection, keys):
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
        unreported = {key for key in keys if key[1] in external_ids}
        return unreported | Forward(self.env).not_there(connection, keys)

    def insert(self, result_flow, results, shared=(), awaited=None):
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
            version = digest({name: value for name, value in result.items() if name != "advice"}, 16)
            before = latest.get(("result", log.external_id))
            if before and before.external_version == version and before.state != "superseded":
                continue
            others = self._replace_open(log, earlier)
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
                    **_waiting_result(result_flow, (awaited or {}).get(log.id)),
                }
            )
        logs.create(rows)

    def _replace_open(self, log, results):
        """Replace open results of a record; returns those that stay, of other versions."""
        opened = results.filtered(lambda row: row.external_id == log.external_id and row.state in MERGED_STATES)
        # each acknowledged version gets its own answer
        is_kept = log.flow_id._spec().acknowledges
        others = opened.filtered(lambda row: is_kept and row._result().version != log.external_version)
        (opened - others)._supersede()
        return others


def result_flow_of(connection):
    """The active flow that reports results to the provider."""
    return connection.flow_ids.filtered(lambda flow: flow.active and is_of(flow, ResultFlow))


def _waiting_result(result_flow, needed):
    """Values of a result that waits for the result of `needed` (kind, external id, name)."""
    if not needed:
        return {}
    _kind, external_id, name = needed
    return {
        "state": "waiting",
        "error_class": MissingDependencyError.error_class,
        "error_message": _(
            "%(provider)s must receive the result of %(name)s first.",
            provider=result_flow.connection_id._provider_name(),
            name=name or external_id,
        ),
        "wait_ids": [fields.Command.create(asdict(Awaited("result", "", external_id, name or external_id)))],
    }


def _about(log):
    """The values that identify the subject of a result."""
    return {"subject": log.kind, "external_id": log.external_id, "version": log.external_version}


RESULT_BATCH = 500
LOOK_UPS = 5000


class Results(Outgoing):
    """Reports results to the provider, many in one call."""

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
            self.run.deliveries.failed(log, PermanentError(refused[log.external_id]))

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
        self.run.commit_answers(logs, lambda held: [store(log, error) for log in held])
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
