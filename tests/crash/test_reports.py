"""Telling Ramp what became of its bills, looking up what is in doubt, and what stops the server again and again."""

import pytest
from support.books import LEASE_SECONDS, connected_books
from support.invariants import bill_problems, general_problems, partner_problems
from support.workers import RUN

POISONED = f"""
import os, signal
from odoo.addons.ml_connector.providers.ramp.bills import Bills
document = Bills.document
def poisoned(flow, payload):
    if payload.get("invoice_number") == "POISON":
        os.kill(os.getpid(), signal.SIGKILL)
    return document(flow, payload)
Bills.document = poisoned
{RUN}
"""
MB = 1024 * 1024
LIMITED = f"""
import resource
with open("/proc/self/statm") as file:
    size = int(file.read().split()[0]) * resource.getpagesize() + 300 * {MB}
resource.setrlimit(resource.RLIMIT_AS, (size, size))
{RUN}
"""


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


def test_killed_three_times_over_the_same_bill(books):
    """It is left to a person, and stays so; all else is booked and told."""
    before, poison, after = books.add_bill(), books.add_bill(invoice_number="POISON"), books.add_bill()
    books.due("bills")
    signals = []
    for _run in range(6):
        (ended,) = books.workers.order(POISONED, workers=1)
        signals.append(ended.was_killed)
        books.pass_time(LEASE_SECONDS)
    assert signals == [True] * 3 + [False] * 3
    (row,) = books.open_rows()
    assert (row["flow"], row["name"], row["state"], row["error_class"]) == ("bills", row["name"], "failed", "stopped")
    assert row["name"].startswith("POISON")
    assert row["error_message"] == "The server stopped 3 times while Odoo booked this record."
    assert not bill_problems(books, before) + bill_problems(books, after)
    books.workers.code("env['ml.sync.log'].search([('state', '=', 'failed')]).action_retry()")
    books.settle()
    assert books.value("SELECT count(*) FROM account_move WHERE ref = 'POISON' AND state = 'posted'") == 1
    assert books.control.effects("BILL_SYNC", poison)


def test_large_files_in_little_memory(books):
    """Ten files of 30 MB are attached by a worker that may take 300 MB more than at its start."""
    bills = [books.add_bill() for _ in range(10)]
    for number, bill in enumerate(bills):
        (file,) = books.sandbox.state.bills.get(bill).file_ids
        books.sandbox.state.files.get(file).content = b"%PDF-1.4" + bytes([number]) * 30 * MB
    books.due("bills")
    (ended,) = books.workers.order(LIMITED, workers=1)
    assert not ended.error, ended.error
    files = books.rows(
        """SELECT a.file_size FROM ir_attachment a
             JOIN ml_binding b ON b.res_model = a.res_model AND b.res_id = a.res_id
            WHERE b.kind = 'bill' AND b.external_id = ANY(%s) AND a.res_field IS NULL""",
        bills,
    )
    assert [file["file_size"] for file in files] == [30 * MB + 8] * len(bills)
    assert not books.open_rows()
