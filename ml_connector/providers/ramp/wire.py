"""What Ramp's rows have in common: those that Odoo books, and those of what Odoo sends.

The version of a record covers the values that Odoo books. The version's functions accept malformed values, because
translation reports them later.
"""

from ...core.documents import OwnId
from ...core.errors import RemoteError, UnconfirmedError
from ...core.messages import _
from ...core.remote import RemoteRecord
from ...core.wire import needed, text
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


def full_name(person):
    return " ".join(filter(None, (text(person, "first_name"), text(person, "last_name"))))


def required_id(source, what=RECORD):
    """Ramp's ID of a record; `what` names the record in the error, such as `the bill`."""
    return needed(text(source, "id"), _("Ramp sent %(record)s without the field %(field)s.", record=what, field="id"))


_LINE_KEYS = ("memo", "purchase_order_line_item_id")


def item(row, content, title, payload=None, external_id=""):
    """A `RemoteRecord` with the version of `content`."""
    return RemoteRecord.of(external_id or required_id(row), title, payload or row, content)


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


def ramp_id_of(row):
    """The Ramp ID of an uploaded object, whose `id` is Odoo's."""
    value = row.get("ramp_id")
    if not isinstance(value, str) or not value:
        raise RemoteError(_("The answer of Ramp lacks the Ramp ID of the record."))
    return value


def new_id(row):
    """The Ramp ID of an object that Ramp has just created."""
    if not row.get("id"):
        raise UnconfirmedError(_("The answer of Ramp lacks the Ramp ID of the new record."))
    return row["id"]


def differing(wanted, row):
    """The wanted values that differ in Ramp's row; an empty text equals a missing one."""
    return {key: value for key, value in wanted.items() if (row.get(key) or "") != (value or "")}


def only(payload, *keys):
    """The non-empty values of those keys."""
    return {key: payload[key] for key in keys if payload.get(key) not in (None, "")}


def first_match(rows, key, value):
    """The first row in which the key has the value, because Ramp ignores unknown filters."""
    return next((row for row in rows if row.get(key) == value), None)


class Handles:
    """The IDs of Odoo records in Ramp: `odoo:<instance>:<kind>:<record id>`."""

    def __init__(self, instance):
        self._prefix = f"odoo:{instance}:" if instance else "odoo:"

    def partner(self, record_id):
        return self.of("partner", record_id)

    def partner_id(self, handle):
        """The Odoo ID of the partner in a handle; None if the handle is not of this database."""
        return self.record_id("partner", handle)

    def of(self, kind, record_id):
        """The handle of a record: `partner`, `move`, `purchase_order`, `purchase_order_line`."""
        return f"{self._prefix}{kind}:{record_id}"

    def is_marked(self, handle):
        """Whether no other record ever had the handle; without a mark, its ID may have been assigned again."""
        return "-" in handle.removeprefix(self._prefix)

    def record_id(self, kind, handle):
        """The Odoo ID in a handle; None if the handle is not of this database or of another kind."""
        prefix = f"{self._prefix}{kind}:"
        return OwnId.read(handle.removeprefix(prefix)) if handle.startswith(prefix) else None
