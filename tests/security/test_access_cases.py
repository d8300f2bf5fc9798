"""What people tried who wanted more than they had: each is refused with one sentence, and nothing changes."""

import pytest
from support.declared import records_of

ACCESS_ERROR = "odoo.exceptions.AccessError"
TABLES = (
    *("ml_connection", "ml_flow", "ml_mapping", "ml_mapping_rule", "ml_feed_template"),
    *("ml_feed_column", "ml_feed_file", "ml_sync_log", "ml_dry_run", "ml_feed_import", "ml_binding", "ml_credential"),
    *("hr_expense", "account_move", "account_payment", "res_partner"),
)


@pytest.fixture(scope="module")
def a(offices):
    """{model: id} in company A"""
    return records_of(offices, offices.a)


@pytest.fixture(scope="module")
def b(offices):
    """{model: id} in company B"""
    return records_of(offices, offices.b)


@pytest.fixture
def unchanged(offices, a, b):
    """Nothing is written by the whole test."""

    def stored():
        return {table: offices.rows(f"SELECT to_jsonb(t) FROM {table} t ORDER BY id") for table in TABLES}

    before = stored()
    yield
    after = stored()
    for table in TABLES:
        assert after[table] == before[table]


def refused(person, model, method, *arguments, **options):
    """The one sentence with which the call is refused for want of a right."""
    error = person.refuses(model, method, *arguments, **options)
    assert error.name == ACCESS_ERROR, error
    return error.message


def push_flow(offices, office):
    """The flow of vendors from Odoo."""
    return offices.rows(
        "SELECT id FROM ml_flow WHERE connection_id = %s AND direction = 'push' AND kind = 'vendor'", office.connection
    )[0][0]


# -- values that a write leads to ------------------------------------------------------------------------------------


def test_mapping_stays_with_its_connection_and_vendor(offices, a, b, unchanged):
    evil = b["res.partner"]
    for values in (
        {"kind": "vendor", "external_id": "honest", "res_id": evil},
        {"connection_id": offices.a.connection},
        {"company_id": offices.a.company},
        {"origin": "code"},
        {"external_id": "honest"},
        {"state": "mapped"},
        {"wait_ids": [(6, 0, [a["ml.wait"]])]},
    ):
        for person in (offices.b.user, offices.b.accountant, offices.b.administrator):
            refused(person, "ml.mapping", "write", [b["ml.mapping"]], values)
            refused(person, "ml.mapping", "web_save", [b["ml.mapping"]], values, {})


def test_connection_is_not_moved_into_another_company(offices, a, b, unchanged):
    for values in (
        {"company_id": offices.a.company, "state": "connected", "check_state": "ok"},
        {"company_id": offices.a.company},
        {"state": "draft"},
        {"provider": "stampli"},
    ):
        refused(offices.b.administrator, "ml.connection", "write", [offices.b.connection], values)


def test_used_connection_is_not_moved(offices, a, b, unchanged):
    for values in ({"state": "draft"}, {"company_id": offices.branch}, {"company_id": offices.b.company}):
        refused(offices.a.administrator, "ml.connection", "write", [offices.a.connection], values)


def test_flow_is_not_moved(offices, a, b, unchanged):
    flow = push_flow(offices, offices.b)
    for values in (
        {"company_id": offices.a.company, "active": True},
        {"key": "x", "active": True},
        {"key": "x", "connection_id": offices.a.connection},
        {"kind": "bill"},
        {"direction": "pull"},
        {"next_run_at": "2099-01-01 00:00:00"},
        {"cursor": "9"},
    ):
        refused(offices.b.administrator, "ml.flow", "write", [flow], values)
        commands = [(1, flow, values)]
        refused(offices.b.administrator, "ml.connection", "write", [offices.b.connection], {"flow_ids": commands})
    link = [(4, push_flow(offices, offices.a))]
    refused(offices.b.administrator, "ml.connection", "write", [offices.b.connection], {"flow_ids": link})


