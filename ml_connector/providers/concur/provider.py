"""The provider SAP Concur. Each subject has modules of its own; the tables below assign flows to classes."""

from functools import cached_property

from ...core import items as rows
from ...core.errors import ConflictError, NotFoundError
from ...core.messages import _
from ...core.provider import Credential, Provider, Territory
from . import check, results, webhook
from .client import HOW_TO_GET_REQUEST_TOKEN, ConcurClient
from .flows import FLOWS
from .lists import ACCOUNT_LIST, EXAMPLE, FIELD_LISTS, AccountPush, AnalyticPush, ListPuller
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
"""The class of each pull flow."""
PUSHES = {
    "accounts_push": AccountPush,
    "analytic_push": AnalyticPush,
    "payments_push": PaymentPush,
    "invoice_payments_push": InvoicePaymentPush,
    "vendors_push": VendorPush,
}
"""The class of each push flow except the results."""
MISSING = {
    ACCOUNT_LIST: _(
        "Enter the list of accounts on the connection, then test the connection. Example: %(example)s.", example=EXAMPLE
    ),
    FIELD_LISTS: _(
        "Enter the lists of the custom fields on the connection, then test the connection. Example: %(example)s.",
        example=EXAMPLE,
    ),
}
"""What to do, by the capability that a push flow lacks."""


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
            label=_("Client ID"),
            grant=True,
            help=_(
                "Client ID of the app in SAP Concur under Administration > Company > Authentication Admin > OAuth 2.0 "
                "Application Management. The app needs the grants password and refresh_token."
            ),
        ),
        Credential(name="client_secret", label=_("Client Secret"), secret=True),
        Credential(
            name="company_id",
            label=_("Company UUID"),
            grant=True,
            help=_("Shown in SAP Concur on the page Company Request Token."),
        ),
        Credential(
            name="request_token",
            label=_("Company Request Token"),
            secret=True,
            grant=True,
            help=_(
                "Create it in SAP Concur under Administration > Company > Authentication Admin > Company Request Token "
                "for the client ID. It is valid for 24 hours and needed only to sign in the first time."
            ),
        ),
        Credential(
            name="webhook_key",
            label=_("Public Key for Webhooks"),
            required=False,
            help=_(
                "Only if SAP has changed the key with which it signs events. Copy the new key from SAP's page on the "
                "Event Subscription Service, then set up the webhooks again."
            ),
        ),
        Credential(
            name="webhook_certificate_header",
            label=_("Certificate Header"),
            required=False,
            help=_(
                "Only if a proxy in front of Odoo checks the certificate of the sender. Enter the header in which the "
                "proxy passes the name in the certificate. The proxy must remove this header from incoming requests."
            ),
        ),
        Credential(
            name="lists",
            label=_("Lists"),
            required=False,
            help=_(
                "Only for the flows of lists. Enter which list SAP Concur shows for accounts and for each custom "
                "field of allocations. Example: %(example)s. Map each field to an analytic plan.",
                example=EXAMPLE,
            ),
        ),
    )
    flows = FLOWS
    webhook_events = tuple(dict.fromkeys(event for flow in FLOWS for event in flow.events))
    challenges_webhooks = False
    events_kept = webhook.KEPT
    moments = MOMENTS
    access_end_advice = HOW_TO_GET_REQUEST_TOKEN
    pushes = PUSHES

    @cached_property
    def client(self):
        """Created at its first use: translating documents needs none."""
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
        """All of the company: its documents go to whoever acknowledges them first, whatever their entity."""
        company = (credentials.get("company_id") or "").lower()
        return Territory(business=company) if company else None

    def claim_accounting_connection(self):
        """SAP Concur has no accounting connection: its documents go to whoever acknowledges them."""

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
            _(
                "SAP Concur does not tell when a vendor was changed, so Odoo cannot compare times. Choose another "
                "conflict policy on the flow."
            )
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
        spec = cls.flow_class(flow)
        missing = [scope for scope in spec.scopes if scope not in capabilities]
        if missing:
            return _(
                "The app lacks permissions in SAP Concur (scopes %(scopes)s). Add them there, then test the "
                "connection.",
                scopes=tuple(missing),
            )
        return next((MISSING[need] for need in spec.needs if need not in capabilities), "")

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
