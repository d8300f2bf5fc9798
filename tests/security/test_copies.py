"""A restored or copied database calls nobody, whatever it is called, until somebody says that it lives."""

import contextlib
import os

import pytest
from cryptography.fernet import Fernet
from sandbox.ramp import RampSandbox, RampSettings
from support import copies
from support.workers import Workers

from lib import odoo, postgres

KEYS = {"ML_CONNECTOR_KEYS": Fernet.generate_key().decode()}
"""The same on every host."""
SET_UP = """
for login, groups in {people!r}.items():
    env["res.users"].with_context(no_reset_password=True).create(
        {{"name": login, "login": login, "group_ids": [(6, 0, [env.ref(group).id for group in groups])]}}
    )
connection = env["ml.connection"].create(
    {{"name": "Ramp", "provider": "ramp", "environment": "custom", "custom_url": {url!r}}}
)
credentials = {{credential.name: credential for credential in connection.credential_ids}}
credentials["client_id"].value = "ramp_id_EXAMPLE"
credentials["client_secret"].new_secret = "example-secret"
connection.action_test()
"""
PEOPLE = {
    "administrator": ["ml_connector.group_ml_connector_manager", "account.group_account_manager"],
    "system": ["ml_connector.group_ml_connector_manager", "base.group_system"],
}
RUN = """
connection = env["ml.connection"].search([])
connection.flow_ids.next_run_at = False
connection._cron_run()
result = connection.is_copy
"""
ADOPT = """
person = env["res.users"].search([("login", "=", {login!r})])
env["ml.connection"].with_user(person).search([]).action_adopt_database()
result = [html for html in env["ml.connection"].search([]).message_ids.mapped("body")]
"""

FLOWS = """
connection = env["ml.connection"].search([])
flows = connection.flow_ids.with_context(active_test=False)
for flow in flows.filtered(lambda flow: flow.key in ("vendors_push", "purchase_orders_push", "bills_push")):
    flow.active = True
    if "vendor_mode" in flow._spec().options:
        flow.vendor_mode = "at_once"
"""
MAKE = """
def vendor(name):
    return env["res.partner"].create(
        {{
            "name": name, "is_company": True, "supplier_rank": 1, "email": "ap@vendor.example",
            "street": "1 First Street", "city": "London", "zip": "EC1A 1BB", "country_id": env.ref("base.uk").id,
        }}
    )
first = vendor({name!r})
other = vendor({other!r})
order = env["purchase.order"].create(
    {{"partner_id": {whose}.id, "order_line": [(0, 0, {{"name": {bill!r}, "product_id": product,
      "product_qty": {quantity}, "price_unit": {price}, "tax_ids": [(5,)]}})]}}
)
order.button_confirm()
move = env["account.move"].create(
    {{
        "move_type": "in_invoice", "partner_id": {whose}.id, "ref": {bill!r}, "invoice_date": "2026-09-01",
        "invoice_line_ids": [(0, 0, {{"name": {bill!r}, "price_unit": {amount}, "tax_ids": [(5,)]}})],
    }}
)
move.action_post()
result = [first.id, order.id, order.order_line.id, move.id, order.name]
"""
LOOK = """
connection = env["ml.connection"].search([])
recovery = env["ml.recovery"].create({"connection_id": connection.id, "since": "2026-09-01"})
recovery.action_look()
result = recovery.id
"""
BRING_IN = """
recovery = env["ml.recovery"].browse({recovery})
result = [[line.flow_id.key, line.external_id.rpartition(":")[2]] for line in recovery.line_ids]
recovery.action_bring_in()
"""
MAP = """
account = env["account.account"].search([("account_type", "=", "expense")], limit=1)
bank = env["account.journal"].search([("type", "=", "bank")], limit=1)
for mapping in env["ml.mapping"].search([("state", "=", "unmapped"), ("kind", "in", ("account", "journal"))]):
    mapping.res_id = account.id if mapping.kind == "account" else bank.id
env["ml.sync.log"].search([("state", "in", ("pending", "waiting"))]).next_try_at = "2026-01-01"
"""
BOOKED = """
bills = env["account.move"].search([("ref", "like", "LOST-")], order="ref")
result = [[bill.ref, bill.state, bill.amount_total, bill.amount_residual] for bill in bills]
"""
PRODUCT = "product = env['product.product'].search([('type', '=', 'service')], limit=1).id\n"