def test_template_belongs_to_its_flow_for_good(offices, a, b, unchanged):
    administrator = offices.b.administrator
    for values in (
        {"connection_id": offices.a.connection},
        {"flow_id": a["ml.flow"]},
        {"company_id": offices.a.company},
        {"model_name": "account.move"},
        {"column_ids": [(4, a["ml.feed.column"])]},
    ):
        refused(administrator, "ml.feed.template", "write", [b["ml.feed.template"]], values)
    new = {
        "name": "New", "entity": "x", "folder": "out", "file_name": "x.*", "archive_mode": "leave",
        "connection_id": offices.b.connection, "flow_id": a["ml.flow"],
    }  # fmt: skip
    message = refused(administrator, "ml.feed.template", "create", [new])
    assert message == "You cannot read the record chosen as Flow."
    default = {"context": {"default_flow_id": new.pop("flow_id")}}
    refused(administrator, "ml.feed.template", "create", [new], **default)
    refused(administrator, "ml.feed.template", "copy", [b["ml.feed.template"]], {"flow_id": a["ml.flow"]})


def test_rule_and_column_are_not_moved(offices, a, b, unchanged):
    administrator = offices.b.administrator
    for values in ({"connection_id": offices.a.connection}, {"company_id": offices.a.company}, {"kind": "account"}):
        refused(administrator, "ml.mapping.rule", "write", [b["ml.mapping.rule"]], values)
    moved = {"label": "Evil", "template_id": a["ml.feed.template"]}
    refused(administrator, "ml.feed.column", "write", [b["ml.feed.column"]], moved)
    refused(administrator, "ml.feed.column", "create", [moved])


@pytest.fixture
def outgoing(offices, b):
    """A mapping of company B out of Odoo."""
    return mappings(offices, {"direction": "out", "kind": "vendor", "res_id": b["res.partner"]})[0]


def test_code_for_sending_names_a_code_of_its_own_connection(offices, a, b, outgoing, unchanged):
    for person in (offices.b.user, offices.b.accountant, offices.b.administrator):
        for values in (
            {"code_id": a["ml.mapping"]},
            {"connection_id": offices.a.connection},
            {"direction": "in"},
            {"external_id": "honest"},
            {"name": "Mine"},
            {"res_id": b["res.partner"]},
            {"code_id": b["ml.mapping"], "res_id": offices.rows("SELECT max(id) FROM res_partner")[0][0]},
        ):
            refused(person, "ml.mapping", "write", [outgoing], values)
            refused(person, "ml.mapping", "web_save", [outgoing], values, {})
        refused(person, "ml.mapping", "write", [b["ml.mapping"]], {"code_id": b["ml.mapping"]})
        new = {"connection_id": offices.b.connection, "kind": "vendor"}
        refused(person, "ml.mapping", "create", [{**new, "direction": "out", "res_id": b["res.partner"]}])
        refused(person, "ml.mapping", "create", [{**new, "direction": "forward", "external_id": "new"}])


def test_only_a_code_of_the_same_kind_is_a_choice(offices, a, b):
    account, outgoing, another = mappings(
        offices,
        {"kind": "account", "external_id": "other"},
        {"direction": "out", "kind": "journal", "res_id": 1},
        {"direction": "out", "kind": "journal", "res_id": 2},
    )
    for refused_code in (account, another, b["ml.mapping"]):
        error = offices.b.accountant.refuses("ml.mapping", "write", [outgoing], {"code_id": refused_code})
        assert error.name == "odoo.exceptions.ValidationError"


def mappings(offices, *rows):
    """Ids of new mappings of company B, as the engine makes them."""
    rows = [{"connection_id": offices.b.connection, **values} for values in rows]
    return offices.code(f"result = env['ml.mapping'].create({rows!r}).ids")


def test_dry_run_is_its_makers(offices, a, b):
    administrator = offices.b.administrator
    (own,) = administrator.call("ml.dry.run", "create", [{"flow_id": b["ml.flow"]}])
    for values in (
        {"flow_id": a["ml.flow"], "company_id": offices.b.company},
        {"state": "done"},
        {"line_ids": [(0, 0, {"title": "x"})]},
    ):
        refused(administrator, "ml.dry.run", "write", [own], values)
    refused(administrator, "ml.dry.run", "create", [{"flow_id": a["ml.flow"]}])
    refused(administrator, "ml.dry.run", "create", [{"flow_id": b["ml.flow"], "state": "done"}])
    assert administrator.call("ml.dry.run", "search", []) == [own]
    refused(offices.a.administrator, "ml.dry.run", "read", [own], ["message"])
    refused(administrator, "ml.dry.run.line", "read", [b["ml.dry.run.line"]], ["title"])


