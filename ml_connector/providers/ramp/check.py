"""What *Test connection* looks at, and who holds Ramp's accounting connection.

A Ramp business has one accounting connection at a time. Without it Ramp takes no results, and the coding of its bills
belongs to the books of whoever has it.
"""

from ...core.connection_check import ConnectionCheck
from ...core.errors import AuthError, PermanentError
from .flows import ACCOUNTING_READ, BILLS_READ, BUSINESS_READ, ENTITIES_READ, FLOWS, ORDERS_READ, PLUS, SEAT
from .newer import STORED

OUR_NAME = "Odoo (ml_connector)"
"""How we call ourselves in Ramp; Ramp has no other mark of who made a connection."""

FREE, FILES, OURS, TAKEN = "free", "files", "ours", "taken"
"""Nobody holds it; it stands for exchanging CSV files, which connecting upgrades; we hold it; another system does."""
WHERE = "in Ramp under Company > Developer > your app"


def wanted_scopes(settings, default):
    """Scopes to ask for: what the administrator entered, else the default."""
    return " ".join((settings.credentials.get("scopes") or default).split())


def usable_scopes(settings, default):
    """The same, but only what Ramp granted at the last check: one refused scope spoils the whole request."""
    wanted = wanted_scopes(settings, default)
    if settings.stored.get("scopes_wanted") == wanted:
        return settings.stored.get("scopes") or wanted
    return wanted


def seat(connections):
    """Who holds the accounting connection, and Ramp's row of it.

    Ended connections stay in the list as `is_active` false; `status` is deprecated.
    """
    for row in connections:
        if row.get("is_active") is True:
            return _holder(row), row
    return FREE, {}


def _holder(row):
    if row.get("remote_provider_name") == OUR_NAME:
        return OURS
    return FILES if row.get("connection_type") == "CSV" else TAKEN


def holder_name(row):
    return row.get("remote_provider_name") or f"a connection of the type {row.get('connection_type')}"


class Checker(ConnectionCheck):
    label = "Ramp"

    def __init__(self, client, settings, tokens, default_scopes):
        super().__init__(client, settings, tokens)
        self.wanted = wanted_scopes(settings, default_scopes)
        self.granted = set()

    def run(self):
        try:
            self._check_token()
        except AuthError as error:
            self._find("error", "Ramp gives no access", error.message)
            return self.report
        self._check_scopes()
        for check, scope in (
            (self._check_business, BUSINESS_READ),
            (self._check_entities, ENTITIES_READ),
            (self._check_seat, ACCOUNTING_READ),
            (self._check_accounts, ACCOUNTING_READ),
            (self._check_bills, BILLS_READ),
            (self._check_orders, ORDERS_READ),
        ):
            if scope in self.granted:
                self._guarded(check)
        return self.report

    # Access

    def _check_token(self):
        """A fresh token: scopes are fixed when a token is made, so an old one says nothing about today's."""
        try:
            token = self.client.fetch_token(self.wanted)
        except AuthError as error:
            if error.code != "invalid_scope":
                raise
            token = self.client.fetch_token(self._allowed_scopes())
        self.granted = set(token.scope.split())
        self.report.capabilities = set(self.granted)
        self.report.settings.update(scopes_wanted=self.wanted, scopes=" ".join(sorted(self.granted)))
        # what the interface did not know before is tried again
        self.report.settings[STORED] = {}
        self.tokens.renew(lambda: token, self.tokens.get(lambda: token))
        self._find("ok", "Ramp gives access")

    def _allowed_scopes(self):
        """Ramp does not say which scope it refuses, so each is asked for alone.

        :raises AuthError: none is allowed
        """
        allowed = [scope for scope in self.wanted.split() if self._is_allowed(scope)]
        if not allowed:
            raise AuthError(f"Ramp allows none of the scopes that are needed: tick them {WHERE}.")
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
        needed = {scope for flow in FLOWS for scope in flow.scopes}
        missing += sorted(needed - self.granted - set(missing))
        for scope in missing:
            flows = [flow.label for flow in FLOWS if scope in flow.scopes]
            without = f"Without it these do not work: {', '.join(flows)}. " if flows else ""
            self._find("warning", f"The scope {scope} is not granted", f"{without}Tick it {WHERE}, then test again.")
        if not missing:
            self._find("ok", "All scopes are granted")

    # Business

    def _check_business(self):
        business = self.client.business()
        name = business.get("business_name_legal") or business.get("business_name_on_card") or business.get("id")
        self.report.identity = str(name or self.report.identity)
        self.report.settings.update(business_id=business.get("id") or "", business_name=str(name or ""))
        if business.get("active") is False:
            self._find("warning", f"{name} is not active in Ramp", "Ask Ramp's support why.")
        else:
            self._find("ok", f"Connected as {name}")

    def _check_entities(self):
        entities = [row for page in self.client.entities() for row in page]
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
            names = ", ".join(sorted(str(row.get("entity_name")) for row in entities))
            self._find(
                "warning",
                f"Ramp has {len(entities)} entities, and the bills of all come into this company",
                f"To book one of them only, choose it as the entity: {names}.",
            )
        else:
            self._find("ok", "Ramp has one entity")

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
            self._find("ok", f"Only the entity {found[0].get('entity_name')} is booked")
            return
        self._find("error", f"Ramp has no entity of the name {chosen}", "Choose one of those that Ramp has, or none.")

    # Accounting connection

    def _check_seat(self):
        state, row = seat(self.client.connections())
        self.report.settings.update(seat=state, seat_holder=holder_name(row) if row else "")
        if state == OURS:
            self.report.capabilities.add(SEAT)
            self._find("ok", "Odoo is the accounting system of this Ramp business")
        elif state in (FREE, FILES):
            self._find("ok", "Odoo becomes the accounting system of this Ramp business when you start syncing")
        else:
            self._find(
                "warning",
                f"Another system is the accounting system of this Ramp business: {holder_name(row)}",
                "Only vendors are synced. Bills and payments are left to that system, and Ramp takes no results from "
                "Odoo. To change that, disconnect it in Ramp under Accounting > Settings, then test again.",
            )

    def _check_accounts(self):
        if self.report.settings.get("seat") != OURS:
            return
        if any(next(self.client.accounts(is_active=True), [])):
            self._find("ok", "Ramp has accounts to code bills to")
        else:
            self._find(
                "warning",
                "Ramp has no accounts to code bills to",
                "Upload the chart of accounts to Ramp; bills cannot be coded without.",
            )

    def _check_orders(self):
        """Purchase orders are part of Ramp Plus; a business without it is refused, whatever its scopes are."""
        try:
            next(self.client.purchase_orders(), [])
        except (AuthError, PermanentError):
            self._find(
                "ok",
                "This Ramp business has no purchase orders",
                "They are part of Ramp Plus. Orders of Odoo go to Ramp as draft bills with the order attached.",
            )
            return
        self.report.capabilities.add(PLUS)
        self._find("ok", "Ramp takes purchase orders")

    def _check_bills(self):
        next(self.client.bills(sync_ready=True), [])
        self._find("ok", "Bills can be read")


def main_entity(entities):
    """The id of the business's main entity; empty when there is none."""
    main = [row for row in entities if row.get("is_primary") is True]
    return next((row.get("id") or "" for row in main or entities), "")


def choices(entities):
    """By which of its entities a business can be told apart: their names, or ids where two have the same name."""
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
    """The currency in which an entity pays, whichever of its accounts it takes; empty where that depends."""
    own = entity.get("currency") or ""
    return own if {account["currency"] for account in bank_accounts(entity)} <= {own, ""} else ""
