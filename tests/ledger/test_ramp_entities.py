"""Two entities of one Ramp business, each a company of its own: none books what is the other's."""

from decimal import Decimal

import pytest
from support.books import connected_books

CODING = [["gl", "gl-600000"]]
BOOKED = """
    SELECT b.connection_id, b.external_id, coalesce(e.company_id, m.company_id) AS company
      FROM ml_binding b
      LEFT JOIN hr_expense e ON b.res_model = 'hr.expense' AND e.id = b.res_id
      LEFT JOIN account_move m ON b.res_model = 'account.move' AND m.id = b.res_id
     WHERE b.kind IN ('expense', 'reimbursement', 'bill', 'statement')
"""


@pytest.fixture(scope="module")
def books():
    with connected_books("entities") as books:
        books.second = books.connect_europe()
        yield books


def test_each_company_books_its_entity(books):
    europe = [
        books.control.add_transaction("110.00", currency="EUR", coding=CODING, entity=1),
        books.control.add_reimbursement("22.00", currency="EUR", coding=CODING, entity=1),
    ]
    america = [
        books.control.add_transaction("330.00", coding=CODING, entity=0),
        books.control.add_reimbursement("44.00", coding=CODING, entity=0),
    ]
    books.due("transactions", "reimbursements", "bills", "statements")
    for _run in range(3):
        books.pass_time(61)
        books.workers.run()
    rows = books.rows(BOOKED)
    owner = {row["external_id"]: (row["connection_id"], row["company"]) for row in rows}
    assert len(owner) == len(rows)
    assert {owner[external_id][0] for external_id in europe} == {books.second}
    assert books.second not in {owner[external_id][0] for external_id in america}
    companies = {
        connection: {company for c, company in owner.values() if c == connection} for connection, _c in owner.values()
    }
    assert all(len(found) == 1 for found in companies.values()) and len(companies) == 2


def test_each_result_is_reported_once(books):
    effects = books.control.effects("TRANSACTION_SYNC")["TRANSACTION_SYNC"]
    assert set(effects.values()) == {1}
    assert books.control.violations() == []


def test_the_card_account_of_each_company_is_its_own(books):
    rows = books.rows(
        """SELECT j.code, sum(l.amount_currency) AS amount FROM account_move_line l
             JOIN res_company c ON c.id = l.company_id
             JOIN account_journal j ON j.default_account_id = l.account_id AND j.company_id = l.company_id
            WHERE j.code = 'RCARD' AND c.name = 'Northwind Europe' AND l.parent_state = 'posted' GROUP BY 1"""
    )
    assert [(row["code"], row["amount"]) for row in rows] == [("RCARD", Decimal("-110.00"))]
