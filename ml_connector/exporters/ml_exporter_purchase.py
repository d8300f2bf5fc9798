"""Exporters of purchase orders and goods receipts."""

from odoo import models
from odoo.fields import Domain

from ..core.documents import AnalyticShare, GoodsReceipt, PurchaseOrder, PurchaseOrderLine, ReceivedLine
from ..core.errors import InvalidDataError
from ..core.messages import _
from ..core.own_ids import own_id
from .ml_exporter import decimal_of

LINE_FIELDS = (
    *("name", "product_id", "product_qty", "product_uom_id", "price_unit", "discount", "tax_ids"),
    "analytic_distribution",
)


class MlExporterPurchaseOrder(models.AbstractModel):
    _name = "ml.exporter.purchase_order"
    _inherit = "ml.exporter"
    _description = "Purchase Order Exporter"
    _reads = (
        *("state", "locked", "name", "partner_id", "partner_ref", "currency_id", "date_order", "date_planned"),
        *("payment_term_id", "fiscal_position_id"),
        *(f"order_line.{name}" for name in LINE_FIELDS),
    )
    _groups = ("account.group_account_readonly",)

    def _domain(self, flow):
        domain = Domain("company_id", "=", flow.company_id.id) & Domain("state", "in", ("purchase", "cancel"))
        if flow.start_date:
            domain &= Domain("date_order", ">=", flow.company_id._ml_begin(flow.start_date))
        return domain

    def _sendable(self, flow, records):
        """Orders that were not created in the provider; closed and cancelled ones only if the provider has them."""
        bindings = flow.env["ml.binding"]
        sent = set(bindings._sent(flow, records).mapped("res_id"))
        received = bindings._external_ids(flow.connection_id, flow.kind, records).keys() - sent
        return records.filtered(
            lambda order: order.id not in received and (order.id in sent or self._state(order) == "open")
        )

    def _is_taken_back(self, record):
        return self._state(record) != "open"

    def _parts(self, record):
        return {line.id: line for line in record.order_line}

    def _state(self, order):
        if order.state == "cancel":
            return "cancelled"
        return "closed" if order._ml_is_over() else "open"

    def _document(self, flow, record):
        state = self._state(record)
        if state == "closed":
            self._await_last(flow, record)
        lines = record.order_line.filtered(lambda line: state == "open" and not line.display_type and line.product_qty)
        codes = self._line_codes(flow, lines) if flow._spec().coded else None
        return PurchaseOrder(
            odoo_id=own_id(record),
            number=record.name,
            vendor=self._party(flow, record.partner_id.commercial_partner_id),
            order_date=record.company_id._ml_day(record.date_order),
            promise_date=record.company_id._ml_day(record.date_planned) if record.date_planned else None,
            currency=record.currency_id.name,
            payment_days=self._payment_days(record.payment_term_id),
            memo=record.partner_ref or "",
            state=state,
            lines=tuple(self._line(flow, line, codes) for line in lines),
        )

    def _await_last(self, flow, order):
        """Wait for receipts and bills of an order, which the provider does not accept after its end.

        :raises NotSentError: one of them has not been sent yet
        """
        for kind, name in (("goods_receipt", "picking_ids"), ("own_bill", "invoice_ids")):
            if sender := self._sender(flow, kind):
                exporter = sender._exporter(order[name]._name)
                due = order[name].filtered_domain(exporter._domain(sender))
                for record in exporter._sendable(sender, due):
                    self._remote_id(flow, kind, record)

    def _line_codes(self, flow, lines):
        accounts = self.env["account.account"].union(*map(self._account, lines))
        analytics = self._analytic_accounts(lines)
        return self._codes(flow, (("account", accounts), ("tax", lines.tax_ids), ("analytic", analytics)))

    def _coding(self, flow, line, codes):
        """Account, taxes and analytic shares: the required codes, or those that the provider happens to know."""
        account = self._account(line)
        if codes is None:
            shares = self._analytic_shares(flow, line.analytic_distribution)
            return {"account": self._reference(flow, "account", account), "analytics": shares}
        distribution = line.analytic_distribution or {}
        if any(percentage != 100 for percentage in distribution.values()):
            raise InvalidDataError(
                _(
                    "Line %(line)s is split across analytic accounts. %(provider)s orders do not support that.",
                    line=line.name,
                    provider=flow.connection_id._provider_name(),
                )
            )
        references = (codes["analytic", analytic.id] for analytic in self._analytic_accounts(line))
        return {
            "account": codes.get(("account", account.id)),
            "taxes": tuple(filter(None, (codes["tax", tax.id] for tax in line.tax_ids))),
            "analytics": tuple(AnalyticShare(reference=reference) for reference in references if reference),
        }

    def _line(self, flow, line, codes=None):
        quantity, amount = decimal_of(line.product_qty), decimal_of(line.price_subtotal)
        price = round(amount / quantity, line.currency_id.decimal_places)
        return PurchaseOrderLine(
            odoo_id=own_id(line),
            description=line.name or line.product_id.display_name or "",
            quantity=quantity,
            unit_price=price,
            amount=None if price * quantity == amount else round(amount, line.currency_id.decimal_places),
            unit=line.product_uom_id.name or "",
            account_odoo_id=own_id(self._account(line)),
            **self._coding(flow, line, codes),
        )

    def _account(self, line):
        """The expense account that the bill of this line will probably have."""
        product = line.product_id.with_company(line.company_id)
        if product:
            return product.product_tmpl_id.get_product_accounts(line.order_id.fiscal_position_id)["expense"]
        return line.company_id.expense_account_id

    def _payment_days(self, term):
        """Net days, where the payment term is one date that many days after the invoice."""
        line = term.line_ids
        return line.nb_days if len(line) == 1 and line.delay_type == "days_after" else None


