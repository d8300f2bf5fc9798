"""The SFTP client against a real `sshd` that misbehaves: nothing half under a final name, one clear sentence each."""

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import types
from unittest import mock

import paramiko
import pytest
from sandbox.stampli import SftpServer
from support import pure  # noqa: F401 - the addon without Odoo

from ml_connector.core.errors import (
    AuthError,
    ConflictError,
    ConnectorError,
    NetworkError,
    NotFoundError,
    PermanentError,
    RemoteError,
)
from ml_connector.core.files import ssh_connection
from ml_connector.core.files.sftp import SftpSession
from ml_connector.core.files.ssh_connection import HostKeyError, SftpAccount
from ml_connector.core.files.ssh_keys import fingerprint, load_private_key
from ml_connector.core.files.ssh_login import Login
from ml_connector.core.provider import Settings
from ml_connector.providers.stampli import StampliProvider

# paramiko reads ahead in a thread of its own, which cannot but fail when its connection is cut
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
LIMIT = 1 << 30
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def running():
    server = SftpServer()
    yield server
    server.close()


@pytest.fixture
def server(running):
    running.restart()
    for folder in ("inbound", "outbound"):
        for path in (running.root / folder).iterdir():
            if not path.is_dir():
                path.unlink()
    return running


def account(server, **changes):
    values = {
        "host": "127.0.0.1",
        "port": server.port,
        "username": server.user,
        "private_key": server.private_key,
        "host_keys": (server.host_key,),
    }
    return SftpAccount(**{**values, **changes})


@pytest.fixture
def session(server):
    with SftpSession(account(server)) as session:
        yield session


def refused(kind, function):
    with pytest.raises(kind) as caught:
        function()
    assert caught.value.message.endswith(".")
    return caught.value.message


def names(server, folder):
    return sorted(path.name for path in (server.root / folder).iterdir() if path.is_file())


# ---------------------------------------------------------------------------- logging in


def test_password_and_every_kind_of_key(server, tmp_path):
    keys = {"ed25519": (), "ecdsa": (), "rsa": ("-b", "2048"), "pem": ("-m", "PEM"), "pkcs8": ("-m", "PKCS8")}
    authorized = server.base / "etc" / "authorized_keys"
    before = authorized.read_text()
    try:
        for name, options in keys.items():
            for passphrase in ("", "open sesame"):
                path = tmp_path / f"{name}{len(passphrase)}"
                kind = name if name in ("ed25519", "ecdsa", "rsa") else "rsa"
                command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path), *options]
                subprocess.run(command, check=True)
                authorized.write_text(path.with_name(f"{path.name}.pub").read_text())
                for text in (path.read_text(), f"\n {path.read_text().replace(chr(10), ' ')}"):
                    with SftpSession(account(server, private_key=text, passphrase=passphrase)) as session:
                        assert session.list("outbound").files == ()
                if passphrase:
                    refused(AuthError, lambda path=path: load_private_key(path.read_text()))
                    message = refused(AuthError, lambda path=path: load_private_key(path.read_text(), "wrong secret"))
                    assert "wrong secret" not in message
    finally:
        authorized.write_text(before)
    if server.password:
        with SftpSession(account(server, private_key="", password=server.password)) as session:
            assert session.list("outbound").files == ()


WAYS = {
    "password": (
        ("PubkeyAuthentication no", "PasswordAuthentication yes", "KbdInteractiveAuthentication no"),
        *("p", "kp"),
    ),
    "key": (("PasswordAuthentication no", "KbdInteractiveAuthentication no"), "k", "kp"),
    "question": (
        ("PubkeyAuthentication no", "PasswordAuthentication no", "KbdInteractiveAuthentication yes"),
        *("p", "kp"),
    ),
    "key, then password": (("AuthenticationMethods publickey,password", "PasswordAuthentication yes"), "kp"),
    "password, then key": (("AuthenticationMethods password,publickey", "PasswordAuthentication yes"), "kp"),
    "either order": (
        ("AuthenticationMethods password,publickey publickey,password", "PasswordAuthentication yes"),
        "kp",
    ),
    "key, then question": (
        (
            "AuthenticationMethods publickey,keyboard-interactive",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication yes",
        ),
        "kp",
    ),
}
"""{what the server wants: (its settings, what a person entered and lets him in)}: key and password."""


