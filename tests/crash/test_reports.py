"""Telling Ramp what became of its bills, and looking up what is in doubt."""

import pytest
from support.books import LEASE_SECONDS, connected_books
from support.invariants import bill_problems, general_problems, partner_problems


@pytest.fixture(scope="module")
def books():
    with connected_books("crash_reports") as books:
        yield books


def test_one_that_is_refused_and_a_crash_after_the_others(books):
    """Ramp refuses a batch because of one bill, takes the rest, and the worker dies: only the rest counts as told."""
    refused, taken = books.add_bill(), books.add_bill()
    books.due("bills")
    assert books.workers.run(kill="results POST:accounting/syncs before 1").was_killed
    books.control.reject_bill(refused)
    books.pass_time(LEASE_SECONDS)
    assert books.workers.run(kill="results POST:accounting/syncs after 1").was_killed, "the first one is refused"
    assert books.control.effects("BILL_SYNC", taken) == {"BILL_SYNC": {taken: 1}}
    books.pass_time(LEASE_SECONDS)
    books.workers.run()
    (row,) = books.open_rows()
    assert (row["flow"], row["state"], row["error_class"]) == ("results", "failed", "permanent")
    assert not bill_problems(books, taken)
    # Ramp takes it once it is approved again, and a person presses Retry
    books.control.approve_bill(refused)
    books.workers.code("env['ml.sync.log'].search([('state', '=', 'failed')]).action_retry()")
    books.settle()
    assert not bill_problems(books, refused) + general_problems(books)


def test_lists_that_lag_behind_what_was_written(books):
    """A vendor that was made, but shows in the list a little later, is not made a second time."""
    books.switch("vendors_push", True)
    books.due("vendors_push")
    books.workers.run()
    partner = books.add_partner()
    books.control.settings(replica_lag=3600)
    books.control.add_fault("reset", method="POST", path="*/vendors", when="after")
    books.workers.run()
    calls = len(books.control.requests("POST", "/developer/v1/vendors"))
    for _run in range(3):
        books.workers.run()
    assert len(books.control.requests("POST", "/developer/v1/vendors")) == calls
    books.control.settings(replica_lag=0)
    books.settle()
    assert not partner_problems(books, partner) + general_problems(books)
