"""The provider Visma.net."""

from datetime import UTC, datetime
from functools import cached_property, partial

from ...core import items as rows
from ...core.errors import AuthError, NotFoundError
from ...core.messages import _
from ...core.provider import Credential, Provider, Territory
from ...core.remote import RemotePage
from . import catalogue, check, payments, suppliers, webhook
from .client import LIST_OVERLAP, LONGEST_CALL, VismaClient, modified_since, path_id
from .coding import Subaccounts
from .flows import EVENTS, FLOWS
from .push_codes import Accounts, Analytics
from .push_files import Files
from .push_invoices import Invoices
from .push_orders import Orders
from .push_receipts import Receipts
from .push_release import Releases
from .push_suppliers import Suppliers
from .reversals import Reversals
from .wire import day, text

ADDRESS = "https://api.finance.visma.net"
CONNECT = "https://connect.visma.com"
PUSHES = {
    "accounts_push": Accounts,
    "analytics_push": Analytics,
    "suppliers_push": Suppliers,
    "purchase_orders_push": Orders,
    "receipts_push": Receipts,
    "bills_push": Invoices,
    "bill_files_push": Files,
    "bill_release_push": Releases,
}


class VismaProvider(Provider):
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
                "A value of each segment, separated by dashes, for segments that a line does not have. Example: "
                "000-0000. If empty, Odoo uses the value of zeros."
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
    flows = FLOWS
    lookup_delay = LONGEST_CALL
    webhook_events = EVENTS
    challenges_webhooks = False
    pushes = PUSHES

    @cached_property
    def client(self):
        """Created at its first use: translating documents needs none."""
        settings, credentials = self.settings, self.settings.credentials
        return VismaClient(
            settings.base_url,
            connect_url=CONNECT if settings.base_url == ADDRESS else settings.base_url,
            client_id=credentials.get("client_id") or "",
            client_secret=credentials.get("client_secret") or "",
            tenant_id=credentials.get("tenant_id") or "",
            company_id=credentials.get("company_id") or "",
            scope=check.usable_scopes(settings),
            **self._client_options(),
        )

    # Connection

    def check(self):
        return check.Checker(self.client, self.settings, self._tokens).run()

    @classmethod
    def territory(cls, credentials, stored):
        tenant = (credentials.get("tenant_id") or "").lower()
        return Territory(business=tenant) if tenant else None

    def claim_accounting_connection(self):
        """Visma.net has no accounting connection: a company may have any number of integrations."""

    def release_accounting_connection(self):
        """There is none."""

    # Reading

    def pull(self, flow, cursor, since):
        readers = {
            "coding": self._pull_coding,
            "suppliers": self._pull_suppliers,
            "payment_status": self._pull_statuses,
            "payments": self._pull_payments,
        }
        return readers[flow](cursor, since)

    def fetch(self, flow, external_id):
        readers = {
            "coding": self._fetch_coding,
            "suppliers": lambda number: suppliers.item(self.client.one(f"{suppliers.PATH}/{path_id(number)}").data),
            "payment_status": lambda key: payments.Statuses(self.client, self.mark).one(key),
            "payments": lambda key: payments.Payments(self.client, self.mark).one(key),
        }
        try:
            return rows.fetched(lambda: readers[flow](external_id), external_id, self.label)
        except NotFoundError:
            return None

    def changed_after(self, flow, external_id, moment):
        """None for close times, because the time zone of the stored times is not documented."""
        row = self.client.one(f"{suppliers.PATH}/{path_id(external_id)}").data
        try:
            changed = datetime.fromisoformat(text(row, "lastModifiedDateTime")).replace(tzinfo=UTC)
        except ValueError:
            return None
        return changed > moment if abs(changed - moment) > LIST_OVERLAP else None

    def document(self, flow, payload):
        translators = {
            "coding": catalogue.reference,
            "suppliers": suppliers.vendor,
            "payment_status": payments.status,
            "payments": payments.payment,
        }
        return translators[flow](payload)

    def _pull_coding(self, _cursor, _since):
        return catalogue.Catalogue(self.client, self.label).pages()

    def _fetch_coding(self, external_id):
        found = (item for page in self._pull_coding("", None) for item in page.items)
        return next((item for item in found if item.external_id == external_id), None)

    def _pull_suppliers(self, cursor, _since):
        return self._changed_since(cursor, partial(self.client.pages, suppliers.PATH), suppliers.item, "number")

    def _pull_statuses(self, cursor, _since):
        statuses = payments.Statuses(self.client, self.mark)
        return self._changed_since(cursor, statuses.listed, statuses.item, "documentType", "referenceNumber")

    def _pull_payments(self, cursor, since):
        found = payments.Payments(self.client, self.mark)

        def read(row):
            item = found.item(row)
            return item if item and _is_since(item.payload, since) else None

        return self._changed_since(cursor, found.listed, read, "type", "refNbr")

    def _changed_since(self, cursor, listed, read, *names):
        """Records that changed since the start of the last run, which is the cursor.

        :param names: of the fields that make the id of a row
        """
        started = datetime.now(UTC)
        filters = modified_since(datetime.fromisoformat(cursor)) if cursor else {}

        def identify(row):
            parts = [text(row, name) for name in names]
            return "/".join(parts) if all(parts) else ""

        yield from rows.pages(listed(**filters), read, self.label, identify=identify)
        yield RemotePage(items=(), cursor=started.isoformat())

    @property
    def mark(self):
        """Beginning of the marks by which Odoo finds its documents again, in their notes."""
        return f"odoo:{self.settings.instance}:"

    # Sending

    @cached_property
    def reversals(self):
        return Reversals(self)

    # What lines need besides their codes; read once for each run

    @cached_property
    def subaccounts(self):
        return Subaccounts(catalogue.segments(self.client), self.settings.credentials.get("subaccount") or "")

    @cached_property
    def periods(self):
        return self.client.rows("/v1/financialPeriod")

    @cached_property
    def non_project(self):
        """The code for lines without a project; None where the company has no projects."""
        found = [row for page in self.client.pages("/v1/project", nonProject=True) for row in page]
        # Visma may ignore the filter and return all projects
        return text(found[0], "projectID") or None if len(found) == 1 else None

    @property
    def vat_category(self):
        return self.settings.credentials.get("vat_category") or None

    # Webhooks: Visma's API cannot create subscriptions

    def subscribe(self, endpoint_url, handshake):
        """Use the key of the subscription that the administrator created in the portal.

        :raises AuthError: the key was not entered
        """
        key = self.settings.credentials.get("webhook_key")
        if not key:
            raise AuthError(
                _(
                    "Create the subscription in the Visma Developer Portal with the webhook URL of this connection. "
                    "Then enter its signing key in the credentials."
                )
            )
        return "portal", key

    def unsubscribe(self, subscription_id):
        """The administrator removes it in the portal; until then Odoo refuses its webhooks."""

    @classmethod
    def verify_webhook(cls, headers, body, secrets):
        return webhook.verify(headers, body, secrets)

    @classmethod
    def parse_webhook(cls, headers, body):
        return webhook.parse(body)

    def close(self):
        if "client" in self.__dict__:
            self.client.close()


def _is_since(payload, since):
    """Whether a payment is not older than `since`. One without a date is kept, so that its translation reports it."""
    paid_on = day(payload, "applicationDate")
    return since is None or not paid_on or paid_on >= since.isoformat()
