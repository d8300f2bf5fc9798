"""Which operations of Ramp's contract the client calls: each method is called, and what it calls is looked up."""

import contextlib
import inspect

import pytest
from sandbox.ramp import RampSandbox

from ml_connector.providers.ramp.client import ROOT, RampClient

SOME_ID = "00000000-0000-4000-8000-000000000001"
NOT_OPERATIONS = {"call", "close", "download", "explain", "fetch_token"}
BESIDES = {f"POST {ROOT}/token", f"GET {ROOT}/webhooks/{{webhook_id}}"}
"""The token, by the tests of the client; and what is read after a refusal, to know whether Ramp has the record."""


class Recorder(RampClient):
    """Notes calls in place of making them."""

    def __init__(self):
        self.calls = []

    def _call_api(self, method, path, **_sending):
        self.calls.append((method, path))
        raise LookupError

    def _pages(self, path, _arranged=None, **_filters):
        self.calls.append(("GET", path))
        return iter(())


def operations():
    """(method of the client, its calls) for each method, with placeholders for what it needs."""
    for name, method in vars(RampClient).items():
        if name.startswith("_") or name in NOT_OPERATIONS or not inspect.isfunction(method):
            continue
        for owner in ("bills", "bills/drafts") if name == "attach" else ("",):
            client = Recorder()
            wanted = [
                parameter
                for parameter in list(inspect.signature(method).parameters.values())[1:]
                if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            ]
            with contextlib.suppress(LookupError):
                method(client, *(owner if parameter.name == "owner" else SOME_ID for parameter in wanted))
            yield name, client.calls


@pytest.fixture(scope="module")
def contract():
    return RampSandbox.contract


def test_each_method_calls_one_operation_of_the_contract(contract):
    for name, calls in operations():
        assert len(calls) == 1, f"{name}: {calls}"
        method, path = calls[0]
        operation, _values = contract.find(method, ROOT + path)
        assert operation, f"{name}: {method} {path} is not in the contract"


def test_the_contract_has_what_the_client_calls_and_nothing_else(contract):
    """So a call of anything else fails: records are hidden and never deleted, and people in Ramp decide about bank
    details, payments, memos and coding."""
    covered = {contract.find(method, ROOT + path)[0].key for _name, ((method, path),) in operations()}
    assert covered | BESIDES == set(contract.operations)
