"""Accounting field selections: what a bill or a line is coded to.

The kind of a selection is `category_info.type`, else `type`. Custom fields all come as `OTHER`, so they are told apart
by `category_info.external_id`, never by the type.
"""

# Odoo translates, and there is no Odoo here.

from ...core.documents import AnalyticShare, Reference
from ...core.errors import InvalidDataError
from .wire import part, rows, text

ACCOUNT = "GL_ACCOUNT"
TAX = "TAX_CODE"
IGNORED = frozenset(
    {
        "AMORTIZATION_TEMPLATE",  # how Ramp spreads the cost
        "BILLABLE",  # a flag
        "DEFERRAL_CODE",  # how Ramp spreads the cost
        "EXPENSE_ENTITY",  # the legal entity: the connection's company
        "INVENTORY_ITEM",  # the product; the account comes beside it
        "JOURNAL",  # the journal is chosen in Odoo
        "MERCHANT",  # the vendor, which the bill names itself
        "NON_ERP",  # a field of Ramp's own, not of the books
        "SUBSIDIARY",  # the legal entity: the connection's company
        "UNIT_OF_MEASURE",  # goes with INVENTORY_ITEM
    }
)
"""Types that have no place in a journal item. Every other type is an analytic dimension."""


def selections(source):
    """The selections of a bill or line that count, by field; the first one where a field comes twice."""
    found = {}
    for selection in rows(source, "accounting_field_selections"):
        category = part(selection, "category_info")
        kind = text(category, "type") or text(selection, "type")
        if kind in IGNORED:
            continue
        field = kind if kind in (ACCOUNT, TAX) else text(category, "external_id") or text(category, "id")
        if not field:
            raise InvalidDataError("Ramp coded a line with a field that has no id.")
        found.setdefault(field, selection)
    return found


def coding(header, line):
    """Account, taxes and analytic shares of a line; it inherits from its bill the fields that it does not fill.

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
    return account, taxes, tuple(analytics)


def option_reference(field, external_id, **names):
    """The reference for an option of a custom field, alike in the list of options and on a bill."""
    return Reference(kind="analytic", external_id=f"{field}:{external_id}", group=field, **names)


def selection_key(selection):
    """What identifies a selection, for the version of a record; tolerant, because it is not translated yet."""
    category = selection.get("category_info") if isinstance(selection, dict) else None
    if not isinstance(category, dict):
        return selection
    return [
        category.get("type") or selection.get("type"),
        category.get("external_id"),
        selection.get("external_id") or selection.get("id"),
    ]


def _reference(kind, selection, field=""):
    external_id = text(selection, "external_id") or text(selection, "id")
    if not external_id:
        raise InvalidDataError("Ramp coded a line with an option that has no id.")
    names = {
        "code": text(selection, "external_code"),
        "name": text(selection, "display_name") or text(selection, "name"),
    }
    if kind == "analytic":
        return option_reference(field, external_id, **names)
    return Reference(kind=kind, external_id=external_id, **names)
