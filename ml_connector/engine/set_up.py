"""Answers the administrator's requests."""

from ..core.capabilities import AccountingConnection
from .base import Step
from .reconcile import Reconciliation
from .subscription import Subscription


class SetUp(Step):
    """Answers the administrator's requests: connection check, accounting connection, webhooks."""

    def answer(self):
        connection = self.connection
        if connection.check_state == "requested":
            error = connection._run_check(self.run.provider)
            self.env["ml.sync.attempt"]._append(
                connection,
                [
                    {
                        "subject": connection.provider,
                        "action": "check",
                        "outcome": connection.check_state,
                        "error": error,
                        "message": connection.identity,
                    }
                ],
            )
            self.run.commit()
            if error:
                return
            self.run.sign_in()
            Reconciliation(self.run).find_lacking()
        if connection.seat_request:
            self._start_or_end()
        subscription = Subscription(self.run)
        if connection.webhook_state == "requested":
            subscription.subscribe()
        elif connection.webhook_state == "remove":
            subscription.unsubscribe()
        elif connection.webhook_subscription_previous:
            subscription.end_previous()

    def _start_or_end(self):
        connection, provider = self.connection, self.run.provider
        is_end = connection.seat_request == "release"
        if isinstance(provider, AccountingConnection):
            (provider.release_accounting_connection if is_end else provider.claim_accounting_connection)()
        if not is_end:
            connection._run_check(provider)
        connection.seat_request = False
        self.run.commit()
        self.run.sign_in()
