# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""A Ramp connection to the sandbox at `URL`, and what its records need in Odoo."""

from lib.inside import connect

company = env.ref("base.main_company")

for plan, accounts in (
    (
        "Projects",
        (
            ("P-100", "Website relaunch"),
            ("P-200", "Plant Göteborg"),
            ("P-300", "Internal IT"),
            ("P-400", "R&D Sensor β"),
        ),
    ),
    ("Departments", (("D-10", "Finance"), ("D-20", "Engineering"), ("D-30", "Sales"), ("D-40", "Operations"))),
):
    record = env["account.analytic.plan"].create({"name": plan})
    env["account.analytic.account"].create(
        [{"code": code, "name": name, "plan_id": record.id, "company_id": False} for code, name in accounts]
    )

# as the chart's own tax, so that their amounts go to its account and not to the cost
standard = env["account.tax"].search(
    [("company_id", "=", company.id), ("type_tax_use", "=", "purchase"), ("amount", "=", 15)], limit=1
)
for name, rate in (("0% Exempt", 0), ("21% High", 21)):
    standard.copy({"name": name, "amount": rate})

for name, code, kind in (("Ramp cards", "RCARD", "credit"), ("Paid outside Ramp", "RMAN", "bank")):
    env["account.journal"].create({"name": name, "code": code, "type": kind, "company_id": company.id})

# those who spend: found by the e-mail that Ramp has of them
env["hr.employee"].create(
    [
        {"name": name, "work_email": email, "company_id": company.id}
        for name, email in (
            ("Ada Example", "ada@example.com"),
            ("Björn Lindqvist", "user1@example.com"),
            ("Chloé Martin", "user2@example.com"),
            ("Dmitri Ivanov", "user3@example.com"),
            ("Eiko Satō", "user4@example.com"),
            ("Farah Haddad", "user5@example.com"),
            ("Gil Soares", "user6@example.com"),
            ("Hana Nováková", "user7@example.com"),
        )
    ]
)
env["res.partner"].create(
    {
        "name": "Ramp (card issuer)",
        "is_company": True,
        "supplier_rank": 1,
        "email": "billing@issuer.example.com",
        "street": "28 West 23rd Street",
        "city": "New York",
        "zip": "10010",
        "state_id": env.ref("base.state_us_27").id,
        "country_id": env.ref("base.us").id,
    }
)

env["res.partner"].create(
    [
        {
            "name": name,
            "email": f"ap@{domain}.example.com",
            "is_company": True,
            "supplier_rank": 1,
            "country_id": env.ref(f"base.{country}").id,
            "street": street,
            "city": city,
            "zip": postal_code,
        }
        for name, domain, country, street, city, postal_code in (
            ("Fabrikam Freight GmbH", "fabrikam", "de", "Hafenstraße 1", "Hamburg", "20457"),
            ("Papeterie Étoile SARL", "etoile", "fr", "12 rue des Lilas", "Lyon", "69003"),
            ("Tailspin Toys Ltd", "tailspin", "uk", "5 Mill Lane", "Leeds", "LS1 4AP"),
        )
    ]
)

connection = connect(env, "ramp", "Ramp", URL, company, entity="Example Industries Inc.")
# Odoo's order lines need a product, which Ramp's do not have
connection.flow_ids.with_context(active_test=False).filtered(lambda flow: flow.key == "orders").order_product_id = env[
    "product.product"
].create({"name": "Purchase in Ramp", "type": "service", "purchase_method": "purchase", "supplier_taxes_id": False})
connection.action_test()
