"""Thousands of webhook events in a burst: the time until Odoo booked their bills, at the provider's rate limit."""

import threading
import time

import requests

from lib import postgres
from lib.sandbox import control

from .specimens import Specimens
from .webhook import signed_event

PATIENCE = 600


def prepare(env, sandbox_url, count):
    """Make bills at the provider, and leave the server nothing else to do."""
    connection = env["ml.connection"].search([])
    Specimens(env, sandbox_url).add_to_sandbox(count)
    # a run that was requested before the server started begins a minute later
    env["ir.cron.trigger"].search([]).unlink()
    env["ir.cron"].search([("id", "!=", connection.cron_id.id)]).active = False
    env.cr.commit()  # pylint: disable=invalid-commit; the server is another process
    return {}


def main(server_url, path, sandbox_url, database, count):
    """Send an event of each bill, and wait until all are booked in the database."""
    bills = [bill["id"] for bill in control(sandbox_url, "bills")]
    sender = threading.Thread(target=send, args=(server_url + path, bills))
    started = time.monotonic()
    sender.start()
    first = wait_for(database, 1, started)
    last = wait_for(database, count, started)
    sender.join()
    answers = control(sandbox_url, "requests")
    if any(answer["status"] == 429 for answer in answers):
        raise RuntimeError("The rate limit was exceeded.")
    return {
        "first_bill_seconds_in_event_storm": first,
        f"event_storm_{count}_seconds": last,
        "figures": {"event_storm_calls": len(answers)},
    }


def send(url, bills):
    session = requests.Session()
    for bill in bills:
        body, headers = signed_event("bills.ready_to_sync", bill)
        session.post(url, data=body, headers=headers, timeout=60).raise_for_status()


def wait_for(database, count, started):
    """Seconds since the first event until so many bills are booked."""
    while (seconds := time.monotonic() - started) < PATIENCE:
        ((booked,),) = postgres.query(database, "SELECT count(*) FROM ml_binding WHERE kind = 'bill'")
        if booked >= count:
            return seconds
        time.sleep(0.2)
    raise RuntimeError(f"Only {booked} of {count} bills were booked in {PATIENCE} seconds.")
