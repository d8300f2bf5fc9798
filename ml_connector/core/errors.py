"""Errors that the connector knows how to handle.

Every error belongs to one class. What the engine does with a class (retry, wait, whom to tell, advice) stands in
one table, `models/ml_error_class.py`. Messages are one plain sentence, free of secrets: they are stored and shown.
"""


class ConnectorError(Exception):
    """Base of all errors of which the connector knows what to do.

    :param message: one sentence for the accountant, without secrets
    :param retry_after: seconds that the vendor asked us to wait
    :param trace_id: the vendor's own id of the exchange, for its support
    :param status: HTTP status, where there was one
    :param code: the vendor's own error code, where it sends one
    :param details: the vendor's answer as text, masked, for a technician
    :param awaits: the Odoo record whose change lets it go on, an empty recordset for a new one; None: no change of Odoo
    """

    error_class = "bug"

    def __init__(self, message, *, retry_after=None, trace_id="", status=None, code="", details="", awaits=None):
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.trace_id = trace_id
        self.status = status
        self.code = code
        self.details = details
        self.awaits = awaits

    def recast(self, kind, message):
        """The same answer of the provider as an error of another kind."""
        known = {name: getattr(self, name) for name in ("retry_after", "trace_id", "status", "code", "details")}
        return kind(message, **known)

    @property
    def can_come_true(self):
        """Whether something is known that a row with this error can wait for."""
        return self.awaits is not None


class AuthError(ConnectorError):
    """Credentials refused, scope missing, or access withdrawn."""

    error_class = "auth"


class RateLimitError(ConnectorError):
    """The vendor asks for fewer requests."""

    error_class = "rate_limit"


class NetworkError(ConnectorError):
    """Nothing was transferred: name look-up, connection, TLS, or a time-out of a call without effect."""

    error_class = "network"


class RemoteError(ConnectorError):
    """The vendor's server failed or answered something that is not its protocol."""

    error_class = "remote"


class MappingError(ConnectorError):
    """A remote code has no Odoo record yet.

    :param references: the `documents.Reference` objects that lack a mapping
    :param proposal: the Odoo record that the first of them may stand for, if a person says so
    """

    error_class = "mapping"

    def __init__(self, message, references=(), proposal=None, **kwargs):
        super().__init__(message, **kwargs)
        self.references = tuple(references)
        self.proposal = proposal

    @property
    def can_come_true(self):
        return bool(self.references)


class InvalidDataError(ConnectorError):
    """The data itself cannot be taken as it is."""

    error_class = "validation"


class UnreadableRowError(InvalidDataError):
    """A row of a provider's list is no record that can be read."""


class NotReadyError(InvalidDataError):
    """Odoo cannot take it yet: it goes on when the record `awaits` is repaired there."""

    error_class = "not_ready"


class NotPostedError(NotReadyError):
    """It builds on a document that is still a draft."""

    error_class = "not_posted"


class FileFormatError(InvalidDataError):
    """A file cannot be read as its template says.

    :param line: number of the line, from 1; 0 when it is not about one
    :param column: heading or number of the column
    :param is_cut: whether the file seems to end too early, which time may heal
    """

    def __init__(self, message, *, line=0, column="", expected="", found="", is_cut=False, **kwargs):
        super().__init__(message, **kwargs)
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found
        self.is_cut = is_cut


class MissingRightError(ConnectorError):
    """Odoo refuses it to the user as whom the connection works."""

    error_class = "rights"


class ServerError(ConnectorError):
    """Odoo's own server cannot work at the moment: its disk, file system, memory or database."""

    error_class = "server"


class StoppedError(ConnectorError):
    """The server stopped again and again over it: killed for its time or memory, or by a defect."""

    error_class = "stopped"


class NotRelevantError(ConnectorError):
    """The record is not meant to be in Odoo, for example because the vendor voided it before it came."""

    error_class = "not_wanted"


class DoubtfulDateError(InvalidDataError):
    """A date is so far away that it is hardly meant: a person says so, or it is corrected at the source."""

    error_class = "doubtful_date"


class LockedPeriodError(ConnectorError):
    """The accounting date lies in a locked period and the flow's policy is to park such records.

    Odoo's period is awaited; the vendor's is not, because nobody tells us when that opens.
    """

    error_class = "locked_period"


class DuplicateError(ConnectorError):
    """The record seems to exist already, but not surely enough to link it without a person."""

    error_class = "duplicate"


class ConflictError(ConnectorError):
    """Both sides changed, or somebody else wrote in between."""

    error_class = "conflict"


class InVainError(ConnectorError):
    """What the record waits for will not come by itself."""

    error_class = "in_vain"


class PermanentError(ConnectorError):
    """The vendor refused for a reason that no retry will change."""

    error_class = "permanent"


class NotFoundError(PermanentError):
    """The vendor has no such record, or has it no longer."""


class UnconfirmedError(ConnectorError):
    """We sent something and do not know whether it took effect."""

    error_class = "unknown_outcome"
