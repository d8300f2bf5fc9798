"""What Ramp's rows have in common, and the values that Odoo books: the version of a record covers them.

The version's functions accept malformed values, because translation reports them later.
"""

from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.remote import RemoteRecord, content_version
from ...core.wire import text
from .selections import selection_key

RECORD = _("a record")
MOMENTS = (
    "created_at",
    "paid_at",
    "payment_processed_at",
    "repaid_at",
    "settlement_date",
    "user_transaction_time",
)
"""Keys of times of events."""


def required_id(source, what=RECORD):
    """Ramp's ID of a record; `what` names the record in the error, such as `the bill`."""
    value = text(source, "id")
    if not value:
        raise InvalidDataError(_("Ramp sent %(record)s without the field %(field)s.", record=what, field="id"))
    return value


_LINE_KEYS = ("memo", "purchase_order_line_item_id")


def item(row, content, title, payload=None, external_id=""):
    """A `RemoteRecord` with the version of `content`."""
    return RemoteRecord(
        external_id=external_id or required_id(row),
        version=content_version(content),
        title=title,
        payload=payload or row,
    )


def line_key(line):
    if not isinstance(line, dict):
        return line
    return {**picked(line, _LINE_KEYS), "amount": money_key(line.get("amount")), "coding": coding_key(line)}


def coding_key(source):
    return [selection_key(selection) for selection in as_list(source.get("accounting_field_selections"))]


def money_key(value):
    """Amount and currency, without the conversion rate, which some answers lack."""
    return picked(value, ("amount", "currency_code", "currency", "value"))


def picked(source, keys):
    if not isinstance(source, dict):
        return source
    return {key: source[key] for key in keys if source.get(key) is not None}


def as_list(value):
    return value if isinstance(value, list) else []
