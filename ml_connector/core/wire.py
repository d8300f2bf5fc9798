"""Typed reading of a provider's JSON. Raises `InvalidDataError` for values of other types.

Unknown keys and unknown values of enumerations are no error: providers add some in every release.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from .errors import InvalidDataError
from .messages import _

RECORD = _("record")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:$|[T ])")


def text(source, *keys):
    """The first text of the keys that is not blank, without surrounding blanks; empty if there is none."""
    for key in keys:
        value = _value(source, key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            raise InvalidDataError(_("The field %(field)s is not a text.", field=key))
        if found := (value or "").replace("\x00", "").strip():
            return found
    return ""


def required(source, key):
    """The text at a key.

    :raises InvalidDataError: there is none
    """
    return needed(text(source, key), _("The record has no value in the field %(field)s.", field=key))


def needed(value, missing):
    """The value.

    :param missing: the sentence on a missing one
    :raises InvalidDataError: it is empty or None
    """
    if not value:
        raise InvalidDataError(missing)
    return value


def part(source, key):
    """The object at a key; empty if there is none."""
    value = _value(source, key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _unexpected(key)
    return value


def rows(source, key):
    """The objects of the list at a key; empty without a list. Raises for other entries: each may be money."""
    value = _value(source, key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise _unexpected(key)
    return value


def amount(source, key, place=RECORD):
    """The number at a key as an exact decimal; 0 if there is none.

    :param place: names the record in an error, without an article
    """
    value = _value(source, key)
    if value is None or value == "":
        return Decimal(0)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = None
    if isinstance(value, bool) or number is None or not number.is_finite():
        raise InvalidDataError(
            _(
                "The field %(field)s (%(place)s) has the value %(value)s, which is not an amount.",
                field=key,
                place=place,
                value=repr(value),
            )
        )
    return number


def day(source, *keys, read=None):
    """The date of the first key that has one; None if none has.

    It is read as written, because another time zone would change the day.

    :param read: returns the date of a text, None for another text; by default an ISO date, with a time or without
    """
    for key in keys:
        if value := text(source, key):
            found = (read or iso_day)(value)
            if found is None:
                raise InvalidDataError(_("The field %(field)s (%(value)s) is not a date.", field=key, value=value))
            return found
    return None


def iso_day(value):
    """The date at the start of an ISO date or date-time; None for other texts."""
    match = _DATE.match(value)
    try:
        return date.fromisoformat(match.group(1)) if match else None
    except ValueError:
        return None


def _value(source, key):
    return source.get(key) if isinstance(source, dict) else None


def _unexpected(key):
    return InvalidDataError(_("The field %(field)s has unexpected content.", field=key))
