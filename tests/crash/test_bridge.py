"""A bill that goes straight on from Ramp to Visma.net: killed at any point, it is there once and told once."""

from decimal import Decimal

import pytest
from support.bridged import bridged_books
from support.ledger import major

MOST_RUNS = 4
STEPS = {
    "bills": {"GET:bills", "store", "claim", "bind", "commit"},
    "bills_push": {"claim", "POST:supplierInvoice", "bind", "acknowledge", "commit"},
    "bill_files_push": {"claim", "bind", "acknowledge", "commit"},
}
"""By flow, the steps that must be among the points at which a worker is killed."""
ONCE = ("apply", "bind", "create")


@pytest.fixture(scope="module")
def books():
    with bridged_books("crash_bridge") as books:
        yield books


def problems(books, bill):
    return books.bridge_problems(bill) + books.general_problems()


def test_what_ramp_had_is_in_visma_to_the_cent(books):
    ready = [row.id for row in books.sandbox.state.bills if row.sync_status == "BILL_SYNCED"]
    assert ready
    assert [problem for bill in ready for problem in books.bridge_problems(bill)] == []
    assert books.general_problems() == []


@pytest.mark.parametrize("flow", STEPS)
def test_killed_at_every_point(flow, books, subtests):
    bill = books.add_bill()
    books.due("bills")
    # the first run of both jobs writes and sends
    passed = books.workers.run(trace=True).points
    books.settle()
    assert problems(books, bill) == []
    points = [point for point in passed if point.split()[0] == flow]
    points = [point for point in points if point.split()[1] not in ONCE or point.endswith(" 1")]
    assert {point.split()[1] for point in points} >= STEPS[flow]
    for point in points:
        with subtests.test(point):
            bill = books.add_bill()
            books.due("bills")
            assert books.workers.run(kill=point).was_killed, f"{point} was not reached"
            runs = books.settle(seconds=400)
            assert problems(books, bill) == []
            assert runs <= MOST_RUNS


def test_visma_is_down_then_all_arrive_once(books):
    books.visma.control.add_fault("error", method="POST", path="/v1/supplierInvoice", status=503, times=3)
    bills = [books.add_bill() for _ in range(3)]
    books.due("bills")
    books.workers.run()
    books.settle(seconds=4000)
    assert [problem for bill in bills for problem in books.bridge_problems(bill)] == []
    assert books.general_problems() == []


def test_an_answer_that_is_lost_makes_no_second_invoice(books):
    books.visma.control.add_fault("reset", method="POST", path="/v1/supplierInvoice", when="after")
    bill = books.add_bill()
    books.due("bills")
    books.workers.run()
    books.settle(seconds=400)
    assert problems(books, bill) == []


def test_orders_made_in_ramp_go_straight_on_too(books):
    """One of them is not coded to an account at Ramp."""
    books.switch("orders", True)
    books.due("orders")
    books.workers.run()
    (waiting,) = books.open_rows()
    assert (waiting["state"], waiting["error_class"]) == ("waiting", "mapping")
    books.map_codes()
    books.settle()
    wanted = {
        row.number: major(row.amount, row.currency)
        for row in books.sandbox.state.purchase_orders
        if row.creation_source == "RAMP" and not row.archived_at
    }
    assert {row["description"]: Decimal(str(row["lineTotal"])) for row in books.visma.control.orders()} == wanted
    assert books.value("SELECT count(*) FROM purchase_order") == 0
    assert books.general_problems() == []
