"""Analytic distributions of bill lines: from the source's shares to Odoo's JSON."""

from decimal import Decimal

from ..core.errors import InvalidDataError, NotReadyError
from .importer_tools import named, unusable
from .posted_bill_diff import account_text

HUNDRED = Decimal(100)


class BillAnalytics:
    """The distributions of the bills of one batch."""

    def __init__(self, batch):
        self._batch = batch
        self.env = batch.env
        self.company = batch.company
        self._digits = self.env["decimal.precision"].precision_get("Percentage Analytic")
        self._defaults = {}
        self._mandatory = {}

    def distribution(self, number, line):
        """Odoo's distribution of the line's shares, empty without any."""
        shares = {}
        for share in line.analytics:
            account = self._batch.mapping(share.reference)
            if not account:
                continue
            if problem := unusable(account, self.company):
                raise NotReadyError(
                    self.env._(
                        "Analytic account %(account)s of line %(number)s cannot be used, because %(problem)s: map"
                        " another one.",
                        account=named(account, self.company),
                        number=number,
                        problem=problem,
                    ),
                    awaits=account,
                )
            shares.setdefault(account.root_plan_id, []).append((account.id, share.percentage))
        for plan, parts in shares.items():
            if sum(percentage for _account_id, percentage in parts) > HUNDRED:
                raise InvalidDataError(
                    self.env._(
                        "The shares of line %(number)s in analytic plan %(plan)s add up to more than 100 %%.",
                        number=number,
                        plan=plan.name,
                    )
                )
        return combine(shares, self._digits)

    def default(self, planned, partner, order_line):
        """What the purchase order and Odoo's distribution models say of a line without shares.

        Mirrors `account.move.line._compute_analytic_distribution`, so that the plan knows it beforehand.
        """
        related = (order_line.analytic_distribution if order_line else None) or {}
        models = self.env["account.analytic.distribution.model"]
        if not self._batch.once(self._defaults, "any", lambda: bool(models.search([], limit=1))):
            return related
        creditor = partner._ml_creditor(self.company)
        ids = {int(account_id) for key in related for account_id in key.split(",")}
        arguments = {
            "product_id": planned.product.id,
            "product_categ_id": planned.product.categ_id.id,
            "partner_id": creditor.id,
            "partner_category_id": creditor.category_id.ids,
            "account_prefix": planned.account.code,
            "company_id": self.company.id,
            "related_root_plan_ids": self.env["account.analytic.account"].browse(ids).root_plan_id,
        }
        key = (creditor, planned.account, planned.product, frozenset(ids))
        return related | self._batch.once(self._defaults, key, lambda: models._get_distribution(arguments))

    def check(self, number, line, form, product=None):
        """Mandatory plans, which Odoo itself only looks at where a person posts: it asks by kind of document.

        :param product: what the line is for in Odoo, where that is not its product
        :raises InvalidDataError: when the line is not wholly distributed in one of them
        """
        if not form.domain:
            return
        key = (line.account, product or line.product, form.domain)
        plans = self._batch.once(self._mandatory, key, lambda: self._mandatory_plans(*key))
        if not plans:
            return
        totals = self._plan_totals(line.analytic)
        for plan in plans:
            if round(totals.get(plan["id"], 0.0), self._digits) != 100.0:
                raise InvalidDataError(
                    self.env._(
                        "Line %(number)s on account %(account)s needs a complete distribution in analytic plan"
                        " %(plan)s: complete it at the vendor or map its codes.",
                        number=number,
                        account=account_text(line.account),
                        plan=plan["name"],
                    )
                )

    def _mandatory_plans(self, account, product, domain):
        plans = self.env["account.analytic.plan"].sudo().with_company(self.company)  # sudo: as Odoo's own check
        relevant = plans.get_relevant_plans(
            company_id=self.company.id, product=product.id, account=account.id, business_domain=domain
        )
        return [plan for plan in relevant if plan["applicability"] == "mandatory"]

    def _plan_totals(self, distribution):
        totals = {}
        for key, percentage in (distribution or {}).items():
            accounts = self.env["account.analytic.account"].browse(int(account_id) for account_id in key.split(","))
            for account in accounts:
                plan_id = account.root_plan_id.id
                totals[plan_id] = totals.get(plan_id, 0.0) + percentage
        return totals


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
