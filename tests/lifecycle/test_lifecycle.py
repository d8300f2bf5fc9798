"""Install, upgrade and uninstall leave a clean database, and the server log says nothing about us."""

import json
import re
import tarfile
from pathlib import Path

import pytest

from lib import odoo, paths, postgres

LEFT_BEHIND = """
    SELECT 'table', table_name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name LIKE 'ml\\_%%'
    UNION SELECT 'column', table_name || '.' || column_name FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name LIKE 'ml\\_%%'
    UNION SELECT 'model', model FROM ir_model WHERE model LIKE 'ml.%%'
    UNION SELECT 'field', model || '.' || name FROM ir_model_fields WHERE name LIKE 'ml\\_%%'
    UNION SELECT 'xml id', module || '.' || name FROM ir_model_data
     WHERE module = 'ml_connector' OR name LIKE '%%ml_connector'
    UNION SELECT 'job', cron_name FROM ir_cron WHERE cron_name LIKE 'ML Connector%%'
    UNION SELECT 'action', name::text FROM ir_act_server WHERE name::text LIKE '%%ML Connector%%'
    UNION SELECT 'menu', name::text FROM ir_ui_menu WHERE name::text LIKE '%%ML Connector%%'
    UNION SELECT 'group', name::text FROM res_groups_privilege WHERE name::text LIKE '%%ML Connector%%'
    UNION SELECT 'activity type', name::text FROM mail_activity_type WHERE res_model LIKE 'ml.%%'
    UNION SELECT 'message', id::text FROM mail_message WHERE model LIKE 'ml.%%'
    UNION SELECT 'attachment', id::text FROM ir_attachment WHERE res_model LIKE 'ml.%%'
    UNION SELECT 'parameter', key FROM ir_config_parameter WHERE key LIKE 'ml\\_connector%%'
"""

RELEASES = Path(__file__).parent
"""Archives of the Python code and the data files of the addon as earlier versions had them."""

CONNECT = """
from odoo import Command

def connect(name, provider, **values):
    connection = env["ml.connection"].create({"name": name, "provider": provider, **values})
    specifications = connection._credential_specifications()
    for credential in connection.credential_ids.filtered(lambda credential: specifications[credential.name].required):
        credential.write({"new_secret": "example-secret"} if credential.is_secret else {"value": "id_EXAMPLE"})
    return connection

def user(login, *groups):
    return env["res.users"].with_context(no_reset_password=True).create({
        "name": login, "login": login, "group_ids": [Command.set([env.ref(group).id for group in groups])],
    })
"""

