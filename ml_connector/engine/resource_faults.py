"""Recognizes exceptions that are passing faults of the server on which Odoo runs."""

import errno
import os

import psycopg2

from ..core.messages import _

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
