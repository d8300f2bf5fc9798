"""A provider in memory, to test the engine apart from the protocol of any provider."""

import hashlib
import hmac
import json
from collections import deque
from datetime import date
from decimal import Decimal

from odoo.addons.ml_connector.core.capabilities import Event, Webhooks
from odoo.addons.ml_connector.core.documents import (
    Attachment,
    Bill,
    BillLine,
    PaidBill,
    Party,
    Payment,
    Reference,
    Vendor,
)
from odoo.addons.ml_connector.core.errors import InvalidDataError
from odoo.addons.ml_connector.core.provider import CheckReport, Credential, Finding, Provider
from odoo.addons.ml_connector.core.remote import RemotePage, RemoteRecord, SendResult

from .fake_flows import declared, pulled, sent


class FakeRemote:
    """Records of the provider, and those that reached it. `faults` are raised, one per call, around the effect."""

    def __init__(self):
        self.items = {}
        self.files = {}
        self.vendors = {}
        self.reports = []
        self.report_keys = {}
        self.calls = []
        self.cursors = {}
        self.faults = {}
        self.findings = [Finding(level="ok", title="Connected")]
        self.currencies = set()
        self.endpoint, self.webhook_headers = "", {}

    def put(self, flow, external_id, payload):
        """Add or change a record of a pull flow."""
        version = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:16]
        self.items.setdefault(flow, {})[external_id] = RemoteRecord(
            external_id=external_id,
            version=version,
            title=payload.get("number") or payload.get("name") or external_id,
            payload={"id": external_id, **payload},
            url=f"https://vendor.example.com/{flow}/{external_id}",
        )

    def fail(self, call, *errors):
        """Raise `errors` at the next calls of that name; a `(error, True)` pair raises after the effect."""
        self.faults.setdefault(call, deque()).extend(errors)

    def called(self, call):
        """Note a call; returns an error to raise after the effect, or None."""
        self.calls.append(call)
        queue = self.faults.get(call)
        error = queue.popleft() if queue else None
        if isinstance(error, tuple):
            return error[0]
        if error:
            raise error
        return None


REMOTE = FakeRemote()


BILLS = {
    "reports": True,
    "files": "bill_files",
    "events": ("bill.changed",),
    "options": ("post_bills", "lock_date_policy", "start_date"),
}


