"""Visma's client against its sandbox, which checks every request by the published contract."""

from datetime import UTC, datetime, timedelta

import pytest
from sandbox.visma import CUSTOMER_TENANT_ID, VismaSandbox
from visma_support import client_of, invoice, line, quick, raised

from ml_connector.core import errors as errors
from ml_connector.providers.visma.client import modified_since, path_id

INVOICES = "/v1/supplierInvoice"


@pytest.fixture
def sandbox():
    with VismaSandbox(size="small", settings=quick()) as running:
        yield running
        assert running.control.violations() == []


@pytest.fixture
def client(sandbox):
    return client_of(sandbox)


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
    totals = [record.data[name] for name in ("detailTotal", "vatTotal", "balance")]
    assert totals == [1200.5, 280.08, 1480.58]
    assert record.etag == f'"{record.data["timeStamp"]}"'
    assert sandbox.control.ignored() == []


def test_a_typo_and_a_bare_value_are_left_out_without_a_word(sandbox, client):
    client.create(INVOICES, {**invoice(), "documentTypeId": {"value": "DebitAdj"}, "description": "bare"})
    assert sandbox.control.ignored() == [
        "POST /v1/supplierInvoice: documentTypeId",
        "POST /v1/supplierInvoice: description",
    ]


# Addresses


def test_an_id_with_reserved_characters_finds_its_record(sandbox, client):
    number = sandbox.control.add_supplier(name="Rør & Søn AS", number="R&S/1 ø")
    assert path_id(number).startswith("b64(")
    assert client.one(f"/v1/supplier/{path_id(number)}").data["name"] == "Rør & Søn AS"


def test_error_bodies_of_every_form_are_understood(client):
    assert client.explain({"Message": "Feil"}) == ("", "Feil")
    gateway = {"ExceptionMessage": "No license", "ExceptionFaultCode": "12027"}
    assert client.explain(gateway) == ("12027", "No license")
    assert client.explain(None) == ("", "")
    assert isinstance(raised(client.one, "/v1/supplier/unknown"), errors.NotFoundError)
