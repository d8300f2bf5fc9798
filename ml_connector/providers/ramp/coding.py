"""The codes of Ramp: accounts, options of accounting fields, tax codes, sources of payments, employees."""

from contextlib import suppress
from functools import partial

from ...core.documents import Reference
from ...core.errors import InvalidDataError, NotFoundError
from ...core.flow import CodesFlow
from ...core.messages import _
from ...core.wire import part, required, text
from .cashbacks import CASHBACK
from .companies import is_offered
from .dimensions import field_options
from .pull_base import RampPull
from .reimbursements import REIMBURSED
from .selections import option_reference
from .spend import CARD, ISSUER
from .wire import full_name, item, picked, required_id


class Coding(CodesFlow, RampPull):
    key = "coding"
    label = _("Accounts, Dimensions and Taxes")
    scopes = ("accounting:read",)
    help = _("Reads the codes of Ramp, so that you can map them before the first bill arrives.")

    def pull(self, cursor, since):
        yield from self._coded("account", self.client.pages("/accounting/accounts", is_active=True))
        fields = []
        yield from self.pages(self.client.pages("/accounting/fields", is_active=True), partial(_note_field, fields))
        for field in fields:
            # removed since it was listed
            with suppress(NotFoundError):
                options = field_options(self.provider, field["id"], field["ramp_id"], is_active=True)
                yield from self._coded("analytic", options, field)
        # Most businesses have no tax codes in Ramp.
        with suppress(NotFoundError):
            yield from self._coded("tax", self.client.pages_of_record("/accounting/tax/code/options", is_active=True))
        yield from self._sources_of_payments()
        yield from self._spend_codes()

    def _sources_of_payments(self):
        own = [_named(reference) for reference in (CARD, REIMBURSED)]
        accounts = [{"id": key, "name": name} for key, name in self.provider.bank_accounts.items()]
        yield from self._coded("journal", [[*own, *accounts]])

    def _spend_codes(self):
        """Further codes of card transactions: the issuer, the cashback account and the employees."""
        for reference in (ISSUER, CASHBACK):
            yield from self._coded(reference.kind, [[_named(reference)]])
        if "users:read" in self.provider.settings.capabilities:
            yield from self._coded("employee", self.client.pages("/users"))

    def _coded(self, kind, found, field=None):
        def read(row):
            return coding_item(kind, row, field) if is_active(row) and is_offered(self.provider, row) else None

        return self.pages(found, read, identify=lambda row: coding_key_of(kind, row, field))

    def translate(self, payload):
        """The `Reference` for a row of a list of accounts, options, tax codes or bank accounts.

        :param payload: `{"kind": ..., "row": ..., "field": ...}`; `field` for options only
        """
        kind, row = text(payload, "kind"), part(payload, "row")
        external_id = required_id(row, _("the entry"))
        if kind == "analytic":
            name = text(row, "display_name", "value")
            field = required_id(part(payload, "field"), _("the accounting field"))
            return option_reference(field, external_id, code=text(row, "code"), name=name)
        if kind == "employee":
            return Reference(kind=kind, external_id=external_id, name=full_name(row), code=text(row, "email"))
        if kind not in ("account", "tax", "vendor", "journal"):
            raise InvalidDataError(_("The list of Ramp has entries of an unknown type."))
        return Reference(kind=kind, external_id=external_id, code=text(row, "code"), name=text(row, "name"))


def _named(reference):
    return {"id": reference.external_id, "name": reference.name}


def _note_field(fields, row):
    """Collect a field, which is no code itself but has options."""
    if is_active(row):
        fields.append({**row, "id": required_id(row), "ramp_id": required(row, "ramp_id")})


def is_active(row):
    return row.get("is_active") is not False


def coding_item(kind, row, field=None):
    """An entry of a list of accounts, options, tax codes or bank accounts."""
    group = field or {}
    payload = {"kind": kind, "row": row, "field": picked(group, ("id", "name", "ramp_id"))}
    content = [kind, group.get("id"), picked(row, ("id", "code", "name", "value", "display_name", "email"))]
    name = row.get("name") or row.get("value") or row.get("email")
    title = " ".join(str(part) for part in (row.get("code"), name) if part)
    return item(row, content, title, payload, coding_key_of(kind, row, field))


def coding_key_of(kind, row, field=None):
    return ":".join((kind, *((field["id"],) if field else ()), required_id(row)))
