"""Subscribes, verifies and removes webhooks."""

import logging
from datetime import datetime, timedelta

from odoo import fields

from ..core.errors import AuthError, ConnectorError, InvalidDataError
from ..core.messages import _
from ..models.ml_connection_webhooks import DATABASE_HEADER
from ..models.ml_credential import WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS
from .base import Step

_logger = logging.getLogger(__name__)

CONFIRMED_WITHIN = timedelta(hours=1)
"""How long the provider may take to verify a subscription before users are notified."""
CHECK_EVERY = timedelta(days=1)


class Subscription(Step):
    """The connection's webhook subscription."""

    def subscribe(self):
        connection = self.connection
        base = connection._told_base()
        try:
            if not base:
                raise InvalidDataError(
                    _(
                        "%(provider)s cannot reach this server at %(url)s. Set the system parameter web.base.url to its"
                        " public address, which begins with https, and web.base.url.freeze to True.",
                        provider=self.run.provider.label,
                        url=connection.get_base_url(),
                    )
                )
            self.run.provider.webhook_headers = headers = connection._webhook_headers()
            subscription, secret = self.run.provider.subscribe(connection.webhook_url, connection.webhook_handshake)
        except ConnectorError as error:
            connection._note_failed_subscription(error)
            self.run.commit()
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
                "webhook_state": "unverified" if self.run.provider.challenges_webhooks else "active",
            }
        )
        self.run.commit()
        self.confirm()
        self.end_previous()

    def unsubscribe(self):
        connection = self.connection
        for subscription in (connection.webhook_subscription, connection.webhook_subscription_previous):
            if subscription:
                self.run.provider.unsubscribe(subscription)
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
        self.run.commit()

    def confirm(self):
        """Answer the provider's challenge, which may arrive before its answer to the subscription."""
        connection = self.connection
        if connection.webhook_state != "unverified":
            return
        challenges = self.env["ml.webhook.event"].search(
            [("connection_id", "=", connection.id), ("challenge", "!=", False), ("state", "=", "received")]
        )
        if not challenges:
            return
        refusal = self._answer_challenges(challenges)
        # a refused challenge belongs to an earlier subscription
        challenges.state = "done"
        if not refusal:
            connection.write({"webhook_state": "active", "webhook_problem": False})
        self.run.commit()
        if refusal:
            raise refusal
        self.end_previous()

    def _answer_challenges(self, challenges):
        """None once the provider accepts one, the newest first; else its last refusal."""
        for challenge in challenges:
            try:
                self.run.provider.confirm_subscription(self.connection.webhook_subscription, challenge.challenge)
            except AuthError as error:
                refusal = error
            else:
                return None
        return refusal

    def end_previous(self):
        """Remove the replaced subscription; in the next run if the provider is not available now."""
        connection = self.connection
        if connection.webhook_state != "active":
            return
        try:
            if connection.webhook_subscription_previous:
                self.run.provider.unsubscribe(connection.webhook_subscription_previous)
        except ConnectorError as error:
            _logger.info("The former webhooks of %s could not be removed: %s", connection.display_name, error.message)
            return
        connection.webhook_subscription_previous = False
        connection._internal_secrets(WEBHOOK_SECRET_PREVIOUS).unlink()
        self.run.commit()

    def watch(self):
        """Report an unconfirmed subscription, and once a day set up a wrong one again."""
        connection, now = self.connection, fields.Datetime.now()
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
        if not is_confirmed or self._is_astray():
            connection.message_post(
                body=self.env._(
                    "The webhooks in %(provider)s were not set up correctly. Odoo sets them up again.",
                    provider=self.run.provider.label,
                )
            )
            self.subscribe()
        self.run.commit()

    def _is_astray(self):
        """Whether the provider's subscription differs from the one that `_subscribe` would create now."""
        connection = self.connection
        connection.webhook_checked_at = fields.Datetime.now()
        try:
            is_right = self.run.provider.is_subscribed(connection.webhook_subscription, connection.webhook_url)
        except ConnectorError as error:
            _logger.info("The webhooks of %s could not be checked: %s", connection.display_name, error.message)
            return False
        connection.webhook_problem = connection._database_problem()
        database = connection._webhook_headers().get(DATABASE_HEADER)
        return is_right is False or (is_right and (connection.webhook_database or None) != database)
