"""The HTTP client against a real server on loopback that misbehaves in every way we could think of."""

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from ramp_support import raised
from support.tokens import MemoryTokens

from ml_connector.core import errors as errors
from ml_connector.core.http import AccessToken, HttpClient, RollingWindow, mask, mask_text
from ml_connector.core.http.refusals import Reply
from ml_connector.providers.ramp.client import RampClient

SECRET = "s3cret-marker-0123456789"
TOKEN = "tok_marker_9876543210"
STALLED = (200, b'{"data": [1, 2', {"Content-Length": "500"})


class Client(HttpClient):
    label = "Testor"
    trace_header = "x-trace-id"
    issued = 0

    def fetch_token(self):
        self.issued += 1
        return AccessToken(f"{TOKEN}-{self.issued}", 3600)

    def explain(self, data):
        return ("", data.get("message") or "") if isinstance(data, dict) else ("", "")


@pytest.fixture
def seen():
    return []


@pytest.fixture
def client(script, seen):
    client = Client(
        script.url,
        tokens=MemoryTokens(),
        observe=seen.append,
        secrets=(SECRET,),
        read_timeout=0.25,
        sleep=lambda seconds: None,
    )
    yield client
    client.close()


def reset(handler):
    """Read the request and reset the connection without an answer."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def slow(handler):
    time.sleep(0.5)


def cut_off(handler):
    """Half of the answer, then the connection ends."""
    handler.send(200, b'{"data": [1, 2', {"Content-Length": "500"})
    handler.close_connection = True


# Success


def test_answer_token_and_observation(client, script, seen):
    script.answers = [(200, '{"a": 1.5}', {"x-trace-id": "t-1"})]
    answer = client.call("GET", "/things", params={"ready": True, "skip": None, "n": 5, "token": "abc123"})
    assert answer.data == {"a": 1.5} and answer.status == 200
    assert script.requests[0].path == "/things?ready=true&n=5&token=abc123"
    assert script.requests[0].headers["Authorization"] == f"Bearer {TOKEN}-1"
    (exchange,) = seen
    assert (exchange.method, exchange.path, exchange.status, exchange.trace_id) == (
        "GET",
        "/things?ready=true&n=5&token=***",
        200,
        "t-1",
    )
    assert exchange.milliseconds >= 0


def test_empty_body_is_no_data(client, script):
    script.answers = [(204,)]
    assert client.call("DELETE", "/things/1").data is None


def test_connection_is_kept_alive(client, script):
    ports = set()

    def note(handler):
        ports.add(handler.client_address[1])
        handler.send(200, "{}")

    script.answers = [note]
    for _try in range(5):
        client.call("GET", "/things")
    assert len(ports) == 1


def test_many_threads_share_one_client(client, script):
    script.answers = [(200, "{}")]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: client.call("GET", f"/things/{number}"), range(40)))
    assert len(answers) == 40 and client.issued == 1


def test_cookies_are_not_kept(client, script):
    script.answers = [(200, "{}", {"Set-Cookie": "id=1; Path=/"})]
    client.call("GET", "/things")
    client.call("GET", "/things")
    assert "Cookie" not in script.requests[1].headers


def test_netrc_does_not_replace_the_token(client, script, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    script.answers = [(200, "{}")]
    client.call("GET", "/things")
    client.download(f"{script.url}/file")
    assert script.requests[0].headers["Authorization"].startswith("Bearer ")
    assert "Authorization" not in script.requests[1].headers


def test_what_no_database_stores_is_taken_out(client, script):
    script.answers = [(200, r'{"a\u0000": ["x\u0000y", "\ud800", "\ud83d\ude00", "C:\\u0000"]}')]
    data = client.call("GET", "/things").data
    assert data == {"a": ["xy", "?", "\U0001f600", r"C:\u0000"]}


# Failures and what they mean

OUTCOMES = [
    # answer, how often a safe call is sent, its error, the error of a call that may have an effect
    (reset, 3, errors.NetworkError, errors.UnconfirmedError),
    (slow, 3, errors.NetworkError, errors.UnconfirmedError),
    (STALLED, 3, errors.RemoteError, errors.UnconfirmedError),
    (cut_off, 3, errors.RemoteError, errors.UnconfirmedError),
    ((200, b'{"cut": '), 3, errors.RemoteError, errors.UnconfirmedError),
    ((200, b"[NaN]"), 3, errors.RemoteError, errors.UnconfirmedError),
    ((200, b"\xff\xfe"), 3, errors.RemoteError, errors.UnconfirmedError),
    ((200, b"no gzip", {"Content-Encoding": "gzip"}), 3, errors.RemoteError, errors.UnconfirmedError),
    ((200, "<html>Maintenance</html>"), 3, errors.RemoteError, errors.UnconfirmedError),
    ((500, "{}"), 3, errors.RemoteError, errors.UnconfirmedError),
    ((502, "<html>Bad gateway</html>"), 3, errors.RemoteError, errors.UnconfirmedError),
    ((503, "", {"Retry-After": "1"}), 3, errors.RemoteError, errors.UnconfirmedError),
    ((504, ""), 3, errors.RemoteError, errors.UnconfirmedError),
    ((599, ""), 1, errors.RemoteError, errors.UnconfirmedError),
    ((302, "", {"Location": "http://127.0.0.1:1/"}), 1, errors.RemoteError, errors.RemoteError),
    ((429, "{}"), 3, errors.RateLimitError, errors.RateLimitError),
    ((429, "{}", {"Retry-After": "120"}), 1, errors.RateLimitError, errors.RateLimitError),
    ((400, '{"message": "Bad amount."}'), 1, errors.PermanentError, errors.PermanentError),
    ((422, "not json"), 1, errors.PermanentError, errors.PermanentError),
    ((422, b"cut off", {"Content-Length": "900"}), 1, errors.PermanentError, errors.PermanentError),
    ((403, "{}"), 1, errors.AuthError, errors.AuthError),
    ((404, "<html>Not found</html>"), 1, errors.NotFoundError, errors.NotFoundError),
    ((410, "{}"), 1, errors.NotFoundError, errors.NotFoundError),
    ((409, "{}"), 1, errors.ConflictError, errors.ConflictError),
    ((412, "{}"), 1, errors.ConflictError, errors.ConflictError),
]


@pytest.mark.parametrize("number", range(len(OUTCOMES)))
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_each_failure_has_its_error_and_its_tries(client, script, seen, method, number):
    answer, tries, when_safe, when_not = OUTCOMES[number]
    script.answers = [answer]
    error = raised(client.call, method, "/things")
    assert type(error) is (when_safe if method == "GET" else when_not)
    assert len(script.requests) == len(seen) == (tries if method == "GET" else 1)
    assert client.issued == 1
    assert error.message.startswith("Testor ") and error.message.endswith(".") and "\n" not in error.message
    assert error.__context__ is None and error.__cause__ is None


@pytest.mark.parametrize("answer", [reset, cut_off, (500, "{}"), (429, "{}"), (200, "<html>")])
def test_a_passing_failure_heals(client, script, answer):
    script.answers = [answer, (200, '{"ok": 1}')]
    assert client.call("GET", "/things").data == {"ok": 1}


def test_repeatable_post_is_repeated(client, script):
    script.answers = [(500, ""), (200, "{}")]
    assert client.call("POST", "/things", repeatable=True).status == 200


def test_nothing_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = Client(address, tokens=MemoryTokens(), sleep=lambda seconds: None)
    for method in ("GET", "POST"):
        error = raised(client.call, method, "/things")
        assert type(error) is errors.NetworkError and "Odoo sent nothing." in error.message


def test_unknown_name():
    client = Client("https://no-such-host.invalid", tokens=MemoryTokens(), sleep=lambda seconds: None)
    error = raised(client.call, "POST", "/things")
    assert type(error) is errors.NetworkError and "name does not resolve" in error.message


def test_no_tls_at_the_other_side(script):
    script.answers = [(200, "{}")]
    client = Client(script.url.replace("http:", "https:"), tokens=MemoryTokens(), sleep=lambda seconds: None)
    assert type(raised(client.call, "GET", "/things")) is errors.NetworkError


def test_certificate_that_nobody_vouches_for(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *plain) + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    received = []

    def serve(listener):
        connection, _address = listener.accept()
        with contextlib.suppress(OSError):
            with context.wrap_socket(connection, server_side=True) as secure:
                received.append(secure.recv(1000))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        client = Client(f"https://localhost:{listener.getsockname()[1]}", tokens=MemoryTokens())
        error = raised(client.call, "POST", "/things")
        thread.join(5)
    assert type(error) is errors.NetworkError and "certificate" in error.message
    assert not any(received)


def test_connecting_takes_too_long(script):
    client = Client(script.url, tokens=MemoryTokens())
    client._session.request = lambda *args, **kwargs: (_ for _ in ()).throw(requests.exceptions.ConnectTimeout())
    assert "the connection timed out. Odoo sent nothing." in raised(client.call, "POST", "/things").message


def test_a_connection_lost_before_reuse_is_replaced(client, script):
    def answer_and_hang_up(handler):
        handler.send(200, "{}")
        handler.close_connection = True

    script.answers = [answer_and_hang_up]
    client.call("POST", "/things")
    time.sleep(0.05)
    client.call("POST", "/things")
    assert len(script.requests) == 2


def test_credential_with_a_line_break_is_no_request(script):
    class Broken(Client):
        def fetch_token(self):
            return AccessToken("tok\r\nX-Evil: 1", 3600)

    script.answers = [(200, "{}")]
    error = raised(Broken(script.url, tokens=MemoryTokens()).call, "POST", "/things")
    assert type(error) is errors.NetworkError and "tok" not in error.message and not script.requests


def test_answer_too_large(client, script, monkeypatch):
    script.answers = [(200, b'"' + b"x" * 3_000_000 + b'"')]
    error = raised(client.download, f"{script.url}/file", max_bytes=1024 * 1024)
    assert type(error) is errors.RemoteError and "1 MB" in error.message
    assert len(script.requests) == 1


def test_a_small_answer_that_unpacks_to_a_large_one(client, script):
    packed = gzip.compress(b"0" * 50_000_000)
    script.answers = [(200, packed, {"Content-Encoding": "gzip"})]
    assert "16 MB" in raised(client.call, "GET", "/things").message


def test_deeply_nested_answer(client, script):
    script.answers = [(200, b"[" * 200_000 + b"]" * 200_000)]
    assert type(raised(client.call, "GET", "/things")) is errors.RemoteError


# Time


def test_waits_grow_with_full_jitter_and_a_cap():
    waits = []
    client = Client("https://example.com", tokens=MemoryTokens(), jitter=lambda: 1.0, sleep=waits.append)
    client._exchange = lambda *args, **kwargs: _reply(503)
    raised(client.call, "GET", "/things")
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize(("asked", "tries"), [("2", 3), ("5", 3), ("6", 1), ("3600", 1)])
def test_short_wishes_are_obeyed_and_long_ones_passed_on(client, script, asked, tries):
    waits = []
    client._sleep = waits.append
    script.answers = [(429, "{}", {"Retry-After": asked})]
    error = raised(client.call, "GET", "/things")
    assert error.retry_after == float(asked) and len(script.requests) == tries
    assert waits == [float(asked)] * (tries - 1)


@pytest.mark.parametrize("asked", ["Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 -0000"])
def test_a_date_in_the_past_is_no_wait(client, script, asked):
    script.answers = [(429, "{}", {"Retry-After": asked})]
    assert raised(client.call, "POST", "/things").retry_after == 0


@pytest.mark.parametrize("asked", ["", "soon", "-5", "9" * 400, "²"])
def test_unusable_wishes(client, script, asked):
    script.answers = [(429, "{}", {"Retry-After": asked.encode().decode("latin-1")})]
    wait = raised(client.call, "POST", "/things").retry_after
    assert wait is None or 0 <= wait <= 24 * 3600


def test_the_budget_ends_the_tries():
    now = [0.0]

    def reply(*args, **kwargs):
        now[0] += 30
        return _reply(503)

    client = Client("https://example.com", tokens=MemoryTokens(), clock=lambda: now[0], sleep=lambda seconds: None)
    client._exchange = reply
    raised(client.call, "GET", "/things")
    assert now[0] == 60


def test_a_server_that_drips_is_given_up(client, script):
    client.budget = 0.5

    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "819200")
        handler.end_headers()
        for _part in range(100):
            handler.wfile.write(b" " * 8192)
            time.sleep(0.05)

    script.answers = [drip]
    started = time.monotonic()
    assert type(raised(client.call, "POST", "/things")) is errors.UnconfirmedError
    assert time.monotonic() - started < 2


def _reply(status):
    return Reply(status, {}, b"", None, None, "")


# Token


def test_401_with_a_fresh_token_is_final(client, script):
    script.answers = [(401, "{}")]
    error = raised(client.call, "POST", "/things")
    assert type(error) is errors.AuthError and error.status == 401
    assert len(script.requests) == 2 and client.issued == 2


def test_401_renews_the_token_once(client, script):
    script.answers = [(401, "{}"), (200, '{"ok": 1}')]
    assert client.call("POST", "/things").data == {"ok": 1}
    assert [request.headers["Authorization"][-2:] for request in script.requests] == ["-1", "-2"]


def test_threads_renew_a_refused_token_once(client, script):
    barrier = threading.Barrier(6)

    def refuse_the_first(handler):
        if handler.headers["Authorization"].endswith("-1"):
            barrier.wait(2)
            handler.send(401, "{}")
        else:
            handler.send(200, "{}")

    script.answers = [refuse_the_first]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: client.call("GET", f"/things/{number}"), range(6)))
    assert client.issued == 2


def test_memory_tokens_end_before_the_vendor_says():
    now, count = [0.0], [0]

    def fetch():
        count[0] += 1
        return AccessToken(str(count[0]), 100)

    tokens = MemoryTokens(clock=lambda: now[0])
    assert tokens.get(fetch) == "1"
    now[0] = 39
    assert tokens.get(fetch) == "1"
    now[0] = 41
    assert tokens.get(fetch) == "2"
    assert tokens.renew(fetch, "1") == "2"
    assert tokens.renew(fetch, "2") == "3"


# Where the token goes


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/developer",
        "http://api.example.com/x",
        "https://api.example.com:444/x",
        "https://api.example.com@evil.example/",
        "https://api.example.com\\@evil.example/",
        "//evil.example/x",
        "\\\\evil.example",
        "file:///etc/passwd",
        "things",
    ],
)
def test_the_token_goes_to_the_base_host_only(path):
    client = Client("https://api.example.com", tokens=MemoryTokens())
    client._exchange = None
    assert type(raised(client.call, "GET", path)) is errors.RemoteError


# Files


def test_file_is_read_without_the_token(client, script, seen):
    script.answers = [(200, b"%PDF", {"Content-Type": "Application/PDF; charset=x"})]
    assert client.download(f"{script.url}/f/a.pdf?X-Amz-Signature=abc") == ("application/pdf", b"%PDF")
    assert "Authorization" not in script.requests[0].headers
    assert seen[0].path == "/f/a.pdf"


@pytest.mark.parametrize("status", [401, 403, 404, 410, 400])
def test_an_ended_link_may_be_tried_again_later(client, script, status):
    script.answers = [(status, "<Error>Expired</Error>")]
    assert type(raised(client.download, f"{script.url}/f")) is errors.RemoteError
    assert client.issued == 0


# Secrets


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_echoed_credentials_are_masked(client, script, method, status):
    def echo(handler):
        sent = handler.headers["Authorization"]
        message = f"You sent {sent} and secret {SECRET}, client_secret={SECRET}; password: hunter2"
        handler.send(status, json.dumps({"message": message, "access_token": "zzz-token", "header": sent}))

    script.answers = [echo]
    error = raised(client.call, method, "/things")
    shown = " ".join([*traceback.format_exception(error), repr(error), error.details, error.code, repr(vars(error))])
    for hidden in (SECRET, TOKEN, "hunter2", "zzz-token"):
        assert hidden not in shown


def test_reprs_hide_secrets(client):
    assert "tok" not in repr(AccessToken("tok", 1, refresh_token="tok"))
    assert TOKEN not in repr(client) and SECRET not in repr(client)
    ramp = RampClient("https://api.ramp.com", client_id="i", client_secret=SECRET, scope="", tokens=None)
    assert SECRET not in repr(ramp)


def test_mask():
    payload = {
        "name": "Ada",
        "access_token": "a",
        "Client-Secret": "b",
        "X-Api-Key": "c",
        "accountNumber": "d",
        "password": "",
        "account_number_last_four": "1234",
        "rows": [{"url": "https://x/f.pdf?X-Amz-Signature=e&n=1", "note": "Bearer abcdef"}],
        "amount": 1.5,
    }
    assert mask(payload) == {
        "name": "Ada",
        "access_token": "***",
        "Client-Secret": "***",
        "X-Api-Key": "***",
        "accountNumber": "***",
        "password": "",
        "account_number_last_four": "1234",
        "rows": [{"url": "https://x/f.pdf?X-Amz-Signature=***&n=1", "note": "Bearer ***"}],
        "amount": 1.5,
    }


def test_mask_takes_the_longest_secret_first():
    assert mask_text("abc abcdef", ("abc", "abcdef")) == "*** ***"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values, st.text(alphabet="abcdefgh0123456789", min_size=8))
def test_mask_leaves_no_secret_anywhere(value, secret):
    payload = {"client_secret": secret, "other": value, "text": f"it is {secret}!", "list": [{"token": secret}]}
    assert secret not in json.dumps(mask(payload, (secret,)), default=str).replace(json.dumps(value, default=str), "")


# Rate limit


class Clock:
    def __init__(self):
        self.now = 0.0
        self.lock = threading.Lock()

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        with self.lock:
            self.now += seconds


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 2), st.floats(0, 1)), min_size=1, max_size=60))
def test_the_vendor_never_counts_more_than_the_limit(requests):
    """It counts a request at some point of its way."""
    clock, counted = Clock(), []
    window = RollingWindow(5, 10, clock=clock, sleep=clock.sleep)
    for gap, duration, point in requests:
        clock.now += gap
        with window.place():
            counted.append(clock.now + duration * point)
            clock.now += duration
    for index, first in enumerate(counted):
        assert sum(1 for other in counted[index:] if other - first < 10 - 1e-6) <= 5


def use(window, times):
    for _time in range(times):
        with window.place():
            pass


def test_window_does_not_wait_below_the_limit():
    clock = Clock()
    window = RollingWindow(5, 10, clock=clock, sleep=clock.sleep)
    use(window, 5)
    assert clock.now == 0
    use(window, 1)
    assert clock.now == pytest.approx(10)


def test_a_place_is_given_back_after_an_error():
    window = RollingWindow(1, 0.01)
    with pytest.raises(ZeroDivisionError), window.place():
        raise ZeroDivisionError
    use(window, 1)


def test_pause_holds_everybody_back_for_a_window_at_most():
    clock = Clock()
    window = RollingWindow(5, 10, clock=clock, sleep=clock.sleep)
    window.pause(3600)
    use(window, 1)
    assert clock.now == pytest.approx(10)


def test_window_is_safe_among_threads():
    window = RollingWindow(50, 0.3)
    running, most, counted = [0], [0], []
    lock = threading.Lock()

    def work(_number):
        with window.place():
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.002)
            counted.append(time.monotonic())
            with lock:
                running[0] -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(120)))
    counted.sort()
    assert all(counted[index + 50] - counted[index] >= 0.3 for index in range(len(counted) - 50))
    assert most[0] > 1


def test_places_taken_by_running_requests_only(script):
    clock = Clock()
    window = RollingWindow(2, 10, clock=clock, sleep=clock.sleep)
    window._take(), window._take()
    assert window._take() > 0 and window._take() < 1


def test_429_pauses_the_limiter(script):
    window = RollingWindow(5, 10)
    pauses = []
    window.pause = pauses.append
    script.answers = [(429, "{}", {"Retry-After": "7"})]
    raised(Client(script.url, tokens=MemoryTokens(), limiter=window).call, "GET", "/things")
    assert pauses == [7.0]
