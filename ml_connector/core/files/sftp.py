"""SFTP with a pinned host key. `paramiko` is imported on use: without it, only these connections fail."""

import base64
import contextlib
import errno
import hashlib
import io
import logging
import math
import re
import socket
import stat
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from ..errors import AuthError, ConflictError, ConnectorError, NetworkError, NotFoundError, PermanentError, RemoteError
from ..http.addresses import RefusedAddressError, loopback_allowed, resolved
from ..messages import _
from .ssh_login import Login

OLDEST_PARAMIKO = (3, 4)
"""Older ones lack strict key exchange (CVE-2023-48795)."""
CONNECT_TIMEOUT = 15.0
AUTH_TIMEOUT = 20.0
CALL_TIMEOUT = 60.0
KEEPALIVE = 30
WINDOW = 1 << 24
PACKET = 1 << 15
PREFETCH = 128
"""Concurrent reads. Without a limit some servers hang; with a lower one, a download takes ten times as long."""
CHUNK = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpAccount:
    """Server and login. A server may require the password, the key, or both.

    :param host_keys: accepted public keys of the server, as `type base64`; empty: no connection is made
    :param allow_loopback: whether this machine itself may be called; None: as the environment says
    """

    host: str
    username: str
    port: int = 22
    password: str = ""
    private_key: str = ""
    passphrase: str = ""
    host_keys: tuple[str, ...] = ()
    allow_loopback: bool | None = None

    def __repr__(self):
        return f"SftpAccount({self.username}@{self.host}:{self.port})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The regular files of a folder: (name, size, time of change), sorted by name.

    Bytes of a name that are not UTF-8 become lone surrogates.
    """

    files: tuple


class HostKeyError(AuthError):
    """The server does not present the confirmed key. `seen` is the one it presents."""

    def __init__(self, message, seen):
        super().__init__(message)
        self.seen = seen


def fingerprint(host_key):
    """The fingerprint of a `type base64` key, as OpenSSH shows it."""
    blob = base64.b64decode(host_key.split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _library():
    try:
        import paramiko
    except ImportError:
        raise PermanentError(
            _("This server lacks the Python package paramiko. Install it (pip install paramiko), then restart Odoo.")
        ) from None
    if tuple(map(int, paramiko.__version__.split(".")[:2])) < OLDEST_PARAMIKO:
        raise PermanentError(
            _(
                "The Python package paramiko on this server is outdated and unsafe. Install version 3.4 or newer"
                " (pip install --upgrade paramiko), then restart Odoo."
            )
        )
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # its text may quote the server
    return paramiko


def load_private_key(text, passphrase=""):
    """The paramiko key of a pasted private key: OpenSSH, PEM or PKCS#8, also with lost line breaks.

    :raises AuthError: it cannot be used
    """
    from cryptography.hazmat.primitives import serialization as ser

    paramiko = _library()
    data = _repaired(text).encode()
    if b"PuTTY" in data:
        raise AuthError(_("The private key is in the format of PuTTY. Export it as an OpenSSH key in PuTTYgen."))
    load = ser.load_ssh_private_key if b"OPENSSH PRIVATE KEY" in data else ser.load_pem_private_key
    try:
        key = load(data, passphrase.encode() or None)
    except TypeError as error:
        if passphrase:  # an unneeded passphrase does no harm
            return load_private_key(text)
        raise AuthError(_("The private key is protected by a passphrase. Enter the key passphrase.")) from error
    except Exception as error:  # noqa: BLE001 - the library raises many kinds; their text may hold parts of the key
        if passphrase:
            raise AuthError(_("Odoo cannot open the private key. Check the key and its passphrase.")) from None
        if "assphrase" in str(error) or "assword" in str(error):
            raise AuthError(_("The private key is protected by a passphrase. Enter the key passphrase.")) from None
        raise AuthError(_("Odoo cannot read the private key. Paste all of it, with its first and last line.")) from None
    plain = key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.OpenSSH, ser.NoEncryption()).decode()
    for name in ("Ed25519Key", "ECDSAKey", "RSAKey"):
        with contextlib.suppress(paramiko.SSHException, ValueError, IndexError, UnicodeDecodeError, AssertionError):
            return getattr(paramiko, name).from_private_key(io.StringIO(plain))
    raise AuthError(_("This type of private key is not supported. Use Ed25519, ECDSA or RSA."))


def _repaired(text):
    """The key with its line breaks; a one-line input field turns them into spaces."""
    text = text.strip()
    match = re.fullmatch(r"(-----BEGIN [A-Z0-9 ]+-----)(.*?)(-----END [A-Z0-9 ]+-----)", text, re.DOTALL)
    if not match or "\n" in match[2].strip():
        return text + "\n"
    headers = re.match(r"\s*(Proc-Type: \S+)\s+(DEK-Info: \S+)\s+", match[2])
    body = "".join(match[2][headers.end() if headers else 0 :].split())
    wrapped = "\n".join(body[start : start + 70] for start in range(0, len(body), 70))
    return "\n".join([match[1], *([headers[1], headers[2], ""] if headers else []), wrapped, match[3], ""])


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


class SftpSession:
    """One connection to a file server, opened at the first use; `close()` ends it. Paths are relative to the login."""

    def __init__(self, account):
        self.account = account
        self._transport = None
        self._sftp = None

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    # ------------------------------------------------------------------ connection

    def server_key(self):
        """The key that the server presents, as `type base64`. Sends no credentials."""
        self._start()
        key = self._transport.get_remote_server_key()
        return f"{key.get_name()} {key.get_base64()}"

    def connect(self):
        """Connect and log in, unless that was done.

        :raises HostKeyError: before any secret is sent
        """
        if self._sftp:
            return
        try:
            seen = self.server_key()
            self._check_host_key(seen)
            self._log_in()
            self._open()
        except BaseException:
            self.close()
            raise

    def _start(self):
        paramiko = _library()
        if self._transport:
            return
        with self._translated():
            sock = self._connected()
            try:
                self._transport = paramiko.Transport(sock, default_window_size=WINDOW, default_max_packet_size=PACKET)
            except BaseException:
                sock.close()
                raise
            self._transport.banner_timeout = CONNECT_TIMEOUT
            self._transport.auth_timeout = AUTH_TIMEOUT
            if hasattr(self._transport, "channel_timeout"):
                self._transport.channel_timeout = AUTH_TIMEOUT
            self._ask_for_pinned_types()
        try:
            self._transport.start_client(timeout=CONNECT_TIMEOUT)
            self._transport.get_remote_server_key()  # fails if the server was too slow to present a key
        except (paramiko.SSHException, EOFError, OSError) as error:
            self.close()
            if "ncompatible" in str(error) or "no acceptable" in str(error):
                raise PermanentError(
                    _("The server offers only outdated encryption. Ask its operator to update it.")
                ) from None
            raise NetworkError(
                _("The server accepted the connection but did not answer as an SSH server in time.")
            ) from None

    def _connected(self):
        """A socket to the server. It may be in the own network, but not this machine itself."""
        account = self.account
        allow_loopback = loopback_allowed() if account.allow_loopback is None else account.allow_loopback
        try:
            addresses = resolved(account.host, account.port, allow_loopback, allow_private=True)
        except RefusedAddressError:
            raise PermanentError(_("Odoo must not connect to the address of the file server.")) from None
        for address in addresses[:-1]:
            with contextlib.suppress(OSError):
                return socket.create_connection((address, account.port), timeout=CONNECT_TIMEOUT)
        return socket.create_connection((addresses[-1], account.port), timeout=CONNECT_TIMEOUT)

    def _ask_for_pinned_types(self):
        """A server has several keys: request the confirmed one."""
        wanted = {key.split()[0] for key in self.account.host_keys}
        if "ssh-rsa" in wanted:
            wanted |= {"rsa-sha2-512", "rsa-sha2-256"}
        options = self._transport.get_security_options()
        types = [name for name in options.key_types if name in wanted]
        if types:
            options.key_types = types

    def _check_host_key(self, seen):
        pinned = self.account.host_keys
        if not pinned:
            raise HostKeyError(_("The server key is not confirmed yet. Compare its fingerprint, then accept it."), seen)
        if " ".join(seen.split()[:2]) not in {" ".join(key.split()[:2]) for key in pinned}:
            raise HostKeyError(
                _(
                    "The server key changed to %(fingerprint)s. It may be the wrong server, so Odoo sent nothing.",
                    fingerprint=fingerprint(seen),
                ),
                seen,
            )

    def _log_in(self):
        paramiko = _library()
        account = self.account
        load_key = partial(load_private_key, account.private_key, account.passphrase) if account.private_key else None
        try:
            Login(paramiko, self._transport, account.username, load_key, account.password).run()
        except (paramiko.SSHException, EOFError, OSError):
            raise NetworkError(_("The server closed the connection during the login.")) from None
        self._transport.set_keepalive(KEEPALIVE)

    def _open(self):
        paramiko = _library()
        try:
            self._sftp = paramiko.SFTPClient.from_transport(self._transport, window_size=WINDOW, max_packet_size=PACKET)
        except (paramiko.SSHException, EOFError, OSError):
            raise RemoteError(
                _("The server accepted the login but does not offer file transfer. Ask its operator to enable SFTP.")
            ) from None
        self._sftp.get_channel().settimeout(CALL_TIMEOUT)

    def close(self):
        """End the connection; does nothing without one."""
        sftp, transport = self._sftp, self._transport
        self._sftp = self._transport = None
        for part in (sftp, transport):
            if part:
                with contextlib.suppress(Exception):
                    part.close()

    # ------------------------------------------------------------------ files

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
                self._ask_ahead(file, before.st_size)
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

    def _ask_ahead(self, file, size):
        file.prefetch(size, max_concurrent_requests=PREFETCH)

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

    # ------------------------------------------------------------------ errors

    @contextlib.contextmanager
    def _files(self, path):
        self.connect()
        with self._translated(path):
            yield self._sftp

    @contextlib.contextmanager
    def _translated(self, path=""):
        """Turn errors of the library into connector errors. Its texts are unused: they may quote anything."""
        paramiko = _library()
        try:
            yield
        except ConnectorError:
            raise
        except socket.gaierror:
            raise NetworkError(
                _("The server name %(host)s does not resolve. Check it.", host=self.account.host)
            ) from None
        except FileNotFoundError:
            raise NotFoundError(_("%(path)s is not on the server.", path=path)) from None
        except PermissionError:
            raise PermanentError(
                _("The server denies access to %(path)s. Ask its operator for the permission.", path=path)
            ) from None
        except TimeoutError:
            self.close()
            raise NetworkError(_("The server did not answer in time.")) from None
        except (EOFError, paramiko.SSHException, ConnectionError):
            self.close()
            raise NetworkError(_("Odoo cannot reach the server, or the server closed the connection.")) from None
        except OSError as error:
            raise self._os_failure(error, path) from None
        except (paramiko.SFTPError, UnicodeDecodeError):
            raise RemoteError(_("The answer of the server about %(path)s is not valid SFTP.", path=path)) from None

    def _os_failure(self, error, path):
        if error.errno in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH) or not self._sftp:
            self.close()
            return NetworkError(_("Odoo cannot reach the server: it refuses connections."))
        if not (self._transport and self._transport.is_active()) or "closed" in str(error):
            self.close()
            return NetworkError(_("The server closed the connection."))
        return RemoteError(
            _("The server failed at %(path)s. Its disk may be full, or it does not allow this.", path=path)
        )
