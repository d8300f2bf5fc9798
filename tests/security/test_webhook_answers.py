"""The webhook address of a real server: the right answer to everybody, and nothing made for those who may not."""

import http.client
from urllib.parse import urlsplit

import pytest
from support.books import connected_books
from support.webhooks import subscribe

from lib import odoo

MEGABYTE = 1024 * 1024
EVENTS = "SELECT count(*) FROM ml_webhook_event"


@pytest.fixture(scope="module")
def books():
    with connected_books("security_webhook") as books:
        books.due()
        yield books


@pytest.fixture(scope="module")
def server(books):
    with odoo.with_server(books.database, max_cron_threads=1) as server:
        yield server


@pytest.fixture(scope="module")
def sender(books, server):
    return subscribe(books, server)


@pytest.fixture
def nothing_new(books):
    """The test leaves no event, no row and no record behind, and nobody is called because of it."""
    tables = ("ml_webhook_event", "ml_sync_log", "ml_binding", "account_move", "res_partner", "ir_cron_trigger")

    def seen():
        books.wait_until(lambda: not books.value("SELECT count(*) FROM ir_cron_trigger WHERE call_at <= now()"))
        return [books.value(f"SELECT count(*) FROM {table}") for table in tables], len(books.control.requests())

    before = seen()
    yield
    assert seen() == before


def chunked(sender, parts, signature):
    """Post a body whose length is not said beforehand."""
    address = urlsplit(sender.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=30)
    headers = {"Content-Type": "application/json", "X-Ramp-Signature": signature, "Transfer-Encoding": "chunked"}
    connection.request("POST", address.path, body=iter(parts), headers=headers, encode_chunked=True)
    answer = connection.getresponse()
    status = answer.status, answer.read().decode()
    connection.close()
    return status


def test_wrong_signature(sender, nothing_new):
    body = sender.body()
    other = sender.body()
    for signature in (
        sender.signature(body, "guessed"),
        sender.signature(other),
        "0" * 64,
        "ü".encode(),
        "sha256=",
        "",
    ):
        assert sender.send(body, {"X-Ramp-Signature": signature})[0] == 401


def test_missing_signature(sender, nothing_new):
    assert sender.send(sender.body(), {"Content-Type": "application/json"}) == (401, "wrong signature")
    assert sender.send(b"", {}) == (401, "wrong signature")


def test_changed_body(sender, nothing_new):
    body = sender.body()
    assert sender.post(body + b" ", sender.signature(body))[0] == 401


def test_challenge_of_a_stranger(sender, nothing_new):
    """Nobody waits for a challenge any more, so one without a signature is refused."""
    body = b'{"type": "webhooks.verification", "challenge": "planted", "object": {}}'
    assert sender.send(body, {"X-ML-Connector": "guessed"})[0] == 401


@pytest.fixture(scope="module")
def unsubscribed(books, sender):
    """The address of a connection without webhooks."""
    token = books.workers.code(
        "connection = env['ml.connection'].create({'name': 'Without', 'provider': 'ramp', 'environment': 'sandbox'})\n"
        "result = connection.webhook_token"
    )
    return sender.url.rpartition("/")[0] + f"/{token}"


def test_no_secret_is_closed(unsubscribed, sender, nothing_new):
    """A connection without webhooks takes none, whatever they are signed with."""
    body = sender.body()
    for secret in ("", "None", "False", sender.secret):
        signature = sender.signature(body, secret) if secret else ""
        assert sender.send(body, {"X-Ramp-Signature": signature}, unsubscribed)[0] == 401


def test_unknown_address(sender, nothing_new):
    body = sender.body()
    base = sender.url.rpartition("/")[0]
    assert sender.post(body, url=f"{base}/guessed")[0] == 404
    assert sender.post(body, url=f"{base}/%00")[0] == 404


def test_body_over_the_limit(sender, nothing_new):
    body = b'{"id": "' + b"x" * MEGABYTE + b'"}'
    assert sender.post(body)[0] == 413


