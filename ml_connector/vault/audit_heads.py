"""The end of each audit trail, also stored on this server, out of reach of SQL access."""

import contextlib
import os

from . import signature
from .database_mark import database_mark


def head_file(env, connection_id):
    """The file on this server with the end of a connection's audit trail."""
    # named after this database and its cluster: a restored dump has others, and rightly ends earlier
    mark = database_mark(env)
    return signature.RING.path(env).with_suffix(".heads") / f"{mark.system}-{mark.oid}-{connection_id}"


def remembered_head(path):
    """(number of attempts, last signature) as this server last wrote or verified them, or None."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        length, head = path.read_text().split()
        return int(length), head
    return None


def remember_head(path, length, head):
    """Store the end of an audit trail. Call it after the commit of these attempts."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(f"{length} {head}\n")
    new.replace(path)
