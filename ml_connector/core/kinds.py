"""Names of the kinds of records inside sentences, such as "Waiting for bill INV-7."."""

from .messages import _

KINDS = {
    "account": _("account"),
    "analytic": _("analytic account"),
    "bill": _("bill"),
    "credit": _("vendor credit"),
    "currency": _("currency"),
    "employee": _("employee"),
    "expense": _("card transaction"),
    "expense_report": _("expense report"),
    "fiscal_position": _("fiscal position"),
    "journal": _("journal"),
    "journal_entry": _("journal entry"),
    "partner_category": _("vendor tag"),
    "payment": _("payment"),
    "payment_term": _("payment terms"),
    "plan": _("field"),
    "purchase_order": _("purchase order"),
    "tax": _("tax"),
    "vendor": _("vendor"),
}


def kind_name(kind):
    return KINDS.get(kind, kind.replace("_", " "))
