"""Ramp's client and provider, against scripted answers; `test_ramp_against_sandbox.py` does it against the sandbox."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ramp_support import raised
from support.tokens import MemoryTokens

from ml_connector.core import errors as errors
from ml_connector.core.documents import Result
from ml_connector.core.flow import Flow
from ml_connector.core.http import AccessToken
from ml_connector.core.provider import Settings
from ml_connector.providers import PROVIDERS
from ml_connector.providers.ramp import RampProvider, check
from ml_connector.providers.ramp.bills import is_bill_due
from ml_connector.providers.ramp.client import RampClient, path_id
from ml_connector.providers.ramp.payments import is_payment_due
from ml_connector.providers.ramp.webhook import ECHOES

EVENTS = RampProvider.webhook_events
SCOPES = tuple(RampProvider.default_scopes.split())

SECRET = "client-secret-marker"


@pytest.fixture
def client(script):
    client = RampClient(
        script.url,
        client_id="ramp_id_1",
        client_secret=SECRET,
        scope="a:read b:read",
        tokens=MemoryTokens(),
        limiter=None,
        sleep=lambda seconds: None,
    )
    client._tokens.get(lambda: AccessToken("tok", 3600))
    yield client
    client.close()


def page(rows, following=None):
    return 200, json.dumps({"data": rows, "page": {"next": following}})


def provider(fake=None, credentials=None, capabilities=(), options=None, **stored):
    settings = Settings(
        base_url="https://api.ramp.com",
        credentials={"client_id": "ramp_id_1", "client_secret": SECRET, **(credentials or {})},
        stored=stored,
        capabilities=frozenset(capabilities),
        instance="db:7",
        options=options or {},
    )
    made = RampProvider(settings, MemoryTokens(), None)
    if fake:
        made.__dict__["client"] = fake
    return made


# Client: pages


def ids(pages):
    return [row["id"] for rows in pages for row in rows]


@pytest.mark.parametrize(
    "form", ["{url}/developer/v1/vendors?page_size=100&start=b", "/developer/v1/vendors?start=b", "b"]
)
def test_next_page_as_address_or_cursor(client, script, form):
    script.answers = [page([{"id": "a"}, {"id": "b"}], form.format(url=script.url)), page([{"id": "c"}])]
    assert ids(client.pages("/vendors", is_active=True)) == ["a", "b", "c"]
    assert script.requests[0].path == "/developer/v1/vendors?is_active=true&page_size=100"
    assert "start=b" in script.requests[1].path
    if form == "b":
        assert "is_active=true" in script.requests[1].path


def test_rows_that_come_twice_are_left_out(client, script):
    script.answers = [page([{"id": "a"}, {"id": "b"}], "b"), page([{"id": "b"}, {"id": "c"}, {"id": "c"}])]
    assert ids(client.pages("/vendors")) == ["a", "b", "c"]


@pytest.mark.parametrize("rows", [[{"id": "a"}], []])
def test_a_listing_without_end_whatever_its_cursors_are(client, script, rows):
    script.answers = [page(rows, f"c{number}") for number in range(50)]
    assert "repeats the same page" in raised(lambda: list(client.pages("/vendors"))).message
    assert len(script.requests) == (4 if rows else 3)


def test_the_token_does_not_follow_a_foreign_next(client, script):
    script.answers = [page([{"id": "a"}], "https://evil.example/developer/v1/vendors")]
    assert "another server" in raised(lambda: list(client.pages("/vendors"))).message
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "body",
    ["[]", "{}", "null", "", '{"data": null}', '{"data": {}}', '{"data": [], "page": {"next": 5}}'],
)
def test_answers_that_are_no_list(client, script, body):
    script.answers = [(200, body)]
    assert type(raised(lambda: list(client.pages("/vendors")))) is errors.RemoteError


def test_a_list_without_paging_ends(client, script):
    script.answers = [(200, '{"data": [{"id": "a"}]}')]
    assert ids(client.pages("/vendors")) == ["a"]


@pytest.mark.parametrize("odd", ["../business", "", None, "a/b", "a?b", 5, "x" * 101, "."])
def test_odd_ids_reach_no_other_path(odd):
    assert type(raised(path_id, odd)) is errors.NotFoundError


# Client: errors


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            {
                "error_v2": {
                    "error_code": "DEVELOPER_7001",
                    "message": "Missing data for required field.",
                    "additional_info": {"business_vendor_contacts": {"email": ["Missing data."]}, "name": ["Too long"]},
                },
                "error": {"message": "old"},
            },
            "DEVELOPER_7001",
            "Missing data for required field (business_vendor_contacts.email: Missing data; name: Too long)",
        ),
        ({"error_v2": {"error_code": None, "message": None}, "message": "Simple"}, "", "Simple"),
        ({"error_v2": "odd", "message": "Plain"}, "", "Plain"),
        ({"message": "Plain."}, "", "Plain"),
        ({"error": {"message": "Old"}}, "", "Old"),
        ({"error": {"email": ["Bad"]}}, "", "email: Bad"),
        ({"error": "invalid_scope", "error_description": "No."}, "invalid_scope", "No"),
        ({"error": "invalid_scope"}, "invalid_scope", "invalid_scope"),
        ([], "", ""),
        ("text", "", ""),
    ],
)
def test_ramps_message_and_code(client, script, body, code, message):
    script.answers = [(422, json.dumps(body))]
    error = raised(client.create, "/vendors", {})
    assert error.code == code
    assert error.message == (f"Ramp refused the request: {message}." if message else "Ramp refused the request.")


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_no_error_body_breaks_the_client(body):
    ramp = RampClient("https://api.ramp.com", client_id="i", client_secret="s", scope="", tokens=None)
    keys = {"error_v2": body, "error": body, "message": body, "error_description": body, "additional_info": body}
    for data in (body, keys, {"error_v2": keys}, {"error": keys}):
        code, message = ramp.explain(data)
        assert isinstance(code, str) and isinstance(message, str)


def test_empty_answer_to_a_write_is_fine_and_to_a_read_is_not(client, script):
    script.answers = [(204,)]
    assert client.change("PATCH", "/vendors/v", {}) == {}
    assert type(raised(client.one, "/vendors/v")) is errors.RemoteError


# Client: token


def test_token_request(client, script):
    script.answers = [(200, json.dumps({"access_token": "t1", "expires_in": 864000, "scope": "a:read"}))]
    token = client.fetch_token()
    assert token == AccessToken("t1", 864000, "a:read")
    (request,) = script.requests
    assert (request.method, request.path) == ("POST", "/developer/v1/token")
    assert request.body == b"grant_type=client_credentials&scope=a%3Aread+b%3Aread"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(f"ramp_id_1:{SECRET}".encode()).decode()


def test_token_call_is_repeated_after_a_fault(client, script):
    script.answers = [(503, ""), (200, '{"access_token": "t1"}')]
    token = client.fetch_token()
    assert (token.value, token.expires_in, token.scope) == ("t1", 300, "a:read b:read")


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ((401, '{"error": "invalid_client"}'), errors.AuthError, "client secret is wrong"),
        ((400, '{"error": "invalid_scope"}'), errors.AuthError, "scope"),
        ((400, '{"error": "unauthorized_client"}'), errors.AuthError, "client credentials"),
        ((403, '{"error_v2": {"error_code": "X", "message": "Blocked."}}'), errors.AuthError, "Blocked"),
        ((404, "<html>"), errors.NotFoundError, ""),
        ((200, "{}"), errors.RemoteError, "without a token"),
        ((200, "[]"), errors.RemoteError, "without a token"),
        ((429, "{}", {"Retry-After": "60"}), errors.RateLimitError, ""),
        ((500, ""), errors.RemoteError, ""),
    ],
)
def test_token_refused(client, script, answer, kind, said):
    script.answers = [answer]
    error = raised(client.fetch_token)
    assert type(error) is kind and said in error.message and SECRET not in repr(vars(error))


def test_missing_credentials_are_said_without_a_call(script):
    ramp = RampClient(script.url, client_id="", client_secret="", scope="", tokens=None)
    assert "missing" in raised(ramp.fetch_token).message


# Flows


def test_provider_is_known():
    assert PROVIDERS["ramp"] is RampProvider
    assert RampProvider.environments == {
        "production": "https://api.ramp.com",
        "sandbox": "https://demo-api.ramp.com",
    }
    assert [c.name for c in RampProvider.credentials if c.secret] == ["client_secret"]


def test_client_has_the_credentials():
    client = provider().client
    assert (client._client_id, client._client_secret, client.scope) == (
        "ramp_id_1",
        SECRET,
        RampProvider.default_scopes,
    )
    empty = provider(None, {"client_id": None, "client_secret": ""}).client
    assert "missing" in raised(empty.fetch_token).message


def test_flow_table():
    """The order decides what can refer to what: codes before bills, bills before payments, all before the results."""
    flows = RampProvider.flows
    assert [flow.key for flow in flows] == [flow.key for flow in sorted(flows, key=lambda flow: flow.sequence)]
    read = "coding vendors orders bills bill_files payments payment_files credits credit_applications transactions"
    read += " reimbursements receipts cashbacks statements statement_files transfers repayments"
    assert " ".join(flow.key for flow in flows if flow.direction == "pull") == read
    results, *pushes = (flow for flow in flows if flow.direction == "push")
    assert (results.key, results.active) == ("results", True) and not any(flow.active for flow in pushes)
    assert {flow.follows for flow in flows} - {""} <= {flow.key for flow in pushes}
    assert all(issubclass(flow, Flow) and set(flow.scopes) <= set(SCOPES) for flow in flows)
    assert {flow.files for flow in flows} - {""} <= {flow.key for flow in flows}


READY = [
    # sync_status, status, payment, bill due, payment due: the two-phase table of Ramp's guide
    ("NOT_SYNCED", "OPEN", None, True, False),
    ("NOT_SYNCED", "PAID", {"payment_method": "ACH"}, True, True),
    ("BILL_SYNCED", "PAID", {"payment_method": "ACH"}, False, True),
    ("BILL_SYNCED", "OPEN", {"payment_method": "ACH"}, False, False),
    ("BILL_AND_PAYMENT_SYNCED", "PAID", {"payment_method": "ACH"}, False, False),
    ("NOT_SYNCED", "PAID", None, True, False),
    ("NOT_SYNCED", "PAID", {"payment_method": "VENDOR_CREDIT"}, True, False),
    ("NOT_SYNCED", "PAID", {"details": {"manual_payment_method": "PAID_IN_ERP"}}, True, False),
]


@pytest.mark.parametrize(("sync_status", "status", "payment", "bill_due", "payment_due"), READY)
def test_two_phases(sync_status, status, payment, bill_due, payment_due):
    row = {"sync_status": sync_status, "status": status, "payment": payment}
    assert (is_bill_due(row), is_payment_due(row)) == (bill_due, payment_due)


# Pull


class Fake:
    """A client that answers from lists by path, and notes the filters."""

    def __init__(self, **rows):
        self.known = {f"/{name}": found for name, found in rows.items()}
        self.asked = []

    def pages(self, path, **filters):
        self.asked.append((path, filters))
        yield self.known.get(path, [])

    pages_of_record = pages

    def rows(self, path, **filters):
        return (row for page in self.pages(path, **filters) for row in page)

    def filters(self, path):
        return [filters for asked, filters in self.asked if asked == path]

    def create(self, path, body):
        return {}


def pulled(made, flow, cursor="", since=None):
    return list(made.flow(flow).pull(cursor, since))


def titles(pages):
    return [item.external_id for found in pages for item in found.items]


def row(number, **values):
    return {"id": f"b{number}", "sync_status": "NOT_SYNCED", "issued_at": "2026-07-01", "entity_id": "e1", **values}


def test_pull_bills_looks_at_the_rows_again():
    fake = Fake(
        bills=[
            row(1),
            row(2, enable_accounting_sync=False),
            row(3, sync_status="BILL_SYNCED"),
            row(4, issued_at="2026-06-30"),
            row(5, issued_at="2026-06-30", accounting_date="2026-07-02T00:00:00Z"),
            row(6, issued_at="no date"),
            row(7, archived_at="2026-07-01T00:00:00Z"),
        ]
    )
    assert titles(pulled(provider(fake), "bills", since=date(2026, 7, 1))) == ["b1", "b5", "b6"]
    ours = {"is_accounting_sync_enabled": True, "entity_id": None}
    assert fake.filters("/bills") == [{**ours, "sync_ready": True}, {**ours, "is_archived": True}]


@pytest.mark.parametrize(
    "stored", [{}, {"entity": "Other", "entity_id": "e2"}, {"entity": "Example US", "entity_id": ""}]
)
def test_an_unknown_entity_stops_rather_than_reads_all(stored):
    made = provider(Fake(bills=[row(1)]), {"entity": "Example US"}, **stored)
    assert "Test the connection" in raised(pulled, made, "bills").message


def test_what_is_booked_is_read_again():
    paid = {"status": "PAID", "payment": {"id": "p", "payment_method": "ACH"}}
    fake = Fake(
        bills=[
            row(1),
            row(2, sync_status="BILL_SYNCED", issued_at="2020-01-01"),
            row(3, **paid, sync_status="BILL_AND_PAYMENT_SYNCED"),
            row(4, sync_status="BILL_SYNCED", archived_at="2026-07-01T00:00:00Z"),
            row(5, sync_status="BILL_SYNCED", enable_accounting_sync=False),
        ]
    )
    assert titles(provider(fake).flow("bills").reread()) == ["b3", "b2"]
    assert titles(provider(fake).flow("payments").reread()) == ["p:b3"]
    assert {"sync_status", "from_paid_at"} < set(fake.filters("/bills")[0])
    assert list(provider(fake).flow("vendors").reread()) == []
    assert list(provider(fake, seat=check.TAKEN).flow("bills").reread()) == []


def test_bills_of_another_accounting_system_are_left_to_it():
    made = provider(Fake(bills=[row(1)]), seat=check.TAKEN)
    assert titles(pulled(made, "bills")) == titles(pulled(made, "payments")) == []


def test_pull_bill_files_yields_nothing():
    assert pulled(provider(), "bill_files") == []


def test_pull_vendors_with_contacts_and_cursor(monkeypatch):
    monkeypatch.setattr("ml_connector.providers.ramp.vendors._now", lambda: datetime(2026, 7, 1, 12, tzinfo=UTC))
    contacts = {f"vendors/v{n}/contacts": [{"id": f"v{n}c"}] for n in range(9)}
    fake = Fake(vendors=[{"id": f"v{n}", "name": "V"} for n in range(9)], **contacts)
    pages = pulled(provider(fake), "vendors")
    assert [found.cursor for found in pages] == [None, "2026-07-01T12:00:00+00:00"]
    assert [item.payload["contacts"] for item in pages[0].items] == [[{"id": f"v{n}c"}] for n in range(9)]
    pulled(provider(fake), "vendors", cursor=pages[-1].cursor)
    since = {"from_updated_at": "2026-07-01T11:55:00+00:00"}
    assert fake.filters("/vendors") == [{}, since], "those that wait for approval are read only where vendors are sent"


def test_a_vendor_without_contacts_costs_no_call():
    fake = Fake(vendors=[{"id": "v1", "name": "V", "contacts": []}, {"id": "v2", "name": "W", "contacts": ["c"]}])
    assert titles(pulled(provider(fake), "vendors")) == ["v1", "v2"]
    assert [path for path, _filters in fake.asked] == ["/vendors", "/vendors/v2/contacts"]


@pytest.mark.parametrize(("found", "lists"), [([], [{"include_draft": True}]), (["v1"], [{"include_draft": True}, {}])])
def test_where_nothing_changed_one_list_is_read(found, lists):
    fake = Fake(vendors=[{"id": key, "name": "V"} for key in found])
    assert titles(pulled(provider(fake, options={"vendors_push": {"active": True}}), "vendors")) == found
    assert fake.filters("/vendors") == lists


def test_pull_coding():
    codes = {
        "accounts": [{"id": "1", "name": "A", "code": "60", "is_active": True}, {"id": "2", "is_active": False}],
        "fields": [{"id": "pro", "ramp_id": "f1"}, {"id": "old", "ramp_id": "f2", "is_active": False}],
        "field-options": [{"id": "o1", "ramp_id": "r", "value": "One"}, {"id": "o2", "is_active": False}],
        "tax/code/options": [{"id": "t1", "name": "VAT"}],
    }
    fake = Fake(**{f"accounting/{name}": found for name, found in codes.items()})
    made = provider(fake, bank_accounts={"ba1": "Operating (1234)"})
    pages = pulled(made, "coding")
    documents = [made.flow("coding").document(item.payload) for found in pages for item in found.items]
    assert [(ref.kind, ref.external_id, ref.name) for ref in documents] == [
        ("account", "1", "A"),
        ("analytic", "pro:o1", "One"),
        ("tax", "t1", "VAT"),
        ("journal", "card", "Ramp card"),
        ("journal", "reimbursements", "Ramp reimbursements"),
        ("journal", "ba1", "Operating (1234)"),
        ("vendor", "card-issuer", "Card issuer (Ramp)"),
        ("account", "cashback", "Ramp cashback"),
    ]
    assert made.flow("coding").fetch("tax:t1").external_id == "tax:t1"
    assert made.flow("coding").fetch("tax:t9") is None


# Send

BODY = {"name": "New name", "external_vendor_id": "odoo:db:7:partner:33"}


def test_a_new_vendor_without_an_id_has_to_be_looked_up():
    assert type(raised(provider(Fake()).flow("vendors_push").send, BODY, "", "key")) is errors.UnconfirmedError


def test_find_looks_at_the_number_on_the_rows():
    others = [{"id": "a", "external_vendor_id": None}, {"id": "b", "external_vendor_id": "odoo:db:7:partner:3"}]
    fake = Fake(vendors=others)
    assert provider(fake).flow("vendors_push").find(BODY, "key") is None
    assert fake.filters("/vendors")[0] == {"external_vendor_id": "odoo:db:7:partner:33", "include_draft": True}
    ours = {"id": "c", "external_vendor_id": BODY["external_vendor_id"], "name": "New name"}
    assert provider(Fake(vendors=[*others, ours])).flow("vendors_push").find(BODY, "key").external_id == "c"
    error = raised(provider(Fake(vendors=[ours, {**ours, "id": "d"}])).flow("vendors_push").find, BODY, "key")
    assert type(error) is errors.DuplicateError


# Results


class Syncs:
    """Ramp's end of the reports: refuses a call for any bill that is not ready."""

    def __init__(self, not_ready=(), synced=(), names=True, code="DEVELOPER_7062"):
        self.not_ready = set(not_ready) | set(synced)
        self.synced = set(synced)
        self.names = names
        self.code = code
        self.calls = []
        self.taken = []

    def create(self, path, body):
        assert path == "/accounting/syncs"
        self.calls.append(body)
        entries = body.get("successful_syncs", []) + body.get("failed_syncs", [])
        bad = [entry["id"] for entry in entries if entry["id"] in self.not_ready]
        if bad:
            details = f"Objects not ready: {', '.join(bad)}" if self.names else "Objects not ready"
            raise errors.PermanentError("Ramp refused the request.", code=self.code, details=details, status=400)
        self.taken += [entry["id"] for entry in entries]

    def one(self, path):
        is_synced = path.removeprefix("/bills/") in self.synced
        return {"sync_status": "BILL_AND_PAYMENT_SYNCED" if is_synced else "NOT_SYNCED"}


