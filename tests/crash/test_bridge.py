"""A bill that goes straight on from Ramp to Visma.net: killed at any point, it is there once and told once."""

from decimal import Decimal

import pytest
from bridge_kills import BridgeCase, lose_an_answer, problems
from support.bridged import bridged_books
from support.kills import kill_at_every_moment
from support.ledger import major

STEPS = {
    "bills": {"GET:bills", "store", "claim", "bind", "commit"},
    "bills_push": {"claim", "POST:supplierInvoice", "bind", "acknowledge", "commit"},
    "bill_files_push": {"claim", "bind", "acknowledge", "commit"},
}
"""By flow, the steps that must be among the points at which a worker is killed."""


@pytest.fixture(scope="module")
def books():
    with bridged_books("crash_bridge") as books:
        yield books


def test_what_ramp_had_is_in_visma_to_the_cent(books):
    ready = [row.id for row in books.sandbox.state.bills if row.sync_status == "BILL_SYNCED"]
    assert ready
    assert problems(books, *ready) == []


@pytest.mark.parametrize("flow", STEPS)
def test_killed_at_every_point(flow, books, subtests):
    kill_at_every_moment(books, subtests, BridgeCase, flow, STEPS[flow])


def test_visma_is_down_then_all_arrive_once(books):
    books.visma.control.add_fault("error", method="POST", path="/v1/supplierInvoice", status=503, times=3)
    bills = [books.add_bill() for _ in range(3)]
    books.due("bills")
    books.workers.run()
    books.settle(seconds=4000)
    assert problems(books, *bills) == []


def test_an_answer_that_is_lost_makes_no_second_invoice(books):
    lose_an_answer(books, "reset")


def test_an_answer_that_comes_too_late_makes_no_second_invoice(books):
    lose_an_answer(books, "hang", seconds=1)


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
