"""The Ramp client and provider connected with a sandbox in this process."""

from contextlib import contextmanager

import pytest
from sandbox.ramp import CLIENT_ID, CLIENT_SECRET, RampSandbox, RampSettings
from support.tokens import MemoryTokens

from ml_connector.core import errors as errors
from ml_connector.core.provider import Settings
from ml_connector.providers.ramp import RampProvider, check
from ml_connector.providers.ramp.client import RampClient

NOWHERE = "00000000-0000-4000-8000-000000000000"


def quick(**changes):
    return RampSettings(**{"rate_limit": 0, "webhook_first_delay": 0.01, "challenge_head_start": 0.5, **changes})


@contextmanager
def obeyed_sandbox(**options):
    """A sandbox in which Odoo is the accounting system; all that it answered must have been as the contract says."""
    known = {"size": "small", "seat": "api", "provider": check.OUR_NAME, "settings": quick()}
    with RampSandbox(**{**known, **options}) as running:
        yield running
        assert running.control.violations() == []


def raised(call, *args, **kwargs):
    """The connector's error that a call ends with."""
    with pytest.raises(errors.ConnectorError) as caught:
        call(*args, **kwargs)
    return caught.value


def connect(sandbox, stored=None, capabilities=(), observe=None, options=None, **entered):
    """A provider whose client does not wait."""
    settings = Settings(
        base_url=sandbox.url if sandbox else "http://127.0.0.1:9",
        credentials={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **entered},
        instance="db:7",
        capabilities=frozenset(capabilities),
        stored=stored or {},
        options=options or {},
    )
    made = RampProvider(settings, MemoryTokens(), observe)
    made.__dict__["client"] = RampClient(
        settings.base_url,
        client_id=CLIENT_ID,
        client_secret=settings.credentials["client_secret"],
        scope=check.usable_scopes(settings, RampProvider.default_scopes),
        tokens=made._tokens,
        observe=observe,
        limiter=None,
        sleep=lambda seconds: None,
    )
    return made


def push(made, flow, document, external_id=""):
    """Send one document as the engine would."""
    sender = made.flow(flow)
    payload = sender.render(document)
    if sender.batch < 2:
        return sender.send(payload, external_id, "key")
    (answer,) = sender.send_many([(payload, external_id, "key")])
    if isinstance(answer, errors.ConnectorError):
        raise answer
    return answer
