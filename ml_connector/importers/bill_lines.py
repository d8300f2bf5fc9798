"""The lines of a bill."""

from ..core.errors import NotReadyError
from ..core.messages import _
from ..core.own_ids import may_be
from .bill_plan import LinePlan
from .importer_tools import account_problem, check_tax_countries, named, unusable
from .posted_bill_diff import normalized


def bill_references(document):
    """The references of the lines of a bill, each once."""
    references = {}
    for line in document.lines:
        for reference in (line.account, *line.taxes, *(share.reference for share in line.analytics)):
            if reference:
                references.setdefault((reference.kind, reference.external_id), reference)
    return tuple(references.values())


class BillLines:
    """Plans and checks the lines of the bills of one batch."""

    def __init__(self, batch):
        self.batch = batch
        self.env = batch.env
        self.orders = OrderLines(batch)

    def plan(self, plan, position, move_type):
        """Add the lines of the document to a plan."""
        plan.lines = [
            self._plan_line(plan, number, line, position, move_type)
            for number, line in enumerate(plan.document.lines, start=1)
        ]

    def _plan_line(self, plan, number, line, position, move_type):
        document, partner = plan.document, plan.partner
        order_line, reason = self.orders.find(line, partner)
        if reason:
            plan.notes.append(
                _("Line %(line)s is not linked to a purchase order line. %(reason)s", line=number, reason=reason)
            )
        product = order_line.product_id if order_line else self.env["product.product"]
        account = self._stock_account(order_line, position, move_type) or self._account(
            number, line, plan.journal, product, position
        )
        planned = LinePlan(
            amount=line.amount,
            name=line.description or document.memo or False,
            account=account,
            taxes=self.batch.taxes(line),
            product=product,
        )
        if order_line:
            planned.extra = {"purchase_line_id": order_line.id}
            if product:
                planned.extra |= {"product_id": product.id, "product_uom_id": order_line.product_uom_id.id}
            planned.stated_quantity = self.orders.stated_quantity(line)
            planned.order_price = self.orders.price(order_line, plan.currency)
        shares = self.batch.analytics.distribution(number, line)
        planned.analytic = shares or self.batch.analytics.default(planned, partner, order_line) or False
        return planned

    def _stock_account(self, order_line, position, move_type):
        """The account that Odoo's own bill of an order uses for a storable product, regardless of the coding."""
        if not order_line or not order_line.product_id.is_storable:
            return None
        line = self.env["account.move.line"].new(
            {
                "display_type": "product",
                "product_id": order_line.product_id.id,
                "purchase_line_id": order_line.id,
                "move_id": self.env["account.move"].new(
                    {
                        "move_type": move_type,
                        "company_id": self.batch.company.id,
                        "fiscal_position_id": position.id,
                    }
                ),
            }
        )
        return line.account_id._origin if line._eligible_for_stock_account() else None

    def _account(self, number, line, journal, product, position):
        account = self.batch.mapping(line.account) if line.account else None
        if not account and product:
            template = product.product_tmpl_id.with_company(self.batch.company)
            account = template.get_product_accounts(fiscal_pos=position)["expense"]
        account = account or journal.default_account_id
        if not account:
            raise NotReadyError(
                _(
                    "Line %(line)s has no account, and journal %(journal)s has no default account. Enter one in the"
                    " journal.",
                    line=number,
                    journal=journal.display_name,
                ),
                awaits=journal,
            )
        return account

    def check(self, plan, category=None):
        """
        :param category: product of the lines in Odoo, if it is not that of a purchase order
        :raises NotReadyError: Odoo cannot book a line
        """
        taxes = self.env["account.tax"].union(*(line.taxes for line in plan.lines))
        position = self.env["account.fiscal.position"].browse(plan.header.get("fiscal_position_id"))
        check_tax_countries(taxes, self.batch.company, position)
        for number, line in enumerate(plan.lines, start=1):
            self._check_account(plan, number, line.account)
            self._check_taxes(number, line.taxes)
            if self.batch.flow.post_bills:
                self.batch.analytics.check(number, line, plan.form, category)

    def _check_account(self, plan, number, account):
        reason = account_problem(account, self.batch.company, plan.currency)
        if not reason and account.account_type in ("asset_receivable", "liability_payable", "off_balance"):
            reason = _("It is a receivable, payable or off-balance account.")
        if not reason:
            return
        raise NotReadyError(
            _(
                "Account %(account)s in line %(line)s cannot be used. %(reason)s Map another account.",
                account=named(account, self.batch.company),
                line=number,
                reason=reason,
            ),
            awaits=account,
        )

    def _check_taxes(self, number, taxes):
        for tax in taxes:
            if unusable(tax, self.batch.company) or tax.type_tax_use == "sale":
                raise NotReadyError(
                    _(
                        "Tax %(tax)s in line %(line)s cannot be used on vendor bills of %(company)s. Map another tax.",
                        tax=named(tax, self.batch.company),
                        line=number,
                        company=self.batch.company.display_name,
                    ),
                    awaits=tax,
                )


class OrderLines:
    """The purchase order lines of one batch, read with one query for each kind of reference."""

    def __init__(self, batch):
        self.batch = batch
        self._lines = {}

    def look_up(self, documents):
        """Read the order lines that the lines of the documents refer to."""
        env, company = self.batch.env, self.batch.company
        if "purchase_line_id" not in env["account.move.line"]._fields:
            return
        ids = {line.purchase_order_line for document in documents for line in document.lines} - {None}
        domain = [("id", "in", list(ids)), ("company_id", "=", company.id)]
        by_id = {line.id: line for line in env["purchase.order.line"].search(domain)} if ids else {}
        self._lines = {told: by_id[told] for told in ids if told in by_id and may_be(by_id[told], told)}
        self._look_up_keys(documents)

    def _look_up_keys(self, documents):
        """The order lines that the provider refers to by its own IDs, if Odoo has their orders."""
        keys = {line.order_line_key for document in documents for line in document.lines} - {""}
        names = {("purchase_order_line", key) for key in keys}
        found = self.batch.connection.env["ml.binding"]._records(self.batch.connection, names)
        self._lines |= {key: line for (_kind, key), line in found.items()}

    def find(self, line, partner):
        """(purchase order line that a line bills, or None; reason why it cannot be billed)."""
        order_line = self._lines.get(line.purchase_order_line or line.order_line_key)
        order = order_line and order_line.order_id
        if not order or order.company_id != self.batch.company or order.state != "purchase":
            return None, _("Its purchase order is not open in Odoo.") if line.purchase_order_line else ""
        if order.partner_id._ml_creditor(self.batch.company) != partner._ml_creditor(self.batch.company):
            return None, _("Purchase order %(order)s belongs to another vendor.", order=order.name)
        if line.purchase_order and normalized(line.purchase_order) != normalized(order.name):
            return None, _(
                "It refers to purchase order %(order)s, but its order line belongs to %(other)s.",
                order=line.purchase_order,
                other=order.name,
            )
        return order_line, ""

    def stated_quantity(self, line):
        """The quantity that a line states, rounded as Odoo stores it; None if it states none."""
        quantity = line.quantity
        if quantity is None and line.unit_price:
            quantity = line.amount / line.unit_price
            if round(quantity, 2) * line.unit_price != line.amount:
                return None
        digits = self.batch.env["decimal.precision"].precision_get("Product Unit")
        return float(round(quantity, digits)) or None if quantity and line.amount else None

    def price(self, order_line, currency):
        """The unit price on the order, from which the billed quantity is found."""
        if order_line.currency_id != currency:
            return 0.0
        return order_line.price_unit * (1 - order_line.discount / 100.0)
