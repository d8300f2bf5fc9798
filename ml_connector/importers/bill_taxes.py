"""The amounts of a vendor bill, computed with Odoo's own tax engine before anything is written.

The provider states the amount owed; Odoo computes the tax. If they differ only by rounding, the provider's total
wins and the difference goes to a tax line, as an accountant would correct it manually.
"""

from decimal import Decimal

from ..core.errors import InvalidDataError
from ..core.messages import Amount, _
from .importer_tools import exact


class BillTaxes:
    """Computes the amounts of the bills of one company."""

    def __init__(self, env, company, tolerance):
        self.env = env
        self.company = company
        self.tolerance = tolerance
        self._engine = env["account.tax"]
        self._inclusion = {}

    def settle(self, plan):
        """Fill in the amounts of a plan so that its total equals the total of the document.

        :raises InvalidDataError: they differ by more than rounding
        """
        computed_tax = self._set_prices(plan)
        self._compute(plan)
        self._check(plan, computed_tax)
        self._correct_base(plan)
        self._correct_tax(plan)

    # ------------------------------------------------------------------ prices

    def _set_prices(self, plan):
        """Set the prices of the lines; return the tax they contain if they had to be converted."""
        for line in plan.lines:
            line.price_unit = float(line.amount)
        includes = plan.document.amounts_include_tax
        tax = None
        if any(self._must_convert(line.taxes, includes) for line in plan.lines):
            tax = self._convert_prices(plan, includes)
        for line in plan.lines:
            _split_quantity(line)
        return tax

    def _convert_prices(self, plan, includes):
        """Convert gross to net prices or net to gross where the mapped taxes need it; return the tax."""
        base_lines = self._base_lines(plan, "total_included" if includes else "total_excluded")
        self._engine._add_tax_details_in_base_lines(base_lines, self.company)
        self._engine._round_base_lines_tax_details(base_lines, self.company)
        tax = Decimal(0)
        for line, base_line in zip(plan.lines, base_lines, strict=True):
            details = base_line["tax_details"]
            price = exact(details["total_excluded_currency"] + details["delta_total_excluded_currency"], plan.currency)
            for tax_data in details["taxes_data"]:
                amount = exact(tax_data["tax_amount_currency"], plan.currency)
                tax += amount
                if _is_included(tax_data["tax"]):
                    price += amount
            if self._must_convert(line.taxes, includes):
                line.price_unit = float(price)
        return tax + self._convert_mere_tax(plan, includes, tax)

    def _convert_mere_tax(self, plan, includes, tax):
        """Price a line that is only tax (VAT charged by customs) at the rest of the total; it has no net amount.

        If several such lines have the same tax, the first one takes all of it, since they book nothing but tax.
        """
        lines = [line for line in plan.lines if not line.amount and any(map(_is_mere, line.taxes))]
        if includes or len({line.taxes for line in lines}) != 1:
            return Decimal(0)
        rest = plan.document.total - tax - sum((line.amount for line in plan.lines), Decimal(0))
        lines[0].price_unit = float(rest)
        return rest

    def _must_convert(self, taxes, amounts_include_tax):
        """Whether the amount of a line differs from the price that Odoo expects with these taxes."""
        key = (taxes._ids, amounts_include_tax)
        if key not in self._inclusion:
            leaves = taxes._flatten_taxes_and_sort_them()[0]
            self._inclusion[key] = any(_is_included(tax) != amounts_include_tax for tax in leaves)
        return self._inclusion[key]

    # ------------------------------------------------------------------ amounts

    def _discount_lines(self, plan):
        """Lines that reduce the tax base by the early-payment discount, as Odoo adds them to the bill."""
        if not reduces_tax(plan.term):
            return []
        part = plan.term.discount_percentage / 100
        return [
            self._base_line(
                plan,
                line,
                tax_ids=taxes,
                price_unit=-plan.currency.round(line.subtotal * part),
                quantity=1.0,
                special_mode="total_excluded",
                special_type="early_payment",
            )
            for line in plan.lines
            if (taxes := line.taxes.filtered(lambda tax: tax.amount_type != "fixed"))
        ]

    def _base_lines(self, plan, special_mode=False):
        return [
            self._base_line(
                plan,
                line,
                tax_ids=line.taxes,
                price_unit=line.price_unit,
                quantity=line.quantity,
                product_id=line.product,
                product_uom_id=line.product.uom_id,
                special_mode=special_mode,
            )
            for line in plan.lines
        ]

    def _base_line(self, plan, line, **values):
        return self._engine._prepare_base_line_for_taxes_computation(
            None,
            currency_id=plan.currency,
            rate=plan.rate,
            sign=plan.sign,
            is_refund=plan.is_credit,
            partner_id=plan.creditor,
            account_id=line.account,
            analytic_distribution=line.analytic,
            **values,
        )

    def _compute(self, plan):
        """Let Odoo compute the amounts of the lines and the tax lines from the prices."""
        if not plan.has_tax and plan.currency == self.company.currency_id:
            for line in plan.lines:
                line.subtotal = plan.currency.round(line.price_unit * line.quantity)
                line.amount_currency = line.balance = plan.sign * line.subtotal
            plan.tax_items = []
            return
        base_lines = self._base_lines(plan)
        self._engine._add_tax_details_in_base_lines(base_lines, self.company)
        self._engine._round_base_lines_tax_details(base_lines, self.company)
        for line, base_line in zip(plan.lines, base_lines, strict=True):
            line.subtotal = base_line["tax_details"]["total_excluded_currency"]
        if discounts := self._discount_lines(plan):
            base_lines += discounts
            self._engine._add_tax_details_in_base_lines(base_lines, self.company)
            self._engine._round_base_lines_tax_details(base_lines, self.company)
        self._engine._add_accounting_data_in_base_lines_tax_details(
            base_lines, self.company, include_caba_tags=plan.form.is_exigible
        )
        results = self._engine._prepare_tax_lines(base_lines, self.company)
        # the lines of an early-payment discount come last, and Odoo adds them itself
        for line, (base_line, values) in zip(plan.lines, results["base_lines_to_update"], strict=False):
            line.amount_currency = values["amount_currency"]
            line.balance = values["balance"]
            line.tag_ids = base_line["tax_tag_ids"].ids
        plan.tax_items = results["tax_lines_to_add"]

    # ------------------------------------------------------------------ agreement with the source

    def _check(self, plan, computed_tax):
        document = plan.document
        tax = plan.tax_total if computed_tax is None else computed_tax
        if document.amounts_include_tax:
            total = sum((line.amount for line in plan.lines), Decimal(0))
        else:
            total = plan.base_total + tax
        allowed = self._allowed(plan)
        if abs(document.total - total) > allowed:
            raise self._total_error(plan, total)
        if plan.has_tax and document.tax_total is not None and abs(document.tax_total - tax) > allowed:
            raise InvalidDataError(
                _(
                    "The tax is %(provider_value)s in %(provider)s, but the taxes in Odoo give %(odoo_value)s. Correct"
                    " the tax mapping.",
                    **_both(plan, document.tax_total, tax),
                )
            )

    def _total_error(self, plan, computed):
        if reduces_tax(plan.term):
            return InvalidDataError(
                _(
                    "The total is %(provider_value)s in %(provider)s, but %(odoo_value)s in Odoo. Payment term %(term)s"
                    " of the vendor deducts its early discount from the tax. Choose another payment term for the"
                    " vendor, or enter the due date in %(provider)s.",
                    term=plan.term.name,
                    **_both(plan, plan.document.total, computed),
                )
            )
        return InvalidDataError(
            _(
                "The total is %(provider_value)s in %(provider)s, but lines and taxes add up to %(odoo_value)s in Odoo."
                " Correct the amounts in %(provider)s or the tax mapping.",
                **_both(plan, plan.document.total, computed),
            )
        )

    def _correct_base(self, plan):
        """Correct the base where the document states gross amounts and the tax in them."""
        document = plan.document
        if not plan.has_tax or not document.amounts_include_tax or document.tax_total is None:
            return
        difference = document.total - document.tax_total - plan.base_total
        if not difference:
            return
        line = max((line for line in plan.lines if line.taxes), key=lambda line: abs(line.subtotal))
        if self._must_convert(line.taxes, True):
            line.price_unit += float(difference) / line.quantity
            self._compute(plan)
        else:
            # The price includes the tax and is right; only its split into base and tax differs.
            line.correction = difference
            line.amount_currency = self._add(plan, line.amount_currency, difference)
            line.balance = self._balance(plan, line.amount_currency)

    def _correct_tax(self, plan):
        difference = plan.document.total - plan.base_total - plan.tax_total
        if not difference:
            return
        if abs(difference) > self._allowed(plan) + self._splitting(plan):
            raise self._total_error(plan, plan.base_total + plan.tax_total)
        # A reverse charge cannot take the difference: both of its halves would have to change.
        places = [index for index, item in enumerate(plan.tax_items) if not self._tax_of(item).has_negative_factor]
        if not places:
            raise InvalidDataError(
                _(
                    "The total is %(provider_value)s in %(provider)s, but %(odoo_value)s in Odoo. No tax line can take"
                    " the difference. Correct the amounts in %(provider)s.",
                    **_both(plan, plan.document.total, plan.base_total + plan.tax_total),
                )
            )
        plan.corrected = max(places, key=lambda index: abs(plan.tax_items[index]["amount_currency"]))
        item = plan.tax_items[plan.corrected]
        item["amount_currency"] = self._add(plan, item["amount_currency"], difference)
        item["balance"] = self._balance(plan, item["amount_currency"])

    def _allowed(self, plan):
        """The tolerance, which is at least the smallest unit of the currency, unless it is zero."""
        return max(self.tolerance, _unit(plan.currency)) if self.tolerance else self.tolerance

    def _splitting(self, plan):
        """The largest rounding difference from splitting gross lines into base and taxes: one unit for each part."""
        return _unit(plan.currency) * sum(1 + len(line.taxes._flatten_taxes_and_sort_them()[0]) for line in plan.lines)

    def _tax_of(self, item):
        return self.env["account.tax.repartition.line"].browse(item["tax_repartition_line_id"]).tax_id

    def _add(self, plan, signed_amount, difference):
        return float(exact(signed_amount, plan.currency) + plan.sign * difference)

    def _balance(self, plan, amount_currency):
        if plan.currency == self.company.currency_id:
            return amount_currency
        return self.company.currency_id.round(amount_currency / plan.rate)


