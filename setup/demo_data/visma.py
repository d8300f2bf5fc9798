# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""A Visma.net connection to the sandbox at `URL`: Odoo's posted bills go to the ledger there."""

connection = env["ml.connection"].create(
    {
        "name": "Visma.net",
        "provider": "visma",
        "company_id": env.ref("base.main_company").id,
        "environment": "custom",
        "custom_url": URL,
        "owner_id": env.ref("base.user_admin").id,
    }
)
credentials = {credential.name: credential for credential in connection.credential_ids}
credentials["client_id"].value = "isv_EXAMPLE"
credentials["client_secret"].new_secret = "example-secret"
credentials["tenant_id"].value = "3f1c2d9a-0f6e-4f6b-8a53-0c1f6a2b7e11"
credentials["vat_category"].value = "0"
credentials["webhook_key"].new_secret = "example-signature-key"
connection.action_test()
