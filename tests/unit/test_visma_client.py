"""Visma's client against its sandbox, which checks every request by the published contract."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from sandbox.visma import CUSTOMER_TENANT_ID, VismaSandbox
from visma_support import client_of, invoice, line, quick, raised, wrapped

from ml_connector.core import errors as errors
from ml_connector.providers.visma.client import modified_since, path_id, wait_until

INVOICES = "/v1/supplierInvoice"


@pytest.fixture
def sandbox():
    with VismaSandbox(size="small", settings=quick()) as running:
        yield running
        assert running.control.violations() == []


@pytest.fixture
def client(sandbox):
    return client_of(sandbox)


def totals(record):
    names = ("detailTotal", "vatTotal", "balance")
    return tuple(record.data[name] for name in names)


# Access


def test_a_wrong_tenant_or_secret_is_told_as_such(sandbox):
    wrong = raised(client_of(sandbox, client_secret="other-example").rows, "/v1/account")
    assert isinstance(wrong, errors.AuthError) and wrong.code == "invalid_client"
    unknown = raised(client_of(sandbox, tenant_id="3f1c2d9a-0f6e-4f6b-8a53-000000000000").rows, "/v1/account")
    assert unknown.code == "invalid_tenant" and "tenant ID is wrong" in unknown.message


def test_the_tenant_of_the_customer_gives_a_token_that_opens_nothing(sandbox):
    error = raised(client_of(sandbox, tenant_id=CUSTOMER_TENANT_ID).rows, "/v1/account")
    assert isinstance(error, errors.AuthError) and error.status == 401
    assert "No license for this company" in error.message


def test_a_revoked_token_is_renewed_once(sandbox, client):
    client.rows("/v1/account")
    sandbox.control.revoke_tokens()
    assert client.rows("/v1/account")


def test_the_company_id_is_sent_where_it_is_set(sandbox):
    with_company = client_of(sandbox, company_id="123")
    assert with_company._session.headers["ipp-company-id"] == "123"
    assert with_company.rows("/v1/account")
    assert "ipp-company-id" not in client_of(sandbox)._session.headers


# Lists


def test_pages_are_read_to_the_end_within_the_limit_of_the_list(sandbox, client):
    sandbox.control.settings(max_page_size=2)
    for number in range(5):
        sandbox.control.add_supplier(name=f"Leverandør {number}")
    pages = list(client.pages("/v1/supplier"))
    assert [len(page) for page in pages] == [2, 2, 2, 2]
    assert len({row["number"] for page in pages for row in page}) == 8


def test_terms_come_in_a_form_of_their_own(client):
    assert [row["termsId"] for page in client.pages("/v1/creditTerm") for row in page] == ["14", "30"]


@pytest.mark.parametrize("offset", [-8, 0, 2])
def test_what_changed_is_found_whatever_the_zone_of_the_stored_times(sandbox, client, offset):
    started = datetime.now(UTC)
    sandbox.control.settings(clock_offset=offset)
    number = sandbox.control.add_supplier(name="Nykommer AS")
    found = [row["number"] for page in client.pages("/v1/supplier", **modified_since(started)) for row in page]
    assert number in found
    later = started + timedelta(days=2)
    assert [row for page in client.pages("/v1/supplier", **modified_since(later)) for row in page] == []


def test_half_of_a_filter_pair_filters_nothing(client):
    filters = {"lastModifiedDateTime": "2999-01-01"}
    assert [row for page in client.pages("/v1/supplier", **filters) for row in page]


def test_the_quota_is_noted_and_a_refusal_says_how_long(sandbox, client):
    sandbox.control.settings(hourly_limit=3)
    for _call in range(3):
        client.rows("/v1/account")
    assert client.quota["limit"] == 3 and client.quota["remaining"] == 0
    error = raised(client.rows, "/v1/account")
    assert isinstance(error, errors.RateLimitError) and 3000 < error.retry_after <= 3600


# Writing


def test_a_document_gets_its_number_from_location_and_can_be_read_back(sandbox, client):
    number = client.create(INVOICES, invoice(line(), line(vatCodeId="11", unitCostInCurrency=200.5)))
    record = client.one(f"{INVOICES}/Invoice/{number}")
    assert record.data["status"] == "Hold" and record.data["supplier"]["number"] == "50001"
    assert totals(record) == (1200.5, 280.08, 1480.58)
    assert record.etag == f'"{record.data["timeStamp"]}"'
    assert sandbox.control.ignored() == []


def test_a_typo_and_a_bare_value_are_left_out_without_a_word(sandbox, client):
    client.create(INVOICES, {**invoice(), "documentTypeId": {"value": "DebitAdj"}, "description": "bare"})
    assert sandbox.control.ignored() == [
        "POST /v1/supplierInvoice: documentTypeId",
        "POST /v1/supplierInvoice: description",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"accountNumber": "9999"}, "account '9999' cannot be found"),
        ({"vatCodeId": "0x"}, "TaxCategoryID '0x' cannot be found"),
        ({"projectId": "P0900"}, "project 'P0900' cannot be found"),
        ({"subaccount": [{"segmentId": 1, "segmentValue": "100"}]}, "Kostnadssted"),
    ],
)
def test_a_bad_line_is_refused_when_lines_are_validated_and_dropped_else(client, change, said):
    bad = invoice(line(), line(**change))
    error = raised(client.create, INVOICES, bad)
    assert isinstance(error, errors.PermanentError) and said in error.message
    number = client.create(INVOICES, {**bad, "validateLineDetails": {"value": False}})
    assert len(client.one(f"{INVOICES}/Invoice/{number}").data["invoiceLines"]) == 1


def test_a_change_of_another_version_is_a_conflict(client):
    path = f"{INVOICES}/Invoice/{client.create(INVOICES, invoice())}"
    old = client.one(path).etag
    client.update(path, wrapped(description="first"), old)
    assert isinstance(raised(client.update, path, wrapped(description="second"), old), errors.ConflictError)
    assert client.one(path).data["description"] == "first"


def test_a_line_is_changed_alone(client):
    path = f"{INVOICES}/Invoice/{client.create(INVOICES, invoice(line(), line()))}"
    change = wrapped(operation="Update", lineNumber=2, accountNumber="6300")
    client.update(path, {"invoiceLines": [change]})
    assert [row["account"]["number"] for row in client.one(path).data["invoiceLines"]] == ["6340", "6300"]


def test_release_is_accepted_first_and_done_later(sandbox, client):
    path = f"{INVOICES}/Invoice/{client.create(INVOICES, invoice())}"
    assert "not valid for release" in raised(client.act, f"{path}/action/release").message
    client.update(path, wrapped(hold=False))
    client.act(f"{path}/action/release")
    assert client.one(path).data["status"] == "Balanced"
    released = wait_until(lambda: client.one(path).data["status"] == "Open", 2)
    assert released and sandbox.control.effects("supplierInvoice.release")


def test_a_file_of_the_same_name_is_a_new_revision(client):
    number = client.create(INVOICES, invoice())
    for content in (b"one", b"two"):
        client.attach(f"{INVOICES}/documentType/Invoice/{number}/attachment", "a.pdf", content, "application/pdf")
    (attachment,) = client.one(f"{INVOICES}/Invoice/{number}").data["attachments"]
    assert (attachment["name"], attachment["revision"]) == ("a.pdf", 2)
    assert client.download(attachment["id"]) == b"two"


def test_a_lost_answer_leaves_the_outcome_open_and_repeating_makes_a_second(sandbox, client):
    client.rows("/v1/account")
    sandbox.control.add_fault("reset", method="POST", path=INVOICES, when="after")
    assert isinstance(raised(client.create, INVOICES, invoice()), errors.UnconfirmedError)
    client.create(INVOICES, invoice())
    assert len(sandbox.control.invoices()) == 2


def test_a_call_in_the_background_says_later_what_became_of_it(client):
    operation = client.start("POST", INVOICES, invoice())
    state = wait_until(lambda: _finished(client, operation), 2)
    assert state["statusCode"] == 201 and "/v1/supplierInvoice/" in state["responseHeaders"]["Location"]
    refused = client.start("POST", INVOICES, invoice(supplierNumber="1"))
    state = wait_until(lambda: _finished(client, refused), 2)
    assert state["status"] == "Finished" and state["statusCode"] == 400


def _finished(client, operation):
    state = client.background(operation)
    return state if state["status"] == "Finished" else None


# Addresses


def test_an_id_with_reserved_characters_finds_its_record(sandbox, client):
    number = sandbox.control.add_supplier(name="Rør & Søn AS", number="R&S/1 ø")
    assert path_id(number).startswith("b64(")
    assert client.one(f"/v1/supplier/{path_id(number)}").data["name"] == "Rør & Søn AS"


def test_the_location_is_never_followed(client):
    """It may name another host; only its last part counts."""
    assert client.create("/v1/supplier", wrapped(name="Ny AS")).isdecimal()


def test_error_bodies_of_every_form_are_understood(client):
    assert client.explain({"Message": "Feil"}) == ("", "Feil")
    gateway = {"ExceptionMessage": "No license", "ExceptionFaultCode": "12027"}
    assert client.explain(gateway) == ("12027", "No license")
    assert client.explain(None) == ("", "")
    assert isinstance(raised(client.one, "/v1/supplier/unknown"), errors.NotFoundError)


def test_answers_carry_the_quota(sandbox, client):
    client.rows("/v1/account")
    answer = requests.get(f"{sandbox.url}/v1/account", timeout=5)
    assert answer.status_code == 401 and answer.headers["X-RateLimit-Policy"] == "4-fixed-window"
