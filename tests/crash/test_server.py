"""A real server whose own scheduler runs the job: killed in the middle, and flooded with webhooks."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from support.books import LEASE_SECONDS, connected_books
from support.invariants import bill_problems, chain_problem, general_problems
from support.webhooks import subscribe

from lib import odoo

STORM = 200
THREADS = 20
BILLS = 60
EVENTS = ("bills.ready_to_sync", "bills.paid")
STAGES = {
    "the first rows are stored": "SELECT count(*) FROM ml_sync_log WHERE name LIKE 'CRASH-%' AND state != 'done'",
    "the first bills are in the books": "SELECT count(*) FROM account_move WHERE ref LIKE 'CRASH-%'",
    "the first files are attached": """SELECT count(*) FROM ml_sync_log l JOIN ml_flow f ON f.id = l.flow_id
        WHERE f.key = 'bill_files' AND l.name LIKE 'CRASH-%' AND l.state = 'done'""",
    "the first results are told": """SELECT count(*) FROM ml_sync_log l JOIN ml_flow f ON f.id = l.flow_id
        WHERE f.key = 'results' AND l.name LIKE 'CRASH-%' AND l.state != 'pending'""",
}


@pytest.fixture
def books():
    with connected_books("crash_server") as books:
        yield books


def test_server_is_killed_in_the_middle(books):
    """Four crashes of the whole server, each at a later stage of the same sync."""
    books.due()
    bills = [books.add_bill(paid=number % 2 == 0) for number in range(BILLS)]
    books.due("bills", "payments")
    for stage, reached in STAGES.items():
        with odoo.with_server(books.database, max_cron_threads=1) as server:
            books.trigger()
            books.wait_until(lambda reached=reached: books.value(reached))
            server.kill()
        assert books.open_rows() or stage == list(STAGES)[-1], f"too late: {stage}"
        books.pass_time(LEASE_SECONDS)
    with odoo.with_server(books.database, max_cron_threads=1):
        books.trigger()
        books.wait_until_settled()
    assert not [problem for bill in bills for problem in bill_problems(books, bill)] + general_problems(books)
    assert not chain_problem(books)


def test_webhooks(books, subtests):
    with odoo.with_server(books.database, max_cron_threads=2) as server:
        books.due()
        sender = subscribe(books, server)
        with subtests.test("storm about one bill"):
            storm(books, sender)
            assert "could not serialize" not in server.log.read_text(), "a repeated event is no error"
        with subtests.test("reversed and repeated"):
            reversed_and_repeated(books)
        with subtests.test("lost"):
            lost(books)
    assert not general_problems(books)
    assert not chain_problem(books)


def storm(books, sender):
    """Two hundred posts, each event twice at the same time, while the jobs run: one bill, one report."""
    bill = books.add_bill(paid=True)
    bodies = [sender.body(EVENTS[number % 2], bill) for number in range(STORM // 2)]
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(sender.post, [body for body in bodies for _twice in range(2)]))
    assert set(answers) == {(200, "ok")}
    books.wait_until_settled()
    assert not bill_problems(books, bill)


def reversed_and_repeated(books):
    """Ramp's own events, the last one first and each three times."""
    books.control.hold_deliveries()
    bills = [books.add_bill(paid=number % 2 == 0) for number in range(5)]
    books.control.release_deliveries(order="reversed", repeat=3)
    assert books.control.wait_for_deliveries()
    books.wait_until_settled()
    assert not [problem for bill in bills for problem in bill_problems(books, bill)]


def lost(books):
    """No event arrives at all: the next poll finds the bill."""
    books.control.hold_deliveries()
    bill = books.add_bill(paid=True)
    books.due("bills", "payments")
    books.trigger()
    books.wait_until_settled()
    books.control.release_deliveries(repeat=0)
    assert not bill_problems(books, bill)
