"""Nobody logs in as the user of a connection, by any door of a running server."""

import pytest
import requests
from support.people import Refused

PASSWORD = "written-by-somebody"


@pytest.fixture(scope="module")
def integration(offices):
    """The user of a connection, with a password and an API key that somebody gave it past Odoo's own ways."""
    return offices.code(
        f"""
user = env["ml.connection"].browse({offices.a.connection}).user_id
user._set_encrypted_password(user.id, user._crypt_context().hash({PASSWORD!r}))
env.cr.execute("SELECT id FROM res_users WHERE login = 'billing_a'")
(person_id,) = env.cr.fetchone()
key = env["res.users.apikeys"].with_user(person_id).sudo()._generate("rpc", "Key", False)
env.cr.execute("UPDATE res_users_apikeys SET user_id = %s WHERE user_id = %s", [user.id, person_id])
result = {{"id": user.id, "login": user.login, "key": key, "groups": user.group_ids.ids}}
"""
    )


@pytest.mark.parametrize("secret", ["password", "key"])
def test_by_the_log_in_page_and_over_rpc(offices, integration, secret):
    server = offices.server
    given = PASSWORD if secret == "password" else integration["key"]
    params = {"db": server.database, "login": integration["login"], "password": given}
    answer = requests.post(
        f"{server.url}/web/session/authenticate", json={"jsonrpc": "2.0", "params": params}, timeout=60
    ).json()
    assert not (answer.get("result") or {}).get("uid"), answer
    arguments = [server.database, integration["id"], given, "res.partner", "search_count", [[]]]
    call = {"jsonrpc": "2.0", "method": "call", "params": {"service": "object", "method": "execute", "args": arguments}}
    answer = requests.post(f"{server.url}/jsonrpc", json=call, timeout=60).json()
    assert "AccessDenied" in answer["error"]["data"]["name"]


def test_by_a_key_in_the_header(offices, integration):
    headers = {"Authorization": f"Bearer {integration['key']}", "X-Odoo-Database": offices.server.database}
    url = f"{offices.server.url}/json/2/res.partner/search_count"
    answer = requests.post(url, json={"domain": []}, headers=headers, timeout=60)
    assert answer.status_code == 401


def test_a_system_administrator_gives_it_no_way_in(offices, integration):
    refused = offices.a.system.refuses("res.users", "action_reset_password", [integration["id"]])
    assert "no password" in refused.message
    with pytest.raises(Refused):
        offices.a.system.call("res.users", "write", [integration["id"]], {"ml_is_integration": False})


def test_nobody_else_chooses_it(offices, integration):
    person = offices.a.administrator
    refused = person.refuses("ml.connection", "write", [offices.a.connection], {"user_id": person.id})
    assert "AccessError" in refused.name
