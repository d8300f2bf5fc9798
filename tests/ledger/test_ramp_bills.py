"""Bills that people take back, code to something new, or send to Ramp: from one system to the other."""

import pytest
from sandbox.ramp.drafts import completed
from sandbox.ramp.model import Option
from support.books import connected_books

NEW_BILL = """
partner = env["res.partner"].browse({partner})
bill = env["account.move"].create(
    {{
        "move_type": "in_invoice",
        "partner_id": partner.id,
        "ref": {ref!r},
        "invoice_date": "2026-09-01",
        "invoice_line_ids": [(0, 0, {{"name": "Repair", "quantity": 1, "price_unit": {price}, "tax_ids": []}})],
    }}
)
bill.action_post()
result = bill.id
"""
PAY = """
bill = env["account.move"].browse({})
wizard = env["account.payment.register"].with_context(active_model="account.move", active_ids=bill.ids).create({{}})
wizard.action_create_payments()
"""
FLOWS = """
connection = env["ml.connection"].search([])
connection.flow_ids.filtered(lambda flow: flow.key in ("accounts_push", "vendors_push", "bills_push")).active = True
connection.action_test()
"""


@pytest.fixture(scope="module")
def books():
    with connected_books("bills") as books:
        books.workers.code(FLOWS)
        books.settle()
        books.partner = books.add_partner()
        books.settle()
        yield books
        assert not books.control.violations()


def sync(books, *flows):
    books.due(*(flows or ("bills", "payments")))
    books.settle()


def row_of(books, external_id, kind="bill"):
    return books.rows(
        "SELECT * FROM ml_sync_log WHERE external_id = %s AND kind = %s ORDER BY id DESC LIMIT 1", external_id, kind
    )[0]


# -- bills that are taken back -----------------------------------------------------------------------------------------


def test_a_booked_bill_that_is_archived_is_shown(books):
    """The posted bill stays as it is; the row says what to do, once."""
    bill = books.add_bill()
    sync(books)
    before = row_of(books, bill)
    books.control.archive_bill(bill)
    sync(books)
    after = row_of(books, bill)
    assert (after["outcome"], after["res_id"], after["state"]) == ("drift", before["res_id"], "done")
    assert "Reverse it" in after["note"]
    sync(books)
    assert row_of(books, bill)["id"] == after["id"]


def test_a_booked_bill_that_is_edited_is_seen_without_webhooks(books):
    """Its payment then says why it does not fit."""
    bill = books.add_bill(lines=[{"amount": "80.00", "coding": [["gl", "gl-600000"]]}])
    sync(books)
    before = row_of(books, bill)
    books.control.edit_bill(bill, lines=[{"amount": "95.00", "coding": [["gl", "gl-600000"]]}])
    sync(books)
    after = row_of(books, bill)
    assert (after["outcome"], after["res_id"], after["state"]) == ("drift", before["res_id"], "done")
    assert "95.00" in after["note"]
    sync(books)
    assert row_of(books, bill)["id"] == after["id"]
    books.control.pay_bills([bill])
    books.due("bills", "payments")
    books.workers.run()
    payment = books.rows("SELECT * FROM ml_sync_log WHERE external_id LIKE %s AND kind = 'payment'", f"%:{bill}")[0]
    assert payment["state"] == "failed"
    assert after["note"] in payment["error_message"]
    books.workers.code(f"env['ml.sync.log'].browse({after['id']}).action_reverse_and_repost()")
    books.workers.code(f"env['ml.sync.log'].browse({payment['id']}).action_retry()")
    books.settle()
    assert row_of(books, bill)["outcome"] == "created"
    assert books.rows("SELECT state FROM ml_sync_log WHERE id = %s", payment["id"])[0]["state"] == "done"


def test_a_bill_that_is_archived_before_it_came_is_left_alone(books):
    bill = books.add_bill()
    books.control.archive_bill(bill)
    sync(books)
    assert books.rows("SELECT 1 FROM ml_sync_log WHERE external_id = %s", bill) == []


# -- an option that is new ---------------------------------------------------------------------------------------------


