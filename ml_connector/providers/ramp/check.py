"""The connection check of Ramp, and the holder of Ramp's accounting connection.

A Ramp business has one accounting connection at a time. Without it, Ramp accepts no results, and another system defines
the codes of its bills.
"""

from ...core.errors import AuthError, PermanentError
from ...core.messages import _, paragraph
from ...core.provider import ConnectionCheck
from .client import rows_of
from .newer import STORED
from .push_base import PLUS, SEAT

OUR_NAME = "Odoo (ml_connector)"
"""Name of Odoo's connection in Ramp, which does not otherwise tell who created a connection."""

FREE, FILES, OURS, TAKEN = "free", "files", "ours", "taken"
"""No holder; an exchange of CSV files, which Odoo's connection replaces; Odoo; another system."""
SCOPES = ("business:read", "entities:read", "accounting:read", "bills:read", "purchase_orders:read")
"""The scopes of the check itself."""


def wanted_scopes(settings, default):
    """Scopes to request: those that the administrator entered, else the default ones."""
    return " ".join((settings.credentials.get("scopes") or default).split())


def usable_scopes(settings, default):
    """The same without those that Ramp refused at the last check: one refused scope fails the whole request."""
    wanted = wanted_scopes(settings, default)
    if set((settings.stored.get("scopes_wanted") or "").split()) == set(wanted.split()):
        return settings.stored.get("scopes") or wanted
    return wanted


def connections(client):
    """All accounting connections of the business, including ended ones."""
    return rows_of(client.get("/accounting/all-connections").get("connections"))


def seat(connections):
    """The holder of the accounting connection, and Ramp's row of it.

    Ended connections remain in the list with `is_active` false; `status` is deprecated.
    """
    row = next((row for row in connections if row.get("is_active") is True), None)
    if row is None:
        return FREE, {}
    if row.get("remote_provider_name") == OUR_NAME:
        return OURS, row
    return FILES if row.get("connection_type") == "CSV" else TAKEN, row


def holder_name(row):
    return row.get("remote_provider_name") or str(row.get("connection_type"))


