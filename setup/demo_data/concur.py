# ruff: noqa: F821 - `env` comes from odoo shell, `URL`, `LISTS_URL` and `COMPANY_ID` from the command
"""A SAP Concur connection to the sandbox at `URL`, another one, of the company `COMPANY_ID`, to that at `LISTS_URL`.

With what their documents need in Odoo.
"""

from lib.inside import connect
from lib.sandbox import control

company = env.ref("base.main_company")

plan = env["account.analytic.plan"].create({"name": "Cost Centers"})
env["account.analytic.account"].create(
    [
        {"code": code, "name": name, "plan_id": plan.id, "company_id": company.id}
        for code, name in (("CC100", "Sales"), ("CC200", "Service"))
    ]
)
plan = env["account.analytic.plan"].create({"name": "Client Projects"})
env["account.analytic.account"].create(
    [
        {"code": code, "name": name, "plan_id": plan.id, "company_id": company.id}
        for code, name in (("PRJ7", "Project 7"), ("PRJ8", "Relaunch Göteborg"))
    ]
)

env["account.account"].create(
    [
        {"code": code, "name": name, "account_type": account_type}
        for code, name, account_type in (
            ("141100", "Cash advances to employees", "asset_current"),
            ("201110", "Company cards", "liability_current"),
            ("201120", "Expenses paid by the company", "liability_current"),
        )
    ]
)
env["res.partner"].create(
    {
        "name": "Example Card Bank",
        "is_company": True,
        "supplier_rank": 1,
        "email": "cards@bank.example.com",
        "street": "5 Harbour Square",
        "city": "New York",
        "zip": "10004",
        "state_id": env.ref("base.state_us_27").id,
        "country_id": env.ref("base.us").id,
    }
)


def connect_to(name, company, url, **credentials):
    # the sandbox signs with a key of its own
    connection = connect(env, "concur", name, url, company, webhook_key=control(url, "public_key"), **credentials)
    connection.action_test()
    return connection


connect_to("Concur", company, URL, lists="account = GL Accounts; custom1 = Cost Centers; custom2 = Client Projects")

# a company for which the Financial Integration Service is not switched on
branch = env["res.company"].create({"name": "Example Branch"})
env["account.chart.template"].try_loading("generic_coa", company=branch, install_demo=False)
by_list = connect_to("Concur by list", branch, LISTS_URL, company_id=COMPANY_ID)
for flow in by_list.flow_ids:
    flow.active = flow.key in ("vendors", "payment_requests")