ROWS_OF_19_0_1_0_0 = """
from odoo.addons.ml_connector import secret_box

ramp = connect("Ramp", "ramp", environment="sandbox")
ramp.write({
    "state": "connected", "check_state": "ok", "webhook_state": "active",
    "stored_settings": {"business_id": "business-1", "business_name": "Example"},
})
env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.com")
ramp.flow_ids.filtered(lambda flow: flow.key in ("bills", "vendors", "vendors_push")).active = True
ramp.message_post(body="A note")
token = env["ml.token"].search([("connection_id", "=", ramp.id)])
token.refresh_ciphertext = secret_box.encrypt(env, "example-refresh")
moved = connect("Moved", "ramp", environment="sandbox")
moved.database_name = "another"
archived = connect("Archived", "visma")
archived.active = False
files = connect("Files", "stampli")

flow = ramp.flow_ids.filtered(lambda flow: flow.key == "bills")
log, _replaced, _asked = env["ml.sync.log"].create([
    {
        "name": name, "connection_id": ramp.id, "company_id": ramp.company_id.id, "flow_id": flow.id,
        "direction": "pull", "kind": "bill", "state": "failed", "external_id": name, **values,
    }
    for name, values in (
        ("bill-1", {"error_class": "validation"}),
        ("replaced", {"error_class": "permanent", "is_current": False}),
        ("asked twice", {"error_class": "conflict", "conflict": {"email": ["a", "b"]}}),
    )
])
for connection in ramp, moved:
    env["ml.sync.attempt"]._append(connection, [
        {"log": log if connection == ramp else None, "subject": "bills bill-1", "action": "write", "outcome": "failed"},
        {"subject": "bills bill-2", "action": "write", "outcome": "created"},
    ])
env.flush_all()
env.cr.execute("UPDATE ml_sync_attempt SET subject = 'forged' WHERE connection_id = %s AND sequence = 1", [moved.id])

gone, kept = env["res.partner"].create([{"name": "Gone"}, {"name": "Kept"}])
for partner in gone, kept:
    env["ml.mapping"].create(
        {"connection_id": ramp.id, "kind": "vendor", "external_id": partner.name, "res_id": partner.id}
    )
    env["ml.mapping.rule"].create(
        {"connection_id": ramp.id, "kind": "vendor", "pattern": partner.name, "res_id": partner.id}
    )
gone.unlink()

known, new = (Command.create({"name": name, "email": f"{name}@example.com", "phone": "1"}) for name in ("ada", "bob"))
vendor = env["res.partner"].create({"name": "Vendor", "is_company": True, "child_ids": [known, new]})
env["ml.binding"].create({
    "connection_id": ramp.id, "kind": "vendor", "external_id": "vendor-1", "res_model": "res.partner",
    "res_id": vendor.id, "synced_at": "2999-01-01", "agreed_odoo": {"street": "Old 1"}, "agreed_vendor": {"street": ""},
})
env.flush_all()
env.cr.execute("UPDATE res_partner SET write_date = '2999-01-02' WHERE name = 'bob'")

templates = env["ml.feed.template"].search([("connection_id", "=", files.id)])
read = templates.filtered(lambda template: template.direction == "pull")[0]
sent = templates.filtered(lambda template: template.direction == "push")[0]
sent.name = "Of other records"
env.flush_all()
env.cr.execute("UPDATE ml_feed_template SET model_name = 'res.users' WHERE id = %s", [sent.id])
file = env["ml.feed.file"].create({
    "name": "a.csv", "connection_id": files.id, "template_id": read.id, "direction": "pull", "state": "failed",
    "folder": read.folder, "flow_id": read.flow_id.id,
})
file._attach(b"a")
user("maps", "ml_connector.group_ml_connector_user", "account.group_account_invoice")
user("sees", "ml_connector.group_ml_connector_user")
env.cr.commit()
"""

UPGRADED = """
import json
from odoo.addons.ml_connector.vault import secret_box
from odoo.addons.ml_connector.core.own_ids import MARKS_SINCE
env = env(context={"active_test": False})
connections = {connection.name: connection for connection in env["ml.connection"].search([])}
ramp = connections["Ramp"]
token = env["ml.token"].search([("connection_id", "=", ramp.id)])
verify = env["ml.sync.attempt"]._verify
templates = env["ml.feed.template"].search([("connection_id", "=", connections["Files"].id)])
accountants = env.ref("ml_connector.group_ml_connector_accountant")
print(json.dumps({
    "state": [ramp.state, ramp.is_copy, ramp.credential_ids.filtered("is_secret")[0]._plaintext()],
    "refresh": secret_box.decrypt(env, token.refresh_ciphertext),
    "lacking": [finding.message for finding in ramp._user_findings()],
    "copies": [name for name, connection in connections.items() if connection.is_copy],
    "users": {name: [c.user_id.ml_is_integration, c.user_id.active] for name, c in connections.items()},
    "shared users": len(connections) - len({connection.user_id for connection in connections.values()}),
    "business": bool(ramp.business),
    "webhooks arrive at": ramp.webhook_base,
    "marks": bool(env["ir.config_parameter"].get_param(MARKS_SINCE)),
    "failed before": {log.external_id: log.state for log in env["ml.sync.log"].search([])},
    "trail": {name: verify(connections[name]) for name in ("Ramp", "Moved")},
    "verified": {
        name: env["ml.sync.attempt"].search([("connection_id", "=", connections[name].id)], limit=1).message
        for name in ("Ramp", "Moved")
    },
    "mappings": {row.external_id: bool(row.res_id) for row in env["ml.mapping"].search([("kind", "=", "vendor")])},
    "rules": {rule.pattern: [rule.active, bool(rule.res_id)] for rule in env["ml.mapping.rule"].search([])},
    "templates off": templates.filtered(lambda template: not template.active).mapped("name"),
    "told": connections["Files"].activity_ids.mapped("summary"),
    "file": env["ml.feed.file"].search([]).attachment_id.res_field,
    "agreed": env["ml.binding"].search([("external_id", "=", "vendor-1")]).agreed_odoo,
    "maps": [user.login for user in accountants.all_user_ids if user.login in ("maps", "sees")],
}))
"""

