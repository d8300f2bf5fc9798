"""A provider whose answers are hostile: links that lead elsewhere, messages without end, messages with markup."""

import socket

import pytest
from sandbox.ramp.errors import refuse
from support.books import LEASE_SECONDS, LONG_SECONDS, connected_books
from support.people import Person

from lib import odoo

LONG = 262_144
MARKUP = (
    'Session ended. <a href="https://evil.example/">Enter your credentials</a> <img src="https://evil.example/x.png">'
)
ROW = """
SELECT l.state, l.error_class, l.error_message FROM ml_sync_log l JOIN ml_flow f ON f.id = l.flow_id
 WHERE f.key = %s AND {} = %s ORDER BY l.id DESC LIMIT 1
"""
FILES = """
SELECT count(*) FROM ir_attachment a JOIN ml_binding b ON b.res_model = 'account.move' AND b.res_id = a.res_id
 WHERE a.res_model = 'account.move' AND b.kind = 'bill' AND b.external_id = %s
"""


@pytest.fixture(scope="module")
def books():
    with connected_books("hostile") as books:
        books.switch("vendors_push", True)
        yield books


@pytest.fixture
def listener():
    """Something else that listens on this machine; nobody ever answers there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def port_of(listener):
    return listener.getsockname()[1]


def was_called(listener):
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def answers_everywhere(books, monkeypatch, path, status, message):
    """Have the provider refuse every call of a path with this message."""
    monkeypatch.setattr(books.sandbox, "refuse_broken", lambda status: refuse(status, "BAD_DATA", message))
    books.control.add_fault("error", path=path, status=status, times=None)


def test_it_is_seen_who_calls(listener):
    socket.create_connection(listener.getsockname()).close()
    assert was_called(listener)


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:{port}/admin/secret.pdf",
        "http://localhost:{port}/admin/secret.pdf",
        "https://127.0.0.1:{port}/admin/secret.pdf",
        "http://127.0.0.1:{port}/{own}",
        "{own}@127.0.0.1:{port}/admin/secret.pdf",
        "https://10.0.0.1/secret.pdf",
        "https://192.168.0.1/secret.pdf",
        "http://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/secret.pdf",
    ],
)
def test_a_file_is_fetched_from_the_provider_only(link, books, listener, monkeypatch):
    address = link.format(port=port_of(listener), own=books.sandbox.url)
    with monkeypatch.context() as patched:
        patched.setattr(books.sandbox.state, "link", lambda _file: address)
        bill = books.add_bill()
        books.due("bills")
        for _run in range(2):
            books.pass_time(LEASE_SECONDS)
            books.workers.run()
    row = books.rows(ROW.format("l.external_id"), "bill_files", bill)[0]
    assert row["error_message"] == "Ramp returned an unsafe link to a file. Odoo does not follow it."
    assert (row["state"], row["error_class"]) == ("failed", "validation"), "time heals no such link"
    assert not was_called(listener)
    assert books.value(FILES, bill) == 0
    books.workers.code("env['ml.sync.log'].search([('state', '=', 'failed')]).action_retry()")
    books.settle(LONG_SECONDS)
    assert books.value(FILES, bill) == 1, "the provider's own link is followed"


@pytest.mark.parametrize("unit", ["a", "_", ".", "-", "token", "Bearer ", 'api_key":"'])
def test_a_message_without_end_is_cut(unit, books, monkeypatch):
    partner = books.add_partner()
    answers_everywhere(books, monkeypatch, "/developer/v1/vendors", 400, unit * (LONG // len(unit)))
    books.due("vendors_push")
    books.workers.run()
    books.control.clear_faults()
    row = books.rows(ROW.format("l.res_id"), "vendors_push", partner)[0]
    assert row["state"] == "failed", row
    assert row["error_message"].startswith("Ramp refused the request") and row["error_message"].endswith(".")
    assert len(row["error_message"]) < 500
    kept = "SELECT max(length(message)) FROM ml_sync_attempt WHERE log_id IS NOT NULL AND outcome = 'failed'"
    assert books.value(kept) < 500


def test_a_message_with_markup_is_shown_as_text(books, monkeypatch):
    answers_everywhere(books, monkeypatch, "/developer/v1/vendors", 401, MARKUP)
    books.due("vendors")
    books.workers.run()
    books.control.clear_faults()
    with odoo.with_server(books.database, max_cron_threads=0) as server:
        owner = Person(server, "admin", "admin")
        told = owner.call("mail.activity", "search_read", [["res_model", "=", "ml.connection"]], ["note"])
    notes = [activity["note"] for activity in told if "evil.example" in activity["note"]]
    assert len(notes) == 1, told
    assert '&lt;a href="https://evil.example/"&gt;Enter your credentials&lt;/a&gt;' in notes[0]
    assert "<a " not in notes[0] and "<img" not in notes[0]
