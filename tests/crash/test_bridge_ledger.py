"""A bill that goes from Ramp through Odoo's books to Visma.net: it arrives once, whatever happens on the way."""

from collections import defaultdict

import pytest
from bridge_kills import BridgeCase, lose_an_answer, problems
from support.bridged import bridged_books
from support.kills import kill_at_each, passed_points
from support.points import moments, steps
from support.webhooks import subscribe_to_ramp

from lib import odoo

STEPS = {
    "bills": {"post", "bind"},
    "bills_push": {"POST:supplierInvoice", "bind", "acknowledge"},
}
"""By flow, the steps around which a worker is killed. The others are those of each flow by itself."""
ROUNDS = 3
ROUND_SECONDS = 20 * 60


@pytest.fixture(scope="module")
def books():
    with bridged_books("crash_bridge_ledger", "ledger") as books:
        books.add_bill()
        books.due("bills")
        books.settle_mapped()
        yield books


@pytest.mark.parametrize("flow", STEPS)
def test_killed_around_each_step(flow, books, subtests):
    passed = passed_points(books, BridgeCase)
    assert steps(passed, flow) >= STEPS[flow]
    points = [point for point in moments(passed, flow) if point.split()[1] in STEPS[flow]]
    kill_at_each(points, books, subtests, BridgeCase)


@pytest.mark.parametrize("kind", ["reset", "hang"])
def test_an_answer_that_is_lost_makes_no_second_invoice(kind, books):
    lose_an_answer(books, kind, **({"seconds": 1} if kind == "hang" else {}))


def test_visma_is_down_for_an_hour_while_webhooks_come_in(books):
    vendors = [books.add_vendor() for _ in range(3)]
    books.due("vendors")
    books.settle()
    made = defaultdict(list)
    with odoo.with_server(books.database, max_cron_threads=0) as server:
        subscribe_to_ramp(books, server)
        for number in range(ROUNDS):
            books.visma.control.clear_faults()
            # it answers that it is not there, or nothing at all
            fault = {"kind": "reset"} if number == 1 else {"kind": "error", "status": 503}
            books.visma.control.add_fault(path="/v1/*", times=None, **fault)
            for vendor in vendors:
                made[vendor].append(books.add_bill(vendor=vendor, paid=number == 0))
            assert books.control.wait_for_deliveries()
            books.workers.run()
            books.pass_time(ROUND_SECONDS)
    bills = [bill for group in made.values() for bill in group]
    booked = "SELECT count(*) FROM ml_binding WHERE kind = 'bill' AND external_id = ANY(%s)"
    assert books.value(booked, bills) == len(bills), "what webhooks told is not in Odoo"
    assert not any(books.control.effects(object_id=bill) for bill in bills), "Ramp was told before Visma has it"
    books.visma.control.clear_faults()
    books.settle(seconds=5 * 3600)
    assert problems(books, *bills) == []
    for vendor, group in made.items():
        numbers = [books.sandbox.state.bills.get(bill).invoice_number for bill in group]
        assert books.references(vendor) == numbers, "in their order"
        assert books.control.effects("BILL_PAYMENT_SYNC", group[0]) == {"BILL_PAYMENT_SYNC": {group[0]: 1}}