ROWS_OF_19_0_1_1_0 = """
company = env.company
ramp = connect("Ramp", "ramp", environment="sandbox")
ramp.write({"state": "connected", "check_state": "ok"})
visma = connect("Visma", "visma")
source = connect("Source", "ramp", environment="sandbox", target_id=visma.id, target_mode="bridge")
files = connect("Files", "stampli")
user("maps", "ml_connector.group_ml_connector_accountant", "account.group_account_invoice")

vendor = env["res.partner"].create({"name": "Vendor", "supplier_rank": 1})
env["ml.binding"].create([
    {"connection_id": ramp.id, "kind": "vendor", "external_id": "vendor-1", "res_model": "res.partner",
     "res_id": vendor.id, "external_version": "7", "fingerprint": "abc", "agreed_vendor": {"street": "Old 1"}},
])

def account(number):
    return env["account.account"].create({
        "name": f"Account {number}", "code": f"9{number}", "account_type": "expense",
        "company_ids": [Command.set(company.ids)],
    })

accounts = {number: account(number) for number in range(1, 7)}

def mapping(connection, code, **values):
    return env["ml.mapping"].create({
        "connection_id": connection.id, "kind": "account", "external_id": f"id-{code}", "external_code": code,
        "external_name": f"Code {code}", **values,
    })

mapping(ramp, "manual").res_id = accounts[1].id
mapping(ramp, "by code").write({"res_id": accounts[2].id, "origin": "code"})
mapping(ramp, "ignored").is_ignored = True
first, second = mapping(ramp, "first"), mapping(ramp, "second")
mapping(ramp, "finer").res_id = accounts[3].id
finer = env["ml.mapping"].search([("external_code", "=", "finer")])
for number, values in (4, {"mapping_id": finer.id}), (5, {"is_ignored": True}), (6, {}):
    env["ml.outgoing.code"].create({
        "connection_id": ramp.id, "kind": "account", "res_id": accounts[number].id,
        "name": f"Account {number}", **values,
    })
target = mapping(visma, "target")
forwarded = mapping(source, "forwarded")
forwarded.target_mapping_id = target
env["ml.binding"].create({
    "connection_id": visma.id, "kind": "account", "external_id": "made", "res_model": "ml.mapping",
    "res_id": forwarded.id,
})
mapping(source, "left out").is_ignored = True
mapping(source, "no_account", external_id="no_account")
both = mapping(source, "both")
both.write({"res_id": accounts[1].id, "is_ignored": True})
unmapped = mapping(source, "not forwarded yet")

def log(name, flow, state="waiting", error_class="mapping", connection=ramp, **values):
    flow = connection.flow_ids.filtered(lambda other: other.key == flow)
    return env["ml.sync.log"].create({
        "name": name, "connection_id": connection.id, "company_id": company.id, "flow_id": flow.id, "kind": flow.kind,
        "direction": flow.direction, "state": state, "error_class": error_class, "external_id": name, "try_count": 1,
        "error_message": "Example", **values,
    })

def awaits(kind, key, name=False):
    return {"depends_kind": kind, "depends_external_id": key, "depends_name": name}

order = {"res_model": "purchase.order", "res_id": 900, "external_id": False}
log("two codes", "bills", waiting_mapping_ids=[Command.set([first.id, second.id])])
log("credit to book", "transactions", connection=source, waiting_mapping_ids=[Command.set(unmapped.ids)])
log("code without a mapping", "bills_push", res_model="account.move", res_id=902, external_id=False,
    **awaits("code:account", "account.account,0", "Account 0"))
log("code to forward", "bills", connection=source, waiting_mapping_ids=[Command.set(unmapped.ids)])
log("bill", "payments", **awaits("bill", "bill-1", "INV-1"))
log("deleted bill", "payments", is_awaited_gone=True, **awaits("bill", "bill-2", "INV-2"))
log("failed bill", "payments", "failed", "in_vain", **awaits("bill", "bill-3", "INV-3"))
log("vendor", "purchase_orders_push", **order, **awaits("vendor", f"res.partner,{vendor.id}", "Vendor"))
log("code", "bills_push", res_model="account.move", res_id=901, external_id=False,
    **awaits("code:account", f"account.account,{accounts[6].id}", "Account 6"))
log("change of the provider", "vendors_push", error_class="unseen_change", res_model="res.partner", res_id=vendor.id,
    **awaits("vendor", "vendor-1"))
log("currency", "bills", error_class="not_ready", **awaits("odoo", f"res.currency,{company.currency_id.id}"))
log("rate", "bills", error_class="not_ready", **awaits("odoo", "res.currency.rate,"))
log("result", "results", kind="result", direction="push", **awaits("result", "bill-1", "INV-1"))
log("ignored", "payments", "ignored", **awaits("bill", "bill-1", "INV-1"))
log("retried", "payments", "pending", **awaits("bill", "bill-1", "INV-1"))
env["ml.sync.attempt"]._append(ramp, [
    {"subject": "bills bill-1", "action": "write", "outcome": "failed"},
    {"subject": "bills bill-2", "action": "write", "outcome": "created"},
])
read = [("connection_id", "=", files.id), ("direction", "=", "pull")]
env["ml.feed.template"].search(read, limit=1).write({"name": "Own", "file_name": "own*"})
env.cr.commit()
"""

