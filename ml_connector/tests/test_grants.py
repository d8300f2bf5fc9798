from odoo.tests import Form, tagged

from odoo.addons.ml_connector.models.ml_token import GRANT_FIELDS
from odoo.addons.ml_connector.vault import secret_box

from .common import ConnectorCase
from .common_feed import FeedCase


class GrantMixin:
    def grant(self):
        """As after the provider granted access."""
        token = self.env["ml.token"].search([("connection_id", "=", self.connection.id)])
        sealed = {f"{name}_ciphertext": secret_box.encrypt(self.env, name) for name in ("access", "refresh")}
        until = dict.fromkeys(("expires_at", "refresh_expires_at"), "2099-01-01")
        token.write(
            {**sealed, **until, "location": "https://us.vendor.example.com", "scope": "all", "grant_key": "key"}
        )
        return token

    def assert_gone(self, token):
        self.assertFalse(any(token[name] for name in GRANT_FIELDS))


@tagged("post_install", "-at_install")
class TestAddress(GrantMixin, ConnectorCase):
    def secrets(self):
        return self.connection.credential_ids.filtered("is_secret")

    def test_a_changed_address_ends_secrets_and_grants(self):
        changes = (
            {"environment": "production"},
            {"environment": "custom", "custom_url": "https://vendor.example.com"},
            {"custom_url": "https://other.example.com"},
            {"custom_url": "https://other.example.com:8443"},
            {"custom_url": "https://other.example.com:8443/tenant"},
            {"environment": "sandbox"},
        )
        for change in changes:
            self.secrets().new_secret = "example-secret"
            self.connection.write({"state": "connected", "check_state": "ok", "webhook_state": "active"})
            self.connection.write({"webhook_subscription": "of the old address", "stored_settings": {"entity_id": "1"}})
            self.connection._store_webhook_secret("webhook")
            self.flow("bills").cursor = "of the old address"
            token = self.grant()
            with self.subTest(change):
                self.connection.write(change)
                self.assertFalse(self.secrets().is_set or self.secrets().ciphertext)
                self.assert_gone(token)
                self.assertEqual((self.connection.state, self.connection.check_state), ("draft", "none"))
                self.assertEqual(self.connection.next_step, "credentials")
                self.assertEqual(self.connection._webhook_secrets(), [])
                self.assertEqual(self.connection.webhook_state, "none")
                self.assertFalse(self.connection.webhook_subscription or self.connection.stored_settings)
                self.assertFalse(self.flow("bills").cursor)
                self.assertIn("deleted the secrets and tokens for the old URL", self.last_message())

    def last_message(self):
        return self.connection.message_ids.sorted("id")[-1:].body

    def test_the_address_is_tracked(self):
        self.connection.write({"environment": "custom", "custom_url": "https://vendor.example.com"})
        self.env.cr.flush()  # tracking values are written before the commit
        self.connection.custom_url = "https://other.example.com"
        self.env.cr.flush()
        values = self.connection.message_ids.tracking_value_ids
        self.assertIn("https://other.example.com", values.mapped("new_value_char"))

    def test_the_same_address_changes_nothing(self):
        token = self.grant()
        self.connection.write({"environment": "sandbox", "custom_url": "https://not.called.example.com"})
        self.assertTrue(self.secrets().is_set and token.refresh_ciphertext)
        self.assertEqual(self.connection.state, "connected")

    def test_secrets_that_are_typed_with_the_new_address_are_kept(self):
        with Form(self.connection) as form:
            form.environment = "production"
            with form.credential_ids.edit(1) as line:
                line.new_secret = "of production"
        self.assertEqual(self.secrets()._plaintext(), "of production")


@tagged("post_install", "-at_install")
class TestServer(GrantMixin, FeedCase):
    def test_another_server_gets_no_secret(self):
        changes = (
            lambda: self.credential("host").write({"value": "evil.example.com"}),
            lambda: self.credential("port").write({"value": "2222"}),
            lambda: self.credential("host").write({"value": False}),
            lambda: self.connection.write(
                {"credential_ids": [(1, self.credential("host").id, {"value": "evil.example.com"})]}
            ),
            lambda: self.credential("host").unlink(),
        )
        for change in changes:
            for name, value in (("host", "sftp.example.com"), ("port", False)):
                self.credential(name).value = value
            self.credential("password").new_secret = "example-password"
            self.credential("private_key").new_secret = "example-key"
            self.connection.write({"state": "connected", "stored_settings": {"host_keys": ["ssh-ed25519 AAAA"]}})
            change()
            self.assertFalse(self.credential("password").is_set or self.credential("private_key").is_set)
            self.assertFalse(self.connection.stored_settings)
            self.assertEqual(self.connection.state, "draft")

    def test_another_user_of_the_same_server_ends_nothing(self):
        self.credential("username").value = "another"
        self.credential("host").value = "sftp.example.com"
        self.assertTrue(self.credential("password").is_set)

    def test_a_password_that_is_typed_with_the_new_server_is_kept(self):
        host, password = self.credential("host"), self.credential("password")
        typed = (password, {"new_secret": "of the new one"}), (host, {"value": "new.example.com"})
        self.connection.write({"credential_ids": [(1, row.id, values) for row, values in typed]})
        self.assertEqual(password._plaintext(), "of the new one")


@tagged("post_install", "-at_install")
class TestCompanyGrant(GrantMixin, ConnectorCase):
    """SAP Concur's grant outlives its access token."""

    def setUp(self):
        super().setUp()
        self.connection = self.make("ml.connection", name="Concur", provider="concur")

    def test_what_a_grant_is_made_of_ends_it_and_anything_else_the_access_only(self):
        changes = {"request_token": "new_secret", "company_id": "value", "client_id": "value"}
        for name, field in {**changes, "client_secret": "new_secret", "lists": "value"}.items():
            token = self.grant()
            self.credential(name)[field] = "another"
            with self.subTest(name):
                if name in changes:
                    self.assert_gone(token)
                self.assertFalse(token.access_ciphertext)
                self.assertEqual(bool(token.refresh_ciphertext), name not in changes)
        token = self.grant()
        self.credential("lists").value = "another"
        self.assertTrue(token.access_ciphertext, "the same value is no change")
