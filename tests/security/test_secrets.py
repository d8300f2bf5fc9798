"""A secret that was entered once is found nowhere again: not in the database, the logs, the answers or the errors."""

import base64
import contextlib
import json
import subprocess

import pytest
from sandbox.ramp import CLIENT_ID
from support.books import LONG_SECONDS, connected_books
from support.echo import EchoServer
from support.rpc import Rpc
from support.webhooks import subscribe

from lib import odoo, postgres

SECRET = "PLANTEDclientSecret7Qx"
WRONG = "PLANTEDwrongSecret8Ry"
TYPED = "PLANTEDtypedSecret9Sz"
ECHOED = "PLANTEDechoedToken5Tw"
DEBUG = {"log_handler": ":INFO,odoo.addons.ml_connector:DEBUG,odoo.http:DEBUG"}
ALWAYS = None
FAULTS = (
    {"kind": "error", "status": 401},
    {"kind": "error", "status": 403},
    {"kind": "error", "status": 500, "when": "after"},
    {"kind": "html", "status": 502},
    {"kind": "html"},
    {"kind": "hang", "seconds": 0.4},
    {"kind": "reset"},
    {"kind": "truncate"},
    {"kind": "token_revoked"},
)
NO_ACCESS = ("ml.credential", "ciphertext"), ("ml.token", "access_ciphertext"), ("ml.sync.log", "payload")


class Remembering(dict):
    """A dict that never forgets a key."""

    def __init__(self):
        super().__init__()
        self.ever = set()

    def __setitem__(self, key, value):
        self.ever.add(key)
        super().__setitem__(key, value)


class Vault:
    """Every secret there was, and what came out of the product in which none may be found.

    :ivar secrets: {what it is: its value}
    :ivar found: {where: text}
    """

    def __init__(self):
        self.secrets = {"client secret": SECRET, "wrong secret": WRONG, "typed": TYPED, "echoed token": ECHOED}
        self.found = {}

    def leaks(self, where):
        """Which secrets a text shows, plainly or in base64."""
        text = self.found[where]
        return [name for name, value in self.secrets.items() if any(form in text for form in _forms(value))]


def _forms(value):
    for plain in (value, f"{CLIENT_ID}:{value}"):
        # the last group of base64 depends on what follows
        yield base64.b64encode(plain.encode()).decode().rstrip("=")[:-2]
    yield value


@pytest.fixture(scope="module")
def vault():
    """Run every flow well, and into every failure; then collect all that the product says and stores."""
    vault = Vault()
    with connected_books("security_secrets", secret=SECRET) as books:
        books.sandbox.state.tokens = Remembering()
        books.control.revoke_tokens()
        flows_that_end_well(books, vault)
        flows_that_fail(books)
        credentials_that_are_wrong(books)
        errors_that_repeat_what_was_sent(books)
        answers_to_users(books, vault)
        remember_secrets(books, vault)
        vault.found["database"] = dump(books.database)
        vault.found["log of the workers"] = books.workers.log.read_text()
        vault.found["files"] = "".join(
            path.read_bytes().decode("latin-1")
            for path in (odoo.DATA / "filestore" / books.database).rglob("*")
            if path.is_file()
        )
    return vault


def flows_that_end_well(books, vault):
    with odoo.with_server(books.database, max_cron_threads=1, **DEBUG) as server:
        books.switch("vendors_push", True)
        sender = subscribe(books, server)
        books.add_bill(paid=True)
        books.add_partner()
        body = sender.body()
        sender.post(body, sender.signature(body, "guessed"))
        sender.send(body, {"X-Ramp-Signature": sender.secret})
        sender.post(b"{" + sender.secret.encode())
        books.wait_until_settled()
        books.workers.code("env['ml.connection'].action_rotate_keys()")
        assert books.value("SELECT count(*) FROM account_payment") > 0
        vault.found["log of the server"] = server.log.read_text()


def flows_that_fail(books):
    """Each fault at every call, to Ramp's token endpoint, too."""
    for fault in FAULTS:
        books.add_bill(paid=True)
        books.add_partner()
        books.control.revoke_tokens()
        # all that is done gets its token in the same way
        run_everything(books, {**fault, "path": "/developer/*"}, dry_runs=1)
        run_everything(books, {**fault, "path": "/developer/v1/[!t]*"})


def run_everything(books, fault, dry_runs=None):
    """Test, dry runs (of all flows, or the first `dry_runs`) and all flows, while a fault strikes."""
    books.pass_time(LONG_SECONDS)
    books.workers.code(
        "connection = env['ml.connection'].search([])\n"
        "connection.action_test()\n"
        f"env['ml.dry.run'].create([{{'flow_id': flow.id}} for flow in connection.flow_ids[:{dry_runs}]])\n"
        "connection.flow_ids.next_run_at = False"
    )
    if fault:
        books.control.add_fault(times=ALWAYS, **fault)
    books.workers.run(patches={"read_timeout": 0.15})
    books.control.clear_faults()


def set_secret(books, secret):
    books.workers.code(
        "credentials = env['ml.connection'].search([]).credential_ids\n"
        f"credentials.filtered(lambda credential: credential.name == 'client_secret').new_secret = {secret!r}"
    )