def test_an_unknown_option_waits_for_a_mapping(books):
    """The row names it; once it is mapped, the bill is posted with an account of each plan."""
    state = books.sandbox.state
    known = next(option for option in state.options if option.external_id == "prj-P-100")
    moment = known.created_at
    state.add_option(Option("new-option", known.field, "prj-P-900", "Moon base", moment, moment, code="P-900"))
    lines = [{"amount": "80.00", "coding": [["gl", "gl-600000"], ["project", "P-900"], ["department", "D-10"]]}]
    bill = books.add_bill(lines=lines)
    books.due("bills")
    for _run in range(2):
        books.pass_time(61)
        books.workers.run()
    row = row_of(books, bill)
    assert (row["state"], row["error_class"]) == ("waiting", "mapping") and "Moon base" in row["error_message"]
    (mapping,) = books.rows("SELECT * FROM ml_mapping WHERE state = 'unmapped'")
    assert mapping["kind"] == "analytic"
    account = books.workers.code(
        "plan = env['account.analytic.plan'].search([('name', '=', 'Projects')])\n"
        "account = env['account.analytic.account'].create({'name': 'Moon', 'code': 'M', 'plan_id': plan.id})\n"
        f"env['ml.mapping'].browse({mapping['id']}).res_id = account.id\n"
        "result = account.id"
    )
    books.settle()
    department = books.value("SELECT id FROM account_analytic_account WHERE code = 'D-10'")
    (line,) = books.rows(
        "SELECT analytic_distribution AS shares FROM account_move_line WHERE move_id = %s AND display_type = 'product'",
        row_of(books, bill)["res_id"],
    )
    assert {frozenset(map(int, key.split(","))): share for key, share in line["shares"].items()} == {
        frozenset((account, department)): 100
    }


# -- bills of Odoo that go to Ramp -------------------------------------------------------------------------------------


def send(books, ref, price=250):
    """A bill of Odoo whose draft Ramp has; its id in Odoo and the draft."""
    move = books.workers.code(NEW_BILL.format(partner=books.partner, ref=ref, price=price))
    books.settle()
    sent = books.value("SELECT external_id FROM ml_binding WHERE kind = 'own_bill' AND res_id = %s", move)
    return move, books.sandbox.state.drafts.get(sent.removeprefix("draft:"))


def approve(books, draft):
    """What people do in Ramp with a draft: it becomes a bill with an id of its own."""
    bill = completed(draft, books.sandbox.state.new_id("bill"))
    books.sandbox.state.drafts.remove(draft.id)
    books.sandbox.state.add_bill(bill)
    books.control.approve_bill(bill.id)
    return bill


@pytest.mark.parametrize("ref", ["ECHO-1", False], ids=["number", "no_number"])
@pytest.mark.parametrize("knows_us", [True, False], ids=["our_id", "no_id_of_ours"])
def test_a_sent_bill_that_comes_back_is_the_same_bill(books, ref, knows_us):
    move, draft = send(books, f"{ref}-{knows_us}" if ref else ref)
    count = books.value("SELECT count(*) FROM account_move")
    bill = approve(books, draft)
    if not knows_us:
        bill.remote_id = None
    sync(books)
    row = row_of(books, bill.id)
    assert (row["outcome"], row["res_id"], row["note"]) == ("linked", move, None)
    assert books.value("SELECT count(*) FROM account_move") == count
    assert bill.sync_status == "BILL_SYNCED"
    books.control.pay_bills([bill.id])
    sync(books)
    assert books.value("SELECT payment_state FROM account_move WHERE id = %s", move) in ("paid", "in_payment")
    # what Ramp paid is not sent to it as paid here
    assert books.open_rows() == [] and bill.payment.method == "ACH"


def test_a_bill_that_is_paid_in_odoo_is_not_paid_by_ramp(books):
    """The draft is marked, and the row says so."""
    move, draft = send(books, "PAID-1")
    assert draft.payment_method is None
    books.workers.code(PAY.format(move))
    books.settle()
    assert draft.payment_method == "PAID_MANUALLY"
    row = row_of(books, f"draft:{draft.id}", "own_bill")
    assert row["state"] == "done" and row["note"].startswith("Paid in Odoo on ")


def test_an_approved_bill_that_is_paid_in_odoo(books):
    move, draft = send(books, "PAID-2")
    bill = approve(books, draft)
    sync(books)
    books.workers.code(PAY.format(move))
    books.settle()
    assert bill.payment_method == "PAID_MANUALLY"


def test_a_bill_that_both_paid(books):
    move, draft = send(books, "PAID-3")
    bill = approve(books, draft)
    sync(books)
    books.control.pay_bills([bill.id])
    books.workers.code(PAY.format(move))
    books.due()
    for _run in range(2):
        books.pass_time(61)
        books.workers.run()
    (row,) = [row for row in books.open_rows() if row["flow"] == "bills_push"]
    assert row["error_class"] == "validation" and "also by Ramp" in row["error_message"]