UPGRADED_FROM_19_0_1_1_0 = """
import json
connections = {connection.name: connection for connection in env["ml.connection"].search([])}
ramp = connections["Ramp"]
ids = {f"account.account,{account.id}": account.name for account in env["account.account"].search([])}
ids |= {f"res.partner,{env['res.partner'].search([('name', '=', 'Vendor')]).id}": "Vendor"}
ids |= {f"res.currency,{env.company.currency_id.id}": "Currency"}
logs = {log.name: log for log in env["ml.sync.log"].search([])}
accountant = env["res.users"].search([("login", "=", "maps")])
waits = {
    name: [
        [
            *(wait.reason, wait.kind, ids.get(wait.key, wait.key), wait.name, wait.mapping_id.external_code),
            *(wait.mapping_id.direction, wait.is_gone),
        ]
        for wait in log.wait_ids
    ]
    for name, log in logs.items()
}
before = {name: log.state for name, log in logs.items()}
verify = env["ml.sync.attempt"]._verify
trail = verify(ramp)
def released(name, **values):
    states = []
    for row in logs[name].waiting_mapping_ids.with_user(accountant):
        row.write(values)
        states.append(logs[name].state)
    return states
def code(name):
    return env["ml.mapping"].search([("external_code", "=", name), ("direction", "=", "in")]).id
template = env["ml.feed.template"].search([("name", "=", "Own")])
binding = env["ml.binding"].search([("external_id", "=", "vendor-1")])
made = env["ml.binding"].search([("external_id", "=", "made")])
def mapped(direction, connection):
    rows = env["ml.mapping"].search([("direction", "=", direction), ("connection_id", "=", connections[connection].id)])
    return {row.display_name: [row.state, row.origin, row.code_id.external_code] for row in rows}
print(json.dumps({
    "out": mapped("out", "Ramp"),
    "in": mapped("in", "Source"),
    "in of Ramp": mapped("in", "Ramp"),
    "forward": mapped("forward", "Source"),
    "forward of others": mapped("forward", "Ramp"),
    "made": [made.res_model, env["ml.mapping"].browse(made.res_id).display_name,
             env["ml.mapping"].browse(made.res_id).direction],
    "waits": waits,
    "states": {state: sorted(name for name in before if before[name] == state) for state in set(before.values())},
    "of another connection": len(env["ml.wait"].search([]).filtered(
        lambda wait: wait.connection_id != wait.log_id.connection_id)),
    "released": [
        released("two codes", res_id=env["account.account"].search([("name", "=", "Account 1")]).id),
        released("code", code_id=code("finer")),
        released("code to forward", code_id=code("target")),
    ],
    "trail": [trail, verify(ramp)],
    "template": [template.file_name, template.active, bool(template.column_ids)],
    "binding": [binding.external_version, binding.fingerprint, binding.agreed_vendor],
}))
"""

