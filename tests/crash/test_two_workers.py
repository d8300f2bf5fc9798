"""Two workers of one connection at the same moment: each record once, and neither gets in the other's way."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from cases import BookCase, NewPartnerCase, VendorCase
from support.books import connected_books
from support.invariants import chain_problem, general_problems, partner_problems
from support.workers import RUN

from lib import postgres

WORKERS = 2
ROUNDS = 4
CASES = 15
BUSY = f"""
import time
end = time.monotonic() + 6
while time.monotonic() < end:
    {RUN}
    env.cr.commit()
"""

CLAIM = """
from odoo.addons.ml_connector.engine.run import Run
env.cr.execute("SET statement_timeout = '10s'")
connection = env["ml.connection"].search([])
flow = connection.flow_ids.filtered(lambda flow: flow.key == "vendors_push")
result = Run(connection).queue.claim(flow, {count}).ids
"""
IS_SENT = "SELECT count(*) > 0 FROM ml_sync_log WHERE state = 'running' AND sent_at IS NOT NULL"
IS_BLOCKED = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
FIRST = "SELECT id FROM ml_sync_log WHERE state = 'pending' ORDER BY next_try_at, id LIMIT %s FOR UPDATE"


@pytest.fixture(scope="module")
def books():
    with connected_books("crash_two") as books:
        books.switch("vendors_push", True)
        books.due("vendors_push")
        books.workers.run()
        yield books


@pytest.mark.parametrize("case_class", (BookCase, VendorCase, NewPartnerCase))
def test_side_by_side(case_class, books):
    for _round in range(ROUNDS):
        cases = [case_class(books) for _ in range(CASES)]
        for ended in books.workers.order(RUN, workers=WORKERS):
            assert not ended.error, ended.error
            assert not ended.signal
        books.settle()
        assert not [problem for case in cases for problem in case.problems()] + general_problems(books)
    assert not chain_problem(books)


def test_side_by_side_with_a_dead_one(books):
    """One dies in the middle of its work while the other goes on."""
    cases = [BookCase(books) for _ in range(CASES)]
    assert books.workers.run(kill="bills post after 1").was_killed
    books.pass_time(61)
    for ended in books.workers.order(RUN, workers=WORKERS):
        assert not ended.error, ended.error
    books.settle()
    assert not [problem for case in cases for problem in case.problems()] + general_problems(books)


def test_sending_takes_longer_than_the_lease(books):
    """What the one has claimed and not sent yet when the lease ends goes to the other, and to it alone."""
    partners = books.add_partners(40)
    books.due()
    books.control.add_fault("latency", method="POST", path="*/vendors", seconds=0.7, times=None)
    for ended in books.workers.order(BUSY, workers=WORKERS, patches={"lease_seconds": 2}):
        assert not ended.error, ended.error
    books.control.clear_faults()
    books.settle()
    assert not [problem for partner in partners for problem in partner_problems(books, partner)]
    assert not general_problems(books)


def test_a_claim_passes_by_what_another_worker_holds(books):
    """The first rows are held by a transaction that is still open: others are had at once."""
    partners = books.add_partners(6)
    books.due()
    with closing(postgres.connect(books.database)) as other:
        other.autocommit = False
        with other.cursor() as cursor:
            cursor.execute(FIRST, [3])
            held = {row[0] for row in cursor.fetchall()}
        claimed = set(books.workers.code(CLAIM.format(count=3)))
        other.rollback()
    assert len(held) == len(claimed) == 3
    assert not held & claimed
    books.settle()
    assert not [problem for partner in partners for problem in partner_problems(books, partner)]
    assert not general_problems(books)


@pytest.mark.parametrize(("case_class", "path"), ((NewPartnerCase, "*/vendors"), (BookCase, "*/accounting/syncs")))
def test_an_answer_that_meets_another_transaction_is_stored(case_class, path, books):
    """The provider has the records: its answers are stored again, not thrown away and looked up later."""
    case = case_class(books)
    _meet(books, path, "UPDATE ml_sync_log SET name = name WHERE state = 'running'")
    assert not books.open_rows()
    assert not case.problems() + general_problems(books)


def test_an_answer_to_what_another_worker_took_over_is_left_to_it(books):
    case = NewPartnerCase(books)
    _meet(
        books, "*/vendors", "UPDATE ml_sync_log SET lease_until = lease_until + interval '1 s' WHERE state = 'running'"
    )
    assert books.value("SELECT array_agg(state) FROM ml_sync_log WHERE lease_until IS NOT NULL") == ["running"]
    books.pass_time(62)
    books.settle()
    assert not case.problems() + general_problems(books)


def _meet(books, path, statement):
    """Run a worker whose answers another transaction meets, which does the statement before them."""
    books.control.add_fault("latency", method="POST", path=path, seconds=1, times=None)
    with closing(postgres.connect(books.database)) as other, ThreadPoolExecutor(1) as pool:
        other.autocommit = False
        run = pool.submit(books.workers.run)
        _wait_until(books, IS_SENT)
        with other.cursor() as cursor:
            cursor.execute(statement)
        _wait_until(books, IS_BLOCKED, books.database)
        other.commit()
        run.result()
    books.control.clear_faults()


def _wait_until(books, statement, *parameters):
    deadline = time.monotonic() + 30
    while not books.value(statement, *parameters):
        assert time.monotonic() < deadline, statement
        time.sleep(0.02)