def entered(server, what):
    return {
        "private_key": server.private_key if "k" in what else "",
        "password": server.password if "p" in what else "",
    }


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_log_in(server, way):
    settings, *enough = WAYS[way]
    if not server.password:  # nobody but root can make a user with one
        settings, enough = WAYS["key"][0], ["k"]
    server.restart(log_in=settings)
    for what in enough:
        with SftpSession(account(server, **entered(server, what))) as session:
            assert session.list("outbound").files == ()


@pytest.mark.parametrize(
    ("way", "what", "sentence"),
    [
        ("password", "k", "The server requires a password. Enter it too."),
        ("question", "k", "The server requires a password. Enter it too."),
        ("key", "p", "The server requires a private key. Enter it too."),
        ("key, then password", "p", "The server requires a private key. Enter it too."),
        ("key, then password", "k", "The server requires a password. Enter it too."),
        ("password, then key", "p", "The server requires a private key. Enter it too."),
        ("password, then key", "k", "The server requires a password. Enter it too."),
        ("either order", "p", "The server requires a private key. Enter it too."),
        ("key, then question", "k", "The server requires a password. Enter it too."),
    ],
)
def test_what_is_missing_to_log_in(server, way, what, sentence):
    if not server.password:
        way, what, sentence = "key", "", "The server requires a private key. Enter it too."
    server.restart(log_in=WAYS[way][0])
    values = entered(server, what) if server.password else {"private_key": "", "password": "any"}
    assert refused(AuthError, SftpSession(account(server, **values)).connect) == sentence


def test_what_is_refused_is_named(server):
    if not server.password:
        return
    server.restart(log_in=WAYS["key, then password"][0])
    values = {**entered(server, "k"), "password": "wrong"}
    message = refused(AuthError, SftpSession(account(server, **values)).connect)
    assert message == "The server accepted the private key and rejected the password."
    server.restart(log_in=WAYS["question"][0])
    message = refused(AuthError, SftpSession(account(server, private_key="", password="wrong")).connect)
    assert message == "The server rejected the user or the password."
    server.restart(log_in=WAYS["either order"][0])
    message = refused(AuthError, SftpSession(account(server, private_key="", password="wrong")).connect)
    assert message == "The server rejected the user or the password. The server also accepts a private key."


def test_signatures(server, tmp_path):
    """Whichever of the two the server takes; with neither, the sentence says what helps."""
    path = tmp_path / "rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "3072", "-N", "", "-f", str(path)], check=True)
    authorized = server.base / "etc" / "authorized_keys"
    before = authorized.read_text()
    authorized.write_text(path.with_name("rsa.pub").read_text())
    try:
        for signature in ("rsa-sha2-512", "rsa-sha2-256"):
            server.restart(log_in=(*WAYS["key"][0], f"PubkeyAcceptedAlgorithms {signature}"))
            with SftpSession(account(server, private_key=path.read_text())) as session:
                assert session.list("outbound").files == ()
        server.restart(log_in=(*WAYS["key"][0], "PubkeyAcceptedAlgorithms ssh-rsa"))
        message = refused(AuthError, SftpSession(account(server, private_key=path.read_text())).connect)
        assert "does not accept RSA signatures" in message and "Use an Ed25519 key" in message
    finally:
        authorized.write_text(before)


# ---------------------------------------------------------------------------- logging in, as other servers ask


class Asking(paramiko.ServerInterface):
    """A server that asks what it is told to, one list of questions after the other.

    :ivar answers: what it got
    """

    def __init__(self, rounds, offers="keyboard-interactive"):
        self.rounds = list(rounds)
        self.offers = offers
        self.answers = []

    def get_allowed_auths(self, username):
        return self.offers

    def check_auth_interactive(self, username, submethods):
        return self._next()

    def check_auth_interactive_response(self, responses):
        self.answers += responses
        return self._next()

    def _next(self):
        if not self.rounds:
            return paramiko.AUTH_SUCCESSFUL if self.answers == ["example"] else paramiko.AUTH_FAILED
        return paramiko.InteractiveQuery("", "", *[(prompt, False) for prompt in self.rounds.pop(0)])


