"""Encryption of secrets at rest, under keys that are never in the database (see `key_ring`).

Columns that hold ciphertexts are `Ciphertext` fields: what must reach every one of them finds them by that.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo import fields
from odoo.tools import SQL

from .exceptions import AuthError
from .key_ring import KeyRing

ENVIRONMENT_VARIABLE = "ML_CONNECTOR_KEYS"
CONFIG_OPTION = "ml_connector_keys"
RING = KeyRing(ENVIRONMENT_VARIABLE, CONFIG_OPTION, ".keys")
NO_KEY = (
    "This host has no key that opens the stored secrets. Where several hosts work on one database, give all of them the"
    f" same keys in odoo.conf ({CONFIG_OPTION}) or in {ENVIRONMENT_VARIABLE}; else bring back the key file."
)
NOT_OPENED = "The stored credentials cannot be opened with this server's key. Enter them again on the connection."
USE_LOCK = 0x6D6C6B657973
"""Advisory lock that who encrypts shares until his transaction ends; who takes a key away has it alone."""


class Ciphertext(fields.Char):
    """A secret under the keys of this database. Only code reads and writes it."""

    def __init__(self, **options):
        super().__init__(**{"copy": False, "groups": fields.NO_ACCESS, **options})


def encrypt(env, plaintext):
    """Ciphertext (text) under the newest key.

    :raises AuthError: the keys cannot be read, or this host has none although there are secrets
    """
    env.cr.execute(SQL("SELECT pg_advisory_xact_lock_shared(%s)", USE_LOCK))
    keys = _keys(env) or _first_key(env)
    return Fernet(keys[0]).encrypt(plaintext.encode()).decode()


def decrypt(env, ciphertext):
    """:raises AuthError: when no key at hand opens it (the keys of another server, or a lost key file)."""
    keys = _keys(env)
    if not keys:
        raise AuthError(NO_KEY)
    try:
        return _fernet(keys).decrypt(ciphertext.encode()).decode()
    except (InvalidToken, ValueError):
        raise AuthError(NOT_OPENED) from None


def opens(env, ciphertext, newest=False):
    """Whether a key at hand opens it.

    :param newest: whether only the newest one counts
    """
    keys = _keys(env)[: 1 if newest else None]
    if not keys:
        return False
    try:
        _fernet(keys).decrypt(ciphertext.encode())
    except (InvalidToken, ValueError):
        return False
    return True


def rotate(env, ciphertext):
    """The same secret under the newest key.

    :raises AuthError: when no key at hand opens it
    """
    return encrypt(env, decrypt(env, ciphertext))


def ciphertexts(env):
    """Every stored ciphertext: (record, name of the field)."""
    for model in env.registry.values():
        names = [field.name for field in model._fields.values() if isinstance(field, Ciphertext) and field.store]
        for name in names if model._auto else ():
            # sudo: ciphertexts have no reader and no writer but the connector
            records = env[model._name].sudo().with_context(active_test=False)
            for record in records.search([(name, "!=", False)], order="id"):
                yield record, name


def add_key(env):
    """Put a new key first in the key file. False when the keys are managed outside (environment, odoo.conf)."""
    if RING.configured():
        return False
    RING.add(env)
    return True


def drop_old_keys(env):
    """Keep the newest key of the key file only, if it opens every ciphertext. Whether it does."""
    if not all(opens(env, record[name], newest=True) for record, name in ciphertexts(env)):
        return False
    if not RING.configured():
        RING.drop_old(env)
    return True


def _fernet(keys):
    return MultiFernet([Fernet(key) for key in keys])


def _keys(env):
    return list(dict.fromkeys([*RING.configured(), *_file_keys(env)]))


def _file_keys(env):
    return RING.in_file(env)


def _key_file(env):
    return RING.path(env)


def _first_key(env):
    """A key file for a database without secrets. Beside secrets of another key it would lock out their own host."""
    with env.registry.cursor() as cr:  # what others have stored since our transaction began counts too
        if any(ciphertexts(env)) or any(ciphertexts(env(cr=cr))):
            raise AuthError(NO_KEY)
    RING.make(env)
    return _keys(env)
