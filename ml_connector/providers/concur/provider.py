"""SAP Concur as the engine sees it. Each subject has modules of its own; the tables below say which serves what."""

from functools import cached_property

from ...core import items as rows
from ...core.errors import ConflictError, NotFoundError
from ...core.provider import Credential, Provider, Territory
from . import check, results, webhook
from .client import HOW_TO_GET_REQUEST_TOKEN, ConcurClient
from .flows import FLOWS
from .lists import EXAMPLE, AccountPush, AnalyticPush, ListPuller
from .payment_requests import PaymentRequestPuller
from .pull_files import InvoiceImagePuller, ReceiptPuller
from .pull_fis import CashAdvancePuller, InvoicePuller, PayrollPuller, ReportPuller
from .push_payments import InvoicePaymentPush, PaymentPush
from .vendors import VendorPuller, VendorPush
from .wire import MOMENTS

PULLERS = {
    "invoices": InvoicePuller,
    "invoice_files": InvoiceImagePuller,
    "expense_reports": ReportPuller,
    "receipts": ReceiptPuller,
    "cash_advances": CashAdvancePuller,
    "payroll": PayrollPuller,
    "lists": ListPuller,
    "payment_requests": PaymentRequestPuller,
    "vendors": VendorPuller,
}
"""Reader of each pull flow."""
PUSHES = {
    "accounts_push": AccountPush,
    "analytic_push": AnalyticPush,
    "payments_push": PaymentPush,
    "invoice_payments_push": InvoicePaymentPush,
    "vendors_push": VendorPush,
}
"""Sender of each push flow but the results."""


class ConcurProvider(Provider):
    key = "concur"
    label = "SAP Concur"
    environments = {
        "production": "https://glz.api.concursolutions.com",
        "sandbox": "https://us-impl.api.concursolutions.com",
    }
    credentials = (
        Credential(
            name="client_id",
            label="Client ID",
            grant=True,
            help="Of the app in SAP Concur under Administration > Company > Authentication Admin > OAuth 2.0 "
            "Application Management, with the grants password and refresh_token.",
        ),
        Credential(name="client_secret", label="Client secret", secret=True),
        Credential(
            name="company_id",
            label="Company UUID",
            grant=True,
            help="Shown in SAP Concur on the page Company Request Token.",
        ),
        Credential(
            name="request_token",
            label="Company request token",
            secret=True,
            grant=True,
            help="Made in SAP Concur under Administration > Company > Authentication Admin > Company Request Token for "
            "the client ID. It lasts 24 hours and is needed only for the first access.",
        ),
        Credential(
            name="webhook_key",
            label="Public key for webhooks",
            required=False,
            help="Only when SAP has changed the key with which it signs events: copy the new one from SAP's page of "
            "the Event Subscription Service, then set the webhooks up again.",
        ),
        Credential(
            name="webhook_certificate_header",
            label="Certificate header",
            required=False,
            help="Only where a proxy in front of Odoo checks the sender's certificate: the header in which it passes "
            "the name in it. The proxy must remove that header from what comes from outside.",
        ),
        Credential(
            name="lists",
            label="Lists",
            required=False,
            help="Only for the flows of lists: which list SAP Concur shows for accounts and in the custom fields of "
            f"allocations, such as: {EXAMPLE}. Which analytic plan a field stands for is chosen under Mappings.",
        ),
    )
    flows = FLOWS
    webhook_events = tuple(dict.fromkeys(event for flow in FLOWS for event in flow.events))
    challenges_webhooks = False
    events_kept = webhook.KEPT
    moments = MOMENTS
    access_end_advice = f"{HOW_TO_GET_REQUEST_TOKEN}."
    pushes = PUSHES

    @cached_property
    def client(self):
        """Made when it is needed: translating needs none."""
        credentials = self.settings.credentials
        return ConcurClient(
            self.settings.base_url,
            client_id=credentials.get("client_id") or "",
            client_secret=credentials.get("client_secret") or "",
            company_id=credentials.get("company_id") or "",
            request_token=credentials.get("request_token") or "",
            **self._client_options(),
        )

    def check(self):
        return check.Checker(self.client, self.settings, self._tokens).run()

    @classmethod
    def territory(cls, credentials, stored):
        """Documents go to whoever acknowledges them first, whichever entity of the company they are of."""
        company = (credentials.get("company_id") or "").lower()
        return Territory(business=company) if company else None

    def claim_accounting_connection(self):
        """Concur's documents go to whoever acknowledges them: there is no place to claim."""

    # Reading

    def pull(self, flow, cursor, since):
        return PULLERS[flow](self).pull(cursor, since)

    def booked(self, flow, since):
        return PULLERS[flow](self).booked(since)

    def fetch(self, flow, external_id):
        try:
            return rows.fetched(lambda: PULLERS[flow](self).fetch(external_id), external_id, self.label)
        except NotFoundError:
            return None

    def changed_after(self, flow, external_id, moment):
        """:raises ConflictError: always, because Concur keeps no time of change"""
        raise ConflictError(
            "SAP Concur does not say when a vendor was changed: choose another policy for conflicts than the newest."
        )

    def document(self, flow, payload):
        return PULLERS[flow](self).document(self.localized(payload))

    def acknowledge(self, flow, versions):
        return PULLERS[flow](self).acknowledge(versions)

    def download(self, url):
        return self.client.download(url)

    # Sending

    @classmethod
    def blocked(cls, flow, capabilities, options):
        spec = cls.flow(flow)
        missing = [scope for scope in spec.scopes if scope not in capabilities]
        if missing:
            return f"SAP Concur did not grant {', '.join(missing)}. Press Test connection when this has changed."
        if any(need not in capabilities for need in spec.needs):
            return f"Enter the {spec.needs[0]} on the connection, such as: {EXAMPLE}. Then press Test connection."
        return ""

    # Results

    def report(self, entries, key):
        return results.report(self.client, entries, self.settings.company)

    def reported(self, result):
        return results.reported(self.client, result)

    # Webhooks

    def subscribe(self, endpoint_url, handshake):
        return webhook.subscribe(self.client, self.settings.instance, endpoint_url, self.settings.credentials)

    def is_subscribed(self, subscription_id, endpoint_url):
        return webhook.is_subscribed(self.client, subscription_id, endpoint_url)

    def unsubscribe(self, subscription_id):
        webhook.unsubscribe(self.client, subscription_id)

    @classmethod
    def verify_webhook(cls, headers, body, secrets):
        return webhook.verify(headers, body, secrets)

    @classmethod
    def parse_webhook(cls, headers, body):
        return webhook.parse(body)

    @classmethod
    def handshake(cls, headers):
        return ""
