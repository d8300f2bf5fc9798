"""The provider Visma.net."""

from functools import cached_property

from ...core.messages import _
from ...core.provider import Credential, Provider, Territory
from ...core.wire import text
from . import check, periods
from .accounts import AccountsPush
from .bill_files import BillFilesPush
from .bill_release import BillReleasePush
from .bills import BillsPush
from .client import LONGEST_CALL, VismaClient
from .coding import Coding, segments
from .dimensions import DimensionsPush
from .goods_receipts import GoodsReceiptsPush
from .ledger import Ledger
from .line_codes import Subaccounts
from .payments import Payments, PaymentStatus
from .purchase_orders import PurchaseOrdersPush
from .reversals import Reversals
from .vendors import Vendors, VendorsPush
from .webhook import VismaWebhooks

ADDRESS = "https://api.finance.visma.net"
CONNECT = "https://connect.visma.com"


class VismaProvider(VismaWebhooks, Provider):
    key = "visma"
    label = "Visma.net"
    # demonstration companies have the same URL
    environments = {"production": ADDRESS, "sandbox": ADDRESS}
    credentials = (
        Credential(
            name="client_id",
            label=_("Client ID"),
            help=_(
                "Client ID of a service application of the Visma.net ERP API, in the Visma Developer Portal under My "
                "Applications."
            ),
        ),
        Credential(name="client_secret", label=_("Client Secret"), secret=True),
        Credential(
            name="tenant_id",
            label=_("Company Tenant ID"),
            help=_(
                "In Visma Admin under Company > the company > Configuration. The tenant ID of the customer looks "
                "similar, but does not work."
            ),
        ),
        Credential(
            name="webhook_key",
            label=_("Webhook Signing Keys"),
            secret=True,
            required=False,
            help=_(
                "The Visma Developer Portal shows one for each subscription. Separate several keys with spaces. Then "
                "set up the webhooks."
            ),
        ),
        Credential(
            name="company_id",
            label=_("Company ID"),
            required=False,
            help=_("Only if Visma's support asks for it. Odoo sends it as ipp-company-id."),
        ),
        Credential(
            name="subaccount",
            label=_("Default Subaccount"),
            required=False,
            help=_(
                "The default value of each segment, separated by dashes, for lines without a value. Example: 000-0000. "
                "If empty, Odoo uses zeros."
            ),
        ),
        Credential(
            name="vat_category",
            label=_("VAT Category for Untaxed Lines"),
            required=False,
            help=_(
                "For lines without a tax in Odoo. If empty, Visma.net uses the default category of the VAT zone of the "
                "supplier."
            ),
        ),
    )
    flows = (
        Coding,
        Vendors,
        AccountsPush,
        DimensionsPush,
        VendorsPush,
        PurchaseOrdersPush,
        GoodsReceiptsPush,
        BillsPush,
        BillFilesPush,
        BillReleasePush,
        PaymentStatus,
        Payments,
    )
    lookup_delay = LONGEST_CALL

    @cached_property
    def client(self):
        """Created at its first use: translating documents needs none."""
        settings = self.settings
        return VismaClient(
            settings.base_url,
            connect_url=CONNECT if settings.base_url == ADDRESS else settings.base_url,
            **self.entered("client_id", "client_secret", "tenant_id", "company_id"),
            scope=check.usable_scopes(settings, self.flows),
            **self._client_options(),
        )

    # Connection

    def check(self):
        return check.Checker(self.client, self.settings, self._tokens, self.flows).run()

    @classmethod
    def territory(cls, credentials, stored):
        tenant = (credentials.get("tenant_id") or "").lower()
        return Territory(business=tenant) if tenant else None

    # What several flows share

    @property
    def mark(self):
        """Beginning of the marks by which Odoo finds its documents again, in their notes."""
        return f"odoo:{self.settings.instance}:"

    @cached_property
    def ledger(self):
        return Ledger(self.client, self.mark)

    @cached_property
    def reversals(self):
        return Reversals(self.client, self.ledger)

    # What lines need besides their codes; read once for each run

    @cached_property
    def subaccounts(self):
        return Subaccounts(segments(self.client), self.settings.credentials.get("subaccount") or "")

    @cached_property
    def periods(self):
        return self.client.rows(periods.PATH)

    @cached_property
    def non_project(self):
        """The code for lines without a project; None where the company has no projects."""
        found = [row for page in self.client.pages("/v1/project", nonProject=True) for row in page]
        # Visma may ignore the filter and return all projects
        return text(found[0], "projectID") or None if len(found) == 1 else None

    @property
    def vat_category(self):
        return self.settings.credentials.get("vat_category") or None

    def close(self):
        if "client" in self.__dict__:
            self.client.close()
