"""What the other tests rely on in the Ramp sandbox: it refuses what Ramp refuses, and never breaks the contract.

That it does what Ramp does shows in `test_ramp_against_sandbox.py` and `test_ramp_push.py`.
"""

import pytest
import requests
from ramp_support import NOWHERE, obeyed_sandbox, quick
from sandbox.ramp import CLIENT_ID, CLIENT_SECRET, RampSandbox


class Client(requests.Session):
    def __init__(self, ramp):
        super().__init__()
        self.trust_env = False
        self.base = f"{ramp.url}/developer/v1"
        form = {"grant_type": "client_credentials", "scope": " ".join(ramp.apps[CLIENT_ID].scopes)}
        answer = self.post("/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET))
        self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def request(self, method, url, **options):
        return super().request(method, url if url.startswith("http") else self.base + url, **{"timeout": 10, **options})

    def rows(self, url):
        while url:
            answer = self.get(url).json()
            yield from answer["data"]
            url = answer["page"]["next"]


def code(response):
    return response.json()["error_v2"]["error_code"]


@pytest.fixture
def ramp():
    with obeyed_sandbox() as running:
        yield running


@pytest.fixture
def client(ramp):
    return Client(ramp)


# What it refuses

ACCOUNT = {"id": "1", "name": "Cash", "classification": "ASSET", "currency": "USD"}


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("accounting/accounts", {"gl_accounts": [ACCOUNT]}, {"gl_accounts": {"0": {"currency": ["Unknown field."]}}}),
        (
            "vendors",
            {"country": "GB", "business_vendor_contacts": {}},
            {"business_vendor_contacts": {"email": ["Missing data for required field."]}},
        ),
    ],
)
def test_a_body_that_breaks_the_contract_is_refused_with_the_field(client, path, body, named):
    answer = client.post(f"/{path}", json=body)
    assert (answer.status_code, code(answer)) == (422, "DEVELOPER_7001")
    assert answer.json()["error_v2"]["additional_info"] == named


@pytest.mark.parametrize(
    ("query", "status"),
    [
        *(("page_size=1", 422), ("page_size=101", 422), ("page_size=x", 422)),
        *(("from_due_date=2026-07-01", 422), ("sync_status=NONE", 422), ("snyc_ready=true", 200)),
    ],
)
def test_a_bad_query_is_refused_and_an_unknown_argument_ignored(client, query, status):
    assert client.get(f"/bills?{query}").status_code == status


def test_a_body_is_there_where_the_contract_wants_one_and_nowhere_else(ramp, client):
    archive = f"/purchase-orders/{client.get('/purchase-orders').json()['data'][0]['id']}/archive"
    assert code(client.post(archive)) == "DEVELOPER_7011"
    assert client.post(archive, json={}).status_code == 204
    reactivate = f"/accounting/connection/{ramp.state.connection.id}/reactivate"
    assert client.post(reactivate, json={}).status_code == 400
    assert client.post(reactivate).status_code == 200


CODING = [
    {"field_external_id": "Category", "field_option_external_id": "gl-600000"},
    {"field_external_id": "project", "field_option_external_id": "prj-P-100"},
]


@pytest.mark.parametrize(
    "values",
    [
        {"issued_at": "2026-07-05T00:00:00Z"},
        {"invoice_number": "x" * 85},
        {"enable_accounting_sync": False, "remote_id": "1"},
        {"use_default_vendor_contact": False},
        {"payment_method": None},
        {"line_items": [{"amount": "1.234"}]},
        {"line_items": [{"amount": "1", "accounting_field_selections": [{"field_external_id": "Category"}]}]},
        {"line_items": [{"amount": "1", "purchase_order_line_item_id": None}]},
        {},
    ],
)
def test_a_bill_that_breaks_a_rule_of_ramp_is_refused(ramp, client, values):
    body = {
        "vendor_id": next(iter(ramp.state.vendors)).id,
        "entity_id": ramp.state.entities[0]["id"],
        "invoice_number": "INV-2026-119",
        "invoice_currency": "USD",
        "issued_at": "2026-07-05",
        "due_at": "2026-08-04",
        "payment_method": "ACH",
        "use_default_vendor_contact": True,
        "line_items": [{"amount": "12.34", "memo": "Support", "accounting_field_selections": CODING}],
    }
    assert client.post("/bills", json={**body, **values}).status_code == (422 if values else 201)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"endpoint_url": "http://erp.example.com/hook"}, 422),
        ({"additional_headers": {"Host": "x"}}, 422),
        ({"additional_headers": {f"X-{n}": "x" for n in range(6)}}, 422),
        ({"event_types": ["webhooks.verification"]}, 422),
        ({"event_types": ["payments.updated"]}, 403),
    ],
)
def test_a_subscription_that_ramp_refuses(ramp, client, change, status):
    body = {"endpoint_url": f"{ramp.url}/hook", "event_types": ["bills.paid"], **change}
    assert client.post("/webhooks", json=body).status_code == status


def test_rate_limit_is_429():
    with RampSandbox(size="small", settings=quick(rate_limit=5)) as ramp:
        client = Client(ramp)
        answers = [client.get("/business") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
        assert "Retry-After" not in answers[-1].headers


@pytest.mark.parametrize(("path", "status"), [("vendors", 400), ("reimbursements", 404)])
def test_an_unknown_id_has_the_declared_status_or_another(ramp, client, path, status):
    answers = [client.get(f"/{path}/{NOWHERE}").status_code]
    for other in (404, 400, 410):
        ramp.control.settings(unknown_status=other)
        answers.append(client.get(f"/{path}/{NOWHERE}").status_code)
    assert answers == [status, 404, 400, 410]


def test_a_link_to_a_file_ends(ramp, client):
    ramp.state.link_seconds = -10
    assert client.get(client.get("/bills").json()["data"][0]["invoice_urls"][0]).status_code == 403


# What it answers


def test_an_answer_that_breaks_the_contract_is_not_sent():
    with RampSandbox(size="small", settings=quick()) as ramp:
        ramp.state.business["id"] = 7
        assert Client(ramp).get("/business").status_code == 599
        assert "id" in ramp.control.violations()[0]["problems"][0]


PATHS = (
    *("bills", "vendors", "transactions", "reimbursements", "transfers", "cashbacks", "statements"),
    *("purchase-orders", "item-receipts", "users", "vendors/credits"),
)
LISTS = (
    *("receipts", "repayments", "entities", "departments", "locations"),
    *("accounting/accounts", "accounting/vendors", "accounting/fields"),
    *("accounting/tax/rates", "accounting/tax/code/options"),
)


def test_every_read_of_the_demo_answers_within_the_contract():
    with obeyed_sandbox(size="demo") as demo:
        client = Client(demo)
        for path in PATHS:
            rows = list(client.rows(f"/{path}?page_size=100"))
            assert rows, path
            for row in rows:
                assert client.get(f"/{path}/{row['id']}").json()["id"] == row["id"]
        for vendor in client.rows("/vendors?page_size=100"):
            assert len(client.get(f"/vendors/{vendor['id']}/contacts").json()["data"]) == 1
        for path in LISTS:
            assert list(client.rows(f"/{path}?page_size=100")), path
        for field in client.rows("/accounting/fields"):
            assert list(client.rows(f"/accounting/field-options?field_id={field['ramp_id']}"))
        for path in ("/business", "/accounting/all-connections", "/accounting/tax/code", "/webhooks"):
            assert client.get(path).status_code == 200
