"""The webhook's answer time, seen from outside."""

import hashlib
import hmac
import json
import statistics
import time
import uuid

import requests

BLOCK = 50


def main(server_url, path, secret, blocks):
    session = requests.Session()
    pairs = [block(session, server_url, path, secret) for _ in range(blocks + 1)]
    signed, bare = zip(*pairs[1:], strict=True)
    return {
        "webhook_p95_vs_bare_route": webhook_p95_vs_bare_route(signed, bare),
        "figures": {
            "webhook_p50_ms": 1000 * statistics.median(time for times in signed for time in times),
            "webhook_p95_ms": 1000 * statistics.median(map(p95, signed)),
            "bare_route_p95_ms": 1000 * statistics.median(map(p95, bare)),
        },
    }


def webhook_p95_vs_bare_route(signed, bare):
    """95th percentile of the seconds until a signed webhook with a new event is answered, against that of a route of
    Odoo with `auth="public"` that does one search as superuser. Both get the same body over the same kept-alive
    connection to the same server (threaded, no scheduled jobs), by turns, in blocks of 50; the median of the ratios of
    all blocks but the first, which warms the caches."""
    return statistics.median(p95(these) / p95(those) for these, those in zip(signed, bare, strict=True))


def p95(times):
    return statistics.quantiles(times, n=20)[-1]


def block(session, server_url, path, secret):
    signed, bare = [], []
    for _ in range(BLOCK):
        body = event()
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Ramp-Signature": digest}
        signed.append(seconds(session, server_url + path, body, headers))
        bare.append(seconds(session, f"{server_url}/ml_bench/bare", body, headers))
    return signed, bare


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


def seconds(session, url, body, headers):
    started = time.perf_counter()
    answer = session.post(url, data=body, headers=headers, timeout=60)
    elapsed = time.perf_counter() - started
    answer.raise_for_status()
    return elapsed
