import json
import threading
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged

from odoo.addons.ml_connector.core.capabilities import Event
from odoo.addons.ml_connector.core.errors import RemoteError
from odoo.addons.ml_connector.engine import webhooks
from odoo.addons.ml_connector.models.ml_credential import WEBHOOK_SECRET

from .common import ConnectorCase
from .fake_flows import changed
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
        signature = FakeProvider.sign(body, secret) if secret else ""
        headers = {"X-Signature": signature, "Content-Type": "application/json", **(headers or {})}
        return self.url_open(f"/ml_connector/webhook/{token or self.connection.webhook_token}", body, headers=headers)

    def handshake(self):
        """A request that shows our handshake and no signature."""
        return {"secret": "", "headers": {"X-Handshake": self.connection.webhook_handshake}}

    def events(self):
        return self.ours("ml.webhook.event")

    def assertAllDone(self, bills):
        """The events, and so many bills."""
        self.assertEqual(set(self.events().mapped("state")), {"done"})
        self.assertEqual(self.logs("bills").mapped("state"), ["done"] * bills)

    def event(self, event_id="event-1", **values):
        return {"id": event_id, "type": "bill.changed", "object": "bill-1", **values}

    def test_signed_event_is_stored_once_and_read_later(self):
        self.put_bill()
        for _repeat in range(3):
            self.assertEqual(self.post(self.event()).status_code, 200)
        self.assertEqual(self.events().mapped("state"), ["received"])
        self.assertFalse(self.remote.calls)
        self.run_worker()
        self.assertEqual(self.events().state, "done")
        self.assertTrue(self.logs("bills"))

    def receive(self, *external_ids, event_type="bill.changed"):
        """Events as they are stored, without their way over HTTP."""
        for number, external_id in enumerate(external_ids):
            event = Event(event_id=f"{external_id}-{number}", event_type=event_type, external_id=external_id)
            self.env["ml.webhook.event"]._receive(self.connection, event)

    def bills(self, count):
        return [f"bill-{number}" for number in range(1, count + 1)]

    def test_what_people_did_at_the_provider_is_noted_on_our_record(self):
        self.flow("vendors_push").active = True
        partner = self.make("res.partner", name="Example Supplies")
        binding = {"kind": "vendor", "external_id": "v1", "record": partner}
        self.env["ml.binding"]._bind(self.connection, [binding])
        heard = {"h1": ("vendor", "v1", "Ordered by hand: <b>1</b>."), "h2": None, "h3": ("vendor", "gone", "Lost.")}
        flows = tuple(
            changed(flow, events=("vendor.made",)) if flow.key == "vendors_push" else flow
            for flow in FakeProvider.flows
        )
        with (
            patch.object(FakeProvider, "flows", flows),
            patch.object(FakeProvider, "manual_change", lambda provider, flow, key: heard[key], create=True),
        ):
            self.receive(*heard, "h4", event_type="vendor.made")
            self.run_worker()
        states = {event.external_id: event.state for event in self.events()}
        self.assertEqual(states, {"h1": "done", "h2": "done", "h3": "done", "h4": "received"})
        self.assertIn("Ordered by hand: &lt;b&gt;1", "".join(partner.message_ids.mapped("body")))

    def booked_before_each(self, call):
        """How many bills were booked when each call of that name came."""
        counts, called, one_at_a_time = [], self.remote.called, threading.Lock()
        done = [("flow_id", "=", self.flow("bills").id), ("state", "=", "done")]

        def noting(name):
            if name == call:
                with one_at_a_time:  # the calls come from threads, which have one cursor
                    counts.append(self.env["ml.sync.log"].search_count(done))
            return called(name)

        self.patch(self.remote, "called", noting)
        return counts

    def prepare_bills(self, count):
        """Vendors and codes are there, so that bills can be booked."""
        self.put_bill("bill-0")
        self.map_expense()
        self.sync()
        self.assertEqual(self.logs("bills").state, "done")
        for bill in self.bills(count):
            self.put_bill(bill)
        self.remote.calls.clear()

    def test_between_two_parts_of_events_the_flows_work(self):
        self.prepare_bills(7)
        self.receive(*self.bills(7))
        counts = self.booked_before_each("fetch bills")
        with patch.object(webhooks, "EVENT_BATCH", 3):
            self.run_worker()
        self.assertEqual(counts, [1, 1, 1, 4, 4, 4, 7])
        self.assertEqual(set(self.logs("bills").mapped("state")), {"done"})

    def test_what_events_brought_is_booked_before_others_are_read(self):
        """Also when the time of a run ends with the reading."""
        self.prepare_bills(4)
        self.receive(*self.bills(4))
        counts = self.booked_before_each("fetch bills")
        read, keep = webhooks.Events._read_batch, type(self.env["ir.cron"])._commit_progress
        ends = []
        self.patch(webhooks.Events, "_read_batch", lambda *args: ends.append(True) or read(*args))
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kwargs: 0 if ends else keep(*args))
        with patch.object(webhooks, "EVENT_BATCH", 2):
            for _run in range(3):
                ends.clear()
                self.run_worker()
        self.assertEqual(counts, [1, 1, 3, 3])
        self.assertEqual(len(self.logs("bills").filtered(lambda log: log.state == "done")), 5)

    def test_events_that_are_left_call_the_job_again(self):
        self.prepare_bills(2)
        self.receive("bill-1", "bill-2")
        self.env["ir.cron.trigger"].search([]).unlink()
        self.env.cr.precommit.data.pop("ml_connector.triggered", None)
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *_args, **_kwargs: self._keep() and 0)
        self.run_worker()
        self.assertEqual(set(self.events().mapped("state")), {"received"})
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", self.connection.cron_id.id)]))

    def test_many_events_of_a_type_are_answered_by_one_list(self):
        self.prepare_bills(30)
        self.receive(*self.bills(30))
        self.run_worker()
        self.assertEqual(self.remote.calls.count("pull bills"), 1)
        self.assertFalse(self.remote.calls.count("fetch bills"))
        self.assertAllDone(31)

    def test_what_lists_lack_is_read_by_itself_where_it_is_known(self):
        """A record that left the lists may still be changed; one that nobody knows is not ready yet."""
        self.prepare_bills(25)
        changed = self.remote.items["bills"].pop("bill-0")
        found = replace(changed, version="changed")
        fetched = []
        self.patch(FakeProvider, "fetch", lambda provider, flow, key: fetched.append(key) or {"bill-0": found}.get(key))
        self.receive("bill-0", "nobody-knows", *self.bills(25))
        self.run_worker()
        self.assertEqual(fetched, ["bill-0"])
        self.assertEqual(set(self.events().mapped("state")), {"done"})
        self.assertIn("changed", self.logs("bills").mapped("external_version"))
        self.assertEqual(self.remote.calls.count("pull bills"), 1)

    def test_a_list_that_fails_is_read_again_for_its_events(self):
        self.prepare_bills(25)
        self.remote.fail("pull bills", RemoteError("Out of order."))
        self.receive(*self.bills(25))
        self.run_worker()
        self.assertEqual(set(self.events().mapped(lambda event: (event.state, event.try_count))), {("received", 1)})
        self.events().next_try_at = "2026-01-01"
        self.run_worker()
        self.assertAllDone(26)

    def test_an_event_that_names_no_record_lets_its_flow_read(self):
        self.sync_bill()
        self.remote.put("bills", "bill-2", {**self.remote.items["bills"]["bill-1"].payload, "number": "BILL-2"})
        self.run_worker()
        self.assertEqual(len(self.logs("bills")), 1)
        self.post(self.event(object=""))
        self.run_worker()
        self.assertEqual(self.events().state, "done")
        self.assertEqual(len(self.logs("bills")), 2)

    def test_what_is_refused(self):
        """A handshake lets in nothing but a challenge; without a secret, and by a copy, nothing is accepted at all."""

        def no_secret():
            self.connection._internal_secrets(WEBHOOK_SECRET).unlink()
            return {"secret": ""}

        def handshake():
            self.connection.webhook_state = "unverified"
            return self.handshake()

        def copied():
            self.connection.database_oid = "another"
            return {}

        cases = {
            "wrong signature": (401, lambda: {"secret": "wrong-secret"}),
            "no signature": (401, lambda: {"secret": ""}),
            "signature of an old secret": (401, lambda: {"secret": "an-older-secret"}),
            "unknown token": (404, lambda: {"token": "nobody"}),
            "body over the limit": (413, lambda: {"event": b"x" * (1024 * 1024 + 1)}),
            "garbled body": (400, lambda: {"event": b"not json"}),
            "handshake for an event": (401, handshake),
            "copied database": (503, copied),
            "no secret": (401, no_secret),
        }
        for name, (status, prepare) in cases.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.assertEqual(self.post(**{"event": self.event(), **prepare()}).status_code, status)
                self.assertFalse(self.events())
                savepoint.rollback()
                self.env.invalidate_all()

    def test_both_secrets_are_valid_while_the_secret_changes(self):
        self.connection._store_webhook_secret("newer-secret")
        self.assertEqual(self.post(self.event("event-1"), secret=SECRET).status_code, 200)
        self.assertEqual(self.post(self.event("event-2"), secret="newer-secret").status_code, 200)

    def test_old_secret_ends_with_the_confirmation_of_the_new_one(self):
        self.subscribe()
        self.post(self.event("challenge-1", type="verification", challenge="example"), **self.handshake())
        self.run_worker()
        self.assertEqual(self.connection.webhook_state, "active")
        self.assertEqual(self.connection._webhook_secrets(), ["webhook-example-secret"])

    def test_unknown_event_type_is_accepted_and_ignored(self):
        self.assertEqual(self.post(self.event(type="something.new")).status_code, 200)
        self.run_worker()
        self.assertEqual(self.events().state, "ignored")
        self.assertFalse(self.logs("bills"))

    def test_challenge_needs_the_handshake_of_our_request(self):
        challenge = self.event(type="verification", challenge="example")
        self.assertEqual(self.post(challenge, secret="").status_code, 401)
        self.connection.webhook_state = "unverified"
        self.assertEqual(self.post(challenge, **self.handshake()).status_code, 200)
        self.run_worker()
        self.assertEqual(self.connection.webhook_state, "active")

    def test_without_a_challenge_a_subscription_counts_at_once(self):
        self.connection._internal_secrets(WEBHOOK_SECRET).unlink()
        self.patch(FakeProvider, "challenges_webhooks", False)
        for ask in (self.connection.action_subscribe, lambda: self.connection.write({"webhook_state": "requested"})):
            ask()
            self.run_worker()
            self.assertEqual(self.connection.webhook_state, "active")
            self.assertFalse(self.connection.webhook_subscription_previous)

    def subscribe(self):
        self.connection.action_subscribe()
        self.run_worker()

    def base_is(self, url):
        self.env["ir.config_parameter"].set_param("web.base.url", url)
        self.connection.invalidate_recordset(["webhook_url"])

    def test_the_address_of_the_webhooks_is_kept(self):
        """An administrator who logs in at another address changes `web.base.url`."""
        self.connection.webhook_state = "none"
        self.base_is("https://odoo.example.com")
        self.subscribe()
        kept = f"https://odoo.example.com/ml_connector/webhook/{self.connection.webhook_token}"
        for other in ("http://localhost:8069", "http://10.0.0.5:8069", "http://odoo.example.com", "https://erp"):
            self.base_is(other)
            self.assertEqual(self.connection.webhook_url, kept)
            self.assertEqual(self.connection._told_base(), "https://odoo.example.com")
            self.connection.action_test()
            self.subscribe()
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

    def frozen(self, url):
        self.base_is(url)
        self.env["ir.config_parameter"].set_param("web.base.url.freeze", "True")

    def subscribed(self):
        """Webhooks that are on, at their first address."""
        self.connection.write({"webhook_state": "none", "webhook_base": False})
        self.base_is("https://odoo.example.com")
        self.patch(FakeProvider, "challenges_webhooks", False)
        self.subscribe()
        self.assertEqual((self.connection.webhook_state, self.connection.color), ("active", 10))

    def run_after(self, **delta):
        """A run so long after the subscription was looked at."""
        self.connection.webhook_checked_at = fields.Datetime.now() - timedelta(**delta)
        self.run_worker()

    def test_an_address_that_changed_is_red_and_can_be_taken(self):
        self.subscribed()
        self.base_is("https://moved.example.com")
        self.assertShown(1, "moved", "https://moved.example.com")
        self.connection.action_move_webhooks()
        self.run_worker()
        self.assertShown(10, False)
        self.assertEqual(self.connection.webhook_base, "https://moved.example.com")
        self.assertIn("https://moved.example.com/", self.remote.endpoint)

    def test_an_inner_address_is_red_and_the_public_one_can_be_kept(self):
        self.subscribed()
        self.base_is("http://10.0.0.5:8069")
        self.assertShown(1, "hidden")
        with self.assertRaises(UserError):
            self.connection.action_move_webhooks()
        self.connection.action_keep_address()
        self.assertShown(10, False)
        parameters = self.env["ir.config_parameter"]
        self.assertEqual(parameters.get_param("web.base.url"), "https://odoo.example.com")
        self.assertTrue(parameters.get_param("web.base.url.freeze"))

    def test_a_subscription_is_compared_once_a_day_and_repaired(self):
        self.subscribed()
        asked = []
        self.patch(
            FakeProvider, "is_subscribed", lambda provider, key, url: asked.append(url) or self.remote.endpoint == url
        )
        self.run_worker()
        self.assertFalse(asked)
        self.run_after(hours=25)
        self.assertEqual((len(asked), self.remote.calls.count("subscribe")), (1, 1))
        self.remote.endpoint = "gone"
        self.run_worker()
        self.assertEqual(len(asked), 1)
        self.run_after(hours=25)
        self.assertEqual((len(asked), self.remote.calls.count("subscribe")), (2, 2))
        self.assertEqual(self.remote.endpoint, self.connection.webhook_url)
        self.frozen("https://moved.example.com")
        self.run_after(hours=25)
        self.assertEqual(self.connection.webhook_base, "https://moved.example.com")
        self.assertIn("https://moved.example.com/", self.remote.endpoint)

    def test_a_subscription_that_is_not_confirmed_says_so_after_an_hour_and_has_an_end(self):
        self.subscribe()
        for minutes, cause in ((50, False), (70, "webhooks")):
            self.run_after(minutes=minutes)
            self.assertEqual((self.connection.webhook_state, self.connection.halt_cause), ("unverified", cause))
        self.assertIn("more than an hour", self.connection.halt_reason)
        self.assertEqual(self.connection.color, 1)
        self.assertChecked("warning", "more than an hour")
        self.run_after(hours=25)
        self.assertEqual(self.remote.calls.count("subscribe"), 2)
        self.assertFalse(self.connection.webhook_problem)

    def test_among_several_databases_each_webhook_names_its_own(self):
        name = self.env.cr.dbname
        there = self.patch_databases(name, "another")
        self.patch(FakeProvider, "forwards_headers", True)
        self.subscribed()
        self.assertEqual(self.remote.webhook_headers, {"X-Odoo-Database": name})
        self.assertFalse(self.connection.webhook_problem)
        there.remove("another")
        self.patch(FakeProvider, "is_subscribed", lambda *_args: True)
        self.run_after(hours=25)
        self.assertEqual(self.remote.webhook_headers, {})

    def test_where_webhooks_cannot_name_their_database_a_finding_says_so(self):
        name = self.env.cr.dbname
        for databases, word in (((name, "another"), "several databases"), (("another",), "does not serve")):
            self.patch_databases(*databases)
            self.subscribed_to_red(word)
        self.patch_databases(name)
        self.subscribed()
        self.assertChecked("ok")

    def patch_databases(self, *names):
        there = list(names)
        self.patch(type(self.connection), "_databases_there", lambda connection: there)
        return there

    def subscribed_to_red(self, word):
        self.patch(FakeProvider, "challenges_webhooks", False)
        self.subscribe()
        self.connection.action_test()
        self.run_worker()
        self.assertShown(1, "webhooks", word)
        self.assertIn("dbfilter", self.connection.findings_html)

    def test_no_inner_address_is_told(self):
        self.connection.webhook_state = "none"
        with patch("odoo.addons.ml_connector.server_options.loopback_allowed", return_value=False):
            for inner in (
                *("http://localhost:8069", "https://localhost", "http://odoo.example.com", "https://192.168.1.5"),
                *("https://erp", "https://odoo.internal", "https://127.0.0.1:8069", "http://[::1]:8069"),
            ):
                self.base_is(inner)
                self.assertEqual(self.connection._told_base(), "", inner)
                self.subscribe()
                self.assertEqual((self.connection.webhook_state, self.connection.webhook_base), ("none", False))
                self.assertIn("web.base.url", self.connection.message_ids[:1].body)
                self.assertEqual((self.connection.halt_cause, self.connection.color), ("webhooks", 1))
                self.assertIn("web.base.url", self.connection.halt_reason)
            self.connection.action_unsubscribe()
            self.run_worker()
            self.assertEqual((self.connection.halt_cause, self.connection.color), (False, 10))
            self.sync_bill()
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
