"""Ramp's three notations of an amount.

1. `{amount, currency_code, minor_unit_conversion_rate}`: integer of minor units (bills, their lines and payments).
2. `{currency, value}`: integer of minor units (reimbursements, withholding).
3. a number in major units, the currency beside it (transactions).
"""

import re
from decimal import Decimal, InvalidOperation

from ...core.errors import InvalidDataError
from ...core.messages import Amount, Message, _

# ISO 4217 minor units that are not 2.
_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}
_LARGEST = Decimal(10) ** 15
LINE = _("the amount of a line")


def currency_digits(currency):
    """Decimal places of an ISO 4217 currency."""
    return _DIGITS.get(currency, 2)


def read_money(value, what, currency=None):
    """Amount in major units and ISO 4217 currency.

    :param what: `Message` that names the amount in an error (`the amount of the bill`)
    :param currency: currency of a bare number
    :raises InvalidDataError: the value is no amount, its currency is missing or invalid, or it has too many decimals
    """
    amount, currency = _stated(value, what, currency)
    digits = currency_digits(currency)
    exact = round(amount, digits)
    if exact != amount:
        raise InvalidDataError(
            _(
                "Ramp sent %(subject)s as %(amount)s, but %(currency)s has only %(digits)s decimals.",
                subject=what,
                amount=Amount(amount, currency),
                currency=currency,
                digits=digits,
            )
        )
    return exact, currency


def line_amount(row, currency, sentence, what=LINE):
    """The amount of a line in the currency of its record.

    :param sentence: template of the error for another currency, with `line_currency` and `currency`
    """
    amount, line_currency = read_money(row.get("amount"), what)
    if line_currency != currency:
        raise InvalidDataError(Message(sentence, line_currency=line_currency, currency=currency))
    return amount


def check_total(summed, total, currency, sentence):
    """
    :param sentence: template of the error, with `sum` and `total`
    :raises InvalidDataError: the lines do not add up to the total
    """
    if summed != total:
        raise InvalidDataError(Message(sentence, sum=Amount(summed, currency), total=Amount(total, currency)))


def read_price(value, what, currency):
    """The price of one unit, possibly with more decimals than its currency; None if Ramp sent none.

    :param currency: its required currency
    """
    if value in (None, ""):
        return None
    price, stated = _stated(value, what, currency)
    if stated != currency:
        raise InvalidDataError(
            _("Ramp sent %(subject)s in another currency than %(currency)s.", subject=what, currency=currency)
        )
    return price


def _stated(value, what, currency):
    """Amount in major units and currency of any notation."""
    if not isinstance(value, dict):
        currency = _currency(currency, what)
        return read_number(value, what), currency
    if "currency_code" not in value:
        currency = _currency(value.get("currency"), what)
        return _from_minor(value.get("value"), None, currency, what), currency
    currency = _currency(value["currency_code"], what)
    return _from_minor(value.get("amount"), value.get("minor_unit_conversion_rate"), currency, what), currency


def _from_minor(value, rate, currency, what):
    units = read_number(value, what)
    if units != units.to_integral_value():
        raise InvalidDataError(
            _(
                "Ramp sent %(subject)s with fractions of the smallest unit of %(currency)s.",
                subject=what,
                currency=currency,
            )
        )
    if rate is None:
        return units / 10 ** currency_digits(currency)
    if isinstance(rate, bool) or not isinstance(rate, int) or not 0 < rate <= 10**6:
        raise InvalidDataError(_("Ramp sent %(subject)s with an invalid number of minor units.", subject=what))
    return units / rate


def read_number(value, what):
    """A finite number with at most 15 digits before the point, from a number or a text."""
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = Decimal(str(value))
        except (InvalidOperation, ValueError):
            number = None
        if number is not None and number.is_finite() and abs(number) < _LARGEST:
            return number
    raise InvalidDataError(_("Ramp sent no valid number as %(subject)s.", subject=what))


def _currency(value, what):
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z]{3}", value):
        return value.upper()
    raise InvalidDataError(_("Ramp sent %(subject)s without a valid currency.", subject=what))
