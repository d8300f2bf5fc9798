"""Encryption of secrets at rest.

Keys come from the environment variable `ML_CONNECTOR_KEYS` or from the option `ml_connector_keys` of odoo.conf
(Fernet keys, comma separated, newest first), else from a file of mode 0600 in Odoo's data directory, one for each
database, never from the database itself.
"""

import contextlib
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo.tools import config

from .exceptions import AuthError

ENVIRONMENT_VARIABLE = "ML_CONNECTOR_KEYS"
CONFIG_OPTION = "ml_connector_keys"


def encrypt(env, plaintext):
    """Ciphertext (text) under the newest key."""
    return _fernet(env, create=True).encrypt(plaintext.encode()).decode()


def decrypt(env, ciphertext):
    """:raises AuthError: when no key at hand opens it (the keys of another server, or a lost key file)."""
    try:
        return _fernet(env).decrypt(ciphertext.encode()).decode()
    except (InvalidToken, ValueError):
        raise AuthError(
            "The stored credentials cannot be opened with this server's key. Enter them again on the connection."
        ) from None


def rotate(env, ciphertext):
    """The same secret under the newest key."""
    try:
        return _fernet(env).rotate(ciphertext.encode()).decode()
    except InvalidToken:
        return ciphertext


def add_key(env):
    """Put a new key first in the key file. False when the keys are managed outside (environment, odoo.conf)."""
    if _configured_keys():
        return False
    _write_keys(env, [Fernet.generate_key().decode(), *_file_keys(env)])
    return True


def drop_old_keys(env):
    """Keep the newest key of the key file only; to be called once everything has been rotated and committed."""
    keys = _file_keys(env)
    if len(keys) > 1 and not _configured_keys():
        _write_keys(env, keys[:1])


def _fernet(env, create=False):
    keys = _configured_keys() or _file_keys(env)
    if not keys and create:
        _write_keys(env, [Fernet.generate_key().decode()])
        keys = _file_keys(env)
    if not keys:
        raise InvalidToken
    return MultiFernet([Fernet(key) for key in keys])


def _configured_keys():
    text = os.environ.get(ENVIRONMENT_VARIABLE) or config.get(CONFIG_OPTION) or ""
    return [key.strip() for key in text.split(",") if key.strip()]


def _key_file(env):
    # sudo: the database's uuid is only readable by administrators, the path is not shown to anybody
    uuid = env["ir.config_parameter"].sudo().get_param("database.uuid")
    return Path(config["data_dir"]) / "ml_connector" / f"{uuid}.keys"


def _file_keys(env):
    with contextlib.suppress(FileNotFoundError):
        return _key_file(env).read_text().split()
    return []


def _write_keys(env, keys):
    path = _key_file(env)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write("\n".join(keys) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)
