"""The books after a sync are those that an accountant would work out from Ramp's data, to the cent."""

from collections import defaultdict
from decimal import Decimal

import pytest
from support.books import connected_books
from support.ledger import Ledger, unbilled

SPECIAL = """
company = env.ref("base.main_company")
journals = env["account.journal"].search([("company_id", "=", company.id)])
tax = env["account.tax"].search([("company_id", "=", company.id), ("name", "=", "21% High")])
result = {
    "clearing": journals.filtered(lambda journal: journal.code == "RCARD").default_account_id.id,
    "payable": company.partner_id.property_account_payable_id.id,
    "outstanding": env["account.payment"]._get_outstanding_account("outbound").id,
    "incoming": env["account.payment"]._get_outstanding_account("inbound").id,
    "repaid": journals.filtered(lambda journal: journal.type == "bank")[:1].default_account_id.id,
    "tax": tax.invoice_repartition_line_ids.account_id.id,
}
result.update(
    {account.code: account.id for account in env["account.account"].search([]) if account.code}
)
"""
BALANCES = """
    SELECT l.account_id AS account, c.name AS currency, sum(l.amount_currency) AS amount,
           sum(l.balance) AS balance, count(*) AS lines
      FROM account_move_line l JOIN res_currency c ON c.id = l.currency_id
     WHERE l.parent_state = 'posted' AND l.amount_currency != 0 GROUP BY 1, 2
"""
ANALYTICS = """
    SELECT a.code, c.name AS currency, -sum(n.amount) AS balance, count(*) AS lines
      FROM account_analytic_line n JOIN account_analytic_account a ON a.id = n.{column}
      JOIN account_move_line l ON l.id = n.move_line_id JOIN res_currency c ON c.id = l.currency_id
     GROUP BY 1, 2
"""
CARD = """
    SELECT coalesce(sum(l.balance), 0) FROM account_move_line l
      JOIN account_journal j ON j.default_account_id = l.account_id
     WHERE j.code = 'RCARD' AND l.parent_state = 'posted'
"""
RATES = {"USD": Decimal(1), "EUR": Decimal("0.92"), "GBP": Decimal("0.79"), "JPY": Decimal(148)}
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def books():
    with connected_books("ledger", size="demo") as books:
        books.switch("orders", True)
        books.due("orders")
        books.settle()
        yield books


def test_everything_is_booked(books):
    assert books.open_rows() == []


def test_trial_balance(books):
    """In the currency of the documents to the cent; in that of the company, but for what Odoo spreads of rounding."""
    accounts = books.workers.code(SPECIAL)
    expected = defaultdict(Decimal)
    for (key, currency), amount in Ledger(books.sandbox.state).fill().accounts.items():
        expected[accounts[key], currency] += amount
    rows = books.rows(BALANCES)
    actual = {(row["account"], row["currency"]): row["amount"] for row in rows if row["amount"]}
    assert actual == {key: amount for key, amount in expected.items() if amount}
    for row in rows:
        wanted = expected[row["account"], row["currency"]] / RATES[row["currency"]]
        margin = 0 if row["currency"] == "USD" else CENT * row["lines"]
        assert abs(row["balance"] - wanted) <= margin, row
    assert books.value("SELECT sum(balance) FROM account_move_line WHERE parent_state = 'posted'") == 0


def test_analytic_accounts(books):
    expected = {key: cost for key, cost in Ledger(books.sandbox.state).fill().analytics.items() if cost}
    columns = books.rows(
        """SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'account_analytic_line'
              AND (column_name = 'account_id' OR column_name LIKE 'x\\_plan%%\\_id')"""
    )
    rows = [row for column in columns for row in books.rows(ANALYTICS.format(column=column["name"]))]
    assert {(row["code"], row["currency"]) for row in rows} == set(expected)
    for row in rows:
        wanted = expected[row["code"], row["currency"]] / RATES[row["currency"]]
        margin = 0 if row["currency"] == "USD" else CENT * row["lines"]
        assert abs(Decimal(str(row["balance"])) - wanted) <= margin, row


def test_card_account_holds_what_is_not_billed(books):
    assert books.value(CARD) == unbilled(books.sandbox.state)


def test_everything_again_creates_and_sends_nothing(books):
    def count():
        return books.rows(
            """SELECT (SELECT count(*) FROM account_move) AS moves, (SELECT count(*) FROM hr_expense) AS expenses,
                      (SELECT count(*) FROM account_payment) AS payments, (SELECT count(*) FROM ml_sync_log) AS logs,
                      (SELECT count(*) FROM purchase_order) AS orders, (SELECT count(*) FROM ml_binding) AS bindings"""
        )

    before, moment = count(), books.control.requests()
    keys = [row["key"] for row in books.rows("SELECT key FROM ml_flow WHERE active")]
    books.due(*keys)
    books.workers.run()
    assert count() == before
    later = books.control.requests()[len(moment) :]
    assert later and all(request["method"] == "GET" or request["path"].endswith("/token") for request in later)
