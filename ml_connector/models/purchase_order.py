from odoo import models


class PurchaseOrder(models.Model):
    _inherit = "purchase.order"

    def _ml_is_over(self):
        """Whether a confirmed order is complete: it has no quantities, or is locked and fully billed."""
        lines = self.order_line.filtered(lambda line: not line.display_type and line.product_qty)
        return not lines or self.locked and all(line._ml_is_over() for line in lines)


class PurchaseOrderLine(models.Model):
    _inherit = "purchase.order.line"

    def _ml_is_over(self):
        """Whether a line is fully billed: its received quantity if it has moves, otherwise its ordered one."""
        moves = self.sudo().move_ids  # sudo: whoever reads orders need not see the stock
        if any(move.state not in ("done", "cancel") for move in moves):
            return False
        return self.product_uom_id.compare(self.qty_invoiced, self.qty_received if moves else self.product_qty) >= 0