MAKE_CONNECTION = """
connection = env["ml.connection"].create({"name": "Ramp", "provider": "ramp", "environment": "sandbox"})
connection.credential_ids.filtered("is_secret").new_secret = "example-secret"
connection.message_post(body="A note")
env.cr.commit()
"""

UNINSTALL = """
env["ir.module.module"].search([("name", "=", "ml_connector")]).button_immediate_uninstall()
env.cr.commit()
"""


LOAD_DEMO = """
from odoo.tools import convert_file
convert_file(env, "ml_connector", "demo/ml_connector_demo.xml", {}, mode="init", noupdate=True)
env.cr.commit()
"""

NEUTRALIZE = """
from odoo.modules.neutralize import neutralize_database
neutralize_database(env.cr)
env.cr.commit()
"""


@pytest.fixture(scope="module")
def log():
    path = paths.LOG / "lifecycle.log"
    path.unlink(missing_ok=True)
    return path


@pytest.fixture(scope="module")
def database(log):
    with odoo.temporary_database("test_lifecycle", install=False) as name:
        yield name


def run(database, log, *arguments):
    odoo.run(database, *arguments, "--stop-after-init", log=log.stem)


def complaints(log):
    """Warnings and errors that name us."""
    lines = log.read_text().splitlines()
    return [line for line in lines if re.search(r" (WARNING|ERROR|CRITICAL) ", line) and "ml" in line.split(":", 3)[-1]]