class FakeProvider(Webhooks, Provider):
    key = "fake"
    label = "Fake Vendor"
    environments = {"production": "https://api.vendor.example.com", "sandbox": "https://sandbox.vendor.example.com"}
    credentials = (
        Credential(name="client_id", label="Client ID"),
        Credential(name="client_secret", label="Client secret", secret=True),
    )
    flows = (
        pulled("coding", "reference", 10, "Codes"),
        pulled("vendors", "vendor", 20, "Vendors", options=("create_vendors", "vendor_change_policy")),
        pulled("bills", "bill", 30, "Bills", **BILLS),
        pulled("bill_files", "file", 40, "Bill files"),
        pulled("payments", "payment", 50, "Payments", reports=True),
        sent("vendors_push", "vendor", "res.partner", 60, label="Vendors out"),
        declared(key="results", label="Results", direction="push", kind="result", sequence=70),
    )

    def __init__(self, settings, tokens, observe):
        self.settings = settings

    def check(self):
        REMOTE.called("check")
        return CheckReport(
            identity="Example Inc",
            findings=list(REMOTE.findings),
            capabilities={"bills:read"},
            currencies=set(REMOTE.currencies),
        )

    def pull(self, flow, cursor, since):
        REMOTE.called(f"pull {flow}")
        REMOTE.cursors[flow] = cursor
        items = list(REMOTE.items.get(flow, {}).values())
        for start in range(0, len(items), 100):
            yield RemotePage(items=tuple(items[start : start + 100]))

    def fetch(self, flow, external_id):
        REMOTE.called(f"fetch {flow}")
        if flow == "bill_files":
            flow = "bills"
        return REMOTE.items.get(flow, {}).get(external_id)

    def fetch_files(self, flow, external_id, known):
        return self.fetch(flow, external_id)

    def reread(self, flow):
        return iter(())

    def manual_change(self, flow, external_id):
        return None

    def not_accepted(self, flow):
        return frozenset()

    def document(self, flow, payload):
        if payload.get("broken"):
            raise InvalidDataError("The amount is missing.")
        return getattr(self, f"_{flow}")(payload)

    def _coding(self, payload):
        return Reference(
            kind=payload["kind"],
            external_id=payload["id"],
            **{name: payload.get(name, "") for name in ("code", "name", "group")},
        )

    def _vendors(self, payload):
        return Vendor(external_id=payload["id"], name=payload["name"], vat=payload.get("vat", ""))

    def _bills(self, payload):
        lines = tuple(
            BillLine(
                amount=Decimal(line["amount"]),
                description=line.get("description", "Line"),
                account=Reference(
                    kind="account", external_id=line["account"], code=line["account"], name=line["account"]
                ),
            )
            for line in payload["lines"]
        )
        return Bill(
            external_id=payload["id"],
            number=payload["number"],
            vendor=Party(external_id=payload["vendor"], name=payload["vendor"]),
            document_date=date.fromisoformat(payload.get("date", "2026-07-01")),
            due_date=date.fromisoformat("2026-07-31"),
            currency=payload.get("currency", "USD"),
            total=sum((line.amount for line in lines), Decimal(0)),
            lines=lines,
            purchase_order=payload.get("order", ""),
            is_void=payload.get("void", False),
            attachments=tuple(
                Attachment(name=name, url=f"https://files.example.com/{name}") for name in payload.get("files", ())
            ),
        )

    def _bill_files(self, payload):
        return self._bills(payload).attachments

    def _payments(self, payload):
        return Payment(
            external_id=payload["id"],
            vendor=Party(external_id=payload["vendor"], name=payload["vendor"]),
            date=date.fromisoformat(payload.get("date", "2026-07-20")),
            currency="USD",
            amount=Decimal(payload["amount"]),
            source=Reference(kind="journal", external_id="bank", name="Main bank"),
            bills=(PaidBill(external_id=payload["bill"], amount=Decimal(payload["amount"])),),
        )

    def download(self, url):
        REMOTE.called("download")
        return "application/pdf", REMOTE.files.get(url.rsplit("/", 1)[-1], b"%PDF-1.4 example")

    def render(self, flow, document):
        if not document.contacts:
            raise InvalidDataError("The vendor needs an e-mail address: fill the field Email of the contact.")
        return {"name": document.name, "email": document.contacts[0].email, "our_id": str(document.odoo_id)}

    def send(self, flow, payload, external_id, key):
        late = REMOTE.called("send")
        new_id = external_id or f"remote-{len(REMOTE.vendors) + 1}"
        REMOTE.vendors[new_id] = payload
        if late:
            raise late
        return SendResult(external_id=new_id)

    def find(self, flow, payload, key):
        REMOTE.called("find")
        for external_id, vendor in REMOTE.vendors.items():
            if vendor["our_id"] == payload["our_id"]:
                return SendResult(external_id=external_id)
        return None

    def report(self, results, key):
        late = REMOTE.called("report")
        if key not in REMOTE.report_keys:
            REMOTE.report_keys[key] = True
            REMOTE.reports.extend(results)
        if late:
            raise late
        return {}

    def reported(self, result):
        REMOTE.called("reported")
        return any(known.external_id == result.external_id for known in REMOTE.reports)

    def subscribe(self, endpoint_url, handshake):
        REMOTE.called("subscribe")
        REMOTE.endpoint, REMOTE.webhook_headers = endpoint_url, self.webhook_headers
        return "subscription-1", "webhook-example-secret"

    def confirm_subscription(self, subscription_id, challenge):
        REMOTE.called("confirm")

    def unsubscribe(self, subscription_id):
        REMOTE.called("unsubscribe")

    @classmethod
    def verify_webhook(cls, headers, body, secrets):
        given = headers.get("X-Signature", "")
        return any(hmac.compare_digest(given, cls.sign(body, secret)) for secret in secrets)

    @staticmethod
    def sign(body, secret):
        return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    @classmethod
    def parse_webhook(cls, headers, body):
        try:
            event = json.loads(body)
            return Event(
                event_id=event["id"],
                event_type=event["type"],
                external_id=event.get("object", ""),
                challenge=event.get("challenge", ""),
            )
        except (ValueError, KeyError, TypeError):
            raise InvalidDataError("Not an event.") from None

    @classmethod
    def handshake(cls, headers):
        return headers.get("X-Handshake", "")
