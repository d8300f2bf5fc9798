"""Concur's codes as references that an accountant maps."""

from ...core.documents import AnalyticShare, Reference
from ...core.messages import _
from ...core.wire import needed, text

PARTIES = {
    "CBCP": "Company card (CBCP)",
    "IBCP": "Individual card paid by the company (IBCP)",
    "COPD": "Paid by the company (COPD)",
}
EMPLOYEE = "EMPL"
COMPANY = "COMP"
ACCOUNT = "account"
"""Key of the account among the fields of an allocation; custom fields are `custom1` to `custom20`."""
CUSTOM_FIELDS = 20


def account(code, name=""):
    return Reference(kind="account", external_id=code, code=code, name=name)


def reference(field, code, short_code, name):
    """The reference of a code, the same for a list item and for a document that is coded with it."""
    if field == ACCOUNT:
        return account(code, name)
    return Reference(
        kind="analytic", external_id=f"{field}:{code}", code=short_code, name=name, group=field_label(field)
    )


def field_label(field):
    return f"Custom {field.removeprefix('custom')}"


def employee(source):
    """:raises InvalidDataError: the employee has no id"""
    number = text(source, "employeeId")
    name = " ".join(part for part in (text(source, "employeeFirstName"), text(source, "employeeLastName")) if part)
    missing = _("Employee %(employee)s has no employee ID in SAP Concur. Enter one there.", employee=name or "?")
    needed(number, missing)
    return Reference(
        kind="employee", external_id=number, code=text(source, "loginId", "emailAddress"), name=name or number
    )


def party(code, payment_type):
    """(account, partner) of whoever paid, for each payment type. Both are mapped; the partner may be ignored."""
    key = f"party:{code}" if payment_type in ("", code) else f"party:{code}:{payment_type}"
    name = PARTIES.get(code, f"Payer {code}")
    name = name if payment_type in ("", code) else f"{name}, payment type {payment_type}"
    return (
        Reference(kind="account", external_id=key, name=name),
        Reference(kind="vendor", external_id=key, name=name),
    )


def tax(row):
    """The reference of a tax: by its reclaim code, which tells how much is deducted, else by its tax code."""
    code = needed(text(row, "taxReclaimCode", "taxCode"), _("SAP Concur sent a tax without a code."))
    label = text(row, "taxAuthorityLabel")
    return Reference(kind="tax", external_id=code, code=code, name=f"{label} {code}".strip())


def analytics(allocation):
    """All custom fields of an allocation: each site chooses which of them hold cost objects."""
    shares = []
    for number in range(1, CUSTOM_FIELDS + 1):
        if code := text(allocation, f"allocationCustom{number}Code"):
            name = text(allocation, f"allocationCustom{number}Value") or code
            shares.append(AnalyticShare(reference=reference(f"custom{number}", code, code, name)))
    return tuple(shares)