class Checker(ConnectionCheck):
    label = "Ramp"

    def __init__(self, client, settings, tokens, default_scopes, flows):
        super().__init__(client, settings, tokens, flows)
        self.wanted = wanted_scopes(settings, default_scopes)
        self.granted = set()

    def run(self):
        try:
            self._check_token()
        except AuthError as error:
            self._find("error", _("Ramp rejected the credentials"), error.message)
            return self.report
        self._check_scopes()
        for check, scope in (
            (self._check_business, "business:read"),
            (self._check_entities, "entities:read"),
            (self._check_seat, "accounting:read"),
            (self._check_accounts, "accounting:read"),
            (self._check_bills, "bills:read"),
            (self._check_orders, "purchase_orders:read"),
        ):
            if scope in self.granted:
                self._guarded(check)
        return self.report

    # Access

    def _check_token(self):
        """Request a new token: a token keeps its scopes, so an old one does not show the current ones."""
        try:
            token = self.client.fetch_token(self.wanted)
        except AuthError as error:
            if error.code != "invalid_scope":
                raise
            token = self.client.fetch_token(self._allowed_scopes())
        self.granted = set(token.scope.split())
        self.report.capabilities = set(self.granted)
        self.report.settings.update(scopes_wanted=self.wanted, scopes=" ".join(sorted(self.granted)))
        # try features again that Ramp's interface lacked before
        self.report.settings[STORED] = {}
        self.tokens.renew(lambda: token, self.tokens.get(lambda: token))
        self._find("ok", _("Signed in to Ramp"))

    def _allowed_scopes(self):
        """Request each scope alone, because Ramp does not tell which one it refuses.

        :raises AuthError: Ramp allows none
        """
        allowed = [scope for scope in self.wanted.split() if self._is_allowed(scope)]
        if not allowed:
            raise AuthError(
                _("Ramp allows none of the required permissions. Select them in Ramp in the settings of your app.")
            )
        return " ".join(allowed)

    def _is_allowed(self, scope):
        try:
            self.client.fetch_token(scope)
        except AuthError as error:
            if error.code != "invalid_scope":
                raise
            return False
        return True

    def _check_scopes(self):
        missing = [scope for scope in self.wanted.split() if scope not in self.granted]
        needed = {scope for flow in self.flows for scope in flow.scopes}
        missing += sorted(needed - self.granted - set(missing))
        for scope in missing:
            flows = [flow.label for flow in self.flows if scope in flow.scopes]
            advice = _("Select it in Ramp in the settings of your app, then test again.")
            cost = _("These flows do not work without it: %(flows)s.", flows=flows) if flows else ""
            title = _("Permission (scope %(scope)s) is missing", scope=scope)
            self._find("warning", title, paragraph(cost, advice))
        if not missing:
            self._find("ok", _("All permissions granted"))

    # Business

    def _check_business(self):
        business = self.client.get("/business")
        name = business.get("business_name_legal") or business.get("business_name_on_card") or business.get("id")
        self.report.identity = str(name or self.report.identity)
        self.report.settings.update(business_id=business.get("id") or "", business_name=str(name or ""))
        if business.get("active") is False:
            self._find("warning", _("%(business)s is not active in Ramp", business=name), _("Contact Ramp support."))
        else:
            self._find("ok", _("Connected as %(business)s", business=name))

    def _check_entities(self):
        entities = entities_of(self.client)
        self.report.settings["main_entity_id"] = main_entity(entities)
        self.report.settings["bank_accounts"] = {
            account["id"]: account["name"] for row in entities for account in bank_accounts(row)
        }
        self.report.settings["account_currencies"] = {
            account["id"]: account["currency"] for row in entities for account in bank_accounts(row)
        }
        self.report.settings["entity_currencies"] = {row.get("id"): payer_currency(row) for row in entities}
        self.report.choices["entity"] = choices(entities)
        chosen = self.settings.credentials.get("entity") or ""
        self.report.currencies = {row.get("currency") or "" for row in entities} - {""}
        if chosen:
            self._check_entity(chosen, entities)
            return
        self.report.settings.update(entity="", entity_id="", entity_name="")
        if len(entities) > 1:
            names = sorted(str(row.get("entity_name")) for row in entities)
            self._find(
                "warning",
                _("Ramp has %(count)s entities. Bills of all of them are booked in this company.", count=len(entities)),
                _("To book only one of them, choose the entity: %(entities)s.", entities=names),
            )
        else:
            self._find("ok", _("Ramp has one entity"))

    def _check_entity(self, chosen, entities):
        found = [
            row
            for row in entities
            if chosen.casefold() in (str(row.get("id")).casefold(), str(row.get("entity_name")).casefold())
        ]
        self.report.settings.update(
            entity=chosen,
            entity_id=found[0].get("id") if len(found) == 1 else "",
            entity_name=str(found[0].get("entity_name") or "") if len(found) == 1 else "",
            is_primary_entity=len(found) == 1 and found[0].get("is_primary") is True,
        )
        if len(found) == 1:
            self.report.currencies = {found[0].get("currency") or ""} - {""}
            self._find("ok", _("Only the entity %(entity)s is booked", entity=str(found[0].get("entity_name"))))
            return
        self._find(
            "error",
            _("Entity %(entity)s does not exist in Ramp", entity=chosen),
            _("Choose one of these, or none: %(entities)s.", entities=choices(entities)),
        )

    # Accounting connection

    def _check_seat(self):
        state, row = seat(connections(self.client))
        self.report.settings.update(seat=state, seat_holder=holder_name(row) if row else "")
        if state == OURS:
            self.report.capabilities.add(SEAT)
            self._find("ok", _("Odoo is connected to Ramp as the accounting system"))
        elif state in (FREE, FILES):
            self._find("ok", _("Odoo becomes the accounting system of Ramp when you start syncing"))
        else:
            self._find(
                "warning",
                _("Another system is connected to Ramp as the accounting system: %(system)s", system=holder_name(row)),
                _(
                    "Odoo syncs only vendors. The other system books bills and payments, and Ramp accepts no results"
                    " from Odoo. To change that, disconnect it in the accounting settings of Ramp, then test again."
                ),
            )

    def _check_accounts(self):
        if self.report.settings.get("seat") != OURS:
            return
        if any(next(self.client.pages("/accounting/accounts", is_active=True), [])):
            self._find("ok", _("Ramp has accounts for coding bills"))
        else:
            self._find(
                "warning",
                _("Ramp has no accounts for coding bills"),
                _("Activate the flow Chart of Accounts to Ramp, or upload the accounts in Ramp."),
            )

    def _check_orders(self):
        """Purchase orders are part of Ramp Plus; Ramp refuses them to other businesses, whatever their scopes."""
        try:
            next(self.client.pages("/purchase-orders"), [])
        except (AuthError, PermanentError):
            self._find(
                "ok",
                _("This Ramp business has no purchase orders"),
                _("They are part of Ramp Plus. Odoo sends orders to Ramp as draft bills with the order attached."),
            )
            return
        self.report.capabilities.add(PLUS)
        self._find("ok", _("Ramp accepts purchase orders"))

    def _check_bills(self):
        next(self.client.pages("/bills", sync_ready=True), [])
        self._find("ok", _("Odoo can read bills"))


def entities_of(client):
    """The legal entities of the business with their bank accounts."""
    return list(client.rows("/entities", hide_inactive=True))


def main_entity(entities):
    """The ID of the business's main entity; empty if there is none."""
    main = [row for row in entities if row.get("is_primary") is True]
    return next((row.get("id") or "" for row in main or entities), "")


def choices(entities):
    """Possible entities of the connection: their names, or IDs if two have the same name."""
    names = [str(row.get("entity_name") or row.get("id") or "") for row in entities]
    ids = [str(row.get("id") or "") for row in entities]
    return sorted(
        name if names.count(name) == 1 else entity_id for name, entity_id in zip(names, ids, strict=True) if entity_id
    )


def bank_accounts(entity):
    """Ramp's bank accounts of an entity as `{id, name, currency}`."""
    accounts = entity.get("payment_accounts")
    for account in accounts if isinstance(accounts, list) else []:
        if isinstance(account, dict) and isinstance(account.get("id"), str):
            digits = account.get("account_number_last_four")
            name = account.get("account_name") or "Bank account"
            currency = account.get("currency")
            yield {
                "id": account["id"],
                "name": f"{name} ({digits})" if digits else str(name),
                "currency": currency if isinstance(currency, str) else "",
            }


def payer_currency(entity):
    """The currency in which an entity pays; empty if that depends on the account."""
    own = entity.get("currency") or ""
    return own if {account["currency"] for account in bank_accounts(entity)} <= {own, ""} else ""
