"""Reading of Ramp's JSON with care: the right form, or a `InvalidDataError` that says what is wrong.

Unknown keys and unknown values of enumerations are no error: Ramp adds some every month.
"""

# Odoo translates, and there is no Odoo here.

import re
from datetime import date

from ...core.errors import InvalidDataError

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:$|[T ])")
MOMENTS = (
    "created_at",
    "paid_at",
    "payment_processed_at",
    "repaid_at",
    "settlement_date",
    "user_transaction_time",
)
"""Keys of when something happened."""


def text(source, key):
    """The text at a key, without surrounding blanks; empty when there is none."""
    value = source.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "").strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise InvalidDataError(f"Ramp's record has no text in the field {key}.")


def part(source, key):
    """The object at a key; empty when there is none."""
    value = source.get(key)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise InvalidDataError(f"Ramp's record has something unexpected in the field {key}.")


def rows(source, key):
    """The objects of the list at a key; none when there is no list. Nothing is left out: each may be money."""
    value = source.get(key)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    raise InvalidDataError(f"Ramp's record has something unexpected in the field {key}.")


def required_id(source, what):
    """Ramp's own id of a record; `what` begins the sentence when there is none."""
    return required(source, "id", what)


def required(source, key, what):
    """The text at a key; `what` begins the sentence when there is none."""
    value = text(source, key)
    if not value:
        raise InvalidDataError(f"{what} has no {key} in Ramp's answer.")
    return value


def day(source, *keys):
    """The date of the first key that holds one, None when none does.

    Ramp writes dates as `2026-07-01` and as date-times with or without offset; the date is taken as it is written,
    because a shift to another time zone would change the day. Of moments see `MOMENTS`.
    """
    for key in keys:
        value = text(source, key)
        if not value:
            continue
        match = _DATE.match(value)
        try:
            return date.fromisoformat(match.group(1))
        except (AttributeError, ValueError):
            raise InvalidDataError(f"Ramp's record has no readable date in the field {key}.") from None
    return None
