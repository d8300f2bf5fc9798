"""Accounting field selections: the codes of a bill or a line, as Ramp shows them and as Odoo sends them.

The kind of a selection is `category_info.type`, else `type`. All custom fields have the type `OTHER`, so
`category_info.external_id` distinguishes them.
"""

from functools import cached_property

from ...core.documents import AnalyticShare, Reference
from ...core.messages import _
from ...core.wire import needed, part, rows, text

ACCOUNT = "GL_ACCOUNT"
TAX = "TAX_CODE"
ACCOUNT_FIELD, TAX_FIELD = "account", "tax"
"""Names of the two built-in fields in Odoo's bodies, until Ramp's names are known."""
WHOLE = 100
IGNORED = frozenset(
    {
        "AMORTIZATION_TEMPLATE",  # how Ramp spreads the cost
        "BILLABLE",  # a flag
        "DEFERRAL_CODE",  # how Ramp spreads the cost
        "EXPENSE_ENTITY",  # the legal entity: the connection's company
        "INVENTORY_ITEM",  # the product; the account comes beside it
        "JOURNAL",  # the journal is chosen in Odoo
        "MERCHANT",  # the vendor, which the bill itself names
        "NON_ERP",  # a field of Ramp's own, not of accounting
        "SUBSIDIARY",  # the legal entity: the connection's company
        "UNIT_OF_MEASURE",  # goes with INVENTORY_ITEM
    }
)
"""Types without a counterpart in a journal item. Every other type is an analytic dimension."""


def selections(source):
    """The relevant selections of a bill or line, by field; the first one if a field occurs twice."""
    found = {}
    for selection in rows(source, "accounting_field_selections"):
        category = part(selection, "category_info")
        kind = text(category, "type") or text(selection, "type")
        if kind in IGNORED:
            continue
        field = kind if kind in (ACCOUNT, TAX) else text(category, "external_id", "id")
        found.setdefault(needed(field, _("A line is coded with a field without an ID in Ramp.")), selection)
    return found


def coding(header, line):
    """The values `account`, `taxes` and `analytics` of a line; it inherits its empty fields from the bill.

    :param header: `selections` of the bill
    :param line: the line's JSON
    """
    chosen = {**header, **selections(line)}
    account, taxes, analytics = None, (), []
    for field, selection in chosen.items():
        if field == ACCOUNT:
            account = _reference("account", selection)
        elif field == TAX:
            taxes = (_reference("tax", selection),)
        else:
            analytics.append(AnalyticShare(reference=_reference("analytic", selection, field)))
    return {"account": account, "taxes": taxes, "analytics": tuple(analytics)}


def option_reference(field, external_id, **names):
    """The reference for an option of a custom field, the same in the list of options and on a bill."""
    return Reference(kind="analytic", external_id=f"{field}:{external_id}", group=field, **names)


def selection_key(selection):
    """Identifies a selection in the version of a record; accepts any content, because it is not translated yet."""
    category = selection.get("category_info") if isinstance(selection, dict) else None
    if not isinstance(category, dict):
        return selection
    return [
        category.get("type") or selection.get("type"),
        category.get("external_id"),
        selection.get("external_id") or selection.get("id"),
    ]


def _reference(kind, selection, field=""):
    external_id = needed(
        text(selection, "external_id", "id"), _("A line is coded with an option without an ID in Ramp.")
    )
    names = {"code": text(selection, "external_code"), "name": text(selection, "display_name", "name")}
    if kind == "analytic":
        return option_reference(field, external_id, **names)
    return Reference(kind=kind, external_id=external_id, **names)


def options_of(line):
    """`[{field, option}]` of a line that Odoo sends.

    A line has one option for each field, so an analytic distribution over several accounts of one plan is lost.
    """
    chosen = []
    if line.account:
        chosen.append({"field": ACCOUNT_FIELD, "option": line.account.external_id})
    if len(line.taxes) == 1:
        chosen.append({"field": TAX_FIELD, "option": line.taxes[0].external_id})
    for share in line.analytics:
        field = share.reference.group
        if field and share.percentage == WHOLE:
            option = share.reference.external_id.removeprefix(f"{field}:")
            chosen.append({"field": field, "option": option})
    return chosen


def is_split(line):
    """Whether a part of the line's coding cannot be sent."""
    return any(share.percentage != WHOLE for share in line.analytics)


def as_selections(chosen, built_in):
    """Ramp's `accounting_field_selections`.

    :param built_in: the `BuiltInFields` of this business
    """
    return [
        {"field_external_id": built_in.name(item["field"]), "field_option_external_id": item["option"]}
        for item in chosen
    ]


class BuiltInFields:
    """Ramp's names of the built-in fields of accounts and taxes on the lines of this business, each read once."""

    def __init__(self, provider):
        self._provider = provider

    def name(self, field):
        """The name of a built-in field; other fields have their own."""
        if field == ACCOUNT_FIELD:
            return self._account
        return self._tax if field == TAX_FIELD else field

    @cached_property
    def _account(self):
        first = next(self._provider.client.pages("/accounting/accounts", is_active=True), [])
        infos = [row.get("gl_account_category_info") for row in first]
        return next((info["id"] for info in infos if isinstance(info, dict) and info.get("id")), "Category")

    @cached_property
    def _tax(self):
        return self._provider.client.one("/accounting/tax/code").get("id")
