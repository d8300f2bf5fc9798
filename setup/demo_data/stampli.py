# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""A Stampli connection to the file server that `URL` names, and vendors, an order and a receipt for its feeds."""

from lib.inside import connect, make_vendors
from lib.sandbox import control

account = control(URL, "account")
company = env.ref("base.main_company")

vendors = make_vendors(
    env,
    ("Northwind Paper Co.", "ap@northwind.example", "10 Mill Rd", "Albany", "12207", "state_us_27"),
    ("Zażółć Gęślą Sp. z o.o.", "faktury@zazolc.example", "ul. Świętojańska 7", "Łódź", "90-001", "pl"),
    ('=Plus Consulting, "Best" & Co', "hello@plus.example", "1 Depot St", "Leeds", "LS1 4DY", "uk"),
)

paper = env["product.product"].create(
    {"name": "A4 paper, 80 g/m²", "default_code": "PAPER-A4", "is_storable": True, "purchase_method": "purchase"}
)
order = env["purchase.order"].create(
    {
        "partner_id": vendors[0].id,
        "company_id": company.id,
        "order_line": [(0, 0, {"product_id": paper.id, "product_qty": 100, "price_unit": 9.5, "tax_ids": [(5,)]})],
    }
)
order.button_confirm()
for move in order.picking_ids.move_ids:
    move.write({"quantity": 60, "picked": True})
order.picking_ids.with_context(skip_backorder=True).button_validate()

keys = ("host", "port", "username", "private_key")
connection = connect(env, "stampli", "Stampli", company=company, **{name: account[name] for name in keys})
connection.feed_template_ids.company_code = "ACME-US"
# The key comes from the machine itself; in real life a person compares its fingerprint at the first test.
connection.stored_settings = {"host_keys": [account["host_key"]]}
connection.action_test()
