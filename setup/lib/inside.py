"""For scripts inside Odoo: connections to the sandboxes, with the credentials that these accept."""

CREDENTIALS = {
    "ramp": {"client_id": "ramp_id_EXAMPLE", "client_secret": "example-secret"},
    "concur": {
        "client_id": "concur_id_EXAMPLE",
        "client_secret": "example-secret",
        "company_id": "070fde04-0000-4000-8000-000000000001",
        "request_token": "example-request-token",
    },
    "visma": {
        "client_id": "isv_EXAMPLE",
        "client_secret": "example-secret",
        "tenant_id": "3f1c2d9a-0f6e-4f6b-8a53-0c1f6a2b7e11",
        "vat_category": "0",
    },
    "stampli": {},
}


def connect(env, provider, name, url=None, company=None, **credentials):
    """Return a new connection to a sandbox."""
    connection = env["ml.connection"].create(
        {
            "name": name,
            "provider": provider,
            "company_id": (company or env.company).id,
            "owner_id": env.ref("base.user_admin").id,
            **({"environment": "custom", "custom_url": url} if url else {}),
        }
    )
    found = {credential.name: credential for credential in connection.credential_ids}
    for key, value in (CREDENTIALS[provider] | credentials).items():
        found[key]["new_secret" if found[key].is_secret else "value"] = value
    return connection


def forward_only(connection, *more):
    """Activate only the flows that forward bills from Ramp to Visma.net, and `more`."""
    flows = {
        "ramp": ("coding", "vendors", "bills", "bill_files", "results"),
        "visma": ("coding", "suppliers_push", "bills_push", "bill_files_push"),
    }[connection.provider]
    for flow in connection.flow_ids:
        flow.active = flow.key in (*flows, *more)
        if flow.direction == "push" and flow.kind == "vendor":
            flow.vendor_mode = "when_needed"
