"""Which operations of Ramp's contract the client calls: each method is called, and what it calls is looked up."""

import contextlib
import inspect

import pytest
from sandbox.ramp import RampSandbox

from ml_connector.providers.ramp.client import ROOT, RampClient

SOME_ID = "00000000-0000-4000-8000-000000000001"
NOT_OPERATIONS = {"call", "close", "download", "explain", "fetch_token"}
NOT_CALLED = {
    "the token, by the tests of the client": {"POST /token", "POST /token/revoke"},
    "lists say the same": {
        *("GET /accounting/accounts/{gl_account_id}", "GET /accounting/fields/{field_id}"),
        *("GET /accounting/field-options/{field_option_id}", "GET /accounting/vendors/{vendor_id}"),
        *("GET /accounting/connection", "GET /accounting/connection/{connection_id}"),
        *("GET /entities/{entity_id}", "GET /departments/{department_id}", "GET /locations/{location_id}"),
        *("GET /receipts/{receipt_id}", "GET /webhooks/{webhook_id}"),
        *("GET /vendors/{vendor_id}/contacts/{vendor_contact_id}", "GET /vendors/{vendor_id}/credits"),
        *("GET /memos", "GET /memos/{transaction_id}", "GET /bank-accounts", "GET /bank-accounts/{bank_account_id}"),
    },
    "records are hidden or deactivated, and never deleted": {
        *("DELETE /accounting/accounts/{gl_account_id}", "DELETE /accounting/fields/{field_id}"),
        *("DELETE /accounting/field-options/{field_option_id}", "DELETE /accounting/vendors/{vendor_id}"),
        *("DELETE /accounting/tax/code", "DELETE /accounting/tax/rates/{tax_rate_id}", "DELETE /vendors/{vendor_id}"),
    },
    "bank details and payments are decided in Ramp": {
        *("GET /vendors/{vendor_id}/accounts", "GET /vendors/{vendor_id}/accounts/{bank_account_id}"),
        "POST /vendors/{vendor_id}/accounts/{bank_account_id}/archive",
        "POST /vendors/{vendor_id}/update-bank-accounts",
        *("POST /bills/{bill_id}/hold", "POST /bills/{bill_id}/release"),
    },
    "coding, memos, receipts and places belong to the people in Ramp": {
        *("POST /accounting/codings", "POST /accounting/ready-to-sync", "POST /memos/{transaction_id}"),
        *("POST /receipts", "POST /users/{user_id}/invite", "PATCH /accounting/tax/code"),
        *("PATCH /departments/{department_id}", "PATCH /locations/{location_id}", "GET /vendors/{vendor_id}/children"),
        *("PUT /accounting/field-options/{field_option_id}", "POST /webhooks/mock-webhook-event"),
    },
}
"""Operations of the contract that the client leaves alone, by reason. All others are covered."""


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


def test_every_operation_is_covered_or_left_alone_for_a_reason(contract):
    covered = {contract.find(method, ROOT + path)[0].key for _name, ((method, path),) in operations()}
    left = {operation.replace(" ", f" {ROOT}", 1) for reason in NOT_CALLED.values() for operation in reason}
    assert covered | left == set(contract.operations)
    assert not covered & left
