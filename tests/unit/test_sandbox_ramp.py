"""The Ramp sandbox behaves as Ramp documents it: tokens, contract, lists, coding, vendors."""

from collections import Counter
from datetime import UTC, datetime

import pytest
import requests
from sandbox.ramp import CLIENT_ID, CLIENT_SECRET, RampSandbox
from sandbox.ramp.render import rate_of
from sandbox_ramp_support import Client, code, quick

pytest_plugins = "sandbox_ramp_fixtures"

READ_BILLS = "bills:read accounting:read"


# -- tokens and scopes -----------------------------------------------------------------------------------------------


def test_token_carries_the_scopes_that_were_asked_for(ramp):
    answer = requests.post(
        f"{ramp.url}/developer/v1/token",
        data={"grant_type": "client_credentials", "scope": READ_BILLS},
        auth=(CLIENT_ID, CLIENT_SECRET),
        timeout=5,
    )
    assert answer.status_code == 200
    assert set(answer.json()["scope"].split()) == set(READ_BILLS.split())
    assert answer.json()["expires_in"] == 864_000
    assert answer.headers["x-trace-id"]


def test_token_without_scopes_may_do_nothing(ramp):
    answer = Client(ramp, scope="").get("/bills")
    assert (answer.status_code, code(answer)) == (403, "DEVELOPER_7100")


def test_scope_is_checked_for_each_operation(ramp):
    client = Client(ramp, READ_BILLS)
    assert client.get("/bills").status_code == 200
    assert client.get("/vendors").status_code == 403


def test_token_refuses_wrong_secret_and_disallowed_scope():
    with RampSandbox(size="small", scopes=["bills:read"]) as ramp:
        url = f"{ramp.url}/developer/v1/token"
        wrong = requests.post(url, data={"grant_type": "client_credentials"}, auth=(CLIENT_ID, "wrong"), timeout=5)
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
        form = {"grant_type": "client_credentials", "scope": READ_BILLS}
        answer = requests.post(url, data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=5)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_expired_revoked_and_missing_tokens_are_401(ramp):
    ramp.settings.token_seconds = 0
    expired = Client(ramp).get("/bills")
    assert (expired.status_code, code(expired)) == (401, "DEVELOPER_7028")
    ramp.settings.token_seconds = 3600
    client = Client(ramp)
    token = client.headers["Authorization"].split()[1]
    assert client.post("/token/revoke", data={"token": token}, auth=(CLIENT_ID, CLIENT_SECRET)).status_code == 200
    assert client.get("/bills").status_code == 401
    del client.headers["Authorization"]
    assert client.get("/bills").status_code == 401


# -- requests that the contract refuses ------------------------------------------------------------------------------


def test_unknown_body_field_is_refused_with_its_name(client):
    item = {"id": "1", "name": "Cash", "classification": "ASSET", "currency": "USD"}
    answer = client.post("/accounting/accounts", json={"gl_accounts": [item]})
    assert (answer.status_code, code(answer)) == (422, "DEVELOPER_7001")
    assert answer.json()["error_v2"]["additional_info"] == {"gl_accounts": {"0": {"currency": ["Unknown field."]}}}


def test_missing_field_is_named(client):
    answer = client.post("/vendors", json={"country": "GB", "business_vendor_contacts": {}})
    assert answer.json()["error_v2"]["additional_info"] == {
        "business_vendor_contacts": {"email": ["Missing data for required field."]}
    }


@pytest.mark.parametrize(
    "query", ["page_size=1", "page_size=101", "page_size=x", "from_due_date=2026-07-01", "sync_status=NONE"]
)
def test_bad_query_is_422(client, query):
    assert client.get(f"/bills?{query}").status_code == 422


def test_unknown_query_argument_is_ignored(client):
    assert client.get("/bills?snyc_ready=true").status_code == 200


def test_unknown_path_is_a_page_of_html(client):
    answer = client.get("/nothing")
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (404, "text/html")


def test_delete_wants_a_body(client):
    account = client.get("/accounting/accounts").json()["data"][0]
    assert code(client.delete(f"/accounting/accounts/{account['ramp_id']}")) == "DEVELOPER_7011"
    assert client.delete(f"/accounting/accounts/{account['ramp_id']}", json={}).status_code == 204
    assert client.get(f"/accounting/accounts/{account['ramp_id']}").json()["is_active"] is False