def log_in_at(asking):
    """Log in at such a server; what it got."""
    ours, theirs = socket.socketpair()
    host_key = paramiko.ECDSAKey.generate()
    server = paramiko.Transport(theirs)
    client = paramiko.Transport(ours)
    try:
        server.add_server_key(host_key)
        server.start_server(event=threading.Event(), server=asking)
        client.start_client(timeout=15)
        Login(paramiko, client, "example", None, "example").run()
    finally:
        client.close()
        server.close()
    return asking.answers


@pytest.mark.parametrize("rounds", [[["Password: "]], [["Password: "], []], [[], ["Kennwort: "]]])
def test_one_question_is_answered(rounds):
    assert log_in_at(Asking(rounds)) == ["example"]


@pytest.mark.parametrize(
    "rounds",
    [[["Password: ", "Code: "]], [["Password: "], ["Code: "]], [["Password: "], ["New password: ", "Again: "]]],
)
def test_more_questions_are_for_a_person(rounds):
    asking = Asking(rounds)
    assert "more than a password" in refused(AuthError, lambda: log_in_at(asking))
    assert asking.answers.count("example") <= 1, "the password is no answer to a second question"


@pytest.mark.parametrize("offers", ["gssapi-with-mic,hostbased", ""])
def test_no_way_that_is_known(offers):
    message = refused(AuthError, lambda: log_in_at(Asking([], offers)))
    assert "that Odoo" in message and "support" in message and ("hostbased" in message) == bool(offers)


def test_wrong_password_key_and_format(server, tmp_path):
    if server.password:
        assert "password" in refused(AuthError, SftpSession(account(server, private_key="", password="wrong")).connect)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    other = (tmp_path / "other").read_text()
    assert "key" in refused(AuthError, SftpSession(account(server, private_key=other)).connect)
    assert "PuTTY" in refused(AuthError, lambda: load_private_key("PuTTY-User-Key-File-3: ssh-ed25519 ..."))
    assert "cannot read" in refused(AuthError, lambda: load_private_key("nonsense"))


