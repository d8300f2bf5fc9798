"""Reads and writes Visma's JSON: scalars and nested objects are written as `{"value": x}`.

Unknown keys and unknown values of enumerations are no errors, because every release adds some.
"""

from decimal import Decimal, InvalidOperation

from ...core.errors import InvalidDataError
from ...core.messages import _


def wrapped(values):
    """Plain values in the form that Visma expects. None is left out, so that nothing is cleared by mistake."""
    return {key: {"value": value} for key, value in values.items() if value is not None}


def text(source, key):
    """The text at a key, without surrounding blanks; empty when there is none."""
    value = source.get(key) if isinstance(source, dict) else None
    if isinstance(value, str):
        return value.replace("\x00", "").strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def part(source, key):
    """The object at a key; empty when there is none."""
    value = source.get(key) if isinstance(source, dict) else None
    return value if isinstance(value, dict) else {}


def rows(source, key):
    """The objects of the list at a key; none when there is no list."""
    value = source.get(key) if isinstance(source, dict) else None
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def required(source, key):
    """The text at a key.

    :raises InvalidDataError: there is none
    """
    value = text(source, key)
    if not value:
        raise InvalidDataError(_("The record has no value in the field %(field)s in Visma.net.", field=key))
    return value


def required_key(source, kind, number):
    """The key of a document: its type and number.

    :raises InvalidDataError: one is missing
    """
    return f"{required(source, kind)}/{required(source, number)}"


def amount(source, key):
    """The number at a key as an exact decimal; 0 when there is none."""
    value = source.get(key)
    if value is None:
        return Decimal(0)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = None
    if isinstance(value, bool) or number is None or not number.is_finite():
        raise InvalidDataError(_("The record has no number in the field %(field)s in Visma.net.", field=key))
    return number


def moment_of(text_day):
    """A date (ISO) as Visma expects it: with a time, but without a zone, which would shift the day."""
    return f"{text_day}T00:00:00"


def day(source, key):
    """The date (ISO) at a key, whatever the form of the moment; empty when there is none."""
    return text(source, key)[:10]
