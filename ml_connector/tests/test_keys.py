import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import patch

from cryptography.fernet import Fernet

from odoo.tests import tagged
from odoo.tools import config

from odoo.addons.ml_connector import secret_box
from odoo.addons.ml_connector.exceptions import AuthError
from odoo.addons.ml_connector.signature import RING, AuditKeys

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

    def test_no_key_is_made_beside_secrets_that_none_opens(self):
        self.move_to_host("two")
        with self.assertRaisesRegex(AuthError, "This host has no key that opens the stored secrets"):
            self.secret._plaintext()
        with self.assertRaisesRegex(AuthError, "This host has no key"):
            self.connection._store_webhook_secret("for two")
        self.assertFalse(self.key_file().exists())
        self.move_to_host("one")
        self.assertEqual(self.secret._plaintext(), MARKER)

    def test_configured_keys_and_those_of_the_file_are_read_together(self):
        configured = key()
        self.configure(configured)
        self.assertEqual(self.secret._plaintext(), MARKER)
        self.secret.new_secret = "newer"
        self.assertEqual(Fernet(configured).decrypt(self.secret.ciphertext.encode()), b"newer")

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
            with self.subTest(content), self.assertRaisesRegex(AuthError, str(self.key_file())):
                self.secret._plaintext()
        self.key_file().write_bytes(b"\xff\xfe")
        with self.assertRaisesRegex(AuthError, "cannot be read"):
            self.secret._plaintext()
        self.key_file().unlink()
        self.key_file().mkdir()
        with self.assertRaisesRegex(AuthError, "cannot be read"):
            self.secret._plaintext()
        with patch.object(Path, "read_text", side_effect=PermissionError(13, "Permission denied")):
            with self.assertRaisesRegex(AuthError, "Permission denied"):
                self.secret._plaintext()

    def test_bad_configured_key_is_named(self):
        self.configure("no key")
        with self.assertRaisesRegex(AuthError, secret_box.ENVIRONMENT_VARIABLE):
            self.secret._plaintext()

    def test_rotation_covers_every_ciphertext(self):
        self.token.refresh_ciphertext = secret_box.encrypt(self.env, "refresh")
        self.connection._store_webhook_secret("webhook")
        before = secret_box.RING.keys(self.env)
        self.connection.action_rotate_keys()
        self.assertTrue(secret_box.drop_old_keys(self.env))
        self.assertFalse(set(before) & set(secret_box.RING.keys(self.env)))
        self.assertEqual(self.secret._plaintext(), MARKER)
        self.assertEqual(secret_box.decrypt(self.env, self.token.refresh_ciphertext), "refresh")
        self.assertEqual(self.connection._webhook_secrets(), ["webhook"])

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
        answer = self.connection.action_rotate_keys()
        self.assertIn(self.connection.name, answer["params"]["message"])
        self.assertEqual(answer["params"]["type"], "warning")
        self.assertFalse(secret_box.drop_old_keys(self.env))
        self.assertEqual(self.secret._plaintext(), MARKER)

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
