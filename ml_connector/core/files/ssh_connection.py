"""A connection for SFTP with a pinned host key."""

import contextlib
import errno
import socket
from dataclasses import dataclass
from functools import partial

from ..errors import AuthError, ConnectorError, NetworkError, NotFoundError, PermanentError, RemoteError
from ..http.addresses import RefusedAddressError, loopback_allowed, resolved
from ..messages import _
from .ssh_keys import fingerprint, library, load_private_key
from .ssh_login import Login

CONNECT_TIMEOUT = 15.0
AUTH_TIMEOUT = 20.0
CALL_TIMEOUT = 60.0
KEEPALIVE = 30
WINDOW = 1 << 24
PACKET = 1 << 15


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


class HostKeyError(AuthError):
    """The server does not present the confirmed key. `seen` is the one it presents."""

    def __init__(self, message, seen):
        super().__init__(message)
        self.seen = seen


class SshConnection:
    """One connection to a file server, opened at the first use; `close()` ends it."""

    def __init__(self, account):
        self.account = account
        self._transport = None
        self._sftp = None

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

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
        paramiko = library()
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
        paramiko = library()
        account = self.account
        load_key = partial(load_private_key, account.private_key, account.passphrase) if account.private_key else None
        try:
            Login(paramiko, self._transport, account.username, load_key, account.password).run()
        except (paramiko.SSHException, EOFError, OSError):
            raise NetworkError(_("The server closed the connection during the login.")) from None
        self._transport.set_keepalive(KEEPALIVE)

    def _open(self):
        paramiko = library()
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

    # ------------------------------------------------------------------ errors

    @contextlib.contextmanager
    def _translated(self, path=""):
        """Turn errors of the library into connector errors. Its texts are unused: they may quote anything."""
        paramiko = library()
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