class MlExporterGoodsReceipt(models.AbstractModel):
    _name = "ml.exporter.goods_receipt"
    _inherit = "ml.exporter"
    _description = "Goods Receipt Exporter"
    _reads = (
        *("state", "name", "date_done"),
        *(f"move_ids.{name}" for name in ("state", "quantity", "product_uom", "purchase_line_id")),
        *(f"move_ids.returned_move_ids.{name}" for name in ("state", "quantity", "product_uom")),
    )
    _groups = ("stock.group_stock_user",)

    def _domain(self, flow):
        """Receipts of purchases and their returns."""
        received = Domain("move_ids.purchase_line_id", "!=", False)
        returned = Domain("move_ids.origin_returned_move_id.purchase_line_id", "!=", False)
        domain = Domain("company_id", "=", flow.company_id.id) & Domain("state", "=", "done") & (received | returned)
        if flow.start_date:
            domain &= Domain("date_done", ">=", flow.company_id._ml_begin(flow.start_date))
        return domain

    def _sendable(self, flow, records):
        """The receipts. A return is replaced by the receipts to which it belongs."""
        receipts = records | records.move_ids.origin_returned_move_id.picking_id
        receipts = receipts.filtered(lambda picking: picking.state == "done" and self._moves(picking))
        orders = self._moves(receipts).purchase_line_id.order_id
        known = flow.env["ml.binding"]._external_ids(flow.connection_id, "purchase_order", orders)
        return receipts.filtered(lambda picking: self._has_orders(flow, picking, known))

    def _has_orders(self, flow, picking, known):
        """Whether the provider has the orders, or will get them."""
        orders = self._moves(picking).purchase_line_id.order_id
        sender = self._sender(flow, "purchase_order")
        return all(
            order.id in known
            or (sender and order.filtered_domain(self.env["ml.exporter.purchase_order"]._domain(sender)))
            for order in orders
        )

    def _moves(self, pickings):
        return pickings.move_ids.filtered(
            lambda move: move.state == "done" and move.purchase_line_id and not move.origin_returned_move_id
        )

    def _document(self, flow, record):
        moves = self._moves(record)
        orders = {order.id: self._remote_id(flow, "purchase_order", order) for order in moves.purchase_line_id.order_id}
        lines = tuple(
            self._line(line, line_moves, orders) for line, line_moves in moves.grouped("purchase_line_id").items()
        )
        return GoodsReceipt(
            odoo_id=own_id(record),
            number=record.name,
            purchase_order_odoo_id=own_id(moves.purchase_line_id.order_id[:1]),
            received_on=record.company_id._ml_day(record.date_done or record.write_date),
            lines=lines,
            cancelled=not any(line.quantity for line in lines),
        )

    def _line(self, line, moves, orders):
        returns = moves.returned_move_ids.filtered(lambda move: move.state == "done")
        quantity = self._quantity(line, moves) - self._quantity(line, returns)
        return ReceivedLine(
            purchase_order_line_odoo_id=own_id(line),
            purchase_order_external_id=orders[line.order_id.id],
            quantity=decimal_of(quantity),
            ordered=decimal_of(line.product_qty),
            name=line.product_id.display_name or line.name,
        )

    def _quantity(self, line, moves):
        """Quantity in the unit of the order line."""
        return sum(move.product_uom._compute_quantity(move.quantity, line.product_uom_id) for move in moves)