# -- what only the engine sets ---------------------------------------------------------------------------------------


def test_connection_begins_as_a_draft(offices, a, b, unchanged):
    values = {"name": "Untested", "provider": "ramp", "company_id": offices.a.company}
    administrator = offices.a.administrator
    for sealed in (
        {"state": "connected", "check_state": "ok"},
        {"stored_settings": {"host_keys": ["ssh-ed25519 EVIL"]}},
        {"cron_id": 1},
        {"webhook_token": "known"},
        {"environment": "sandbox"},
        {"environment": "custom", "custom_url": "https://evil.example"},
    ):
        refused(administrator, "ml.connection", "create", [{**values, **sealed}])
        context = {f"default_{name}": value for name, value in sealed.items()}
        refused(administrator, "ml.connection", "create", [values], context=context)
        refused(administrator, "ml.connection", "copy", [offices.a.connection], {"name": "Copy", **sealed})
    names = ["name", "provider", "state"]
    answer = administrator.call("ml.connection", "load", names, [["Loaded", "Ramp", "Connected"]])
    assert not answer["ids"]


def test_own_defaults_are_no_way_around(offices, a):
    administrator = offices.a.administrator
    for name, value in (("state", '"connected"'), ("check_state", '"ok"'), ("environment", '"sandbox"')):
        administrator.call("ir.default", "set", "ml.connection", name, value.strip('"'), True)
    (new,) = administrator.call("ml.connection", "create", [{"name": "Untested", "provider": "ramp"}])
    stored = offices.rows("SELECT state, check_state, environment FROM ml_connection WHERE id = %s", new)
    assert stored == [("draft", "none", "production")]
    flows = offices.rows(
        "SELECT count(*) FROM ml_flow WHERE connection_id = %s AND company_id = %s", new, offices.a.company
    )
    assert flows[0][0]


def test_parts_of_a_connection_take_no_defaults_from_outside(offices, a):
    administrator = offices.a.administrator
    context = {"default_value": "known", "default_post_bills": False, "default_code": "evil", "default_is_set": True}
    (new,) = administrator.call("ml.connection", "create", [{"name": "Parts", "provider": "ramp"}], context=context)
    assert not offices.rows("SELECT 1 FROM ml_credential WHERE connection_id = %s AND value IS NOT NULL", new)
    assert not offices.rows("SELECT 1 FROM ml_flow WHERE connection_id = %s AND NOT post_bills", new)


def test_connection_is_stopped_by_pause_and_disconnect_only(offices, a, b, unchanged):
    for values in (
        {"breaker_until": "2099-01-01 00:00:00"},
        {"seat_request": "release", "webhook_state": "remove"},
        {"stored_settings": {"host_keys": ["ssh-ed25519 EVIL"]}},
        {"stored_settings": {"entity": "Other", "entity_id": "other"}},
        {"capabilities": []},
        {"database_uuid": "other"},
    ):
        for person in (offices.a.administrator, offices.a.system):
            refused(person, "ml.connection", "write", [offices.a.connection], values)


def test_working_connection_is_not_archived(offices):
    """It would stop without a word."""
    made = offices.code(
        f"""
connection = env["ml.connection"].create({{"name": "Working", "provider": "ramp", "company_id": {offices.a.company}}})
connection.write({{"check_state": "ok", "state": "connected"}})
result = connection.id
"""
    )
    administrator = offices.a.administrator
    for method in ("action_archive", "toggle_active"):
        error = administrator.refuses("ml.connection", method, [made])
        assert error.message == "Pause or disconnect the connection before you archive it."
    administrator.call("ml.connection", "action_pause", [made])
    administrator.call("ml.connection", "action_archive", [made])


