"""Odoo's analytic accounts, to SAP Concur."""

from ...core.messages import _
from .lists import ListPush
from .scopes import FIELD_LISTS


class DimensionsPush(ListPush):
    key = "analytic_push"
    label = _("Analytic Accounts to SAP Concur")
    kind = "list_value"
    sequence = 120
    needs = (FIELD_LISTS,)
    watches = "account.analytic.account"
    help = _(
        "Keeps the analytic accounts of a plan as items of the list of its field. Map the fields to analytic plans."
    )

    def field(self, document):
        return document.dimension_key

    def known_code(self, document):
        field, _colon, code = document.external_id.partition(":")
        return code if field == document.dimension_key else ""
