"""Keys outside the database: in the server's configuration and in a file beside it."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from odoo.tools import config

from ..core.errors import AuthError
from ..core.messages import _


def fingerprint(key):
    """A name for a key that reveals nothing about it."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


class KeyRing:
    """Fernet keys for one purpose, newest first.

    The keys of the environment variable or of odoo.conf (comma separated) come first, then those of a file of mode 0600
    in Odoo's data directory, one for each database.

    :param variable: name of the environment variable
    :param option: name of the option of odoo.conf, used if the variable is not set
    :param suffix: of the key file's name
    """

    def __init__(self, variable, option, suffix):
        self.variable = variable
        self.option = option
        self.suffix = suffix

    def keys(self, env):
        """All available keys, the one for new data first.

        :raises AuthError: they cannot be read, or one of them is invalid
        """
        return list(dict.fromkeys([*self.configured(), *self.in_file(env)]))

    def configured(self):
        """The keys of the server's configuration, which all hosts of a database can share."""
        text = os.environ.get(self.variable) or config.get(self.option) or ""
        return _checked([key.strip() for key in text.split(",") if key.strip()], (self.variable, self.option))

    def path(self, env):
        # sudo: only administrators can read the uuid of the database, and no user sees the path
        uuid = env["ir.config_parameter"].sudo().get_param("database.uuid")
        return Path(config["data_dir"]) / "ml_connector" / f"{uuid}{self.suffix}"

    def in_file(self, env):
        """The keys of this host's file; empty without a file."""
        path = self.path(env)
        try:
            text = path.read_text()
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise AuthError(_unreadable(path, getattr(error, "strerror", None))) from None
        keys = _checked(text.split(), path)
        if not keys:
            raise AuthError(_("The key file %(path)s is empty. Restore it.", path=path))
        return keys

    def make(self, env):
        """Create the first key of the file. Processes that do so at the same time all use the same key."""
        path = self.path(env)
        with _writing(path):
            new = _written(path, [Fernet.generate_key().decode()])
            with contextlib.suppress(FileExistsError):  # another process was faster: its key counts
                os.link(new, path)
            new.unlink()

    def add(self, env):
        """Add a new key before the others of the file."""
        with _writing(self.path(env)):
            self._replace(env, [Fernet.generate_key().decode(), *self.in_file(env)])

    def drop_older(self, env, key):
        """Remove all keys of the file that are older than that key."""
        with _writing(self.path(env)):
            keys = self.in_file(env)
            if key in keys[:-1]:
                self._replace(env, keys[: keys.index(key) + 1])

    def _replace(self, env, keys):
        path = self.path(env)
        _written(path, keys).replace(path)


def _unreadable(path, reason):
    if not reason:
        return _("The key file %(path)s is damaged. Restore it.", path=path)
    return _(
        "Odoo cannot read the key file %(path)s (%(reason)s). Make the user that runs Odoo its owner, or restore it.",
        path=path,
        reason=reason,
    )


def _checked(keys, place):
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise AuthError(_("A key in %(place)s is not a Fernet key. Correct it.", place=place)) from None
    return keys


@contextlib.contextmanager
def _writing(path):
    """Lets one process at a time change the key files, and flushes the change to the disk.

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
        sentence = _(
            "Odoo cannot write the key file %(path)s (%(reason)s). Correct its permissions.",
            path=path,
            reason=error.strerror,
        )
        raise AuthError(sentence) from None


def _written(path, keys):
    """A new file beside `path`, of mode 0600 and flushed to the disk."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.")
    with open(descriptor, "w") as stream:
        stream.write("\n".join(keys) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return Path(name)