def test_account_of_an_expense_is_not_the_employees_choice(offices, a):
    income, expense = offices.code(
        f"""
company = env["res.company"].browse({offices.a.company})
account = env["account.account"].search([("account_type", "=", "income"), ("company_ids", "in", company.ids)], limit=1)
employee = env["hr.employee"].create(
    {{"name": "Own", "user_id": {offices.a.employee.id}, "company_id": company.id}}
)
product = env["product.product"].search([("can_be_expensed", "=", True)], limit=1)
expense = env["hr.expense"].create({{
    "name": "Dinner", "employee_id": employee.id, "company_id": company.id, "product_id": product.id,
    "total_amount_currency": 100.0, "payment_mode": "company_account",
}})
result = account.id, expense.id
"""
    )
    employee = offices.a.employee
    sealed = {"ml_clearing_account_id": income}
    refused(employee, "hr.expense", "write", [expense], sealed)
    refused(employee, "hr.expense", "web_save", [expense], {"name": "Supper", **sealed}, {})
    refused(employee, "hr.expense", "copy", [expense], sealed)
    employee.call("ir.default", "set", "hr.expense", "ml_clearing_account_id", income, True)
    copied = employee.call("hr.expense", "copy", [expense])
    (copy,) = copied if isinstance(copied, list) else [copied]
    employee.call("hr.expense", "write", [expense], {"name": "Supper"})
    stored = offices.rows("SELECT ml_clearing_account_id FROM hr_expense WHERE id IN (%s, %s)", expense, copy)
    assert stored == [(None,), (None,)]


def test_fields_on_odoos_records_are_the_engines(offices, a, unchanged):
    accountant = offices.a.administrator
    for model, values in (
        ("account.move", {"ml_ledger_state": "paid"}),
        ("account.move", {"ml_original_date": "2026-01-01"}),
        ("account.payment", {"ml_card_charges": ["x"]}),
        ("account.payment", {"ml_original_date": "2026-01-01"}),
    ):
        refused(accountant, model, "write", [a[model]], values)
        refused(accountant, model, "create", [values])


# -- texts -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secrets(offices, a):
    """{kind: id} of records of A whose names nobody of B may learn."""
    return offices.code(
        f"""
company = env["res.company"].browse({offices.a.company})
env = env(context={{"allowed_company_ids": company.ids}})
common = {{"name": "Secret", "company_id": company.id}}
result = {{
    "account": env["account.account"].create(
        {{"name": "Secret", "code": "SECRET1", "account_type": "expense", "company_ids": company.ids}}
    ).id,
    "vendor": env["res.partner"].create({{**common}}).id,
    "analytic": env["account.analytic.account"].create(
        {{**common, "plan_id": env["account.analytic.plan"].search([], limit=1).id}}
    ).id,
    "journal": env["account.journal"].create({{**common, "code": "SECR", "type": "purchase"}}).id,
    "tax": env["account.tax"].create({{**common, "amount": 1.0, "type_tax_use": "purchase"}}).id,
    "payment_term": env["account.payment.term"].create({{**common}}).id,
    "employee": env["hr.employee"].create({{**common}}).id,
}}
"""
    )


def test_refusal_does_not_name_what_one_may_not_read(offices, b, secrets):
    accountant = offices.b.accountant
    for kind, secret in secrets.items():
        (row,) = offices.code(
            f"result = env['ml.mapping'].create({{'connection_id': {offices.b.connection}, 'kind': {kind!r},"
            f" 'external_id': 'secret'}}).ids"
        )
        error = accountant.refuses("ml.mapping", "write", [row], {"res_id": secret})
        missing = accountant.refuses("ml.mapping", "write", [row], {"res_id": 10**8})
        # not even whether there is such a record
        assert error.message == missing.message
        assert "Secret" not in error.message
        refused(accountant, "ml.mapping", "write", [row], {"res_id": str(secret)})
        if kind not in ("employee", "payment_term"):
            values = {"connection_id": offices.b.connection, "kind": kind, "pattern": "*", "res_id": secret}
            error = accountant.refuses("ml.mapping.rule", "create", [values])
            assert "Secret" not in error.message
    for model, name, kind in (("ml.flow", "journal_id", "journal"), ("ml.flow", "expense_product_id", None)):
        id = secrets.get(kind) or offices.code(
            f"result = env['product.product'].create({{'name': 'Secret', 'company_id': {offices.a.company}}}).id"
        )
        message = refused(offices.b.administrator, model, "write", [b[model]], {name: id})
        assert "Secret" not in message
    error = offices.b.administrator.refuses(
        "ml.connection", "write", [offices.b.connection], {"target_id": offices.a.connection}
    )
    assert "Connection of A" not in error.message


