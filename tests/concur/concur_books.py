"""An Odoo database that is connected to a Concur sandbox."""

import contextlib
from datetime import date
from itertools import count

from sandbox.concur import ConcurSandbox, ConcurSettings
from sandbox.concur.cases import reference_reports
from sandbox.concur.documents import entry, identity, report, tax
from support.books import DEMO, Books
from support.workers import Workers

from lib import odoo

DAY = date(2026, 9, 10)
IN_CANADA = ("2.3", "2.4")
"""Reference cases in a currency that the data set leaves out."""


class ConcurBooks(Books):
    def __init__(self, database, sandbox, workers):
        super().__init__(database, sandbox, workers)
        self._numbers = count(1)

    def connect(self):
        """Do what an administrator does: credentials, test, start, the first sync, mappings."""
        self.workers.code((DEMO / "company.py").read_text())
        self.workers.code(PEOPLE)
        for case in IN_CANADA:
            self.release(reference_reports(DAY)[case])
        where = f"URL = LISTS_URL = {self.sandbox.url!r}\nCOMPANY_ID = 'another'\n"
        self.workers.code(where + (DEMO / "concur.py").read_text())
        # the sandbox has one company
        self.workers.code("env['ml.connection'].search([('name', '!=', 'Concur')]).unlink()")
        self.workers.run()
        self.workers.code("env['ml.connection'].search([]).action_start()")
        self.switch("payroll", True)
        self.due("vendors", "invoices", "expense_reports", "cash_advances", "payroll")
        self.workers.run()
        self.workers.code((DEMO / "map.py").read_text())
        self.settle()

    # -- what people do ----------------------------------------------------------------------------------------------

    def release(self, content=None, **values):
        """A report that is finally approved; (its id, the id of its financial document)."""
        content = content or self.report_content(**values)
        report_id = content["report"]["reportId"]
        fi_id = self.control.add_document("expense", report_id, content, image=["Receipts"])
        return report_id, fi_id

    def report_content(self, report_id="", amount="46.00", **values):
        number = next(self._numbers)
        entries = [entry("600000", amount, day=DAY, taxes=[tax("VAT15", "6.00", "6.00")], name=f"Taxi {number}")]
        return report(report_id or identity("books", number, length=20), entries, day=DAY, **values)

    # -- reading -----------------------------------------------------------------------------------------------------

    def lines(self, report_id):
        """{account code: amount in the report's currency} of the entries of a report."""
        rows = self.rows(
            """SELECT a.code_store->>'1' AS code, sum(l.amount_currency) AS amount
                 FROM ml_binding b JOIN account_move_line l ON l.move_id = b.res_id
                 JOIN account_account a ON a.id = l.account_id
                WHERE b.kind = 'expense_report' AND b.external_id = %s AND l.parent_state = 'posted'
                GROUP BY 1""",
            report_id,
        )
        return {row["code"]: row["amount"] for row in rows if row["amount"]}

    def owed(self, report_id):
        """As `lines`, of all that was ever booked for a report: its entries, and what reverses them."""
        rows = self.rows(
            """WITH moves AS (SELECT m.id FROM ml_binding b JOIN account_move bound ON bound.id = b.res_id
                                JOIN account_move m ON m.ref = bound.ref
                               WHERE b.kind = 'expense_report' AND b.external_id = %s)
               SELECT a.code_store->>'1' AS code, sum(l.amount_currency) AS amount
                 FROM account_move m JOIN account_move_line l ON l.move_id = m.id
                 JOIN account_account a ON a.id = l.account_id
                WHERE m.state = 'posted' AND (m.id IN (SELECT id FROM moves)
                                              OR m.reversed_entry_id IN (SELECT id FROM moves))
                GROUP BY 1""",
            report_id,
        )
        return {row["code"]: row["amount"] for row in rows if row["amount"]}

    def log(self, report_id, flow="expense_reports"):
        """The newest row of a report in a flow."""
        rows = self.rows(
            """SELECT l.* FROM ml_sync_log l JOIN ml_flow f ON f.id = l.flow_id
                WHERE l.external_id = %s AND f.key = %s ORDER BY l.id DESC LIMIT 1""",
            report_id,
            flow,
        )
        return rows[0] if rows else None

    def remote(self, fi_id):
        """The financial document at Concur."""
        return self.sandbox.state.documents.get(fi_id)

    @property
    def connection(self):
        (row,) = self.rows("SELECT state, attention_reason FROM ml_connection")
        return row


PEOPLE = """
company = env.ref("base.main_company")
env.ref("base.CAD").active = True
env["res.currency.rate"].create(
    {"currency_id": env.ref("base.CAD").id, "company_id": company.id, "name": "2020-01-01", "rate": 1.36}
)
env["hr.employee"].create(
    [
        {"name": name, "work_email": email, "company_id": company.id}
        for name, email in (
            ("Ada Example", "ada@example.com"),
            ("Björn Lindqvist", "user1@example.com"),
            ("Chloé Martin", "user2@example.com"),
            ("Eiko Satō", "user4@example.com"),
        )
    ]
)
"""


@contextlib.contextmanager
def connected_books(prefix, traffic=None, **options):
    """A database of its own that is connected to a sandbox of its own; `options` are the sandbox's.

    :param traffic: a `Recording` of what is said to it
    """
    with contextlib.ExitStack() as stack:
        options = {"size": "small", "settings": ConcurSettings(rate_limit=0), **options}
        sandbox = stack.enter_context(ConcurSandbox(**options))
        if traffic:
            traffic.of(sandbox)
        database = stack.enter_context(odoo.temporary_database(prefix))
        workers = stack.enter_context(contextlib.closing(Workers(database)))
        books = stack.enter_context(contextlib.closing(ConcurBooks(database, sandbox, workers)))
        books.connect()
        yield books
