# ruff: noqa: F821 - `env` comes from odoo shell, `URL`, `LISTS_URL` and `COMPANY_ID` from the command
"""A SAP Concur connection to the sandbox at `URL`, another one, of the company `COMPANY_ID`, to that at `LISTS_URL`.

With what their documents need in Odoo.
"""

import json
import urllib.request

company = env.ref("base.main_company")

plan = env["account.analytic.plan"].create({"name": "Cost Centers"})
env["account.analytic.account"].create(
    [
        {"code": code, "name": name, "plan_id": plan.id, "company_id": company.id}
        for code, name in (
            ("CC100", "Sales"),
            ("CC200", "Service"),
        )
    ]
)
plan = env["account.analytic.plan"].create({"name": "Client Projects"})
env["account.analytic.account"].create(
    [
        {"code": code, "name": name, "plan_id": plan.id, "company_id": company.id}
        for code, name in (
            ("PRJ7", "Project 7"),
            ("PRJ8", "Relaunch Göteborg"),
        )
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


def connect(name, company, url, company_id, lists=""):
    """A connection to a sandbox."""
    connection = env["ml.connection"].create(
        {
            "name": name,
            "provider": "concur",
            "company_id": company.id,
            "environment": "custom",
            "custom_url": url,
            "owner_id": env.ref("base.user_admin").id,
        }
    )
    credentials = {credential.name: credential for credential in connection.credential_ids}
    credentials["client_id"].value = "concur_id_EXAMPLE"
    credentials["client_secret"].new_secret = "example-secret"
    credentials["company_id"].value = company_id
    credentials["request_token"].new_secret = "example-request-token"
    credentials["lists"].value = lists
    # the sandbox signs with a key of its own
    credentials["webhook_key"].value = json.load(urllib.request.urlopen(f"{url}/_control/public_key", timeout=10))
    connection.action_test()
    return connection


connect(
    "Concur",
    company,
    URL,
    "070fde04-0000-4000-8000-000000000001",
    "account = GL Accounts; custom1 = Cost Centers; custom2 = Client Projects",
)

# a company for which the Financial Integration Service is not switched on
branch = env["res.company"].create({"name": "Example Branch"})
env["account.chart.template"].try_loading("generic_coa", company=branch, install_demo=False)
by_list = connect("Concur by list", branch, LISTS_URL, COMPANY_ID)
for flow in by_list.flow_ids:
    flow.active = flow.key in ("vendors", "payment_requests")
