import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import config

from odoo.addons.ml_connector.core.errors import AuthError
from odoo.addons.ml_connector.vault import secret_box, signature
from odoo.addons.ml_connector.vault.signature import RING, AuditKeys

from .common import ConnectorCase

MARKER = "marker-0123456789-secret"


def key():
    return Fernet.generate_key().decode()


@tagged("post_install", "-at_install")
class TestKeys(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.secret = self.connection.credential_ids.filtered("is_secret")
        self.move_to_host("one")
        # the first key is made where nothing is stored yet
        for record, name in secret_box.ciphertexts(self.env):
            record[name] = False
        self.secret.new_secret = MARKER
        self.token = self.env["ml.token"].search([("connection_id", "=", self.connection.id)])

    def move_to_host(self, name):
        """As on a host whose data directory is another one."""
        if not hasattr(self, "folder"):
            self.folder = tempfile.TemporaryDirectory()
            self.addCleanup(self.folder.cleanup)
        folder = Path(self.folder.name) / name
        folder.mkdir(exist_ok=True)
        self.enterContext(patch.dict(config.options, {"data_dir": str(folder)}))

    def configure(self, *keys):
        self.enterContext(patch.dict("os.environ", {secret_box.ENVIRONMENT_VARIABLE: ",".join(keys)}))

    def key_file(self):
        return secret_box.RING.path(self.env)

    def sealed(self, text):
        return secret_box.encrypt(self.env, text)

    def assert_unreadable(self, text=""):
        with self.assertRaisesRegex(AuthError, text):
            self.secret._plaintext()

    def enter_again(self):
        self.secret.new_secret = "entered again"
        self.assertEqual(self.secret._plaintext(), "entered again")

    def test_configured_keys_come_first_and_those_of_the_file_are_read_too(self):
        configured = key()
        with patch.dict("os.environ", {secret_box.ENVIRONMENT_VARIABLE: configured}):
            self.assertEqual(self.secret._plaintext(), MARKER)
            self.secret.new_secret = "newer"
            self.assertEqual(self.secret._plaintext(), "newer")
        self.assertEqual(Fernet(configured).decrypt(self.secret.ciphertext.encode()), b"newer")
        self.assert_unreadable()

    def test_several_processes_make_one_first_key(self):
        self.move_to_host("two")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _number: secret_box.RING.make(self.env), range(8)))
        self.assertEqual(len(secret_box.RING.keys(self.env)), 1)
        self.assertEqual([path.name for path in self.key_file().parent.iterdir()], [self.key_file().name])
        self.assertEqual(self.key_file().stat().st_mode & 0o777, 0o600)

    def test_bad_key_files_are_named(self):
        for content in ("", "no key", key() + "\nno key"):
            self.key_file().write_text(content)
            with self.subTest(content):
                self.assert_unreadable(str(self.key_file()))
        self.key_file().write_bytes(b"\xff\xfe")
        self.assert_unreadable("is damaged")
        self.key_file().unlink()
        self.key_file().mkdir()
        self.assert_unreadable("cannot read")
        with patch.object(Path, "read_text", side_effect=PermissionError(13, "Permission denied")):
            self.assert_unreadable("Permission denied")

    def test_bad_configured_key_is_named(self):
        self.configure("no key")
        self.assert_unreadable(secret_box.ENVIRONMENT_VARIABLE)

    def test_rotation_covers_every_ciphertext_and_makes_the_old_key_useless(self):
        self.token.refresh_ciphertext = self.sealed("refresh")
        self.connection._store_webhook_secret("webhook")
        before = secret_box.RING.keys(self.env)
        self.connection.action_rotate_keys()
        self.assertTrue(secret_box.drop_old_keys(self.env))
        self.assertFalse(set(before) & set(secret_box.RING.keys(self.env)))
        self.assertEqual(self.secret._plaintext(), MARKER)
        self.assertEqual(secret_box.decrypt(self.env, self.token.refresh_ciphertext), "refresh")
        self.assertEqual(self.connection._webhook_secrets(), ["webhook"])
        with patch.object(secret_box.RING, "in_file", return_value=before), self.assertRaises(AuthError):
            self.secret._plaintext()

    def test_old_keys_stay_while_they_are_needed(self):
        old = secret_box.encrypt(self.env, "made meanwhile")
        self.connection.action_rotate_keys()
        self.token.access_ciphertext = old
        self.assertFalse(secret_box.drop_old_keys(self.env))
        self.assertEqual(secret_box.decrypt(self.env, old), "made meanwhile")

    def test_what_cannot_be_opened_is_named(self):
        lost = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
        self.token.refresh_ciphertext = lost
        with self.assertRaises(AuthError):
            secret_box.rotate(self.env, lost)
        before = secret_box.RING.keys(self.env)
        with self.assertRaisesRegex(UserError, self.connection.name):
            self.connection.action_rotate_keys()
        self.assertEqual(secret_box.RING.keys(self.env), before)
        self.secret.new_secret = MARKER  # whoever enters the credentials again is rid of it
        self.connection.action_rotate_keys()
        self.assertTrue(secret_box.drop_old_keys(self.env))

    def test_no_key_is_made_beside_secrets_that_none_opens(self):
        """Whatever is done on another host."""
        self.move_to_host("two")
        for error, message, work in (
            (AuthError, "no key for the stored secrets", self.secret._plaintext),
            (AuthError, "no key", lambda: self.connection._store_webhook_secret("for two")),
            (UserError, "", self.connection.action_rotate_keys),
            (UserError, "no key for the stored secrets", lambda: self.secret.write({"new_secret": "for two"})),
        ):
            with self.assertRaisesRegex(error, message):
                work()
            self.assertFalse(self.key_file().exists())
        self.move_to_host("one")
        self.assertEqual(self.secret._plaintext(), MARKER)

    def test_a_rotation_takes_no_key_that_another_one_made_meanwhile(self):
        secret_box.RING.add(self.env)
        newest = secret_box.RING.keys(self.env)[0]
        secret_box.RING.add(self.env)
        secret_box.RING.drop_older(self.env, newest)
        self.assertEqual(secret_box.RING.keys(self.env)[1:], [newest])

    def test_lost_keys_heal_when_the_credentials_are_entered_again(self):
        other = self._connect(self.company, "Other")
        for is_gone in (False, True):
            self.token.write({"refresh_ciphertext": self.sealed("refresh"), "location": "https://old"})
            self.connection._store_webhook_secret("webhook")
            self.connection.write({"webhook_state": "active", "breaker_count": 3})
            self.key_file().write_text(key())
            self.assert_unreadable()
            if is_gone:
                self.key_file().unlink()
            self.enter_again()
            self.assertFalse(self.token.refresh_ciphertext)
            self.assertEqual((self.connection.webhook_state, self.connection.breaker_count), ("requested", 0))
            # without a key there was nothing left to be opened of the others either
            others = other.credential_ids.filtered("is_secret")
            self.assertEqual((others.is_set, bool(others.ciphertext)), (not is_gone, not is_gone))
        self.assertFalse(secret_box.lost(self.env))

    def test_a_system_administrator_discards_what_is_lost_on_another_host(self):
        other = self._connect(self.company, "Other")
        self.token.refresh_ciphertext = self.sealed("refresh")
        self.connection._store_webhook_secret("webhook")
        self.connection.webhook_state = "active"
        self.move_to_host("two")
        self.connection.action_test()
        self.run_worker()
        self.assertIn("Discard Lost Secrets", str(self.connection.findings))
        settings = self.env["res.config.settings"].create({})
        self.assertIn(f"{self.connection.name} / {self.secret.label}", settings.ml_lost_secrets)
        manager = self.new_user("manager", self.company, "ml_connector.group_ml_connector_manager")
        with self.assertRaises(AccessError):
            self.env["ml.connection"].with_user(manager).action_discard_lost_secrets()
        told = settings.action_discard_ml_lost_secrets()
        self.assertIn(f"{other.name} / {self.secret.label}", told["params"]["message"])
        self.assertFalse(secret_box.lost(self.env))
        self.assertFalse(self.secret.is_set or self.token.refresh_ciphertext)
        self.assertEqual(self.connection.webhook_state, "requested")
        for connection in self.connection + other:
            decided = self.env["ml.sync.attempt"].search([("connection_id", "=", connection.id)], limit=1)
            self.assertEqual((decided.action, decided.person), ("discard", self.env.user.name))
            self.assertIn(self.secret.label, decided.old_value)
        self.enter_again()
        self.assertChecked("ok")
        settings.invalidate_recordset()
        self.assertFalse(settings.ml_lost_secrets)
        with self.assertRaisesRegex(UserError, "none to discard"):
            settings.action_discard_ml_lost_secrets()
        self.assertEqual(self.secret._plaintext(), "entered again")

    def test_what_a_key_at_hand_opens_is_not_discarded(self):
        other = self._connect(self.company, "Other").credential_ids.filtered("is_secret")
        other.ciphertext = Fernet(key()).encrypt(b"lost").decode()
        self.env["ml.connection"].action_discard_lost_secrets()
        self.assertFalse(other.is_set)
        self.assertEqual(self.secret._plaintext(), MARKER)

    def test_a_key_file_that_cannot_be_read_discards_nothing(self):
        self.key_file().write_text("no key")
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.ml_lost_secrets)
        with self.assertRaisesRegex(UserError, "not a Fernet key"):
            settings.action_discard_ml_lost_secrets()
        self.assertTrue(self.secret.is_set)

    def test_the_check_says_what_is_wrong_with_the_keys(self):
        for file in (None, "", "no key"):
            self.move_to_host("two")
            self.key_file().parent.mkdir(exist_ok=True)
            if file is not None:
                self.key_file().write_text(file)
            self.assertChecked("error")
            self.assertRegex(str(self.connection.findings), "no key for|cannot read|damaged|empty|not a Fernet key")

    def test_a_bad_key_of_the_audit_trail_is_a_finding(self):
        signature.RING.path(self.env).write_text("no key")
        self.put_bill()
        self.connection.sudo().check_state = "requested"
        self.sync()
        self.assertEqual(self.connection.check_state, "error")
        self.assertIn(str(signature.RING.path(self.env)), str(self.connection.findings))
        self.assertFalse(self.remote.calls)

    def test_the_check_asks_for_configured_keys_on_several_hosts(self):
        keys = self.key_file().read_text()
        self.move_to_host("two")
        self.key_file().parent.mkdir()
        self.key_file().write_text(keys)
        self.assertChecked("warning", secret_box.CONFIG_OPTION)
        self.configure(*keys.split())
        self.assertChecked("ok")

    def test_webhooks_whose_secret_is_lost_are_named(self):
        self.connection._store_webhook_secret("webhook")
        self.connection._internal_secrets("webhook_secret").ciphertext = Fernet(key()).encrypt(b"lost").decode()
        self.assertEqual(self.connection._webhook_secrets(), [])
        self.connection.action_test()
        self.run_worker()
        self.assertIn("webhook_secret", str(self.connection.findings))
        self.connection._store_webhook_secret("webhook")
        self.assertEqual(self.connection._webhook_secrets(), ["webhook"])

    def test_signatures_tell_their_key(self):
        keys = AuditKeys(self.env)
        key_id = keys.newest()
        signed = keys.sign(key_id, "an entry")
        self.assertIs(keys.verify(key_id, "an entry", signed), True)
        self.assertIs(keys.verify(key_id, "another", signed), False)
        with patch.dict("os.environ", {RING.variable: key()}):
            more = AuditKeys(self.env)
            newer_id = more.newest()
            self.assertNotEqual(newer_id, key_id)
            self.assertIs(more.verify(key_id, "an entry", signed), True)
        self.assertIsNone(AuditKeys(self.env).verify(newer_id, "an entry", signed))
