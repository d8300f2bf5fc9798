"""What a person decides is in the audit trail with his name; what somebody does to the trail by SQL is noticed.

All public methods and all open fields of all models are tried, as they are declared: a new one that leaves nothing in
the trail fails here, or has to be among those that decide nothing.
"""

import base64

import pytest
from support.declared import DECLARED, WHOLE_DATABASE, records_of
from support.people import Refused

PERSON = {"resolve": "user", "map": "accountant", "administer": "administrator", "system": "admin"}
"""Who holds a right; `admin` is the administrator of the whole database."""
ROW = """
SELECT person, user_number, create_uid, action, message, old_value, new_value, res_model, res_id, key_id
  FROM ml_sync_attempt WHERE connection_id = %s AND sequence > %s ORDER BY sequence
"""
CHANGED = ("account.move", "account.payment", "hr.expense", "purchase.order")
DECIDES_NOTHING = {
    ("ml.connection", "action_align"),  # lists what there is to decide
    ("ml.connection", "action_recover"),  # opens the wizard that lists what Odoo lacks
    ("ml.feed.file", "action_correct"),  # opens the wizard that imports
    ("ml.feed.file", "action_download"),
    ("ml.feed.import", "action_try"),  # shows how a file would be read
    ("ml.feed.template", "action_try"),  # opens the wizard that shows it
    ("ml.sync.log", "action_ignore"),  # opens the wizard that ignores
    *((model, "action_ml_compare") for model in CHANGED),  # opens the row
    *((model, "action_ml_keep") for model in CHANGED),  # opens the wizard that ignores
}
ROWS_BUTTON = {(model, "action_ml_rebook") for model in CHANGED}
"""They press the row's button, which is tried here."""
TRIED_INSIDE = {("ml.sync.log", "action_bring_again")}
"""Methods that need providers at work: tried in `ml_connector/tests`, in `test_bridge.py` and `test_merges.py`."""
WIZARDS = ("ml.ignore", "ml.dry.run", "ml.feed.import", "ml.recovery")
NOT_HERE = {("ml.feed.column", "path")}
"""A column of a file that is read has no field of Odoo."""


@pytest.fixture(scope="module")
def office(offices):
    offices.a.people["admin"] = offices.admin
    offices.code(f"env['res.users'].browse({offices.a.administrator.id}).name = 'Ann Administrator'; result = 0")
    offices.code(
        f"""
admin = env.ref("base.user_admin")
admin.write({{
    "company_ids": [(4, {offices.a.company}), (4, {offices.b.company})], "company_id": {offices.a.company},
    "group_ids": [(4, env.ref("ml_connector.group_ml_connector_manager").id),
                  (4, env.ref("account.group_account_manager").id)],
}})
result = admin.id
"""
    )
    return offices.a


@pytest.fixture(scope="module")
def declared(offices):
    return offices.code(DECLARED)


@pytest.fixture(scope="module")
def records(offices, office):
    found = records_of(offices, office)
    found |= offices.code(
        f"""
company = env["res.company"].browse({office.company})
env = env(context={{"allowed_company_ids": company.ids}})
connection = env["ml.connection"].browse({office.connection})
target = env["ml.connection"].create({{"name": "Target", "provider": "visma", "company_id": company.id}})
files = env["ml.connection"].create({{"name": "Files", "provider": "stampli", "company_id": company.id}})
partner = env["res.partner"].create({{"name": "Evil Ltd", "company_id": company.id}})
Mapping = env["ml.mapping"]
outgoing = Mapping.create(
    {{"connection_id": connection.id, "direction": "out", "kind": "vendor", "res_id": partner.copy().id}}
)
result = {{
    "target": target.id, "files": files.id, "evil": partner.id, "ml.mapping.code_id": outgoing.id,
    "journal": env["account.journal"].search([("type", "=", "purchase"), ("company_id", "=", company.id)], limit=1).id,
    "expense": env["product.product"].search([("can_be_expensed", "=", True)], limit=1).id,
    "service": env["product.product"].create({{"name": "Any", "type": "service"}}).id,
    "tag": env["res.partner.category"].create({{"name": "Tag"}}).id,
    "account": env["account.account"].search([("account_type", "=", "expense"), ("company_ids", "in", company.id)],
                                             limit=1).id,
    "read": files.feed_template_ids.filtered(lambda template: template.direction == "pull")[:1].id,
    "sent": files.feed_template_ids.filtered(lambda template: template.direction == "push")[:1].id,
}}
"""
    )
    return found


