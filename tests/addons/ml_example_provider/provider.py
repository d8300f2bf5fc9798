"""Example Books as the engine sees it."""

from functools import cached_property

from odoo.addons.ml_connector.core.capabilities import Event, Webhooks, header, is_signed
from odoo.addons.ml_connector.core.errors import InvalidDataError
from odoo.addons.ml_connector.core.http import read_json
from odoo.addons.ml_connector.core.messages import _
from odoo.addons.ml_connector.core.provider import CheckReport, Credential, Finding, Provider

from .bills import Bills
from .client import ExampleClient
from .vendors import VendorsPush


class ExampleProvider(Webhooks, Provider):
    key = "example"
    label = "Example Books"
    environments = {"production": "https://books.example.com", "sandbox": "https://sandbox.books.example.com"}
    credentials = (Credential(name="api_key", label="API Key", secret=True),)
    flows = (VendorsPush, Bills)
    challenges_webhooks = False

    @cached_property
    def client(self):
        return ExampleClient(self.settings.base_url, self.settings.credentials["api_key"], **self._client_options())

    def check(self):
        business = self.client.ask("GET", "/me")["business"]
        return CheckReport(identity=business, findings=[Finding(level="ok", title=_("Connected"), message=business)])

    def subscribe(self, endpoint_url, handshake):
        row = self.client.ask("POST", "/webhooks", {"url": endpoint_url})
        return row["id"], row["secret"]

    def unsubscribe(self, subscription_id):
        self.client.ask("DELETE", f"/webhooks/{subscription_id}")

    @classmethod
    def verify_webhook(cls, headers, body, secrets):
        return is_signed(body, secrets, [header(headers, "X-Signature")])

    @classmethod
    def parse_webhook(cls, headers, body):
        try:
            event = read_json(body)
            return Event(event_id=event["id"], event_type=event["type"], external_id=event["bill"])
        except (ValueError, KeyError, TypeError):
            raise InvalidDataError(_("The webhook is not an event of Example Books.")) from None