def test_rate_limit_is_429():
    with RampSandbox(size="small", settings=quick(rate_limit=5)) as ramp:
        client = Client(ramp)
        answers = [client.get("/business") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
        assert "Retry-After" not in answers[-1].headers


NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(("path", "status"), [("vendors", 400), ("receipts", 404), ("reimbursements", 404)])
def test_an_unknown_id_has_the_declared_status_or_another(ramp, client, path, status):
    answers = [client.get(f"/{path}/{NOWHERE}").status_code]
    for other in (404, 400, 410):
        ramp.control.settings(unknown_status=other)
        answers.append(client.get(f"/{path}/{NOWHERE}").status_code)
    assert answers == [status, 404, 400, 410]


def test_an_operation_without_a_body_takes_none(ramp, client):
    path = f"/accounting/connection/{ramp.state.connection.id}/reactivate"
    assert client.post(path, json={}).status_code == 400
    assert client.post(path).status_code == 200


# -- data set and lists ----------------------------------------------------------------------------------------------


def test_data_set_is_the_same_in_each_run():
    with RampSandbox(size="demo") as one, RampSandbox(size="demo") as two:
        first, second = (
            [(bill.id, bill.amount, bill.invoice_number) for bill in box.state.bills] for box in (one, two)
        )
        assert first == second
        assert len(first) == 90
        assert len(one.state.vendors) == 40


def test_demo_data_covers_what_accounting_must_handle():
    with RampSandbox(size="demo") as ramp:
        bills = list(ramp.state.bills)
        assert {bill.currency for bill in bills} == {"USD", "EUR", "JPY"}
        assert {len(bill.lines) for bill in bills} == {1, 2, 3, 4, 5, 6}
        paid = [bill for bill in bills if bill.paid_at]
        assert 0.4 < len(paid) / len(bills) < 0.65
        assert {"ACH", "CHECK", "ONE_TIME_CARD"} <= {bill.payment.method for bill in paid}
        shared = Counter(bill.payment.id for bill in paid)
        assert max(shared.values()) == 2
        assert any(bill.inventory_lines for bill in bills)
        assert any(bill.payment and not bill.paid_at for bill in bills)
        assert {len(bill.file_ids) for bill in bills} == {0, 1, 2}
        foreign = [bill for bill in bills if bill.currency != ramp.state.currency_of(bill.entity_id)]
        assert foreign and all(rate_of(ramp.state, bill) != 1 for bill in foreign)
        assert len({rate_of(ramp.state, bill) for bill in foreign}) > 5
        payers = {bill.payment.currency for bill in foreign if bill.paid_at}
        assert {"USD", "EUR"} <= payers, "the bank takes its own currency, others that of the bill"
        for bill in paid:
            if bill.payment.currency != bill.currency:
                continue
            together = [other for other in paid if other.payment.id == bill.payment.id]
            credited = sum(credit["amount"]["amount"] for other in together for credit in other.applied_vendor_credits)
            assert bill.payment.amount == sum(other.amount for other in together) - credited


def test_lists_page_to_the_end_without_repeats(client):
    rows = list(client.rows("/bills?page_size=5"))
    assert len(rows) == len({row["id"] for row in rows}) == 12


def test_every_read_answers_within_the_contract():
    with RampSandbox(size="demo", seat="api", settings=quick()) as ramp:
        client = Client(ramp)
        for bill in client.rows("/bills?page_size=100"):
            assert client.get(f"/bills/{bill['id']}").status_code == 200
        for vendor in client.rows("/vendors?page_size=100"):
            assert client.get(f"/vendors/{vendor['id']}").status_code == 200
            assert len(client.get(f"/vendors/{vendor['id']}/contacts").json()["data"]) == 1
        for path in ("/accounting/accounts", "/accounting/vendors", "/accounting/fields"):
            for row in client.rows(f"{path}?page_size=100"):
                assert client.get(f"{path}/{row['ramp_id']}").json()["ramp_id"] == row["ramp_id"]
        for field in client.rows("/accounting/fields"):
            for option in client.rows(f"/accounting/field-options?field_id={field['ramp_id']}"):
                assert client.get(f"/accounting/field-options/{option['ramp_id']}").status_code == 200
        for path in ("/business", "/entities", "/accounting/all-connections", "/accounting/connection", "/webhooks"):
            assert client.get(path).status_code == 200
        assert ramp.control.violations() == []


def test_an_answer_that_breaks_the_contract_is_not_sent():
    with RampSandbox(size="small", settings=quick()) as ramp:
        ramp.state.business["id"] = 7
        assert Client(ramp).get("/business").status_code == 599
        assert "id" in ramp.control.violations()[0]["problems"][0]


def test_bill_filters(client):
    bills = list(client.rows("/bills?page_size=100"))
    assert {row["status"] for row in client.rows("/bills?payment_status=PAID")} == {"PAID"}
    due = bills[0]["due_at"].replace("+", "%2B")
    assert bills[0]["id"] in {row["id"] for row in client.rows(f"/bills?from_due_date={due}&to_due_date={due}")}
    number = bills[3]["invoice_number"]
    assert {row["invoice_number"] for row in client.rows(f"/bills?invoice_number={number}")} == {number}


def test_invoice_is_a_pdf_behind_a_link_that_ends(ramp, client):
    bill = client.get("/bills").json()["data"][0]
    answer = requests.get(bill["invoice_urls"][0], timeout=5)
    assert answer.content.startswith(b"%PDF")
    assert bill["invoice_number"].encode() in answer.content
    ramp.state.link_seconds = -10
    late = client.get(f"/bills/{bill['id']}").json()["invoice_urls"][0]
    assert requests.get(late, timeout=5).status_code == 403
    assert requests.get(bill["invoice_urls"][0].replace("signature=", "signature=0"), timeout=5).status_code == 403


# -- the accounting seat and coding ----------------------------------------------------------------------------------


def test_connecting_upgrades_csv_then_returns_the_incumbent():
    with RampSandbox(size="small", seat="csv", settings=quick()) as ramp:
        client = Client(ramp)
        tombstone, csv = client.get("/accounting/all-connections").json()["connections"]
        assert (tombstone["is_active"], tombstone["settings"], csv["connection_type"]) == (False, None, "CSV")
        ours = client.post("/accounting/connection", json={"remote_provider_name": "Odoo"}).json()
        assert (ours["id"], ours["connection_type"], ours["remote_provider_name"]) == (csv["id"], "API", "Odoo")
        other = client.post("/accounting/connection", json={"remote_provider_name": "Other"})
        assert (other.status_code, other.json()["remote_provider_name"]) == (201, "Odoo")
        assert client.delete("/accounting/connection").status_code == 204
        assert [row["is_active"] for row in client.get("/accounting/all-connections").json()["connections"]] == [
            False,
            False,
        ]
        again = client.post(f"/accounting/connection/{ours['id']}/reactivate").json()
        assert again["is_active"] is True
        changed = client.patch(
            f"/accounting/connection/{ours['id']}", json={"settings": {"vendor_credits_enabled": True}}
        )
        assert changed.json()["settings"]["vendor_credits_enabled"] is True


def test_direct_connection_refuses_uploads_and_syncs():
    with RampSandbox(size="small", seat="direct", settings=quick()) as ramp:
        client = Client(ramp)
        answer = client.post(
            "/accounting/accounts", json={"gl_accounts": [{"id": "1", "name": "Cash", "classification": "ASSET"}]}
        )
        assert code(answer) == "DEVELOPER_7089"
        sync = {
            "idempotency_key": "k",
            "sync_type": "BILL_SYNC",
            "successful_syncs": [{"id": ramp.state.business["id"], "reference_id": "1"}],
        }
        assert code(client.post("/accounting/syncs", json=sync)) == "DEVELOPER_7089"


def test_upload_is_all_or_nothing_and_patch_updates(client):
    cash = {"id": "odoo-1", "name": "Cash", "code": "101401", "classification": "ASSET"}
    added = client.post("/accounting/accounts", json={"gl_accounts": [cash]})
    assert added.status_code == 201
    ramp_id = added.json()["gl_accounts"][0]["ramp_id"]
    batch = {"gl_accounts": [{**cash, "id": "odoo-2"}, cash]}
    assert client.post("/accounting/accounts", json=batch).status_code == 400
    assert client.get("/accounting/accounts?remote_id=odoo-2").json()["data"] == []
    hidden = client.patch(f"/accounting/accounts/{ramp_id}", json={"visibility": "HIDDEN", "name": "Petty cash"}).json()
    assert (hidden["visibility"], hidden["name"], hidden["gl_account_category_info"]["id"]) == (
        "HIDDEN",
        "Petty cash",
        "Category",
    )


def test_custom_field_and_options(client):
    body = {"id": "plan_1", "name": "Plan", "input_type": "SINGLE_CHOICE", "is_splittable": True}
    field = client.post("/accounting/fields", json=body).json()
    assert client.post("/accounting/fields", json=body).json()["ramp_id"] == field["ramp_id"]
    options = {"field_id": field["ramp_id"], "options": [{"id": "aa_1", "value": "Göteborg", "code": "G"}]}
    assert client.post("/accounting/field-options", json=options).status_code == 201
    assert client.post("/accounting/field-options", json=options).status_code == 400
    assert [row["value"] for row in client.rows(f"/accounting/field-options?field_id={field['ramp_id']}")] == [
        "Göteborg"
    ]


# -- vendors ---------------------------------------------------------------------------------------------------------


def test_vendor_create_and_find(ramp, client):
    body = {
        "name": "Neu & Söhne",
        "country": "US",
        "external_vendor_id": "odoo:1",
        "business_vendor_contacts": {"email": "a@example.com"},
    }
    refused = client.post("/vendors", json=body)
    assert (refused.status_code, code(refused)) == (400, "DEVELOPER_7080")
    created = client.post("/vendors", json={**body, "state": "VA"})
    assert created.status_code == 200
    assert [row["id"] for row in client.rows("/vendors?external_vendor_id=odoo:1")] == [created.json()["id"]]
    path = f"/vendors/{created.json()['id']}"
    for tenant, status, contact in (("newer", 200, 201), ("older", 422, 405)):
        ramp.control.settings(tenant=tenant)
        assert client.patch(path, json={"name": "x"}).status_code == status
        body = {"email": f"{tenant}@example.com"}
        assert client.post(f"{path}/contacts", json=body).status_code == contact
    assert client.delete(f"/vendors/{created.json()['id']}").status_code == 204
    assert client.get(f"/vendors/{created.json()['id']}").status_code == 400


def test_vendor_waiting_for_approval_is_listed_as_draft_only(ramp, client):
    ramp.control.settings(vendor_approval=True)
    body = {"country": "GB", "external_vendor_id": "odoo:2", "business_vendor_contacts": {"email": "a@example.com"}}
    client.post("/vendors", json=body)
    assert list(client.rows("/vendors?external_vendor_id=odoo:2")) == []
    assert len(list(client.rows("/vendors?external_vendor_id=odoo:2&include_draft=true"))) == 1


def test_vendors_updated_since(ramp, client):
    vendor = next(iter(client.rows("/vendors")))
    before = datetime.now(UTC).isoformat().replace("+", "%2B")
    assert list(client.rows(f"/vendors?from_updated_at={before}")) == []
    ramp.control.edit_vendor(vendor["id"], name="Renamed")
    assert [row["name"] for row in client.rows(f"/vendors?from_updated_at={before}")] == ["Renamed"]


def test_accounting_vendor_links_to_one_vendor_only(client):
    client.post("/accounting/vendors", json={"vendors": [{"id": "partner_1", "name": "P"}]})
    first, second = list(client.rows("/vendors"))[1:3]
    assert client.patch(f"/vendors/{first['id']}", json={"accounting_vendor_remote_id": "partner_1"}).status_code == 200
    assert (
        client.patch(f"/vendors/{second['id']}", json={"accounting_vendor_remote_id": "partner_1"}).status_code == 400
    )
    bills = [bill for bill in client.rows("/bills") if bill["vendor"]["id"] == first["id"]]
    assert {bill["vendor"]["remote_id"] for bill in bills} == {"partner_1"}


def test_a_list_may_lag_behind_a_write(ramp, client):
    ramp.control.settings(replica_lag=60)
    body = {"country": "GB", "external_vendor_id": "odoo:3", "business_vendor_contacts": {"email": "a@example.com"}}
    vendor = client.post("/vendors", json=body).json()
    assert list(client.rows("/vendors?external_vendor_id=odoo:3")) == []
    assert client.get(f"/vendors/{vendor['id']}").status_code == 200
