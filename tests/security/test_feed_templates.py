"""Whoever makes a feed template gets into its file what he may read himself, of the flow's own records, and no more."""

import pytest
from support.people import Refused

TEMPLATE = "ml.feed.template"
COLUMN = "ml.feed.column"
MAKE = """
connection = env["ml.connection"].create({"name": "Stampli", "provider": "stampli", "company_id": company})
result = {template.flow_id.key: template.id for template in connection.feed_template_ids}
"""
SENSITIVE = ("access_token", "message_ids.body", "invoice_pdf_report_file", "ml_nothing", "line_ids.name")


@pytest.fixture(scope="module")
def templates(offices):
    return offices.code(f"company = {offices.a.company}\n" + MAKE)


def flow_of(offices, template):
    return offices.rows("SELECT connection_id, flow_id FROM ml_feed_template WHERE id = %s", template)[0]


def new(offices, templates, flow="payment_status", **values):
    connection, flow = flow_of(offices, templates[flow])
    return {
        "name": "Mine",
        "connection_id": connection,
        "flow_id": flow,
        "entity": "mine",
        "folder": "inbound",
        "file_name": "mine_{number}.csv",
        **values,
    }


def test_a_template_is_about_the_records_of_its_flow(offices, templates):
    person = offices.a.administrator
    assert person.refuses(TEMPLATE, "create", new(offices, templates, model_name="hr.employee")).message
    made = person.call(TEMPLATE, "create", new(offices, templates))
    made = made[0] if isinstance(made, list) else made
    (found,) = person.call(TEMPLATE, "read", [made], ["model_name", "lines_field"])
    assert (found["model_name"], found["lines_field"]) == ("account.move", False)
    for values in ({"model_name": "hr.employee"}, {"lines_field": "line_ids"}, {"flow_id": 1}):
        assert person.refuses(TEMPLATE, "write", [made], values).message
    person.call(COLUMN, "create", {"template_id": made, "label": "Number", "path": "name"})
    for path in SENSITIVE:
        refused = person.refuses(COLUMN, "create", {"template_id": made, "label": path, "path": path})
        assert refused.name.endswith("ValidationError")
    assert person.refuses(
        TEMPLATE, "create", new(offices, templates, column_ids=[[0, 0, {"label": "T", "path": "access_token"}]])
    )
    person.call(TEMPLATE, "unlink", [made])


@pytest.mark.parametrize("path", SENSITIVE)
def test_a_changed_column_is_asked_again(offices, templates, path):
    (column,) = offices.a.administrator.call(
        COLUMN, "search", [["template_id", "=", templates["payment_status"]], ["label", "=", "InvoiceNumber"]]
    )
    assert offices.a.administrator.refuses(COLUMN, "write", [column], {"path": path}).name.endswith("ValidationError")
    assert offices.a.administrator.call(COLUMN, "write", [column], {"path": "name"}) is True


@pytest.mark.parametrize(
    "domain",
    [
        "[('employee_ids.pin', '=like', '4%')]",
        "[('employee_ids', 'any', [('pin', '=like', '4%')])]",
        "[('user_ids.password', '!=', False)]",
        "[('signup_type', '!=', False)]",
        "['|', ('id', '>', 0), ('child_ids.employee_ids.pin', '=', '4821')]",
        "['!', ('user_ids', 'any', [('totp_secret', '=', 'x')])]",
        "[('bank_ids', 'any!', [('acc_number', '=', 'x')])]",
        "[('name', '=like', '%a%a%a%a%a%a%a')]",
        "[('name', '=', " + "(" * 300 + "1" + ")" * 300 + ")]",
        "[('name', '=', '" + "a" * 5000 + "')]",
        "__import__('os')",
    ],
)
def test_each_leaf_of_a_domain_is_asked(offices, templates, domain):
    refused = offices.a.administrator.refuses(TEMPLATE, "write", [templates["vendors"]], {"domain": domain})
    assert refused.name.endswith("ValidationError")


def test_a_domain_over_what_one_may_read_is_taken(offices, templates):
    for domain in (
        "[('supplier_rank', '>', 0), ('parent_id', '=', False)]",
        "['|', ('country_id.code', 'in', ['DE', 'US']), ('create_date.year_number', '=', 2026)]",
        "[('bank_ids', 'any', [('currency_id.name', '=', 'EUR')])]",
        "[('country_id', 'ilike', 'United')]",
    ):
        assert offices.a.administrator.call(TEMPLATE, "write", [templates["vendors"]], {"domain": domain}) is True


def test_what_one_may_not_read_one_may_not_select(offices, templates):
    """The accounting manager has no right on employees and lots, to which fields without a group lead."""
    person = offices.a.administrator
    with pytest.raises(Refused):
        person.call("stock.lot", "search", [])
    for domain in (
        "[('user_id.resource_ids.employee_id.name', '=', 'Employee One')]",
        "[('user_id.resource_ids.employee_id', 'ilike', 'One')]",
        "[('user_id.resource_ids', 'any', [('employee_id', 'any', [('name', '=', 'One')])])]",
    ):
        refused = person.refuses(TEMPLATE, "write", [templates["vendors"]], {"domain": domain})
        assert "do not have the right to read" in refused.message
    lines = "[('lot_ids.name', '=', 'L1')]"
    refused = person.refuses(TEMPLATE, "write", [templates["purchase_receipts"]], {"lines_domain": lines})
    assert "do not have the right to read" in refused.message


@pytest.mark.parametrize(
    ("expression", "argument"),
    [
        ("code", "message_main_attachment_id"),
        ("or_company_currency", "access_token"),
        ("line_number", ""),
        ("code", "x.y"),
    ],
)
def test_what_is_computed_is_asked_too(offices, templates, expression, argument):
    values = {"template_id": templates["payment_status"], "label": "C", "expression": expression, "argument": argument}
    assert offices.a.administrator.refuses(COLUMN, "create", values).name.endswith("ValidationError")


def test_nobody_else_makes_templates(offices, templates):
    a = offices.a
    for person in (a.user, a.accountant, a.administrator_only, a.billing, a.employee, offices.b.administrator):
        assert person.refuses(TEMPLATE, "create", new(offices, templates))
        assert person.refuses(TEMPLATE, "write", [templates["vendors"]], {"domain": "[]"})


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a*)*b", "(.*.*)+", r"(a)\1", "(?=a)", "invoices(", "a{1,999}"])
def test_a_pattern_that_could_take_for_ever_is_refused(offices, templates, pattern):
    refused = offices.a.administrator.refuses(TEMPLATE, "write", [templates["invoices"]], {"file_name": pattern})
    assert "is not valid" in refused.message


@pytest.mark.parametrize(
    "pattern", ["x/{name:{name.__class__}}", "x/{name.__class__}", "x/{name!r}", "x/{name:>9999999999}", "x/{{name}}"]
)
def test_a_pattern_has_plain_names_only(offices, templates, pattern):
    for field in ("accepted_path", "rejected_path"):
        refused = offices.a.administrator.refuses(TEMPLATE, "write", [templates["vendors"]], {field: pattern})
        assert refused.name.endswith("ValidationError")
    name = pattern.replace("name", "number") + "_{number}.csv"
    assert offices.a.administrator.refuses(TEMPLATE, "write", [templates["vendors"]], {"file_name": name})
