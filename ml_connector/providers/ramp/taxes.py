"""Odoo's purchase taxes, to Ramp."""

from contextlib import suppress
from itertools import chain

from ...core.documents import Reference
from ...core.errors import InvalidDataError, NotFoundError
from ...core.messages import _
from ...core.remote import SendResult
from .client import path_id
from .companies import ENTITIES, limiting, more_entities, scoped, with_note
from .newer import TAX_REACTIVATION
from .push_base import AccountingPush
from .wire import differing, first_match, only, ramp_id_of

RATES, FIELD, OPTIONS = "/accounting/tax/rates", "/accounting/tax/code", "/accounting/tax/code/options"
TAX_FIELD = "Tax"


class TaxesPush(AccountingPush):
    """Three lists in strict order: rates, the one tax field, its options. A tax is a rate and an option with one ID."""

    key = "taxes_push"
    label = _("Purchase Taxes to Ramp")
    help = _(
        "Creates a tax rate and a tax code in Ramp for each purchase tax in percent, and removes archived ones."
        " Requires the flow Chart of Accounts to Ramp."
    )
    kind = "tax"
    sequence = 140
    watches = "account.tax"
    batch = 50

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
                lambda body: self.client.upload(OPTIONS, "options", [body]), {**body, **only(payload, ENTITIES)}
            )
            option = next((row for row in rows if row.get("id") == payload["id"]), {})
            return self._sent(payload, option, note=note)
        body = {**differing({"name": payload["name"]}, option), **more_entities(payload, option)}
        note = ""
        if body:
            _row, note = limiting(lambda body: self.client.update(_path_of(option), body), body)
        return with_note(self._sent(payload, option, linked=not external_id, note=self._reactivated(option)), note)

    def _archived(self, payload, option, linked):
        """Remove an archived tax of Odoo from the choice; records that are coded with it keep it."""
        if not payload["is_ours"]:
            note = _("The tax was created in Ramp. Ramp offers it until you remove it there.")
            return self._sent(payload, option, linked=linked, note=note)
        if option.get("is_active") is not False:
            with suppress(NotFoundError):
                self.client.request("DELETE", _path_of(option), body={})
        return self._sent(payload, option, linked=linked)

    def _reactivated(self, option):
        """Reactivate a tax that is no longer archived in Odoo; returns a note if that fails."""
        if option.get("is_active") is not False:
            return ""
        return self.provider.newer.attempt(
            TAX_REACTIVATION,
            lambda: self.client.update(_path_of(option), {"reactivate": True}) and "",
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
        row = first_match(self.client.rows(RATES), "id", payload["id"])
        if row is None:
            self.client.upload(RATES, "tax_rates", [{"id": payload["id"], **body}])
            return
        changed = {key: value for key, value in body.items() if not _is_same(row.get(key), value)}
        if changed:
            self.client.update(f"{RATES}/{path_id(ramp_id_of(row))}", changed)

    def _make_field(self):
        try:
            self.client.one(FIELD)
        except NotFoundError:
            self.client.create(FIELD, {"name": TAX_FIELD})

    def _option(self, payload):
        try:
            return first_match(chain.from_iterable(self.client.pages_of_record(OPTIONS)), "id", payload["id"])
        except NotFoundError:
            return None


def _path_of(option):
    return f"{OPTIONS}/{path_id(ramp_id_of(option))}"


def _is_same(left, right):
    """Whether two texts are equal, or the same number in another notation."""
    try:
        return left == right or float(left) == float(right)
    except (TypeError, ValueError):
        return False
