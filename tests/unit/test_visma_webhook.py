"""Visma's webhooks: signed by a key from the portal, and hints only."""

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.core import errors as errors
from ml_connector.providers.visma import VismaProvider

KEY = "example-signature-key"


def signed(body, key=KEY):
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


@given(st.binary(max_size=200), st.sampled_from(["X-Signature", "x-visma-signature", "Signature"]))
def test_the_signature_counts_whatever_its_header_is_called(body, name):
    headers = {"Content-Type": "application/json", name: signed(body)}
    assert VismaProvider.verify_webhook(headers, body, [KEY])
    assert VismaProvider.verify_webhook(headers, body, ["other-key", KEY])
    assert VismaProvider.verify_webhook(headers, body, [f"other-key  {KEY}"])
    assert not VismaProvider.verify_webhook(headers, body + b" ", [KEY])
    assert not VismaProvider.verify_webhook(headers, body, ["other-key"])


def test_it_is_closed_without_a_key_or_a_signature():
    body = b"{}"
    assert not VismaProvider.verify_webhook({"X-Signature": signed(body, "")}, body, ["", None])
    assert not VismaProvider.verify_webhook({"X-Signature": signed(body)}, body, [])
    assert not VismaProvider.verify_webhook({}, body, [KEY])


@pytest.mark.parametrize(
    ("content", "subject"),
    [
        ({"event": "Supplier Updated", "tenant": "x"}, "Supplier"),
        ({"data": {"entityName": "apInvoice", "action": "StatusChanged"}}, "AP Invoice"),
        ([{"eventType": "SegmentValueChanged"}], "Segment"),
        ({"something": 5}, "Unknown"),
        ("text", "Unknown"),
    ],
)
def test_an_event_says_what_to_read_again(content, subject):
    event = VismaProvider.parse_webhook({}, json.dumps(content).encode())
    assert (event.event_type, event.external_id) == (subject, "")
    readers = [flow.key for flow in VismaProvider.flows if subject in flow.events]
    assert readers and all(VismaProvider.flow_class(key).direction == "pull" for key in readers)


def test_a_repeated_delivery_is_the_same_event():
    body = json.dumps({"event": "Supplier"}).encode()
    assert VismaProvider.parse_webhook({}, body).event_id == VismaProvider.parse_webhook({}, body).event_id
    assert VismaProvider.parse_webhook({}, body).event_id != VismaProvider.parse_webhook({}, body + b" ").event_id


def test_what_is_not_json_is_refused():
    with pytest.raises(errors.InvalidDataError):
        VismaProvider.parse_webhook({}, b"\xff")


@given(st.binary(max_size=300))
def test_no_body_breaks_it(body):
    try:
        VismaProvider.parse_webhook({}, body)
    except errors.InvalidDataError:
        pass
