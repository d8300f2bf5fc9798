"""The books after a sync are those that an accountant would work out from Ramp's data, to the cent."""

from decimal import Decimal

import pytest
from contract.contradictions import CONTRADICTIONS
from contract.judge import assert_published
from sandbox.traffic import Recording
from support.books import connected_books
from support.ledger import BALANCES, Ledger, assert_trial_balance, unbilled

SPECIAL = """
company = env["res.company"].browse({})
env = env(context={{"allowed_company_ids": company.ids}})
payment = env["account.payment"].new({{"company_id": company.id}})
journals = env["account.journal"].search([("company_id", "=", company.id)])
tax = env["account.tax"].search([("company_id", "=", company.id), ("name", "=", "21% High")])
result = {{
    "clearing": journals.filtered(lambda journal: journal.code == "RCARD").default_account_id.id,
    "payable": company.partner_id.with_company(company).property_account_payable_id.id,
    "outstanding": payment._get_outstanding_account("outbound").id,
    "incoming": payment._get_outstanding_account("inbound").id,
    "tax": tax.invoice_repartition_line_ids.account_id.id,
}}
accounts = env["account.account"].search([("company_ids", "in", company.ids)])
result.update({{account.code: account.id for account in accounts if account.code}})
"""
ANALYTICS = """
    SELECT a.code, c.name AS currency, -sum(n.amount) AS balance, count(*) AS lines
      FROM account_analytic_line n JOIN account_analytic_account a ON a.id = n.{column}
      JOIN account_move_line l ON l.id = n.move_line_id JOIN res_currency c ON c.id = l.currency_id
     WHERE l.company_id = %s GROUP BY 1, 2
"""
CARD = """
    SELECT coalesce(sum(l.balance), 0) FROM account_move_line l
      JOIN account_journal j ON j.default_account_id = l.account_id AND j.company_id = l.company_id
     WHERE j.code = 'RCARD' AND l.parent_state = 'posted' AND l.company_id = %s
"""
DOLLARS = {"USD": Decimal(1), "EUR": Decimal("0.92"), "GBP": Decimal("0.79"), "JPY": Decimal(148)}
EUROS = {"EUR": Decimal(1)}
CENT = Decimal("0.01")


class Company:
    """
    :ivar entity: id of the Ramp entity that the company is
    :ivar currency: of its books
    :ivar rates: units of other currencies for one of its own
    """

    def __init__(self, books, name, entity, currency, rates):
        self.id = books.value("SELECT id FROM res_company WHERE name = %s", name)
        self.entity = books.sandbox.state.entities[entity]["id"]
        self.currency, self.rates = currency, rates


@pytest.fixture(scope="module")
def traffic():
    return Recording()


@pytest.fixture(scope="module")
def books(traffic):
    with connected_books("ledger", traffic=traffic, size="demo") as books:
        books.switch("orders", True)
        books.due("orders")
        books.settle()
        books.connect_europe()
        books.settle()
        yield books


@pytest.fixture(scope="module", params=["main", "europe"])
def company(request, books):
    if request.param == "main":
        return Company(books, "Northwind Trading", 0, "USD", DOLLARS)
    return Company(books, "Northwind Europe", 1, "EUR", EUROS)


def test_everything_is_booked(books):
    assert books.open_rows() == []


def test_what_was_said_is_as_published(books, traffic):
    assert_published("ramp", traffic.exchanges, CONTRADICTIONS["ramp"], (27, 220))


def test_trial_balance(books, company):
    """In the currency of the documents to the cent; in that of the company, but for what Odoo spreads of rounding."""
    accounts = books.workers.code(SPECIAL.format(company.id))
    ledger = Ledger(books.sandbox.state, company.entity, company.rates).fill()
    assert_trial_balance(books.rows(BALANCES, company.id), ledger, accounts, company.currency)


def test_analytic_accounts(books, company):
    ledger = Ledger(books.sandbox.state, company.entity, company.rates).fill()
    expected = {key: cost for key, cost in ledger.analytics.items() if cost}
    columns = books.rows(
        """SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'account_analytic_line'
              AND (column_name = 'account_id' OR column_name LIKE 'x\\_plan%%\\_id')"""
    )
    rows = [row for column in columns for row in books.rows(ANALYTICS.format(column=column["name"]), company.id)]
    assert {(row["code"], row["currency"]) for row in rows} == set(expected)
    for row in rows:
        wanted = ledger.worths[row["code"], row["currency"]]
        margin = 0 if row["currency"] == company.currency else CENT * row["lines"]
        assert abs(Decimal(str(row["balance"])) - wanted) <= margin, row


def test_card_account_holds_what_is_not_billed(books, company):
    assert books.value(CARD, company.id) == unbilled(books.sandbox.state, company.entity)
