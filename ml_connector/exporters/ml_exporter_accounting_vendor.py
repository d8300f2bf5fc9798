from odoo import models

from ..core.documents import Vendor
from ..core.own_ids import own_id


class MlExporterAccountingVendor(models.AbstractModel):
    _name = "ml.exporter.accounting_vendor"
    _inherit = "ml.exporter.vendor"
    _description = "Accounting Vendor Exporter"
    _reads = ("name", "ref", "active", "supplier_rank", "parent_id", "company_id")

    def _document(self, flow, record):
        return Vendor(
            external_id="",
            odoo_id=own_id(record),
            name=record.name or "",
            reference=record.ref or "",
            active=record.active,
            in_books=True,
        )
