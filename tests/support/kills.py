"""What is tried on a flow: a worker is killed at each of its points, and calls fail. Afterwards all is as it should be.

A case does in its constructor what people do, and `problems` says what is wrong in its end.
"""

from .books import LONG_SECONDS
from .invariants import general_problems

MOST_RUNS = 3
FAULTS = {
    "500 before the effect": {"kind": "error", "status": 500, "times": None},
    "500 after the effect": {"kind": "error", "status": 500, "when": "after", "times": None},
    "reset after the effect": {"kind": "reset", "when": "after", "times": None},
    "half of the body": {"kind": "truncate", "times": None},
    "429": {"kind": "error", "status": 429, "times": 1},
    "no answer, once": {"kind": "hang", "seconds": 0.5, "times": 1},
    "token revoked, once": {"kind": "token_revoked", "times": 1},
}


def passed_points(books, case):
    """The points that a worker passes when nobody kills it."""
    passed = books.workers.run(trace=True).points
    books.settle()
    assert not case.problems() + general_problems(books)
    return passed


def kill_at_each(points, books, subtests, make, between=None):
    """:param between: the problems that there may not be while the worker is dead"""
    for point in points:
        with subtests.test(point):
            case = make(books)
            assert books.workers.run(kill=point).was_killed, f"{point} was not reached"
            assert not (between and between(books))
            runs = books.settle()
            assert not case.problems() + general_problems(books)
            assert runs <= MOST_RUNS


def meet_fault(fault, books, make, method, path, between=None):
    """A call that meets the fault; the connection goes on by itself."""
    case = make(books)
    books.control.add_fault(method=method, path=path, **fault)
    books.workers.run()
    (after,) = books.control.faults()
    books.control.clear_faults()
    assert after["hits"]
    assert not (between and between(books))
    books.settle(LONG_SECONDS)
    assert not case.problems() + general_problems(books)
    assert books.connection["state"] == "connected"
