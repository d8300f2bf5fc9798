"""Reads Concur's values: padded codes, null containers, one object instead of a list, dates in three forms."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from ...core.errors import InvalidDataError
from ...core.messages import _

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T.*)?")
MOMENTS = (
    *("reportPaymentProcessingDate", "reportSubmitDate", "reportCreationDate"),
    *("issuedDate", "requestDate", "submitDate"),
)
"""Keys of moments in financial documents, as opposed to days that users chose."""
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


def text(source, *names):
    """The first of the named values that is not blank, without the blanks around it.

    :raises InvalidDataError: it is an object or a list
    """
    for name in names:
        value = source.get(name)
        if isinstance(value, (dict, list)):
            raise InvalidDataError(_("SAP Concur sent a value in the field %(field)s that is not text.", field=name))
        if value is not None and str(value).strip():
            return str(value).strip()
    return ""


def found_text(source, *names):
    """As `text`, for searches among records: a value that cannot be read counts as empty."""
    return text({name: value for name, value in source.items() if not isinstance(value, (dict, list))}, *names)


def amount(source, name, place):
    """A number, zero when it is missing.

    :param place: names the record in an error, without an article
    :raises InvalidDataError: it is no number
    """
    value = source.get(name)
    if value is None or value == "":
        return Decimal(0)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = None
    if isinstance(value, bool) or number is None or not number.is_finite():
        raise InvalidDataError(
            _(
                "SAP Concur sent %(value)s in the field %(field)s (%(place)s), which is not an amount.",
                value=repr(value),
                field=name,
                place=place,
            )
        )
    # 8 decimals and 0E-8 occur
    return Decimal(int(number)) if number == number.to_integral_value() else number.normalize()


def day(source, *names):
    """The calendar date of the first named value that is not blank, as it is written. For moments see `MOMENTS`.

    :raises InvalidDataError: it is no date
    """
    name = next((name for name in names if text(source, name)), None)
    if name is None:
        return None
    found = _date(text(source, name))
    if found is None:
        raise InvalidDataError(
            _(
                "SAP Concur sent %(value)s in the field %(field)s, which is not a date.",
                value=text(source, name),
                field=name,
            )
        )
    return found


def _date(value):
    """The date of one of the three forms; None for anything else."""
    if match := _DATE.fullmatch(value):
        year, month, number = match.groups()
    elif match := _AMERICAN.fullmatch(value):
        month, number, year = match.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(number))
    except ValueError:
        return None


def rows(value):
    """A list of objects out of a list, one object, or null."""
    if isinstance(value, dict):
        return [value]
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def part(source, name):
    """A nested object, empty when it is missing."""
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def yes(source, name):
    return text(source, name).upper() == "Y"
