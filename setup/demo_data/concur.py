# ruff: noqa: F821 - `env` comes from odoo shell, `URL`, `LISTS_URL` and `COMPANY_ID` from the command
"""A SAP Concur connection to the sandbox at `URL`, another one, of the company `COMPANY_ID`, to that at `LISTS_URL`.

With what their documents need in Odoo.
"""

from lib.inside import connect, make, make_plan, make_vendors
from lib.sandbox import control

company = env.ref("base.main_company")

make_plan(env, "Cost Centers", {"CC100": "Sales", "CC200": "Service"}, company)
make_plan(env, "Client Projects", {"PRJ7": "Project 7", "PRJ8": "Relaunch Göteborg"}, company)
make(
    env,
    "account.account",
    "code name account_type",
    ("141100", "Cash advances to employees", "asset_current"),
    ("201110", "Company cards", "liability_current"),
    ("201120", "Expenses paid by the company", "liability_current"),
)
make_vendors(
    env, ("Example Card Bank", "cards@bank.example.com", "5 Harbour Square", "New York", "10004", "state_us_27")
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
