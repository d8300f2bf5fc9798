"""How long a Ramp bill takes to be an invoice in Visma.net, forwarded without an entry in Odoo."""

import hashlib
import hmac
import json
import statistics
import time
import uuid

import requests

WEBHOOK_SECRET = "example-webhook-secret"
FLOWS = {
    "ramp": ("coding", "vendors", "bills", "bill_files", "results"),
    "visma": ("coding", "suppliers_push", "bills_push", "bill_files_push"),
}
CODES = {"account": "7790", "tax": "0", "analytic": "segment:1:200"}
PATIENCE = 60
PAUSE = 0.5
"""Pause between two bills, so that the server has nothing else to do."""


# Inside Odoo


def main(env, urls):
    """Connect the database to both sandboxes and read Ramp's records; return the path of webhooks."""
    connections = {provider: _connection(env, provider, url) for provider, url in urls.items()}
    ramp, visma = connections["ramp"], connections["visma"]
    ramp.write({"target_id": visma.id, "target_mode": "bridge"})
    (ramp | visma).action_start()
    _run(ramp, visma)
    for row in env["ml.mapping"].search([("connection_id", "=", ramp.id), ("direction", "=", "forward")]):
        known = [("connection_id", "=", visma.id), ("direction", "=", "in"), ("kind", "=", row.kind)]
        row.code_id = env["ml.mapping"].search([*known, ("external_id", "=", CODES[row.kind])])
    for _round in range(3):
        _run(ramp, visma)
    ramp._store_webhook_secret(WEBHOOK_SECRET)
    # a run that was requested before the server started begins a minute later
    env["ir.cron.trigger"].search([]).unlink()
    env["ir.cron"].search([("id", "not in", (ramp | visma).cron_id.ids)]).active = False
    env.cr.commit()  # pylint: disable=invalid-commit; the server is another process
    return {"webhook_path": f"/ml_connector/webhook/{ramp.webhook_token}"}


def _connection(env, provider, url):
    values = {
        "ramp": {"client_id": "ramp_id_EXAMPLE"},
        "visma": {
            "client_id": "isv_EXAMPLE",
            "tenant_id": "3f1c2d9a-0f6e-4f6b-8a53-0c1f6a2b7e11",
            "vat_category": "0",
        },
    }
    owner = env.ref("base.user_admin")
    connection = env["ml.connection"].create(
        {"name": provider, "provider": provider, "environment": "custom", "custom_url": url, "owner_id": owner.id}
    )
    credentials = {credential.name: credential for credential in connection.credential_ids}
    for name, value in values[provider].items():
        credentials[name].value = value
    credentials["client_secret"].new_secret = "example-secret"
    for flow in connection.flow_ids:
        flow.active = flow.key in FLOWS[provider]
        if flow.direction == "push" and flow.kind == "vendor":
            flow.vendor_mode = "when_needed"
    connection.action_test()
    connection._cron_run()
    return connection


def _run(*connections):
    for connection in connections:
        connection._cron_run()


# From outside


def ramp_to_visma_seconds(server_url, path, urls, count):
    """Seconds from the moment that Ramp's signed webhook of an approved bill is posted until the supplier invoice is in
    Visma.net's sandbox, on a server with nothing else to do: the median of the bills after the first. The webhook is
    answered, the bill read at Ramp, translated, made on hold in Visma and read back; its vendor is there already."""
    times = [_one_bill(server_url + path, urls, number) for number in range(count + 1)][1:]
    return {
        "ramp_to_visma_seconds": statistics.median(times),
        "figures": {"ramp_to_visma_max_seconds": max(times)},
    }


def _one_bill(webhook_url, urls, number):
    reference = f"BENCH-{number}"
    made = {
        "vendor_id": _control(urls["ramp"], "vendors")[0]["id"],
        "invoice_number": reference,
        "currency": "USD",
        "lines": [{"amount": "120.50", "memo": "Paper", "coding": [["gl", "gl-600000"]]}],
    }
    bill = _control(urls["ramp"], "add_bill", **made)
    time.sleep(PAUSE)
    body = json.dumps(
        {
            "id": str(uuid.uuid4()),
            "type": "bills.ready_to_sync",
            "created_at": "2026-09-30T12:00:00Z",
            "business_id": str(uuid.uuid4()),
            "object": {"id": bill},
        }
    ).encode()
    signature = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Ramp-Signature": signature}
    started = time.perf_counter()
    requests.post(webhook_url, data=body, headers=headers, timeout=PATIENCE).raise_for_status()
    while not any(row["supplierReference"] == reference for row in _control(urls["visma"], "invoices")):
        if time.perf_counter() - started > PATIENCE:
            raise RuntimeError(f"{reference} did not arrive in {PATIENCE} s: the server log has the reason.")
        time.sleep(0.02)
    return time.perf_counter() - started


def _control(url, name, **arguments):
    answer = requests.post(f"{url}/_control/{name}", json=arguments, timeout=PATIENCE)
    answer.raise_for_status()
    return answer.json()
