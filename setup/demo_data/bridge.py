# ruff: noqa: F821 - `env` comes from odoo shell, `RAMP_URL` and `VISMA_URL` from the command
"""Ramp with Visma.net: the first company's bills are booked and forwarded, those of a second one only forwarded.

Nothing of the second company is booked in Odoo: it has no chart of accounts.
"""

from lib.inside import connect, forward_only

books = {connection.provider: connection for connection in env["ml.connection"].search([])}
books["ramp"].write({"target_id": books["visma"].id, "target_mode": "ledger"})

krone = env.ref("base.NOK")
krone.active = True
company = env["res.company"].create({"name": "Northwind Norge", "currency_id": krone.id})
env.ref("base.user_admin").company_ids += company

connections = {
    provider: connect(env, provider, f"{books[provider].name} Norge", url, company, **credentials)
    for provider, url, credentials in (
        ("ramp", RAMP_URL, {}),
        ("visma", VISMA_URL, {"webhook_key": "example-signature-key"}),
    )
}
forward_only(connections["ramp"])
forward_only(connections["visma"], "accounts_push", "bill_release_push")
for connection in connections.values():
    connection.action_test()
connections["ramp"].write({"target_id": connections["visma"].id, "target_mode": "bridge"})
