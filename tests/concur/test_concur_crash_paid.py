"""Invoices and payment confirmations under crashes and faults: none lost, none twice, Concur told once."""

from itertools import chain

import pytest
from concur_books import DAY, connected_books
from sandbox.concur.documents import identity, invoice, invoice_tax
from support.invariants import chain_problem
from support.kills import FAULTS, Case, kill_at_each, meet_fault, passed_points
from support.points import moments, steps
from test_concur_books import pay
from test_concur_crash import unstored

QUEUE = "financialintegration/fi/companies/transactiontypes/{}/transactions"
INVOICES = QUEUE.format("invoice")
LOST_ANSWERS = ("500 after the effect", "reset after the effect", "half of the body")


@pytest.fixture(scope="module")
def books():
    with connected_books("concur_paid", size="1") as books:
        for number in range(14):
            books.release()
            release_invoice(books, number)
        books.due("expense_reports", "invoices")
        books.settle()
        books.unpaid = {kind: booked(books, kind) for kind in ("expense_report", "bill")}
        yield books
        assert not books.control.violations()
        assert not chain_problem(books)


def booked(books, kind):
    """Ids of the booked records that are to be paid, to be taken one by one."""
    rows = books.rows(
        """SELECT b.external_id AS id FROM ml_binding b JOIN account_move_line l ON l.move_id = b.res_id
            WHERE b.kind = %s AND l.parent_state = 'posted' GROUP BY 1
           HAVING count(*) FILTER (WHERE l.reconciled) = 0
              AND bool_or(l.balance < 0 AND l.account_id IN (
                  SELECT id FROM account_account WHERE account_type = 'liability_payable'))""",
        kind,
    )
    return [row["id"] for row in rows]


def release_invoice(books, number):
    """An invoice that is finally approved; (its id, the id of its financial document)."""
    request_id = identity("paid", number, length=20)
    line = ("Paper", "600000", 100, 0, [invoice_tax("VAT15", 15)])
    content = invoice(request_id, [line], day=DAY, number=f"PAID-{number}")
    return request_id, books.control.add_document("invoice", request_id, content, image=["Invoice"])


class InvoiceCase(Case):
    """An invoice, from final approval to the confirmation."""

    due = ("invoices",)
    flows = ("invoices", "results")

    def start(self):
        self.number = 1000 + next(self.books._numbers)
        self.request_id, self.fi_id = release_invoice(self.books, self.number)

    def problems(self):
        moves = self.books.rows(
            """SELECT m.state, m.amount_total AS total, b.external_id AS id FROM account_move m
                 LEFT JOIN ml_binding b ON b.res_model = 'account.move' AND b.res_id = m.id AND b.kind = 'bill'
                WHERE m.ref = %s""",
            f"PAID-{self.number}",
        )
        expected = [{"state": "posted", "total": 115, "id": self.request_id}]
        effects = {kind: times[self.fi_id] for kind, times in self.books.control.effects(object_id=self.fi_id).items()}
        told = {"acknowledge": 1, "posting.success": 1}
        return [problem for problem in ((moves, expected), (effects, told)) if problem[0] != problem[1]]


class PaidCase(Case):
    """A booked record that is paid in Odoo."""

    def start(self):
        self.source_id = self.books.unpaid[self.kind].pop()
        (self.fi_id,) = [row["id"] for row in self.books.control.documents() if row["source_id"] == self.source_id]
        pay(self.books, self.source_id)

    def problems(self):
        told = self.books.control.effects(self.effect, self.fi_id)
        return [] if told == {self.effect: {self.fi_id: 1}} else [f"{self.source_id}: {told}"]


class ReportPaidCase(PaidCase):
    kind, effect, flows = "expense_report", "payment.CP", ("payments_push",)


class InvoicePaidCase(PaidCase):
    kind, effect, flows = "bill", "invoice.paid", ("invoice_payments_push",)


CASES = {
    InvoiceCase: {
        *(f"GET:{INVOICES}", "store", f"POST:{INVOICES}/acknowledgements", f"POST:{INVOICES}/postingconfirmations"),
        *("claim", "create", "post", "bind", "commit", "acknowledge"),
    },
    ReportPaidCase: {"claim", f"POST:{QUEUE.format('expense')}/paymentconfirmations", "commit"},
    InvoicePaidCase: {"claim", "POST:invoice/payment-confirmation/payments/bulkUpdate", "commit"},
}
CALLS = {
    "get": (InvoiceCase, "GET", "*/invoice/transactions"),
    "acknowledge": (InvoiceCase, "POST", "*/invoice/transactions/acknowledgements"),
    "confirm": (InvoiceCase, "POST", "*/invoice/transactions/postingconfirmations"),
    "report is paid": (ReportPaidCase, "POST", "*/paymentconfirmations"),
    "invoice is paid": (InvoicePaidCase, "POST", "*/bulkUpdate"),
}


def unstored_invoices(books):
    return unstored(books, "invoice")


@pytest.mark.parametrize("case_type", CASES, ids=lambda case_type: case_type.__name__)
def test_killed_at_every_point(case_type, books, subtests):
    passed = passed_points(books, case_type)
    assert set().union(*(steps(passed, flow) for flow in case_type.flows)) >= CASES[case_type]
    points = chain.from_iterable(moments(passed, flow) for flow in case_type.flows)
    kill_at_each(points, books, subtests, case_type, unstored_invoices)


@pytest.mark.parametrize("call", CALLS)
def test_fault(call, books, subtests):
    for title in LOST_ANSWERS:
        with subtests.test(title):
            meet_fault(FAULTS[title], books, *CALLS[call], unstored_invoices)
