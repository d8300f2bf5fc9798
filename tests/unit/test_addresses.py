"""Which servers are called: the providers' own, on public addresses, whatever a name leads to."""

import socket

import pytest
import requests
from support.tokens import MemoryTokens

from ml_connector.core import errors as errors
from ml_connector.core.files import SftpAccount, SftpSession
from ml_connector.core.http import HttpClient
from ml_connector.core.http.addresses import is_below, may_call
from ml_connector.providers.ramp.client import RampClient

INNER = (
    *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("224.0.0.1", "239.1.1.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "::127.0.0.1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:100.64.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:0a00:0001::1"),
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
)
PUBLIC = ("52.1.2.3", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_not_called(address):
    assert not may_call(address, allow_loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_called(address):
    assert may_call(address, allow_loopback=False)


def test_what_is_allowed_besides():
    assert all(may_call(address, allow_loopback=True) for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1"))
    assert not may_call("10.0.0.1", allow_loopback=True)
    assert may_call("10.0.0.1", allow_loopback=False, allow_private=True)
    assert not may_call("169.254.169.254", allow_loopback=False, allow_private=True)
    assert not may_call("127.0.0.1", allow_loopback=False, allow_private=True)


def test_domains_end_at_a_point():
    assert is_below("receipts.ramp.com", ("ramp.com",)) and is_below("ramp.com", ("ramp.com",))
    assert not any(is_below(host, ("ramp.com",)) for host in ("evilramp.com", "ramp.com.evil.example", "com", ""))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8069",
        "http://localhost",
        "https://localhost",
        "https://[::1]:8069",
        "https://[::ffff:127.0.0.1]",
        "https://10.0.0.1",
        "https://169.254.169.254/latest",
        "http://api.example.com",
        "http://127.1",
        "https://user@api.example.com",
        "https://api.example.com?x=1",
        "https://api.example.com:port",
        "https://",
        "api.example.com",
        "ftp://api.example.com",
        "ftp://127.0.0.1",
        "",
    ],
)
def test_no_server_may_be_there(url):
    with pytest.raises(errors.PermanentError):
        HttpClient(url, allow_loopback=False)


@pytest.mark.parametrize("url", ["https://api.example.com", "http://localhost:1", "http://127.0.0.1", "http://[::1]:8"])
def test_a_server_may_be_there(url):
    assert HttpClient(f"{url}/", allow_loopback=True).base_url == url


class Names:
    """Answers for names, one list of addresses for each question; the last one for ever."""

    def __init__(self, monkeypatch, *answers):
        self.answers, self.asked, self.called = list(answers), [], []
        real = socket.getaddrinfo

        def getaddrinfo(host, port, *arguments, **options):
            if host[:1].isdigit() or ":" in host:
                self.called.append(host)
                return real("127.0.0.1", self.port, *arguments, **options)
            self.asked.append(host)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        self.port = 9


class Plain(HttpClient):
    """Speaks without TLS to a name, as no client does, so that the server of these tests can answer."""

    label = "Testor"
    file_hosts = ("example.com",)

    def get(self, url):
        return self._call("GET", url, self._clock() + 10, False, auth=None, as_file=True)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["10.1.2.3", "192.168.0.1"], ["169.254.169.254"]])
def test_a_name_that_leads_inside_is_not_called(monkeypatch, addresses):
    names = Names(monkeypatch, addresses)
    client = Plain("https://api.example.com", allow_loopback=False)
    with pytest.raises(errors.NetworkError, match="its address is not public. Odoo sent nothing."):
        client.get("https://files.example.com/a.pdf")
    with pytest.raises(errors.InvalidDataError, match="returned an unsafe link to a file"):
        client.download("https://files.example.com/a.pdf")
    assert not names.called


