"""What Ramp says of vendors, bills and rates is a claim: the attacks on it, from outside."""

import contextlib

import pytest
from sandbox.ramp.model import Contact
from support.books import LEASE_SECONDS, connected_books
from support.people import PASSWORD, Person, Refused

from lib import odoo

PEOPLE = f"""
company = env.ref("base.main_company")
users = env["res.users"].with_context(no_reset_password=True)
password = users._crypt_context().hash({PASSWORD!r})
accountant = ["ml_connector.group_ml_connector_accountant", "account.group_account_invoice"]
roles = {{"user": ["ml_connector.group_ml_connector_user"], "accountant": accountant}}
roles["keeper"] = [*accountant, "base.group_partner_manager"]
for login, groups in roles.items():
    person = users.create({{
        "name": login, "login": login, "company_id": company.id, "company_ids": [(6, 0, company.ids)],
        "group_ids": [(6, 0, [env.ref(group).id for group in groups])],
    }})
    person._set_encrypted_password(person.id, password)
partner = env.ref("base.user_admin").partner_id
partner.email = "admin@example.com"
connection = env["ml.connection"].search([])
result = {{"admin": partner.id, "connection": connection.id, "company": company.partner_id.id,
          "uuid": env["ir.config_parameter"].sudo().get_param("database.uuid")}}
"""
KNOWN_VENDOR = """
result = env["res.partner"].with_context(ml_no_sync=True).create({{
    "name": {name!r}, "is_company": True, "supplier_rank": 1, "email": {email!r}, "country_id": env.ref("base.us").id,
}}).id
"""
BILL = """
company = env.ref("base.main_company")
move = env["account.move"].with_context(ml_no_sync=True).create({{
    "move_type": "in_invoice", "partner_id": {partner}, "ref": {ref!r}, "invoice_date": "2026-07-01",
    "company_id": company.id,
    "invoice_line_ids": [(0, 0, {{"name": "Goods", "price_unit": 200.0, "tax_ids": []}})],
}})
move.action_post()
result = move.id
"""


@pytest.fixture(scope="module")
def books():
    with contextlib.ExitStack() as stack:
        books = stack.enter_context(connected_books("claims"))
        books.known = books.workers.code(PEOPLE)
        server = stack.enter_context(odoo.with_server(books.database, max_cron_threads=0))
        for login in ("user", "accountant", "keeper"):
            setattr(books, login, Person(server, login))
        books.admin = Person(server, "admin", "admin")
        yield books
        assert not books.control.violations()


def sync(books, *flows):
    for _run in range(2):
        books.due(*flows)
        books.pass_time(LEASE_SECONDS)
        books.workers.run()


def row_of(books, external_id, kind):
    return books.rows(
        """SELECT * FROM ml_sync_log WHERE external_id = %s AND kind = %s AND direction = 'pull'
            ORDER BY id DESC LIMIT 1""",
        external_id,
        kind,
    )[0]


def partner_of(books, vendor):
    return books.value("SELECT res_id FROM ml_binding WHERE kind = 'vendor' AND external_id = %s", vendor)


def is_bound(books, kind, external_id):
    return bool(books.rows("SELECT 1 FROM ml_binding WHERE kind = %s AND external_id = %s", kind, external_id))


def email_of(books, partner):
    return books.value("SELECT email FROM res_partner WHERE id = %s", partner)


def set_email(books, vendor, email):
    books.control.edit_vendor(vendor, contacts=[Contact(books.sandbox.state.new_id("contact"), email)])


