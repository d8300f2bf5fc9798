"""Helpers of the benchmarks: create a connection, and time the engine's own steps."""

import gc
import statistics
import time
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from odoo.addons.ml_connector.engine.run import Loop

WEBHOOK_SECRET = "example-webhook-secret"


def main(env, sandbox_url):
    """Connect the database to a sandbox, read its codes and vendors; return the values for an external program."""
    admin = env.ref("base.user_admin")
    connection = env["ml.connection"].create(
        {
            "name": "Ramp",
            "provider": "ramp",
            "environment": "custom",
            "custom_url": sandbox_url,
            "owner_id": admin.id,
        }
    )
    credentials = {credential.name: credential for credential in connection.credential_ids}
    credentials["client_id"].value = "ramp_id_EXAMPLE"
    credentials["client_secret"].new_secret = "example-secret"
    connection.action_test()
    connection._cron_run()
    connection.action_start()
    connection._cron_run()
    connection._store_webhook_secret(WEBHOOK_SECRET)
    expires = fields.Datetime.now() + timedelta(days=1)
    key = env["res.users.apikeys"].with_user(admin)._generate("rpc", "bench", expires)
    env.cr.commit()  # pylint: disable=invalid-commit; the server is another process
    return {
        "key": key,
        "webhook_path": f"/ml_connector/webhook/{connection.webhook_token}",
        "webhook_secret": WEBHOOK_SECRET,
    }


def run_inside(connection, work):
    """Begin a run of the connection as its scheduled job does, and do `work(run)` in place of all flows."""
    results = []
    with patch.object(Loop, "work", lambda loop: results.append(work(loop.run))):
        connection._cron_run()
    if not results:
        raise RuntimeError("The run of the connection ended early: the server log has the reason.")
    return results[0]


def flow_of(run, key):
    return run.connection.flow_ids.filtered(lambda flow: flow.key == key)


@contextmanager
def stop_watch(times):
    """Append the seconds of the block to `times`. What earlier blocks left to collect is not charged to it."""
    gc.collect()
    started = time.perf_counter()
    yield
    times.append(time.perf_counter() - started)


def median_ratio(these, those):
    """The median of the ratios of runs that were made one right after the other."""
    return statistics.median(this / that for this, that in zip(these, those, strict=True))