def test_host_key_is_pinned_and_refused_when_it_changes(server):
    known = server.host_key
    for keys in ((), ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtz",)):
        with pytest.raises(HostKeyError) as caught:
            SftpSession(account(server, host_keys=keys)).connect()
        assert caught.value.seen == known
    rsa = " ".join((server.base / "etc" / "host_rsa.pub").read_text().split()[:2])
    with SftpSession(account(server, host_keys=(rsa,))) as session:
        session.connect()
    log = server.base / "etc" / "sshd.log"
    written = len(log.read_text())
    server.change_host_key()
    with pytest.raises(HostKeyError) as caught:
        SftpSession(account(server, host_keys=(known,))).connect()
    assert "The server key changed" in caught.value.message
    assert fingerprint(caught.value.seen) in caught.value.message
    assert "Failed" not in log.read_text()[written:], "nothing secret was sent"


def test_check_shows_the_key_to_confirm(server):
    values = {"host": "127.0.0.1", "port": str(server.port), "username": server.user, "private_key": server.private_key}

    def check(stored):
        return StampliProvider(Settings(base_url="", credentials=values, stored=stored), None, None).check()

    report = check({})
    assert report.findings[0].level == "error"
    assert fingerprint(server.host_key) in report.findings[0].message
    assert report.settings == {"host_key_seen": server.host_key}
    report = check({"host_keys": [server.host_key], "folders": ["outbound", "nowhere"]})
    assert [finding.level for finding in report.findings] == ["ok", "ok", "warning"]
    assert report.identity == f"{server.user}@127.0.0.1"


def test_nobody_there_and_nobody_speaking(server, monkeypatch):
    monkeypatch.setattr(ssh_connection, "CONNECT_TIMEOUT", 1.0)
    refused(NetworkError, SftpSession(account(server, port=1)).connect)
    refused(NetworkError, SftpSession(account(server, host="nobody.invalid")).connect)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        message = refused(NetworkError, SftpSession(account(server, port=silent.getsockname()[1])).connect)
        assert "did not answer as an SSH server" in message
        assert time.monotonic() - started < 5


def test_paramiko_missing(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "paramiko", None)
    assert "pip install paramiko" in refused(PermanentError, SftpSession(account(server)).connect)


def test_paramiko_without_strict_key_exchange(server, monkeypatch):
    for version in ("2.12.0", "3.3.1"):
        monkeypatch.setattr("paramiko.__version__", version)
        assert "version 3.4 or newer" in refused(PermanentError, SftpSession(account(server)).connect)


# ---------------------------------------------------------------------------- files


def test_forty_megabytes_take_about_what_sftp_takes(server, session, tmp_path):
    content = os.urandom(40 * MEGABYTE)
    session.connect()
    started = time.monotonic()
    session.write("inbound/big.part", io.BytesIO(content), len(content))
    session.rename("inbound/big.part", "inbound/big")
    received = io.BytesIO()
    session.read("inbound/big", received, LIMIT)
    ours = time.monotonic() - started
    assert received.getvalue() == content
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n")
    command = [
        "sftp",
        "-q",
        f"-oUserKnownHostsFile={known}",
        f"-oIdentityFile={server.base}/etc/client",
        f"-P{server.port}",
    ]
    batch = f"put {tmp_path}/up inbound/other\nget inbound/other {tmp_path}/down\n"
    (tmp_path / "up").write_bytes(content)
    started = time.monotonic()
    subprocess.run(
        [*command, "-b-", f"{server.user}@127.0.0.1"], input=batch, text=True, check=True, capture_output=True
    )
    theirs = time.monotonic() - started
    assert ours < 4 * theirs + 1, (ours, theirs)


def test_rename_never_overwrites(server, session):
    for name in ("a", "b"):
        session.write(f"inbound/{name}", io.BytesIO(b"1"), 1)
    refused(ConflictError, lambda: session.rename("inbound/a", "inbound/b"))
    refused(NotFoundError, lambda: session.rename("inbound/none", "inbound/c"))
    refused(NotFoundError, lambda: session.read("outbound/none", io.BytesIO(), LIMIT))
    refused(NotFoundError, lambda: session.list("nowhere"))


def test_rights_that_are_missing(server):
    server.restart("-R")
    with SftpSession(account(server)) as session:
        assert "denies" in refused(PermanentError, lambda: session.write("inbound/a", io.BytesIO(b"1"), 1))
    server.restart("-P posix-rename,rename")
    with SftpSession(account(server)) as session:
        session.write("inbound/a", io.BytesIO(b"1"), 1)
        assert "denies" in refused(PermanentError, lambda: session.rename("inbound/a", "inbound/b"))


def test_server_that_does_not_tell_sizes(server):
    server.restart("-P stat,lstat")
    with SftpSession(account(server)) as session:
        session.write("inbound/a", io.BytesIO(b"1"), 1)
    assert names(server, "inbound") == ["a"]


def test_full_disk(server):
    server.restart(largest_file=100_000)
    with SftpSession(account(server)) as session:
        message = refused(RemoteError, lambda: session.write("inbound/a.part", io.BytesIO(b"x" * MEGABYTE), MEGABYTE))
    assert "full" in message or "stored only" in message


class SlowStream(io.RawIOBase):
    """Content of which the last part comes only when the test lets it."""

    def __init__(self, size):
        self.left = size
        self.halfway = threading.Event()
        self.go_on = threading.Event()
        self.half = size // 2

    def read(self, size=-1):
        if self.left <= self.half and not self.halfway.is_set():
            self.halfway.set()
            self.go_on.wait(10)
        part = min(size, self.left)
        self.left -= part
        return b"x" * part


def test_killed_in_the_middle_of_an_upload(server, session):
    stream = SlowStream(8 * MEGABYTE)

    def kill():
        stream.halfway.wait(10)
        server.kill_sessions()
        stream.go_on.set()

    killer = threading.Thread(target=kill)
    killer.start()
    refused(NetworkError, lambda: session.write("inbound/a.csv.part", stream, 8 * MEGABYTE))
    killer.join()
    assert "a.csv" not in names(server, "inbound")
    session.write("inbound/a.csv.part", io.BytesIO(b"all of it"), 9)
    session.rename("inbound/a.csv.part", "inbound/a.csv")
    assert names(server, "inbound") == ["a.csv"]


class KillingStream(io.BytesIO):
    def __init__(self, act):
        super().__init__()
        self.act = act

    def write(self, data):
        if self.act and self.tell() > MEGABYTE:
            self.act, act = None, self.act
            act()
        return super().write(data)


def test_killed_in_the_middle_of_a_download(server, session):
    (server.root / "outbound" / "big").write_bytes(b"x" * 30 * MEGABYTE)
    refused(NetworkError, lambda: session.read("outbound/big", KillingStream(server.kill_sessions), LIMIT))
    received = io.BytesIO()
    session.read("outbound/big", received, LIMIT)
    assert len(received.getvalue()) == 30 * MEGABYTE


@pytest.mark.parametrize("change", ["grow", "shrink", "replace"])
def test_file_that_changes_while_it_is_read(server, session, change):
    path = server.root / "outbound" / "moving"
    path.write_bytes(b"x" * 30 * MEGABYTE)

    def act():
        if change == "grow":
            with path.open("ab") as file:
                file.write(b"more")
        elif change == "shrink":
            os.truncate(path, 2 * MEGABYTE)
        else:
            other = server.base / "other"
            other.write_bytes(b"new")
            other.rename(path)

    message = refused(RemoteError, lambda: session.read("outbound/moving", KillingStream(act), LIMIT))
    assert "changed" in message


def test_frozen_server(server, monkeypatch):
    monkeypatch.setattr(ssh_connection, "CALL_TIMEOUT", 1.0)
    with SftpSession(account(server)) as session:
        session.connect()
        server.kill_sessions(signal.SIGSTOP)
        try:
            assert "in time" in refused(NetworkError, lambda: session.list("outbound"))
        finally:
            server.kill_sessions(signal.SIGCONT)


def test_size_is_limited_by_what_comes(server, session):
    (server.root / "outbound" / "big").write_bytes(b"x" * MEGABYTE)
    refused(PermanentError, lambda: session.read("outbound/big", io.BytesIO(), 1000))


def test_only_files_are_listed(server, session):
    outbound = server.root / "outbound"
    (outbound / "b.csv").write_bytes(b"12")
    (outbound / "a.csv").write_bytes(b"1")
    (outbound / "link.csv").symlink_to("/etc/hostname")
    assert [(name, size) for name, size, _time in session.list("outbound").files] == [("a.csv", 1), ("b.csv", 2)]


def test_names_in_any_encoding(server, session):
    """A name that is not UTF-8 is one name, and hides no other."""
    outbound = os.fsencode(server.root / "outbound")
    names = [b"caf\xe9.csv", "café.csv".encode(), b"\xff\xfe", b"good.csv"]
    for name in names:
        with open(outbound + b"/" + name, "wb") as file:
            file.write(b"1")
    try:
        listed = [name.encode(errors="surrogateescape") for name, _size, _time in session.list("outbound").files]
        assert sorted(listed) == sorted(names)
    finally:
        for name in names:
            os.unlink(outbound + b"/" + name)


def test_written_to_where_files_are_taken_at_once(server, session):
    """What the server has said that it has, it has; a later look adds no more than a note."""
    assert session.write("inbound/a", io.BytesIO(b"1"), 1)
    inbound = server.root / "inbound"
    done = threading.Event()

    def take():
        while not done.is_set():
            for path in inbound.glob("taken*"):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()

    receiver = threading.Thread(target=take)
    receiver.start()
    try:
        for number in range(10):
            session.write(f"inbound/taken{number}", io.BytesIO(b"1" * 100), 100)
    finally:
        done.set()
        receiver.join()
    hidden = session._written_size(types.SimpleNamespace(stat=mock.Mock(side_effect=FileNotFoundError)), "inbound/a")
    assert hidden is None


def test_nothing_secret_in_what_is_shown(server):
    secret = account(server, password="very-secret", passphrase="also-secret")
    text = repr(secret)
    for attempt in (secret, account(server, private_key="", password="very-secret")):
        try:
            SftpSession(attempt).connect()
        except ConnectorError as error:
            text += repr(error) + error.message
    assert "secret" not in text
    assert "PRIVATE" not in text
