"""Reports of what was posted, and faults on the way."""

import json
from collections import Counter

import pytest
import requests
from sandbox.control import RemoteControl
from sandbox.ramp import CLIENT_SECRET
from sandbox_ramp_support import code, ready, report

pytest_plugins = "sandbox_ramp_fixtures"

# -- syncs -----------------------------------------------------------------------------------------------------------


def test_bill_goes_through_both_phases(ramp, client):
    paid = next(row for row in ready(client).values() if row["status"] == "PAID")
    early = report(client, "BILL_PAYMENT_SYNC", [paid["id"]], "p0")
    assert (early.status_code, code(early)) == (400, "DEVELOPER_7062")
    assert report(client, "BILL_SYNC", [paid["id"]], "b1").status_code == 201
    assert ready(client)[paid["id"]]["sync_status"] == "BILL_SYNCED"
    assert code(report(client, "BILL_SYNC", [paid["id"]], "b2")) == "DEVELOPER_7062"
    assert report(client, "BILL_PAYMENT_SYNC", [paid["id"]], "p1").status_code == 201
    assert paid["id"] not in ready(client)
    assert ramp.control.effects() == {"BILL_SYNC": {paid["id"]: 1}, "BILL_PAYMENT_SYNC": {paid["id"]: 1}}


def test_open_bill_returns_to_the_queue_when_it_is_paid(ramp, client):
    bill = next(row for row in ready(client).values() if row["status"] == "OPEN")
    report(client, "BILL_SYNC", [bill["id"]], "b")
    assert bill["id"] not in ready(client)
    ramp.control.pay_bills([bill["id"]])
    assert ready(client)[bill["id"]]["payment"]["amount"] == bill["amount"]


def test_one_object_that_is_not_ready_refuses_the_batch(ramp, client):
    good, other = list(ready(client))[:2]
    report(client, "BILL_SYNC", [other], "first")
    answer = report(client, "BILL_SYNC", [good, other], "both")
    assert code(answer) == "DEVELOPER_7062"
    assert other in answer.json()["error_v2"]["message"]
    assert good not in answer.json()["error_v2"]["message"]
    assert ready(client)[good]["sync_status"] == "NOT_SYNCED"


def test_same_key_changes_nothing_again(ramp, client):
    bill = next(iter(ready(client)))
    first = report(client, "BILL_SYNC", [bill], "key")
    assert report(client, "BILL_SYNC", [bill], "key").json() == first.json()
    assert ramp.control.effects("BILL_SYNC") == {"BILL_SYNC": {bill: 1}}
    other = report(client, "BILL_SYNC", [list(ready(client))[-1]], "key")
    assert (other.status_code, code(other)) == (400, "DEVELOPER_7005")


def test_empty_list_is_422_and_failures_are_recorded(ramp, client):
    body = {"idempotency_key": "k", "sync_type": "BILL_SYNC", "successful_syncs": []}
    assert client.post("/accounting/syncs", json=body).status_code == 422
    bill = next(iter(ready(client)))
    assert report(client, "BILL_SYNC", [bill], "f", "failed_syncs").status_code == 201
    assert bill in ready(client)
    assert {row["id"]: row["sync_error"] for row in ramp.control.bills()}[bill] == "The account is archived."


# -- faults ----------------------------------------------------------------------------------------------------------


def test_error_before_and_after_the_effect(ramp, client):
    one, two = list(ready(client))[:2]
    for when, bill in (("before", one), ("after", two)):
        ramp.control.add_fault("error", method="POST", path="*/syncs", status=500, when=when)
        assert report(client, "BILL_SYNC", [bill], when).status_code == 500
    assert ramp.control.effects("BILL_SYNC") == {"BILL_SYNC": {two: 1}}
    assert report(client, "BILL_SYNC", [two], "after").status_code == 201
    assert ramp.control.effects("BILL_SYNC") == {"BILL_SYNC": {two: 1}}


def test_connection_faults(ramp, client):
    ramp.control.add_fault("reset", path="*/business")
    with pytest.raises(requests.ConnectionError):
        client.get("/business")
    ramp.control.add_fault("truncate", path="*/bills")
    # older versions of urllib3 hand out a body that is cut off, newer ones refuse it
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.JSONDecodeError)):
        client.get("/bills").json()
    bill = next(iter(ready(client)))
    ramp.control.add_fault("hang", path="*/syncs", seconds=0.5)
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
    assert ramp.control.effects("BILL_SYNC") == {"BILL_SYNC": {bill: 1}}
    assert client.get("/business").status_code == 200


def test_answers_that_are_not_what_they_should_be(ramp, client):
    ramp.control.add_fault("html", path="*/business")
    with pytest.raises(ValueError):
        client.get("/business").json()
    ramp.control.add_fault("error", path="*/business", status=429, retry_after=3)
    assert client.get("/business").headers["Retry-After"] == "3"
    ramp.control.add_fault("token_revoked", path="*/business")
    assert [client.get("/business").status_code for _ in range(2)] == [401, 401]


def test_duplicate_page_repeats_rows_and_loses_none(ramp, client):
    ramp.control.add_fault("duplicate_page", path="*/bills", skip=1)
    counted = Counter(row["id"] for row in client.rows("/bills?page_size=5"))
    assert len(counted) == 12
    assert sorted(counted.values()) == [1] * 7 + [2] * 5


def test_control_over_http(ramp, client):
    remote = RemoteControl(ramp.url)
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


def test_the_log_keeps_no_secrets(ramp, client):
    client.post(
        "/webhooks",
        json={
            "endpoint_url": f"{ramp.url}/gone",
            "event_types": ["bills.paid"],
            "additional_headers": {"X-A": "hush"},
        },
    )
    text = json.dumps(ramp.control.requests())
    assert CLIENT_SECRET not in text
    assert "hush" not in text
    assert client.headers["Authorization"].split()[1] not in text
