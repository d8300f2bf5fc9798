"""Money in Ramp's shapes (guide "Monetary values"): integers of the minor unit, never floats."""

from decimal import Decimal

DOLLARS = {
    name: Decimal(value)
    for name, value in {
        "USD": "1",
        "CAD": "0.7312",
        "CHF": "1.1745",
        "DKK": "0.1453",
        "EUR": "1.0842",
        "GBP": "1.2581",
        "JPY": "0.006712",
        "NOK": "0.0941",
        "SEK": "0.0957",
    }.items()
}
"""US dollars for one unit of a currency, from day to day a little more or less; of others one."""
SPREAD = Decimal("1.006")
"""By how much the bank takes more than the rate says."""
NO_DECIMALS = ("JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "PYG")


def minor_unit_rate(currency):
    """Minor units in one unit of the currency: 100 for USD, 1 for JPY."""
    return 1 if currency in NO_DECIMALS else 100


def conversion_rate(currency, payer, day):
    """``fx_conversion_rate`` of a bill: units of the payer's currency for one of the bill's."""
    if currency == payer:
        return Decimal("1.0")
    drift = 1 + Decimal(day.toordinal() % 11 - 5) / 1000
    worth, unit = (DOLLARS.get(name, Decimal(1)) for name in (currency, payer))
    return round(worth / unit * drift, 8)


def debited(amount, currency, payer, day):
    """What the bank takes in the payer's currency for minor units of another one."""
    worth = major_units(amount, currency) * conversion_rate(currency, payer, day) * SPREAD
    return round(worth * minor_unit_rate(payer))


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