def result(number, subject="bill", success=True, **values):
    external_id = f"bill-{number:04}" if subject == "bill" else f"pay:bill-{number:04}"
    return Result(subject=subject, external_id=external_id, success=success, reference=f"BILL/{number}", **values)


def test_the_same_content_has_the_same_key():
    syncs = Syncs()
    for entries, key in (([result(1)], "a"), ([result(1)], "a"), ([result(1)], "b"), ([result(2)], "a")):
        provider(syncs).flow("results").report(entries, key)
    first, again, other_key, other_content = (call["idempotency_key"] for call in syncs.calls)
    assert first == again and len({first, other_key, other_content}) == 3


def test_a_call_takes_5000():
    syncs = Syncs()
    provider(syncs).flow("results").report([result(number) for number in range(5001)], "key")
    assert [len(call["successful_syncs"]) for call in syncs.calls] == [5000, 1]


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("code", ["DEVELOPER_7062", "DEVELOPER_7001"])
def test_one_bill_does_not_spoil_the_others(names, code):
    syncs = Syncs(not_ready=["bill-0003", "bill-0007"], synced=["bill-0005"], names=names, code=code)
    refused = provider(syncs).flow("results").report([result(number) for number in range(20)], "key")
    said = "the record is not ready to sync" if code == "DEVELOPER_7062" else "Ramp refused the request"
    assert set(refused) == {"bill-0003", "bill-0007"} and all(said in reason for reason in refused.values())
    assert sorted(syncs.taken) == [f"bill-{number:04}" for number in range(20) if number not in (3, 5, 7)]
    keys = [call["idempotency_key"] for call in syncs.calls]
    assert len(set(keys)) == len(keys)
    if names:
        assert len(syncs.calls) == 2


