"""Everything again: what is in line is neither written nor sent; a change moves only what changed."""

import pytest
from support.books import DEMO, connected_books

MADE = """
    SELECT (SELECT count(*) FROM account_move) AS moves, (SELECT count(*) FROM hr_expense) AS expenses,
           (SELECT count(*) FROM account_payment) AS payments, (SELECT count(*) FROM ml_sync_log) AS logs,
           (SELECT count(*) FROM purchase_order) AS orders, (SELECT count(*) FROM ml_binding) AS bindings,
           (SELECT count(*) FROM res_partner) AS partners, (SELECT count(*) FROM ir_attachment) AS files
"""
ALL_FLOWS = """
connection = env["ml.connection"].search([])
connection.flow_ids.filtered(lambda flow: flow.key != "order_files_push").active = True
connection.action_test()
"""


@pytest.fixture(scope="module")
def books():
    with connected_books("again") as books:
        books.workers.code((DEMO / "purchases.py").read_text())
        books.workers.code(ALL_FLOWS)
        sync_all(books)
        sync_all(books)
        yield books


def sync_all(books):
    """Read and sweep everything from the very beginning."""
    books.rows("UPDATE ml_flow SET cursor = NULL")
    books.due(*(row["key"] for row in books.rows("SELECT key FROM ml_flow WHERE active")))
    books.settle()
    assert books.open_rows() == []


def made_by(books, change=None):
    """What a full sync made in Odoo, by kind, and the requests that wrote at Ramp."""
    before, moment = books.rows(MADE)[0], len(books.control.requests())
    if change:
        change()
    sync_all(books)
    after = books.rows(MADE)[0]
    writes = [
        f"{request['method']} {request['path'].partition('?')[0]}"
        for request in books.control.requests()[moment:]
        if request["method"] != "GET" and not request["path"].endswith("/token")
    ]
    return {kind: after[kind] - before[kind] for kind in after if after[kind] != before[kind]}, writes


def expect_silence(books):
    """What was touched is looked at once more, without effect; then there is nothing to look at."""
    made, writes = made_by(books)
    assert set(made) <= {"logs"} and writes == []
    assert made_by(books) == ({}, [])


def test_every_flow_has_worked(books):
    silent = books.rows(
        """SELECT f.key FROM ml_flow f WHERE f.active AND NOT EXISTS
                  (SELECT FROM ml_sync_log l WHERE l.flow_id = f.id AND l.state = 'done')"""
    )
    # the small data set has no credit that was set off
    assert {row["key"] for row in silent} <= {"credit_applications"}


def test_everything_again_creates_and_sends_nothing(books):
    assert made_by(books) == ({}, [])
    assert books.control.violations() == []


def test_a_change_in_odoo_sends_what_changed(books):
    (partner,) = books.rows(
        """SELECT b.res_id, b.external_id FROM ml_binding b WHERE b.kind = 'vendor' AND b.fingerprint IS NOT NULL
            ORDER BY b.id LIMIT 1"""
    )
    made, writes = made_by(books, lambda: books.write_partner(partner["res_id"], street="99 New Street"))
    assert writes == [f"PATCH /developer/v1/vendors/{partner['external_id']}"]
    assert set(made) == {"logs"}
    expect_silence(books)


def test_a_change_at_ramp_writes_what_changed(books):
    (partner,) = books.rows(
        "SELECT res_id, external_id FROM ml_binding WHERE kind = 'vendor' AND fingerprint IS NULL ORDER BY id LIMIT 1"
    )
    known = books.sandbox.state.vendors.get(partner["external_id"])
    city = {**known.address, "city": "Springfield"}
    made, writes = made_by(books, lambda: books.control.edit_vendor(known.id, address=city))
    assert (made, writes) == ({"logs": 1}, [])
    assert books.value("SELECT city FROM res_partner WHERE id = %s", partner["res_id"]) == "Springfield"
    expect_silence(books)


def test_a_new_transaction_is_booked_and_reported_once(books):
    coding = [["gl", "gl-600000"]]
    made, writes = made_by(books, lambda: books.control.add_transaction("12.00", coding=coding))
    assert writes == ["POST /developer/v1/accounting/syncs"]
    assert (made["expenses"], made["moves"], made["logs"]) == (1, 1, 2)
    expect_silence(books)