def test_mapping_names_only_what_its_author_may_read(offices, a, b):
    """Of his own company, too: what he maps he could book with himself."""
    private, own, employee = offices.code(
        f"""
company = env["res.company"].browse({offices.b.company})
env = env(context={{"allowed_company_ids": company.ids}})
common = {{"name": "Own", "company_id": company.id}}
result = (
    env["account.journal"].create({{**common, "name": "Hidden", "code": "HIDE", "type": "purchase"}}).id,
    env["res.partner"].create({{**common}}).id,
    env["hr.employee"].create({{**common}}).id,
)
env["ir.rule"].create({{
    "name": "Hidden journals", "model_id": env["ir.model"]._get_id("account.journal"),
    "domain_force": "[('code', '!=', 'HIDE')]",
}})
"""
    )
    for kind, record, may in (("journal", private, False), ("vendor", own, True), ("employee", employee, True)):
        (row,) = offices.code(
            f"result = env['ml.mapping'].create({{'connection_id': {offices.b.connection}, 'kind': {kind!r},"
            f" 'external_id': 'own'}}).ids"
        )
        if may:
            assert offices.b.accountant.call("ml.mapping", "write", [row], {"res_id": record})
        else:
            message = refused(offices.b.accountant, "ml.mapping", "write", [row], {"res_id": record})
            assert "Hidden" not in message


# -- files and wizards -----------------------------------------------------------------------------------------------


def upload(person, template, **values):
    (wizard,) = person.call(
        "ml.feed.import", "create", [{"template_id": template, "content": "U0VDUkVU", "name": "secret.csv", **values}]
    )
    return wizard


def test_wizard_is_its_makers(offices, a, b):
    own = upload(offices.a.administrator, a["ml.feed.template"])
    assert offices.a.administrator.call("ml.feed.import", "read", [own], ["name"])[0]["name"] == "secret.csv"
    for other in (offices.b.administrator, offices.a.administrator_only, offices.a.user, offices.a.system):
        for call in (
            ("read", [own], ["name", "content"]),
            ("write", [own], {"content": "RVZJTA=="}),
            ("action_import", [own]),
            ("unlink", [own]),
        ):
            refused(other, "ml.feed.import", *call)
        assert other.get(f"/web/content/ml.feed.import/{own}/content").status_code == 404
    found = offices.b.administrator.call("ml.feed.import", "search_read", [], ["name", "content"])
    assert own not in [row["id"] for row in found]
    (ignore,) = offices.a.user.call(
        "ml.ignore", "create", [{"reason": "Secret", "log_ids": [(6, 0, [a["ml.sync.log"]])]}]
    )
    for other in (offices.b.user, offices.a.accountant):
        refused(other, "ml.ignore", "read", [ignore], ["reason"])
        refused(other, "ml.ignore", "action_confirm", [ignore])
    refused(offices.b.user, "ml.ignore", "create", [{"reason": "x", "log_ids": [(6, 0, [a["ml.sync.log"]])]}])


def test_file_is_replaced_by_its_own_company_only(offices, a, b, unchanged):
    values = {"template_id": b["ml.feed.template"], "content": "YQ==", "name": "b.csv"}
    foreign = a["ml.feed.file"]
    administrator = offices.b.administrator
    refused(administrator, "ml.feed.import", "create", [{**values, "replaces_id": foreign}])
    refused(administrator, "ml.feed.import", "create", [values], context={"default_replaces_id": foreign})


def test_file_is_replaced_within_its_template(offices, a, b):
    """Nor with a wizard that is there already, nor by one's own default."""
    administrator = offices.b.administrator
    wizard = upload(administrator, b["ml.feed.template"])
    refused(administrator, "ml.feed.import", "write", [wizard], {"replaces_id": b["ml.feed.file"]})
    administrator.call("ir.default", "set", "ml.feed.import", "replaces_id", a["ml.feed.file"], True)
    values = {"template_id": b["ml.feed.template"], "content": "YQ==", "name": "b.csv"}
    administrator.refuses("ml.feed.import", "create", [values])
    assert offices.rows("SELECT replaced_by_id, state FROM ml_feed_file WHERE id = %s", a["ml.feed.file"]) == [
        (None, "failed")
    ]


