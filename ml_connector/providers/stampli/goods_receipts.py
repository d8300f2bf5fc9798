"""Odoo's goods receipts, to Stampli."""

from ...core.flow import Column
from ...core.messages import _
from .columns import DailyFiles, to_stampli


class GoodsReceipts(DailyFiles):
    key = "purchase_receipts"
    label = _("Goods Receipts")
    sequence = 50
    after = ("vendors", "purchase_orders")
    help = _("Sends receipts and returns of goods, which Stampli matches with invoices.")
    template = to_stampli(
        entity="purchase_receipts",
        model="stock.picking",
        lines="move_ids",
        lines_domain="[('purchase_line_id', '!=', False)]",
        domain="[('state', '=', 'done'), ('move_ids.purchase_line_id', '!=', False)]",
        document_element="Receipt",
        columns=(
            Column(label="ReceiptNumber", name="id", path="name", type="code", required=True),
            Column(label="ReceiptDate", path="date_done", type="date", required=True),
            Column(
                label="VendorId",
                expression="code",
                argument="purchase_line_id.order_id.partner_id",
                type="code",
                on_line=True,
                required=True,
            ),
            Column(label="PONumber", path="purchase_line_id.order_id.name", type="code", on_line=True),
            Column(label="POLineId", expression="own_id", argument="purchase_line_id", type="code", on_line=True),
            Column(label="POLineNumber", expression="order_line_number", type="code", on_line=True),
            Column(label="ReceiptLineId", expression="own_id", type="code", on_line=True, required=True),
            Column(label="ItemCode", path="product_id.default_code", type="code", on_line=True),
            Column(
                label="QuantityReceived", expression="received_quantity", type="decimal", on_line=True, required=True
            ),
            Column(label="UnitOfMeasure", path="product_uom.name", on_line=True),
            Column(label="ReceiptStatus", path="state", type="code"),
            Column(label="UpdatedAt", path="write_date", type="datetime", on_line=True),
        ),
    )
