import logging
from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain

from ..exceptions import AuthError, ConnectorError, InvalidDataError, NotFoundError
from ..models.ml_credential import WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS
from ..models.ml_error_class import MAX_STOPS, MAX_TRIES, retry_seconds
from .ml_worker import RACES

_logger = logging.getLogger(__name__)

EVENT_BATCH = 100


class MlWorker(models.AbstractModel):
    """Webhooks: subscribed, verified and removed where an administrator asks for it; what they told is read."""

    _inherit = "ml.worker"

    # ------------------------------------------------------------------ subscription

    def _subscribe(self, run):
        connection = run.connection
        base = connection._told_base()
        try:
            if not base:
                raise InvalidDataError(
                    self.env._(
                        "The vendor cannot reach this server at %s: set the system parameter web.base.url to its public"
                        " address, which begins with https, and web.base.url.freeze to True.",
                        connection.get_base_url(),
                    )
                )
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
                "webhook_subscription": False,
                "webhook_subscription_previous": False,
            }
        )
        # from now on the address is closed
        connection._internal_secrets(WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS).unlink()
        self._commit(run)

    def _confirm_subscription(self, run):
        """Answer the vendor's challenge, which may have arrived before its answer to our request."""
        connection = run.connection
        if connection.webhook_state != "unverified":
            return
        challenges = self.env["ml.webhook.event"].search(
            [("connection_id", "=", connection.id), ("challenge", "!=", False), ("state", "=", "received")]
        )
        if not challenges:
            return
        refusal = self._answer_challenges(run, challenges)
        # a challenge that is refused belongs to a subscription that was given up
        challenges.state = "done"
        if not refusal:
            connection.webhook_state = "active"
        self._commit(run)
        if refusal:
            raise refusal
        self._end_previous_subscription(run)

    def _answer_challenges(self, run, challenges):
        """None once the vendor accepts one, the newest first; else its last refusal."""
        for challenge in challenges:
            try:
                run.provider.confirm_subscription(run.connection.webhook_subscription, challenge.challenge)
            except AuthError as error:
                refusal = error
            else:
                return None
        return refusal

    def _end_previous_subscription(self, run):
        """Remove what the new subscription has replaced; in the next run, when the vendor cannot be asked now."""
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

    # ------------------------------------------------------------------ events

    def _read_events(self, run):
        """Read the records again that webhook events hint at."""
        self._confirm_subscription(run)
        received = Domain("connection_id", "=", run.connection.id) & Domain("state", "=", "received")
        received &= Domain("challenge", "=", False)
        worn_out = self.env["ml.webhook.event"].search(received & Domain("stop_count", ">=", MAX_STOPS))
        self._give_up_events(worn_out, self._stopped(MAX_STOPS, self.env._("reading what it tells of")))
        due = run.in_turn & received & Domain("next_try_at", "<=", fields.Datetime.now())
        while events := self.env["ml.webhook.event"].search(
            due, order="next_try_at, id", limit=run.portion(EVENT_BATCH)
        ):
            self._read_event_portion(run, events)
            self._commit(run, processed=len(events))

    def _read_event_portion(self, run, events):
        """What a defect strikes comes again in smaller portions."""
        try:
            with self._noted(run, events):
                self._read_event_batch(run, events)
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

    def _read_event_batch(self, run, events):
        flows = run.connection.flow_ids.filtered(lambda flow: flow.active and flow.direction == "pull")
        hints, relevant = {}, self.env["ml.webhook.event"]
        for event in events:
            for flow in flows.filtered(lambda flow, event=event: event.event_type in flow._spec().events):
                relevant |= event
                if event.external_id:
                    hints.setdefault((flow, event.external_id), self.env["ml.webhook.event"])
                    hints[flow, event.external_id] |= event
                else:
                    # it does not say which record: the flow reads what changed
                    flow.next_run_at = fields.Datetime.now()
        keys = list(hints)
        (events - relevant).state = "ignored"
        relevant.state = "done"
        for (flow, external_id), item in zip(
            keys,
            run.parallel(lambda key: run.provider.fetch(key[0].key, key[1]), [(f._spec(), i) for f, i in keys]),
            strict=True,
        ):
            self._store_hint(flow, external_id, item, hints[flow, external_id])

    def _store_hint(self, flow, external_id, item, events):
        if item is None or isinstance(item, NotFoundError):
            events.message = self.env._("There is nothing to transfer for it (any more).")
        elif isinstance(item, ConnectorError):
            tries = max(events.mapped("try_count")) + 1
            events.write(
                {
                    "state": "received" if tries < MAX_TRIES else "failed",
                    "message": item.message,
                    "try_count": tries,
                    "next_try_at": fields.Datetime.now() + timedelta(seconds=retry_seconds(tries, item.retry_after)),
                }
            )
        else:
            self.env["ml.sync.log"]._store(flow, [item])

    def _notice_gap(self, run):
        """After a time so long that the vendor gave up repeating its events, read everything again at once."""
        connection, kept = run.connection, run.provider.events_kept
        last = connection.last_success_at
        if connection.webhook_state != "active" or not (kept and last) or last > fields.Datetime.now() - kept:
            return
        readers = connection.flow_ids.filtered(lambda flow: flow.active and flow.direction == "pull")
        readers.next_run_at = fields.Datetime.now()
        connection._trigger()
        connection.message_post(
            body=self.env._(
                "Nothing was synced from %(since)s UTC until now, but the vendor repeats its events for %(hours)s "
                "hours only. What they would have told is read from the lists.",
                since=fields.Datetime.to_string(last),
                hours=round(kept.total_seconds() / 3600),
            )
        )
