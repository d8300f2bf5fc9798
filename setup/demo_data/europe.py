# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""The connection of the second company with its entity of the Ramp business."""

company = env["res.company"].search([("name", "=", "Northwind Europe")])
env = env(context={"allowed_company_ids": [company.id]})

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