def test_a_failure_cannot_be_taken_as_done():
    syncs = Syncs(synced=["bill-0001"])
    assert set(provider(syncs).flow("results").report([result(1, success=False)], "key")) == {"bill-0001"}
    assert provider(syncs).flow("results").report([result(1, subject="payment")], "key") == {}


def test_without_the_accounting_connection():
    syncs = Syncs(not_ready=["bill-0001"], code="DEVELOPER_7089")
    error = raised(provider(syncs).flow("results").report, [result(1), result(2)], "key")
    assert type(error) is errors.AuthError and "not its accounting system" in error.message and len(syncs.calls) == 1


# Accounting connection


def connection(name=check.OUR_NAME, active=True, kind="API", **values):
    return {"id": "c1", "connection_type": kind, "is_active": active, "remote_provider_name": name, **values}


@pytest.mark.parametrize(
    ("connections", "state"),
    [
        ([], check.FREE),
        ([connection(active=False, status="unlinked", settings=None)], check.FREE),
        ([connection("Universal CSV", kind="CSV")], check.FILES),
        ([connection("Carbon")], check.TAKEN),
        ([connection("QuickBooks", kind="DIRECT")], check.TAKEN),
        ([connection(active=False), connection("Carbon")], check.TAKEN),
        ([connection()], check.OURS),
    ],
)
def test_who_holds_the_accounting_connection(connections, state):
    assert check.seat(connections)[0] == state


