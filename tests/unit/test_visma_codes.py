"""Accounts, segment values and projects against Visma's sandbox: made once, under their own codes."""

import dataclasses

import pytest
from visma_support import obeyed_sandbox, raised

from ml_connector.core import errors as errors
from ml_connector.core.documents import Account, DimensionValue

CALLS = {
    "account": ("POST", "/v1/account", "account.create"),
    "segment": ("PUT", "/v1/dimension/*", "segment_value.create"),
    "project": ("POST", "/v1/project", "project.create"),
}


@pytest.fixture
def sandbox():
    with obeyed_sandbox() as running:
        yield running


def account(**values):
    given = {"odoo_id": 3, "code": "6345", "name": "Renhold Ås", "classification": "expense"}
    return Account(**{**given, **values})


def value(field="segment:1", **values):
    given = {"odoo_id": 4, "dimension_odoo_id": 1, "name": "Salg Tromsø", "code": "120", "dimension_external_id": field}
    return DimensionValue(**{**given, **values})


def project(**values):
    return value("project", **{"code": "P2001", "name": "Nytt lager", **values})


DOCUMENTS = {"account": account(), "segment": value(), "project": project()}


def flow_of(document):
    return "accounts_push" if isinstance(document, Account) else "analytics_push"


def send(made, document):
    flow = flow_of(document)
    return made.flow(flow).send(made.flow(flow).render(document), "", "key")


def codes(made):
    """{mapping kind and id: item} as the next refresh of the catalogue reads them."""
    return {item.external_id: item for page in made.flow("coding").pull("", None) for item in page.items}


@pytest.mark.parametrize(
    ("kind", "external_id", "item"),
    [
        ("account", "6345", "account:6345"),
        ("segment", "segment:1:120", "analytic:segment:1:120"),
        ("project", "project:P2001", "analytic:project:P2001"),
    ],
)
def test_what_is_made_has_the_code_under_which_the_catalogue_shows_it(kind, external_id, item, visma):
    document = DOCUMENTS[kind]
    sent = send(visma, document)
    assert (sent.external_id, sent.linked) == (external_id, False)
    shown = visma.flow("coding").document(codes(visma)[item].payload)
    assert shown == sent.mapping
    assert shown.name == document.name


@pytest.mark.parametrize("kind", CALLS)
def test_what_is_there_is_linked_and_left_as_it_is(kind, sandbox, visma):
    send(visma, DOCUMENTS[kind])
    sent = send(visma, dataclasses.replace(DOCUMENTS[kind], name="Another name"))
    assert sent.linked and DOCUMENTS[kind].name in sent.note
    assert len(sandbox.control.effects(CALLS[kind][2])) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", ["reset", "error"])
@pytest.mark.parametrize("kind", CALLS)
def test_a_lost_answer_makes_no_second_one(kind, fault, when, sandbox, visma):
    method, path, effect = CALLS[kind]
    document = DOCUMENTS[kind]
    visma.client.rows("/v1/branch")
    options = {"status": 503} if fault == "error" else {}
    sandbox.control.add_fault(fault, method=method, path=path, when=when, **options)
    assert isinstance(raised(send, visma, document), errors.UnconfirmedError)
    found = visma.flow(flow_of(document)).find(visma.flow(flow_of(document)).render(document), "key")
    assert bool(found) == (when == "after")
    assert (found or send(visma, document)).mapping
    assert len(sandbox.control.effects(effect)) == 1


@pytest.mark.parametrize("kind", CALLS)
def test_a_refusal_with_status_500_is_told_and_not_repeated(kind, sandbox, visma):
    method, path, effect = CALLS[kind]
    visma.client.rows("/v1/branch")
    sandbox.control.add_fault("error", method=method, path=path, when="before", status=500)
    assert isinstance(raised(send, visma, DOCUMENTS[kind]), errors.InvalidDataError)
    assert not sandbox.control.effects(effect)


def test_a_project_begins_with_the_first_open_period_and_is_usable_on_bills(sandbox, visma):
    sandbox.control.close_period("202601")
    send(visma, project())
    (request,) = sandbox.control.requests("POST", "/v1/project")
    assert request["body"]["startDate"]["value"] == "2026-02-01T00:00:00"
    assert request["body"]["defSub"] == [
        {"segmentId": 1, "segmentValue": "000"},
        {"segmentId": 2, "segmentValue": "0000"},
    ]


@pytest.mark.parametrize(
    ("classification", "kind"),
    [("asset", "Asset"), ("credit_card", "Liability"), ("equity", "Liability"), ("revenue", "Income")],
)
def test_an_account_keeps_its_kind(classification, kind, visma):
    assert visma.flow("accounts_push").render(account(classification=classification))["type"] == kind


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (account(code=" "), "has no code"),
        (account(active=False), "archived"),
        (account(classification="other"), "neither an asset"),
        (value(code=""), "has no code"),
        (value("branch"), "not mapped to a segment or to projects"),
        (value(""), "not mapped to a segment or to projects"),
    ],
)
def test_what_cannot_be_made_is_told_before_anything_is_sent(document, said, visma):
    assert said in raised(visma.flow(flow_of(document)).render, document).message


def test_a_code_of_the_wrong_length_is_not_changed_but_told(sandbox, visma):
    assert "3 characters" in raised(send, visma, value(code="12")).message
    assert not sandbox.control.requests("PUT")


def test_what_is_there_and_cannot_be_used_is_told(sandbox, visma):
    assert "Activate it there" in raised(send, visma, account(code="7799")).message
    assert "Activate it there" in raised(send, visma, account(code="1920")).message
    assert not sandbox.control.requests("POST", "/v1/account")
