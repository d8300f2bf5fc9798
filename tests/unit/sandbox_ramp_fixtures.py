"""Fixtures of the tests of the Ramp sandbox, loaded as a plugin of pytest."""

import pytest
from sandbox.ramp import RampSandbox
from sandbox_ramp_support import Client, quick


@pytest.fixture
def ramp():
    with RampSandbox(size="small", seat="api", settings=quick()) as running:
        yield running
        assert running.control.violations() == []


@pytest.fixture
def client(ramp):
    return Client(ramp)
