# ruff: noqa: F821 - `env` comes from odoo shell
"""The demo company, with currencies, rates and analytic accounting, and a second one, whose books are in euros."""

company = env.ref("base.main_company")
company.write({"name": "Northwind Trading", "email": "accounting@example.com"})
env.ref("base.user_admin").write({"password": "admin", "name": "Administrator"})
settings = env["res.config.settings"].create({"group_analytic_accounting": True})
settings.execute()

for name, rate in (("EUR", 0.92), ("GBP", 0.79), ("JPY", 148.0)):
    currency = env["res.currency"].with_context(active_test=False).search([("name", "=", name)])
    currency.active = True
    env["res.currency.rate"].create(
        {"currency_id": currency.id, "company_id": company.id, "name": "2020-01-01", "rate": rate}
    )

europe = env["res.company"].create({"name": "Northwind Europe"})
env.ref("base.user_admin").company_ids |= europe
env["account.chart.template"].try_loading("generic_coa", company=europe, install_demo=False)
# the chart has set its own
europe.currency_id = env.ref("base.EUR")
env = env(context={"allowed_company_ids": [europe.id]})

standard = env["account.tax"].search(
    [("company_id", "=", europe.id), ("type_tax_use", "=", "purchase"), ("amount", "=", 15)], limit=1
)
for name, rate in (("0% Exempt", 0), ("21% High", 21)):
    standard.copy({"name": name, "amount": rate})
for name, code, kind in (("Ramp cards", "RCARD", "credit"), ("Paid outside Ramp", "RMAN", "bank")):
    env["account.journal"].create({"name": name, "code": code, "type": kind, "company_id": europe.id})
env["hr.employee"].create({"name": "Hana Nováková", "work_email": "user7@example.com", "company_id": europe.id})
