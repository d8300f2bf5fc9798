"""Errors that the connector knows how to handle.

Every error belongs to one class. One table, `models/ml_error_class.py`, defines how the engine treats a class
(retry, wait, whom to notify, advice). Messages are sentences without secrets, because they are stored and shown.
"""

from contextlib import contextmanager

from .awaited import Awaited, odoo_key
from .messages import _, paragraph


class ConnectorError(Exception):
    """Base of all errors that the connector handles.

    :param message: the `messages.Message` for the accountant, without secrets
    :param retry_after: seconds that the provider asks to wait
    :param trace_id: the provider's ID of the exchange, for its support
    :param status: HTTP status, if there was one
    :param code: the provider's error code, if it sent one
    :param details: the provider's answer as text, masked, for a technician
    :param awaits: the Odoo record whose change ends the wait, an empty recordset for a new record; None: no change of
        Odoo ends it
    :param awaited: the `Awaited` of other reasons; without any, a transfer with this error cannot wait
    """

    error_class = "bug"

    def __init__(
        self,
        message,
        *,
        retry_after=None,
        trace_id="",
        status=None,
        code="",
        details="",
        awaits=None,
        awaited=(),
    ):
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.trace_id = trace_id
        self.status = status
        self.code = code
        self.details = details
        self.awaited = tuple(awaited)
        if awaits is not None:
            self.awaited += (Awaited("change", "", odoo_key(awaits._name, awaits.id or "")),)

    def recast(self, kind, message):
        """The same answer of the provider as an error of another class."""
        known = {name: getattr(self, name) for name in ("retry_after", "trace_id", "status", "code", "details")}
        return kind(message, **known)


class AuthError(ConnectorError):
    """The provider refused the credentials, or a permission is missing or was withdrawn."""

    error_class = "auth"


class RateLimitError(ConnectorError):
    """The provider asks for fewer requests."""

    error_class = "rate_limit"


class NetworkError(ConnectorError):
    """Nothing was transferred: name resolution, connection or TLS failed, or a call without effect timed out."""

    error_class = "network"


class RemoteError(ConnectorError):
    """The provider's server failed or sent an answer that violates its protocol."""

    error_class = "remote"


class MappingError(ConnectorError):
    """A remote code has no Odoo record yet.

    :param references: the `documents.Reference` objects without a mapping
    :param proposal: the Odoo record that may match the first of them, for the accountant to confirm
    """

    error_class = "mapping"

    def __init__(self, message, references=(), proposal=None, **kwargs):
        codes = [Awaited("mapping", reference.kind, reference.external_id) for reference in references]
        super().__init__(message, awaited=codes, **kwargs)
        self.references = tuple(references)
        self.proposal = proposal


class InvalidDataError(ConnectorError):
    """The record cannot be transferred with the data that it has."""

    error_class = "validation"


class UnreadableRowError(InvalidDataError):
    """A row of a provider's list is not a readable record."""


class NotReadyError(InvalidDataError):
    """Odoo cannot book the record yet. It continues when the record `awaits` is corrected there."""

    error_class = "not_ready"


class NotPostedError(NotReadyError):
    """The record depends on a document that is still a draft."""

    error_class = "not_posted"


class FileFormatError(InvalidDataError):
    """A file does not match its template.

    :param line: number of the line, from 1; 0 if the error concerns no single line
    :param column: heading or number of the column
    :param is_cut: whether the file seems to end too early, so that reading it again later may succeed
    """

    def __init__(self, message, *, line=0, column="", expected="", found="", is_cut=False, **kwargs):
        super().__init__(message, **kwargs)
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found
        self.is_cut = is_cut


class MissingRightError(ConnectorError):
    """The user of the connection lacks an access right in Odoo."""

    error_class = "rights"


class ServerError(ConnectorError):
    """Odoo's own server cannot work at the moment: its disk, file system, memory or database."""

    error_class = "server"


class StoppedError(ConnectorError):
    """The server stopped repeatedly during this transfer: it exceeded its time or memory limit, or crashed."""

    error_class = "stopped"


class NotRelevantError(ConnectorError):
    """The record does not belong in Odoo, for example because it was archived before Odoo read it."""

    error_class = "not_wanted"


class DoubtfulDateError(InvalidDataError):
    """A date is implausibly far away: the accountant confirms it, or it is corrected at the provider."""

    error_class = "doubtful_date"


class LockedPeriodError(ConnectorError):
    """The accounting date lies in a locked period, and the flow holds such records for review.

    Unlocking the period in Odoo continues the transfer. Providers do not report when they unlock theirs.
    """

    error_class = "locked_period"


class DuplicateError(ConnectorError):
    """The record seems to exist already, but not certainly enough to link it automatically."""

    error_class = "duplicate"


class ConflictError(ConnectorError):
    """Both sides changed, or another program wrote in the meantime."""

    error_class = "conflict"


class InVainError(ConnectorError):
    """The event that the record waits for will not happen without an accountant."""

    error_class = "in_vain"


class PermanentError(ConnectorError):
    """The provider refused for a reason that no retry changes."""

    error_class = "permanent"


class NotFoundError(PermanentError):
    """The provider does not have the record, or no longer has it."""


class UnconfirmedError(ConnectorError):
    """A request was sent, and no answer says whether it took effect."""

    error_class = "unknown_outcome"


@contextmanager
def undone(task, provider):
    """Add to a refusal of the provider what to do there manually: only the caller knows the consequences.

    :param task: sentences on what happened in Odoo, and what to do in the provider
    :param provider: label of the provider
    """
    try:
        yield
    except (AuthError, ConflictError, PermanentError, RemoteError) as error:
        kind = type(error) if isinstance(error, (AuthError, RemoteError)) else InvalidDataError
        reason = _("Odoo cannot do this in %(provider)s: %(reason)s", provider=provider, reason=error.message)
        raise error.recast(kind, paragraph(reason, task)) from error
