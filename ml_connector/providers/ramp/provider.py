"""Ramp's implementation of the interface `core.provider`."""

from contextlib import suppress
from functools import cached_property

from ...core.capabilities import AccountingConnection
from ...core.errors import AuthError, ConflictError, PermanentError
from ...core.messages import _, paragraph
from ...core.provider import Credential, Provider, Territory
from . import check
from .accounts import AccountsPush
from .bills import BillFiles, Bills
from .bills_push import BillsPush, OwnBillFilesPush
from .card_transactions import CardTransactions
from .cashbacks import Cashbacks
from .client import RampClient, path_id
from .coding import Coding
from .companies import CompaniesPush
from .credits import CreditApplications, Credits
from .dimensions import DimensionsPush, DimensionValuesPush
from .goods_receipts import GoodsReceiptsPush
from .newer import Newer
from .payments import REMITTANCE, PaymentFiles, Payments
from .purchase_orders import PurchaseOrders
from .purchase_orders_push import OrderFilesPush, PurchaseOrdersPush
from .push_base import PLUS, SEAT
from .receipts import Receipts
from .reimbursements import Reimbursements
from .repayments import Repayments
from .results import Results
from .selections import BuiltInFields
from .statements import StatementFiles, Statements, Transfers
from .taxes import TaxesPush
from .users import UsersPush
from .vendors import Vendors
from .vendors_push import AccountingVendorsPush, VendorsPush
from .webhook import RampWebhooks
from .wire import MOMENTS, Handles

CONNECTION = "/accounting/connection"
"""Path of the accounting connection, of which there is one for each business."""
_ABSENT = {
    SEAT: _("Odoo is not connected to Ramp as the accounting system."),
    PLUS: _("This Ramp business has no purchase orders. They are part of Ramp Plus."),
}
"""Sentences on missing capabilities that are no scopes."""


class RampProvider(AccountingConnection, RampWebhooks, Provider):
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
        Coding,
        Vendors,
        PurchaseOrders,
        Bills,
        BillFiles,
        Payments,
        PaymentFiles,
        Credits,
        CreditApplications,
        CardTransactions,
        Reimbursements,
        Receipts,
        Cashbacks,
        Statements,
        StatementFiles,
        Transfers,
        Repayments,
        Results,
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
    # pylint takes the module `check` for the method below: pylint: disable=used-before-assignment
    default_scopes = " ".join(
        dict.fromkeys(
            (*check.SCOPES, *(scope for flow in flows for scope in flow.scopes), *PurchaseOrdersPush.order_scopes)
        )
    )
    webhook_events = tuple(dict.fromkeys(event for flow in flows for event in flow.events))
    has_entities = True
    relists_cheaply = True

    def __init__(self, settings, tokens, observe):
        super().__init__(settings, tokens, observe)
        self.handles = Handles(settings.instance)
        self.newer = Newer(self)
        self.built_in = BuiltInFields(self)

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
        connections = check.connections(self.client)
        state, row = check.seat(connections)
        if state == check.TAKEN:
            return
        if state == check.FILES:
            row = self._create_connection()
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
                return self.client.create(f"{CONNECTION}/{path_id(ended[0].get('id'))}/reactivate")
        return self._create_connection()

    def _create_connection(self):
        return self.client.create(CONNECTION, {"remote_provider_name": check.OUR_NAME})

    def release_accounting_connection(self):
        """End the accounting connection if it is Odoo's; never that of another system."""
        state, _row = check.seat(check.connections(self.client))
        if state == check.OURS:
            self.client.request("DELETE", CONNECTION)

    # Values that several flows share

    def download(self, url):
        if url.startswith(REMITTANCE):
            return self.flow(PaymentFiles.key).download(url)
        return self.client.download(url)

    @property
    def bank_accounts(self):
        return self.settings.stored.get("bank_accounts") or {}

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

    def options(self, flow):
        """The options of a flow."""
        return self.settings.options.get(flow) or {}

    @property
    def has_seat(self):
        """Whether Odoo is the accounting system, so that Ramp accepts Odoo IDs on bills."""
        return SEAT in self.settings.capabilities

    @cached_property
    def push_entity_id(self):
        """The Ramp entity of sent records: the chosen one, else the main one of the business."""
        known = self.entity_id or self.settings.stored.get("main_entity_id")
        return known or check.main_entity(check.entities_of(self.client))
