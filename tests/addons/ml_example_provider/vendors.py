"""Vendors of Odoo, to Example Books."""

from odoo.addons.ml_connector.core.flow import FlowSpec
from odoo.addons.ml_connector.core.provider import SendResult

VENDORS = FlowSpec(
    key="vendors_push",
    label="Vendors to Example Books",
    direction="push",
    kind="vendor",
    sequence=10,
    watches="res.partner",
)


class Vendors:
    def __init__(self, provider):
        self._client = provider.client

    def render(self, vendor):
        return {"reference": str(vendor.odoo_id), "name": vendor.name, "vat": vendor.vat}

    def send(self, payload, external_id, key):
        path = f"/vendors/{external_id}" if external_id else "/vendors"
        row = self._client.ask("PUT" if external_id else "POST", path, payload)
        return SendResult(external_id=row["id"])

    def find(self, payload, key):
        rows = self._client.ask("GET", "/vendors", reference=payload["reference"])["data"]
        return SendResult(external_id=rows[0]["id"], linked=True) if rows else None
