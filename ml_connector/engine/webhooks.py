"""Reads the records of webhook events."""

from datetime import timedelta

from odoo import fields
from odoo.fields import Domain

from ..core.errors import ConnectorError, NotFoundError, StoppedError
from ..core.messages import _
from ..models.ml_connection_job import WORKING_STATES
from ..models.ml_error_class import MAX_STOPS, MAX_TRIES, retry_seconds
from ..models.ml_sentence import in_words
from .base import RACES, Step
from .failures import as_connector_error
from .queue import count_stops

EVENT_BATCH = 50
MOST_LISTED = 10_000
MANY_EVENTS = 20
"""From this number of events of one type on, the lists (a hundred records a call) are read instead of each record."""


class Events(Step):
    """The received webhook events of the connection."""

    def read(self):
        """Read the records of a limited number of webhook events. True when there was anything to read.

        The flows work between two calls, so that many events do not delay the booking of their records.
        """
        if self.run.is_over:
            return False
        received = _received(self.connection)
        worn_out = self.env["ml.webhook.event"].search(received & Domain("stop_count", ">=", MAX_STOPS))
        sentence = _("The server stopped %(count)s times while Odoo read this webhook event.", count=MAX_STOPS)
        self._give_up(worn_out, StoppedError(sentence))
        flows = self.connection.flow_ids.filtered(lambda flow: flow.active and flow.direction == "pull")
        due = self.run.in_turn & received & Domain("next_try_at", "<=", fields.Datetime.now())
        events = self.env["ml.webhook.event"]
        if listed := self._events_for_lists(flows, due):
            self._read_lists(flows, listed)
        elif events := events.search(due, order="next_try_at, id", limit=self.run.portion(EVENT_BATCH)):
            self._read_portion(flows, events)
        if found := listed | events | worn_out:
            self.run.commit(processed=len(found))
        return bool(listed | events)

    def _events_for_lists(self, flows, due):
        """Events that are answered by the lists of their flows: many of one type, those without a record id, and those
        of records that are acknowledged, which the reading of a list does."""
        known = {event_type for flow in flows for event_type in flow._spec().events}
        # flows whose list stopped the server have a later turn
        late = {event_type for flow in flows.filtered("stop_count") for event_type in flow._spec().events}
        events = self.env["ml.webhook.event"]
        if self.run.stops:
            return events
        domain = due & Domain("is_listed", "=", False) & Domain("event_type", "in", list(known - late))
        counts = events._read_group(domain, ["event_type"], ["__count"])
        acknowledging = flows.filtered(lambda flow: flow._spec().acknowledges)
        types = {event_type for flow in acknowledging for event_type in flow._spec().events}
        types |= {event_type for event_type, count in counts if count >= MANY_EVENTS}
        answered = Domain("external_id", "=", False) | Domain("event_type", "in", list(types))
        return events.search(domain & answered, order="next_try_at, id", limit=MOST_LISTED)

    def _read_lists(self, flows, events):
        """Read the lists of all flows of the events.

        Known records that are no longer in the lists are read one by one later. Unknown ones are not ready to sync:
        another event or the flow's schedule brings them once they are.
        """
        types = set(events.mapped("event_type"))
        listed = set()
        for flow in flows.filtered(lambda flow: types & set(flow._spec().events)):
            if problem := self.run.work_of(flow).read_guarded():
                failed = events.filtered(lambda event, flow=flow: event.event_type in flow._spec().events)
                self._try_later(failed, problem)
                events -= failed
            listed |= self.run.listed.pop(flow.id, set())
        events.write({"state": "done", "message": False})
        unlisted = events.filtered(lambda event: event.external_id and event.external_id not in listed)
        known = self.env["ml.sync.log"]._read_group(
            [("flow_id", "in", flows.ids), ("external_id", "in", unlisted.mapped("external_id"))], ["external_id"]
        )
        known = {external_id for (external_id,) in known}
        unlisted.filtered(lambda event: event.external_id in known).write({"state": "received", "is_listed": True})

    def _read_portion(self, flows, events):
        """Read a portion of events. After a defect they are read in smaller portions."""
        try:
            with self.run.queue.counted(events):
                self._read_batch(flows, events)
        except RACES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one event brings must not stop the others
            problem = as_connector_error(self.connection, error)
            if problem.error_class != "bug":
                raise
            count_stops(events, 1)
            self._give_up(events.filtered(lambda event: event.stop_count >= MAX_STOPS), problem)

    def _give_up(self, events, error):
        if events:
            events.write({"state": "failed", "message": error.message})
            events.connection_id._ask_owner(error)

    def _read_batch(self, flows, events):
        hints, relevant = {}, self.env["ml.webhook.event"]
        for event in events:
            for flow in flows.filtered(lambda flow, event=event: event.event_type in flow._spec().events):
                relevant |= event
                if event.external_id:
                    hints.setdefault((flow, event.external_id), self.env["ml.webhook.event"])
                    hints[flow, event.external_id] |= event
                else:
                    # the event names no record: the flow reads what changed
                    flow.next_run_at = fields.Datetime.now()
        keys = list(hints)
        of_pushes = self._of_pushes(events)
        (events - relevant).state = "ignored"
        relevant.state = "done"
        self._log_changes(of_pushes)
        for (flow, external_id), item in zip(
            keys,
            self.run.parallel(
                lambda key: key[0].fetch(key[1]), [(self.run.provider.flow(flow.key), i) for flow, i in keys]
            ),
            strict=True,
        ):
            self._store_hint(flow, external_id, item, hints[flow, external_id])

    def _of_pushes(self, events):
        """{event: push flow that logs manual changes in the provider}."""
        flows = self.connection.flow_ids.filtered(lambda flow: flow.active and flow.direction == "push")
        by_type = {event_type: flow for flow in flows for event_type in flow._spec().events}
        return {event: by_type[event.event_type] for event in events if event.event_type in by_type}

    def _log_changes(self, of_pushes):
        """Log manual changes in the provider on the Odoo records."""
        events = [event for event in of_pushes if event.external_id]
        found = self.run.parallel(
            lambda key: key[0].manual_change(key[1]),
            [(self.run.provider.flow(of_pushes[event].key), event.external_id) for event in events],
        )
        for event, heard in zip(events, found, strict=True):
            event.state = "done"
            if isinstance(heard, NotFoundError):
                continue
            if isinstance(heard, ConnectorError):
                self._try_later(event, heard)
            elif heard:
                kind, external_id, sentence = heard
                records = self.env["ml.binding"]._records(self.connection, {(kind, external_id)})
                for record in records.values():
                    record._message_log(body=in_words(self.env, sentence))

    def _store_hint(self, flow, external_id, item, events):
        if item is None or isinstance(item, NotFoundError):
            events.message = _("No matching record to sync.")
        elif isinstance(item, ConnectorError):
            self._try_later(events, item)
        else:
            self.env["ml.sync.log"]._store(flow, [item])

    def _try_later(self, events, problem):
        for tried, group in events.grouped("try_count").items():
            tries = tried + 1
            group.write(
                {
                    "state": "received" if tries < MAX_TRIES else "failed",
                    "message": problem.message,
                    "try_count": tries,
                    "next_try_at": fields.Datetime.now() + timedelta(seconds=retry_seconds(tries, problem.retry_after)),
                }
            )

    def notice_gap(self):
        """Read all lists if the last sync is older than the time for which the provider repeats its events."""
        connection = self.connection
        if connection.webhook_state != "active":
            return
        kept, last = self.run.provider.events_kept, connection.last_success_at
        if not (kept and last) or last > fields.Datetime.now() - kept:
            return
        pulls = connection.flow_ids.filtered(lambda flow: flow.active and flow.direction == "pull")
        pulls.next_run_at = fields.Datetime.now()
        connection._trigger()
        connection.message_post(
            body=in_words(
                self.env,
                _(
                    "The last sync was on %(since)s, but %(provider)s repeats its events for %(hours)s hours only. Odoo"
                    " reads the missed changes from the lists.",
                    since=last,
                    provider=self.run.provider.label,
                    hours=round(kept.total_seconds() / 3600),
                ),
            )
        )


def count_events(connection):
    """Number of events that are due now."""
    if connection.state not in WORKING_STATES or connection.breaker_until:
        return 0
    due = _received(connection) & Domain("next_try_at", "<=", fields.Datetime.now())
    return connection.env["ml.webhook.event"].search_count(due)


def _received(connection):
    """The domain of the events to read."""
    domain = Domain("connection_id", "=", connection.id) & Domain("state", "=", "received")
    return domain & Domain("challenge", "=", False)
