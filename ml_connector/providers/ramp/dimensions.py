"""Odoo's analytic plans and accounts, to Ramp."""

from functools import partial
from itertools import chain

from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.remote import SendResult
from .client import path_id
from .companies import ENTITIES, scoped
from .newer import FIELD_REMOTE_ID
from .push_base import AccountingPush
from .selections import option_reference
from .upload import Upload
from .wire import differing, first_match, only, ramp_id_of

FIELDS = "/accounting/fields"


class DimensionsPush(AccountingPush):
    """An analytic plan is a splittable field of single choice."""

    key = "dimensions_push"
    label = _("Analytic Plans to Ramp")
    help = _("Creates an accounting field in Ramp for each analytic plan that has accounts.")
    kind = "dimension"
    sequence = 110
    watches = "account.analytic.plan"

    def render(self, document):
        return {"id": document.external_id or f"analytic_plan_{document.odoo_id}", "name": document.name}

    def send(self, payload, external_id, key):
        row = self._row(payload)
        if row is None or row.get("is_active") is False:
            # Ramp returns the existing field with that `id`, reactivated.
            linked = row is not None
            row = self.client.create(FIELDS, {**payload, "input_type": "SINGLE_CHOICE", "is_splittable": True})
        else:
            linked = not external_id
        wanted = {"name": payload["name"], "is_splittable": True}
        body = differing(wanted, row)
        if body:
            row = {**row, **self.client.update(f"{FIELDS}/{path_id(ramp_id_of(row))}", body)}
        # Lines refer to the field by its Odoo ID, which the version stores.
        return SendResult(external_id=ramp_id_of(row), version=payload["id"], linked=linked)

    def find(self, payload, key):
        row = self._row(payload)
        return SendResult(external_id=ramp_id_of(row), version=payload["id"]) if row else None

    def _row(self, payload):
        return first_match(self.client.rows(FIELDS, remote_id=payload["id"]), "id", payload["id"])


class DimensionValuesPush(Upload):
    """An analytic account is an option of its plan's field."""

    key = "dimension_values_push"
    label = _("Analytic Accounts to Ramp")
    help = _("Creates an option of its plan's field for each analytic account. Archived ones are hidden in Ramp.")
    kind = "dimension_value"
    sequence = 120
    watches = "account.analytic.account"
    path = "/accounting/field-options"
    changeable = ("value", "code", "visibility")

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
        return field_options(self.provider, *group, **filters)

    def upload(self, payloads):
        options = [only(payload, "id", "value", "code", ENTITIES) for payload in payloads]
        return self.client.upload(self.path, "options", options, field_id=payloads[0]["field_id"])

    def changes(self, payload, row):
        body = super().changes(payload, row)
        if "value" in body:
            # Otherwise Ramp continues to show the previous name.
            body["display_name"] = body["value"]
        return body

    def sent(self, payload, row, linked=False):
        reference = option_reference(payload["field"], payload["id"], code=payload["code"], name=payload["value"])
        return SendResult(external_id=ramp_id_of(row), linked=linked, mapping=reference)


def field_options(provider, our_id, ramp_id, **filters):
    """Pages of the options of a field, by its Odoo ID if Ramp supports that.

    Ramp's own ID changes when the field is created again.
    """
    listed = partial(provider.client.pages_of_record, DimensionValuesPush.path)
    return provider.newer.attempt(
        FIELD_REMOTE_ID,
        lambda: _begun(listed(field_id=None, field_remote_id=our_id, **filters)),
        lambda: _begun(listed(field_id=ramp_id, **filters)),
    )


def _begun(pages):
    """The same pages, with the first one requested already, so that a refusal is raised now."""
    return chain([next(pages, [])], pages)
