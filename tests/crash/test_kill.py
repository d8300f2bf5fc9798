"""A worker that is killed at any point loses nothing and does nothing twice.

A *case* is one point of one flow: before or after a fetch, a store, a claim, a create, a post, a commit, a remote
call, an acknowledgement, or anything else that `support.points` names. The points are not listed here: each test
first lets a worker run through and records what it passes, then takes one case for each moment between two steps that
outlive the worker. For a case, people at Ramp (or in Odoo) make fresh records; a worker process is killed with SIGKILL
at the point; the lease ends; the job runs until nothing is open; and what `support.invariants` says must be true of
Odoo and Ramp together.

The database and the sandbox are the same for all cases, so each case also meets what all cases before it left.
"""

import time

import pytest
from cases import BookCase, ChangedPartnerCase, EventCase, NewPartnerCase, VendorCase
from support.books import connected_books
from support.invariants import chain_problem
from support.kills import kill_at_every_moment, killed

FLOWS = {
    "vendors": (VendorCase, {"GET:vendors", "store", "claim", "create", "bind", "commit"}),
    "bills": (BookCase, {"GET:bills", "store", "claim", "create", "post", "bind", "commit"}),
    "bill_files": (BookCase, {"GET:files", "claim", "create", "bind", "commit"}),
    "payments": (BookCase, {"GET:bills", "store", "claim", "create", "post", "reconcile", "bind", "commit"}),
    "results": (BookCase, {"claim", "POST:accounting/syncs", "acknowledge", "commit"}),
    "events": (EventCase, {"GET:bills", "store", "commit"}),
    "vendors_push": (NewPartnerCase, {"claim", "POST:vendors", "bind", "acknowledge", "commit"}),
    "vendors_push, changes": (ChangedPartnerCase, {"store", "claim", "PATCH:vendors", "acknowledge", "commit"}),
}
"""By flow: what is done in a case, and the steps that must be among the recorded points."""


@pytest.fixture(scope="module")
def books():
    with connected_books("crash_kill") as books:
        books.switch("vendors_push", True)
        books.due("vendors_push")
        books.workers.run()
        yield books


@pytest.mark.parametrize("name", FLOWS)
def test_killed_at_every_point(name, books, subtests):
    case_class, wanted = FLOWS[name]
    # what the flows before have left for this one is worked first: no later case would meet it again
    case_class(books)
    books.workers.run()
    books.settle()
    kill_at_every_moment(books, subtests, case_class, name.partition(",")[0], wanted)
    assert not chain_problem(books)


def test_rows_come_free_by_the_lease_alone(books):
    """Nothing but time passes here, with a lease of two seconds in place of a minute."""
    lease = {"patches": {"lease_seconds": 2}}
    case = killed(books, BookCase, "bills claim after 1", **lease)
    claimed = "SELECT count(*) FROM ml_sync_log WHERE state = 'running'"
    books.workers.run(**lease)
    assert books.value(claimed) == len(case.bills), "nobody touches the rows of a worker that may be alive"
    deadline = time.monotonic() + 20
    while books.open_rows():
        assert time.monotonic() < deadline, books.open_rows()
        books.workers.run(**lease)
    assert not case.all_problems()
