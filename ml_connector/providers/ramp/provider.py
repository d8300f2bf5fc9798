"""Ramp's implementation of the interface `core.provider`."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import chain

from ...core import items as rows
from ...core.errors import AuthError, ConflictError, InvalidDataError, NotFoundError, PermanentError, RemoteError
from ...core.messages import _, paragraph
from ...core.provider import Credential, Provider, Territory
from ...core.remote import RemotePage
from . import check, items, results, translate, translate_card, translate_spend, webhook
from .accounts import AccountsPush
from .bills_push import BillsPush, OwnBillFilesPush
from .card import CARD, ISSUER
from .client import RampClient
from .companies import CompaniesPush
from .dimensions import DimensionsPush, DimensionValuesPush
from .entities import ENTITIES
from .flows import (
    FLOWS,
    concerns_us,
    is_bill_booked,
    is_bill_due,
    is_booked_as,
    is_lately,
    is_payment_booked,
    is_payment_due,
    is_taken_back,
    split_payment_key,
)
from .goods_receipts import GoodsReceiptsPush
from .handles import Handles
from .links import Links
from .newer import FIELD_REMOTE_ID, Newer
from .pull_base import since_moment
from .pull_spend import LOOK_BACK
from .puller_table import PULLERS
from .purchase_orders_push import OrderFilesPush, PurchaseOrdersPush
from .scopes import PLUS, SEAT, USERS_READ
from .taxes import TaxesPush
from .users import UsersPush
from .vendors_push import AccountingVendorsPush, VendorsPush
from .wire import MOMENTS, part, required, required_id, text

COMPANIES = "companies"
OVERLAP = timedelta(minutes=5)
"""Vendors are read again from this long before the last run, because the clocks of two systems differ."""
PARALLEL_READS = 4

_ABSENT = {
    SEAT: _("Odoo is not connected to Ramp as the accounting system."),
    PLUS: _("This Ramp business has no purchase orders. They are part of Ramp Plus."),
}
"""Sentences on missing capabilities that are no scopes."""


class RampProvider(Provider):
    key = "ramp"
    moments = MOMENTS
    label = "Ramp"
    environments = {"production": "https://api.ramp.com", "sandbox": "https://demo-api.ramp.com"}
    credentials = (
        Credential(
            name="client_id",
            label=_("Client ID"),
            help=_("From the settings of your app in Ramp. The app needs the grant type Client Credentials."),
        ),
        Credential(name="client_secret", label=_("Client Secret"), secret=True),
        Credential(
            name="scopes",
            label=_("Scopes"),
            required=False,
            help=_("Only to request other scopes than the default ones, separated by spaces."),
        ),
        Credential(
            name="entity",
            label=_("Entity"),
            required=False,
            help=_(
                "The Ramp entity of this company. Leave it empty if the Ramp business has only one. The connection"
                " check lists them."
            ),
        ),
    )
    flows = (
        *FLOWS,
        CompaniesPush,
        AccountsPush,
        DimensionsPush,
        DimensionValuesPush,
        TaxesPush,
        AccountingVendorsPush,
        VendorsPush,
        PurchaseOrdersPush,
        OrderFilesPush,
        GoodsReceiptsPush,
        BillsPush,
        OwnBillFilesPush,
        UsersPush,
    )
    default_scopes = " ".join(
        dict.fromkeys(
            (*check.SCOPES, *(scope for flow in flows for scope in flow.scopes), *PurchaseOrdersPush.order_scopes)
        )
    )
    webhook_events = tuple(dict.fromkeys(event for flow in flows for event in flow.events))
    forwards_headers = True
    has_entities = True
    relists_cheaply = True

    def __init__(self, settings, tokens, observe):
        super().__init__(settings, tokens, observe)
        self.handles = Handles(settings.instance)
        self.newer = Newer(self)
        self._remittances = {}

    @cached_property
    def client(self):
        """Created on first use, because translating needs none."""
        credentials = self.settings.credentials
        return RampClient(
            self.settings.base_url,
            client_id=credentials.get("client_id") or "",
            client_secret=credentials.get("client_secret") or "",
            scope=check.usable_scopes(self.settings, self.default_scopes),
            **self._client_options(),
        )

    # Connection

    def check(self):
        return check.Checker(self.client, self.settings, self._tokens, self.default_scopes, self.flows).run()

    @classmethod
    def explain_missing(cls, missing):
        scopes = [name for name in missing if name not in _ABSENT]
        reasons = [_ABSENT[name] for name in missing if name in _ABSENT]
        if scopes:
            reasons.append(_("Ramp did not grant these permissions (scopes): %(scopes)s.", scopes=scopes))
        return paragraph(_("The flow cannot run."), *reasons, _("Test the connection when this has changed."))

    @classmethod
    def territory(cls, credentials, stored):
        business = stored.get("business_id")
        chosen = credentials.get("entity") or ""
        if not business or chosen != (stored.get("entity") or "") or (chosen and not stored.get("entity_id")):
            return None
        entities = {stored["entity_id"]: stored.get("entity_name") or chosen} if chosen else {}
        name = stored.get("business_name") or business
        return Territory(business=business, name=name, entities=entities)

    def claim_accounting_connection(self):
        """Make Odoo the accounting system of the Ramp business.

        No effect if it already is, or if another system is: then only vendors are synced, as the check says.

        :raises ConflictError: another system connected at the same time
        """
        connections = self.client.connections()
        state, row = check.seat(connections)
        if state == check.TAKEN:
            return
        if state == check.FILES:
            row = self.client.create_connection(check.OUR_NAME)
        elif state == check.FREE:
            row = self._take_seat(connections)
        # If another system is connected, Ramp does not refuse but returns that connection.
        if row.get("remote_provider_name") != check.OUR_NAME:
            raise ConflictError(
                _(
                    "Another system is connected to Ramp as the accounting system: %(system)s. Disconnect it in the"
                    " accounting settings of Ramp first.",
                    system=check.holder_name(row),
                )
            )

    def _take_seat(self, connections):
        """Reactivate Odoo's own ended connection if Ramp allows it, because that keeps its fields; else create one."""
        ended = [row for row in connections if row.get("remote_provider_name") == check.OUR_NAME]
        if ended:
            with suppress(PermanentError):
                return self.client.reactivate_connection(ended[0].get("id"))
        return self.client.create_connection(check.OUR_NAME)

    def release_accounting_connection(self):
        """End the accounting connection if it is Odoo's; never that of another system."""
        state, _row = check.seat(self.client.connections())
        if state == check.OURS:
            self.client.delete_connection()

    # Reading

    def pull(self, flow, cursor, since):
        if flow in PULLERS:
            return PULLERS[flow](self).pull(cursor, since)
        readers = {
            "coding": self._pull_coding,
            "vendors": self._pull_vendors,
            "bills": self._pull_bills,
            # Importing a bill creates the transfers of this flow.
            "bill_files": lambda cursor, since: iter(()),
            "payment_files": lambda cursor, since: iter(()),
            "payments": self._pull_payments,
        }
        return readers[flow](cursor, since)

    def booked(self, flow, since):
        if flow in PULLERS:
            return PULLERS[flow](self).booked(since)
        readers = {"bills": self._booked_bills, "payments": self._booked_payments}
        return readers[flow](since)

    def fetch(self, flow, external_id):
        readers = {
            "coding": self._fetch_coding,
            "vendors": lambda vendor_id: self._vendor_item(self.client.vendor(vendor_id)),
            "bills": self._fetch_bill,
            "bill_files": lambda bill_id: items.files_item(self.client.bill(bill_id)),
            "payments": self._fetch_payment,
            "payment_files": self._fetch_remittance,
        }
        if flow in PULLERS:
            readers[flow] = PULLERS[flow](self).fetch
        try:
            return rows.fetched(lambda: readers[flow](external_id), external_id, self.label)
        except NotFoundError:
            return None

    def fetch_files(self, flow, external_id, known):
        if flow == "receipts" and known.get("subject_kind"):
            return rows.fetched(lambda: PULLERS[flow](self).fetch_known(external_id, known), external_id, self.label)
        if flow == "payment_files":
            return self._fetch_remittance(external_id, known.get("names") or ())
        if flow == "bill_files" and (found := self.bill_links.find([external_id], known.get("day", ""))):
            return found[0]
        return self.fetch(flow, external_id)

    @cached_property
    def bill_links(self):
        """Items of files by bill, from the lists of this run."""

        def listed(since):
            return self._bill_pages(from_created_at=since_moment(since))

        def read(row):
            key = rows.id_of(row)
            return (key, items.files_item(row)) if key and row.get("invoice_urls") else ("", None)

        return Links(listed, read)

    @cached_property
    def receipt_links(self):
        """Links of receipts by their ID, from the lists of this run."""

        def listed(since):
            return self.client.receipts(created_after=since_moment(since))

        return Links(listed, lambda row: (rows.id_of(row), row.get("receipt_url")))

    def changed_after(self, flow, external_id, moment):
        """Ramp has no time of change, but lists the vendors that changed since a given time."""
        pages = self.client.vendors(from_updated_at=moment.isoformat(), include_draft=True)
        return any(row.get("id") == external_id for page in pages for row in page)

    def document(self, flow, payload):
        payload = self.localized(payload)
        if flow in PULLERS:
            return PULLERS[flow](self).document(payload)
        translators = {
            "coding": translate.reference,
            "vendors": lambda payload: translate.vendor(payload, self.handles),
            "bills": lambda payload: translate.bill(
                payload, self.handles, self.entity_currencies, self.account_currencies
            ),
            "bill_files": translate.files,
            "payments": lambda payload: translate.payment(payload, self.handles, self.bank_accounts),
            "payment_files": translate.remittance,
        }
        return translators[flow](payload)

    def download(self, url):
        if url.startswith(translate.REMITTANCE):
            return self._remittances.pop(url, None) or self.client.remittance_receipt(
                url.removeprefix(translate.REMITTANCE)
            )
        return self.client.download(url)

    def _fetch_remittance(self, external_id, names=()):
        """The proof of a payment; without a file if Ramp has none, for example for payments outside Ramp."""
        _payment_id, bill_id = split_payment_key(external_id)
        url = f"{translate.REMITTANCE}{bill_id}"
        try:
            self._remittances[url] = self.client.remittance_receipt(bill_id)
        except (NotFoundError, PermanentError):
            url = ""
        return items.remittance_item(external_id, next(iter(names), "Remittance.pdf"), url)

    @property
    def bank_accounts(self):
        return self.settings.stored.get("bank_accounts") or {}

    @property
    def entity_currencies(self):
        """Currencies in which Ramp's entities pay; empty if an entity pays in several."""
        return self.settings.stored.get("entity_currencies") or {}

    @property
    def account_currencies(self):
        return self.settings.stored.get("account_currencies") or {}

    @property
    def entity_id(self):
        """The entity whose bills are read; empty for all.

        :raises AuthError: the entity was entered after the last check, so its ID is unknown
        """
        entity = self.settings.credentials.get("entity") or ""
        if not entity:
            return ""
        entity_id = self.settings.stored.get("entity_id")
        if not entity_id or self.settings.stored.get("entity") != entity:
            raise AuthError(
                _("Odoo has not checked the Ramp entity %(entity)s yet. Test the connection.", entity=entity)
            )
        return entity_id

    def _pull_coding(self, _cursor, _since):
        yield from self._coded("account", self.client.accounts(is_active=True))
        fields = []
        yield from rows.pages(self.client.fields(is_active=True), partial(_note_field, fields), self.label)
        for field in fields:
            # removed since it was listed
            with suppress(NotFoundError):
                options = self.field_options(field["id"], field["ramp_id"], is_active=True)
                yield from self._coded("analytic", options, field)
        yield from self._pull_taxes()
        yield from self._pull_journals()
        yield from self._pull_spend_codes()

    def field_options(self, our_id, ramp_id, **filters):
        """Pages of the options of a field, by its Odoo ID if Ramp supports that.

        Ramp's own ID changes when the field is created again.
        """
        return self.newer.attempt(
            FIELD_REMOTE_ID,
            lambda: _begun(self.client.field_options(field_remote_id=our_id, **filters)),
            lambda: _begun(self.client.field_options(ramp_id, **filters)),
        )

    def _pull_taxes(self):
        try:
            yield from self._coded("tax", self.client.tax_code_options(is_active=True))
        except NotFoundError:
            # Most businesses have no tax codes in Ramp.
            return

    def _pull_journals(self):
        """Sources of payments: Ramp's bank accounts and its card."""
        spend = (CARD, translate_spend.REIMBURSED)
        own = [{"id": reference.external_id, "name": reference.name} for reference in spend]
        accounts = [{"id": key, "name": name} for key, name in self.bank_accounts.items()]
        yield from self._coded("journal", [[*own, *accounts]])

    def _pull_spend_codes(self):
        """Further codes of card transactions: the issuer, the cashback account and the employees."""
        for reference in (ISSUER, translate_card.CASHBACK):
            yield from self._coded(reference.kind, [[{"id": reference.external_id, "name": reference.name}]])
        if USERS_READ in self.settings.capabilities:
            yield from self._coded("employee", self.client.users())

    def _coded(self, kind, found, field=None):
        def read(row):
            return items.coding_item(kind, row, field) if is_active(row) and self.is_offered(row) else None

        return rows.pages(found, read, self.label, identify=lambda row: items.coding_key_of(kind, row, field))

    def _fetch_coding(self, external_id):
        found = (item for page in self._pull_coding("", None) for item in page.items)
        return next((item for item in found if item.external_id == external_id), None)

    def _pull_vendors(self, cursor, _since):
        """Changed vendors. Their rows have no time of change, so the cursor is the start time of the run.

        Lists omit unapproved vendors. Of those, only the ones that Odoo sent are read, for the state of their approval.
        So the list of all is read only if vendors are sent. If it is empty, nothing changed.
        """
        started = _now()
        filters = {"from_updated_at": (_moment(cursor) - OVERLAP).isoformat()} if cursor else {}
        approved = set()

        def read(row):
            approved.add(row.get("id"))
            return self._vendor_item(row)

        def read_waiting(row):
            is_ours = self.handles.partner_id(str(row.get("external_vendor_id") or ""))
            if row.get("id") in approved or not is_ours:
                return None
            return self._vendor_item(self.client.vendor(required_id(row)))

        is_sending = bool(self.options("vendors_push").get("active"))
        with_drafts = iter(self.client.vendors(include_draft=True, **filters) if is_sending else ())
        first = next(filter(None, with_drafts), None)
        if first or not is_sending:
            yield from rows.pages(self.client.vendors(**filters), read, self.label, parallel=PARALLEL_READS)
        if first:
            yield from rows.pages(chain([first], with_drafts), read_waiting, self.label)
        yield RemotePage(items=(), cursor=started.isoformat())

    def _vendor_item(self, row):
        if row.get("contacts") == []:
            return items.vendor_item(row, [])
        try:
            contacts = [contact for page in self.client.vendor_contacts(required_id(row)) for contact in page]
        except NotFoundError:
            contacts = []
        return items.vendor_item(row, contacts)

    def _pull_bills(self, _cursor, since):
        yield from self._bills(items.bill_item, lambda row: is_bill_due(row) and _is_since(row, since), sync_ready=True)
        yield from self._bills(
            items.bill_item, lambda row: is_taken_back(row) and _is_since(row, since), is_archived=True
        )

    def reread(self, flow):
        """Booked bills: the open ones, and those paid recently.

        Ramp has no filter for changed bills, and an edited bill does not become ready again.
        """
        made = {"bills": items.bill_item, "payments": self._payment_item}.get(flow)
        if not made:
            return
        selections = [{"sync_status": "BILL_AND_PAYMENT_SYNCED", "from_paid_at": (_now() - LOOK_BACK).isoformat()}]
        if flow == "bills":
            selections.append({"sync_status": "BILL_SYNCED"})
        for selection in selections:
            status = selection["sync_status"]
            yield from self._bills(made, lambda row, status=status: is_booked_as(row, status), **selection)

    def _pull_payments(self, _cursor, since):
        """A payment is skipped if its bill is, so the date of the bill decides."""
        yield from self._bills(
            self._payment_item,
            lambda row: is_payment_due(row) and _is_since(row, since),
            sync_ready=True,
            payment_status="PAID",
        )

    def _payment_item(self, row):
        """Add the other bills of the payment, because a debit for several bills has to be split."""
        if not translate.may_pay_others(row):
            return items.payment_item(row)
        payment_id = text(part(row, "payment"), "id")
        together = [
            {key: bill.get(key) for key in ("id", "amount", "applied_vendor_credits")}
            for page in self.client.bills(payment_id=payment_id)
            for bill in page
            if payment_id and text(part(bill, "payment"), "id") == payment_id
        ]
        return items.payment_item({**row, "paid_together": together})

    def _booked_bills(self, since):
        """Ramp does not tell when a bill was booked, so all of its dates count."""
        yield from self._bills(items.bill_item, lambda row: is_bill_booked(row) and is_lately(row, since))

    def _booked_payments(self, since):
        yield from self._bills(
            self._payment_item, lambda row: is_payment_booked(row) and is_lately(row, since), payment_status="PAID"
        )

    def _bills(self, made, is_wanted, **filters):
        """Pages of the records that `made` returns for the wanted bills of this entity."""
        entity_id = self.entity_id

        def read(row):
            if not (concerns_us(row, entity_id) and is_wanted(row)):
                return None
            item = made(row)
            self.bill_links.note(row)
            return item

        return rows.pages(self._bill_pages(**filters), read, self.label)

    def _bill_pages(self, **filters):
        """Rows of bills, as Ramp lists them.

        None while another system is the accounting system: that system books them, and Odoo could not report results.
        """
        if self.settings.stored.get("seat") != check.TAKEN:
            yield from self.client.bills(is_accounting_sync_enabled=True, entity_id=self.entity_id or None, **filters)

    def _fetch_bill(self, bill_id):
        """A bill if Ramp lists it as ready to sync; no field of the bill tells that."""
        row = self.client.bill(bill_id)
        if not concerns_us(row, self.entity_id):
            return None
        if is_bill_due(row) and not self._is_ready(row):
            return None
        return items.bill_item(row)

    def _is_ready(self, bill):
        vendor = bill.get("vendor")
        filters = {
            "vendor_id": vendor.get("id") if isinstance(vendor, dict) else None,
            "invoice_number": bill.get("invoice_number"),
        }
        pages = self._bill_pages(sync_ready=True, **filters)
        return any(row.get("id") == bill.get("id") for page in pages for row in page)

    def _fetch_payment(self, external_id):
        payment_id, bill_id = split_payment_key(external_id)
        row = self.client.bill(bill_id)
        if not (concerns_us(row, self.entity_id) and is_payment_due(row)):
            return None
        item = self._payment_item(row)
        return item if not payment_id or item.external_id == external_id else None

    # Sending

    def options(self, flow):
        """The options of a flow."""
        return self.settings.options.get(flow) or {}

    @property
    def has_seat(self):
        """Whether Odoo is the accounting system, so that Ramp accepts Odoo IDs on bills."""
        return SEAT in self.settings.capabilities

    @property
    def companies(self):
        """Odoo IDs of the companies to which sent records are limited.

        Empty until Ramp has them, and if the connection books all entities.
        """
        sent = self.learned.get(COMPANIES) or self.settings.stored.get(COMPANIES)
        is_limited = self.settings.credentials.get("entity") and self.options("companies_push").get("active")
        return sorted(sent) if is_limited and isinstance(sent, list) else []

    def note_company(self, company_id):
        """Remember that Ramp has a company of Odoo."""
        known = self.learned.get(COMPANIES) or self.settings.stored.get(COMPANIES) or []
        self.learned[COMPANIES] = sorted({*known, company_id})

    def is_offered(self, row):
        """Whether Ramp offers an account, an option or a tax to users of these companies."""
        limited = row.get(ENTITIES)
        if not (isinstance(limited, list) and limited and self.has_seat and self.companies):
            return True
        return not set(self.companies).isdisjoint(map(str, limited))

    @property
    def push_entity_id(self):
        """The Ramp entity of sent records: the chosen one, else the main one of the business."""
        return self.entity_id or self.settings.stored.get("main_entity_id") or self._main_entity_id

    @cached_property
    def _main_entity_id(self):
        return check.main_entity([row for page in self.client.entities() for row in page])

    def field_name(self, kind):
        """Ramp's name of the built-in field of accounts or taxes on the lines of this business."""
        return self._account_field if kind == "account" else self._tax_field

    @cached_property
    def _account_field(self):
        first = next(self.client.accounts(is_active=True), [])
        infos = [row.get("gl_account_category_info") for row in first]
        return next((info["id"] for info in infos if isinstance(info, dict) and info.get("id")), "Category")

    @cached_property
    def _tax_field(self):
        return self.client.tax_code().get("id")

    def report(self, entries, key):
        return results.report(self.client, entries, key)

    def reported(self, result):
        return results.reported(self.client, result)

    # Webhooks

    @property
    def _events(self):
        """The events to subscribe to: for most flows also if inactive, so that activating one changes nothing."""
        needed = {event for flow in self.flows if self.options(flow.key).get("active") for event in flow.events}
        return [event for event in self.webhook_events if event not in webhook.ECHOES or event in needed]

    def subscribe(self, endpoint_url, handshake):
        """Subscribe, after removing earlier unconfirmed subscriptions of this URL, whose secrets are lost."""
        for row in self.client.webhooks():
            if row.get("endpoint_url") == endpoint_url and row.get("status") == "pending_verification":
                self.unsubscribe(row.get("id"))
        headers = {webhook.HANDSHAKE: handshake, **self.webhook_headers}
        row = self.client.create_webhook(endpoint_url, self._events, headers)
        subscription_id, secret = row.get("id"), row.get("secret")
        if not (subscription_id and secret):
            raise RemoteError(_("The answer of Ramp lacks the secret of the webhook subscription."))
        return subscription_id, secret

    def is_subscribed(self, subscription_id, endpoint_url):
        """Ramp does not show the headers of a subscription."""
        row = next((row for row in self.client.webhooks() if row.get("id") == subscription_id), {})
        return (
            row.get("status") == "active"
            and row.get("endpoint_url") == endpoint_url
            and set(self._events) <= set(row.get("event_types") or ())
        )

    def confirm_subscription(self, subscription_id, challenge):
        """
        :raises AuthError: Ramp does not accept the challenge
        """
        if not self.client.verify_webhook(subscription_id, challenge):
            raise AuthError(
                _("Ramp rejected the answer to its webhook challenge. Remove the webhooks and set them up again.")
            )

    def unsubscribe(self, subscription_id):
        try:
            self.client.delete_webhook(subscription_id)
        except NotFoundError:
            return

    @classmethod
    def verify_webhook(cls, headers, body, secrets):
        return webhook.verify(headers, body, secrets)

    @classmethod
    def parse_webhook(cls, headers, body):
        return webhook.parse(body)

    @classmethod
    def handshake(cls, headers):
        return webhook.header(headers, webhook.HANDSHAKE)


def _begun(pages):
    """The same pages, with the first one requested already, so that a refusal is raised now."""
    return chain([next(pages, [])], pages)


def _note_field(fields, row):
    """Collect a field, which is no code itself but has options."""
    if is_active(row):
        fields.append({**row, "id": required_id(row), "ramp_id": required(row, "ramp_id")})


def is_active(row):
    return row.get("is_active") is not False


def _is_since(row, since):
    """Whether a bill is recent enough, or has no readable date: then its translation reports the error."""
    if since is None:
        return True
    try:
        booked = translate.booking_date(row)
    except InvalidDataError:
        return True
    return booked is None or booked >= since


def _now():
    return datetime.now(UTC)


def _moment(cursor):
    return datetime.fromisoformat(cursor)
