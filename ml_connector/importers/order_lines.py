"""The purchase order lines that bills refer to."""

from ..core.messages import _
from ..core.own_ids import may_be
from .posted_bill_diff import normalized


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
