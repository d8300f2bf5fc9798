"""Whatever Ramp answers, and whenever: nothing is lost, nothing is done twice, and the rest goes on.

A *case* is one fault of the sandbox at one kind of call: it strikes once, or for as long as the first run takes. Then
the fault ends, time passes, and the job runs until nothing is open.
"""

from datetime import UTC, datetime, timedelta

import pytest
from cases import BookCase, EventCase, NewPartnerCase, VendorCase
from support.books import LONG_SECONDS, connected_books
from support.invariants import chain_problem, general_problems, partner_problems
from support.kills import FAULTS, meet_fault, struck

ALWAYS = None
HANG = 0.5
RETRY_AFTER = 6

CALLS = {
    "vendors": (VendorCase, "GET", "*/vendors"),
    "bills": (BookCase, "GET", "*/bills"),
    "bill_files": (BookCase, "GET", "/files/*"),
    "events": (EventCase, "GET", "*/bills/*"),
    "results": (BookCase, "POST", "*/accounting/syncs"),
    "vendors_push": (NewPartnerCase, "POST", "*/vendors"),
}
ALL_FAULTS = FAULTS | {
    "502 with a web page": {"kind": "html", "status": 502, "when": "after", "times": ALWAYS},
    "web page instead of JSON": {"kind": "html", "when": "after", "times": ALWAYS},
    "no answer after the effect": {"kind": "hang", "seconds": HANG, "times": ALWAYS},
    "reset before the effect": {"kind": "reset", "times": ALWAYS},
    "reset after the effect, once": {"kind": "reset", "when": "after", "times": 1},
    "token revoked for good": {"kind": "token_revoked", "times": ALWAYS},
}


@pytest.fixture(scope="module")
def books():
    with connected_books("crash_faults") as books:
        books.switch("vendors_push", True)
        books.due("vendors_push")
        books.workers.run()
        yield books


@pytest.mark.parametrize("name", CALLS)
def test_fault(name, books, subtests):
    for title, fault in ALL_FAULTS.items():
        with subtests.test(title):
            meet_fault(fault, books, *CALLS[name])
    assert not chain_problem(books)


@pytest.mark.parametrize("name", CALLS)
def test_retry_after_is_obeyed(name, books):
    case_class, method, path = CALLS[name]
    before = datetime.now(UTC).replace(tzinfo=None)
    fault = {"kind": "error", "status": 429, "retry_after": RETRY_AFTER, "times": ALWAYS}
    case = struck(books, case_class, method, path, **fault)
    waits = books.rows(
        """SELECT breaker_until AS until FROM ml_connection WHERE breaker_until IS NOT NULL
            UNION SELECT next_try_at FROM ml_sync_log WHERE state = 'pending'
            UNION SELECT next_try_at FROM ml_webhook_event WHERE state = 'received'"""
    )
    assert waits
    assert min(wait["until"] for wait in waits) >= before + timedelta(seconds=RETRY_AFTER - 1)
    calls = len(books.control.requests())
    books.workers.run()
    assert len(books.control.requests()) == calls, "nothing is called before that"
    books.settle(LONG_SECONDS)
    assert not case.all_problems()


@pytest.mark.parametrize("name", ("vendors", "bills"))
@pytest.mark.parametrize("times", (1, ALWAYS), ids=("once", "always"))
def test_page_that_is_repeated(name, times, books):
    case_class, method, path = CALLS[name]
    cases = [case_class(books) for _ in range(3)]
    books.control.add_fault("duplicate_page", method=method, path=path, times=times)
    books.workers.run(patches={"page_size": 2})
    (fault,) = books.control.faults()
    books.control.clear_faults()
    assert fault["hits"]
    books.settle(LONG_SECONDS)
    assert not [problem for case in cases for problem in case.problems()] + general_problems(books)


def test_token_that_ends_while_several_calls_are_under_way(books):
    """All of them are refused, one renews the token, and the others take the new one."""
    partners = books.add_partners(8)
    books.due()
    books.control.revoke_tokens()
    since = len(books.control.requests())
    books.workers.run()
    tokens = [call for call in books.control.requests(path="/developer/v1/token") if call["number"] > since]
    assert len(tokens) == 1
    assert not [problem for partner in partners for problem in partner_problems(books, partner)]
    assert not general_problems(books)
