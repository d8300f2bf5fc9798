"""Ramp's rows as `RemoteRecord`s. The version covers the values that Odoo books; others may change without effect.

These functions accept malformed values, because translation reports them later.
"""

from urllib.parse import urlsplit

from .flows import HELD, VENDOR_NOT_APPROVED, payment_key
from .versions import coding_key, item, line_key, listed, money_key, picked
from .wire import required_id, text

# Without payment and status, which belong to the payment, and without links to files, which differ at each reading.
_BILL_KEYS = (
    "accounting_date",
    "due_at",
    "fx_conversion_rate",
    "invoice_number",
    "issued_at",
    "memo",
    "posting_date",
    "purchase_order_id",
)
# Without the trace ID, which lists lack.
_PAYMENT_KEYS = ("customer_friendly_payment_id", "effective_date", "id", "payment_date", "payment_method")
_VENDOR_KEYS = (
    "address",
    "addresses",
    "country",
    "external_vendor_id",
    "is_active",
    "name",
    "state",
    "vendor_type",
)


def bill_item(row):
    content = {
        **picked(row, _BILL_KEYS),
        "amount": money_key(row.get("amount")),
        "vendor": picked(row.get("vendor"), ("id",)),
        "coding": coding_key(row),
        "lines": [line_key(line) for key in ("line_items", "inventory_line_items") for line in listed(row.get(key))],
        **({"archived": True} if row.get("archived_at") else {}),
        **({"unpaid": row["status_summary"]} if row.get("status_summary") in (HELD, VENDOR_NOT_APPROVED) else {}),
    }
    return item(row, content, _bill_title(row))


def payment_item(row):
    paid = row.get("payment")
    content = {
        **picked(paid, _PAYMENT_KEYS),
        "paid_at": row.get("paid_at"),
        "amount": money_key(row.get("amount")),
        "credits": [picked(credit, ("id", "amount")) for credit in listed(row.get("applied_vendor_credits"))],
        "details": picked(
            paid.get("details") if isinstance(paid, dict) else None,
            ("source_bank_account_id", "manual_payment_method"),
        ),
    }
    number = text(paid, "id") if isinstance(paid, dict) else None
    return item(row, content, _bill_title(row), external_id=payment_key(number, required_id(row)))


def files_item(row):
    """The files of a bill; their links expire, so the version depends on their paths."""
    urls = listed(row.get("invoice_urls"))
    payload = {key: row.get(key) for key in ("id", "invoice_number", "invoice_urls")}
    return item(row, sorted(_path(url) for url in urls), _bill_title(row), payload)


def remittance_item(external_id, name, url):
    payload = {"id": external_id, "name": name, "url": url}
    return item({}, payload, name, payload, external_id)


def vendor_item(row, contacts):
    # lists lack it for approved vendors
    waiting = {"approval": row["approval_status"]} if row.get("approval_status") not in (None, "APPROVED") else {}
    content = {
        **picked(row, _VENDOR_KEYS),
        **waiting,
        "contacts": sorted(contacts, key=lambda contact: str(contact.get("id"))),
    }
    return item(row, content, str(row.get("name") or ""), {"vendor": row, "contacts": contacts})


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


def _bill_title(row):
    vendor = row.get("vendor")
    name = vendor.get("name") if isinstance(vendor, dict) else ""
    return " - ".join(str(part) for part in (row.get("invoice_number"), name) if part)


def _path(url):
    try:
        return urlsplit(url).path if isinstance(url, str) else str(url)
    except ValueError:
        return str(url)
