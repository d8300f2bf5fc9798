"""Lists between Odoo and Concur, against the Concur sandbox."""

import pytest
from concur_support import connect as plain_connect
from concur_support import obeyed_sandbox
from hypothesis import given
from hypothesis import strategies as st
from support.tokens import MemoryTokens

from ml_connector.core import documents as doc
from ml_connector.core import errors as errors
from ml_connector.providers.concur import ConcurProvider
from ml_connector.providers.concur.lists import choices, plain_code
from ml_connector.providers.concur.scopes import ACCOUNT_LIST, FIELD_LISTS

LISTS = "account = GL Accounts; custom1 = cost centers\ncustom2 = Client Projects"
ITEMS = "/list/v4/items"


@pytest.fixture
def sandbox():
    with obeyed_sandbox() as running:
        yield running


def connect(sandbox, lists=LISTS):
    """The provider after the check, which chose the lists, and the report of the check."""
    tokens = MemoryTokens()
    report = plain_connect(sandbox, tokens, lists=lists).check()
    return plain_connect(sandbox, tokens, report.settings, lists=lists), report


@pytest.fixture
def concur(sandbox):
    return connect(sandbox)[0]


def references(made):
    found = [
        made.flow("lists").document(item.payload) for page in made.flow("lists").pull("", None) for item in page.items
    ]
    return {(reference.kind, reference.external_id): reference for reference in found}


def account(code="640100", number=12, **values):
    return doc.Account(**{"odoo_id": number, "code": code, "name": "Freight", "classification": "expense", **values})


def analytic(code="D-10", **values):
    plain = {"odoo_id": 3, "dimension_odoo_id": 1, "name": "Finance", "code": code, "dimension_key": "custom1"}
    return doc.DimensionValue(**{**plain, **values})


def push(made, flow, document, external_id=""):
    return made.flow(flow).send(made.flow(flow).render(document), external_id, "key")


# Which lists


def test_the_check_finds_the_lists_and_says_what_may_be_done_with_them(sandbox):
    _made, report = connect(sandbox)
    assert {field: chosen["name"] for field, chosen in report.settings["lists"].items()} == {
        "account": "GL Accounts",
        "custom1": "Cost Centers",
        "custom2": "Client Projects",
    }
    assert {ACCOUNT_LIST, FIELD_LISTS} <= report.capabilities
    for flow in ("accounts_push", "analytic_push"):
        assert not ConcurProvider.blocked(flow, frozenset(report.capabilities), {})


def test_nothing_is_read_or_sent_before_a_list_is_chosen(sandbox):
    made, report = connect(sandbox, lists="")
    assert not references(made)
    assert "list of accounts" in ConcurProvider.blocked("accounts_push", frozenset(report.capabilities), {})
    with pytest.raises(errors.PermanentError, match="No list"):
        push(made, "accounts_push", account())


def test_an_unknown_list_is_an_error_that_names_the_known_ones(sandbox):
    _made, report = connect(sandbox, lists="custom3 = Cost Centres")
    (finding,) = [finding for finding in report.findings if finding.level == "error"]
    assert "Cost Centres" in finding.title
    assert "Client Projects, Cost Centers, GL Accounts" in finding.message


def test_a_list_of_levels_is_read_whole_and_never_written(sandbox):
    made, report = connect(sandbox, lists="custom4 = Regions")
    assert FIELD_LISTS not in report.capabilities
    codes = [key for kind, key in references(made) if kind == "analytic"]
    assert codes == ["custom4:EU", "custom4:US", "custom4:EU-DE", "custom4:EU-SE"]


@pytest.mark.parametrize("text", ["account", "= GL", "custom0 = A", "custom21 = A", "custom1 =", "custom1=A;custom1=B"])
def test_lists_that_cannot_be_read_are_refused(text):
    with pytest.raises(errors.InvalidDataError):
        choices(text)


# Reading


def test_items_become_the_references_that_documents_have(concur):
    found = references(concur)
    assert found["account", "600000"] == doc.Reference(
        kind="account", external_id="600000", code="600000", name="Expenses"
    )
    project = found["analytic", "custom2:PRJ8"]
    assert (project.code, project.name, project.group) == ("PRJ8", "Relaunch Göteborg", "Custom 2")
    plan = found["plan", "custom1"]
    assert (plan.name, plan.group) == ("Cost Centers", "Custom 1")


