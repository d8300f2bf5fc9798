# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""Less usual records, in the sandbox of Ramp at `URL`.

A stocked order that is billed at another price, a bill in euros that the bank paid in dollars, a bill of which a part
is retained and the bill that releases it, and the photo of a receipt that a phone has taken.
"""

import base64
import io
from functools import partial

from PIL import Image

from lib import sandbox

control = partial(sandbox.control, URL)
connection = env["ml.connection"].search([("provider", "=", "ramp")], order="id", limit=1)
vendors = env["ml.binding"].search([("connection_id", "=", connection.id), ("kind", "=", "vendor")], order="id")


def stocked_order():
    """Ten desks are ordered and received at 120.00, and billed at 125.00."""
    order = env["purchase.order.line"].search([("product_id.name", "=", "Oak desk")]).order_id
    remote = env["ml.binding"].search(
        [("connection_id", "=", connection.id), ("res_model", "=", "purchase.order"), ("res_id", "=", order.id)]
    )
    shown = next(row for row in control("objects", kind="purchase_orders") if row["id"] == remote.external_id)
    vendor = vendors.filtered(lambda binding: binding.res_id == order.partner_id.id)
    control(
        "add_bill",
        vendor_id=vendor.external_id,
        invoice_number="STOCK-1",
        lines=[
            {
                "amount": "1250.00",
                "memo": "Standing desks",
                "quantity": 10,
                "unit_price": "125.00",
                "purchase_order_line_item_id": shown["line_items"][0]["id"],
            }
        ],
        purchase_order_ids=[shown["id"]],
    )


def foreign_bill():
    """The bank took 1,091.37 dollars for 1,000.00 euros, which neither Ramp's rate nor Odoo's gives."""
    bill = control(
        "add_bill",
        vendor_id=vendors[0].external_id,
        invoice_number="FOREIGN-1",
        currency="EUR",
        fx_conversion_rate="1.0842",
        lines=[{"amount": "1000.00", "memo": "Consulting", "coding": [["gl", "600000"]]}],
    )
    control("pay_bills", bill_ids=[bill], debited=["1091.37", "USD"])


def retained_bill():
    for number, line, values in (
        ("RETAINED-1", {"amount": "900.00", "gross": "1000.00", "withheld": "100.00", "memo": "Building works"}, {}),
        ("RETAINED-2", {"amount": "100.00", "memo": "Release"}, {"is_withholding_release": True}),
    ):
        line["coding"] = [["gl", "600000"]]
        control("add_bill", vendor_id=vendors[1].external_id, invoice_number=number, lines=[line], **values)


def photo():
    image = io.BytesIO()
    Image.effect_noise((378, 504), 40).resize((3024, 4032)).save(image, "JPEG")
    booked = env["ml.binding"].search([("res_model", "=", "hr.expense")], order="id", limit=1)
    control("add_receipt", transaction_id=booked.external_id, photo=base64.b64encode(image.getvalue()).decode())


stocked_order()
foreign_bill()
retained_bill()
photo()
for flow in connection.flow_ids.filtered(lambda flow: flow.active and flow.key in ("bills", "payments", "receipts")):
    flow.action_sync_now()