def _both(plan, provider_value, odoo_value):
    """Parameters of a sentence on two amounts of a plan that differ."""
    currency = plan.currency.name
    return {
        "provider": plan.provider,
        "provider_value": Amount(provider_value, currency),
        "odoo_value": Amount(odoo_value, currency),
    }


def _unit(currency):
    return Decimal(1).scaleb(-currency.decimal_places)


def _split_quantity(line):
    """Quantity and unit price of a line that bills a purchase order.

    The stated quantity is kept, and the price may differ from the order. Without one, the quantity is the amount
    divided by the order price, if that is exact.
    """
    if line.stated_quantity:
        line.quantity, line.price_unit = line.stated_quantity, line.price_unit / line.stated_quantity
        return
    if line.order_price <= 0 or line.price_unit <= 0:
        return
    quantity = round(line.price_unit / line.order_price, 2)
    if quantity and abs(quantity * line.order_price - line.price_unit) < 0.005:
        line.quantity, line.price_unit = quantity, line.price_unit / quantity


def reduces_tax(term):
    """Whether the payment term deducts its early discount before tax."""
    return bool(term) and term.early_discount and term.early_pay_discount_computation == "mixed"


def _is_mere(tax):
    """Whether a price with this tax consists of tax only."""
    return tax.amount_type == "division" and tax.amount == 100 and tax.price_include


def _is_included(tax):
    """Whether the price includes the tax; it never includes a reverse charge."""
    return tax.price_include and not tax.has_negative_factor
