"""The webhook's answer time, seen from outside."""

import hashlib
import hmac
import json
import statistics
import time
import uuid

import requests

BLOCK = 50
SECRET = "example-webhook-secret"


def main(server_url, path, blocks, forget):
    """Post events by turns. `forget` makes Odoo forget that a run of the connection's job is asked for."""
    poster = Poster(server_url, path)
    burst, beside_burst = poster.blocks(blocks)
    waking, beside_waking = poster.blocks(blocks, forget)
    return {
        "webhook_p95_vs_bare_route": webhook_p95_vs_bare_route(burst, beside_burst),
        "figures": {
            "webhook_waking_p95_vs_bare_route": webhook_p95_vs_bare_route(waking, beside_waking),
            "webhook_p50_ms": 1000 * statistics.median(seconds for times in burst for seconds in times),
            "webhook_p95_ms": 1000 * statistics.median(map(p95, burst)),
            "webhook_waking_p95_ms": 1000 * statistics.median(map(p95, waking)),
            "bare_route_p50_ms": 1000 * statistics.median(seconds for times in beside_burst for seconds in times),
            "bare_route_p95_ms": 1000 * statistics.median(map(p95, beside_burst)),
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


class Poster:
    """A provider that sends events over one connection."""

    def __init__(self, server_url, path):
        self.session = requests.Session()
        self.url, self.bare_url = server_url + path, f"{server_url}/ml_bench/bare"

    def blocks(self, count, before=lambda: None):
        """Lists of answer times of webhooks, and of the bare route, block by block; the first block is left out."""
        pairs = [self._block(before) for _ in range(count + 1)]
        return tuple(zip(*pairs[1:], strict=True))

    def _block(self, before):
        signed, bare = [], []
        for _ in range(BLOCK):
            before()
            body, headers = signed_event("bills.approved")
            signed.append(self._answer_time(self.url, body, headers))
            bare.append(self._answer_time(self.bare_url, body, headers))
        return signed, bare

    def _answer_time(self, url, body, headers):
        started = time.perf_counter()
        answer = self.session.post(url, data=body, headers=headers, timeout=60)
        elapsed = time.perf_counter() - started
        answer.raise_for_status()
        return elapsed


def signed_event(kind, object_id=None):
    """Body and headers of a new event, as Ramp sends it."""
    envelope = {
        "id": str(uuid.uuid4()),
        "type": kind,
        "created_at": "2026-09-30T12:00:00Z",
        "business_id": str(uuid.uuid4()),
        "object": {"id": object_id or str(uuid.uuid4())},
    }
    body = json.dumps(envelope).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {"Content-Type": "application/json", "X-Ramp-Signature": digest}
