# ruff: noqa: F821 - `env` comes from odoo shell
"""What a company that buys has in Odoo: accounts, vendors, orders, receipts, bills and employees."""

from datetime import timedelta
from itertools import cycle, product

from odoo import Command, fields

from lib.inside import make, make_plan, make_vendors

company = env.ref("base.main_company")
today = fields.Date.today()

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
CITIES = (
    ("Hamburg", "20457", "de"),
    ("Lyon", "69003", "fr"),
    ("Leeds", "LS1 4AP", "uk"),
    ("Oakland", "94607", "state_us_5"),
    ("Utrecht", "3511 AB", "nl"),
    ("Albany", "12207", "state_us_27"),
)
NAMES = "Adventure, Bellows, Contoso, Datum, Fourth Coffee, Graphic, Humongous, Litware, Lucerne, Proseware".split(", ")
TRADES = "Freight, Tools, Paper, Energy".split(", ")
EXPENSES = (
    "Airfare, Hotels, Meals, Ground transport, Parking, Conferences, Training, Books, Software, Hosting, Telephone, "
    "Internet, Postage, Couriers, Office supplies, Furniture, Cleaning, Repairs, Security, Insurance, Legal fees, "
    "Audit fees, Consulting, Recruiting, Advertising, Trade fairs, Samples, Gifts, Donations, Memberships"
).split(", ")

accounts = [(f"6{number:02}500", name, "expense") for number, name in enumerate(EXPENSES, start=40)]
make(env, "account.account", "code name account_type", *accounts)


def address(name, trade):
    return f"ap@{name.lower().replace(' ', '')}-{trade.lower()}.example.com"


vendors = make_vendors(
    env,
    *(
        (f"{name} {trade}", address(name, trade), f"{number} Mill Lane", *city)
        for number, ((trade, name), city) in enumerate(zip(product(TRADES, NAMES), cycle(CITIES), strict=False), 1)
    ),
)

products = make(
    env,
    "product.product",
    "name type standard_price uom_id",
    ("Standing desk", "consu", 310, env.ref("uom.product_uom_unit").id),
    ("Desk lamp", "consu", 42.5, env.ref("uom.product_uom_unit").id),
    ("Copper wire", "consu", 8.4, env.ref("uom.product_uom_kgm").id),
)
furniture = env["product.category"].create(
    {"name": "Furniture", "property_valuation": "real_time", "property_cost_method": "fifo"}
)
desks = env["product.product"].create(
    {"name": "Oak desk", "is_storable": True, "standard_price": 120, "categ_id": furniture.id}
)
sites = make_plan(env, "Sites", {"S-1": "Hamburg", "S-2": "Albany"})
terms = env.ref("account.account_payment_term_30days")
currencies = [env.ref(f"base.{code}") for code in ("USD", "EUR", "JPY")]


def order(number):
    """Orders of one to three lines, in three currencies; each fifth has a fraction of a kilogram."""
    in_yen = number % 3 == 2
    lines = [
        {
            "product_id": item.id,
            "product_qty": 2 + (number + position) % 7 + (0.25 if position == 2 else 0),
            "price_unit": 900 + number if in_yen else round(item.standard_price * (1 + number / 100), 2),
            "discount": 10 if number % 4 == 1 else 0,
            "tax_ids": [Command.clear()],
            "analytic_distribution": {str(sites[number % 2].id): 100},
        }
        for position, item in enumerate(products if number % 5 == 0 else products[:2])
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
            "raw": PDF,
            "mimetype": "application/pdf",
        }
    )
    bill.action_post()

departments = env["hr.department"].create([{"name": name} for name in ("Finance", "Engineering", "Logistics")])
office = env["hr.work.location"].create(
    {"name": "New York", "address_id": company.partner_id.id, "location_type": "office"}
)
employees = make(
    env,
    "hr.employee",
    "name work_email department_id",
    ("Ines Duarte", "ines@example.com", departments[0].id),
    ("Jonas Berg", "jonas@example.com", departments[1].id),
    ("Kaito Mori", "kaito@example.com", departments[2].id),
    ("Lucía Peña", "lucia@example.com", departments[0].id),
    ("Milan Horák", "milan@example.com", departments[1].id),
    ("Nia Owusu", "nia@example.com", departments[2].id),
)
employees.work_location_id = office
employees[1:].parent_id = employees[0]
# the administrator has one name only, and Ramp wants two
env.ref("base.user_admin").employee_ids.active = False
