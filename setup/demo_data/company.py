# ruff: noqa: F821 - `env` comes from odoo shell
"""The demo company: currencies with rates, and analytic accounting."""

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
