"""Vendors of Odoo, to Example Books."""

from odoo.addons.ml_connector.core.flow import PushFlow
from odoo.addons.ml_connector.core.remote import SendResult


class VendorsPush(PushFlow):
    key = "vendors_push"
    label = "Vendors to Example Books"
    kind = "vendor"
    sequence = 10
    watches = "res.partner"

    def render(self, vendor):
        return {"reference": str(vendor.odoo_id), "name": vendor.name, "vat": vendor.vat}

    def send(self, payload, external_id, key):
        path = f"/vendors/{external_id}" if external_id else "/vendors"
        row = self.client.ask("PUT" if external_id else "POST", path, payload)
        return SendResult(external_id=row["id"])

    def find(self, payload, key):
        rows = self.client.ask("GET", "/vendors", reference=payload["reference"])["data"]
        return SendResult(external_id=rows[0]["id"], linked=True) if rows else None
