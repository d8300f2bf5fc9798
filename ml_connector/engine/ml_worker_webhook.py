import logging
from datetime import datetime, timedelta

from odoo import fields, models
from odoo.fields import Domain

from ..core.errors import AuthError, ConnectorError, InvalidDataError, NotFoundError, StoppedError
from ..core.messages import _
from ..models.ml_connection import DATABASE_HEADER, WORKING_STATES
from ..models.ml_credential import WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS
from ..models.ml_error_class import MAX_STOPS, MAX_TRIES, retry_seconds
from ..models.ml_sentence import in_words
from .ml_worker import RACES

_logger = logging.getLogger(__name__)

CONFIRMED_WITHIN = timedelta(hours=1)
"""How long the provider may take to verify a subscription before users are notified."""
CHECK_EVERY = timedelta(days=1)
EVENT_BATCH = 50
MOST_LISTED = 10_000
MANY_EVENTS = 20
"""From this number of events of one type on, the lists (a hundred records a call) are read instead of each record."""


class MlWorker(models.AbstractModel):
    """Subscribes, verifies and removes webhooks on request, and reads the records of their events."""

    _inherit = "ml.worker"

    # ------------------------------------------------------------------ subscription

    def _subscribe(self, run):
        connection = run.connection
        base = connection._told_base()
        try:
            if not base:
                raise InvalidDataError(
                    _(
                        "%(provider)s cannot reach this server at %(url)s. Set the system parameter web.base.url to its"
                        " public address, which begins with https, and web.base.url.freeze to True.",
                        provider=run.provider.label,
                        url=connection.get_base_url(),
                    )
                )
            run.provider.webhook_headers = headers = connection._webhook_headers()
            subscription, secret = run.provider.subscribe(connection.webhook_url, connection.webhook_handshake)
        except ConnectorError as error:
            connection._note_failed_subscription(error)
            self._commit(run)
            return
        connection._store_webhook_secret(secret)
        connection.write(
            {
                "webhook_subscription_previous": connection.webhook_subscription,
                "webhook_subscription": subscription,
                "webhook_base": base,
                "webhook_database": headers.get(DATABASE_HEADER),
                "webhook_checked_at": fields.Datetime.now(),
                "webhook_problem": connection._database_problem(),
                "webhook_state": "unverified" if run.provider.challenges_webhooks else "active",
            }
        )
        self._commit(run)
        self._confirm_subscription(run)
        self._end_previous_subscription(run)

    def _unsubscribe(self, run):
        connection = run.connection
        for subscription in (connection.webhook_subscription, connection.webhook_subscription_previous):
            if subscription:
                run.provider.unsubscribe(subscription)
        connection.write(
            {
                "webhook_state": "none",
                "webhook_base": False,
                "webhook_database": False,
                "webhook_problem": False,
                "webhook_subscription": False,
                "webhook_subscription_previous": False,
            }
        )
        # from now on the URL is closed
        connection._internal_secrets(WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS).unlink()
        self._commit(run)

    def _confirm_subscription(self, run):
        """Answer the provider's challenge, which may arrive before its answer to the subscription."""
        connection = run.connection
        if connection.webhook_state != "unverified":
            return
        challenges = self.env["ml.webhook.event"].search(
            [("connection_id", "=", connection.id), ("challenge", "!=", False), ("state", "=", "received")]
        )
        if not challenges:
            return
        refusal = self._answer_challenges(run, challenges)
        # a refused challenge belongs to an earlier subscription
        challenges.state = "done"
        if not refusal:
            connection.write({"webhook_state": "active", "webhook_problem": False})
        self._commit(run)
        if refusal:
            raise refusal
        self._end_previous_subscription(run)

    def _answer_challenges(self, run, challenges):
        """None once the provider accepts one, the newest first; else its last refusal."""
        for challenge in challenges:
            try:
                run.provider.confirm_subscription(run.connection.webhook_subscription, challenge.challenge)
            except AuthError as error:
                refusal = error
            else:
                return None
        return refusal

    def _end_previous_subscription(self, run):
        """Remove the replaced subscription; in the next run if the provider is not available now."""
        connection = run.connection
        if connection.webhook_state != "active":
            return
        try:
            if connection.webhook_subscription_previous:
                run.provider.unsubscribe(connection.webhook_subscription_previous)
        except ConnectorError as error:
            _logger.info("The former webhooks of %s could not be removed: %s", connection.display_name, error.message)
            return
        connection.webhook_subscription_previous = False
        connection._internal_secrets(WEBHOOK_SECRET_PREVIOUS).unlink()
        self._commit(run)

    def _watch_subscription(self, run):
        """Report an unconfirmed subscription, and once a day set up a wrong one again."""
        connection, now = run.connection, fields.Datetime.now()
        if connection.webhook_state not in ("active", "unverified"):
            return
        is_confirmed = connection.webhook_state == "active"
        checked_at = connection.webhook_checked_at or (datetime.min if is_confirmed else now)
        if checked_at > now - CHECK_EVERY:
            is_overdue = not is_confirmed and checked_at < now - CONFIRMED_WITHIN
            if not connection.webhook_checked_at:
                connection.webhook_checked_at = now
            elif is_overdue and not connection.webhook_problem:
                connection._note_unconfirmed()
            return
        if not is_confirmed or self._is_astray(run):
            connection.message_post(
                body=self.env._(
                    "The webhooks in %(provider)s were not set up correctly. Odoo sets them up again.",
                    provider=run.provider.label,
                )
            )
            self._subscribe(run)
        self._commit(run)

    def _is_astray(self, run):
        """Whether the provider's subscription differs from the one that `_subscribe` would create now."""
        connection = run.connection
        connection.webhook_checked_at = fields.Datetime.now()
        try:
            is_right = run.provider.is_subscribed(connection.webhook_subscription, connection.webhook_url)
        except ConnectorError as error:
            _logger.info("The webhooks of %s could not be checked: %s", connection.display_name, error.message)
            return False
        connection.webhook_problem = connection._database_problem()
        database = connection._webhook_headers().get(DATABASE_HEADER)
        return is_right is False or (is_right and (connection.webhook_database or None) != database)

    # ------------------------------------------------------------------ events

    def _read_events(self, run):
        """Read the records of a limited number of webhook events. True when there was anything to read.

        The flows work between two calls, so that many events do not delay the booking of their records.
        """
        if run.is_over:
            return False
        received = self._received(run.connection)
        worn_out = self.env["ml.webhook.event"].search(received & Domain("stop_count", ">=", MAX_STOPS))
        sentence = _("The server stopped %(count)s times while Odoo read this webhook event.", count=MAX_STOPS)
        self._give_up_events(worn_out, StoppedError(sentence))
        flows = run.connection.flow_ids.filtered(lambda flow: flow.active and flow.direction == "pull")
        due = run.in_turn & received & Domain("next_try_at", "<=", fields.Datetime.now())
        events = self.env["ml.webhook.event"]
        if listed := self._events_for_lists(run, flows, due):
            self._read_lists(run, flows, listed)
        elif events := events.search(due, order="next_try_at, id", limit=run.portion(EVENT_BATCH)):
            self._read_event_portion(run, flows, events)
        if found := listed | events | worn_out:
            self._commit(run, processed=len(found))
        return bool(listed | events)

    def _received(self, connection):
        """The domain of the events to read."""
        domain = Domain("connection_id", "=", connection.id) & Domain("state", "=", "received")
        return domain & Domain("challenge", "=", False)

    def _count_events(self, connection):
        """Number of events that are due now."""
        if connection.state not in WORKING_STATES or connection.breaker_until:
            return 0
        due = self._received(connection) & Domain("next_try_at", "<=", fields.Datetime.now())
        return self.env["ml.webhook.event"].search_count(due)

    def _events_for_lists(self, run, flows, due):
        """Events that are answered by the lists of their flows: many of one type, and those without a record id."""
        known = {event_type for flow in flows for event_type in flow._spec().events}
        # flows whose list stopped the server have a later turn
        late = {event_type for flow in flows.filtered("stop_count") for event_type in flow._spec().events}
        events = self.env["ml.webhook.event"]
        if run.stops:
            return events
        domain = due & Domain("is_listed", "=", False) & Domain("event_type", "in", list(known - late))
        counts = events._read_group(domain, ["event_type"], ["__count"])
        many = [event_type for event_type, count in counts if count >= MANY_EVENTS]
        alike = Domain("external_id", "=", False) | Domain("event_type", "in", many)
        return events.search(domain & alike, order="next_try_at, id", limit=MOST_LISTED)

    def _read_lists(self, run, flows, events):
        """Read the lists of all flows of the events.

        Known records that are no longer in the lists are read one by one later. Unknown ones are not ready to sync:
        another event or the flow's schedule brings them once they are.
        """
        types = set(events.mapped("event_type"))
        listed = set()
        for flow in flows.filtered(lambda flow: types & set(flow._spec().events)):
            if problem := self._read_or_sweep(run, flow):
                failed = events.filtered(lambda event, flow=flow: event.event_type in flow._spec().events)
                self._try_later(failed, problem)
                events -= failed
            listed |= run.listed.pop(flow.id, set())
        events.write({"state": "done", "message": False})
        unlisted = events.filtered(lambda event: event.external_id and event.external_id not in listed)
        known = self.env["ml.sync.log"]._read_group(
            [("flow_id", "in", flows.ids), ("external_id", "in", unlisted.mapped("external_id"))], ["external_id"]
        )
        known = {external_id for (external_id,) in known}
        unlisted.filtered(lambda event: event.external_id in known).write({"state": "received", "is_listed": True})

    def _read_event_portion(self, run, flows, events):
        """Read a portion of events. After a defect they are read in smaller portions."""
        try:
            with self._counted(run, events):
                self._read_event_batch(run, flows, events)
        except RACES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one event brings must not stop the others
            problem = self._as_connector_error(error)
            if problem.error_class != "bug":
                raise
            self._count_stops(events, 1)
            self._give_up_events(events.filtered(lambda event: event.stop_count >= MAX_STOPS), problem)

    def _give_up_events(self, events, error):
        if events:
            events.write({"state": "failed", "message": error.message})
            events.connection_id._ask_owner(error)

    def _read_event_batch(self, run, flows, events):
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
        of_pushes = self._of_pushes(run, events)
        (events - relevant).state = "ignored"
        relevant.state = "done"
        self._log_changes(run, of_pushes)
        for (flow, external_id), item in zip(
            keys,
            run.parallel(lambda key: key[0].fetch(key[1]), [(run.provider.flow(flow.key), i) for flow, i in keys]),
            strict=True,
        ):
            self._store_hint(flow, external_id, item, hints[flow, external_id])

    def _of_pushes(self, run, events):
        """{event: push flow that logs manual changes in the provider}."""
        flows = run.connection.flow_ids.filtered(lambda flow: flow.active and flow.direction == "push")
        by_type = {event_type: flow for flow in flows for event_type in flow._spec().events}
        return {event: by_type[event.event_type] for event in events if event.event_type in by_type}

    def _log_changes(self, run, of_pushes):
        """Log manual changes in the provider on the Odoo records."""
        events = [event for event in of_pushes if event.external_id]
        found = run.parallel(
            lambda key: key[0].heard(key[1]),
            [(run.provider.flow(of_pushes[event].key), event.external_id) for event in events],
        )
        for event, heard in zip(events, found, strict=True):
            event.state = "done"
            if isinstance(heard, NotFoundError):
                continue
            if isinstance(heard, ConnectorError):
                self._try_later(event, heard)
            elif heard:
                kind, external_id, sentence = heard
                records = self.env["ml.binding"]._records(run.connection, {(kind, external_id)})
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

    def _notice_gap(self, run):
        """Read all lists if the last sync is older than the time for which the provider repeats its events."""
        connection, kept = run.connection, run.provider.events_kept
        last = connection.last_success_at
        if connection.webhook_state != "active" or not (kept and last) or last > fields.Datetime.now() - kept:
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
                    provider=run.provider.label,
                    hours=round(kept.total_seconds() / 3600),
                ),
            )
        )
