"""Accounts, analytic plans and accounts, taxes, companies and accounting vendors, for coding in Ramp.

In these lists `id` is the Odoo ID, `ramp_id` the Ramp ID. Ramp keeps an `id` forever: removed objects are reactivated,
not created again.
"""

from contextlib import suppress

from ...core.documents import Reference
from ...core.errors import InvalidDataError, NotFoundError, PermanentError
from ...core.messages import _
from ...core.remote import SendResult
from . import check
from .newer import TAX_REACTIVATION
from .push_base import (
    ENTITIES,
    Push,
    Upload,
    differing,
    first_match,
    limiting,
    more_entities,
    only,
    ramp_id_of,
    scoped,
    with_note,
)
from .selections import option_reference

CLASSIFICATIONS = {
    "asset": "ASSET",
    "liability": "LIABILITY",
    "credit_card": "CREDCARD",
    "equity": "EQUITY",
    "revenue": "REVENUE",
    "expense": "EXPENSE",
}
TAX_FIELD = "Tax"


class Accounts(Upload):
    """`/accounting/accounts`. An archived account is hidden, so that records coded to it can still be booked."""

    def render(self, document):
        if not document.name:
            raise InvalidDataError(_("Ramp requires a name. Enter one on the account."))
        return scoped(
            self.provider,
            {
                "id": document.external_id or str(document.odoo_id),
                "name": document.name,
                "code": document.code,
                "classification": CLASSIFICATIONS.get(document.classification, "UNKNOWN"),
                "visibility": "VISIBLE" if document.active else "HIDDEN",
            },
        )

    def listed(self, group, **filters):
        return self.client.accounts(**filters)

    def upload(self, payloads):
        return self.client.upload_accounts(
            [only(payload, "id", "name", "code", "classification", ENTITIES) for payload in payloads]
        )

    def changes(self, payload, row):
        return _reactivating(differing(only(payload, "name", "code", "visibility"), row), row)

    def update(self, ramp_id, body):
        return self.client.update_account(ramp_id, body)

    def sent(self, payload, row, linked=False):
        kind = row.get("classification")
        note = ""
        if kind and kind != payload["classification"]:
            note = _(
                "Ramp keeps the classification %(classification)s, because its API cannot change it.",
                classification=kind,
            )
        reference = Reference(kind="account", external_id=payload["id"], code=payload["code"], name=payload["name"])
        return SendResult(external_id=ramp_id_of(row), linked=linked, note=note, mapping=reference)


class Dimensions(Push):
    """`/accounting/fields`: an analytic plan is a splittable field of single choice."""

    def render(self, document):
        return {"id": document.external_id or f"analytic_plan_{document.odoo_id}", "name": document.name}

    def send(self, payload, external_id, key):
        row = self._row(payload)
        if row is None or row.get("is_active") is False:
            # Ramp returns the existing field with that `id`, reactivated.
            linked = row is not None
            row = self.client.create_field({**payload, "input_type": "SINGLE_CHOICE", "is_splittable": True})
        else:
            linked = not external_id
        wanted = {"name": payload["name"], "is_splittable": True}
        body = differing(wanted, row)
        if body:
            row = {**row, **self.client.update_field(ramp_id_of(row), body)}
        # Lines refer to the field by its Odoo ID, which the version stores.
        return SendResult(external_id=ramp_id_of(row), version=payload["id"], linked=linked)

    def find(self, payload, key):
        row = self._row(payload)
        return SendResult(external_id=ramp_id_of(row), version=payload["id"]) if row else None

    def _row(self, payload):
        return first_match(self.client.fields(remote_id=payload["id"]), "id", payload["id"])


class DimensionValues(Upload):
    """`/accounting/field-options`: an analytic account is an option of its plan's field."""

    def render(self, document):
        if not document.dimension_key:
            raise InvalidDataError(
                _("The analytic plan of %(account)s does not exist in Ramp yet.", account=document.name)
            )
        known = document.external_id.removeprefix(f"{document.dimension_key}:")
        is_known = known and known != document.external_id
        return scoped(
            self.provider,
            {
                "id": known if is_known else f"aa_{document.odoo_id}",
                "field": document.dimension_key,
                "field_id": document.dimension_external_id,
                "value": document.name,
                "code": document.code,
                "visibility": "VISIBLE" if document.active else "HIDDEN",
            },
        )

    def group(self, payload):
        return payload["field"], payload["field_id"]

    def listed(self, group, **filters):
        return self.provider.field_options(*group, **filters)

    def upload(self, payloads):
        options = [only(payload, "id", "value", "code", ENTITIES) for payload in payloads]
        return self.client.upload_field_options(payloads[0]["field_id"], options)

    def changes(self, payload, row):
        body = _reactivating(differing(only(payload, "value", "code", "visibility"), row), row)
        if "value" in body:
            # Otherwise Ramp continues to show the previous name.
            body["display_name"] = body["value"]
        return body

    def update(self, ramp_id, body):
        return self.client.update_field_option(ramp_id, body)

    def sent(self, payload, row, linked=False):
        reference = option_reference(payload["field"], payload["id"], code=payload["code"], name=payload["value"])
        return SendResult(external_id=ramp_id_of(row), linked=linked, mapping=reference)


class AccountingVendors(Upload):
    """`/accounting/vendors`: accounting vendors, not those of bill pay. They cannot be hidden."""

    def render(self, document):
        name = document.name.strip()
        if not name:
            raise InvalidDataError(_("Ramp requires a name. Enter one on the vendor."))
        return scoped(self.provider, {"id": self.handles.partner(document.odoo_id), "name": name})

    def listed(self, group, **filters):
        return self.client.accounting_vendors(**filters)

    def upload(self, payloads):
        vendors = [only(payload, "id", "name", ENTITIES) for payload in payloads]
        return _rows_of(self.client.upload_accounting_vendors(vendors))

    def changes(self, payload, row):
        return _reactivating(differing(only(payload, "name"), row), row)

    def update(self, ramp_id, body):
        return self.client.update_accounting_vendor(ramp_id, body)


