"""The files of an SFTP server."""

import contextlib
import hashlib
import math
import stat
from dataclasses import dataclass
from decimal import Decimal

from ..errors import ConflictError, PermanentError, RemoteError
from ..messages import _
from .ssh_connection import SshConnection

PREFETCH = 128
"""Concurrent reads. Without a limit some servers hang; with a lower one, a download takes ten times as long."""
CHUNK = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The regular files of a folder: (name, size, time of change), sorted by name.

    Bytes of a name that are not UTF-8 become lone surrogates.
    """

    files: tuple


def _entries(sftp, folder):
    """(name, attributes) of the content of a folder. The library's own lists fail at a name that is not UTF-8."""
    from paramiko import SFTPAttributes, SFTPError
    from paramiko.sftp import CMD_CLOSE, CMD_HANDLE, CMD_NAME, CMD_OPENDIR, CMD_READDIR

    def asked(expected, command, argument):
        kind, message = sftp._request(command, argument)
        if kind != expected:
            raise SFTPError("unexpected answer")
        return message

    handle = asked(CMD_HANDLE, CMD_OPENDIR, folder).get_binary()
    found = []
    while True:
        try:
            message = asked(CMD_NAME, CMD_READDIR, handle)
        except EOFError:
            break
        for _number in range(message.get_int()):
            name, _line = message.get_binary(), message.get_binary()
            found.append((name, SFTPAttributes._from_msg(message)))
    sftp._request(CMD_CLOSE, handle)
    return found


def _state(attributes):
    return attributes.st_size or 0, int(attributes.st_mtime or 0)


def _close(sftp, file):
    """Close a written file. The library ignores the answer, and some servers store the file only now."""
    from paramiko.sftp import CMD_CLOSE

    file._closed = True
    sftp._request(CMD_CLOSE, file.handle)


class SftpSession(SshConnection):
    """The files of a server. Paths are relative to the login."""

    def list(self, folder):
        """The regular files of a folder: names, sizes and times of change, sorted by name."""
        with self._files(folder) as sftp:
            entries = _entries(sftp, folder or ".")
        found = [
            (name.decode(errors="surrogateescape"), *_state(attributes))
            for name, attributes in entries
            if attributes.st_mode is None or stat.S_ISREG(attributes.st_mode)
        ]
        return Listing(files=tuple(sorted(found)))

    def state(self, path):
        """Size and time of change of a file, or None if it does not exist."""
        with self._files(path) as sftp:
            try:
                return _state(sftp.stat(path))
            except FileNotFoundError:
                return None

    def size(self, path):
        """Size of a file, or None if it does not exist."""
        state = self.state(path)
        return state and state[0]

    def read(self, path, stream, limit):
        """Copy a file to a stream and return its SHA-256.

        :raises RemoteError: the file changed meanwhile
        :raises PermanentError: it is larger than `limit`
        """
        digest, count = hashlib.sha256(), 0
        with self._files(path) as sftp, sftp.open(path, "rb") as file:
            before = file.stat()
            if (before.st_size or 0) > limit:
                raise self._too_large(path, before.st_size, limit)
            if before.st_size:
                file.prefetch(before.st_size, max_concurrent_requests=PREFETCH)
            while chunk := file.read(CHUNK):
                count += len(chunk)
                if count > limit:
                    raise self._too_large(path, count, limit)
                digest.update(chunk)
                stream.write(chunk)
            after = sftp.stat(path)
        if (before.st_size, before.st_mtime) != (after.st_size, after.st_mtime) or count != after.st_size:
            raise RemoteError(_("%(path)s changed on the server while Odoo read it.", path=path))
        return digest.hexdigest()

    def _too_large(self, path, size, limit):
        return PermanentError(
            _(
                "%(path)s has %(size)s bytes. The limit is %(limit)s.",
                path=path,
                size=Decimal(size),
                limit=Decimal(limit),
            )
        )

    def write(self, path, stream, size):
        """Write a new file of `size` bytes; the server confirms all of them and the end.

        Returns whether the file is visible afterwards: another program may have taken it, or the server may hide it.
        """
        with self._files(path) as sftp:
            file = sftp.open(path, "wb")
            with file:
                chunk = stream.read(CHUNK)
                while chunk:
                    following = stream.read(CHUNK)
                    file.set_pipelined(bool(following))  # the last one waits for all answers
                    file.write(chunk)
                    chunk = following
                _close(sftp, file)
            found = self._written_size(sftp, path)
        if found is not None and found < size:
            raise RemoteError(
                _(
                    "The server stored only %(found)s of %(size)s bytes of %(path)s. Its disk may be full.",
                    found=Decimal(found),
                    size=Decimal(size),
                    path=path,
                )
            )
        return found is not None

    def _written_size(self, sftp, path):
        """Size of the written file; infinity if the server does not tell it; None if the file is not there."""
        try:
            size = sftp.stat(path).st_size
        except FileNotFoundError:
            return None
        except OSError:
            return math.inf
        return math.inf if size is None else size

    def rename(self, path, new_path):
        """Give a file its final name; never over another one."""
        with self._files(path) as sftp:
            try:
                sftp.rename(path, new_path)
            except FileNotFoundError:
                raise
            except OSError as error:
                if error.errno is None and self._exists(sftp, new_path):
                    raise ConflictError(_("%(path)s already exists on the server.", path=new_path)) from None
                raise

    def _exists(self, sftp, path):
        try:
            sftp.stat(path)
        except OSError:
            return False
        return True

    def remove(self, path):
        """Delete a file; does nothing if it does not exist."""
        with self._files(path) as sftp, contextlib.suppress(FileNotFoundError):
            sftp.remove(path)

    @contextlib.contextmanager
    def _files(self, path):
        self.connect()
        with self._translated(path):
            yield self._sftp
