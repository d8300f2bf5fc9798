"""Encryption of stored secrets, with keys that are never in the database (see `key_ring`).

Ciphertexts are in `Ciphertext` fields, so that key rotation finds all of them.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo import fields
from odoo.tools import SQL

from ..core.errors import AuthError
from ..core.messages import _
from .key_ring import KeyRing

ENVIRONMENT_VARIABLE = "ML_CONNECTOR_KEYS"
CONFIG_OPTION = "ml_connector_keys"
RING = KeyRing(ENVIRONMENT_VARIABLE, CONFIG_OPTION, ".keys")
NO_KEY = _(
    "This server has no key for the stored secrets. If several servers share the database, set the same keys on all of"
    " them, in the option %(option)s of odoo.conf or in %(variable)s. Otherwise restore the key file. If it is lost, a"
    " system administrator can click Discard Lost Secrets in the settings of ML Connector.",
    option=CONFIG_OPTION,
    variable=ENVIRONMENT_VARIABLE,
)
NOT_OPENED = _("Odoo cannot decrypt the stored credentials with this server's key. Enter them again on the connection.")
USE_LOCK = 0x6D6C6B657973
"""Advisory lock that encryption shares until the end of its transaction; removing a key needs it exclusively."""


class Ciphertext(fields.Char):
    """A secret encrypted with the keys of this database. Only code accesses it. Its model has a `connection_id`."""

    def __init__(self, **options):
        super().__init__(**{"copy": False, "groups": fields.NO_ACCESS, **options})


def encrypt(env, plaintext):
    """The ciphertext (text) with the newest key.

    :raises AuthError: the keys cannot be read, or this host has none although secrets exist
    """
    env.cr.execute(SQL("SELECT pg_advisory_xact_lock_shared(%s)", USE_LOCK))
    if not has_key(env):
        make_first_key(env)
    return Fernet(RING.keys(env)[0]).encrypt(plaintext.encode()).decode()


def decrypt(env, ciphertext):
    """:raises AuthError: no available key decrypts it (keys of another server, or a lost key file)."""
    plaintext = opened(env, ciphertext)
    if plaintext is None:
        raise AuthError(NOT_OPENED if has_key(env) else NO_KEY)
    return plaintext


def opened(env, ciphertext, keys=None):
    """The secret, or None if there is none or no key decrypts it.

    :param keys: the keys to use; else all available ones
    :raises AuthError: the keys cannot be read
    """
    keys = RING.keys(env) if keys is None else keys
    if not (keys and ciphertext):
        return None
    try:
        return MultiFernet([Fernet(key) for key in keys]).decrypt(ciphertext.encode()).decode()
    except (InvalidToken, ValueError):
        return None


def is_under_old_key(env, ciphertext):
    """Whether an older key decrypts it, but not the newest one."""
    keys = RING.keys(env)
    return opened(env, ciphertext, keys[:1]) is None and opened(env, ciphertext, keys) is not None


def lost(env):
    """Every stored ciphertext that no available key decrypts: (record, name of the field)."""
    keys = RING.keys(env)
    return [(record, name) for record, name in ciphertexts(env) if opened(env, record[name], keys) is None]


def rotate(env, ciphertext):
    """The same secret encrypted with the newest key.

    :raises AuthError: no available key decrypts it
    """
    return encrypt(env, decrypt(env, ciphertext))


def ciphertexts(env):
    """Every stored ciphertext: (record, name of the field)."""
    for model in env.registry.values():
        names = [field.name for field in model._fields.values() if isinstance(field, Ciphertext) and model._auto]
        for name in names:
            # sudo: only the connector reads and writes ciphertexts
            records = env[model._name].sudo().with_context(active_test=False)
            for record in records.search([(name, "!=", False)], order="id"):
                yield record, name


def add_key(env):
    """Add a new key to the key file. False if the keys are managed outside (environment, odoo.conf).

    :raises AuthError: this host has no key although secrets exist
    """
    if is_configured():
        return False
    if has_key(env):
        RING.add(env)
    else:
        make_first_key(env)
    return True


def drop_old_keys(env):
    """Remove all keys of the key file but the newest, if it decrypts every ciphertext. Returns whether it does."""
    newest = RING.keys(env)[:1]
    if any(opened(env, record[name], newest) is None for record, name in ciphertexts(env)):
        return False
    if newest and not is_configured():
        RING.drop_older(env, *newest)
    return True


def has_key(env):
    return bool(RING.keys(env))


def is_configured():
    """Whether the server's configuration contains keys, which all hosts of a database can share."""
    return bool(RING.configured())


def make_first_key(env, forgotten=()):
    """Create a key file for a database without secrets. A second key file would lock out the host of existing secrets.

    :param forgotten: ciphertexts, as `lost` returns them, that this transaction has just discarded
    :raises AuthError: there are other ciphertexts
    """
    gone = {(record._name, record.id, name) for record, name in forgotten}
    with env.registry.cursor() as cr:  # includes ciphertexts that other transactions stored in the meantime
        stored = [*ciphertexts(env), *ciphertexts(env(cr=cr))]
        is_used = any((record._name, record.id, name) not in gone for record, name in stored)
    if is_used:
        raise AuthError(NO_KEY)
    RING.make(env)
