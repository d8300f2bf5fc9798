"""A worker that is killed at any point loses nothing and does nothing twice.

A *case* is one point of one flow: before or after a fetch, a store, a claim, a create, a post, a commit, a remote call, an
acknowledgement, or anything else that `support.points` names. The points are not listed here: each test first lets a worker
run through and records what it passes, then takes one case for each. For a case, people at Ramp (or in Odoo) make fresh
records; a worker process is killed with SIGKILL at the point; the lease ends; the job runs until nothing is open; and what
`support.invariants` says must be true of Odoo and Ramp together.

The database and the sandbox are the same for all cases of a test, so each case also meets what all cases before it left.
"""

import pytest
from support.books import connected_books
from support.invariants import bill_problems, chain_problem, general_problems, partner_problems, vendor_problems

ONCE = ("apply", "bind", "create", "post", "reconcile")
"""Steps inside one transaction: the second of a run is as good as the first."""
MOST_RUNS = 3


class BookCase:
    """Two bills, one of them paid, from approval to the last report."""

    due = ("bills", "payments")

    def __init__(self, books):
        self.books = books
        self.bills = [books.add_bill(), books.add_bill(paid=True)]

    def problems(self):
        return [problem for bill in self.bills for problem in bill_problems(self.books, bill)]


class VendorCase:
    """A new vendor at Ramp."""

    due = ("vendors",)

    def __init__(self, books):
        self.books = books
        self.vendor = books.add_vendor()

    def problems(self):
        return vendor_problems(self.books, self.vendor)


class NewPartnerCase:
    """A new vendor in Odoo, which Ramp gets."""

    due = ()

    def __init__(self, books):
        self.books = books
        self.partner = books.add_partner()

    def problems(self):
        return partner_problems(self.books, self.partner)


class ChangedPartnerCase:
    """A changed vendor in Odoo, which Ramp has already; the nightly sweep is due, too."""

    due = ("vendors_push",)

    def __init__(self, books):
        self.books = books
        self.partner = books.add_partner()
        books.due()
        books.workers.run()
        books.write_partner(self.partner, street="2 Second Street")

    def problems(self):
        # An address may be sent again when it is not known whether it arrived: that changes nothing at Ramp.
        once, twice = (partner_problems(self.books, self.partner, updates=updates) for updates in (1, 2))
        return once and twice


class EventCase:
    """A bill of which only a webhook tells."""

    due = ()

    def __init__(self, books):
        self.books = books
        self.bill = books.add_bill()
        books.workers.code(
            "from odoo.addons.ml_connector.vendors.base import Event\n"
            f"event = Event(event_id={self.bill!r}, event_type='bills.ready_to_sync', external_id={self.bill!r})\n"
            "env['ml.webhook.event']._receive(env['ml.connection'].search([]), event)"
        )

    def problems(self):
        return bill_problems(self.books, self.bill)


CASES = {
    "vendors": (VendorCase, {"GET:vendors", "store", "claim", "create", "bind", "commit"}),
    "bills": (BookCase, {"GET:bills", "store", "claim", "create", "post", "bind", "commit"}),
    "bill_files": (BookCase, {"GET:bills", "GET:files", "claim", "create", "bind", "commit"}),
    "payments": (BookCase, {"GET:bills", "store", "claim", "create", "post", "reconcile", "bind", "commit"}),
    "results": (BookCase, {"claim", "POST:accounting/syncs", "acknowledge", "commit"}),
    "events": (EventCase, {"GET:bills", "store", "commit"}),
    "vendors_push": (NewPartnerCase, {"claim", "POST:vendors", "bind", "acknowledge", "commit"}),
    "vendors_push, changes": (ChangedPartnerCase, {"store", "claim", "PATCH:vendors", "bind", "acknowledge", "commit"}),
}
"""By flow: what is done in a case, and the steps whose points must be among the recorded ones."""


@pytest.fixture(scope="module")
def books():
    with connected_books("crash_kill") as books:
        books.switch("vendors_push", True)
        books.due("vendors_push")
        books.workers.run()
        yield books


@pytest.mark.parametrize("name", CASES)
def test_killed_at_every_point(name, books, subtests):
    case_class, steps = CASES[name]
    flow = name.partition(",")[0]
    points = recorded_points(books, case_class, flow)
    assert {point.split()[1] for point in points} >= steps
    assert {point.split()[2] for point in points} == {"before", "after"}
    for point in points:
        with subtests.test(point):
            kill_at(books, case_class, point)
    assert not chain_problem(books)


def recorded_points(books, case_class, flow):
    """The points that a worker passes in a flow when nobody kills it."""
    case = case_class(books)
    books.due(*case.due)
    passed = books.workers.run(trace=True).points
    books.settle()
    assert not case.problems() + general_problems(books)
    own = [point for point in passed if point.split()[0] == flow]
    return [point for point in own if point.split()[1] not in ONCE or point.endswith(" 1")]


def kill_at(books, case_class, point):
    case = case_class(books)
    books.due(*case.due)
    assert books.workers.run(kill=point).was_killed, f"{point} was not reached"
    runs = books.settle()
    assert not case.problems() + general_problems(books)
    assert runs <= MOST_RUNS
