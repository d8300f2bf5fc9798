"""Analytic distributions of bill lines: from the shares of a document to Odoo's JSON."""

from decimal import Decimal

from ..core.errors import InvalidDataError, NotReadyError
from ..core.messages import _
from .importer_tools import named, once, unusable
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
        """The analytic distribution of a line, as Odoo stores it; empty without shares."""
        shares = {}
        for share in line.analytics:
            account = self._batch.mapping(share.reference)
            if not account:
                continue
            if reason := unusable(account, self.company):
                raise NotReadyError(
                    _(
                        "Analytic account %(account)s in line %(line)s cannot be used. %(reason)s Map another account.",
                        account=named(account, self.company),
                        line=number,
                        reason=reason,
                    ),
                    awaits=account,
                )
            shares.setdefault(account.root_plan_id, []).append((account.id, share.percentage))
        for plan, parts in shares.items():
            if sum(percentage for _account_id, percentage in parts) > HUNDRED:
                raise InvalidDataError(
                    _(
                        "The shares of line %(line)s in analytic plan %(plan)s add up to more than 100%%. Correct them"
                        " in %(provider)s.",
                        line=number,
                        plan=plan.name,
                        provider=self._batch.provider,
                    )
                )
        return combine(shares, self._digits)

    def default(self, planned, partner, order_line):
        """The distribution of a line without shares, from its purchase order and Odoo's distribution models.

        Mirrors `account.move.line._compute_analytic_distribution`, because the bill does not exist yet.
        """
        related = (order_line.analytic_distribution if order_line else None) or {}
        models = self.env["account.analytic.distribution.model"]
        if not once(self._defaults, "any", lambda: bool(models.search([], limit=1))):
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
        return related | once(self._defaults, key, lambda: models._get_distribution(arguments))

    def check(self, number, line, form, product=None):
        """Check the mandatory plans of the document type. Odoo checks them only when a user posts.

        :param product: the product whose rules apply, where it is not the product of the line
        :raises InvalidDataError: the line is not distributed completely in a mandatory plan
        """
        if not form.domain:
            return
        key = (line.account, product or line.product, form.domain)
        plans = once(self._mandatory, key, lambda: self._mandatory_plans(*key))
        if not plans:
            return
        totals = self._plan_totals(line.analytic)
        for plan in plans:
            if round(totals.get(plan["id"], 0.0), self._digits) != 100.0:
                raise InvalidDataError(
                    _(
                        "Line %(line)s on account %(account)s needs a complete distribution in analytic plan %(plan)s."
                        " Complete it in %(provider)s or map its codes.",
                        line=number,
                        account=account_text(line.account),
                        plan=plan["name"],
                        provider=self._batch.provider,
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
    """Combine the shares of several plans into one distribution.

    Odoo keys each part of the amount by one account per plan. Shares of different plans are independent, so they are
    multiplied; the part that a plan leaves open (its shares add up to less than 100) stays open in the product.

    :param shares: {plan: [(account id, percentage)]}
    :param digits: decimals of Odoo's percentages
    :return: {"id,id": percentage}, whose sums per plan equal the given shares to the last digit
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
    """Multiply two lists of parts. Rounding the running totals keeps the sums of rows and columns."""
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