class Trail:
    """What is new in the trail of a connection since this was made."""

    def __init__(self, offices, connection):
        self._offices, self._connection = offices, connection
        self._length = offices.rows(
            "SELECT COALESCE(max(sequence), 0) FROM ml_sync_attempt WHERE connection_id = %s", connection
        )[0][0]

    def new(self, person):
        """The new rows that name the person."""
        [(name,)] = self._offices.rows(
            "SELECT p.name FROM res_users u JOIN res_partner p ON p.id = u.partner_id WHERE login = %s",
            person.login,
        )
        names = ("person", "user_number", "create_uid", "action", "message", "old", "new", "res_model", "res_id", "key")
        rows = [dict(zip(names, row, strict=True)) for row in self._offices.rows(ROW, self._connection, self._length)]
        for row in rows:
            assert row["key"]
            assert row["user_number"] == row["create_uid"]
        return [row for row in rows if row["person"] == name and name in row["message"]]


def other_value(field, name, old, records):
    """Another value for a field, as it is written over RPC."""
    special = {
        "environment": "sandbox",
        "custom_url": "https://example.com",
        "owner_id": records["other_owner"],
        "target_id": records["target"],
        "journal_id": records["journal"],
        "expense_product_id": records["expense"],
        "order_product_id": records["service"],
        "group_tag_ids": [[6, 0, [records["tag"]]]],
        "user_id": records["worker"],
        "res_id": records["evil"],
        "code_id": records["ml.mapping"],
        "date_format": "%d.%m.%Y",
        "datetime_format": "%d.%m.%Y %H:%M:%S",
        "domain": "[('id', '>', 0)]",
        "lines_domain": "[('id', '>', 0)]",
        "value_map": "open=O",
        "start_date": "2026-01-01",
        "accepted_path": "done/{name}",
        "rejected_path": "error/{name}",
    }
    if name in special:
        return special[name]
    if field["type"] == "selection":
        return next(value for value, _label in field["selection"] if value != old)
    if field["type"] == "boolean":
        return not old
    if field["type"] in ("integer", "float"):
        return old + 1
    assert field["type"] in ("char", "text"), (name, field)
    return f"{old or ''}x"


WORKER = """
result = env["res.users"].create({{
    "name": "Worker",
    "login": "worker",
    "company_id": {company},
    "company_ids": [(6, 0, [{company}])],
    "group_ids": [(6, 0, env.ref("base.group_user").ids)],
}}).id
"""
"""An internal user as whom a connection may work: who is chosen cannot log in any more."""


def test_each_open_field_is_told_with_its_old_and_new_value(offices, office, declared, records):
    records["other_owner"] = office.user.id
    records["worker"] = offices.code(WORKER.format(company=office.company))
    missing = []
    for model, declaration in sorted(declared.items()):
        if model in WIZARDS or model == "res.config.settings":
            continue
        fields = office.admin.call(model, "fields_get", [], ["type", "selection"])
        fields_open = {name: rights for name, rights in declaration["fields"].items() if rights and rights != "birth"}
        # last, because a record that is archived is not found any more
        for name in sorted(fields_open, key=lambda name: name == "active"):
            if fields[name]["type"] == "one2many" or (model, name) in NOT_HERE:
                continue
            person = office.people[PERSON[fields_open[name][0]]]
            record = records.get(f"{model}.{name}", records[model])
            old = person.call(model, "read", [record], [name])[0][name]
            trail = Trail(offices, office.connection)
            person.call(model, "write", [record], {name: other_value(fields[name], name, old, records)})
            rows = trail.new(person)
            if name in ("value", "new_secret"):
                told = any(row["action"] == "credential" for row in rows)
            else:
                told = any(row["action"] == "change" and row["old"] != row["new"] for row in rows)
            if not told:
                missing.append((model, name))
            if name == "active":
                person.call(model, "write", [record], {name: True})
    assert missing == []
    values = offices.rows("SELECT count(*) FROM ml_sync_attempt t WHERE to_jsonb(t)::text ~ 'EXAMPLEx|example-secretx'")
    assert values == [(0,)], "credentials are told of by name only"


