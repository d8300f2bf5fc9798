"""What comes from outside, or from a person, keeps no worker busy and makes the server call nobody inside."""

import time

import pytest
from support.people import open_offices

LONG = 262_144
ROW = """
connection = env["ml.connection"].browse(connection)
flow = connection.with_context(active_test=False).flow_ids[:1]
log = env["ml.sync.log"].create({
    "name": "long", "connection_id": connection.id, "company_id": connection.company_id.id, "flow_id": flow.id,
    "direction": flow.direction, "kind": flow.kind, "state": "failed",
})
log.payload = {"memo": unit * (length // len(unit)), "client_secret": "hidden"}
result = log.id
"""


@pytest.fixture(scope="module")
def offices():
    """On a server that may not call itself, as servers are."""
    with open_offices("test_bounds", ml_connector_allow_loopback=False) as offices:
        yield offices


@pytest.mark.parametrize("unit", ["a", "token", "_", ".", "-", "api_key ", '"', "Bearer "])
def test_a_long_memo_is_shown_at_once(offices, unit):
    row = offices.code(f"connection, unit, length = {offices.a.connection}, {unit!r}, {LONG}\n" + ROW)
    offices.a.administrator.call("ml.sync.log", "read", [row], ["name"])
    started = time.monotonic()
    (found,) = offices.a.administrator.call("ml.sync.log", "read", [row], ["payload_text"])
    assert time.monotonic() - started < 2  # of which the machine's own share is not ours
    assert len(found["payload_text"]) > 100 and "hidden" not in found["payload_text"]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8069",
        "http://localhost:8069",
        "https://localhost",
        "https://[::1]",
        "https://[::ffff:10.0.0.1]",
        "https://10.0.0.1",
        "https://172.16.0.1",
        "https://192.168.1.1",
        "https://169.254.169.254",
        "https://100.64.0.1",
        "https://0.0.0.0",
        "https://224.0.0.1",
        "http://api.example.com",
        "ftp://api.example.com",
        "https://me@api.example.com",
    ],
)
def test_no_connection_is_made_to_an_inner_address(offices, address):
    values = {"environment": "custom", "custom_url": address}
    assert offices.admin.refuses("ml.connection", "write", [offices.a.connection], values).message


def test_a_public_address_is_taken(offices):
    values = {"environment": "custom", "custom_url": "https://api.example.com"}
    assert offices.admin.call("ml.connection", "write", [offices.a.connection], values) is True


@pytest.mark.parametrize("pattern", ["*a*a*a*a*b", "*a" * 90 + "*b", "?*" * 90 + "!"])
def test_rules_are_compared_in_no_time(offices, pattern):
    mapping = offices.code(
        f"""result = env["ml.mapping"].create({{"connection_id": {offices.a.connection}, "kind": "account",
        "external_id": {pattern!r}, "external_code": "a" * 100_000, "external_name": "a"}}).id"""
    )
    account = offices.code(
        f"result = env['account.account'].search([('company_ids', 'in', {offices.a.company})], limit=1).id"
    )
    rule = {"connection_id": offices.a.connection, "kind": "account", "pattern": pattern, "res_id": account}
    made = offices.a.accountant.call("ml.mapping.rule", "create", [rule])
    started = time.monotonic()
    offices.a.accountant.call("ml.mapping.rule", "action_apply", made)
    assert time.monotonic() - started < 5
    (found,) = offices.a.accountant.call("ml.mapping", "read", [mapping], ["state"])
    assert found["state"] == "unmapped"
    refused = offices.a.accountant.refuses("ml.mapping.rule", "write", made, {"pattern": "*a" * 500})
    assert "characters" in refused.message
