from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from odoo.addons.ml_connector.providers import PROVIDERS

from .common import ConnectorCase

MARKER = "marker-0123456789-secret"


@tagged("post_install", "-at_install")
class TestSecrets(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.secret = cls.connection.credential_ids.filtered("is_secret")
        cls.secret.new_secret = MARKER

    def test_secret_is_write_only(self):
        answer = self.secret.web_save({"new_secret": MARKER}, {name: {} for name in ("new_secret", "is_set", "set_at")})
        self.assertNotIn(MARKER, str(answer))
        self.assertTrue(answer[0]["is_set"])
        readable = [name for name, field in self.secret._fields.items() if field.groups != "."]
        self.assertNotIn(MARKER, str(self.secret.read(readable)))
        self.assertEqual(self.secret._plaintext(), MARKER)

    def test_a_secret_can_be_taken_away(self):
        """In the form, by its button, and written empty, for every provider; what was granted for it goes too."""
        ways = (
            lambda secret: secret.write({"new_secret": False}),
            lambda secret: secret.write({"new_secret": ""}),
            lambda secret: secret.write({"new_secret": " "}),
            lambda secret: secret.action_remove_secret(),
            lambda secret: secret.connection_id.write({"credential_ids": [(1, secret.id, {"new_secret": False})]}),
        )
        admin = self.env.ref("base.user_admin")
        for provider in PROVIDERS:
            connection = self.env["ml.connection"].create({"name": provider, "provider": provider})
            connection._close_breaker()
            for secret in connection.credential_ids.filtered("is_secret"):
                for number, take_away in enumerate(ways):
                    secret.new_secret = MARKER
                    connection.breaker_count = 3
                    with self.subTest(provider=provider, secret=secret.name, way=number):
                        take_away(secret.with_user(admin))
                        self.assertFalse(secret.is_set or secret.set_by_id or secret.ciphertext)
                        self.assertEqual((secret._plaintext(), connection.breaker_count), ("", 0))

    def test_who_takes_a_secret_away_is_on_record(self):
        admin = self.env.ref("base.user_admin")
        self.secret.with_user(admin).action_remove_secret()
        attempt = self.env["ml.sync.attempt"].search([("connection_id", "=", self.connection.id)], limit=1)
        self.assertEqual((attempt.action, attempt.user_number), ("remove_secret", admin.id))

    def test_a_secret_that_is_not_written_is_kept(self):
        self.secret.connection_id.write({"name": "Renamed", "credential_ids": [(1, self.secret.id, {"sequence": 7})]})
        self.assertEqual(self.secret._plaintext(), MARKER)

    def test_what_a_secret_is_kept_as_cannot_be_read_by_anybody(self):
        with self.assertRaises(AccessError):
            self.secret.with_user(self.env.ref("base.user_admin")).read(["ciphertext"])
        self.env.flush_all()
        self.env.cr.execute("SELECT ml_credential::text FROM ml_credential")
        self.assertNotIn(MARKER, str(self.env.cr.fetchall()))

    def test_only_system_administrators_see_and_remove_credentials(self):
        manager = self.new_user("manager", self.company, "ml_connector.group_ml_connector_manager")
        secret = self.secret.with_user(manager)
        for attempt in (
            lambda: self.connection.with_user(manager).read(["credential_ids"]),
            lambda: secret.read(["value"]),
            secret.action_remove_secret,
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_copy_of_a_connection_has_no_secrets(self):
        copy = self.connection.copy({"name": "Copy"})
        self.assertFalse(copy.credential_ids.filtered("is_secret").is_set)
        self.assertEqual(copy.state, "draft")

    def test_new_connection_offers_the_credentials_of_its_vendor(self):
        with Form(self.env["ml.connection"]) as form:
            form.provider = "fake"
            form.environment = "sandbox"
            form.name = "From the form"
            self.assertEqual(len(form.credential_ids), 2)
        self.assertEqual(form.record.credential_ids.mapped("name"), ["client_id", "client_secret"])
