"""Which addresses may be called: public ones, and this machine itself only if the server's configuration allows it.

A name is resolved once, its addresses are checked, and the connection goes to exactly these. So a name that resolves
differently afterwards (DNS rebinding) gains nothing.
"""

import functools
import ipaddress
import os
import socket
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.util.connection import allowed_gai_family

from ..messages import _

LOOPBACK_VARIABLE = "ML_CONNECTOR_ALLOW_LOOPBACK"
"""Environment variable that allows loopback addresses: for tests, demonstrations and sandboxes."""

_INNER_NAMES = (".local", ".localhost", ".localdomain", ".internal", ".lan", ".home.arpa", ".test", ".invalid")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RefusedAddressError(Exception):
    """The name resolves to addresses that may not be called; nothing was sent."""


def loopback_allowed():
    """Whether the environment allows loopback addresses."""
    return is_yes(os.environ.get(LOOPBACK_VARIABLE))


def is_yes(text):
    """Whether a value of the configuration is true."""
    return str(text or "").strip().lower() in ("1", "true", "yes", "on")


def may_call(address, allow_loopback, allow_private=False):
    """Whether an IP address may be called.

    :param allow_private: also allow addresses of the own network: for a server that the administrator has named
    """
    ip = _plain(ipaddress.ip_address(address))
    if ip is None:
        return False
    if ip.is_loopback:
        return allow_loopback
    if (
        ip.is_multicast
        or ip.is_reserved
        or ip.is_unspecified
        or ip.is_link_local
        or getattr(ip, "is_site_local", False)
    ):
        return False
    return ip.is_global or (allow_private and ip.is_private)


def _plain(ip):
    """The address behind an IPv6 form of an IPv4 address; None for a tunnel of another operator."""
    if ip.version == 4:
        return ip
    if ip.sixtofour or ip.teredo:
        return None
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip


def is_loopback(host):
    """Whether a host name or address is this machine itself."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_address(host):
    """Whether a host is written as an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_below(host, domains):
    """Whether a host is one of the domains or lies below one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def origin(url):
    """Scheme, host and port of a URL; None when it is not a plain http(s) URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "\\" in url:
        return None
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}[parts.scheme]


def fault_of_base(url, allow_loopback):
    """Why a URL cannot be the address of a server, as a sentence; empty if it can."""
    found = origin(url)
    if not found or "?" in url or "#" in url:
        return _("The URL of the server is not a plain web address.")
    scheme, host, _port = found
    if is_loopback(host):
        if allow_loopback:
            return ""
        return _("The URL of the server leads to this machine itself. The configuration of Odoo does not allow that.")
    if scheme != "https":
        return _("The URL of the server must begin with https://.")
    if is_address(host) and not may_call(host, allow_loopback):
        return _("The URL of the server does not lead to a public address.")
    return ""


def fault_of_own(url, allow_loopback):
    """Why others cannot reach this server at one of its URLs, as a sentence; empty if they can."""
    if fault := fault_of_base(url, allow_loopback):
        return fault
    _scheme, host, _port = origin(url)
    if not is_address(host) and not is_loopback(host) and ("." not in host or host.endswith(_INNER_NAMES)):
        return _("The URL of the server does not lead to a public address.")
    return ""


def resolved(host, port, allow_loopback, allow_private=False):
    """The IP addresses of a host that may be called.

    :raises RefusedAddressError: it has none
    :raises OSError: the name does not resolve
    """
    found = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    allowed = [address for address in addresses if may_call(address, allow_loopback, allow_private)]
    if not allowed:
        raise RefusedAddressError
    return allowed


class GuardedAdapter(HTTPAdapter):
    """Connects to allowed addresses only. Behind a proxy, the proxy resolves names."""

    def __init__(self, allow_loopback, **options):
        self._allow_loopback = allow_loopback
        super().__init__(**options)

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._allow_loopback)


@functools.cache
def _pools(allow_loopback):
    pools = {}
    for scheme, pool in (("http", HTTPConnectionPool), ("https", HTTPSConnectionPool)):
        plain = pool.ConnectionCls
        guarded = type(plain.__name__, (_Guarded, plain), {"allow_loopback": allow_loopback})
        pools[scheme] = type(pool.__name__, (pool,), {"ConnectionCls": guarded})
    return pools


class _Guarded:
    """A connection of urllib3 to a checked address; its certificate is still verified for the name."""

    def _new_conn(self):
        name = self._dns_host
        try:
            addresses = resolved(name, self.port, self.allow_loopback)
        except socket.gaierror as error:
            raise NewConnectionError(self, "the name does not resolve") from error
        for number, address in enumerate(addresses, start=1):
            self._dns_host = address
            try:
                return super()._new_conn()
            except HTTPError:
                if number == len(addresses):
                    raise
            finally:
                self._dns_host = name
        raise AssertionError("there is at least one address")
