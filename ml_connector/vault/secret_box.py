"""Encryption of secrets at rest, under keys that are never in the database (see `key_ring`).

Columns that hold ciphertexts are `Ciphertext` fields: what must reach every one of them finds them by that.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo import fields
from odoo.tools import SQL

from ..core.errors import AuthError
from .key_ring import KeyRing

ENVIRONMENT_VARIABLE = "ML_CONNECTOR_KEYS"
CONFIG_OPTION = "ml_connector_keys"
RING = KeyRing(ENVIRONMENT_VARIABLE, CONFIG_OPTION, ".keys")
NO_KEY = (
    "This host has no key that opens the stored secrets. Where several hosts work on one database, give all of them the"
    f" same keys in odoo.conf ({CONFIG_OPTION}) or in {ENVIRONMENT_VARIABLE}; else bring back the key file. If it is"
    " lost for good, a system administrator presses Discard Lost Secrets in the settings of ML Connector."
)
NOT_OPENED = "The stored credentials cannot be opened with this server's key. Enter them again on the connection."
USE_LOCK = 0x6D6C6B657973
"""Advisory lock that who encrypts shares until his transaction ends; who takes a key away has it alone."""


class Ciphertext(fields.Char):
    """A secret under the keys of this database. Only code reads and writes it. Its model has a `connection_id`."""

    def __init__(self, **options):
        super().__init__(**{"copy": False, "groups": fields.NO_ACCESS, **options})


def encrypt(env, plaintext):
    """Ciphertext (text) under the newest key.

    :raises AuthError: the keys cannot be read, or this host has none although there are secrets
    """
    env.cr.execute(SQL("SELECT pg_advisory_xact_lock_shared(%s)", USE_LOCK))
    if not has_key(env):
        make_first_key(env)
    return Fernet(_keys(env)[0]).encrypt(plaintext.encode()).decode()


def decrypt(env, ciphertext):
    """:raises AuthError: when no key at hand opens it (the keys of another server, or a lost key file)."""
    plaintext = opened(env, ciphertext)
    if plaintext is None:
        raise AuthError(NOT_OPENED if _keys(env) else NO_KEY)
    return plaintext


def opened(env, ciphertext, keys=None):
    """The secret, or None where there is none or no key opens it.

    :param keys: those to try; else all at hand
    :raises AuthError: the keys cannot be read
    """
    keys = _keys(env) if keys is None else keys
    if not (keys and ciphertext):
        return None
    try:
        return MultiFernet([Fernet(key) for key in keys]).decrypt(ciphertext.encode()).decode()
    except (InvalidToken, ValueError):
        return None


def is_under_old_key(env, ciphertext):
    """Whether it can be opened, but not with the newest key."""
    keys = _keys(env)
    return opened(env, ciphertext, keys[:1]) is None and opened(env, ciphertext, keys) is not None


def lost(env):
    """Every stored ciphertext that no key at hand opens: (record, name of the field)."""
    keys = _keys(env)
    return [(record, name) for record, name in ciphertexts(env) if opened(env, record[name], keys) is None]


def rotate(env, ciphertext):
    """The same secret under the newest key.

    :raises AuthError: when no key at hand opens it
    """
    return encrypt(env, decrypt(env, ciphertext))


def ciphertexts(env):
    """Every stored ciphertext: (record, name of the field)."""
    for model in env.registry.values():
        names = [field.name for field in model._fields.values() if isinstance(field, Ciphertext) and model._auto]
        for name in names:
            # sudo: ciphertexts have no reader and no writer but the connector
            records = env[model._name].sudo().with_context(active_test=False)
            for record in records.search([(name, "!=", False)], order="id"):
                yield record, name


def add_key(env):
    """Put a new key first in the key file. False when the keys are managed outside (environment, odoo.conf).

    :raises AuthError: this host has no key although there are secrets
    """
    if RING.configured():
        return False
    if has_key(env):
        RING.add(env)
    else:
        make_first_key(env)
    return True


def drop_old_keys(env):
    """Keep the newest key of the key file only, if it opens every ciphertext. Whether it does."""
    newest = _keys(env)[:1]
    if any(opened(env, record[name], newest) is None for record, name in ciphertexts(env)):
        return False
    if newest and not RING.configured():
        RING.drop_older(env, *newest)
    return True


def has_key(env):
    return bool(_keys(env))


def is_configured():
    """Whether the server's configuration holds keys, which all hosts of a database can share."""
    return bool(RING.configured())


def _keys(env):
    return list(dict.fromkeys([*RING.configured(), *_file_keys(env)]))


def _file_keys(env):
    return RING.in_file(env)


def _key_file(env):
    return RING.path(env)


def make_first_key(env, forgotten=()):
    """A key file for a database without secrets. Beside secrets of another key it would lock out their own host.

    :param forgotten: ciphertexts, as `lost` returns them, that this transaction has just thrown away
    :raises AuthError: there are others
    """
    gone = {(record._name, record.id, name) for record, name in forgotten}
    with env.registry.cursor() as cr:  # what others have stored since our transaction began counts too
        stored = [*ciphertexts(env), *ciphertexts(env(cr=cr))]
        is_used = any((record._name, record.id, name) not in gone for record, name in stored)
    if is_used:
        raise AuthError(NO_KEY)
    RING.make(env)
