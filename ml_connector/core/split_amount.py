"""Splits a total in proportion to weights, so that the parts add up exactly to the total."""

from decimal import Decimal
from fractions import Fraction

from .errors import InvalidDataError
from .messages import _


def share(total, weights, digits):
    """Parts of `total` in proportion to `weights`, each with `digits` decimals (largest remainder).

    :raises InvalidDataError: the weights add up to zero, so that there is no proportion
    """
    whole = sum((Fraction(weight) for weight in weights), Fraction(0))
    if not whole:
        raise InvalidDataError(_("The shares of an amount add up to zero, so Odoo cannot split it."))
    units = int(total.scaleb(digits))
    exact = [units * Fraction(weight) / whole for weight in weights]
    parts = [part.numerator // part.denominator for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_remainder[: units - sum(parts)]:
        parts[index] += 1
    return [Decimal(part).scaleb(-digits) for part in parts]