def test_an_administrators_account_is_not_taken_over(books):
    vendor = books.control.add_vendor("X Vendor Ltd")
    sync(books, "vendors")
    admin, connection = books.known["admin"], books.known["connection"]
    (mapping,) = books.admin.call("ml.mapping", "search", [["kind", "=", "journal"]], limit=1)
    moved = {"kind": "vendor", "external_id": vendor, "res_id": admin}
    for person in (books.user, books.accountant, books.admin):
        person.refuses("ml.mapping", "write", [mapping], moved)
        row = {"connection_id": connection, **moved}
        person.refuses("ml.mapping", "create", [row])
    refused = books.accountant.refuses("ml.mapping", "create", [{"connection_id": connection, **moved}])
    assert "cannot be mapped to a contact of a user" in refused.message and "Administrator" not in refused.message
    rule = {"connection_id": connection, "kind": "vendor", "pattern": "*", "res_id": admin}
    assert (
        "cannot be mapped to a contact of a user"
        in books.accountant.refuses("ml.mapping.rule", "create", [rule]).message
    )
    # even a binding that was made before leads nowhere
    before = books.rows("SELECT name, email, phone, street, vat FROM res_partner WHERE id = %s", admin)
    books.rows("UPDATE ml_binding SET res_id = %s WHERE kind = 'vendor' AND external_id = %s", admin, vendor)
    set_email(books, vendor, "me@evil.example")
    books.control.edit_vendor(vendor, name="Evil")
    sync(books, "vendors")
    row = row_of(books, vendor, "vendor")
    assert row["state"] == "failed" and "never change such contacts" in row["error_message"]
    assert books.rows("SELECT name, email, phone, street, vat FROM res_partner WHERE id = %s", admin) == before
    assert books.rows("SELECT 1 FROM ml_vendor_change WHERE partner_id = %s", admin) == []


def test_our_own_reference_is_no_proof(books):
    """Ramp shows the reference of each vendor that Odoo sent; anybody there can write it on another one."""
    prefix = f"odoo:{books.known['uuid']}:{books.known['connection']}:partner:"
    for target in (books.known["admin"], books.known["company"]):
        vendor = books.control.add_vendor("Unheard Of Ltd")
        books.control.edit_vendor(vendor, external_vendor_id=f"{prefix}{target}")
        sync(books, "vendors")
        row = row_of(books, vendor, "vendor")
        assert row["state"] == "waiting" and "our own companies" in row["error_message"]
        assert not is_bound(books, "vendor", vendor)
    partner = books.workers.code(KNOWN_VENDOR.format(name="Somebody Else Ltd", email="ap@else.example"))
    vendor = books.control.add_vendor("Unheard Of As Well Ltd")
    books.control.edit_vendor(vendor, external_vendor_id=f"{prefix}{partner}")
    sync(books, "vendors")
    assert row_of(books, vendor, "vendor")["state"] == "waiting"
    assert not is_bound(books, "vendor", vendor)


def test_no_vendor_is_ourselves(books):
    company = books.known["company"]
    before = email_of(books, company)
    vendor = books.control.add_vendor("Northwind Trading")
    sync(books, "vendors")
    set_email(books, vendor, "me2@evil.example")
    sync(books, "vendors")
    assert row_of(books, vendor, "vendor")["state"] == "waiting"
    assert not is_bound(books, "vendor", vendor)
    assert email_of(books, company) == before != "me2@evil.example"


def test_a_vendor_of_the_same_name_is_asked_about_and_its_new_address_too(books):
    partner = books.workers.code(KNOWN_VENDOR.format(name="Trusty Supplies Ltd", email="ap@trusty.example"))
    vendor = books.control.add_vendor("Trusty Supplies Ltd", email="ap@trusty.example")
    sync(books, "vendors")
    row = row_of(books, vendor, "vendor")
    assert row["state"] == "waiting" and "same name" in row["error_message"]
    assert not is_bound(books, "vendor", vendor)
    (mapping,) = books.accountant.call(
        "ml.mapping", "search_read", [["external_id", "=", vendor]], ["proposed_id", "state"]
    )
    assert (mapping["proposed_id"], mapping["state"]) == (partner, "unmapped")
    books.user.refuses("ml.mapping", "action_accept_proposals", [mapping["id"]])
    books.accountant.call("ml.mapping", "action_accept_proposals", [mapping["id"]])
    sync(books, "vendors")
    assert partner_of(books, vendor) == partner

    set_email(books, vendor, "ap@evil.example")
    sync(books, "vendors", "vendors_push")
    sync(books, "vendors", "vendors_push")
    assert email_of(books, partner) == "ap@trusty.example"
    there = next(row for row in books.sandbox.state.vendors if row.id == vendor)
    assert [contact.email for contact in there.contacts] == ["ap@evil.example"]
    fields = ["state", "old_value", "new_value", "field_name"]
    (change,) = books.user.call("ml.vendor.change", "search_read", [["partner_id", "=", partner]], fields)
    id = change.pop("id")
    assert list(change.values()) == ["waiting", "ap@trusty.example", "ap@evil.example", "email"]

    for person in (books.user, books.accountant):
        for values in ({"state": "approved"}, {"new_value": "me@evil.example"}, {"data": {"value": "me@evil.example"}}):
            person.refuses("ml.vendor.change", "write", [id], values)
    books.user.refuses("ml.vendor.change", "action_approve", [id])
    # he may not change contacts, so he may not do so through the connector either
    books.accountant.refuses("ml.vendor.change", "action_approve", [id])
    assert email_of(books, partner) == "ap@trusty.example"
    books.keeper.call("ml.vendor.change", "action_approve", [id])
    assert email_of(books, partner) == "ap@evil.example"
    assert books.value("SELECT state FROM ml_vendor_change WHERE id = %s", id) == "approved"
    decided = "SELECT count(*) FROM ml_sync_attempt WHERE action = 'approve' AND person = 'keeper'"
    assert books.value(decided) == 1


