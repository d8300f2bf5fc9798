"""How long a Ramp bill takes to be an invoice in Visma.net, forwarded without an entry in Odoo."""

import statistics
import time

import requests

from lib.inside import connect, forward_only
from lib.sandbox import control

from .webhook import SECRET, signed_event

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
    ramp._store_webhook_secret(SECRET)
    # a run that was requested before the server started begins a minute later
    env["ir.cron.trigger"].search([]).unlink()
    env["ir.cron"].search([("id", "not in", (ramp | visma).cron_id.ids)]).active = False
    env.cr.commit()  # pylint: disable=invalid-commit; the server is another process
    return {"webhook_path": f"/ml_connector/webhook/{ramp.webhook_token}"}


def _connection(env, provider, url):
    connection = connect(env, provider, provider, url)
    forward_only(connection)
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
        "vendor_id": control(urls["ramp"], "vendors")[0]["id"],
        "invoice_number": reference,
        "currency": "USD",
        "lines": [{"amount": "120.50", "memo": "Paper", "coding": [["gl", "gl-600000"]]}],
    }
    bill = control(urls["ramp"], "add_bill", **made)
    time.sleep(PAUSE)
    body, headers = signed_event("bills.ready_to_sync", bill)
    started = time.perf_counter()
    requests.post(webhook_url, data=body, headers=headers, timeout=PATIENCE).raise_for_status()
    while not any(row["supplierReference"] == reference for row in control(urls["visma"], "invoices")):
        if time.perf_counter() - started > PATIENCE:
            raise RuntimeError(f"{reference} did not arrive in {PATIENCE} s: the server log has the reason.")
        time.sleep(0.02)
    return time.perf_counter() - started
