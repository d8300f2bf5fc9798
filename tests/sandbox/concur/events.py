"""Event Subscription Service v4: subscriptions of an app, and signed events of documents that are ready."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..deliveries import Delivery
from .errors import refuse
from .routes import find, handlers

TOPIC = "public.concur.financialintegration"
MOST_SUBSCRIPTIONS = 5


@dataclass
class Subscription:
    id: str
    topic: str
    filter: str
    endpoint: str


class Publisher:
    """Turns released documents into signed deliveries."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    @cached_property
    def _key(self):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public_key(self):
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, body):
        """The header; SAP documents no scheme."""
        scheme = padding.PKCS1v15()
        if self.sandbox.settings.signature_scheme == "pss":
            scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
        return base64.b64encode(self._key.sign(body, scheme, hashes.SHA256())).decode()

    def emit(self, document):
        """Tell that a document is ready; the id is that of its source."""
        event = {
            "id": str(uuid4()),
            "correlationId": uuid4().hex,
            "eventType": f"{document.doc_type}.readyForIntegration",
            "topic": TOPIC,
            "subtopic": "p00123abcd4e",
            "timeStamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "route": "stable",
            "data": None,
            "facts": {
                "companyId": self.sandbox.company,
                "documentId": document.source_id,
                "href": f"https://internal.example/transactions?docId={document.source_id}",
                "entityId": "p00123abcd4e",
            },
        }
        body = json.dumps(event).encode()
        for subscription in self.sandbox.state.subscriptions:
            headers = {"Content-Type": "application/json", "Concur-Signature": self.sign(body)}
            self.sandbox.deliveries.send(Delivery(event["id"], subscription.endpoint, body, headers))


@handlers("GET /events/v4/topics")
def list_topics(call):
    _check_app(call)
    return [TOPIC, "public.test"] if "FISVC" in call.client.scopes else ["public.test"]


@handlers("GET /events/v4/subscriptions")
def list_subscriptions(call):
    _check_app(call)
    return [_shown(call, row) for row in call.state.subscriptions]


@handlers("PUT /events/v4/subscriptions/webhook")
def subscribe(call):
    _check_app(call)
    body, state = call.body, call.state
    if state.subscriptions.knows(body["id"]):
        raise refuse(call.request.path, 400, "subscription.taken", "The id is taken.")
    if len(state.subscriptions) >= MOST_SUBSCRIPTIONS:
        raise refuse(call.request.path, 400, "subscription.limit", "The app has five subscriptions already.")
    endpoint = body["webHookConfig"]["endpoint"]
    state.subscriptions.add(Subscription(body["id"], body["topic"], body.get("filter", ".*"), endpoint))
    call.sandbox.journal.effect("subscription.create", body["id"])
    return {"message": "Subscription saved"}


@handlers("GET /events/v4/subscriptions/{id}")
def read_subscription(call):
    return _shown(call, _found(call))


@handlers("DELETE /events/v4/subscriptions/{id}")
def unsubscribe(call):
    call.state.subscriptions.remove(_found(call).id)
    return {"message": "Subscription marked for deletion"}


def _check_app(call):
    """The service knows tokens of apps only."""
    if call.client.is_company:
        raise refuse(call.request.path, 403, "forbidden", "An application token is needed.")


def _found(call):
    _check_app(call)
    return find(call, call.state.subscriptions, "id", "subscription.notFound", "subscription")


def _shown(call, row):
    return {
        "id": row.id,
        "applicationId": call.sandbox.client_id,
        "topic": row.topic,
        "filter": row.filter,
        "scope": "PRIVATE",
        "companyIds": [call.sandbox.company],
        "groups": [],
        "webHookConfig": {"endpoint": row.endpoint},
    }
