"""What the tests of the addon's pure parts share."""

import pytest
from support import pure  # noqa: F401 - the addon without Odoo
from support.script import Script
from visma_support import provider_of


@pytest.fixture
def script():
    server = Script()
    yield server
    server.close()


@pytest.fixture
def visma(sandbox):
    """The provider that is connected to the Visma.net sandbox of the test."""
    return provider_of(sandbox)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Loopback is reached directly, whatever the machine's settings are."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
