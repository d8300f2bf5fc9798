from odoo import models


class PurchaseOrder(models.Model):
    _inherit = "purchase.order"

    def _ml_is_over(self):
        """Whether nothing more will come of a confirmed order: nothing is ordered, or it is locked and done with."""
        lines = self.order_line.filtered(lambda line: not line.display_type and line.product_qty)
        return not lines or self.locked and all(line._ml_is_over() for line in lines)


class PurchaseOrderLine(models.Model):
    _inherit = "purchase.order.line"

    def _ml_is_over(self):
        """Whether all that comes of a line is billed: what was received, where the rest was given up."""
        moves = self.sudo().move_ids  # sudo: whoever reads orders need not see the stock
        if any(move.state not in ("done", "cancel") for move in moves):
            return False
        return self.product_uom_id.compare(self.qty_invoiced, self.qty_received if moves else self.product_qty) >= 0
