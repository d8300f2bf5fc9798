# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""The second entity of the Ramp business as a company of its own, whose books are in euros."""

env.ref("base.EUR").active = True
company = env["res.company"].create({"name": "Northwind Europe"})
env.ref("base.user_admin").company_ids |= company
env["account.chart.template"].try_loading("generic_coa", company=company, install_demo=False)
# the chart has set its own
company.currency_id = env.ref("base.EUR")
env = env(context={"allowed_company_ids": [company.id]})

standard = env["account.tax"].search(
    [("company_id", "=", company.id), ("type_tax_use", "=", "purchase"), ("amount", "=", 15)], limit=1
)
for name, rate in (("0% Exempt", 0), ("21% High", 21)):
    standard.copy({"name": name, "amount": rate})
for name, code, kind in (("Ramp cards", "RCARD", "credit"), ("Paid outside Ramp", "RMAN", "bank")):
    env["account.journal"].create({"name": name, "code": code, "type": kind, "company_id": company.id})
env["hr.employee"].create({"name": "Hana Nováková", "work_email": "user7@example.com", "company_id": company.id})

connection = env["ml.connection"].create(
    {
        "name": "Ramp Europe",
        "provider": "ramp",
        "company_id": company.id,
        "environment": "custom",
        "custom_url": URL,
        "owner_id": env.ref("base.user_admin").id,
    }
)
credentials = {credential.name: credential for credential in connection.credential_ids}
credentials["client_id"].value = "ramp_id_EXAMPLE"
credentials["client_secret"].new_secret = "example-secret"
credentials["entity"].value = "Example Europe B.V."
connection.action_test()
result = connection.id