def test_claim_when_another_system_comes_first():
    ramp = SimpleNamespace(get=lambda path: {"connections": []}, create=lambda path, body: connection("Carbon"))
    error = raised(provider(ramp).claim_accounting_connection)
    assert type(error) is errors.ConflictError and "Carbon" in error.message


def test_bank_accounts_without_a_name_and_without_an_id():
    entity = {"payment_accounts": [{"id": "ba2"}, "odd", {"id": None}]}
    assert list(check.bank_accounts(entity)) == [{"id": "ba2", "name": "Bank account", "currency": ""}]


# Webhooks

BODY_BYTES = (
    b'{"id":"e-1","type":"bills.paid","created_at":"2026-08-03T12:10:00Z","object":{"id":"b1"},"business_id":"z"}'
)


def signed(body, secret):
    return hmac.new(secret.encode(), body, hashlib.sha256)


@pytest.mark.parametrize("name", ["X-Ramp-Signature", "X-Ramp-Webhook-Signature", "x-ramp-signature"])
@pytest.mark.parametrize(
    "written",
    [
        lambda digest: digest.hexdigest(),
        lambda digest: digest.hexdigest().upper(),
        lambda digest: f"sha256={digest.hexdigest()}",
        lambda digest: base64.b64encode(digest.digest()).decode(),
        lambda digest: f" {digest.hexdigest()} ",
    ],
)
def test_signatures(name, written):
    headers = {name: written(signed(BODY_BYTES, "new"))}
    assert RampProvider.verify_webhook(headers, BODY_BYTES, ["old", "new"])
    assert RampProvider.verify_webhook(headers, BODY_BYTES, ["new", "old"])
    assert RampProvider.verify_webhook(headers, BODY_BYTES, ["new"])
    assert not RampProvider.verify_webhook(headers, BODY_BYTES, ["old"])
    assert not RampProvider.verify_webhook(headers, BODY_BYTES + b" ", ["new"])
    assert not RampProvider.verify_webhook(headers, BODY_BYTES, [])
    assert not RampProvider.verify_webhook(headers, BODY_BYTES, ["", None])


