"""What the other tests rely on in the Ramp sandbox: it refuses what Ramp refuses, and never breaks the contract.

That it does what Ramp does shows in `test_ramp_against_sandbox.py` and `test_ramp_push.py`.
"""

import json
from collections import Counter
from decimal import Decimal

import pytest
import requests
from sandbox.control import RemoteControl
from sandbox.ramp import CLIENT_ID, CLIENT_SECRET, RampSandbox, RampSettings
from sandbox.ramp.purchase_orders import stored_number
from sandbox.ramp.render import rate_of


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


def quick(**changes):
    return RampSettings(**{"rate_limit": 0, "webhook_first_delay": 0.01, "challenge_head_start": 0.5, **changes})


def code(response):
    return response.json()["error_v2"]["error_code"]


@pytest.fixture
def ramp():
    with RampSandbox(size="small", seat="api", settings=quick()) as running:
        yield running
        assert running.control.violations() == []


@pytest.fixture
def client(ramp):
    return Client(ramp)


@pytest.fixture(scope="module")
def demo():
    with RampSandbox(size="demo", seat="api", settings=quick()) as running:
        yield running


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


@pytest.mark.parametrize(
    ("number", "stored"),
    [
        *(("PO000002", "2"), ("PO-000004", "4"), ("4", "4"), ("PO000004-1", "PO000004-1")),
        *(("P00012-1", "P00012-1"), ("SPECIAL", "SPECIAL-1")),
    ],
)
def test_order_numbers_are_rewritten(number, stored):
    assert stored_number(number) == stored


def test_rate_limit_is_429():
    with RampSandbox(size="small", settings=quick(rate_limit=5)) as ramp:
        client = Client(ramp)
        answers = [client.get("/business") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
        assert "Retry-After" not in answers[-1].headers


NOWHERE = "00000000-0000-4000-8000-000000000000"


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


def test_every_read_of_the_demo_answers_within_the_contract(demo):
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
    assert demo.control.violations() == []


def test_data_set_is_the_same_in_each_run(demo):
    with RampSandbox(size="demo") as other:
        first, second = (
            [(bill.id, bill.amount, bill.invoice_number) for bill in box.state.bills] for box in (demo, other)
        )
    assert first == second and len(first) == 90 and len(demo.state.vendors) == 40


def test_demo_data_covers_what_accounting_must_handle(demo):
    bills = list(demo.state.bills)
    assert {bill.currency for bill in bills} == {"USD", "EUR", "JPY"}
    assert {len(bill.lines) for bill in bills} == {1, 2, 3, 4, 5, 6}
    paid = [bill for bill in bills if bill.paid_at]
    assert 0.4 < len(paid) / len(bills) < 0.65
    assert {"ACH", "CHECK", "ONE_TIME_CARD"} <= {bill.payment.method for bill in paid}
    assert max(Counter(bill.payment.id for bill in paid).values()) == 2
    assert any(bill.inventory_lines for bill in bills)
    assert any(bill.payment and not bill.paid_at for bill in bills)
    assert {len(bill.file_ids) for bill in bills} == {0, 1, 2}
    foreign = [bill for bill in bills if bill.currency != demo.state.currency_of(bill.entity_id)]
    rates = {rate_of(demo.state, bill) for bill in foreign}
    assert len(rates) > 5 and 1 not in rates
    payers = {bill.payment.currency for bill in foreign if bill.paid_at}
    assert {"USD", "EUR"} <= payers, "the bank takes its own currency, others that of the bill"
    for bill in paid:
        if bill.payment.currency != bill.currency:
            continue
        together = [other for other in paid if other.payment.id == bill.payment.id]
        credited = sum(credit["amount"]["amount"] for other in together for credit in other.applied_vendor_credits)
        assert bill.payment.amount == sum(other.amount for other in together) - credited


def test_a_statement_sums_up_what_it_lists(demo):
    client = Client(demo)
    first, second = client.rows("/statements")
    for shown in (first, second):
        rows = client.rows(f"/transactions?statement_id={shown['id']}&page_size=100")
        charges = sum(Decimal(str(row["amount"])) for row in rows if row["amount"] > 0)
        assert charges * 100 == shown["charges"]["amount"]
        names = ("opening_balance", "charges", "credits", "payments", "ending_balance")
        opening, charged, credited, paid, ending = (shown[name]["amount"] for name in names)
        assert opening + charged - credited - paid == ending
    assert second["opening_balance"] == first["ending_balance"]
    assert next(client.rows(f"/transfers?statement_id={second['id']}"))["amount"] == first["ending_balance"]


# How tests reach it


def test_control_over_http(ramp, client):
    remote = RemoteControl(ramp.url)
    remote.add_fault(kind="error", path="*/business", status=503)
    assert client.get("/business").status_code == 503
    assert remote.requests(path="/developer/v1/business")[0]["status"] == 503
    lines = [{"amount": "12.34", "coding": [["gl", "600000"], ["project", "P-100"]]}]
    bill = remote.add_bill(vendor_id=remote.vendors()[0]["id"], lines=lines)
    assert client.get(f"/bills/{bill}").json()["amount"]["amount"] == 1234
    assert remote.effects() == {}
    with pytest.raises(ValueError, match="no setting"):
        remote.settings(nothing=1)
    remote.reset()
    assert client.get(f"/bills/{bill}").status_code == 401


def test_a_deliverys_answer_decides_whether_it_is_tried_again(ramp, client):
    """Ramp repeats after 429 and 5xx and gives up at 4xx; tests reorder and repeat."""
    body = {"endpoint_url": f"{ramp.url}/developer/v1/none", "event_types": ["bills.approved"]}
    subscription = ramp.state.subscriptions.get(client.post("/webhooks", json=body).json()["id"])
    subscription.status, bill = "active", next(iter(ramp.state.bills)).id
    for path, status, attempts in (("none", 404, 1), ("business", 500, 3), ("users", 429, 3)):
        subscription.endpoint_url = f"{ramp.url}/developer/v1/{path}"
        ramp.control.settings(webhook_attempts=3)
        ramp.control.add_fault("error", path=f"*/{path}", status=status, times=None)
        ramp.control.emit("bills.approved", bill)
        assert ramp.control.wait_for_deliveries()
        delivery = ramp.control.deliveries()[-1]
        assert (delivery["attempts"], delivery["state"]) == ([status] * attempts, "failed")


def test_the_log_keeps_no_secrets(ramp, client):
    hook = {"endpoint_url": f"{ramp.url}/gone", "event_types": ["bills.paid"], "additional_headers": {"X-A": "hush"}}
    client.post("/webhooks", json=hook)
    text = json.dumps(ramp.control.requests())
    assert not [word for word in (CLIENT_SECRET, "hush", client.headers["Authorization"].split()[1]) if word in text]
