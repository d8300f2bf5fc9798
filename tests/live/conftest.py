"""Tests against the providers' own tenants: there are none unless the environment names one."""

import sys

import pytest
from tenants import Tenant, configured, writes

collect_ignore = [
    *([] if configured() else ["test_live_reading.py"]),
    *([] if configured() and writes() else ["test_live_writing.py"]),
]


@pytest.fixture(params=configured(), scope="session")
def tenant(request):
    tenant = Tenant(request.param)
    yield tenant
    tenant.close()
    for note in tenant.notes:
        sys.stderr.write(f"{tenant.kind.label}: {note}\n")
