"""The end of each audit trail, kept on this server too, where whoever can only write SQL cannot reach it."""

import contextlib
import os

from odoo.tools import SQL

from . import signature


def head_file(env, connection_id):
    """Where this server keeps the end of a connection's audit trail."""
    # by the number that the cluster gave this database: a restored dump has another one, and ends earlier by right
    [(oid,)] = env.execute_query(SQL("SELECT oid FROM pg_database WHERE datname = current_database()"))
    return signature.RING.path(env).with_suffix(".heads") / f"{oid}-{connection_id}"


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
