# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""A Ramp connection to the sandbox at `URL`, and what its records need in Odoo."""

from lib.inside import connect, make, make_books_of_ramp, make_plan, make_vendors

company = env.ref("base.main_company")

projects = {"P-100": "Website relaunch", "P-200": "Plant Göteborg", "P-300": "Internal IT", "P-400": "R&D Sensor β"}
make_plan(env, "Projects", projects)
make_plan(env, "Departments", {"D-10": "Finance", "D-20": "Engineering", "D-30": "Sales", "D-40": "Operations"})
make_books_of_ramp(env)

make(
    env,
    "hr.employee",
    "name work_email",
    # those who spend: found by the e-mail that Ramp has of them
    ("Ada Example", "ada@example.com"),
    ("Björn Lindqvist", "user1@example.com"),
    ("Chloé Martin", "user2@example.com"),
    ("Dmitri Ivanov", "user3@example.com"),
    ("Eiko Satō", "user4@example.com"),
    ("Farah Haddad", "user5@example.com"),
    ("Gil Soares", "user6@example.com"),
    ("Hana Nováková", "user7@example.com"),
)
make_vendors(
    env,
    ("Ramp (card issuer)", "billing@issuer.example.com", "28 West 23rd Street", "New York", "10010", "state_us_27"),
    ("Fabrikam Freight GmbH", "ap@fabrikam.example.com", "Hafenstraße 1", "Hamburg", "20457", "de"),
    ("Papeterie Étoile SARL", "ap@etoile.example.com", "12 rue des Lilas", "Lyon", "69003", "fr"),
    ("Tailspin Toys Ltd", "ap@tailspin.example.com", "5 Mill Lane", "Leeds", "LS1 4AP", "uk"),
)

connection = connect(env, "ramp", "Ramp", URL, company, entity="Example Industries Inc.")
# Odoo's order lines need a product, which Ramp's do not have
connection.flow_ids.with_context(active_test=False).filtered(lambda flow: flow.key == "orders").order_product_id = env[
    "product.product"
].create({"name": "Purchase in Ramp", "type": "service", "purchase_method": "purchase", "supplier_taxes_id": False})
connection.action_test()
