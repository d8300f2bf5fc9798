"""Visma.net as the engine sees it."""

# Odoo translates, and there is no Odoo here.

from datetime import UTC, datetime
from functools import cached_property, partial

from ...core import items as rows
from ...core.errors import AuthError, NotFoundError
from ...core.provider import Credential, Provider, RemotePage, Territory
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
    # demonstration companies live on the same address
    environments = {"production": ADDRESS, "sandbox": ADDRESS}
    credentials = (
        Credential(
            name="client_id",
            label="Client ID",
            help="In the Visma Developer Portal under My Applications: a service application of the Visma.net ERP API.",
        ),
        Credential(name="client_secret", label="Client secret", secret=True),
        Credential(
            name="tenant_id",
            label="Tenant id of the company",
            help="In Visma Admin under Company > the company > Configuration. The tenant id of the customer looks "
            "alike and does not work.",
        ),
        Credential(
            name="webhook_key",
            label="Signature keys of the webhooks",
            secret=True,
            required=False,
            help="The Visma Developer Portal shows one for each subscription that is made there; separate several by "
            "blanks. Then press Set up webhooks.",
        ),
        Credential(
            name="company_id",
            label="Company id",
            required=False,
            help="Only where Visma's support asks for it: the number that is sent as ipp-company-id.",
        ),
        Credential(
            name="subaccount",
            label="Usual subaccount",
            required=False,
            help="A value of each segment, separated by dashes, for what a line leaves open: 000-0000. Without it, the "
            "value of zeros.",
        ),
        Credential(
            name="vat_category",
            label="VAT category without tax",
            required=False,
            help="For lines that have no tax in Odoo. Without it Visma.net takes the usual one of the supplier's VAT "
            "zone.",
        ),
    )
    flows = FLOWS
    lookup_delay = LONGEST_CALL
    webhook_events = EVENTS
    challenges_webhooks = False
    pushes = PUSHES

    @cached_property
    def client(self):
        """Made when it is needed: translating needs none."""
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
        """A company of Visma.net has as many integrations as it likes."""

    def release_accounting_connection(self):
        """Nothing was taken."""

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
        """The stored times have no zone, so what lies close together may be either way round."""
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
        """What changed since the last run began, which is the cursor.

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
        """How our marks in the notes of documents begin."""
        return f"odoo:{self.settings.instance}:"

    # Sending

    @cached_property
    def reversals(self):
        return Reversals(self)

    # What lines need beside their own coding; read once a run

    @cached_property
    def subaccounts(self):
        return Subaccounts(catalogue.segments(self.client), self.settings.credentials.get("subaccount") or "")

    @cached_property
    def periods(self):
        return self.client.rows("/v1/financialPeriod")

    @cached_property
    def non_project(self):
        """The code that stands for no project; None where the company has no projects."""
        found = [row for page in self.client.pages("/v1/project", nonProject=True) for row in page]
        # a filter that is ignored gives them all
        return text(found[0], "projectID") or None if len(found) == 1 else None

    @property
    def vat_category(self):
        return self.settings.credentials.get("vat_category") or None

    # Webhooks: Visma has no call for subscriptions any more

    def subscribe(self, endpoint_url, handshake):
        """Take over the key of the subscription that a person has made in the portal.

        :raises AuthError: the key was not entered
        """
        key = self.settings.credentials.get("webhook_key")
        if not key:
            raise AuthError(
                "Make the subscription in the Visma Developer Portal, with the address that is shown here, and enter "
                "its signature key among the credentials."
            )
        return "portal", key

    def unsubscribe(self, subscription_id):
        """A person removes it in the portal; until then its calls are refused."""

    @classmethod
    def verify_webhook(cls, headers, body, secrets):
        return webhook.verify(headers, body, secrets)

    @classmethod
    def parse_webhook(cls, headers, body):
        return webhook.parse(body)

    @classmethod
    def handshake(cls, headers):
        """There is none: no request is let in without a signature."""
        return ""

    def close(self):
        if "client" in self.__dict__:
            self.client.close()


def _is_since(payload, since):
    """Whether a payment is young enough. One without a date is: its translation will say what is wrong."""
    paid_on = day(payload, "applicationDate")
    return since is None or not paid_on or paid_on >= since.isoformat()
