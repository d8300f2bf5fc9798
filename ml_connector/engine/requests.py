"""Answers what the users requested of a connection, and sets it up."""

from ..core.capabilities import AccountingConnection
from ..core.errors import ConnectorError, StoppedError
from ..core.messages import _
from ..models.ml_error_class import MAX_STOPS
from .base import RACES, Step, requested
from .dry_run import DryRuns
from .failures import as_connector_error
from .reconcile import Reconciliation
from .subscription import Subscription

REQUESTS = ("ml.dry.run", "ml.recovery")
"""Wizards whose requests the connection's job answers."""


class Requests(Step):
    """The users' requests that a connection's job answers."""

    def answer(self):
        """Answer the users' requests. A request that stopped the server repeatedly is refused."""
        connection = self.connection
        is_left = connection.seat_request or connection.webhook_subscription_previous
        if not (is_left or is_asked(connection)):
            if connection.stop_count:
                # the worker that stopped had already answered the request
                connection.stop_count = 0
            return
        if connection.stop_count >= MAX_STOPS:
            sentence = _("The server stopped %(count)s times while Odoo answered this.", count=connection.stop_count)
            refuse(connection, StoppedError(sentence))
            connection.stop_count = 0
            self.run.commit()
            return
        try:
            with self.run.queue.counted(connection):
                SetUp(self.run).answer()
                DryRuns(self.run).answer()
                Reconciliation(self.run).answer()
            # the next request has not stopped the server yet
            connection.stop_count = 0
        except (ConnectorError, *RACES):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a request raises must not stop the flows
            refuse(connection, as_connector_error(connection, error))
        self.run.commit()


def is_asked(connection):
    """Whether a user requested something that the job has to answer."""
    if connection.check_state == "requested" or connection.webhook_state in ("requested", "remove"):
        return True
    if connection.seat_request == "release":
        return True
    return any(requested(connection, model) for model in REQUESTS)


def refuse(connection, error):
    """Answer requested checks, dry runs and webhooks with the error that prevents the run."""
    if connection.check_state == "requested":
        connection._note_failed_check(error)
    if connection.webhook_state in ("requested", "remove"):
        connection._note_failed_subscription(error)
    connection.seat_request = False
    for model in REQUESTS:
        requested(connection, model).write({"state": "failed", "message": error.message})


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
