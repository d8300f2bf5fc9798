"""Keys that are kept outside of the database: in the server's configuration and in a file beside it."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from odoo.tools import config

from ..core.errors import AuthError


def fingerprint(key):
    """What a key may be called by: says nothing about it."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


class KeyRing:
    """Fernet keys for one purpose, newest first.

    Those of the environment variable or of odoo.conf (comma separated) come first, then those of a file of mode 0600 in
    Odoo's data directory, one for each database.

    :param variable: name of the environment variable
    :param option: name of the option of odoo.conf, which counts where the variable is not set
    :param suffix: of the key file's name
    """

    def __init__(self, variable, option, suffix):
        self.variable = variable
        self.option = option
        self.suffix = suffix

    def keys(self, env):
        """All keys at hand, the one for new work first.

        :raises AuthError: they cannot be read, or one of them is none
        """
        return list(dict.fromkeys([*self.configured(), *self.in_file(env)]))

    def configured(self):
        """The keys of the server's configuration, which all hosts of a database can share."""
        text = os.environ.get(self.variable) or config.get(self.option) or ""
        return _checked([key.strip() for key in text.split(",") if key.strip()], f"{self.variable} or {self.option}")

    def path(self, env):
        # sudo: the database's uuid is only readable by administrators, the path is not shown to anybody
        uuid = env["ir.config_parameter"].sudo().get_param("database.uuid")
        return Path(config["data_dir"]) / "ml_connector" / f"{uuid}{self.suffix}"

    def in_file(self, env):
        """The keys of this host's file; none without one."""
        path = self.path(env)
        try:
            text = path.read_text()
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is damaged"
            raise AuthError(
                f"The key file {path} cannot be read ({reason}): let the user that runs Odoo own it, or restore it."
            ) from None
        keys = _checked(text.split(), path)
        if not keys:
            raise AuthError(f"The key file {path} is empty: restore it.")
        return keys

    def make(self, env):
        """The first key of the file. Of several processes that make one at the same time, all use the same."""
        path = self.path(env)
        with _writing(path):
            new = _written(path, [Fernet.generate_key().decode()])
            with contextlib.suppress(FileExistsError):  # somebody else was faster: his key is the key
                os.link(new, path)
            new.unlink()

    def add(self, env):
        """Put a new key before the others of the file."""
        with _writing(self.path(env)):
            self._replace(env, [Fernet.generate_key().decode(), *self.in_file(env)])

    def drop_older(self, env, key):
        """Keep that key of the file, and those that came after it, only."""
        with _writing(self.path(env)):
            keys = self.in_file(env)
            if key in keys[:-1]:
                self._replace(env, keys[: keys.index(key) + 1])

    def _replace(self, env, keys):
        path = self.path(env)
        _written(path, keys).replace(path)


def _checked(keys, place):
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise AuthError(f"A key in {place} is not a Fernet key: correct it.") from None
    return keys


@contextlib.contextmanager
def _writing(path):
    """One process at a time changes the key files, and what it did is safe on the disk.

    The lock ends with the process that holds it, however that ends.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise AuthError(f"The key file {path} cannot be written ({error.strerror}): correct its rights.") from None


def _written(path, keys):
    """A new file beside `path`, of mode 0600 and safe on the disk."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.")
    with open(descriptor, "w") as stream:
        stream.write("\n".join(keys) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return Path(name)
