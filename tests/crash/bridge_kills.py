"""A bill that goes on from Ramp to Visma.net, while workers are killed and answers are lost."""

from support.points import moments
from support.points import steps as steps_of

MOST_RUNS = 5
LOST_SECONDS = 400
"""Longer than a lease, and than Visma may be at work on a call."""


def problems(books, *bills):
    """What is wrong with these bills, and in general."""
    return [problem for bill in bills for problem in books.bridge_problems(bill)] + books.general_problems()


def kill_at_every_point(books, subtests, flow, steps, only=False):
    """Kill a worker at each point of a flow; whatever was cut off, the bill is there once and told once.

    :param steps: which must be among the points
    :param only: leave out the points of other steps
    """
    bill = books.add_bill()
    books.due("bills")
    # the first run of both jobs writes and sends
    passed = books.workers.run(trace=True).points
    books.settle()
    assert problems(books, bill) == []
    points = moments(passed, flow)
    assert steps_of(passed, flow) >= steps
    points = [point for point in points if not only or point.split()[1] in steps]
    for point in points:
        with subtests.test(point):
            bill = books.add_bill()
            books.due("bills")
            assert books.workers.run(kill=point).was_killed, f"{point} was not reached"
            runs = books.settle(seconds=LOST_SECONDS)
            assert problems(books, bill) == []
            assert runs <= MOST_RUNS


def lose_an_answer(books, kind, **options):
    """Visma makes an invoice and its answer is lost: there is no second one."""
    books.visma.control.add_fault(kind, method="POST", path="/v1/supplierInvoice", when="after", **options)
    bill = books.add_bill()
    books.due("bills")
    books.workers.run(patches={"read_timeout": 0.5})
    assert books.open_rows(), "the answer was not lost"
    books.settle(seconds=LOST_SECONDS)
    assert problems(books, bill) == []
