"""The keys of the secrets: made once, never lost, on one host and on several."""

import contextlib
import shutil

import pytest
from cryptography.fernet import Fernet
from support import copies
from support.workers import Workers

from lib import odoo, postgres

CONNECT = """
connection = env["ml.connection"].create({{"name": {name!r}, "provider": "ramp", "environment": "sandbox"}})
connection.credential_ids.filtered("is_secret").new_secret = {name!r}
"""
MAKE = """
for number in range(4):
    env["ml.connection"].create({"name": str(number), "provider": "ramp", "environment": "sandbox"})
"""
ENTER = """
import os
for connection in env["ml.connection"].search([]):
    env.cr.execute("SELECT pg_try_advisory_xact_lock(%s)", [connection.id])
    if env.cr.fetchone()[0]:
        break
connection.credential_ids.filtered("is_secret").new_secret = str(os.getpid())
"""
ALL_OPEN = """
from odoo.addons.ml_connector.vault import secret_box
secrets = env["ml.credential"].search([("is_secret", "=", True), ("set_at", "!=", False)])
result = [bool(secret._plaintext()) for secret in secrets]
result += [bool(secret_box.decrypt(env, record[name])) for record, name in secret_box.ciphertexts(env)]
"""
ROTATE = "env['ml.connection'].action_rotate_keys()"
DIES = """
import signal
from odoo.addons.ml_connector.vault import key_ring, secret_box
from odoo.addons.ml_connector.models import ml_credential
def die(*_arguments, **_options):
    os.kill(os.getpid(), signal.SIGKILL)
{place} = die
env["ml.connection"].action_rotate_keys()
"""
PLACES = {
    "before the new key is in the file": "key_ring._written",
    "when the new key is in the file": "type(env['ml.credential'])._encrypt_anew",
    "before the commit": "type(env['ml.credential'])._claim_for_this_host",
    "after the commit": "ml_credential._drop_old_keys",
    "before the old keys go": "secret_box.drop_old_keys",
}


class Host:
    """A host of the database, with a data directory of its own."""

    def __init__(self, database, name, **variables):
        environment, self.data = copies.host(name)
        self.workers = Workers(database, **environment, **variables)
        self.uuid = postgres.query(database, "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'")[0][0]

    @property
    def key_file(self):
        return self.data / "ml_connector" / f"{self.uuid}.keys"

    @property
    def keys(self):
        return self.key_file.read_text().split()

    def code(self, source):
        return self.workers.code(f"import os\n{source}")

    def fails(self, source):
        (ended,) = self.workers.order(f"import os\n{source}")
        return ended.error or ""

    def all_open(self):
        found = self.code(ALL_OPEN)
        return bool(found) and all(found)

    def close(self):
        self.workers.close()
        shutil.rmtree(self.data, ignore_errors=True)


@pytest.fixture
def database():
    with odoo.temporary_database("test_keys") as name:
        yield name


@pytest.fixture
def hosts(database):
    """Makes hosts: `hosts("one")`."""
    with contextlib.ExitStack() as stack:
        yield lambda name, **variables: stack.enter_context(contextlib.closing(Host(database, name, **variables)))


def test_several_processes_make_one_first_key(hosts):
    one = hosts("one")
    one.code(MAKE)
    ended = one.workers.order(ENTER, workers=4)
    assert not [entry.error for entry in ended if entry.error]
    assert len(one.keys) == 1
    assert one.all_open()
    assert one.key_file.stat().st_mode & 0o777 == 0o600


def test_a_second_host_makes_no_key_of_its_own(hosts):
    one, two = hosts("one"), hosts("two")
    one.code(CONNECT.format(name="Ramp"))
    store = "env['ml.connection'].search([])._store_webhook_secret('example')"
    for attempt in (ALL_OPEN, store, CONNECT.format(name="Other"), ROTATE):
        assert "This server has no key for the stored secrets" in two.fails(attempt)
    two.code("env['ml.connection'].search([]).check_state = 'requested'")
    two.workers.run()
    assert "ml_connector_keys" in str(two.code("result = env['ml.connection'].search([]).findings"))
    assert not two.key_file.exists()
    assert one.all_open()
    two.code("env['ml.connection'].action_discard_lost_secrets()")
    two.code("env['ml.connection'].search([]).credential_ids.filtered('is_secret').new_secret = 'entered again'")
    assert two.all_open()
    assert "cannot decrypt" in one.fails(ALL_OPEN)


