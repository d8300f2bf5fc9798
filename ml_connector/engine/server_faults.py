"""Which exceptions are passing faults of the server on which Odoo runs, and what a person is told of them."""

import errno
import os

import psycopg2

FULL = (errno.ENOSPC, errno.EDQUOT)
PASSING = (
    *(errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.ESTALE, errno.ENXIO, errno.ENODEV, errno.EBUSY),
    *(errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOLCK, errno.ENOMEM),
)
"""What a disk, a network drive or the limits of a process bring about; all else may be a defect."""
RESOURCES, SYSTEM = "53", "58"
"""Classes of PostgreSQL's errors: it lacks disk or memory, or its own disk fails."""


def server_fault(env, error):
    """One sentence, or an empty string where the exception is no passing fault of the server."""
    while error:
        if text := _fault(env, error):
            return text
        error = error.__cause__
    return ""


def _fault(env, error):
    if isinstance(error, MemoryError):
        return env._("This server has no memory left.")
    if isinstance(error, psycopg2.Error):
        if isinstance(error, psycopg2.errors.DiskFull):
            return env._("The disk of the database server is full.")
        return env._("The database server lacks memory, disk or connections.") if _is_lack(error) else ""
    if not isinstance(error, OSError):
        return ""
    if error.errno in FULL:
        return env._("The disk of this server is full: there is no space for files of Odoo.")
    if error.errno in PASSING:
        return env._("This server cannot use its files (%s).", os.strerror(error.errno))
    return ""


def _is_lack(error):
    return (error.pgcode or "")[:2] in (RESOURCES, SYSTEM)