@pytest.mark.parametrize(("number", "amount"), [("EVIL-77", "200.00"), ("EVIL-78", "9999.00")])
def test_another_vendors_bill_is_not_paid(books, number, amount):
    honest = partner_of(books, books.first_vendor)
    evil = books.control.add_vendor(f"Evil Vendor {number} Ltd")
    sync(books, "vendors")
    move = books.workers.code(BILL.format(partner=honest, ref=f"C-{number}"))
    reference = f"odoo:{books.known['uuid']}:{books.known['connection']}:move:{move}"
    lines = [{"amount": amount, "memo": "Nothing", "coding": [["gl", "gl-600000"]]}]
    bill = books.add_bill(vendor=evil, invoice_number=number, lines=lines, remote_id=reference)
    books.control.pay_bills([bill])
    sync(books, "bills", "payments")
    row = row_of(books, bill, "bill")
    assert (row["state"], row["error_class"]) == ("failed", "duplicate")
    assert f"Evil Vendor {number} Ltd" in row["error_message"]
    name = books.value("SELECT name FROM res_partner WHERE id = %s", honest)
    assert name in row["error_message"]
    assert books.value("SELECT payment_state FROM account_move WHERE id = %s", move) == "not_paid"
    assert books.value("SELECT count(*) FROM account_move WHERE partner_id = %s", partner_of(books, evil)) == 0


def test_a_rate_to_another_currency_is_not_used(books):
    """Northwind Europe is in euros; its entity of Ramp is in dollars, and so is the rate that Ramp states."""
    europe = next(entity for entity in books.sandbox.state.entities if entity["entity_name"] == "Example Europe B.V.")
    europe["currency"] = "USD"
    connection = books.connect_europe()
    found = books.value("SELECT findings::text FROM ml_connection WHERE id = %s", connection)
    assert "USD" in found and "EUR" in found
    books.workers.code(
        """
for name, rate in (("USD", 1), ("EUR", 0.92), ("GBP", 0.79)):
    currency = env["res.currency"].with_context(active_test=False).search([("name", "=", name)])
    currency.active = True
    europe = env["res.company"].search([("name", "=", "Northwind Europe")])
    currency.rate_ids.filtered(lambda row: row.company_id == europe).unlink()
    env["res.currency.rate"].create(
        {"currency_id": currency.id, "company_id": europe.id, "name": "2020-01-01", "rate": rate}
    )
"""
    )
    vendor = books.control.add_vendor("Rates Ltd", currency="GBP", country="GB")
    sync(books, "vendors")
    lines = [{"amount": "100.00", "memo": "Fees", "coding": [["gl", "gl-600000"]]}]
    values = {"currency": "GBP", "entity_id": europe["id"], "fx_conversion_rate": "1.25"}
    bill = books.add_bill(vendor=vendor, invoice_number="GBP-1", lines=lines, **values)
    sync(books, "vendors", "bills")
    booked = books.rows(
        """SELECT m.amount_total_signed::float AS total FROM account_move m JOIN ml_binding b ON b.res_id = m.id
            WHERE b.kind = 'bill' AND b.external_id = %s AND b.connection_id = %s""",
        bill,
        connection,
    )
    assert [row["total"] for row in booked] == [-116.46], row_of(books, bill, "bill")["error_message"]


def test_nobody_was_refused_by_chance(books):
    """The people of these tests may do what is theirs."""
    assert books.user.call("ml.vendor.change", "search_count", [])
    with pytest.raises(Refused):
        books.user.call("res.partner", "write", [books.known["admin"]], {"email": "me@evil.example"})