LOSE = "connection.credential_ids.filtered('is_secret')[0].ciphertext = 'which no key opens'"
CASES = {
    ("ml.connection", "action_test"): "",
    ("ml.connection", "action_start"): "connection.check_state = 'ok'",
    ("ml.connection", "action_sync_now"): "",
    ("ml.connection", "action_switch_on_job"): "connection.cron_id.active = False",
    ("ml.connection", "action_pause"): "",
    ("ml.connection", "action_disconnect"): "",
    ("ml.connection", "action_subscribe"): "",
    ("ml.connection", "action_move_webhooks"): "connection.webhook_base = 'https://former.example.com'",
    ("ml.connection", "action_keep_address"): "connection.webhook_base = connection.get_base_url()",
    ("ml.connection", "action_unsubscribe"): "",
    ("ml.credential", "action_remove_secret"): "record = connection.credential_ids.filtered('is_secret')[:1]",
    ("ml.connection", "action_verify_attempts"): "",
    ("ml.connection", "action_adopt_database"): "connection.database_oid = '1'",
    ("ml.connection", "action_rotate_keys"): "",
    ("ml.connection", "action_discard_lost_secrets"): LOSE,
    ("ml.connection", "action_accept_host_key"): (
        "connection.stored_settings = {'host_key_seen': 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA=='}"
    ),
    ("res.config.settings", "action_rotate_ml_keys"): "",
    ("res.config.settings", "action_discard_ml_lost_secrets"): LOSE,
    ("ml.flow", "action_sync_now"): "",
    ("ml.flow", "action_dry_run"): "",
    ("ml.feed.template", "action_send_now"): "",
    ("ml.feed.template", "action_confirm_shrink"): "",
    ("ml.feed.file", "action_replay"): """
template = env["ml.feed.template"].browse(records["read"])
record = env["ml.feed.file"].create({
    "name": "a.csv", "connection_id": template.connection_id.id, "template_id": template.id, "direction": "pull",
    "state": "failed", "folder": template.folder, "flow_id": template.flow_id.id,
})
record._attach(b"a")""",
    ("ml.feed.file", "action_delivered"): """
template = env["ml.feed.template"].browse(records["sent"])
record = env["ml.feed.file"].create({
    "name": "b.csv", "connection_id": template.connection_id.id, "template_id": template.id, "direction": "push",
    "state": "built", "folder": template.folder, "flow_id": template.flow_id.id,
})""",
    ("ml.mapping", "action_leave_out"): "record = mapping('analytic', external_id='left')",
    ("ml.mapping", "action_create_records"): (
        "record = mapping('account', external_id='n1', external_code='987650', external_name='New')"
    ),
    ("ml.mapping", "action_propose"): (
        "record = mapping('account', external_id='n2',"
        " external_code=env['account.account'].browse(records['account']).with_company(connection.company_id).code)"
    ),
    ("ml.mapping", "action_accept_proposals"): (
        "record = mapping('vendor', external_id='proposed', proposed_id=records['evil'])"
    ),
    ("ml.mapping.rule", "action_apply"): "",
    ("ml.vendor.change", "action_approve"): "",
    ("ml.vendor.change", "action_reject"): "record = record.copy({'field_name': 'phone', 'state': 'waiting'})",
    ("ml.mapping", "action_create_in_provider"): """
connection.check_state = "none"
connection.flow_ids.filtered(lambda flow: flow.kind == "account" and flow.direction == "push").active = True
record = mapping("account", direction="out", res_id=records["account"])""",
    ("ml.sync.log", "action_retry"): "record = log('retry')",
    ("ml.sync.log", "action_arrived"): "record = log('arrived', state='unknown', direction='push')",
    ("ml.sync.log", "action_not_arrived"): "record = log('not arrived', state='unknown', direction='push')",
    ("ml.sync.log", "action_keep_odoo"): "record = log('keep', conflict={'email': ['a', 'b']})",
    ("ml.sync.log", "action_keep_provider"): "record = log('take', conflict={'email': ['a', 'b']})",
    ("ml.sync.log", "action_next_open_day"): "record = log('closed', error_class='locked_period')",
    ("ml.sync.log", "action_date_is_right"): "record = log('long ago', error_class='doubtful_date')",
    ("ml.sync.log", "action_book_difference"): """
entry = env["account.move"].create({"move_type": "entry"})
record = log(
    "revision", kind="expense_report", state="done", outcome="drift", res_model="account.move", res_id=entry.id
)""",
    ("ml.sync.log", "action_reverse_and_repost"): """
bill = env["account.move"].browse(records["account.move"])
bill.action_post()
record = log("drift", state="done", outcome="drift", res_model="account.move", res_id=bill.id)""",
    ("ml.webhook.event", "action_replay"): "",
}
"""What each method finds: code that sets `record`, where the one record of the model will not do."""
SET_UP = """
records = {records!r}
env = env(context={{"allowed_company_ids": [{company}]}})
connection = env["ml.connection"].browse({connection})
for credential in connection.credential_ids:
    credential.write({{"new_secret": "example-secret"}} if credential.is_secret else {{"value": "id_EXAMPLE"}})
def mapping(kind, **values):
    return env["ml.mapping"].create({{"connection_id": connection.id, "kind": kind, **values}})
def log(name, **values):
    flow = connection.flow_ids.filtered(lambda flow: flow.key == "bills")
    return env["ml.sync.log"].create({{
        "name": name, "connection_id": connection.id, "company_id": connection.company_id.id, "flow_id": flow.id,
        "direction": "pull", "kind": "bill", "state": "failed", "external_id": name, **values
    }})
record = env["{model}"].browse(records.get("{model}", []))
{prepare}
result = [record.ids, (record.connection_id if "connection_id" in record._fields else connection).id]
"""