def credentials_that_are_wrong(books):
    set_secret(books, WRONG)
    run_everything(books, None)
    assert "wrong" in books.value("SELECT attention_reason FROM ml_connection")
    set_secret(books, SECRET)


def errors_that_repeat_what_was_sent(books):
    """Another server in Ramp's place quotes the credentials in its errors."""
    with EchoServer() as echo:
        books.move_to(echo.url)
        for echo.token in (None, ECHOED):
            for echo.as_html in (False, True):
                for echo.status in (400, 401, 403, 404, 500):
                    run_everything(books, None)
    books.move_to(books.sandbox.url)


def answers_to_users(books, vault):
    """All that an administrator can read, in every way there is; what he types is not repeated either."""
    key = books.workers.code(
        "import datetime\n"
        "admin = env.ref('base.user_admin')\n"
        "end = datetime.datetime.now() + datetime.timedelta(days=1)\n"
        "result = env['res.users.apikeys'].with_user(admin)._generate('rpc', 'test', end)"
    )
    names = [row["model"] for row in books.rows("SELECT model FROM ir_model WHERE model LIKE 'ml.%' AND NOT abstract")]
    with odoo.with_server(books.database, max_cron_threads=0, **DEBUG) as server:
        rpc = Rpc(server)
        answers = [answer for name in names for answer in everything_of(rpc, key, name)]
        answers += [rpc.call(model, "search_read", [], [field]) for model, field in NO_ACCESS]
        answers += what_is_typed(rpc)
        vault.found["answers"] = "\n".join(answers)
        vault.found["log of the second server"] = server.log.read_text()


def everything_of(rpc, key, name):
    fields = json.loads(rpc.call(name, "fields_get"))["result"]
    assert "display_name" in fields
    ids = json.loads(rpc.call(name, "search", []))["result"]
    yield rpc.call(name, "read", ids, list(fields))
    yield rpc.call(name, "search_read", [])
    yield rpc.call(name, "web_search_read", [], {field: {} for field in fields})
    yield rpc.call(name, "web_read", ids, {field: {} for field in fields})
    yield rpc.call(name, "export_data", ids, list(fields))
    yield rpc.call(name, "default_get", list(fields))
    yield rpc.json2(key, name, "search_read", domain=[], fields=list(fields))
    for record in ids[:1]:
        yield rpc.call(name, "copy_data", [record])


def what_is_typed(rpc):
    """The answer to saving a new secret does not repeat it, whether it is taken or refused."""
    shown = {"new_secret": {}, "value": {}, "is_set": {}, "display_name": {}}
    domain = [["is_secret", "=", True], ["is_internal", "=", False]]
    (credential,) = json.loads(rpc.call("ml.credential", "search", domain))["result"]
    yield rpc.call("ml.credential", "web_save", [credential], {"new_secret": TYPED}, shown)
    yield rpc.call("ml.credential", "write", [credential], {"new_secret": TYPED, "no_such_field": 1})
    yield rpc.call("ml.credential", "onchange", [credential], {"new_secret": TYPED}, ["new_secret"], shown)
    yield rpc.call("ml.credential", "search_read", domain)


def remember_secrets(books, vault):
    vault.secrets |= {f"token {number}": value for number, value in enumerate(books.sandbox.state.tokens.ever)}
    vault.secrets |= {
        f"webhook secret {number}": item.secret for number, item in enumerate(books.sandbox.state.subscriptions)
    }
    uuid = books.value("SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'")
    keys = (odoo.DATA / "ml_connector" / f"{uuid}.keys").read_text().split()
    vault.secrets |= {f"key {number}": key for number, key in enumerate(keys)}


def dump(database):
    command, environment = ["pg_dump", database], postgres.client_environment()
    return subprocess.run(command, capture_output=True, check=True, env=environment).stdout.decode("utf-8", "replace")


def test_every_kind_of_secret_was_there(vault):
    kinds = {name.rstrip("0123456789 ") for name in vault.secrets}
    assert kinds == {"client secret", "wrong secret", "typed", "echoed token", "token", "webhook secret", "key"}
    assert len([name for name in vault.secrets if name.startswith("token ")]) > 3


@pytest.mark.parametrize(
    "where",
    ("database", "files", "answers", "log of the server", "log of the second server", "log of the workers"),
)
def test_no_secret_is_found(vault, where):
    assert len(vault.found[where]) > 1000
    assert not vault.leaks(where)


def test_a_secret_would_be_found(vault):
    """The search itself works: the marks of what is no secret are all over the place."""
    vault.secrets["client id"] = CLIENT_ID
    with contextlib.ExitStack() as stack:
        stack.callback(vault.secrets.pop, "client id")
        assert vault.leaks("database") == vault.leaks("answers") == ["client id"]


def test_failures_were_told(vault):
    """Every failure left a sentence that a person can read, with the credentials cut out of it."""
    assert "***" in vault.found["database"]
    assert "the client ID or the client secret is wrong" in vault.found["database"]
    assert "access refused" in vault.found["answers"].lower()
