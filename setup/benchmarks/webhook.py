"""The webhook's answer time, seen from outside."""

import hashlib
import hmac
import json
import statistics
import time
import uuid

import requests

BLOCK = 50


def main(server_url, path, secret, blocks, forget):
    """Post events by turns. `forget` makes Odoo forget that a run of the connection's job is asked for."""
    session = requests.Session()
    measured = [block(session, server_url, path, secret, forget) for _ in range(blocks + 1)]
    first, next_, bare = zip(*measured[1:], strict=True)
    return {
        "webhook_p95_vs_bare_route": webhook_p95_vs_bare_route(next_, bare),
        "figures": {
            "webhook_waking_p95_vs_bare_route": webhook_p95_vs_bare_route(first, bare),
            "webhook_p50_ms": 1000 * statistics.median(seconds for times in next_ for seconds in times),
            "webhook_p95_ms": 1000 * statistics.median(map(p95, next_)),
            "webhook_waking_p95_ms": 1000 * statistics.median(map(p95, first)),
            "bare_route_p95_ms": 1000 * statistics.median(map(p95, bare)),
        },
    }


def webhook_p95_vs_bare_route(signed, bare):
    """95th percentile of the seconds until a signed webhook with a new event is answered, against that of a route of
    Odoo with `auth="public"` that does one search as superuser. Both get the same body over the same kept-alive
    connection to the same server (threaded, no scheduled jobs), by turns, in blocks of 50; the median of the ratios of
    all blocks but the first, which warms the caches.

    A run of the connection's job is asked for already, as it is for all events of a burst but the first. The first one
    ("waking") has Odoo wake its scheduler, for which Odoo opens another database connection: see the figures."""
    return statistics.median(p95(these) / p95(those) for these, those in zip(signed, bare, strict=True))


def p95(times):
    return statistics.quantiles(times, n=20)[-1]


def block(session, server_url, path, secret, forget):
    first, next_, bare = [], [], []
    for _ in range(BLOCK):
        forget()
        for times in (first, next_):
            body = event()
            digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {"Content-Type": "application/json", "X-Ramp-Signature": digest}
            times.append(answer_time(session, server_url + path, body, headers))
        bare.append(answer_time(session, f"{server_url}/ml_bench/bare", body, headers))
    return first, next_, bare


def event():
    """A new event, as Ramp sends it."""
    envelope = {
        "id": str(uuid.uuid4()),
        "type": "bills.approved",
        "created_at": "2026-09-30T12:00:00Z",
        "business_id": str(uuid.uuid4()),
        "object": {"id": str(uuid.uuid4())},
    }
    return json.dumps(envelope).encode()


def answer_time(session, url, body, headers):
    started = time.perf_counter()
    answer = session.post(url, data=body, headers=headers, timeout=60)
    elapsed = time.perf_counter() - started
    answer.raise_for_status()
    return elapsed
