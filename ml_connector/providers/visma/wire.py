"""Reading Visma's JSON with care, and writing it: scalars travel as `{"value": x}`, and so do nested objects.

Unknown keys and unknown values of enumerations are no error: every release adds some.
"""

# Odoo translates, and there is no Odoo here.

from decimal import Decimal, InvalidOperation

from ...core.errors import InvalidDataError


def wrapped(values):
    """Plain values as Visma takes them. None is left out; so nothing is ever cleared by mistake."""
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


def required(source, key, what):
    """
    :raises InvalidDataError: there is no text at the key
    """
    value = text(source, key)
    if not value:
        raise InvalidDataError(f"{what} has no {key} in Visma's answer.")
    return value


def required_key(source, kind, number, what):
    """The type and number of a document, both of which name it.

    :raises InvalidDataError: one is missing
    """
    return f"{required(source, kind, what)}/{required(source, number, what)}"


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
        raise InvalidDataError(f"Visma's record has no number in the field {key}.")
    return number


def moment_of(text_day):
    """A date (ISO) as Visma takes it: with a time and without a zone, which would shift the day."""
    return f"{text_day}T00:00:00"


def day(source, key):
    """The date (ISO) at a key, whatever form of moment it is; empty when there is none."""
    return text(source, key)[:10]
