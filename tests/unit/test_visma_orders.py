"""Purchase orders against Visma's sandbox: made once, changed line by line, never cancelled."""

import dataclasses
from datetime import date

import pytest
from visma_support import obeyed_sandbox, order, order_line, provider_of, raised

from ml_connector.core import errors as errors

ORDERS = "/v1/purchaseorder"
OWN = {"purchase_orders_push": {"number_source": "odoo"}}


@pytest.fixture
def sandbox():
    with obeyed_sandbox() as running:
        yield running


def send(made, document, external_id=""):
    return made.flow("purchase_orders_push").send(
        made.flow("purchase_orders_push").render(document), external_id, "key"
    )


def row_of(sandbox, number):
    return next(row for row in sandbox.control.orders() if row["orderNbr"] == number)


def test_an_order_arrives_with_its_lines(sandbox, visma):
    lines = (order_line(1, analytics=("segment:1:100", "task:P1001:10", "branch:2")), order_line(2, "3", "10.00"))
    number = send(visma, order(*lines)).external_id
    row = row_of(sandbox, number)
    assert (row["status"], row["supplier"]["number"], row["orderTotal"]) == ("Open", "50001", 330)
    assert row["date"].startswith("2026-09-10") and row["promisedOn"].startswith("2026-09-30")
    first, second = row["lines"]
    assert (first["project"]["id"], first["projectTask"]["id"], first["branch"]["number"]) == ("P1001", "10", "2")
    assert first["sub"]["subaccountNumber"] == "1000000" and second["taxCategory"]["number"] == "1"


def test_a_total_that_is_not_quantity_times_price_is_kept(sandbox, visma):
    number = send(visma, order()).external_id
    assert [line["extCost"] for line in row_of(sandbox, number)["lines"]] == [300, 25]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_makes_no_second_order(sandbox, visma, when):
    visma.client.rows("/v1/branch")
    sandbox.control.add_fault("reset", method="POST", path=ORDERS, when=when)
    assert isinstance(raised(send, visma, order()), errors.UnconfirmedError)
    payload = visma.flow("purchase_orders_push").render(order())
    sent = visma.flow("purchase_orders_push").find(payload, "key") or send(visma, order())
    assert [row["orderNbr"] for row in sandbox.control.orders()] == [sent.external_id]


def test_a_line_that_is_dropped_silently_is_told_and_sent_again(sandbox, visma):
    sandbox.settings.drops_lines = 1
    error = raised(send, visma, order())
    assert isinstance(error, errors.InvalidDataError) and "Number of lines: 1 instead of 2" in error.message
    sent = send(visma, order())
    (row,) = sandbox.control.orders()
    assert (row["orderNbr"], len(row["lines"])) == (sent.external_id, 2)


def test_a_dropped_line_of_a_change_is_told(sandbox, visma):
    number = send(visma, order(order_line(1))).external_id
    sandbox.settings.drops_lines = 1
    changed = order(order_line(1), order_line(2))
    assert "Number of lines: 1 instead of 2" in raised(send, visma, changed, number).message
    send(visma, changed, number)
    assert len(row_of(sandbox, number)["lines"]) == 2


def test_changed_added_and_removed_lines_are_sent_alone(sandbox, visma):
    number = send(visma, order(order_line(1), order_line(2), order_line(3))).external_id
    send(visma, order(order_line(1), order_line(2, "5"), order_line(4)), number)
    row = row_of(sandbox, number)
    assert [(line["customStr1"], line["orderQty"]) for line in row["lines"]] == [("1", 2), ("2", 5), ("4", 2)]
    (request,) = sandbox.control.requests("PUT")
    assert [line["operation"] for line in request["body"]["lines"]] == ["Update", "Insert", "Delete"]


def test_nothing_is_sent_where_nothing_differs(sandbox, visma):
    number = send(visma, order()).external_id
    send(visma, order(), number)
    assert not sandbox.control.requests("PUT")


