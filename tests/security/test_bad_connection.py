"""Trouble with the connection as a whole: one sentence, one advice, one call for help, and nothing is lost."""

import pytest
from sandbox.ramp import CLIENT_ID
from support.books import LONG_SECONDS, connected_books
from support.invariants import bill_problems, general_problems, vendor_problems

ALWAYS = None
PATIENCE = {"patches": {"read_timeout": 0.15}}


@pytest.fixture(scope="module")
def books():
    with connected_books("security_trouble") as books:
        yield books


def set_secret(books, secret):
    books.workers.code(
        "credentials = env['ml.connection'].search([]).credential_ids\n"
        f"credentials.filtered(lambda credential: credential.name == 'client_secret').new_secret = {secret!r}"
    )


def state(books):
    (row,) = books.rows(
        "SELECT state, attention_reason, breaker_until > now() AT TIME ZONE 'utc' AS stopped FROM ml_connection"
    )
    return row["state"], row["attention_reason"] or "", bool(row["stopped"])


def calls_for_help(books):
    return books.value("SELECT count(*) FROM mail_activity WHERE res_model = 'ml.connection'")


def recovers(books, bill):
    """Once the trouble is over, the next run makes up for everything."""
    books.settle(LONG_SECONDS)
    assert state(books) == ("connected", "", False)
    assert calls_for_help(books) == 0
    assert not bill_problems(books, bill) + general_problems(books)


def test_wrong_credentials(books):
    bill = books.add_bill()
    set_secret(books, "not-the-secret")
    books.due("vendors", "bills", "payments")
    for _run in range(3):
        books.workers.run()
        books.pass_time(600)
    connection, reason, _stopped = state(books)
    assert connection == "attention"
    assert reason == "Ramp rejected the credentials: the client ID or the client secret is wrong."
    assert calls_for_help(books) == 1, "one call for help, however often it is tried"
    set_secret(books, books.secret)
    recovers(books, bill)


def test_access_is_not_asked_for_again_at_once(books):
    """While access is refused, Odoo calls the provider not at all for some minutes."""
    bill = books.add_bill()
    set_secret(books, "not-the-secret")
    books.due("bills")
    books.workers.run()
    assert state(books)[2]
    calls = len(books.control.requests())
    books.workers.run()
    assert len(books.control.requests()) == calls
    set_secret(books, books.secret)
    recovers(books, bill)


@pytest.mark.parametrize(
    "fault",
    (
        {"kind": "hang", "seconds": 0.4},
        {"kind": "reset"},
        {"kind": "html"},
        {"kind": "html", "status": 503},
        {"kind": "error", "status": 500},
        {"kind": "truncate"},
    ),
    ids=lambda fault: " ".join(str(value) for value in fault.values()),
)
def test_ramp_is_away(fault, books):
    """Everything fails for an hour; nobody is called for help because of it, and nothing is lost."""
    bill = books.add_bill(paid=True)
    last = books.value("SELECT max(id) FROM ml_sync_attempt")
    books.control.add_fault(path="/developer/*", times=ALWAYS, **fault)
    for _run in range(3):
        books.due("vendors", "bills", "payments")
        books.workers.run(**PATIENCE)
        books.pass_time(1200)
    books.control.clear_faults()
    said = books.rows(
        "SELECT message, error_class FROM ml_sync_attempt WHERE error_class IS NOT NULL AND id > %s", last
    )
    assert {row["error_class"] for row in said} <= {"network", "remote"}
    assert (state(books)[0], calls_for_help(books)) == ("connected", 0)
    assert not [row for row in said if not row["message"].endswith(".") or "Traceback" in row["message"]]
    recovers(books, bill)


def test_daily_flow_is_read_again_soon(books):
    books.due("coding")
    books.control.add_fault("error", path="*/accounting/accounts", times=ALWAYS)
    books.workers.run()
    books.control.clear_faults()
    wait = "SELECT next_run_at < now() AT TIME ZONE 'utc' + interval '10 minutes' FROM ml_flow WHERE key = 'coding'"
    assert books.value(wait)
    books.settle(LONG_SECONDS)


def test_scope_that_is_not_granted(books):
    """Vendors may not be read any more: their flow says so, and the bills go on."""
    app = books.sandbox.apps[CLIENT_ID]
    before = app.scopes
    app.scopes = before - {"vendors:read"}
    books.control.revoke_tokens()
    books.workers.code("env['ml.connection'].search([]).action_test()")
    bill, vendor = books.add_bill(paid=True), books.add_vendor()
    books.due("vendors", "bills", "payments")
    books.workers.run()
    books.settle()
    assert not bill_problems(books, bill)
    found = str(books.value("SELECT findings FROM ml_connection"))
    assert "vendors:read" in found
    said = books.value("SELECT error_message FROM ml_flow WHERE key = 'vendors'")
    assert said and said.endswith(".")
    app.scopes = before
    books.control.revoke_tokens()
    books.workers.code("env['ml.connection'].search([]).action_test()")
    books.due("vendors")
    books.workers.run()
    assert not vendor_problems(books, vendor)
    assert books.value("SELECT error_message FROM ml_flow WHERE key = 'vendors'") is None


def test_another_address(books):
    """Nobody listens there; the sentence says that, and no secret is sent anywhere else."""
    bill = books.add_bill()
    books.move_to("http://127.0.0.1:9")
    books.due("bills")
    books.workers.run()
    message = books.value("SELECT message FROM ml_sync_attempt WHERE action = 'check' ORDER BY id DESC LIMIT 1")
    assert message == "Odoo cannot reach Ramp: the server refuses connections. Odoo sent nothing."
    books.move_to(books.sandbox.url)
    recovers(books, bill)