def test_each_public_method_is_told_or_decides_nothing(offices, office, declared, records):
    deciding = {
        (model, method) for model, parts in declared.items() for method, rights in parts["methods"].items() if rights
    }
    cases = CASES.keys() | {("ml.ignore", "action_confirm"), ("ml.feed.import", "action_import")}
    cases |= {("ml.recovery", "action_look"), ("ml.recovery", "action_bring_in")}
    assert deciding == cases | DECIDES_NOTHING | ROWS_BUTTON | TRIED_INSIDE
    missing = []
    for (model, method), prepare in CASES.items():
        right = declared[model]["methods"][method][0]
        person = office.people[PERSON[right]]
        if method in ("action_create_records", "action_approve"):
            person = office.admin  # who may also create accounts and change contacts
        ids, connection = offices.code(
            SET_UP.format(
                records=records,
                company=office.company,
                connection=office.connection,
                model=model,
                prepare=prepare,
            )
        )
        trail = Trail(offices, connection or office.connection)
        person.call(model, method, *([] if method in WHOLE_DATABASE else [ids]))
        if not trail.new(person):
            missing.append((model, method))
    assert missing == []


def test_wizards_are_told(offices, office, records):
    user, administrator = office.user, office.administrator
    trail = Trail(offices, office.connection)
    wizard = user.call("ml.ignore", "create", {"reason": "Paid by hand", "log_ids": [[6, 0, [records["ml.sync.log"]]]]})
    user.call("ml.ignore", "action_confirm", [wizard])
    [row] = trail.new(user)
    assert (row["action"], row["res_model"]) == ("ignore", "ml.sync.log")
    assert "Paid by hand" in row["message"]

    trail = Trail(offices, records["files"])
    wizard = administrator.call(
        "ml.feed.import",
        "create",
        {"template_id": records["read"], "content": base64.b64encode(b"a;b").decode(), "name": "mine.csv"},
    )
    administrator.call("ml.feed.import", "action_import", [wizard])
    [row] = trail.new(administrator)
    assert row["action"] == "import"
    assert "SHA-256" in row["new"]

    trail = Trail(offices, office.connection)
    administrator.call("ml.dry.run", "create", {"flow_id": records["ml.flow"]})
    [row] = trail.new(administrator)
    assert row["action"] == "dry_run"

    trail = Trail(offices, office.connection)
    wizard = administrator.call("ml.recovery", "create", {"connection_id": office.connection, "since": "2026-01-05"})
    administrator.call("ml.recovery", "action_look", [wizard])
    offices.code(
        f"env['ml.recovery.line'].create({{'recovery_id': {wizard}, 'flow_id': {records['ml.flow']}, 'title': 'Lost',"
        " 'external_id': 'lost', 'item': {'external_id': 'lost', 'version': '1', 'title': 'Lost', 'payload': {}}})"
    )
    administrator.call("ml.recovery", "action_bring_in", [wizard])
    assert [row["action"] for row in trail.new(administrator)] == ["look", "recover"]


