"""Money in Ramp's shapes (guide "Monetary values"): integers of the minor unit, never floats."""

from decimal import Decimal

NO_DECIMALS = ("JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "PYG")


def minor_unit_rate(currency):
    """Minor units in one unit of the currency: 100 for USD, 1 for JPY."""
    return 1 if currency in NO_DECIMALS else 100


def currency_amount(amount, currency):
    """``CurrencyAmount`` of the contract."""
    return {"amount": amount, "currency_code": currency, "minor_unit_conversion_rate": minor_unit_rate(currency)}


def api_amount(amount, currency):
    """``ApiAmount`` of the contract."""
    return {"currency": currency, "value": amount}


def minor_units(value, currency):
    """The minor units of a decimal of major units; ``ValueError`` when the currency has no such fraction."""
    amount = Decimal(str(value)) * minor_unit_rate(currency)
    if amount != amount.to_integral_value():
        raise ValueError(f"{value} has more decimals than {currency}")
    return int(amount)


def major_units(amount, currency):
    return Decimal(amount) / minor_unit_rate(currency)
