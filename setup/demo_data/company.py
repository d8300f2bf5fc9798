# ruff: noqa: F821 - `env` comes from odoo shell
"""The demo company, with currencies, rates and analytic accounting, and a second one, whose books are in euros."""

from lib.inside import make, make_books_of_ramp

company = env.ref("base.main_company")
company.write({"name": "Northwind Trading", "email": "accounting@example.com"})
env.ref("base.user_admin").write({"password": "admin", "name": "Administrator"})
env["res.config.settings"].create({"group_analytic_accounting": True}).execute()

for name, rate in (("EUR", 0.92), ("GBP", 0.79), ("JPY", 148.0)):
    currency = env["res.currency"].with_context(active_test=False).search([("name", "=", name)])
    currency.active = True
    make(env, "res.currency.rate", "currency_id company_id name rate", (currency.id, company.id, "2020-01-01", rate))

europe = env["res.company"].create({"name": "Northwind Europe"})
env.ref("base.user_admin").company_ids |= europe
env["account.chart.template"].try_loading("generic_coa", company=europe, install_demo=False)
# the chart has set its own
europe.currency_id = env.ref("base.EUR")
env = env(context={"allowed_company_ids": [europe.id]})

make_books_of_ramp(env)
make(env, "hr.employee", "name work_email", ("Hana Nováková", "user7@example.com"))