class Companies(Push):
    """`/accounting/entities`. Ramp cannot list or change them, so only the Odoo ID identifies them."""

    def render(self, document):
        values = {
            "id": str(document.odoo_id),
            "name": document.name,
            "currency": document.currency,
            "country": document.country,
            "federal_id_number": document.vat,
        }
        return {key: value for key, value in values.items() if value}

    def send(self, payload, external_id, key):
        if external_id:
            self.provider.note_company(external_id)
            note = _("Ramp keeps its values of the company, because its API cannot change them.")
            return SendResult(external_id=external_id, note=note)
        self._allow_entities()
        try:
            self.client.upload_entities([payload])
        except PermanentError as error:
            # Ramp has no list to check first.
            if "exist" not in error.message.casefold():
                raise
            self.provider.note_company(payload["id"])
            return SendResult(external_id=payload["id"], linked=True)
        self.provider.note_company(payload["id"])
        return SendResult(external_id=payload["id"])

    def find(self, payload, key):
        """None: only sending again tells, because Ramp refuses an existing company."""
        return None

    def _allow_entities(self):
        """Activate the selection of entities, without which Ramp does not use them."""
        state, row = check.seat(self.client.connections())
        settings = row.get("settings") or {}
        if state == check.OURS and not settings.get("entity_selection_enabled"):
            self.client.update_connection(row.get("id"), {**settings, "entity_selection_enabled": True})


class Taxes(Push):
    """Three lists in strict order: rates, the one tax field, its options. A tax is a rate and an option with one ID."""

    def render(self, document):
        is_ours = not document.external_id or document.external_id == f"tax_{document.odoo_id}"
        if is_ours and not document.account_external_id:
            raise InvalidDataError(
                _("Ramp requires the account of a tax. Enter one on the tax %(tax)s.", tax=document.name)
            )
        body = {
            "id": document.external_id or f"tax_{document.odoo_id}",
            "name": document.name,
            "rate": format(document.rate.normalize(), "f"),
            "account": document.account_external_id,
            "active": document.active,
            "is_ours": is_ours,
        }
        return scoped(self.provider, body)

    def send(self, payload, external_id, key):
        option = self._option(payload)
        if option and not payload["active"]:
            return self._archived(payload, option, linked=not external_id)
        if payload["is_ours"]:
            self._update_rate(payload)
        if option is None:
            self._make_field()
            body = {"id": payload["id"], "name": payload["name"], "tax_rate_ids": [payload["id"]]}
            rows, note = limiting(
                lambda body: self.client.upload_tax_code_options([body]), {**body, **only(payload, ENTITIES)}
            )
            option = next((row for row in rows if row.get("id") == payload["id"]), {})
            return self._sent(payload, option, note=note)
        body = {**differing({"name": payload["name"]}, option), **more_entities(payload, option)}
        note = ""
        if body:
            _row, note = limiting(lambda body: self.client.update_tax_code_option(ramp_id_of(option), body), body)
        return with_note(self._sent(payload, option, linked=not external_id, note=self._reactivated(option)), note)

    def _archived(self, payload, option, linked):
        """Remove an archived tax of Odoo from the choice; records that are coded with it keep it."""
        if not payload["is_ours"]:
            note = _("The tax was created in Ramp. Ramp offers it until you remove it there.")
            return self._sent(payload, option, linked=linked, note=note)
        if option.get("is_active") is not False:
            with suppress(NotFoundError):
                self.client.delete_tax_code_option(ramp_id_of(option))
        return self._sent(payload, option, linked=linked)

    def _reactivated(self, option):
        """Reactivate a tax that is no longer archived in Odoo; returns a note if that fails."""
        if option.get("is_active") is not False:
            return ""
        return self.provider.newer.attempt(
            TAX_REACTIVATION,
            lambda: self.client.update_tax_code_option(ramp_id_of(option), {"reactivate": True}) and "",
            lambda: _("Ramp cannot reactivate an archived tax. Create a new tax in Odoo."),
        )

    def find(self, payload, key):
        option = self._option(payload)
        return self._sent(payload, option) if option else None

    def _sent(self, payload, option, linked=False, note=""):
        reference = Reference(kind="tax", external_id=payload["id"], name=payload["name"])
        return SendResult(external_id=ramp_id_of(option), linked=linked, note=note, mapping=reference)

    def _update_rate(self, payload):
        body = {"name": payload["name"], "rate": payload["rate"], "accounting_gl_account_id": payload["account"]}
        row = first_match(self.client.tax_rates(), "id", payload["id"])
        if row is None:
            self.client.upload_tax_rates([{"id": payload["id"], **body}])
            return
        changed = {key: value for key, value in body.items() if not _is_same(row.get(key), value)}
        if changed:
            self.client.update_tax_rate(ramp_id_of(row), changed)

    def _make_field(self):
        try:
            self.client.tax_code()
        except NotFoundError:
            self.client.create_tax_code(TAX_FIELD)

    def _option(self, payload):
        try:
            return first_match(self.client.tax_code_options(), "id", payload["id"])
        except NotFoundError:
            return None


def _reactivating(body, row):
    """The change, which also reactivates an object that was removed in Ramp."""
    return {**body, "reactivate": True} if row.get("is_active") is False else body


def _rows_of(answer):
    rows = answer.get("vendors")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _is_same(left, right):
    """Whether two texts are equal, or the same number in another notation."""
    try:
        return left == right or float(left) == float(right)
    except (TypeError, ValueError):
        return False