def test_import_and_replay_need_the_rights_of_accounting(offices, a, unchanged):
    """What would be booked by it, the person could not book without it."""
    values = {"template_id": a["ml.feed.template"], "content": "YQ==", "name": "a.csv"}
    for person in (offices.a.user, offices.a.accountant, offices.a.administrator_only, offices.a.billing):
        refused(person, "ml.feed.import", "create", [values])
        refused(person, "ml.feed.file", "action_replay", [a["ml.feed.file"]])
        refused(person, "ml.webhook.event", "action_replay", [a["ml.webhook.event"]])
        refused(person, "ml.binding", "unlink", [a["ml.binding"]])
        for option in ({"post_bills": True}, {"bill_mode": "approved"}, {"active": True}, {"send_bank_accounts": True}):
            refused(person, "ml.flow", "write", [a["ml.flow"]], option)
        for method in ("action_start", "action_sync_now", "action_disconnect"):
            refused(person, "ml.connection", method, [offices.a.connection])


def test_raw_files_are_read_by_who_reads_payloads(offices, a):
    file, attachment = offices.code(
        f"""
file = env["ml.feed.file"].browse({a["ml.feed.file"]})
file._attach(b"IBAN DE02120300000000202051")
result = file.id, file.attachment_id.id
"""
    )
    for person in (offices.a.user, offices.a.accountant, offices.b.administrator, offices.a.employee):
        refused(person, "ml.feed.file", "read", [file], ["attachment_id"])
        refused(person, "ir.attachment", "read", [attachment], ["raw"])
        for path in (f"/web/content/{attachment}", f"/web/content/ml.feed.file/{file}/attachment_id"):
            assert b"IBAN" not in person.get(path).content
        assert not person.call("ir.attachment", "search", [("id", "=", attachment), ("res_field", "!=", False)])
        if person is not offices.a.employee:
            refused(person, "ml.sync.log", "read", [a["ml.sync.log"]], ["payload_text"])
    administrator = offices.a.administrator
    assert administrator.call("ml.feed.file", "read", [file], ["attachment_id"])[0]["attachment_id"]
    assert b"IBAN" in administrator.get(f"/web/content/{attachment}").content
    administrator.call("ml.sync.log", "read", [a["ml.sync.log"]], ["payload_text"])


# -- address and credentials -----------------------------------------------------------------------------------------


def test_address_is_the_system_administrators(offices, a, b):
    connection = offices.a.connection
    moved = {"environment": "custom", "custom_url": "https://evil.example"}
    for person in (offices.a.administrator, offices.a.accountant, offices.a.user, offices.b.system):
        refused(person, "ml.connection", "write", [connection], moved)
        refused(person, "ml.connection", "write", [connection], {"environment": "sandbox"})
        refused(person, "ml.connection", "action_adopt_database", [connection])
        if person is not offices.b.system:
            refused(person, "ml.connection", "action_rotate_keys")
            refused(person, "ml.credential", "search_read", [], ["name", "value"])
    offices.a.system.call("ml.connection", "write", [connection], {"environment": "sandbox"})
    tracked = offices.rows(
        "SELECT f.name FROM mail_tracking_value v JOIN ir_model_fields f ON f.id = v.field_id"
        " JOIN mail_message m ON m.id = v.mail_message_id WHERE m.model = 'ml.connection' AND m.res_id = %s"
        " AND m.author_id = (SELECT partner_id FROM res_users WHERE id = %s)",
        *(connection, offices.a.system.id),
    )
    assert tracked == [("environment",)]


# -- unknown flows ---------------------------------------------------------------------------------------------------


def test_unknown_flow_stops_no_write(offices, a):
    """It is left out and shown as broken, and the others go on."""
    flow = push_flow(offices, offices.a)
    offices.code(
        f"""
flow = env["ml.flow"].browse({flow})
flow.connection_id.write({{"state": "connected", "check_state": "ok", "capabilities": []}})
flow.write({{"key": "x", "active": True}})
"""
    )
    try:
        (partner,) = offices.admin.call("res.partner", "create", [{"name": "New", "supplier_rank": 1}])
        offices.admin.call("res.partner", "write", [partner], {"name": "Newer"})
        (found,) = offices.a.administrator.call("ml.flow", "read", [flow], ["show_options", "name"])
        assert found["show_options"] == ""
        offices.a.administrator.call("ml.connection", "read", [offices.a.connection], [])
    finally:
        offices.code(
            f"""
flow = env["ml.flow"].browse({flow})
flow.key = "vendors_push"
flow.connection_id.write({{"state": "draft", "check_state": "none"}})
"""
        )
