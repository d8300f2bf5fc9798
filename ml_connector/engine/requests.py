"""Answers what the users requested of a connection."""

from ..core.errors import ConnectorError, StoppedError
from ..core.messages import _
from ..models.ml_error_class import MAX_STOPS
from .base import RACES, Step
from .dry_run import DryRuns
from .failures import as_connector_error
from .reconcile import Reconciliation
from .set_up import SetUp

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
    requested = [("connection_id", "=", connection.id), ("state", "=", "requested")]
    return any(connection.env[model].search_count(requested, limit=1) for model in REQUESTS)


def refuse(connection, error):
    """Answer requested checks, dry runs and webhooks with the error that prevents the run."""
    if connection.check_state == "requested":
        connection._note_failed_check(error)
    if connection.webhook_state in ("requested", "remove"):
        connection._note_failed_subscription(error)
    connection.seat_request = False
    for model in REQUESTS:
        requested = connection.env[model].search([("connection_id", "=", connection.id), ("state", "=", "requested")])
        requested.write({"state": "failed", "message": error.message})