@pytest.mark.parametrize("value", ["", "sha256=", "é", "0" * 64, "\ud800"])
def test_signatures_that_are_none(value):
    for headers in ({"X-Ramp-Signature": value}, {}):
        assert not RampProvider.verify_webhook(headers, BODY_BYTES, ["new"])
    empty = {"X-Ramp-Signature": signed(BODY_BYTES, "").hexdigest()}
    assert not RampProvider.verify_webhook(empty, BODY_BYTES, [""])


def test_the_present_header_goes_first():
    good, bad = signed(BODY_BYTES, "new").hexdigest(), "0" * 64
    assert not RampProvider.verify_webhook(
        {"X-Ramp-Webhook-Signature": good, "X-Ramp-Signature": bad}, BODY_BYTES, ["new"]
    )


@given(st.binary(max_size=200), st.text(min_size=1, max_size=20), st.integers(0, 255), st.integers(1, 255))
def test_a_changed_byte_breaks_the_signature(body, secret, place, change):
    headers = {"X-Ramp-Signature": signed(body, secret).hexdigest()} if secret.isascii() else {}
    if headers:
        assert RampProvider.verify_webhook(headers, body, [secret])
    if body:
        changed = bytearray(body)
        changed[place % len(body)] ^= change
        assert not RampProvider.verify_webhook(headers, bytes(changed), [secret])


