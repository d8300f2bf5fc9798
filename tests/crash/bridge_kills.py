"""A bill that goes on from Ramp to Visma.net, while workers are killed and answers are lost."""

from support.kills import Case


def problems(books, *bills):
    """What is wrong with these bills, and in general."""
    return [problem for bill in bills for problem in books.bridge_problems(bill)] + books.general_problems()


class BridgeCase(Case):
    """A bill that Ramp has; the first run of both jobs writes and sends it."""

    due = ("bills",)
    most_runs = 5

    def start(self):
        self.bill = self.books.add_bill()

    def problems(self):
        return self.books.bridge_problems(self.bill)

    def all_problems(self):
        return problems(self.books, self.bill)


def lose_an_answer(books, kind, **options):
    """Visma makes an invoice and its answer is lost: there is no second one."""
    books.visma.control.add_fault(kind, method="POST", path="/v1/supplierInvoice", when="after", **options)
    bill = books.add_bill()
    books.due("bills")
    books.workers.run(patches={"read_timeout": 0.5})
    assert books.open_rows(), "the answer was not lost"
    books.settle()
    assert problems(books, bill) == []
