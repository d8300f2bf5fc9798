"""Concur's values: padded codes, one object instead of a list, dates in three forms."""

import re
from datetime import date

from ...core import wire
from ...core.errors import InvalidDataError
from ...core.messages import Amount, Message

MOMENTS = (
    *("reportPaymentProcessingDate", "reportSubmitDate", "reportCreationDate"),
    *("issuedDate", "requestDate", "submitDate"),
)
"""Keys of moments in financial documents, as opposed to days that users chose."""
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


def found_text(source, *keys):
    """As `wire.text`, for searches among records: a value that cannot be read counts as empty."""
    return wire.text({key: source.get(key) for key in keys if isinstance(source.get(key), (str, int))}, *keys)


def amount(source, key, place):
    """As `wire.amount`, without the zeros at the end: 8 decimals and 0E-8 occur."""
    number = wire.amount(source, key, place)
    return number.quantize(1) if number == number.to_integral_value() else number.normalize()


def check_sum(computed, stated, currency, sentence, **named):
    """
    :param sentence: template of the error, with `computed`, `amount` (the stated one) and what is `named`
    :raises InvalidDataError: the parts of an amount do not add up to it
    """
    if computed != stated:
        amounts = {"computed": Amount(computed, currency), "amount": Amount(stated, currency)}
        raise InvalidDataError(Message(sentence, **amounts, **named))


def day(source, *keys):
    """As `wire.day`, also in the American form. For moments see `MOMENTS`."""
    return wire.day(source, *keys, read=_day)


def _day(value):
    match = _AMERICAN.fullmatch(value)
    if not match:
        return wire.iso_day(value)
    month, number, year = map(int, match.groups())
    try:
        return date(year, month, number)
    except ValueError:
        return None


def rows(value):
    """A list of objects out of a list, one object, or null."""
    if isinstance(value, dict):
        return [value]
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def yes(source, key):
    return wire.text(source, key).upper() == "Y"
