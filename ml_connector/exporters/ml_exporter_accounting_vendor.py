from odoo import models


class MlExporterAccountingVendor(models.AbstractModel):
    _name = "ml.exporter.accounting_vendor"
    _inherit = "ml.exporter.vendor"
    _description = "Accounting Vendor Exporter"
    _reads = ("name", "ref", "active", "supplier_rank", "parent_id", "company_id")

    def _in_books(self, flow, record):
        return True
