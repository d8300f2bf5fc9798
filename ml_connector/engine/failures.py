"""Errors of a transfer: what they mean, and the state that it has after them."""

import errno
import logging
import os
from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError

from ..core.awaited import Awaited, odoo_key
from ..core.errors import ConflictError, ConnectorError, MappingError, ServerError, StoppedError
from ..core.messages import _
from ..models.ml_error_class import ERROR_CLASSES, MAX_TRIES, retry_seconds
from ..models.ml_mapping_sending import NoCodeError

_logger = logging.getLogger(__name__)

LOOK_UP_DELAY = timedelta(seconds=30)
"""Delay before an unanswered request is looked up: the provider may still process it, and its lists may lag behind."""


class MissingDependencyError(ConnectorError):
    """The record depends on another remote record that is not in Odoo yet."""

    error_class = "mapping"


class FieldConflictError(ConflictError):
    """The same values were changed on both sides, and a user has to decide.

    :param values: {name: (Odoo's value, the provider's value)}
    """

    def __init__(self, message, values):
        super().__init__(message)
        self.values = {name: list(sides) for name, sides in values.items()}


class NewerRemoteVersionError(ConnectorError):
    """The provider changed the record too, and that change must be in Odoo before Odoo's change is sent."""

    error_class = "unseen_change"


def as_connector_error(connection, error):
    """A ConnectorError for any exception. An unknown one is a bug, shown by its type only."""
    if isinstance(error, ConnectorError):
        return error
    if isinstance(error, AccessError):
        return connection._missing_right(error)
    if fault := server_fault(error):
        _logger.warning("The server could not do what a transfer needs", exc_info=error)
        return ServerError(fault)
    _logger.error("Unexpected error while a record was transferred", exc_info=error)
    return ConnectorError(_("Unexpected error: %(error)s. See the server log for details.", error=type(error).__name__))


def may_be_of_one(problem, has_effect):
    """Whether a call for several records may have failed because of one, and can be repeated for the others.

    :param has_effect: whether the call may have reached the provider, so that it must not be repeated
    """
    known = ERROR_CLASSES[problem.error_class]
    if problem.error_class == "bug":
        return not has_effect
    return not (known.retried or known.stops_connection or known.state == "unknown")


def failure_of(log, error):
    """What a transfer is after a failed attempt: its values, and what it waits for ({`Awaited`: its mapping, or None}).

    Missing mappings are created.
    """
    vals, awaited = failure_values(log, error), dict.fromkeys(error.awaited)
    if isinstance(error, NoCodeError):
        rows = log.env["ml.mapping"]._list_missing(log.connection_id, error.missing)
        of_records = {(row.kind, odoo_key(row.res_model, row.res_id)): row for row in rows}
        awaited = {one: of_records[one.kind, one.key] for one in awaited}
    elif isinstance(error, MappingError) and error.references:
        unmapped = _unmapped(log, error)
        awaited = {one: unmapped[one] for one in awaited if one in unmapped}
        if not awaited:
            # Odoo had the same code: the mapping was filled when it was created, and the record can continue
            vals.update(state="pending", next_try_at=fields.Datetime.now(), try_count=0)
    return vals, awaited


def _unmapped(log, error):
    """{`Awaited`: its mapping} of the missing mappings of an error."""
    direction = log.flow_id._importer()._direction if log.direction == "pull" else "in"
    mappings = log.env["ml.mapping"]._upsert(log.connection_id, error.references, direction)
    if error.proposal:
        mappings._note_proposal(error.references[0], error.proposal)
    unmapped = mappings.filtered(lambda mapping: mapping.state == "unmapped")
    return {Awaited("mapping", mapping.kind, mapping.external_id): mapping for mapping in unmapped}


def failure_values(log, error):
    """Values of a transfer after a failed attempt: state, next attempt, error class and sentence."""
    error_class = ERROR_CLASSES[error.error_class]
    vals = {
        "error_class": error.error_class,
        "error_message": error.message,
        "lease_until": False,
        "milliseconds": 0,
    }
    if not isinstance(error, StoppedError):
        vals["stop_count"] = 0
    if any(one.reason == "change" for one in error.awaited):
        vals["next_try_at"] = fields.Datetime.now() + timedelta(seconds=retry_seconds(log.try_count))
    if error_class.retried and log.try_count < MAX_TRIES:
        delay = timedelta(seconds=retry_seconds(log.try_count, error.retry_after))
        return {**vals, "state": "pending", "next_try_at": fields.Datetime.now() + delay, "sent_at": False}
    if error_class.state == "unknown":
        return {**vals, "state": "unknown", "next_try_at": _look_up_at(log)}
    if error_class.state == "ignored":
        vals |= {"done_at": fields.Datetime.now(), "ignored_reason": error.message}
    if error_class.state == "waiting" and not error.awaited:
        return {**vals, "state": "failed", "sent_at": False}
    return {**vals, "state": error_class.state, "sent_at": False}


def passed_over(error):
    """Return the error of one folder or file; raise it when all others would meet it too."""
    if ERROR_CLASSES[error.error_class].stops_connection:
        raise error
    return error


def _look_up_at(log):
    """When to ask the provider whether an unconfirmed record arrived: not while it may still process it."""
    return max(fields.Datetime.now() + LOOK_UP_DELAY, ended_at(log))


def ended_at(log):
    """When the provider has certainly finished processing what was sent."""
    return (log.sent_at or fields.Datetime.now()) + timedelta(seconds=log.connection_id._provider_class().lookup_delay)


FULL = (errno.ENOSPC, errno.EDQUOT)
PASSING = (
    *(errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.ESTALE, errno.ENXIO, errno.ENODEV, errno.EBUSY),
    *(errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOLCK, errno.ENOMEM),
)
"""What a disk, a network drive or the limits of a process bring about; all else may be a defect."""
RESOURCES, SYSTEM = "53", "58"
"""Classes of PostgreSQL's errors: it lacks disk or memory, or its own disk fails."""


def server_fault(error):
    """One sentence, or an empty string where the exception is no passing fault of the server."""
    while error:
        if sentence := _fault(error):
            return sentence
        error = error.__cause__
    return ""


def _fault(error):
    if isinstance(error, MemoryError):
        return _("The server is out of memory.")
    if isinstance(error, psycopg2.Error):
        if isinstance(error, psycopg2.errors.DiskFull):
            return _("The disk of the database server is full.")
        return _("The database server is out of memory, disk space or connections.") if _is_lack(error) else ""
    if not isinstance(error, OSError):
        return ""
    if error.errno in FULL:
        return _("The disk of the server is full. Odoo cannot store files.")
    if error.errno in PASSING:
        return _("The server cannot access its files: %(reason)s.", reason=os.strerror(error.errno))
    return ""


def _is_lack(error):
    return (error.pgcode or "")[:2] in (RESOURCES, SYSTEM)
