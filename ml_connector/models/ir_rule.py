from odoo import models

from .ml_sealed import OWN_MODELS


class IrRule(models.Model):
    _inherit = "ir.rule"

    def _make_access_error(self, operation, records):
        """In developer mode Odoo names the records that are refused. Ours are called what is nobody else's business."""
        if records._name.startswith(OWN_MODELS) and self.env.user.has_group("base.group_no_one"):
            records = records.browse()
        return super()._make_access_error(operation, records)
