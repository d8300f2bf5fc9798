"""A worker killed at any point, or any fault of Concur, loses no document, books none twice and tells Concur once."""

import pytest
from concur_books import connected_books
from support.invariants import chain_problem
from support.kills import FAULTS, Case, kill_at_every_moment, meet_fault

FLOWS = ("expense_reports", "receipts", "results")
QUEUE = "financialintegration/fi/companies/transactiontypes/expense/transactions"
STEPS = {
    "expense_reports": {
        *(f"GET:{QUEUE}", "store", f"POST:{QUEUE}/acknowledgements"),
        *("claim", "create", "post", "bind", "commit"),
    },
    "receipts": {"GET:api/image/report", "claim", "create", "commit"},
    "results": {"claim", f"POST:{QUEUE}/postingconfirmations", "acknowledge", "commit"},
}
CALLS = {
    "get": ("GET", "*/expense/transactions"),
    "acknowledge": ("POST", "*/acknowledgements"),
    "confirm": ("POST", "*/postingconfirmations"),
    "receipts": ("GET", "/api/image/*"),
}


@pytest.fixture(scope="module")
def books():
    with connected_books("concur_crash", size="1") as books:
        yield books
        assert not chain_problem(books)


class ReportCase(Case):
    """Two reports, from final approval to the confirmation."""

    due = ("expense_reports",)

    def start(self):
        self.released = [self.books.release(), self.books.release()]

    def problems(self):
        return [problem for pair in self.released for problem in self._problems(*pair)]

    def _problems(self, report_id, fi_id):
        moves = self.books.rows(
            """SELECT m.state, b.id AS binding FROM account_move m
                 LEFT JOIN ml_binding b ON b.res_model = 'account.move' AND b.res_id = m.id AND b.external_id = %s
                WHERE m.ref = %s""",
            report_id,
            self._reference(fi_id),
        )
        if [(move["state"], bool(move["binding"])) for move in moves] != [("posted", True)]:
            yield f"{report_id} is {moves} in Odoo"
        effects = {kind: times[fi_id] for kind, times in self.books.control.effects(object_id=fi_id).items()}
        if effects != {"acknowledge": 1, "posting.success": 1}:
            yield f"{report_id}: {effects} at Concur"
        files = self.books.value(
            """SELECT count(*) FROM ir_attachment a JOIN ml_binding b ON b.res_id = a.res_id
                WHERE a.res_model = 'account.move' AND b.kind = 'expense_report' AND b.external_id = %s""",
            report_id,
        )
        if files != 1:
            yield f"{report_id} has {files} files"

    def _reference(self, fi_id):
        head = self.books.remote(fi_id).content["report"]
        return f"{head['reportNumber']} {head['reportName']}"


def unstored(books, doc_type="expense"):
    """Whatever Concur regards as acknowledged is kept here."""
    taken = {row["id"] for row in books.control.documents(doc_type) if row["status"] != "READY"}
    kept = {row["version"] for row in books.rows("SELECT external_version AS version FROM ml_sync_log")}
    return [f"{fi_id} is acknowledged and not stored" for fi_id in taken - kept]


@pytest.mark.parametrize("flow", FLOWS)
def test_killed_at_every_point(flow, books, subtests):
    ReportCase(books)
    books.settle()
    kill_at_every_moment(books, subtests, ReportCase, flow, STEPS[flow], unstored)


@pytest.mark.parametrize("call", CALLS)
def test_fault(call, books, subtests):
    for title, fault in FAULTS.items():
        with subtests.test(title):
            meet_fault(fault, books, ReportCase, *CALLS[call], unstored)


def test_two_workers_at_once(books):
    case = ReportCase(books)
    books.workers.order("for connection in env['ml.connection'].search([]): connection._cron_run()", workers=2)
    books.settle()
    assert not case.all_problems()
