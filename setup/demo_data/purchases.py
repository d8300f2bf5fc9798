# ruff: noqa: F821 - `env` comes from odoo shell
"""What a company that buys has in Odoo: accounts, vendors, orders, receipts, bills and employees."""

import base64
from datetime import timedelta

from odoo import Command, fields

company = env.ref("base.main_company")
today = fields.Date.today()

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
CITIES = (
    ("de", "", "Hamburg", "20457"),
    ("fr", "", "Lyon", "69003"),
    ("uk", "", "Leeds", "LS1 4AP"),
    ("us", "base.state_us_5", "Oakland", "94607"),
    ("nl", "", "Utrecht", "3511 AB"),
    ("us", "base.state_us_27", "Albany", "12207"),
)
NAMES = (
    "Adventure",
    "Bellows",
    "Contoso",
    "Datum",
    "Fourth Coffee",
    "Graphic",
    "Humongous",
    "Litware",
    "Lucerne",
    "Proseware",
)
TRADES = ("Freight", "Tools", "Paper", "Energy")

env["account.account"].create(
    [
        {"code": f"6{number:02}500", "name": name, "account_type": "expense", "company_ids": [Command.set(company.ids)]}
        for number, name in enumerate(
            (
                *("Airfare", "Hotels", "Meals", "Ground transport", "Parking", "Conferences", "Training", "Books"),
                *(
                    "Software",
                    "Hosting",
                    "Telephone",
                    "Internet",
                    "Postage",
                    "Couriers",
                    "Office supplies",
                    "Furniture",
                ),
                *(
                    "Cleaning",
                    "Repairs",
                    "Security",
                    "Insurance",
                    "Legal fees",
                    "Audit fees",
                    "Consulting",
                    "Recruiting",
                ),
                *("Advertising", "Trade fairs", "Samples", "Gifts", "Donations", "Memberships"),
            ),
            start=40,
        )
    ]
)

vendors = env["res.partner"]
for number in range(40):
    name, trade = NAMES[number % 10], TRADES[number // 10]
    country, state, city, postal_code = CITIES[number % len(CITIES)]
    vendors |= vendors.create(
        {
            "name": f"{name} {trade}",
            "email": f"ap@{name.lower().replace(' ', '')}-{trade.lower()}.example.com",
            "is_company": True,
            "supplier_rank": 1,
            "country_id": env.ref(f"base.{country}").id,
            "state_id": env.ref(state).id if state else False,
            "street": f"{number + 1} Mill Lane",
            "city": city,
            "zip": postal_code,
        }
    )

kilogram = env.ref("uom.product_uom_kgm")
products = env["product.product"].create(
    [
        {"name": "Standing desk", "type": "consu", "standard_price": 310, "purchase_ok": True},
        {"name": "Desk lamp", "type": "consu", "standard_price": 42.5, "purchase_ok": True},
        {"name": "Copper wire", "type": "consu", "standard_price": 8.4, "purchase_ok": True, "uom_id": kilogram.id},
    ]
)
furniture = env["product.category"].create(
    {"name": "Furniture", "property_valuation": "real_time", "property_cost_method": "fifo"}
)
desks = env["product.product"].create(
    {"name": "Oak desk", "is_storable": True, "standard_price": 120, "purchase_ok": True, "categ_id": furniture.id}
)
plan = env["account.analytic.plan"].create({"name": "Sites"})
sites = env["account.analytic.account"].create(
    [
        {"name": name, "code": code, "plan_id": plan.id, "company_id": False}
        for code, name in (("S-1", "Hamburg"), ("S-2", "Albany"))
    ]
)
terms = env.ref("account.account_payment_term_30days")
currencies = [env.ref(f"base.{code}") for code in ("USD", "EUR", "JPY")]


def order(number):
    """Orders of one to three lines, in three currencies; each fifth has a fraction of a kilogram."""
    lines = [
        {
            "product_id": products[position].id,
            "product_qty": 2 + (number + position) % 7 + (0.25 if position == 2 else 0),
            "price_unit": round(products[position].standard_price * (1 + number / 100), 2)
            if number % 3 != 2
            else 900 + number,
            "discount": 10 if number % 4 == 1 else 0,
            "tax_ids": [Command.clear()],
            "analytic_distribution": {str(sites[number % 2].id): 100},
        }
        for position in range(3)
        if position < 2 or number % 5 == 0
    ]
    made = env["purchase.order"].create(
        {
            "partner_id": vendors[number].id,
            "currency_id": currencies[number % 3].id,
            "payment_term_id": terms.id,
            "date_planned": fields.Datetime.now() + timedelta(days=14),
            "order_line": [Command.create(line) for line in lines[: 1 + number % 3] + lines[2:]],
        }
    )
    made.button_confirm()
    return made


def receive(order, share):
    """Receive all, or a part with a backorder for the rest."""
    picking = order.picking_ids.filtered(lambda picking: picking.state != "done")[:1]
    for move in picking.move_ids:
        part = move.product_uom_qty if share == 1 or move.product_uom_qty % 1 else move.product_uom_qty // 2
        move.quantity = part
        move.picked = True
    picking.with_context(skip_backorder=True, cancel_backorder=False).button_validate()
    return picking


def give_back(picking):
    """Return one piece of the first line."""
    wizard = env["stock.return.picking"].with_context(active_id=picking.id, active_model="stock.picking").create({})
    wizard.product_return_moves.quantity = 0
    wizard.product_return_moves[:1].quantity = 1
    returned = env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
    returned.move_ids.picked = True
    returned.button_validate()


for number in range(32):
    bought = order(number)
    if number < 30:
        received = receive(bought, 1 if number % 3 else 0.5)
        if number == 4:
            give_back(received)

stocked = env["purchase.order"].create(
    {
        "partner_id": vendors[1].id,
        "order_line": [
            Command.create({"product_id": desks.id, "product_qty": 10, "price_unit": 120, "tax_ids": [Command.clear()]})
        ],
    }
)
stocked.button_confirm()
receive(stocked, 1)

for number in range(6):
    bill = env["account.move"].create(
        {
            "move_type": "in_invoice",
            "partner_id": vendors[number].id,
            "ref": f"EX-{2000 + number}",
            "invoice_date": today - timedelta(days=number),
            "invoice_date_due": today + timedelta(days=30 - number),
            "invoice_line_ids": [Command.create({"name": "Maintenance", "quantity": 1, "price_unit": 180 + number})],
        }
    )
    env["ir.attachment"].create(
        {
            "name": f"EX-{2000 + number}.pdf",
            "res_model": bill._name,
            "res_id": bill.id,
            "datas": base64.b64encode(PDF),
            "mimetype": "application/pdf",
        }
    )
    bill.action_post()

departments = env["hr.department"].create([{"name": name} for name in ("Finance", "Engineering", "Logistics")])
office = env["hr.work.location"].create(
    {"name": "New York", "address_id": company.partner_id.id, "location_type": "office"}
)
boss = env["hr.employee"]
for number, (name, mailbox) in enumerate(
    (
        ("Ines Duarte", "ines"),
        ("Jonas Berg", "jonas"),
        ("Kaito Mori", "kaito"),
        ("Lucía Peña", "lucia"),
        ("Milan Horák", "milan"),
        ("Nia Owusu", "nia"),
    )
):
    employee = boss.create(
        {
            "name": name,
            "work_email": f"{mailbox}@example.com",
            "department_id": departments[number % 3].id,
            "work_location_id": office.id,
            "parent_id": boss.id if boss else False,
        }
    )
    boss = boss or employee
# the administrator has one name only, and Ramp wants two
env.ref("base.user_admin").employee_ids.active = False
