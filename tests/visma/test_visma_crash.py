"""Whatever happens while a bill is sent, Visma has one document of it in the end.

A worker is killed with SIGKILL at each point that it passes, or Visma's answer is lost before or after the effect of
each call that changes something; then time passes, and the job runs until nothing is open.
"""

import pytest
from ledger_books import ORDERS, RECEIPTS, ledger_books
from support.kills import Case, kill_at_each, kill_at_every_moment, passed_points

STEPS = {
    "suppliers_push": {"POST:supplier"},
    "bills_push": {"POST:supplierInvoice"},
    "bill_files_push": {"POST:supplierInvoice/documentType/Invoice/attachment"},
    "bill_release_push": {"POST:supplierInvoice/Invoice/action/release"},
}
CALLS = (
    "/v1/supplier",
    "/v1/supplierInvoice",
    "/v1/supplierInvoice/documentType/*/attachment",
    "/v1/supplierInvoice/*/action/release",
)

FAULTS = (("reset", "before"), ("reset", "after"), ("error", "before"), ("error", "after"), ("truncate", "after"))


@pytest.fixture(scope="module")
def books():
    with ledger_books("crash_visma") as books:
        yield books


class LedgerCase(Case):
    most_runs = 5

    def all_problems(self):
        return list(self.problems())


class BillCase(LedgerCase):
    def start(self):
        self.bills = self.books.post_bills([100.25])

    def problems(self):
        return self.books.problems(self.bills)


class OrderCase(LedgerCase):
    def start(self):
        self.orders = self.books.place_orders([3])

    def problems(self):
        return self.books.order_problems(self.orders)


class ReceiptCase(LedgerCase):
    def start(self):
        self.orders = self.books.place_orders([4], product="consu")
        self.books.settle()
        self.books.receive(self.orders)

    def problems(self):
        return self.books.receipt_problems(self.orders)


@pytest.mark.parametrize("flow", STEPS)
def test_killed_at_every_point(flow, books, subtests):
    kill_at_every_moment(books, subtests, BillCase, flow, STEPS[flow])


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(("kind", "when"), FAULTS)
def test_a_lost_answer_is_looked_up(path, kind, when, books):
    books.control.add_fault(kind, method="POST", path=path, when=when, status=503 if kind == "error" else None)
    bills = books.post_bills([250.4, 99.99])
    books.workers.run()
    books.settle()
    books.control.clear_faults()
    assert not books.problems(bills)


def test_an_hour_without_visma_delays_and_loses_nothing(books):
    books.control.add_fault("error", path="/v1/*", times=None, status=503)
    bills = {}
    for _round in range(3):
        bills |= books.post_bills([10.0, 20.0])
        books.workers.run()
        books.pass_time(1200)
    books.control.clear_faults()
    books.settle(seconds=5 * 3600)
    assert not books.problems(bills)


def test_a_change_after_release_ends_with_one_document_that_counts(books, subtests):
    bills = books.post_bills([500.0])
    books.workers.run()
    books.settle()
    (number,) = bills
    for step, fault in enumerate((None, "reset", "error")):
        with subtests.test(fault):
            amount = 400.0 - step
            if fault:
                books.control.add_fault(
                    fault,
                    method="POST",
                    path="*/action/reverse",
                    when="after",
                    status=503 if fault == "error" else None,
                )
            books.change_bill(number, amount)
            books.workers.run()
            books.settle()
            assert not books.problems({number: amount})


def test_what_a_person_changed_since_it_was_sent_is_not_undone_by_the_poll(books, subtests):
    """While all is paused, just before the poll, and while Visma takes no change."""
    (number,) = books.post_bills([100.25])
    books.workers.run()
    books.settle()
    name = f"Vendor {number}"
    for step in ("paused", "polled", "failing"):
        with subtests.test(step):
            if step == "failing":
                books.control.add_fault("error", method="PUT", path="/v1/supplier/*", times=2, status=503)
            books.move_vendor(name, f"{step} street", paused=step == "paused")
            for _run in range(2):
                books.due("suppliers", "suppliers_push")
                books.workers.run()
            books.settle()
            (row,) = (row for row in books.control.suppliers() if row["name"] == name)
            here = books.rows("SELECT street, email FROM res_partner WHERE name = %s", name)
            assert here == [{"street": f"{step} street", "email": "new@echo.example"}]
            there = row["mainAddress"]["addressLine1"], row["mainContact"]["email"]
            assert there == (f"{step} street", "new@echo.example")


def test_an_order_is_made_once_wherever_a_worker_is_killed(books, subtests):
    kill_at_every_moment(books, subtests, OrderCase, ORDERS, {"POST:purchaseorder"})


@pytest.mark.parametrize(("kind", "when"), FAULTS)
def test_a_lost_answer_makes_no_second_order_and_no_second_line(kind, when, books):
    status = 503 if kind == "error" else None
    books.control.add_fault(kind, method="POST", path="/v1/purchaseorder", when=when, status=status)
    orders = books.place_orders([2, 5])
    books.workers.run()
    books.settle()
    assert not books.order_problems(orders)
    books.control.add_fault(kind, method="PUT", path="/v1/purchaseorder/*", when=when, status=status)
    (first, *_others) = orders
    books.change_order(first, 7)
    books.workers.run()
    books.settle()
    books.control.clear_faults()
    assert not books.order_problems({**orders, first: 7})


def test_a_receipt_counts_once_wherever_a_worker_is_killed(books, subtests):
    points = [point for point in passed_points(books, ReceiptCase) if point.split()[0] == RECEIPTS]
    points = [point for point in points if "POST:" in point or "PUT:" in point or point.split()[1] == "bind"]
    assert len([point for point in points if "POST:" in point]) == 6
    kill_at_each(points, books, subtests, ReceiptCase)
