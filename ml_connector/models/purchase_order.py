from odoo import models


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = ["purchase.order", "ml.sync.mixin", "ml.changed"]

    def _ml_is_over(self):
        """Whether a confirmed order is complete: it has no quantities, or is locked and fully billed."""
        lines = self.order_line.filtered(lambda line: not line.display_type and line.product_qty)
        return not lines or self.locked and all(line._ml_is_over() for line in lines)


class PurchaseOrderLine(models.Model):
    _name = "purchase.order.line"
    _inherit = ["purchase.order.line", "ml.sync.mixin"]

    def _compute_qty_invoiced(self):
        super()._compute_qty_invoiced()
        self._ml_note_end()

    def _compute_qty_received(self):
        super()._compute_qty_received()
        self._ml_note_end()

    def _ml_note_end(self):
        """Queue locked orders, because this may complete them."""
        self._origin.order_id.filtered("locked")._ml_note_change({"order_line"})

    def _ml_is_over(self):
        """Whether a line is fully billed: its received quantity if it has moves, otherwise its ordered one."""
        moves = self.sudo().move_ids  # sudo: whoever reads orders need not see the stock
        if any(move.state not in ("done", "cancel") for move in moves):
            return False
        return self.product_uom_id.compare(self.qty_invoiced, self.qty_received if moves else self.product_qty) >= 0
