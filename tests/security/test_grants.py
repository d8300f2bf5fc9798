"""What was granted or entered for one address, company or key is of no use for another."""

import pytest
from cryptography.fernet import Fernet
from sandbox.concur import ConcurSandbox
from sandbox.ramp import RampSandbox
from support.people import open_offices
from support.workers import Workers

from lib import odoo, postgres

CONCUR = """
connection = env["ml.connection"].create(
    {{"name": "Concur", "provider": "concur", "environment": "custom", "custom_url": {url!r}}}
)
credentials = {{credential.name: credential for credential in connection.credential_ids}}
credentials["client_id"].value = "concur_id_EXAMPLE"
credentials["company_id"].value = "070fde04-0000-4000-8000-000000000001"
credentials["client_secret"].new_secret = "example-secret"
credentials["request_token"].new_secret = "example-request-token"
connection.action_test()
"""
ENTER = """
connection = env["ml.connection"].search([])
credentials = {{credential.name: credential for credential in connection.credential_ids}}
for name in {names!r}:
    credentials[name].new_secret = {{"client_secret": "example-secret", "request_token": {token!r}}}[name]
"""
STATE = "c = env['ml.connection'].search([])\nresult = [c.state, c.check_state, str(c.findings)]"
TEST = "env['ml.connection'].search([]).action_test()"
START = "env['ml.connection'].search([]).action_start()"
RUN = "c = env['ml.connection'].search([])\nc.flow_ids.next_run_at = False\nc._cron_run()"


class Concur:
    """A database with one connection to a sandbox of Concur."""

    def __init__(self, database, sandbox):
        self.sandbox = sandbox
        self.workers = Workers(database)
        self.code = self.workers.code
        self.database = database
        self.code(CONCUR.format(url=sandbox.url))
        self.test()
        self.code(START)
        self.code(RUN)

    def test(self):
        """*Test connection*; its result."""
        self.code(TEST)
        self.workers.run()
        return self.code(STATE)[1:]

    def enter(self, *names):
        self.code(ENTER.format(names=names, token=self.sandbox.control.new_request_token()))

    def key_file(self):
        ((uuid,),) = postgres.query(self.database, "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'")
        return odoo.DATA / "ml_connector" / f"{uuid}.keys"


@pytest.fixture
def concur():
    with ConcurSandbox(size="small") as sandbox, odoo.temporary_database("test_grants") as database:
        concur = Concur(database, sandbox)
        try:
            yield concur
        finally:
            concur.workers.close()


def grants(sandbox):
    return sandbox.control.effects("token").get("token", {})


def test_another_environment_is_asked_with_nothing_of_the_first(concur):
    """The grant, its data centre and its documents are those of production."""
    asked = len(concur.sandbox.control.requests())
    with ConcurSandbox(size="small") as other:
        concur.code(f"env['ml.connection'].search([]).custom_url = {other.url!r}")
        assert concur.code(STATE)[:2] == ["draft", "none"]
        concur.code(RUN)
        assert not other.control.requests(), "the secrets of the first one are not sent there"
        concur.code(ENTER.format(names=("client_secret", "request_token"), token=other.control.new_request_token()))
        assert concur.test()[0] in ("ok", "warning")
        concur.code(START)
        concur.code(RUN)
        assert other.control.requests("GET")
    assert len(concur.sandbox.control.requests()) == asked


def test_a_change_of_keys_keeps_a_refresh_token_without_an_access_token(concur):
    concur.enter("client_secret")
    concur.code("env['ml.connection'].action_rotate_keys()")
    assert len(concur.key_file().read_text().split()) == 1
    concur.sandbox.control.end_request_tokens()
    before = grants(concur.sandbox)["refresh_token"] if "refresh_token" in grants(concur.sandbox) else 0
    assert concur.test()[0] in ("ok", "warning")
    assert grants(concur.sandbox)["refresh_token"] == before + 1


@pytest.mark.parametrize("how", ["lost", "another"])
def test_a_lost_key_heals_when_the_credentials_are_entered_again(concur, how):
    if how == "lost":
        concur.key_file().unlink()
    else:
        concur.key_file().write_text(Fernet.generate_key().decode())
    concur.code(RUN)
    assert concur.code(STATE)[0] == "attention"
    concur.enter("client_secret", "request_token")
    state, findings = concur.test()
    assert state in ("ok", "warning"), findings
    concur.code(RUN)
    assert concur.code(STATE)[0] == "connected"


def test_a_refresh_token_that_cannot_be_opened_counts_as_none(concur):
    lost = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
    concur.code(f"env['ml.token'].search([]).write({{'refresh_ciphertext': {lost!r}, 'access_ciphertext': {lost!r}}})")
    concur.enter("request_token")
    state, findings = concur.test()
    assert state in ("ok", "warning"), findings


def test_a_client_secret_does_not_follow_to_another_server():
    """Whoever enters another address does not get what a system administrator entered for the first one."""
    with RampSandbox(size="small") as foreign, open_offices("test_grants_ramp") as offices:
        connection = offices.a.connection
        (secret,) = offices.admin.call(
            "ml.credential", "search", [["connection_id", "=", connection], ["name", "=", "client_secret"]]
        )
        (client,) = offices.admin.call(
            "ml.credential", "search", [["connection_id", "=", connection], ["name", "=", "client_id"]]
        )
        offices.admin.call("ml.credential", "write", [client], {"value": "ramp_id_EXAMPLE"})
        offices.admin.call("ml.credential", "write", [secret], {"new_secret": "example-secret"})
        address = {"environment": "custom", "custom_url": foreign.url}
        offices.a.administrator.refuses("ml.connection", "write", [connection], address)
        offices.admin.call("ml.connection", "write", [connection], address)
        assert not offices.admin.call("ml.credential", "read", [secret], ["is_set"])[0]["is_set"]
        refused = offices.admin.refuses("ml.connection", "action_test", [connection])
        assert "Client Secret" in refused.message
        offices.code(f"env['ml.connection'].browse({connection})._cron_run()")
        assert not foreign.control.requests()
        tracked = offices.rows(
            "SELECT new_value_char FROM mail_tracking_value v JOIN mail_message m ON m.id = v.mail_message_id"
            " WHERE m.model = 'ml.connection' AND m.res_id = %s",
            connection,
        )
        assert (foreign.url,) in tracked
