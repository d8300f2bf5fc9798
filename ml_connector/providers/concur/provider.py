"""The provider SAP Concur."""

from functools import cached_property

from ...core.messages import _
from ...core.provider import Credential, Provider, Territory
from . import check
from .accounts import AccountsPush
from .bills import BillFiles, Bills
from .cash_advances import CashAdvances
from .client import HOW_TO_GET_REQUEST_TOKEN, ConcurClient
from .dimensions import DimensionsPush
from .expense_reports import ExpenseReports
from .lists import EXAMPLE, Lists
from .payment_requests import PaymentRequests
from .payments import InvoicePaymentsPush, PaymentsPush
from .payroll import Payroll
from .receipts import Receipts
from .results import Results
from .scopes import ACCOUNT_LIST, FIELD_LISTS
from .vendors import Vendors
from .vendors_push import VendorsPush
from .webhook import ConcurWebhooks
from .wire import MOMENTS


class ConcurProvider(ConcurWebhooks, Provider):
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
    flows = (
        Lists,
        Vendors,
        Bills,
        PaymentRequests,
        BillFiles,
        ExpenseReports,
        Receipts,
        CashAdvances,
        Payroll,
        Results,
        PaymentsPush,
        InvoicePaymentsPush,
        VendorsPush,
        AccountsPush,
        DimensionsPush,
    )
    moments = MOMENTS
    access_end_advice = HOW_TO_GET_REQUEST_TOKEN

    @cached_property
    def client(self):
        """Created at its first use: translating documents needs none."""
        entered = self.entered("client_id", "client_secret", "company_id", "request_token")
        return ConcurClient(self.settings.base_url, **entered, **self._client_options())

    def check(self):
        return check.Checker(self.client, self.settings, self._tokens, self.flows).run()

    @classmethod
    def territory(cls, credentials, stored):
        """All of the company: its documents go to whoever acknowledges them first, whatever their entity."""
        company = (credentials.get("company_id") or "").lower()
        return Territory(business=company) if company else None

    @classmethod
    def explain_missing(cls, missing):
        permissions = tuple(name for name in missing if name not in (ACCOUNT_LIST, FIELD_LISTS))
        if permissions:
            return _(
                "The app lacks permissions in SAP Concur (scopes %(scopes)s). Add them there, then test the "
                "connection.",
                scopes=permissions,
            )
        if ACCOUNT_LIST in missing:
            return _(
                "Enter the list of accounts on the connection, then test the connection. Example: %(example)s.",
                example=EXAMPLE,
            )
        return _(
            "Enter the lists of the custom fields on the connection, then test the connection. Example: %(example)s.",
            example=EXAMPLE,
        )
