"""A month of card spend, from the first purchase to the payment of its statement."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from support.books import connected_books
from support.ledger import unbilled

CARD = """
    SELECT coalesce(sum(l.balance), 0) FROM account_move_line l
      JOIN account_journal j ON j.default_account_id = l.account_id
     WHERE j.code = 'RCARD' AND l.parent_state = 'posted'
"""
ISSUER = """
    SELECT coalesce(sum(l.balance), 0) FROM account_move_line l JOIN res_partner p ON p.id = l.partner_id
      JOIN account_account a ON a.id = l.account_id
     WHERE p.name = 'Ramp (card issuer)' AND a.account_type = 'liability_payable' AND l.parent_state = 'posted'
"""
UNBILLED = """
    SELECT sum(l.amount_residual) FROM account_move_line l JOIN account_journal j ON j.default_account_id = l.account_id
      JOIN ml_binding b ON b.res_id = l.move_id AND b.res_model = 'account.move'
     WHERE j.code = 'RCARD' AND b.external_id = %s
"""
"""What is open on the card account of the bill of a statement."""
CODING = [["gl", "gl-600000"], ["project", "P-300"]]


@pytest.fixture(scope="module", params=[False, True], ids=["charges_apart", "charges_in_feed"])
def books(request):
    with connected_books("month", card_payments_in_feed=request.param) as books:
        yield books


def sync(books, *flows):
    books.due(*(flows or ("bills", "payments", "transactions", "cashbacks", "statements", "transfers", "receipts")))
    books.settle()


def spend(books, amount, day, **values):
    return books.control.add_transaction(amount, coding=CODING, time=f"{day}T10:00:00+00:00", **values)


def check(books):
    assert books.open_rows() == []
    assert books.value(CARD) == unbilled(books.sandbox.state)


def test_a_month(books):
    sync(books)
    check(books)
    late = None
    for number in range(1, 29):
        day = f"2026-09-{number:02}"
        transaction = spend(books, f"{number * 7}.{number:02}", day, ready=number != 20)
        late = transaction if number == 20 else late
        if number == 9:
            spend(books, "-12.34", day)
            bill = books.add_bill(issued_at="2026-09-09")
            books.control.pay_bills([bill], method="ONE_TIME_CARD", paid_at="2026-09-10")
        if number % 9 == 0:
            sync(books)
            check(books)
    sync(books)
    check(books)
    before = books.value(CARD)
    owed = books.value(ISSUER)

    statement = books.control.close_statement("2026-09-01", "2026-10-01")
    sync(books)
    check(books)
    row = books.sandbox.state.statements.get(statement)
    billed = Decimal(row.charges - row.credits) / 100
    assert books.value(ISSUER) == owed - billed
    assert books.value(CARD) > before

    books.control.mark_ready(late)
    sync(books)
    check(books)

    open_before = -books.value(ISSUER)
    books.control.add_transfer(str(open_before), "2026-10-05")
    sync(books)
    check(books)
    assert books.value(ISSUER) == 0
    unsettled = books.rows(
        """SELECT m.name FROM account_move m JOIN res_partner p ON p.id = m.partner_id
            WHERE p.name = 'Ramp (card issuer)' AND m.move_type = 'in_invoice' AND m.amount_residual != 0"""
    )
    assert unsettled == []
    assert books.value(UNBILLED, statement) == 0


def test_a_transfer_before_its_statement(books):
    spend(books, "100.00", "2026-10-10")
    books.control.add_transfer("98.50", "2026-10-20")
    sync(books)
    assert books.value(ISSUER) == Decimal("98.50")
    books.control.close_statement("2026-10-01", "2026-11-01")
    sync(books)
    check(books)
    assert books.value(ISSUER) == 0


def test_memo_and_receipt_that_come_late(books):
    transaction = spend(books, "55.00", "2026-11-02")
    sync(books)
    books.control.change_memo(transaction, "Dinner with a client")
    books.control.add_receipt(transaction)
    moves = books.value("SELECT count(*) FROM account_move")
    sync(books)
    check(books)
    expense = books.rows(
        """SELECT e.id, e.name FROM hr_expense e JOIN ml_binding b ON b.res_id = e.id AND b.res_model = 'hr.expense'
            WHERE b.external_id = %s""",
        transaction,
    )[0]
    assert "Dinner with a client" in expense["name"]
    attached = "SELECT count(*) FROM ir_attachment WHERE res_model = 'hr.expense' AND res_id = %s"
    assert books.value(attached, expense["id"]) == 1
    assert books.value("SELECT count(*) FROM account_move") == moves


def test_a_changed_amount_is_shown_and_not_booked(books):
    transaction = spend(books, "70.00", "2026-11-03")
    sync(books)
    row = books.sandbox.state.transactions.get(transaction)
    row.amount = row.original_amount = row.lines[0].amount = row.lines[0].converted = 8_000
    row.updated_at = datetime.now(UTC)
    sync(books)
    outcome = "SELECT outcome FROM ml_sync_log WHERE external_id = %s AND kind = 'expense' ORDER BY id DESC LIMIT 1"
    assert books.value(outcome, transaction) == "drift"


def test_results_reach_ramp(books):
    effects = books.control.effects("TRANSACTION_SYNC")["TRANSACTION_SYNC"]
    ready = [row for row in books.sandbox.state.transactions if row.sync_status == "SYNC_READY"]
    assert effects and set(effects.values()) == {1} and ready == []
    assert books.control.violations() == []