def upgraded(database, log, folder, version, rows, look):
    """What `look` finds after the upgrade of a database with `rows` of an earlier version."""
    with tarfile.open(RELEASES / f"ml_connector-{version}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    folders = [other for other in odoo.addons_path() if other != paths.ROOT]
    released = f"--addons-path={','.join(map(str, [*folders, folder]))}"
    run(database, log, "-i", "ml_connector", released)
    odoo.shell(database, CONNECT + rows, released)
    run(database, log, "-u", "ml_connector")
    return json.loads(odoo.shell(database, look))


def test_upgrade_from_19_0_1_0_0_and_uninstall(database, log, tmp_path):
    """Connections keep working, or say what a person has to decide."""
    before = set(map(tuple, postgres.query(database, LEFT_BEHIND)))
    found = upgraded(database, log, tmp_path, "19.0.1.0.0", ROWS_OF_19_0_1_0_0, UPGRADED)
    assert found == {
        "state": ["connected", False, "example-secret"],
        "refresh": "example-refresh",
        "lacking": [],
        "copies": ["Moved"],
        "users": {name: [True, name != "Archived"] for name in ("Archived", "Files", "Moved", "Ramp")},
        "shared users": 0,
        "business": True,
        "webhooks arrive at": "https://odoo.example.com",
        "marks": True,
        "failed before": {"bill-1": "pending", "replaced": "superseded", "asked twice": "pending"},
        "trail": {"Ramp": "", "Moved": ""},
        "verified": {
            "Ramp": "2 attempts were verified as they were written, and are signed from now on.",
            "Moved": "Attempt 1 did not agree with its checksum when the attempts were signed.",
        },
        "mappings": {"Gone": False, "Kept": True},
        "rules": {"Gone": [False, False], "Kept": [True, True]},
        "templates off": ["Of other records"],
        "told": ["Feed templates of Files were switched off"],
        "file": "attachment_id",
        "agreed": {"street": "Old 1", "name:ada@example.com": "ada", "phone:ada@example.com": "1"},
        "maps": ["maps"],
    }
    odoo.shell(database, UNINSTALL)
    assert not odoo.installed(database)
    assert set(map(tuple, postgres.query(database, LEFT_BEHIND))) == before
    assert complaints(log) == []


def test_upgrade_from_19_0_1_1_0(log, tmp_path):
    """Mappings and what transfers wait for have their new form, and the transfers continue as before."""
    with odoo.temporary_database("test_upgrade", install=False) as name:
        found = upgraded(name, log, tmp_path, "19.0.1.1.0", ROWS_OF_19_0_1_1_0, UPGRADED_FROM_19_0_1_1_0)
    assert found == {
        "out": {
            "Account 4": ["mapped", "manual", "finer"],
            "Account 5": ["ignored", False, False],
            "Account 6": ["unmapped", False, False],
        },
        "in": {
            **{f"{code} Code {code}": ["unmapped", False, False] for code in ("forwarded", "not forwarded yet")},
            "left out Code left out": ["ignored", False, False],
            "both Code both": ["mapped", "manual", False],
        },
        "in of Ramp": {
            "manual Code manual": ["mapped", "manual", False],
            "by code Code by code": ["mapped", "code", False],
            "ignored Code ignored": ["ignored", False, False],
            "finer Code finer": ["mapped", "manual", False],
            **{f"{code} Code {code}": ["unmapped", False, False] for code in ("first", "second")},
        },
        "forward": {
            "forwarded Code forwarded": ["mapped", False, "target"],
            "left out Code left out": ["ignored", False, False],
            "both Code both": ["ignored", False, False],
            "no_account Code no_account": ["unmapped", False, False],
            "not forwarded yet Code not forwarded yet": ["unmapped", False, False],
        },
        "forward of others": {},
        "made": ["ml.mapping", "forwarded Code forwarded", "forward"],
        "waits": {
            "two codes": [
                ["mapping", "account", "id-first", False, "first", "in", False],
                ["mapping", "account", "id-second", False, "second", "in", False],
            ],
            "code to forward": [
                ["mapping", "account", "id-not forwarded yet", False, "not forwarded yet", "forward", False]
            ],
            "bill": [["remote", "bill", "bill-1", "INV-1", False, False, False]],
            "deleted bill": [["remote", "bill", "bill-2", "INV-2", False, False, True]],
            "failed bill": [["remote", "bill", "bill-3", "INV-3", False, False, False]],
            "vendor": [["sent", "vendor", "Vendor", "Vendor", False, False, False]],
            "code": [["mapping", "account", "Account 6", "Account 6", False, "out", False]],
            "change of the provider": [["remote", "vendor", "vendor-1", False, False, False, False]],
            "currency": [["change", False, "Currency", False, False, False, False]],
            "rate": [["change", False, "res.currency.rate,", False, False, False, False]],
            "result": [["result", False, "bill-1", "INV-1", False, False, False]],
            "credit to book": [["mapping", "account", "id-not forwarded yet", False, "not forwarded yet", "in", False]],
            "code without a mapping": [],
            "ignored": [],
            "retried": [["remote", "bill", "bill-1", "INV-1", False, False, False]],
        },
        "states": {
            "waiting": sorted(
                [
                    *("two codes", "code to forward", "credit to book", "bill", "deleted bill", "vendor", "code"),
                    *("change of the provider", "currency", "rate", "result"),
                ]
            ),
            "failed": ["failed bill"],
            "ignored": ["ignored"],
            "pending": ["code without a mapping", "retried"],
        },
        "of another connection": 0,
        "released": [["waiting", "pending"], ["pending"], ["pending"]],
        "trail": ["", ""],
        "template": ["own*", True, True],
        "binding": ["7", "abc", {"street": "Old 1"}],
    }
    assert complaints(log) == []


def test_install_again_after_uninstall(database, log):
    run(database, log, "-i", "ml_connector")
    assert odoo.installed(database)


def test_demo_data_load_and_call_nobody():
    with odoo.temporary_database("test_demo_data") as name:
        odoo.shell(name, LOAD_DEMO)
        states = {state for (state,) in postgres.query(name, "SELECT state FROM ml_connection")}
        assert states and states <= {"draft", "paused"}


def test_neutralized_database_keeps_no_secret(log):
    with odoo.temporary_database("test_neutralize") as name:
        odoo.shell(name, MAKE_CONNECTION)
        odoo.shell(name, NEUTRALIZE)
        assert postgres.query(name, "SELECT count(*) FROM ml_credential WHERE ciphertext IS NOT NULL") == [(0,)]
        assert postgres.query(name, "SELECT DISTINCT state FROM ml_connection") == [("paused",)]
