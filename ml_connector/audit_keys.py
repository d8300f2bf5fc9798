"""Signatures of the audit trail, under keys outside the database. None is ever dropped: old rows need theirs."""

import contextlib
import hashlib
import hmac
import os
import secrets

from odoo.tools import SQL

from . import secret_box


class AuditKeys:
    """The keys at hand, read once for a batch of rows."""

    def __init__(self, env):
        self._path = secret_box._key_file(env).with_suffix(".audit")
        self._keys = {}
        if self._path.exists():
            self._keys = {_key_id(key): key for key in self._path.read_text().split()}

    def newest(self):
        """Id of the key for new rows; the first one is made when there is none."""
        if not self._keys:
            key = secrets.token_hex(32)
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            self._path.write_text(key + "\n")
            self._keys = {_key_id(key): key}
        return next(iter(self._keys))

    def sign(self, key_id, text):
        return hmac.new(self._keys[key_id].encode(), text.encode(), hashlib.sha256).hexdigest()

    def verify(self, key_id, text, signature):
        """Whether the key of that id signed the text; None where this server does not have the key."""
        if key_id not in self._keys:
            return None
        return hmac.compare_digest(self.sign(key_id, text), signature or "")


def _key_id(key):
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def head_file(env, connection_id):
    """Where this server keeps the end of a connection's audit trail."""
    # by the number that the cluster gave this database: a restored dump has another one, and ends earlier by right
    [(oid,)] = env.execute_query(SQL("SELECT oid FROM pg_database WHERE datname = current_database()"))
    return secret_box._key_file(env).with_suffix(".heads") / f"{oid}-{connection_id}"


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