def test_a_name_that_changes_is_called_where_it_was_judged(monkeypatch, script):
    script.answers = [(200, b"content")]
    names = Names(monkeypatch, ["52.1.2.3"], ["127.0.0.1"])
    names.port = int(script.url.rpartition(":")[2])
    client = Plain("https://api.example.com", allow_loopback=False)
    assert client.get("http://files.example.com/a.pdf").content == b"content"
    assert (names.asked, names.called) == (["files.example.com"], ["52.1.2.3"])
    assert script.requests[0].headers["Host"] == "files.example.com"


def test_a_redirect_is_not_followed(script):
    script.answers = [(302, b"", {"Location": "http://127.0.0.1:1/secret"})]
    client = HttpClient(script.url, allow_loopback=True)
    with pytest.raises(errors.RemoteError, match="redirect"):
        client.download(f"{script.url}/a.pdf")
    assert len(script.requests) == 1


def test_the_certificate_is_still_that_of_the_name(monkeypatch):
    """What is called is an address, what has to prove itself is the name."""
    seen = {}
    names = Names(monkeypatch, ["52.1.2.3"])
    silent = socket.create_server(("127.0.0.1", 0))
    names.port = silent.getsockname()[1]

    def wrap(sock=None, *_arguments, server_hostname=None, **_options):
        seen["name"] = server_hostname
        raise requests.exceptions.SSLError

    monkeypatch.setattr("urllib3.connection.ssl_wrap_socket", wrap)
    with silent, pytest.raises(errors.ConnectorError):
        Plain("https://api.example.com", allow_loopback=False).get("https://files.example.com/a.pdf")
    assert seen == {"name": "files.example.com"}


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/a.pdf",
        "https://evilramp.com/a.pdf",
        "https://ramp.com.evil.example/a.pdf",
        "https://receipts.ramp.com@evil.example/a.pdf",
        "https://evil.example\\@receipts.ramp.com/a.pdf",
        "https://receipts.ramp.com:8443/a.pdf",
        "http://receipts.ramp.com/a.pdf",
        "https://127.0.0.1/a.pdf",
        "https://[::1]/a.pdf",
        "https://192.168.0.1/a.pdf",
        "https://2130706433/a.pdf",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://receipts.ramp.com/a.pdf",
        "nonsense",
        "https://",
        "//receipts.ramp.com/a.pdf",
        "",
    ],
)
def test_files_come_from_the_vendor_only(link, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments: pytest.fail("a name was looked up"))
    client = RampClient("https://api.ramp.com", client_id="i", client_secret="s", scope="", tokens=MemoryTokens())
    with pytest.raises(errors.InvalidDataError) as caught:
        client.download(link)
    assert str(caught.value) == "Ramp returned an unsafe link to a file. Odoo does not follow it."


def test_files_of_a_sandbox_come_from_its_own_port_only(script):
    script.answers = [(200, b"%PDF-1.4")]
    ramp = {"client_id": "i", "client_secret": "s", "scope": "", "tokens": MemoryTokens()}
    client = RampClient(script.url, allow_loopback=True, **ramp)
    assert client.download(f"{script.url}/a.pdf")[1] == b"%PDF-1.4"
    with pytest.raises(errors.InvalidDataError, match="unsafe link"):
        client.download("http://127.0.0.1:1/admin/secret.pdf")
    assert len(script.requests) == 1


def test_the_server_may_name_more_hosts(monkeypatch):
    names = Names(monkeypatch, ["10.0.0.1"])
    ramp = {"client_id": "i", "client_secret": "s", "scope": "", "tokens": MemoryTokens()}
    client = RampClient("https://api.ramp.com", file_hosts=("bucket.example",), **ramp)
    with pytest.raises(errors.InvalidDataError, match="unsafe link"):
        client.download("https://eu.bucket.example/a.pdf")
    assert names.asked


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "0.0.0.0", "::1"])
def test_a_file_server_is_another_machine(host):
    session = SftpSession(SftpAccount(host=host, username="u", password="p", allow_loopback=False))
    with pytest.raises(errors.PermanentError, match="must not connect"):
        session.connect()
