"""Ramp's rows as `RemoteRecord`s. The version covers the values that Odoo books; others may change without effect.

These functions accept malformed values, because translation reports them later.
"""

from urllib.parse import urlsplit

from ...core.remote import RemoteRecord, content_version
from .coding import selection_key
from .flows import HELD, VENDOR_NOT_APPROVED, payment_key
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
_LINE_KEYS = ("memo", "purchase_order_line_item_id")
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
        "lines": [line_key(line) for key in ("line_items", "inventory_line_items") for line in _list(row.get(key))],
        **({"archived": True} if row.get("archived_at") else {}),
        **({"unpaid": row["status_summary"]} if row.get("status_summary") in (HELD, VENDOR_NOT_APPROVED) else {}),
    }
    return _item(_id(row), content, _bill_title(row), row)


def payment_item(row):
    paid = row.get("payment")
    content = {
        **picked(paid, _PAYMENT_KEYS),
        "paid_at": row.get("paid_at"),
        "amount": money_key(row.get("amount")),
        "credits": [picked(credit, ("id", "amount")) for credit in _list(row.get("applied_vendor_credits"))],
        "details": picked(
            paid.get("details") if isinstance(paid, dict) else None,
            ("source_bank_account_id", "manual_payment_method"),
        ),
    }
    number = text(paid, "id") if isinstance(paid, dict) else None
    return _item(payment_key(number, _id(row)), content, _bill_title(row), row)


def files_item(row):
    """The files of a bill; their links expire, so the version depends on their paths."""
    urls = _list(row.get("invoice_urls"))
    payload = {key: row.get(key) for key in ("id", "invoice_number", "invoice_urls")}
    return _item(_id(row), sorted(_path(url) for url in urls), _bill_title(row), payload)


def remittance_item(external_id, name, url):
    payload = {"id": external_id, "name": name, "url": url}
    return _item(external_id, payload, name, payload)


def vendor_item(row, contacts):
    # lists lack it for approved vendors
    waiting = {"approval": row["approval_status"]} if row.get("approval_status") not in (None, "APPROVED") else {}
    content = {
        **picked(row, _VENDOR_KEYS),
        **waiting,
        "contacts": sorted(contacts, key=lambda contact: str(contact.get("id"))),
    }
    return _item(_id(row), content, str(row.get("name") or ""), {"vendor": row, "contacts": contacts})


def coding_item(kind, row, field=None):
    """An entry of a list of accounts, options, tax codes or bank accounts."""
    group = field or {}
    payload = {"kind": kind, "row": row, "field": picked(group, ("id", "name", "ramp_id"))}
    content = [kind, group.get("id"), picked(row, ("id", "code", "name", "value", "display_name", "email"))]
    name = row.get("name") or row.get("value") or row.get("email")
    title = " ".join(str(part) for part in (row.get("code"), name) if part)
    return _item(coding_key_of(kind, row, field), content, title, payload)


def coding_key_of(kind, row, field=None):
    return ":".join((kind, *((field["id"],) if field else ()), _id(row)))


def _item(external_id, content, title, payload):
    return RemoteRecord(external_id=external_id, version=content_version(content), title=title, payload=payload)


def _id(row):
    return required_id(row)


def _bill_title(row):
    vendor = row.get("vendor")
    name = vendor.get("name") if isinstance(vendor, dict) else ""
    return " - ".join(str(part) for part in (row.get("invoice_number"), name) if part)


def line_key(line):
    if not isinstance(line, dict):
        return line
    return {**picked(line, _LINE_KEYS), "amount": money_key(line.get("amount")), "coding": coding_key(line)}


def coding_key(source):
    return [selection_key(selection) for selection in _list(source.get("accounting_field_selections"))]


def money_key(value):
    """Amount and currency, without the conversion rate, which some answers lack."""
    return picked(value, ("amount", "currency_code", "currency", "value"))


def picked(source, keys):
    if not isinstance(source, dict):
        return source
    return {key: source[key] for key in keys if source.get(key) is not None}


def _list(value):
    return value if isinstance(value, list) else []


def _path(url):
    try:
        return urlsplit(url).path if isinstance(url, str) else str(url)
    except ValueError:
        return str(url)
