"""For scripts inside Odoo: records out of tables; connections to the sandboxes, with the credentials they accept."""

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


def make(env, model, fields, *rows):
    """Return new records, one for each row. `fields` names its values, separated by blanks."""
    return env[model].create([dict(zip(fields.split(), row, strict=True)) for row in rows])


def make_vendors(env, *rows):
    """Return new vendors. A row is name, email address, street, city, ZIP code, and a country or state of `base`."""
    vendors = make(env, "res.partner", "name email street city zip", *(row[:5] for row in rows))
    vendors.write({"is_company": True, "supplier_rank": 1})
    for vendor, row in zip(vendors, rows, strict=True):
        place = env.ref(f"base.{row[5]}")
        is_state = place._name == "res.country.state"
        vendor.country_id = place.country_id if is_state else place
        vendor.state_id = is_state and place
    return vendors


def make_plan(env, name, accounts, company=None):
    """Return the analytic accounts (code: name) of a new plan, of one company or of all."""
    plan = env["account.analytic.plan"].create({"name": name})
    rows = [(*account, plan.id, company and company.id) for account in accounts.items()]
    return make(env, "account.analytic.account", "code name plan_id company_id", *rows)


def make_books_of_ramp(env):
    """Make the taxes and journals of the company that its records in Ramp need."""
    purchase_tax = [("company_id", "=", env.company.id), ("type_tax_use", "=", "purchase"), ("amount", "=", 15)]
    # as the chart's own tax, so that their amounts go to its account and not to the cost
    standard = env["account.tax"].search(purchase_tax, limit=1)
    for name, rate in (("0% Exempt", 0), ("21% High", 21)):
        standard.copy({"name": name, "amount": rate})
    journals = (("Ramp cards", "RCARD", "credit"), ("Paid outside Ramp", "RMAN", "bank"))
    make(env, "account.journal", "name code type", *journals)
