"""The Ramp sandbox behaves as Ramp's documentation says; nothing of the addon is needed for these tests."""

import hashlib
import hmac
import json
import sys
import threading
from base64 import b64encode
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

sys.path.insert(0, str(Path(__file__).parents[1]))

from sandbox.control import RemoteControl  # noqa: E402
from sandbox.ramp import CLIENT_ID, CLIENT_SECRET, RampSandbox, RampSettings  # noqa: E402

READ_BILLS = "bills:read accounting:read"


class Client(requests.Session):
    """A session for the API of a sandbox."""

    def __init__(self, sandbox, scope=None):
        super().__init__()
        self.trust_env = False
        self.base = f"{sandbox.url}/developer/v1"
        if scope is None:
            scope = " ".join(sandbox.apps[CLIENT_ID].scopes)
        answer = self.post(
            "/token", data={"grant_type": "client_credentials", "scope": scope}, auth=(CLIENT_ID, CLIENT_SECRET)
        )
        self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def request(self, method, url, **options):
        return super().request(method, url if url.startswith("http") else self.base + url, **{"timeout": 10, **options})

    def rows(self, url):
        while url:
            answer = self.get(url).json()
            yield from answer["data"]
            url = answer["page"]["next"]


def quick(**changes):
    return RampSettings(**{"rate_limit": 0, "webhook_first_delay": 0.01, "challenge_head_start": 0.5, **changes})


@pytest.fixture
def sandbox():
    with RampSandbox(size="small", seat="api", settings=quick()) as running:
        yield running
        assert running.control.violations() == []


@pytest.fixture
def client(sandbox):
    return Client(sandbox)


def code(response):
    return response.json()["error_v2"]["error_code"]


# -- tokens and scopes -----------------------------------------------------------------------------------------------


def test_token_carries_the_scopes_that_were_asked_for(sandbox):
    answer = requests.post(
        f"{sandbox.url}/developer/v1/token",
        data={"grant_type": "client_credentials", "scope": READ_BILLS},
        auth=(CLIENT_ID, CLIENT_SECRET),
        timeout=5,
    )
    assert answer.status_code == 200
    assert set(answer.json()["scope"].split()) == set(READ_BILLS.split())
    assert answer.json()["expires_in"] == 864_000
    assert answer.headers["x-trace-id"]


def test_token_without_scopes_may_do_nothing(sandbox):
    answer = Client(sandbox, scope="").get("/bills")
    assert (answer.status_code, code(answer)) == (403, "DEVELOPER_7100")


def test_scope_is_checked_for_each_operation(sandbox):
    client = Client(sandbox, READ_BILLS)
    assert client.get("/bills").status_code == 200
    assert client.get("/vendors").status_code == 403


