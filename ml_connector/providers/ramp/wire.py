"""Typed reading of Ramp's JSON; raises `InvalidDataError` for other types.

Unknown keys and enumeration values are no error: Ramp adds some every month.
"""

import re
from datetime import date

from ...core.errors import InvalidDataError
from ...core.messages import _

RECORD = _("a record")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:$|[T ])")
MOMENTS = (
    "created_at",
    "paid_at",
    "payment_processed_at",
    "repaid_at",
    "settlement_date",
    "user_transaction_time",
)
"""Keys of times of events."""


def text(source, key):
    """The text at a key, without surrounding blanks; empty if there is none."""
    value = source.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "").strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise InvalidDataError(_("The field %(field)s of the Ramp record is not a text.", field=key))


def part(source, key):
    """The object at a key; empty if there is none."""
    value = source.get(key)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise _unexpected(key)


def rows(source, key):
    """The objects of the list at a key; empty without a list. Raises for other entries: each may be money."""
    value = source.get(key)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    raise _unexpected(key)


def _unexpected(key):
    return InvalidDataError(_("The field %(field)s of the Ramp record has unexpected content.", field=key))


def required_id(source, what=RECORD):
    """Ramp's ID of a record; `what` names the record in the error, such as `the bill`."""
    return required(source, "id", what)


def required(source, key, what=RECORD):
    """The text at a key; `what` names the record in the error."""
    value = text(source, key)
    if not value:
        raise InvalidDataError(_("Ramp sent %(record)s without the field %(field)s.", record=what, field=key))
    return value


def stated_day(value):
    """The date of a text for a sentence; the text itself if it is no date."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        return value


def day(source, *keys):
    """The date of the first key that has one, None if none has.

    Ramp writes dates as `2026-07-01` and as date-times with or without offset; the date is read as written, because
    another time zone would change the day. See `MOMENTS` for times of events.
    """
    for key in keys:
        value = text(source, key)
        if not value:
            continue
        match = _DATE.match(value)
        try:
            return date.fromisoformat(match.group(1))
        except (AttributeError, ValueError):
            raise InvalidDataError(_("The field %(field)s of the Ramp record is not a date.", field=key)) from None
    return None