@pytest.mark.parametrize("kind", ["transactions", "reimbursements"])
def test_a_request_to_sync_means_all_that_is_ready(kind):
    envelope = {"id": "e1", "type": f"{kind}.sync_requested", "object": {"id": "s1", "sync_request_id": "s1"}}
    event = RampProvider.parse_webhook({}, json.dumps(envelope).encode())
    assert event.external_id == "" and event.event_type in RampProvider.flow_class(kind).events


def test_parse_webhook():
    event = RampProvider.parse_webhook({}, BODY_BYTES)
    assert (event.event_id, event.event_type, event.external_id, event.created_at, event.challenge) == (
        "e-1",
        "bills.paid",
        "b1",
        "2026-08-03T12:10:00Z",
        "",
    )


@pytest.mark.parametrize(
    "envelope",
    [
        {"id": "e", "type": "webhooks.verification", "challenge": "c-1"},
        {"id": "e", "type": "webhooks.verification", "object": {"challenge": "c-1"}},
        {"type": "webhooks.verification", "challenge": "c-1", "object": None},
    ],
)
def test_challenge(envelope):
    event = RampProvider.parse_webhook({}, json.dumps(envelope).encode())
    assert event.challenge == "c-1" and event.event_id


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"[]", b"{}", b'{"id": "e"}', b'{"id": 5, "type": "t"}', b"\xff", b"[" * 100_000, b'{"type": "t"}'],
)
def test_no_envelope(body):
    assert type(raised(RampProvider.parse_webhook, {}, body)) is errors.InvalidDataError


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: st.dictionaries(st.sampled_from(["id", "type", "object", "challenge"]), x),
    ).map(lambda x: json.dumps(x).encode())
)
def test_any_body_is_an_event_or_a_sentence(body):
    try:
        event = RampProvider.parse_webhook({}, body)
    except errors.InvalidDataError:
        return
    assert event.event_id.encode() and "\x00" not in event.event_type


def test_handshake():
    assert RampProvider.handshake({"X-Ml-Connector": "token"}) == "token"
    assert RampProvider.handshake({"Host": "x"}) == ""


def test_events_that_only_one_flow_needs():
    """They come with each of our own reports as well."""
    made = provider()
    assert not set(made._events) & set(ECHOES) and set(made._events) | set(ECHOES) == set(EVENTS)
    made.settings.options.update({flow: {"active": True} for flow in ("transactions", "receipts_push")})
    assert set(made._events) == set(EVENTS)


def test_answers_on_subscriptions_that_are_no_success():
    answer = SimpleNamespace(data=[])
    made = provider(SimpleNamespace(request=lambda *_asked: answer, create=lambda path, body: {"id": "w1"}))
    assert type(raised(made.subscribe, "https://x", "h")) is errors.RemoteError
    assert type(raised(made.confirm_subscription, "w1", "c-2")) is errors.AuthError
