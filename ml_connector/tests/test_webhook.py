import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import HttpCase, tagged

from odoo.addons.ml_connector.models.ml_credential import WEBHOOK_SECRET

from .common import ConnectorCase
from .fake_provider import FakeProvider

SECRET = "webhook-example-secret"


@tagged("post_install", "-at_install")
class TestWebhook(ConnectorCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connection._set_internal_secret(WEBHOOK_SECRET, SECRET)
        cls.connection.webhook_state = "active"

    def post(self, event, secret=SECRET, token=None, headers=None):
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.url_open(
            f"/ml_connector/webhook/{token or self.connection.webhook_token}",
            data=body,
            headers={
                "X-Signature": FakeProvider.sign(body, secret) if secret else "",
                "Content-Type": "application/json",
                **(headers or {}),
            },
        )

    def events(self):
        return self.env["ml.webhook.event"].search([("connection_id", "=", self.connection.id)])

    def event(self, event_id="event-1", **values):
        return {"id": event_id, "type": "bill.changed", "object": "bill-1", **values}

    def test_signed_event_is_stored_and_read_later(self):
        self.put_bill()
        self.assertEqual(self.post(self.event()).status_code, 200)
        self.assertEqual(self.events().state, "received")
        self.assertFalse(self.remote.calls)
        self.run_worker()
        self.assertEqual(self.events().state, "done")
        self.assertTrue(self.logs("bills"))

    def test_an_event_that_names_no_record_lets_its_flow_read(self):
        self.put_bill()
        self.sync()
        self.remote.put("bills", "bill-2", {**self.remote.items["bills"]["bill-1"].payload, "number": "BILL-2"})
        self.run_worker()
        self.assertEqual(len(self.logs("bills")), 1)
        self.post(self.event(object=""))
        self.run_worker()
        self.assertEqual(self.events().state, "done")
        self.assertEqual(len(self.logs("bills")), 2)

    def test_a_subscription_that_is_not_challenged_counts_at_once(self):
        self.patch(FakeProvider, "challenges_webhooks", False)
        self.connection.webhook_state = "requested"
        self.run_worker()
        self.assertEqual(self.connection.webhook_state, "active")

    def test_replay_is_answered_and_stored_once(self):
        for _repeat in range(3):
            self.assertEqual(self.post(self.event()).status_code, 200)
        self.assertEqual(len(self.events()), 1)

    def test_wrong_missing_and_old_signatures_are_refused(self):
        for secret in ("wrong-secret", "", "an-older-secret"):
            with self.subTest(secret=secret):
                self.assertEqual(self.post(self.event(), secret=secret).status_code, 401)
        self.assertFalse(self.events())

    def test_without_a_secret_nothing_is_accepted(self):
        self.connection._internal_secrets(WEBHOOK_SECRET).unlink()
        self.assertEqual(self.post(self.event(), secret="").status_code, 401)
        self.assertFalse(self.events())

    def test_both_secrets_are_valid_while_the_secret_changes(self):
        self.connection._store_webhook_secret("newer-secret")
        self.assertEqual(self.post(self.event("event-1"), secret=SECRET).status_code, 200)
        self.assertEqual(self.post(self.event("event-2"), secret="newer-secret").status_code, 200)

    def test_old_secret_ends_with_the_confirmation_of_the_new_one(self):
        self.connection.action_subscribe()
        self.run_worker()
        self.post(
            self.event("challenge-1", type="verification", challenge="example"),
            secret="",
            headers={"X-Handshake": self.connection.webhook_handshake},
        )
        self.run_worker()
        self.assertEqual(self.connection.webhook_state, "active")
        self.assertEqual(self.connection._webhook_secrets(), ["webhook-example-secret"])

    def test_body_over_the_limit_is_refused(self):
        self.assertEqual(self.post(b"x" * (1024 * 1024 + 1)).status_code, 413)
        self.assertFalse(self.events())

    def test_unknown_event_type_is_accepted_and_ignored(self):
        self.assertEqual(self.post(self.event(type="something.new")).status_code, 200)
        self.run_worker()
        self.assertEqual(self.events().state, "ignored")
        self.assertFalse(self.logs("bills"))

    def test_garbled_body_is_refused(self):
        self.assertEqual(self.post(b"not json").status_code, 400)

    def test_unknown_token_is_not_found(self):
        self.assertEqual(self.post(self.event(), token="nobody").status_code, 404)

    def test_challenge_needs_the_handshake_of_our_request(self):
        challenge = self.event(type="verification", challenge="example")
        self.assertEqual(self.post(challenge, secret="").status_code, 401)
        self.connection.webhook_state = "unverified"
        answer = self.post(challenge, secret="", headers={"X-Handshake": self.connection.webhook_handshake})
        self.assertEqual(answer.status_code, 200)
        self.run_worker()
        self.assertEqual(self.connection.webhook_state, "active")

    def test_handshake_lets_in_nothing_but_a_challenge(self):
        self.connection.webhook_state = "unverified"
        answer = self.post(self.event(), secret="", headers={"X-Handshake": self.connection.webhook_handshake})
        self.assertEqual(answer.status_code, 401)
        self.assertFalse(self.events())

    def test_copied_database_does_not_consume_events(self):
        self.connection.database_oid = "another"
        self.assertEqual(self.post(self.event()).status_code, 503)
        self.assertFalse(self.events())

    def test_without_a_challenge_a_subscription_counts_at_once(self):
        self.connection._internal_secrets(WEBHOOK_SECRET).unlink()
        with patch.object(FakeProvider, "challenges_webhooks", False):
            self.connection.action_subscribe()
            self.run_worker()
        self.assertEqual(self.connection.webhook_state, "active")
        self.assertFalse(self.connection.webhook_subscription_previous)

    def base_is(self, url):
        self.env["ir.config_parameter"].set_param("web.base.url", url)
        self.connection.invalidate_recordset(["webhook_url"])

    def test_the_address_of_the_webhooks_is_kept(self):
        """An administrator who logs in at another address changes `web.base.url`."""
        self.connection.webhook_state = "none"
        self.base_is("https://odoo.example.com")
        self.connection.action_subscribe()
        self.run_worker()
        kept = f"https://odoo.example.com/ml_connector/webhook/{self.connection.webhook_token}"
        for other in ("http://localhost:8069", "http://10.0.0.5:8069", "http://odoo.example.com", "https://erp"):
            self.base_is(other)
            self.assertEqual(self.connection.webhook_url, kept)
            self.assertEqual(self.connection._told_base(), "https://odoo.example.com")
            self.connection.action_test()
            self.connection.action_subscribe()
            self.run_worker()
            self.assertEqual((self.connection.check_state, self.connection.webhook_url), ("warning", kept))
            self.assertIn("web.base.url.freeze", self.connection.findings_html)
        self.connection.action_unsubscribe()
        self.run_worker()
        self.base_is("https://moved.example.com")
        self.connection.action_subscribe()
        self.connection.action_test()
        self.run_worker()
        self.assertIn("https://moved.example.com/", self.connection.webhook_url)
        self.assertEqual(self.connection.check_state, "ok")

    def test_no_inner_address_is_told(self):
        self.connection.webhook_state = "none"
        with patch("odoo.addons.ml_connector.server_options.loopback_allowed", return_value=False):
            for inner in (
                *("http://localhost:8069", "https://localhost", "http://odoo.example.com", "https://192.168.1.5"),
                *("https://erp", "https://odoo.internal", "https://127.0.0.1:8069", "http://[::1]:8069"),
            ):
                self.base_is(inner)
                self.assertEqual(self.connection._told_base(), "", inner)
                self.connection.action_subscribe()
                self.run_worker()
                self.assertEqual((self.connection.webhook_state, self.connection.webhook_base), ("none", False))
                self.assertIn("web.base.url", self.connection.message_ids[:1].body)
            self.put_bill()
            self.sync()
        self.assertEqual({report.url for report in self.remote.reports}, {""})

    def test_after_a_gap_that_no_event_survives_everything_is_read(self):
        self.put_bill()
        bills = self.flow("bills")
        bills.next_run_at = fields.Datetime.now() + timedelta(hours=20)
        with patch.object(FakeProvider, "events_kept", timedelta(hours=72)):
            for hours, is_read in ((71, False), (73, True)):
                self.connection.last_success_at = fields.Datetime.now() - timedelta(hours=hours)
                self.flow("vendors").next_run_at = fields.Datetime.now()
                self.run_worker()
                self.run_worker()
                self.assertEqual(bool(self.logs("bills")), is_read)
        notices = self.connection.message_ids.filtered(lambda message: "72 hours" in (message.body or ""))
        self.assertEqual(len(notices), 1)
