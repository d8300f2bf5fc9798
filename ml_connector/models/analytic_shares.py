"""Analytic distributions of bill lines: from the source's shares to Odoo's JSON."""

from decimal import Decimal

HUNDRED = Decimal(100)


def combine(shares, digits):
    """One distribution of shares of several plans.

    Odoo keys a part of the amount by one account of each plan. Shares of different plans say nothing of each other,
    so they are crossed; what a plan leaves open (its shares add up to less than 100) stays open in the cross.

    :param shares: {plan: [(account id, percentage)]}
    :param digits: decimals of Odoo's percentages
    :return: {"id,id": percentage}, whose sums by plan are the source's to the last digit
    """
    parts = [((), HUNDRED)]
    for plan_shares in shares.values():
        parts = _cross(parts, _completed(plan_shares), digits)
    distribution = {}
    for account_ids, percentage in parts:
        if account_ids and percentage:
            key = ",".join(str(account_id) for account_id in sorted(account_ids))
            distribution[key] = float(Decimal(str(distribution.get(key, 0.0))) + percentage)
    return distribution


def _completed(plan_shares):
    parts = [((account_id,), percentage) for account_id, percentage in plan_shares]
    rest = HUNDRED - sum((percentage for _account_id, percentage in plan_shares), Decimal(0))
    return [*parts, ((), rest)] if rest > 0 else parts


def _cross(rows, columns, digits):
    """The products of two lists of parts, rounded on their running totals so that rows and columns keep their sums."""
    parts = []
    row_total = Decimal(0)
    above = [Decimal(0)] * len(columns)
    for row_ids, row_share in rows:
        row_total += row_share
        column_total = Decimal(0)
        left = left_above = Decimal(0)
        for index, (column_ids, column_share) in enumerate(columns):
            column_total += column_share
            corner = round(row_total * column_total / HUNDRED, digits)
            parts.append((row_ids + column_ids, corner - left - above[index] + left_above))
            left, left_above, above[index] = corner, above[index], corner
    return parts
