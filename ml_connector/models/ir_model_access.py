from odoo import models


class IrModelAccess(models.Model):
    _inherit = "ir.model.access"

    def _make_access_error(self, model, mode):
        return noting(super()._make_access_error(model, mode), model, mode)


def noting(error, model, operation):
    """Add the refused model and operation to an access error, whose text may name records."""
    error.ml_refused = (model, operation)
    return error
