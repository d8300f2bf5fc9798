"""The share of Ramp's rate limit that sending uses, and the cost of a sync without changes."""

import time

from lib.sandbox import control

from .engine import flow_of, run_inside, stop_watch, sync
from .feeds import make_vendors
from .specimens import Specimens

WINDOW_SECONDS = 10
VENDORS_PUSH = "vendors_push"


def push(env, sandbox_url, count, limit):
    """Send `count` vendors to a sandbox that takes `limit` requests in ten seconds."""
    connection = env["ml.connection"].search([])
    flow = connection.flow_ids.filtered(lambda flow: flow.key == VENDORS_PUSH)
    flow.active = True
    make_vendors(env, count, state_id=env.ref("base.state_us_27").id)
    # calls of another process count in the provider's window too, and this process does not know of them
    time.sleep(WINDOW_SECONDS)
    already = len(control(sandbox_url, "requests"))
    seconds = []
    run_inside(connection, lambda run: send_all(run, seconds))
    sent = control(sandbox_url, "requests")[already:]
    if env["ml.sync.log"].search_count([("flow_id", "=", flow.id), ("state", "=", "done")]) < count:
        raise RuntimeError("Not all vendors were sent.")
    if any(answer["status"] == 429 for answer in sent):
        raise RuntimeError("The rate limit was exceeded.")
    return {
        "push_rate_vs_limit": push_rate_vs_limit(len(sent), seconds[0], limit),
        "figures": {"pushed_vendors_per_second": count / seconds[0]},
    }


def push_rate_vs_limit(requests_sent, seconds, limit):
    """Requests a second while all vendors were queued, rendered, sent and bound, against those that the provider allows
    in the long run."""
    return (requests_sent / seconds) / (limit / WINDOW_SECONDS)


def send_all(run, seconds):
    with stop_watch(seconds):
        sync(run, VENDORS_PUSH)


def noop(env, sandbox_url, count, rounds=3):
    """Sync `count` known bills, against reading them from the sandbox."""
    connection = env["ml.connection"].search([])
    Specimens(env, sandbox_url).add_to_sandbox(count)
    return run_inside(connection, lambda run: noop_sync(run, count, rounds))


def noop_sync(run, count, rounds):
    """Seconds of a whole pull that finds nothing new (read, compare with what is known, commit) against those of
    reading the same pages with the client alone: the smallest of several rounds each."""
    flow = flow_of(run, "bills")
    run.work_of(flow).read()
    logs = run.env["ml.sync.log"].search([("flow_id", "=", flow.id)])
    if len(logs) < count:
        raise RuntimeError("Not all bills were stored.")
    logs.write({"state": "done"})
    looking, reading = [], []
    for _ in range(rounds):
        with stop_watch(looking):
            run.work_of(flow).read()
        run.env.invalidate_all()
        with stop_watch(reading):
            for selection in ({"sync_ready": True}, {"is_archived": True}):
                for _rows in run.provider.flow("bills").listed(**selection):
                    pass
    if run.env["ml.sync.log"].search_count([("flow_id", "=", flow.id), ("state", "!=", "done")]):
        raise RuntimeError("Something was stored again.")
    return {
        f"noop_sync_{count // 1000}k_seconds_ratio": min(looking) / min(reading),
        "figures": {"noop_sync_seconds": min(looking), "reading_seconds": min(reading)},
    }
