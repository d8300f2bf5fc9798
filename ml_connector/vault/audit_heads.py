"""The end of each audit trail, kept on this server too, where whoever can only write SQL cannot reach it."""

import contextlib
import os

from . import signature
from .database_mark import database_mark


def head_file(env, connection_id):
    """Where this server keeps the end of a connection's audit trail."""
    # by the numbers of this database and its cluster: a restored dump has others, and ends earlier by right
    mark = database_mark(env)
    return signature.RING.path(env).with_suffix(".heads") / f"{mark.system}-{mark.oid}-{connection_id}"


def remembered_head(path):
    """(number of attempts, last signature) as this server wrote or verified them last, or None."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        length, head = path.read_text().split()
        return int(length), head
    return None


def remember_head(path, length, head):
    """To be called once what it says is committed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(f"{length} {head}\n")
    new.replace(path)
