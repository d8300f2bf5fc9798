"""Webhooks of the Ramp sandbox."""

import hashlib
import hmac
import json
import threading
from base64 import b64encode
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest_plugins = "sandbox_ramp_fixtures"

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
def test_deliveries_are_signed_over_the_raw_body(ramp, client, receiver, encoding):
    ramp.control.settings(signature_encoding=encoding)
    secret = subscribe(client, receiver, "bills.created", "bills.ready_to_sync")["secret"]
    vendor = next(iter(client.rows("/vendors")))["id"]
    bill = ramp.control.add_bill(vendor, [{"amount": 5}])
    assert ramp.control.wait_for_deliveries()
    assert Counter(event["type"] for event, *_ in receiver.events) == {"bills.created": 1, "bills.ready_to_sync": 1}
    for event, headers, body in receiver.events:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        assert headers["X-Ramp-Signature"] == (digest.hex() if encoding == "hex" else b64encode(digest).decode())
        assert headers["X-Ramp-Webhook-ID"] == event["id"]
        assert event["object"] == {"id": bill}


def test_5xx_is_tried_again_and_4xx_is_not(ramp, client, receiver):
    subscribe(client, receiver, "bills.approved")
    receiver.answers = [500, 429, 200]
    bill = next(iter(ramp.state.bills)).id
    ramp.control.emit("bills.approved", bill)
    assert ramp.control.wait_for_deliveries()
    assert ramp.control.deliveries()[-1]["attempts"] == [500, 429, 200]
    assert len({event["id"] for event, *_ in receiver.events}) == 1
    receiver.answers = [401]
    ramp.control.emit("bills.approved", bill)
    assert ramp.control.wait_for_deliveries()
    assert (ramp.control.deliveries()[-1]["attempts"], ramp.control.deliveries()[-1]["state"]) == (
        [401],
        "failed",
    )


def test_deliveries_can_be_reordered_and_repeated(ramp, client, receiver):
    subscribe(client, receiver, "bills.created", "bills.approved")
    ramp.control.hold_deliveries()
    ramp.control.add_bill(next(iter(ramp.state.vendors)).id, [{"amount": 5}])
    assert receiver.events == []
    assert ramp.control.release_deliveries(order="reversed", repeat=2) == 2
    assert [event["type"] for event, *_ in receiver.events] == ["bills.approved"] * 2 + ["bills.created"] * 2


def test_mock_event(client, receiver):
    subscribe(client, receiver, "vendors.updated")
    vendor = next(iter(client.rows("/vendors")))["id"]
    body = {"event_type": "vendors.updated", "object_id": vendor, "object_metadata": {}}
    assert client.post("/webhooks/mock-webhook-event", json=body).json()["object"] == {"id": vendor}


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
def test_subscription_that_ramp_refuses(client, receiver, change, status):
    body = {"endpoint_url": receiver.url, "event_types": ["bills.paid"], **change}
    assert client.post("/webhooks", json=body).status_code == status
