"""What is tried on a flow: a worker is killed at each of its points, and calls fail. In the end all must be right."""

from .books import LONG_SECONDS
from .invariants import general_problems
from .points import moments, steps

FAULTS = {
    "500 before the effect": {"kind": "error", "status": 500, "times": None},
    "500 after the effect": {"kind": "error", "status": 500, "when": "after", "times": None},
    "reset after the effect": {"kind": "reset", "when": "after", "times": None},
    "half of the body": {"kind": "truncate", "times": None},
    "429": {"kind": "error", "status": 429, "times": 1},
    "no answer, once": {"kind": "hang", "seconds": 0.5, "times": 1},
    "token revoked, once": {"kind": "token_revoked", "times": 1},
}
READ_TIMEOUT = 0.2
"""The client waits this long for an answer, in place of half a minute."""


class Case:
    """What people do in one case of a test, and what must be true of it in the end.

    :cvar due: flows that read or sweep in the first run
    :cvar most_runs: in so many runs after a kill all is done
    """

    due = ()
    most_runs = 3

    def __init__(self, books):
        self.books = books
        self.start()
        books.due(*self.due)

    def start(self):
        raise NotImplementedError

    def problems(self):
        """What is wrong with what people did."""
        raise NotImplementedError

    def all_problems(self):
        """What is wrong with it, and in general."""
        return [*self.problems(), *general_problems(self.books)]


def passed_points(books, case_class):
    """The points that a worker passes when nobody kills it."""
    case = case_class(books)
    passed = books.workers.run(trace=True).points
    books.settle()
    assert not case.all_problems()
    return passed


def kill_at_every_moment(books, subtests, case_class, flow, wanted, between=None):
    """
    :param wanted: the steps of the flow that a worker must pass
    """
    passed = passed_points(books, case_class)
    assert steps(passed, flow) >= wanted
    kill_at_each(moments(passed, flow), books, subtests, case_class, between)


def kill_at_each(points, books, subtests, case_class, between=None):
    """:param between: the problems that there may not be while the worker is dead"""
    assert points
    for point in points:
        with subtests.test(point):
            case = killed(books, case_class, point)
            assert not (between and between(books))
            finish(case)


def killed(books, case_class, point, **options):
    """A case whose first worker was killed at a point."""
    case = case_class(books)
    assert books.workers.run(kill=point, **options).was_killed, f"{point} was not reached"
    return case


def finish(case):
    """Time passes, and the job runs until nothing is open."""
    runs = case.books.settle()
    assert not case.all_problems()
    assert runs <= case.most_runs


def struck(books, case_class, method, path, **fault):
    """A case whose first run met a fault; the fault has ended."""
    case = case_class(books)
    books.control.add_fault(method=method, path=path, **fault)
    books.workers.run(patches={"read_timeout": READ_TIMEOUT})
    (after,) = books.control.faults()
    books.control.clear_faults()
    assert after["hits"], "the fault met no call"
    return case


def meet_fault(fault, books, case_class, method, path, between=None):
    """A call that meets the fault; the connection goes on by itself."""
    case = struck(books, case_class, method, path, **fault)
    assert not (between and between(books))
    books.settle(LONG_SECONDS)
    assert not case.all_problems()
    assert books.value("SELECT state FROM ml_connection") == "connected"
