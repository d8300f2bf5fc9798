# ruff: noqa: F821 - `env` comes from odoo shell, `RAMP_URL` and `VISMA_URL` from the command
"""Ramp with Visma.net: the first company's bills are booked and forwarded, those of a second one only forwarded.

Nothing of the second company is booked in Odoo: it has no chart of accounts.
"""

FLOWS = {
    "ramp": ("coding", "vendors", "bills", "bill_files", "results"),
    "visma": ("coding", "accounts_push", "suppliers_push", "bills_push", "bill_files_push", "bill_release_push"),
}

books = {connection.provider: connection for connection in env["ml.connection"].search([])}
books["ramp"].write({"target_id": books["visma"].id, "target_mode": "ledger"})

krone = env.ref("base.NOK")
krone.active = True
company = env["res.company"].create({"name": "Northwind Norge", "currency_id": krone.id})
env.ref("base.user_admin").company_ids += company

connections = {}
for provider, url, values in (
    ("ramp", RAMP_URL, {"client_id": "ramp_id_EXAMPLE"}),
    (
        "visma",
        VISMA_URL,
        {"client_id": "isv_EXAMPLE", "tenant_id": "3f1c2d9a-0f6e-4f6b-8a53-0c1f6a2b7e11", "vat_category": "0"},
    ),
):
    connection = env["ml.connection"].create(
        {
            "name": f"{books[provider].name} Norge",
            "provider": provider,
            "company_id": company.id,
            "environment": "custom",
            "custom_url": url,
            "owner_id": env.ref("base.user_admin").id,
        }
    )
    credentials = {credential.name: credential for credential in connection.credential_ids}
    for name, value in values.items():
        credentials[name].value = value
    credentials["client_secret"].new_secret = "example-secret"
    if provider == "visma":
        credentials["webhook_key"].new_secret = "example-signature-key"
    for flow in connection.flow_ids:
        flow.active = flow.key in FLOWS[provider]
        if flow.direction == "push" and flow.kind == "vendor":
            flow.vendor_mode = "when_needed"
    connection.action_test()
    connections[provider] = connection
connections["ramp"].write({"target_id": connections["visma"].id, "target_mode": "bridge"})
