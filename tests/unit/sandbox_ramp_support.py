"""A client for the Ramp sandbox, shared by its tests."""

import requests
from sandbox.ramp import CLIENT_ID, CLIENT_SECRET, RampSettings


class Client(requests.Session):
    """A session for the API of a sandbox."""

    def __init__(self, ramp, scope=None):
        super().__init__()
        self.trust_env = False
        self.base = f"{ramp.url}/developer/v1"
        if scope is None:
            scope = " ".join(ramp.apps[CLIENT_ID].scopes)
        answer = self.post(
            "/token", data={"grant_type": "client_credentials", "scope": scope}, auth=(CLIENT_ID, CLIENT_SECRET)
        )
        self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def request(self, method, url, **options):
        return super().request(method, url if url.startswith("http") else self.base + url, **{"timeout": 10, **options})

    def rows(self, url):
        while url:
            answer = self.get(url).json()
            yield from answer["data"]
            url = answer["page"]["next"]


def quick(**changes):
    return RampSettings(**{"rate_limit": 0, "webhook_first_delay": 0.01, "challenge_head_start": 0.5, **changes})


def code(response):
    return response.json()["error_v2"]["error_code"]


def report(client, sync_type, ids, key, outcome="successful_syncs"):
    items = [{"id": item, "reference_id": f"account.move:{n}"} for n, item in enumerate(ids)]
    if outcome == "failed_syncs":
        items = [{"id": item, "error": {"message": "The account is archived."}} for item in ids]
    return client.post("/accounting/syncs", json={"idempotency_key": key, "sync_type": sync_type, outcome: items})


def ready(client):
    return {row["id"]: row for row in client.rows("/bills?sync_ready=true&page_size=100")}