@pytest.fixture(scope="module")
def sandbox():
    with RampSandbox(size="small", settings=RampSettings(rate_limit=0)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def database(sandbox):
    """The live database, after a first sync."""
    with odoo.temporary_database("test_copies") as name:
        with workers(name) as live:
            live.code(SET_UP.format(people=PEOPLE, url=sandbox.url))
            live.run()
            live.code("env['ml.connection'].search([]).action_start()")
            live.run()
        yield name
        copies.remove_hosts()


@pytest.fixture(scope="module")
def dump(database, tmp_path_factory):
    path = tmp_path_factory.mktemp("dump") / "dump"
    copies.dump(database, path)
    return path


@contextlib.contextmanager
def workers(database, **environment):
    with contextlib.closing(Workers(database, **{**KEYS, **environment})) as workers:
        yield workers


def works(workers, sandbox):
    """Whether the database regards itself as the live one, and so calls its provider."""
    before = len(sandbox.control.requests())
    is_copy = workers.code(RUN)
    called = len(sandbox.control.requests()) > before
    assert called is not is_copy
    return called


def adopt(workers):
    """Say that the database is the live one, which only a system administrator may; what is noted."""
    (refused,) = workers.order(ADOPT.format(login="administrator"))
    assert "AccessError" in refused.error
    return " ".join(workers.code(ADOPT.format(login="system")))


def run_and_map(workers):
    """Read everything, map what is not mapped yet, and read on; the bills that were lost."""
    for _run in range(3):
        workers.code(RUN)
        workers.code(MAP)
    return workers.code(BOOKED)


def test_a_copy_under_another_name_calls_nobody(sandbox, database):
    copy = f"test_copies_other_{os.getpid()}"
    postgres.create(copy, database)
    try:
        with workers(copy) as second:
            assert not works(second, sandbox)
    finally:
        odoo.drop_database(copy)
    with workers(database) as first:
        assert works(first, sandbox)


def test_a_renamed_database_is_no_copy(sandbox, database):
    renamed = f"test_copies_renamed_{os.getpid()}"
    postgres.rename(database, renamed)
    try:
        with workers(renamed) as first:
            assert works(first, sandbox)
    finally:
        postgres.rename(renamed, database)


def test_a_new_host_on_the_same_database_is_no_copy(sandbox, database):
    environment, _data = copies.host("new")
    with workers(database, **environment) as first:
        assert works(first, sandbox)


def test_a_copy_on_another_server_calls_nobody_until_it_is_said_to_live(sandbox, database, dump):
    """Same name, same keys: only PostgreSQL's number of the server differs."""
    with copies.second_cluster() as where:
        copies.restore(dump, database, where)
        environment, _data = copies.host("second", where)
        with workers(database, **environment) as second, workers(database) as first:
            vendor = sandbox.control.add_vendor("Copied Vendor Ltd.", country="GB")
            read = f"result = env['ml.sync.log'].search_count([('external_id', '=', {vendor!r})])"
            assert not works(second, sandbox)
            assert works(first, sandbox)
            assert (first.code(read), second.code(read)) == (1, 0)
            adopt(second)
            assert works(second, sandbox)
            assert second.code(read) == 1


def test_a_dump_that_is_restored_under_its_own_name_calls_nobody_until_it_is_said_to_live(sandbox, database, dump):
    last = "result = env['res.partner'].create({'name': 'Next'}).id"
    vendor = sandbox.control.vendors()[0]["id"]
    rent, paid = (
        sandbox.control.add_bill(
            vendor,
            [{"amount": amount, "memo": "Rent", "coding": [["gl", "gl-600000"]]}],
            invoice_number=f"LOST-{amount}",
            currency="USD",
        )
        for amount in ("70.00", "200.00")
    )
    sandbox.control.pay_bills([paid])
    booked = [["LOST-200.00", "posted", 200.0, 0.0], ["LOST-70.00", "posted", 70.0, 70.0]]
    with workers(database) as lost:
        lost_id = lost.code(last)
        assert run_and_map(lost) == booked
    copies.restore(dump, database)
    with workers(database) as restored:
        assert not works(restored, sandbox)
        note = adopt(restored)
        assert "Compare" in note and "Bills" in note
        assert works(restored, sandbox)
        # what the lost database made after the dump keeps its ids at the provider
        assert restored.code(last) > lost_id
        # Ramp regards them as booked, so it offers them no more
        assert run_and_map(restored) == []
        recovery = restored.code(LOOK)
        restored.run()
        listed = restored.code(BRING_IN.format(recovery=recovery))
        assert {("bills", rent), ("bills", paid), ("payments", paid)} <= {(flow, key) for flow, key in listed}
        assert run_and_map(restored) == booked


def test_records_that_get_the_ids_of_lost_ones_are_others_at_ramp(sandbox, database, dump):
    """They are made before anybody says that the restored database is the live one."""
    lost = {"name": "Crash Partner 1 Ltd.", "other": "Lost Ltd.", "whose": "first", "bill": "OWN-1"}
    new = {"name": "Quite Another Ltd.", "other": "Seller Ltd.", "whose": "other", "bill": "QUITE-OTHER"}

    def work(order, **values):
        copies.restore(dump, database)
        with workers(database) as restored:
            made = restored.code(PRODUCT + MAKE.format(**values))
            adopt(restored)
            restored.code(FLOWS)
            for _run in range(4):
                restored.code(RUN)
            order(restored)
            return made

    def read_bill(restored):
        vendor = next(row["id"] for row in sandbox.control.vendors() if row["name"] == lost["name"])
        bill = sandbox.control.add_bill(vendor, [{"amount": "200.00", "memo": "Rent"}], currency="USD")
        restored.code(RUN)
        restored.code(RUN)
        named = restored.code(
            f"rows = env['ml.sync.log'].search([('external_id', 'in', {[vendor, bill]!r})])\n"
            "result = [env[row.res_model].browse(row.res_id).display_name for row in rows if row.res_id]"
        )
        assert not [name for name in named if new["name"] in name]
        linked = restored.code(
            f"binding = env['ml.binding'].search([('kind', '=', 'vendor'), ('external_id', '=', {vendor!r})])\n"
            "result = env['res.partner'].browse(binding.res_id).name"
        )
        assert linked in (False, None, lost["name"])

    ids = work(lambda restored: None, **lost, quantity=1, price=40.0, amount=77.0)
    assert work(read_bill, **new, quantity=9, price=111.0, amount=5555.0) == ids, "the very ids of before"
    names = [row["name"] for row in sandbox.control.vendors()]
    assert all(names.count(name) == 1 for name in (lost["name"], new["name"], new["other"]))
    orders = [row for row in sandbox.control.objects("purchase_orders") if "P0000" in (row["memo"] or "")]
    drafts = [row for row in sandbox.control.objects("drafts") if row["invoice_number"] in ("OWN-1", "QUITE-OTHER")]
    vendors = {row["id"]: row["name"] for row in sandbox.control.vendors()}
    assert sorted((vendors[row["vendor_id"]], row["amount"]["amount"]) for row in orders) == [
        ("Crash Partner 1 Ltd.", 4000),
        ("Seller Ltd.", 99900),
    ]
    assert sorted((vendors[row["vendor"]["id"]], row["amount"]["amount"]) for row in drafts) == [
        ("Crash Partner 1 Ltd.", 7700),
        ("Seller Ltd.", 555500),
    ]


def test_a_server_need_not_tell_its_number(sandbox, database):
    postgres.query(database, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    role = f"test_copies_{os.getpid()}"
    postgres.query(database, f"CREATE ROLE {role}")
    try:
        with workers(database) as blind:
            found = blind.code(
                f"env.cr.execute('SET ROLE {role}')\n"
                "from odoo.addons.ml_connector.vault.database_mark import _system\n"
                "result = _system(env.cr)\n"
                "env.cr.execute('RESET ROLE')"
            )
        assert found == ""
    finally:
        postgres.query(database, f"DROP ROLE {role}")
        postgres.query(database, "GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")