def test_chunked_body_over_the_limit(sender, nothing_new):
    parts = [b"x" * 64 * 1024] * 17
    assert chunked(sender, parts, sender.signature(b"".join(parts)))[0] == 413


def test_not_an_event(sender, nothing_new):
    for body in (b"", b"{", b"[]", b'"text"', b"{}", b'{"id": 1, "type": []}', b"\xff\xfe", b"[" * 100_000):
        assert sender.post(body) == (400, "not an event"), body[:20]


def test_other_methods(sender, nothing_new):
    for method in ("GET", "PUT", "DELETE"):
        answer = sender._session.request(method, sender.url, data=sender.body(), timeout=30)
        assert answer.status_code == 405


def test_chunked_body(books, sender):
    body = sender.body("vendors.unheard_of")
    before = books.value(EVENTS)
    assert chunked(sender, [body[:10], body[10:20], body[20:]], sender.signature(body)) == (200, "ok")
    assert books.value(EVENTS) == before + 1


def test_unknown_event_type(books, sender):
    body = sender.body("planets.aligned", "planet-1", "event-unknown-type")
    calls = len(books.control.requests())
    assert sender.post(body) == (200, "ok")
    books.wait_until(
        lambda: books.value("SELECT state FROM ml_webhook_event WHERE event_id = 'event-unknown-type'") == "ignored"
    )
    assert len(books.control.requests()) == calls


def test_object_that_does_not_exist(books, sender):
    """Signed, but about nothing that Ramp knows, or about another path of its API: nothing is made of it.

    What cannot be the id of a record only lets the list be read again.
    """
    rows, calls = books.value("SELECT count(*) FROM ml_sync_log"), len(books.control.requests())
    for number, object_id in enumerate(("no-such-bill", "../business", "a/b?c=d", "\x00", "x" * 10_000)):
        assert sender.post(sender.body("bills.ready_to_sync", object_id, f"event-nothing-{number}")) == (200, "ok")
    left = "SELECT count(*) FROM ml_webhook_event WHERE event_id LIKE 'event-nothing-%' AND state = 'received'"
    books.wait_until(lambda: not books.value(left))
    assert books.value("SELECT count(*) FROM ml_sync_log") == rows
    paths = {call["path"] for call in books.control.requests(since=calls)}
    assert paths <= {"/developer/v1/bills/no-such-bill", "/developer/v1/bills", "/developer/v1/token"}


def test_replay(books, sender):
    """The same bytes with the same signature again: taken kindly, and nothing happens."""
    bill = books.add_bill()
    body = sender.body("bills.ready_to_sync", bill, "event-replayed")
    assert sender.post(body) == (200, "ok")
    books.wait_until_settled()
    calls, rows = len(books.control.requests()), books.value("SELECT count(*) FROM ml_sync_log")
    for _time in range(5):
        assert sender.post(body) == (200, "ok")
    books.wait_until_settled()
    assert books.value("SELECT count(*) FROM ml_webhook_event WHERE event_id = 'event-replayed'") == 1
    assert (len(books.control.requests()), books.value("SELECT count(*) FROM ml_sync_log")) == (calls, rows)


def test_secret_that_was_changed(books, server, sender):
    """After a new subscription the new secret opens, the old one does not."""
    new = subscribe(books, server)
    assert new.secret != sender.secret
    previous = "SELECT count(*) FROM ml_credential WHERE name = 'webhook_secret_previous'"
    books.wait_until(lambda: not books.value(previous))
    body = new.body("vendors.unheard_of")
    assert new.post(body, sender.signature(body)) == (401, "wrong signature")
    assert new.post(body) == (200, "ok")


def test_address_is_closed_when_webhooks_are_switched_off(books, sender):
    (subscription,) = books.sandbox.state.subscriptions
    books.workers.code("env['ml.connection'].search([('state', '=', 'connected')]).action_unsubscribe()")
    books.wait_until(lambda: not books.value("SELECT count(*) FROM ml_connection WHERE webhook_state = 'remove'"))
    body = sender.body()
    for secret in (sender.secret, subscription.secret):
        assert sender.post(body, sender.signature(body, secret)) == (401, "wrong signature")