@pytest.mark.parametrize(
    ("change", "shown"),
    (
        ({"memo": "R-2"}, {"supplierRef": "R-2"}),
        ({"number": "P00099"}, {"description": "P00099"}),
        ({"order_date": date(2026, 9, 11)}, {"date": "2026-09-11T00:00:00"}),
        ({"promise_date": date(2026, 10, 1)}, {"promisedOn": "2026-10-01T00:00:00"}),
    ),
)
def test_each_field_of_the_header_is_changed_alone(sandbox, visma, change, shown):
    number = send(visma, order()).external_id
    send(visma, dataclasses.replace(order(), **change), number)
    (request,) = sandbox.control.requests("PUT")
    assert "lines" not in request["body"]
    row = row_of(sandbox, number)
    assert {key: row[key] for key in shown} == shown


def test_a_received_line_is_not_taken_out(sandbox, visma):
    number = send(visma, order(order_line(1), order_line(2))).external_id
    sandbox.control.receive_order(number)
    assert isinstance(raised(send, visma, order(order_line(1)), number), errors.ConflictError)


def test_a_cancelled_order_is_held_and_the_person_told(sandbox, visma):
    number = send(visma, order()).external_id
    cancelled = dataclasses.replace(order(), state="cancelled", lines=())
    sent = send(visma, cancelled, number)
    assert "cannot cancel purchase orders" in sent.message and number in sent.message
    assert row_of(sandbox, number)["status"] == "Hold"
    sandbox.control.end_order(number, "Cancelled")
    sent = send(visma, cancelled, number)
    assert (sent.message, sent.note) == ("", "The purchase order has the status Cancelled in Visma.net.")
    assert isinstance(raised(send, visma, order(order_line(1, "9")), number), errors.ConflictError)


def test_the_lines_of_an_order_that_is_done_with_are_completed(sandbox, visma):
    number = send(visma, order()).external_id
    closed = dataclasses.replace(order(), state="closed", lines=())
    for _time in range(2):
        assert "completed" in send(visma, closed, number).note
    row = row_of(sandbox, number)
    assert [(line["completed"], line["extCost"]) for line in row["lines"]] == [(True, 300), (True, 25)]
    assert len(sandbox.control.requests("PUT")) == 1


def test_a_code_that_visma_does_not_know_is_told(visma):
    assert "account '9999'" in raised(send, visma, order(order_line(1, account="9999"))).message
    without = dataclasses.replace(order_line(1), account=None)
    assert isinstance(raised(visma.flow("purchase_orders_push").render, order(without)), errors.InvalidDataError)


def test_orders_of_another_vendor_are_told_apart_by_their_own_marks(sandbox, visma):
    line = order_line(None, analytics=("task:P1001:10",), external_id="line-1")
    first, second = (order(line, odoo_id=None, external_id=f"bridged:{number}") for number in (5, 6))
    numbers = [send(visma, document).external_id for document in (first, second, first)]
    assert numbers[0] == numbers[2] != numbers[1]
    assert row_of(sandbox, numbers[0])["lines"][0]["project"]["id"] == "P1001"


@pytest.mark.parametrize("state", ["cancelled", "closed"])
def test_an_order_that_was_never_sent_ends_quietly(sandbox, visma, state):
    assert isinstance(raised(send, visma, order(state=state)), errors.NotRelevantError)
    assert sandbox.control.orders() == []


def test_an_order_that_arrived_unnoticed_is_cancelled(sandbox, visma):
    number = send(visma, order()).external_id
    assert send(visma, order(state="cancelled")).external_id == number
    assert row_of(sandbox, number)["status"] == "Hold"


@pytest.mark.parametrize("automatic", [False, True])
def test_an_order_gets_odoos_number_where_numbers_are_entered_by_hand(sandbox, visma, automatic):
    sandbox.control.settings(numbers_orders=automatic)
    if not automatic:
        assert "Numbers of New Records" in raised(send, visma, order()).message
    assert send(provider_of(sandbox, options=OWN), order()).external_id == "P00009"