def test_configured_keys_come_first_and_the_file_still_opens(hosts):
    key = Fernet.generate_key().decode()
    one = hosts("one")
    one.code(CONNECT.format(name="Before"))
    configured = hosts("one", ML_CONNECTOR_KEYS=key)
    assert configured.all_open()
    configured.code(CONNECT.format(name="After") + ROTATE)
    two = hosts("two", ML_CONNECTOR_KEYS=key)
    assert two.all_open()


@pytest.mark.parametrize("content", [b"", b"no key", b"\xff\xfe", None])
def test_a_key_file_that_cannot_be_read_is_a_finding(hosts, content):
    one = hosts("one")
    one.code(CONNECT.format(name="Ramp"))
    if content is None:
        one.key_file.unlink()
        one.key_file.mkdir()
    else:
        one.key_file.write_bytes(content)
    one.code("env['ml.connection'].search([]).check_state = 'requested'")
    one.workers.run()
    state, findings = one.code("c = env['ml.connection'].search([])\nresult = [c.check_state, str(c.findings)]")
    assert state == "error" and str(one.key_file) in findings


def test_a_rotation_that_is_killed_loses_nothing(hosts, subtests):
    one = hosts("one")
    one.code(
        CONNECT.format(name="Ramp")
        + """
from odoo.addons.ml_connector.vault import secret_box
connection._store_webhook_secret("webhook")
env["ml.token"].search([]).refresh_ciphertext = secret_box.encrypt(env, "refresh, without an access token")
"""
    )
    for place, name in PLACES.items():
        with subtests.test(place):
            (ended,) = one.workers.order("import os\n" + DIES.format(place=name))
            assert ended.was_killed
            assert one.all_open()
    first = set(one.keys)
    one.code(ROTATE)
    assert len(one.keys) == 1 and not first & set(one.keys)
    assert one.all_open()


def test_what_is_stored_while_the_keys_change_is_opened_afterwards(hosts):
    """One process has used the old key and not committed yet when the other one changes it."""
    one = hosts("one")
    one.code(CONNECT.format(name="Ramp"))
    old = one.keys
    one.code(
        CONNECT.format(name="Meanwhile")
        + """
from odoo import SUPERUSER_ID, api
env.flush_all()
with env.registry.cursor() as cr:
    api.Environment(cr, SUPERUSER_ID, {})["ml.connection"].action_rotate_keys()
"""
    )
    assert set(old) < set(one.keys)
    assert one.all_open()
    one.code("env['ml.credential']._gc_old_keys()")
    assert not set(old) & set(one.keys)
    assert one.all_open()


def test_uninstalling_takes_the_keys_along(hosts):
    one = hosts("one")
    one.code(CONNECT.format(name="Ramp"))
    other = one.key_file.with_name("of-another-database.keys")
    other.write_text("key")
    one.code("env['ir.module.module'].search([('name', '=', 'ml_connector')]).button_immediate_uninstall()")
    assert [path.name for path in one.key_file.parent.iterdir()] == [other.name]


def test_uninstalling_in_a_copy_leaves_the_keys_of_the_original(hosts, database):
    one = hosts("one")
    one.code(CONNECT.format(name="Ramp"))
    one.workers.close()
    copy = f"{database}_copy"
    postgres.create(copy, database)
    try:
        second = Host(copy, "one")
        second.code("env['ir.module.module'].search([('name', '=', 'ml_connector')]).button_immediate_uninstall()")
        second.workers.close()
    finally:
        odoo.drop_database(copy)
    assert one.key_file.exists()
