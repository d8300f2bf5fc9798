"""Two entities of one Ramp business, each a company of its own: none books what is the other's."""

from decimal import Decimal

import pytest
from support.books import connected_books

CODING = [["gl", "gl-600000"]]
SECOND = """
chart = env["account.chart.template"]
company = env["res.company"].create({"name": "Northwind Europe", "currency_id": env.ref("base.EUR").id})
env.ref("base.user_admin").company_ids |= company
chart.try_loading("generic_coa", company=company, install_demo=False)
env = env(context={"allowed_company_ids": [company.id]})
env["account.journal"].create({"name": "Cards", "code": "ECARD", "type": "credit", "company_id": company.id})
env["hr.employee"].create({"name": "Hana", "work_email": "user7@example.com", "company_id": company.id})
first = env["ml.connection"].sudo().with_context(allowed_company_ids=[1, company.id]).search([], limit=1)
connection = env["ml.connection"].create(
    {
        "name": "Ramp Europe",
        "provider": "ramp",
        "company_id": company.id,
        "environment": "custom",
        "custom_url": first.custom_url,
        "owner_id": env.ref("base.user_admin").id,
    }
)
credentials = {credential.name: credential for credential in connection.credential_ids}
credentials["client_id"].value = "ramp_id_EXAMPLE"
credentials["client_secret"].new_secret = "example-secret"
credentials["entity"].value = "Example Europe B.V."
connection.action_test()
ours = {credential.name: credential for credential in first.credential_ids}
ours["entity"].value = "Example Industries Inc."
first.action_test()
result = connection.id
"""
MAP = """
connection = env["ml.connection"].browse({})
company = connection.company_id
for mapping in env["ml.mapping"].search([("connection_id", "=", connection.id), ("state", "=", "unmapped")]):
    domain = [("company_id", "=", company.id)]
    if mapping.kind == "journal":
        code = "ECARD" if mapping.external_id == "card" else "BNK1"
        mapping.res_id = env["account.journal"].search(domain + [("code", "=", code)], limit=1).id
    elif mapping.kind == "account":
        accounts = env["account.account"].with_company(company)
        mapping.res_id = accounts.search([("code", "=", "600000"), ("company_ids", "in", company.id)], limit=1).id
    elif mapping.kind == "vendor":
        mapping.res_id = env["res.partner"].search([("name", "=", "Ramp (card issuer)")], limit=1).id
    else:
        mapping.is_ignored = True
"""
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
        books.second = books.workers.code(SECOND)
        books.workers.run()
        books.workers.run()
        books.workers.code(f"env['ml.connection'].browse({books.second}).action_start()")
        for _run in range(3):
            books.workers.run()
        books.workers.code(MAP.format(books.second))
        books.workers.run()
        yield books


def test_each_company_books_its_entity(books):
    europe = [
        books.control.add_transaction("110.00", coding=CODING, entity=1),
        books.control.add_reimbursement("22.00", coding=CODING, entity=1),
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
             JOIN account_journal j ON j.default_account_id = l.account_id AND j.company_id = l.company_id
            WHERE j.code = 'ECARD' AND l.parent_state = 'posted' GROUP BY 1"""
    )
    assert [(row["code"], row["amount"]) for row in rows] == [("ECARD", Decimal("-110.00"))]
