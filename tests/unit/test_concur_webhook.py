"""Events of Concur: subscription, sender, envelope; against the Concur sandbox."""

import base64
import json

import pytest
from concur_support import connect, obeyed_sandbox
from hypothesis import given
from hypothesis import strategies as st
from sandbox.concur import ConcurSandbox

from ml_connector.core import errors as errors
from ml_connector.providers.concur import webhook

ENDPOINT = "https://odoo.example.com/ml_connector/webhook/example"


@pytest.fixture(scope="module")
def keys():
    """A sandbox whose key signs; making one takes a while."""
    return ConcurSandbox(size="none")


@pytest.fixture
def sandbox(keys):
    with obeyed_sandbox() as running:
        running.publisher.__dict__["_key"] = keys.publisher._key
        yield running


def endpoints(sandbox):
    return {row["id"]: row["endpoint"] for row in sandbox.control.subscriptions()}


# Subscription


def test_a_subscription_is_made_and_removed(sandbox):
    made = connect(sandbox)
    subscription_id, _senders = made.subscribe(ENDPOINT, "")
    assert endpoints(sandbox) == {subscription_id: ENDPOINT}
    assert made.is_subscribed(subscription_id, ENDPOINT)
    assert not made.is_subscribed(subscription_id, "https://former.example.com/hook")
    made.unsubscribe(subscription_id)
    assert not made.is_subscribed(subscription_id, ENDPOINT)
    made.unsubscribe(subscription_id)
    assert not endpoints(sandbox)


def test_what_was_begun_before_for_the_address_is_replaced(sandbox):
    made = connect(sandbox)
    others = connect(sandbox).subscribe("https://other.example.com/hook", "")[0]
    first, _senders = made.subscribe(ENDPOINT, "")
    second, _senders = made.subscribe(ENDPOINT, "")
    assert endpoints(sandbox).keys() == {others, second}
    assert first != second


def test_an_app_without_the_topic_is_told_what_it_lacks():
    with ConcurSandbox(size="none", scopes=["events.topic.read"]) as sandbox:
        with pytest.raises(errors.AuthError, match="FISVC"):
            connect(sandbox).subscribe(ENDPOINT, "")
        assert not endpoints(sandbox)


def test_a_key_that_is_none_is_refused_before_anything_is_subscribed(sandbox):
    with pytest.raises(errors.InvalidDataError, match="public key"):
        connect(sandbox, webhook_key="-----BEGIN PUBLIC KEY-----\nnonsense").subscribe(ENDPOINT, "")
    assert not endpoints(sandbox)


# Sender


@pytest.mark.parametrize("scheme", ["pss", "pkcs1"])
def test_an_event_that_concur_sends_is_verified_and_read(sandbox, script, scheme):
    sandbox.control.settings(signature_scheme=scheme)
    script.answers = [(200,)]
    made = connect(sandbox, webhook_key=sandbox.control.public_key())
    _id, senders = made.subscribe(f"{script.url}/hook", "")
    (document,) = sandbox.control.documents("cashadvance")[:1]
    sandbox.control.add_document("cashadvance", "CA-1", document["content"])
    assert sandbox.control.wait_for_deliveries()
    ((headers, body),) = [(dict(request.headers), request.body) for request in script.requests]
    assert made.verify_webhook(headers, body, [senders])
    event = made.parse_webhook(headers, body)
    assert (event.event_type, event.external_id) == ("cashadvance.readyForIntegration", "CA-1")
    assert not made.verify_webhook(headers, body + b" ", [senders])
    assert not made.verify_webhook(headers, body, [])
    assert not made.verify_webhook(headers, body, [webhook.known_senders({})])


def signed(keys, body):
    return {"concur-signature": keys.publisher.sign(body)}


def test_old_and_new_key_are_good_beside_each_other(keys):
    senders = webhook.known_senders({"webhook_key": keys.publisher.public_key()})
    assert json.loads(senders)["keys"][1:] == [webhook.KEY_OF_2025]
    body = b"{}"
    assert webhook.ConcurWebhooks.verify_webhook(signed(keys, body), body, [webhook.known_senders({}), senders])


@pytest.mark.parametrize(
    ("subject", "is_known"),
    [
        (webhook.SENDER, True),
        (f"CN={webhook.SENDER},O=SAP SE,C=DE", True),
        (f"/C=DE/O=SAP SE/CN={webhook.SENDER}", True),
        (f"O=CN\\={webhook.SENDER}.example.com", False),
        (f"CN={webhook.SENDER}.example.com", False),
        (f"CN=evil-{webhook.SENDER}", False),
        ("", False),
        (f"C = DE, O = SAP SE, CN = {webhook.SENDER}", True),
        (f"CN=evil.example,O=x\\, CN={webhook.SENDER}", False),
        (f"CN=evil.example, CN={webhook.SENDER}", False),
        (f"CN={webhook.SENDER},CN=other", False),
        (f"CN={webhook.SENDER}+CN=other,C=DE", False),
        (f"CN={webhook.SENDER},2.5.4.3=other", False),
        (f'CN=evil.example,O="x, CN={webhook.SENDER}"', False),
        (f'O="x, CN={webhook.SENDER}"', False),
        (f"CN=evil.example;CN={webhook.SENDER}", False),
        (f"CN={webhook.SENDER}\\ ", False),
        (f"/CN=evil.example/CN={webhook.SENDER}", False),
        (f"{webhook.SENDER},{webhook.SENDER}", False),
    ],
)
def test_a_certificate_counts_where_a_proxy_checks_it(subject, is_known):
    trusting = webhook.known_senders({"webhook_certificate_header": "X-Client-Cn"})
    assert webhook.ConcurWebhooks.verify_webhook({"x-client-cn": subject}, b"{}", [trusting]) is is_known
    assert not webhook.ConcurWebhooks.verify_webhook({"x-client-cn": subject}, b"{}", [webhook.known_senders({})])


def test_a_certificate_is_named_once():
    trusting = webhook.known_senders({"webhook_certificate_header": "X-Client-Cn"})
    assert not webhook.ConcurWebhooks.verify_webhook(
        {"X-Client-Cn": webhook.SENDER, "x-client-cn": webhook.SENDER}, b"{}", [trusting]
    )


# Envelope


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"facts": {}}', b'{"facts": 1, "id": "1", "eventType": "a"}', b"\xff"]
)
def test_what_is_no_event_is_refused(body):
    with pytest.raises(errors.InvalidDataError):
        webhook.ConcurWebhooks.parse_webhook({}, body)


def test_an_address_in_an_event_is_not_kept():
    facts = {"documentId": "A", "href": "https://evil.example.com/?docId=A"}
    event = webhook.ConcurWebhooks.parse_webhook({}, json.dumps({"id": "1", "eventType": "x", "facts": facts}).encode())
    assert "evil" not in repr(event)


@given(st.binary(max_size=300), st.binary(max_size=60), st.text(max_size=60))
def test_nobody_else_is_let_in(body, signature, text):
    senders = [webhook.known_senders({}), webhook.known_senders({"webhook_certificate_header": "X-Cn"})]
    for value in (base64.b64encode(signature).decode(), text):
        assert not webhook.ConcurWebhooks.verify_webhook({"Concur-Signature": value}, body, senders)


@given(st.binary(max_size=200) | st.dictionaries(st.text(), st.text()).map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_an_event_or_a_clear_error(body):
    try:
        assert webhook.ConcurWebhooks.parse_webhook({}, body).event_id
    except errors.InvalidDataError:
        pass