def test_token_refuses_wrong_secret_and_disallowed_scope():
    with RampSandbox(size="small", scopes=["bills:read"]) as sandbox:
        url = f"{sandbox.url}/developer/v1/token"
        wrong = requests.post(url, data={"grant_type": "client_credentials"}, auth=(CLIENT_ID, "wrong"), timeout=5)
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
        form = {"grant_type": "client_credentials", "scope": READ_BILLS}
        answer = requests.post(url, data=form, auth=(CLIENT_ID, CLIENT_SECRET), timeout=5)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_expired_revoked_and_missing_tokens_are_401(sandbox):
    sandbox.settings.token_seconds = 0
    expired = Client(sandbox).get("/bills")
    assert (expired.status_code, code(expired)) == (401, "DEVELOPER_7028")
    sandbox.settings.token_seconds = 3600
    client = Client(sandbox)
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
    with RampSandbox(size="small", settings=quick(rate_limit=5)) as sandbox:
        client = Client(sandbox)
        answers = [client.get("/business") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
        assert "Retry-After" not in answers[-1].headers


# -- data set and lists ----------------------------------------------------------------------------------------------


def test_data_set_is_the_same_in_each_run():
    with RampSandbox(size="demo") as one, RampSandbox(size="demo") as two:
        first, second = (
            [(bill.id, bill.amount, bill.invoice_number) for bill in box.state.bills] for box in (one, two)
        )
        assert first == second
        assert len(first) == 80
        assert len(one.state.vendors) == 40


def test_demo_data_covers_what_accounting_must_handle():
    with RampSandbox(size="demo") as sandbox:
        bills = list(sandbox.state.bills)
        assert {bill.currency for bill in bills} == {"USD", "EUR", "JPY"}
        assert {len(bill.lines) for bill in bills} == {1, 2, 3, 4, 5, 6}
        paid = [bill for bill in bills if bill.payment]
        assert 0.4 < len(paid) / len(bills) < 0.65
        assert {"ACH", "CHECK", "ONE_TIME_CARD"} <= {bill.payment.method for bill in paid}
        shared = Counter(bill.payment.id for bill in paid)
        assert max(shared.values()) == 2
        for bill in paid:
            assert bill.payment.amount == sum(other.amount for other in paid if other.payment.id == bill.payment.id)


def test_lists_page_to_the_end_without_repeats(client):
    rows = list(client.rows("/bills?page_size=5"))
    assert len(rows) == len({row["id"] for row in rows}) == 12


def test_every_read_answers_within_the_contract():
    with RampSandbox(size="demo", seat="api", settings=quick()) as sandbox:
        client = Client(sandbox)
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
        assert sandbox.control.violations() == []


def test_an_answer_that_breaks_the_contract_is_not_sent():
    with RampSandbox(size="small", settings=quick()) as sandbox:
        sandbox.state.business["id"] = 7
        assert Client(sandbox).get("/business").status_code == 599
        assert "id" in sandbox.control.violations()[0]["problems"][0]


def test_bill_filters(client):
    bills = list(client.rows("/bills?page_size=100"))
    assert {row["status"] for row in client.rows("/bills?payment_status=PAID")} == {"PAID"}
    due = bills[0]["due_at"].replace("+", "%2B")
    assert bills[0]["id"] in {row["id"] for row in client.rows(f"/bills?from_due_date={due}&to_due_date={due}")}
    number = bills[3]["invoice_number"]
    assert {row["invoice_number"] for row in client.rows(f"/bills?invoice_number={number}")} == {number}


def test_invoice_is_a_pdf_behind_a_link_that_ends(sandbox, client):
    bill = client.get("/bills").json()["data"][0]
    answer = requests.get(bill["invoice_urls"][0], timeout=5)
    assert answer.content.startswith(b"%PDF")
    assert bill["invoice_number"].encode() in answer.content
    sandbox.state.link_seconds = -10
    late = client.get(f"/bills/{bill['id']}").json()["invoice_urls"][0]
    assert requests.get(late, timeout=5).status_code == 403
    assert requests.get(bill["invoice_urls"][0].replace("signature=", "signature=0"), timeout=5).status_code == 403


# -- the accounting seat and coding ----------------------------------------------------------------------------------


def test_connecting_upgrades_csv_then_returns_the_incumbent():
    with RampSandbox(size="small", seat="csv", settings=quick()) as sandbox:
        client = Client(sandbox)
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
    with RampSandbox(size="small", seat="direct", settings=quick()) as sandbox:
        client = Client(sandbox)
        answer = client.post(
            "/accounting/accounts", json={"gl_accounts": [{"id": "1", "name": "Cash", "classification": "ASSET"}]}
        )
        assert code(answer) == "DEVELOPER_7089"
        sync = {
            "idempotency_key": "k",
            "sync_type": "BILL_SYNC",
            "successful_syncs": [{"id": sandbox.state.business["id"], "reference_id": "1"}],
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


def test_vendor_create_and_find(client):
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
    assert client.patch(f"/vendors/{created.json()['id']}", json={"name": "x"}).status_code == 422
    assert client.delete(f"/vendors/{created.json()['id']}").status_code == 204
    assert client.get(f"/vendors/{created.json()['id']}").status_code == 404


def test_vendor_waiting_for_approval_is_listed_as_draft_only(sandbox, client):
    sandbox.control.settings(vendor_approval=True)
    body = {"country": "GB", "external_vendor_id": "odoo:2", "business_vendor_contacts": {"email": "a@example.com"}}
    client.post("/vendors", json=body)
    assert list(client.rows("/vendors?external_vendor_id=odoo:2")) == []
    assert len(list(client.rows("/vendors?external_vendor_id=odoo:2&include_draft=true"))) == 1


def test_vendors_updated_since(sandbox, client):
    vendor = next(iter(client.rows("/vendors")))
    before = datetime.now(UTC).isoformat().replace("+", "%2B")
    assert list(client.rows(f"/vendors?from_updated_at={before}")) == []
    sandbox.control.edit_vendor(vendor["id"], name="Renamed")
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


# -- syncs -----------------------------------------------------------------------------------------------------------


def report(client, sync_type, ids, key, outcome="successful_syncs"):
    items = [{"id": item, "reference_id": f"account.move:{n}"} for n, item in enumerate(ids)]
    if outcome == "failed_syncs":
        items = [{"id": item, "error": {"message": "The account is archived."}} for item in ids]
    return client.post("/accounting/syncs", json={"idempotency_key": key, "sync_type": sync_type, outcome: items})


def ready(client):
    return {row["id"]: row for row in client.rows("/bills?sync_ready=true&page_size=100")}


def test_bill_goes_through_both_phases(sandbox, client):
    paid = next(row for row in ready(client).values() if row["status"] == "PAID")
    early = report(client, "BILL_PAYMENT_SYNC", [paid["id"]], "p0")
    assert (early.status_code, code(early)) == (400, "DEVELOPER_7062")
    assert report(client, "BILL_SYNC", [paid["id"]], "b1").status_code == 201
    assert ready(client)[paid["id"]]["sync_status"] == "BILL_SYNCED"
    assert code(report(client, "BILL_SYNC", [paid["id"]], "b2")) == "DEVELOPER_7062"
    assert report(client, "BILL_PAYMENT_SYNC", [paid["id"]], "p1").status_code == 201
    assert paid["id"] not in ready(client)
    assert sandbox.control.effects() == {"BILL_SYNC": {paid["id"]: 1}, "BILL_PAYMENT_SYNC": {paid["id"]: 1}}


def test_open_bill_returns_to_the_queue_when_it_is_paid(sandbox, client):
    bill = next(row for row in ready(client).values() if row["status"] == "OPEN")
    report(client, "BILL_SYNC", [bill["id"]], "b")
    assert bill["id"] not in ready(client)
    sandbox.control.pay_bills([bill["id"]])
    assert ready(client)[bill["id"]]["payment"]["amount"] == bill["amount"]


def test_one_object_that_is_not_ready_refuses_the_batch(sandbox, client):
    good, other = list(ready(client))[:2]
    report(client, "BILL_SYNC", [other], "first")
    answer = report(client, "BILL_SYNC", [good, other], "both")
    assert code(answer) == "DEVELOPER_7062"
    assert other in answer.json()["error_v2"]["message"]
    assert good not in answer.json()["error_v2"]["message"]
    assert ready(client)[good]["sync_status"] == "NOT_SYNCED"


def test_same_key_changes_nothing_again(sandbox, client):
    bill = next(iter(ready(client)))
    first = report(client, "BILL_SYNC", [bill], "key")
    assert report(client, "BILL_SYNC", [bill], "key").json() == first.json()
    assert sandbox.control.effects("BILL_SYNC") == {"BILL_SYNC": {bill: 1}}
    other = report(client, "BILL_SYNC", [list(ready(client))[-1]], "key")
    assert (other.status_code, code(other)) == (400, "DEVELOPER_7005")


def test_empty_list_is_422_and_failures_are_recorded(sandbox, client):
    body = {"idempotency_key": "k", "sync_type": "BILL_SYNC", "successful_syncs": []}
    assert client.post("/accounting/syncs", json=body).status_code == 422
    bill = next(iter(ready(client)))
    assert report(client, "BILL_SYNC", [bill], "f", "failed_syncs").status_code == 201
    assert bill in ready(client)
    assert {row["id"]: row["sync_error"] for row in sandbox.control.bills()}[bill] == "The account is archived."


# -- faults ----------------------------------------------------------------------------------------------------------


def test_error_before_and_after_the_effect(sandbox, client):
    one, two = list(ready(client))[:2]
    for when, bill in (("before", one), ("after", two)):
        sandbox.control.add_fault("error", method="POST", path="*/syncs", status=500, when=when)
        assert report(client, "BILL_SYNC", [bill], when).status_code == 500
    assert sandbox.control.effects("BILL_SYNC") == {"BILL_SYNC": {two: 1}}
    assert report(client, "BILL_SYNC", [two], "after").status_code == 201
    assert sandbox.control.effects("BILL_SYNC") == {"BILL_SYNC": {two: 1}}


def test_connection_faults(sandbox, client):
    sandbox.control.add_fault("reset", path="*/business")
    with pytest.raises(requests.ConnectionError):
        client.get("/business")
    sandbox.control.add_fault("truncate", path="*/bills")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get("/bills")
    bill = next(iter(ready(client)))
    sandbox.control.add_fault("hang", path="*/syncs", seconds=0.5)
    with pytest.raises(requests.ReadTimeout):
        client.post(
            "/accounting/syncs",
            json={
                "idempotency_key": "h",
                "sync_type": "BILL_SYNC",
                "successful_syncs": [{"id": bill, "reference_id": "1"}],
            },
            timeout=0.1,
        )
    assert sandbox.control.effects("BILL_SYNC") == {"BILL_SYNC": {bill: 1}}
    assert client.get("/business").status_code == 200


def test_answers_that_are_not_what_they_should_be(sandbox, client):
    sandbox.control.add_fault("html", path="*/business")
    with pytest.raises(ValueError):
        client.get("/business").json()
    sandbox.control.add_fault("error", path="*/business", status=429, retry_after=3)
    assert client.get("/business").headers["Retry-After"] == "3"
    sandbox.control.add_fault("token_revoked", path="*/business")
    assert [client.get("/business").status_code for _ in range(2)] == [401, 401]


def test_duplicate_page_repeats_rows_and_loses_none(sandbox, client):
    sandbox.control.add_fault("duplicate_page", path="*/bills", skip=1)
    counted = Counter(row["id"] for row in client.rows("/bills?page_size=5"))
    assert len(counted) == 12
    assert sorted(counted.values()) == [1] * 7 + [2] * 5


def test_control_over_http(sandbox, client):
    remote = RemoteControl(sandbox.url)
    remote.add_fault(kind="error", path="*/business", status=503)
    assert client.get("/business").status_code == 503
    assert remote.requests(path="/developer/v1/business")[0]["status"] == 503
    bill = remote.add_bill(
        vendor_id=remote.vendors()[0]["id"],
        lines=[{"amount": "12.34", "coding": [["gl", "600000"], ["project", "P-100"]]}],
    )
    assert client.get(f"/bills/{bill}").json()["amount"]["amount"] == 1234
    assert remote.effects() == {}
    with pytest.raises(ValueError, match="no setting"):
        remote.settings(nothing=1)
    remote.reset()
    assert client.get(f"/bills/{bill}").status_code == 401


def test_the_log_keeps_no_secrets(sandbox, client):
    client.post(
        "/webhooks",
        json={
            "endpoint_url": f"{sandbox.url}/gone",
            "event_types": ["bills.paid"],
            "additional_headers": {"X-A": "hush"},
        },
    )
    text = json.dumps(sandbox.control.requests())
    assert CLIENT_SECRET not in text
    assert "hush" not in text
    assert client.headers["Authorization"].split()[1] not in text


# -- webhooks --------------------------------------------------------------------------------------------------------


class Receiver:
    """An endpoint that keeps what it gets and answers as told."""

    def __init__(self):
        receiver = self
        self.events, self.answers = [], []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.events.append((json.loads(body), dict(self.headers), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def subscribe(client, receiver, *event_types):
    created = client.post("/webhooks", json={"endpoint_url": receiver.url, "event_types": list(event_types)}).json()
    challenge = receiver.events[0][0]["challenge"]
    assert client.post(f"/webhooks/{created['id']}/verify", json={"challenge": challenge}).json() == {"success": True}
    receiver.events.clear()
    return created


def test_challenge_arrives_before_the_subscription_is_known(client, receiver):
    created = client.post("/webhooks", json={"endpoint_url": receiver.url, "event_types": ["bills.paid"]}).json()
    event, headers, _ = receiver.events[0]
    assert (event["type"], created["status"]) == ("webhooks.verification", "pending_verification")
    assert "X-Ramp-Webhook-ID" not in headers
    assert client.post(f"/webhooks/{created['id']}/verify", json={"challenge": "wrong"}).status_code == 400
    assert "secret" not in client.get("/webhooks").json()[0]


@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_deliveries_are_signed_over_the_raw_body(sandbox, client, receiver, encoding):
    sandbox.control.settings(signature_encoding=encoding)
    secret = subscribe(client, receiver, "bills.created", "bills.ready_to_sync")["secret"]
    vendor = next(iter(client.rows("/vendors")))["id"]
    bill = sandbox.control.add_bill(vendor, [{"amount": 5}])
    assert sandbox.control.wait_for_deliveries()
    assert Counter(event["type"] for event, *_ in receiver.events) == {"bills.created": 1, "bills.ready_to_sync": 1}
    for event, headers, body in receiver.events:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        assert headers["X-Ramp-Signature"] == (digest.hex() if encoding == "hex" else b64encode(digest).decode())
        assert headers["X-Ramp-Webhook-ID"] == event["id"]
        assert event["object"] == {"id": bill}


def test_5xx_is_tried_again_and_4xx_is_not(sandbox, client, receiver):
    subscribe(client, receiver, "bills.approved")
    receiver.answers = [500, 429, 200]
    bill = next(iter(sandbox.state.bills)).id
    sandbox.control.emit("bills.approved", bill)
    assert sandbox.control.wait_for_deliveries()
    assert sandbox.control.deliveries()[-1]["attempts"] == [500, 429, 200]
    assert len({event["id"] for event, *_ in receiver.events}) == 1
    receiver.answers = [401]
    sandbox.control.emit("bills.approved", bill)
    assert sandbox.control.wait_for_deliveries()
    assert (sandbox.control.deliveries()[-1]["attempts"], sandbox.control.deliveries()[-1]["state"]) == (
        [401],
        "failed",
    )


def test_deliveries_can_be_reordered_and_repeated(sandbox, client, receiver):
    subscribe(client, receiver, "bills.created", "bills.approved")
    sandbox.control.hold_deliveries()
    sandbox.control.add_bill(next(iter(sandbox.state.vendors)).id, [{"amount": 5}])
    assert receiver.events == []
    assert sandbox.control.release_deliveries(order="reversed", repeat=2) == 2
    assert [event["type"] for event, *_ in receiver.events] == ["bills.approved"] * 2 + ["bills.created"] * 2


def test_mock_event(client, receiver):
    subscribe(client, receiver, "vendors.updated")
    vendor = next(iter(client.rows("/vendors")))["id"]
    body = {"event_type": "vendors.updated", "object_id": vendor, "object_metadata": {}}
    assert client.post("/webhooks/mock-webhook-event", json=body).json()["object"] == {"id": vendor}
