"""The traffic of the flows, judged against what the providers publish by validators that are not ours.

The flows are those of `tests/live`, run against the sandboxes and recorded there.
"""

import contextlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import requests
from contract.contradictions import CONTRADICTIONS
from contract.judge import PUBLICATIONS, Contradiction, Judgement, contracts, faults, publications
from sandbox import concur, ramp, visma
from sandbox.concur.state import COMPANY_UUID, REQUEST_TOKEN
from sandbox.concur.vendors import VENDOR_GROUPS
from sandbox.traffic import Exchange, Recording, read

from lib import odoo, paths

TRAFFIC = "ML_CONNECTOR_TRAFFIC"
"""Environment variable: a folder with recordings to judge in place of our own."""
FLOORS = {"ramp": (80, 195), "visma": (39, 105), "concur": (25, 135)}
"""Operations exercised and requests judged, by provider; they may rise."""
DEMO_FLOORS = {"ramp": (60, 1000), "visma": (34, 900), "concur": (19, 400)}
"""The same of a recording of the whole demo, whose files are numbered."""
SANDBOXES = {
    "ramp": lambda: ramp.RampSandbox(size="small", base_date=date.today(), settings=ramp.RampSettings(rate_limit=0)),
    "visma": lambda: visma.VismaSandbox(
        size="small", base_date=date.today(), settings=visma.VismaSettings(action_seconds=0.01)
    ),
    "concur": lambda: concur.ConcurSandbox(size="small", base_date=date.today()),
}
CREDENTIALS = {
    "ramp": {"client_id": ramp.CLIENT_ID, "client_secret": ramp.CLIENT_SECRET},
    "visma": {
        "client_id": visma.CLIENT_ID,
        "client_secret": visma.CLIENT_SECRET,
        "tenant_id": visma.TENANT_ID,
        "use": "account=6340",
        "vat_category": "0",
    },
    "concur": {
        "client_id": concur.CLIENT_ID,
        "client_secret": concur.CLIENT_SECRET,
        "company_id": COMPANY_UUID,
        "request_token": REQUEST_TOKEN,
        "use": f"group={VENDOR_GROUPS[0]}",
        "lists": "account = GL Accounts; custom1 = Cost Centers; custom2 = Client Projects",
    },
}
SECRETS = {concur.CLIENT_SECRET, ramp.CLIENT_SECRET, visma.CLIENT_SECRET, REQUEST_TOKEN}


def given():
    return os.environ.get(TRAFFIC)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The folder with what the live tests recorded, reading and writing."""
    if given():
        return Path(given())
    folder = tmp_path_factory.mktemp("traffic")
    environment = {
        **os.environ,
        **odoo.SANDBOXES,
        "ML_CONNECTOR_LIVE_WRITE": "1",
        "ML_CONNECTOR_LIVE_WEBHOOKS": "http://127.0.0.1:9",
        "ML_CONNECTOR_LIVE_RECORD": str(folder),
    }
    with contextlib.ExitStack() as stack:
        sandboxes = {key: stack.enter_context(made()) for key, made in SANDBOXES.items()}
        for key, sandbox in sandboxes.items():
            for name, value in {**CREDENTIALS[key], "url": sandbox.url}.items():
                environment[f"ML_CONNECTOR_LIVE_{key}_{name}".upper()] = value
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:odoo", "-p", "no:cacheprovider", "-q", "tests/live"],
            cwd=paths.ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        for sandbox in sandboxes.values():
            assert not sandbox.control.violations()
    return folder


def exchanges_of(recorded, provider):
    return [exchange for path in sorted(recorded.glob(f"{provider}*.jsonl")) for exchange in read(path)]


# Where the whole publications are at hand, they judge as well.
@pytest.fixture(scope="module", params=[contracts, *([publications] if os.environ.get(PUBLICATIONS) else [])])
def documents(request):
    return request.param


@pytest.fixture(scope="module", params=FLOORS)
def provider(request):
    return request.param


@pytest.fixture(scope="module")
def judgement(recorded, documents, provider):
    return Judgement(documents(provider), exchanges_of(recorded, provider))


def test_nothing_differs_but_the_listed(judgement, documents, provider):
    found = faults(judgement, CONTRADICTIONS[provider], published=documents is publications, whole=not given())
    assert not found, "\n".join(found)


def test_both_validators_look_at_every_answer(judgement, documents):
    """What a validator cannot read it lets pass: it has to refuse a wrong answer of each operation.

    Some whole publications are written so that none can read them; for these the contract files serve.
    """
    assert documents is publications or not any(judgement.blind.values()), judgement.blind


def test_what_is_exercised_does_not_sink(judgement, recorded, provider):
    operations, requests = floor(recorded, provider)
    assert len(judgement.operations) >= operations
    assert judgement.requests >= requests


def floor(recorded, provider):
    """Of a tenant's recording nothing is known beforehand."""
    if not given():
        return FLOORS[provider]
    return DEMO_FLOORS[provider] if list(recorded.glob(f"{provider}-*.jsonl")) else (0, 0)


def test_recordings_hold_no_secret(recorded):
    for path in recorded.iterdir():
        text = path.read_text()
        assert text.count("***") and not [secret for secret in SECRETS if secret in text]
        assert set(re.findall(r'_(?:token|secret)\\?"?[:=] ?\\?"?([^"\\&]+)', text)) == {"***"}
        assert "authorization" not in text.lower()


def test_a_sandbox_records_what_reaches_it():
    with SANDBOXES["visma"]() as sandbox:
        recording = Recording().of(sandbox)
        form = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "very secret", "scope": "b"}
        requests.post(f"{sandbox.url}/connect/token", data=form, timeout=10)
        sandbox.control.requests()
        (exchange,) = recording.exchanges
    assert (exchange.method, exchange.path, exchange.status) == ("POST", "/connect/token", 400)
    assert "client_secret=***" in exchange.body and "very" not in exchange.body and exchange.answer


def test_what_is_wrong_is_found_and_the_list_is_kept_short():
    """Without any sandbox: a body of the wrong type, an unknown parameter, an answer that is none, and idle entries."""
    exchange = Exchange(
        method="PUT",
        path="/v1/supplier/50001",
        query=[["nothing", "1"]],
        headers={"content-type": "application/json"},
        body='{"name": {"value": 7}, "invented": 1}',
        status=404,
        answer_headers={"content-type": "application/json"},
        answer="{}",
    )
    judgement = Judgement(contracts("visma"), [exchange, replace(exchange, path="/v1/nowhere")])
    seen = {(violation.judge, violation.side, violation.place) for violation in judgement.violations}
    assert seen >= {
        ("names", "request", "query.nothing"),
        ("names", "request", ""),
        ("openapi-core", "request", "body.name.value"),
        ("openapi-core", "request", "body"),
        ("Prism", "request", "body.name.value"),
    }
    useful = Contradiction(operation="PUT /v1/supplier/{supplierCd}", side="request", reason="An example.")
    idle = Contradiction(operation="GET /v1/supplier", reason="An example.")
    unknown = Contradiction(operation="GET /v1/suppliers", reason="An example.")
    found = faults(judgement, [useful, idle, unknown])
    assert not [fault for fault in found if "body.name" in fault]
    assert [fault for fault in found if "/v1/nowhere" in fault]
    assert [fault.split(":")[0] for fault in found[-2:]] == ["Unused", "Unknown operation"]