# Sending


def test_an_account_lives_through_everything_in_one_run(sandbox, concur):
    sent = push(concur, "accounts_push", account())
    assert (sent.linked, sent.mapping.kind, sent.mapping.external_id) == (False, "account", "640100")
    assert push(concur, "accounts_push", account(name="Freight in"), sent.external_id).external_id == sent.external_id
    assert sandbox.control.list_items("GL Accounts")["640100"] == "Freight in"
    push(concur, "accounts_push", account(active=False), sent.external_id)
    assert "640100" not in sandbox.control.list_items("GL Accounts")
    assert push(concur, "accounts_push", account(active=False), sent.external_id).external_id == sent.external_id
    again = push(concur, "accounts_push", account(), sent.external_id)
    assert sandbox.control.list_items("GL Accounts")["640100"] == "Freight"
    assert again.external_id != sent.external_id


def test_what_concur_has_is_taken_over_and_not_made_twice(sandbox, concur):
    sent = push(concur, "accounts_push", account("612000", name="Travel"))
    assert sent.linked
    assert not [entry for entry in sandbox.control.requests() if entry["method"] != "GET" and ITEMS in entry["path"]]


def test_a_new_code_changes_the_item(sandbox, concur):
    sent = push(concur, "accounts_push", account())
    assert push(concur, "accounts_push", account("640200"), sent.external_id).external_id == sent.external_id
    items = sandbox.control.list_items("GL Accounts")
    assert "640100" not in items
    assert items["640200"] == "Freight"


def test_an_analytic_account_goes_to_the_list_of_its_field_under_a_plain_code(sandbox, concur):
    sent = push(concur, "analytic_push", analytic())
    assert sent.mapping == doc.Reference(
        kind="analytic", external_id="custom1:D_10", code="D_10", name="Finance", group="Custom 1"
    )
    assert sandbox.control.list_items("Cost Centers")["D_10"] == "Finance"


def test_an_item_with_a_hyphen_that_concur_has_keeps_its_code(sandbox, concur):
    sandbox.control.add_list_item("Cost Centers", "D-10", "Finance")
    sent = push(concur, "analytic_push", analytic(external_id="custom1:D-10"))
    assert sent.linked
    assert "D_10" not in sandbox.control.list_items("Cost Centers")


def test_a_lost_answer_is_looked_up(sandbox, concur):
    payload = concur.flow("accounts_push").render(account())
    assert concur.flow("accounts_push").find(payload, "key") is None
    sandbox.control.add_fault("error", method="POST", path=ITEMS, status=500, when="after", times=1)
    with pytest.raises(errors.UnconfirmedError):
        concur.flow("accounts_push").send(payload, "", "key")
    assert concur.flow("accounts_push").find(payload, "key").mapping.external_id == "640100"
    assert sandbox.control.effects("listItem.create")["listItem.create"] == {"640100": 1}


def test_without_a_code_or_name_nothing_is_sent(concur):
    for document in (account(""), account(name=" ")):
        with pytest.raises(errors.InvalidDataError, match="a code and a name"):
            concur.flow("accounts_push").render(document)


# Properties

NAMES = st.text(st.characters(codec="ascii", exclude_characters=";\n=\r", categories=["L", "N"]), min_size=1)


@given(st.dictionaries(st.sampled_from(["account", *(f"custom{n}" for n in range(1, 21))]), NAMES, min_size=1))
def test_every_choice_is_read_back(wanted):
    found = choices("; ".join(f"{field} = {name}" for field, name in wanted.items()))
    assert {choice.field: choice.name for choice in found} == wanted


@given(st.text())
def test_whatever_is_entered_is_read_or_refused(text):
    try:
        assert all(choice.name and choice.field for choice in choices(text))
    except errors.InvalidDataError:
        pass


@given(st.text())
def test_a_plain_code_has_no_hyphen_and_stays(code):
    assert "-" not in plain_code(code)
    assert plain_code(plain_code(code)) == plain_code(code)
