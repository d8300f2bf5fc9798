"""Odoo's purchase orders, to Stampli."""

from ...core.flow import Column
from ...core.messages import _
from .columns import DIMENSIONS, DailyFiles, to_stampli, vendor_column


class PurchaseOrders(DailyFiles):
    key = "purchase_orders"
    label = _("Purchase Orders")
    sequence = 40
    after = ("gl_accounts", "dimensions", "vendors")
    help = _("Sends confirmed purchase orders with all their lines.")
    template = to_stampli(
        entity="purchase_orders",
        model="purchase.order",
        lines="order_line",
        lines_domain="[('display_type', '=', False)]",
        domain="[('state', '=', 'purchase'), ('invoice_status', '!=', 'invoiced')]",
        document_element="PurchaseOrder",
        columns=(
            Column(label="PONumber", name="id", path="name", type="code", required=True),
            Column(label="PODate", expression="order_date", type="date"),
            vendor_column("partner_id"),
            Column(label="VendorName", path="partner_id.name"),
            Column(label="Currency", path="currency_id.name", type="code", required=True),
            Column(label="POStatus", name="status", expression="order_status", type="code", required=True),
            Column(label="PaymentTerms", path="payment_term_id.name"),
            Column(label="Buyer", path="user_id.name"),
            Column(label="POTotal", path="amount_untaxed", type="decimal", decimals=2),
            Column(label="LineId", expression="own_id", type="code", on_line=True, required=True),
            Column(label="LineNumber", expression="line_number", type="code", on_line=True),
            Column(label="ItemCode", path="product_id.default_code", type="code", on_line=True),
            Column(label="LineDescription", path="name", on_line=True),
            Column(label="Quantity", path="product_qty", type="decimal", on_line=True, required=True),
            Column(label="UnitOfMeasure", path="product_uom_id.name", on_line=True),
            Column(label="UnitPrice", expression="net_unit_price", type="decimal", on_line=True, required=True),
            Column(label="LineAmount", path="price_subtotal", type="decimal", decimals=2, on_line=True),
            Column(label="QuantityReceived", path="qty_received", type="decimal", on_line=True),
            Column(label="QuantityBilled", path="qty_invoiced", type="decimal", on_line=True),
            Column(label="TaxCode", expression="tax_code", type="code", on_line=True),
            Column(label="GLAccount", expression="expense_account", type="code", on_line=True),
            *(
                Column(label=name, expression="analytic", argument=name, type="code", on_line=True)
                for name in DIMENSIONS
            ),
            Column(label="LineStatus", expression="line_status", type="code", on_line=True),
            Column(label="UpdatedAt", path="write_date", type="datetime", on_line=True),
        ),
    )