def test_supplier_of_a_mapping_is_told_with_both_records(offices, office, records):
    """Such a row decides who is paid."""
    accountant, mapping = office.accountant, records["ml.mapping"]
    honest = offices.code(
        f"result = env['res.partner'].create({{'name': 'Honest Ltd', 'company_id': {office.company}}}).id"
    )
    accountant.call("ml.mapping", "write", [mapping], {"res_id": honest})
    trail = Trail(offices, office.connection)
    accountant.call("ml.mapping", "write", [mapping], {"res_id": records["evil"]})
    accountant.call("ml.mapping", "write", [mapping], {"res_id": honest})
    there, back = trail.new(accountant)
    assert there["old"] == back["new"] == f"Honest Ltd ({honest})"
    assert there["new"] == back["old"] == f"Evil Ltd ({records['evil']})"
    assert (there["res_model"], there["res_id"]) == ("ml.mapping", mapping)
    with pytest.raises(Refused):
        accountant.call("ml.mapping", "write", [mapping], {"origin": "code"})


def test_what_is_created_and_deleted_is_told(offices, office, records):
    accountant, administrator = office.accountant, office.administrator
    made = {
        "ml.mapping.rule": (accountant, {"kind": "vendor", "pattern": "X*", "res_id": records["evil"]}),
        "ml.mapping": (accountant, {"kind": "vendor", "external_id": "made by hand"}),
        "ml.feed.template": (
            administrator,
            {
                "name": "Mine",
                "flow_id": records["ml.flow"],
                "entity": "bills",
                "folder": "in",
                "file_name": "x.*",
                "archive_mode": "leave",
                "column_ids": [[0, 0, {"label": "Id", "name": "id"}]],
            },
        ),
    }
    for model, (person, values) in made.items():
        trail = Trail(offices, office.connection)
        record = person.call(model, "create", {"connection_id": office.connection, **values})
        rows = trail.new(person)
        assert ("create", model, record) in [(row["action"], row["res_model"], row["res_id"]) for row in rows]
        if model == "ml.feed.template":
            assert len(rows) == 2, "its column too, in the template's history"
            assert {row["res_id"] for row in rows} == {record}
        trail = Trail(offices, office.connection)
        person.call(model, "unlink", [record])
        [row] = trail.new(person)
        assert (row["action"], row["res_model"], row["res_id"]) == ("delete", model, record)
        assert row["old"]
    trail = Trail(offices, office.connection)
    administrator.call("ml.binding", "unlink", [records["ml.binding"]])
    [row] = trail.new(administrator)
    assert (row["action"], row["res_model"]) == ("delete", "ml.binding")


def test_what_the_engine_does_names_nobody(offices, office, records):
    trail = offices.rows("SELECT max(id) FROM ml_sync_attempt")[0][0]
    offices.code(
        f"""
connection = env["ml.connection"].browse({office.connection})
connection.write({{"state": "paused", "name": "Renamed by the engine"}})
connection.flow_ids[0].write({{"interval_number": 7}})
env["ml.sync.attempt"]._append(connection, [{{"subject": "x", "action": "read", "outcome": "failed"}}])
result = 0
"""
    )
    rows = offices.rows("SELECT person, action FROM ml_sync_attempt WHERE id > %s", trail)
    assert rows == [(None, "read")]


def test_trail_is_whole_and_a_changed_row_is_shown_on_the_form(offices, office):
    """The job does what the button asks for, and what it finds stands on the form in red."""
    administrator, connection = office.administrator, office.connection
    run = f"env['ml.connection'].browse({connection})._cron_run(); result = 0"
    answer = administrator.call("ml.connection", "action_verify_attempts", [connection])
    assert answer["tag"] == "ml_connector.wait"
    offices.code(run)
    names = ["audit_state", "audit_message"]
    assert administrator.call("ml.connection", "read", [connection], names)[0]["audit_state"] == "ok"

    [(sequence,)] = offices.rows(
        """UPDATE ml_sync_attempt SET create_uid = 2, write_uid = 2 WHERE id = (
               SELECT max(id) FROM ml_sync_attempt WHERE connection_id = %s AND person LIKE 'Ann%%')
           RETURNING sequence""",
        connection,
    )
    administrator.call("ml.connection", "action_verify_attempts", [connection])
    offices.code(run)
    shown = administrator.call("ml.connection", "read", [connection], names)[0]
    assert shown["audit_state"] == "error"
    assert f"Attempt {sequence} was changed" in shown["audit_message"]


def test_nobody_writes_into_the_trail(offices, office):
    for person in offices.people:
        for method, arguments in (
            ("create", [{"connection_id": office.connection, "sequence": 1, "action": "pause"}]),
            ("_append_decisions", [office.connection, [{"action": "pause", "subject": "x"}]]),
        ):
            with pytest.raises(Refused):
                person.call("ml.sync.attempt", method, *arguments)
