import runpy
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import config

from odoo.addons.ml_connector.core.errors import AuthError, NetworkError, RateLimitError
from odoo.addons.ml_connector.core.provider import Finding
from odoo.addons.ml_connector.models import ml_error_class
from odoo.addons.ml_connector.models.client_actions import open_address
from odoo.addons.ml_connector.models.ml_connection_health import NETWORK_FAILURES_BEFORE_BREAK

from .common import ConnectorCase
from .fake_flows import changed
from .fake_provider import FakeProvider

MIGRATION = Path(__file__).parents[1] / "migrations/19.0.1.1.0/post-flows.py"


@tagged("post_install", "-at_install")
class TestConnection(ConnectorCase):
    def test_upgrade_brings_new_flows_and_todays_help(self):
        flow = self.flow("bills")
        flow.description = "Nobody can rename a vendor."
        self.flow("payments").unlink()
        company = {"kind": "company", "external_id": "7", "record": self.company}
        self.env["ml.binding"]._bind(self.connection, [company])
        for _time in range(2):
            runpy.run_path(MIGRATION)["migrate"](self.env.cr, "19.0.1.0.0")
            self.env.invalidate_all()
        self.assertEqual(flow.description or "", flow._spec().help)
        self.assertEqual(len(self.connection.flow_ids.filtered(lambda other: other.key == "payments")), 1)
        self.assertEqual(self.connection.stored_settings["companies"], ["7"])

    def test_check_says_who_we_are(self):
        self.connection.action_test()
        self.assertFalse(self.remote.calls, "nothing is called in the button's own transaction")
        self.assertChecked("ok")
        self.assertEqual(self.connection.identity, "Example Inc")

    def test_check_with_bad_credentials_advises(self):
        self.remote.fail("check", AuthError("The client secret is wrong."))
        self.assertChecked("error", "The client secret is wrong.")

    def test_credentials_that_cannot_be_opened_answer_whoever_waits(self):
        self.flow("bills").action_dry_run()
        self.connection.action_test()
        self.connection.action_subscribe()
        self.credential("client_secret").sudo().ciphertext = "from the keys of another server"
        self.run_worker()
        dry_run = self.env["ml.dry.run"].search([("connection_id", "=", self.connection.id)])
        states = (self.connection.check_state, self.connection.webhook_state, dry_run.state)
        self.assertEqual(states, ("error", "none", "failed"))
        for answer in (self.connection.findings_html, dry_run.message):
            self.assertIn("cannot decrypt", answer)
        self.assertFalse(self.remote.calls)

    def test_start_needs_a_check_without_errors(self):
        self.remote.findings = [Finding(level="error", title="Somebody else holds the seat")]
        self.assertChecked("error")
        with self.assertRaises(UserError):
            self.connection.action_start()

    def test_books_in_another_currency_are_a_warning(self):
        self.remote.currencies = {self.company.currency_id.name}
        self.assertChecked("ok")
        self.remote.currencies = {"XAF"}
        self.assertChecked("warning", "XAF")

    def test_a_job_that_is_off_is_red_and_can_be_switched_on(self):
        connection = self.connection
        self.assertShown(10, False)
        self.assertFalse(connection.halt_reason)
        for off in (
            lambda: connection.cron_id.write({"active": False, "failure_count": 5}),
            lambda: connection.cron_id.unlink(),
        ):
            off()
            connection.invalidate_recordset()
            self.assertEqual((connection.color, connection.is_job_off), (1, True))
            self.assertIn("scheduled action is inactive", connection.halt_reason)
            for press in (connection.action_sync_now, connection.action_test, self.flow("bills").action_sync_now):
                with self.assertRaisesRegex(UserError, "Activate it first"):
                    press()
            connection.action_switch_on_job()
            self.assertEqual((connection.color, connection.halt_reason), (10, False))
            self.assertEqual((connection.cron_id.active, connection.cron_id.failure_count), (True, 0))
            connection.action_sync_now()

    def rows(self, count, hours, state="waiting", **values):
        flow = self.flow("bills")
        values |= {"company_id": self.company.id, "flow_id": flow.id, "direction": "pull", "kind": "bill"}
        values |= {"connection_id": self.connection.id, "state": state, "external_version": "1"}
        names = [{"name": f"Bill {number}", "external_id": f"{state}-{hours}-{number}"} for number in range(count)]
        rows = self.env["ml.sync.log"].create([{**values, **name} for name in names])
        self.backdate(rows, hours=hours)
        return rows

    def test_a_backlog_that_grows_is_red_and_says_so(self):
        self.rows(9, hours=30)
        self.assertFalse(self.connection.halt_cause)
        late = self.rows(3, hours=5)
        self.assertShown(1, "backlog", "12 transfers", "compared with 9")
        late.write({"state": "done", "done_at": fields.Datetime.now()})
        self.rows(20, hours=1)
        self.assertFalse(self.connection.halt_cause, "what is young, or does not get more, is no alarm")

    def test_failures_that_gather_are_red_and_say_so(self):
        done = self.rows(12, hours=1, state="done", done_at=fields.Datetime.now())
        self.rows(11, hours=1, state="failed")
        self.assertFalse(self.connection.halt_cause)
        done[:2].done_at = fields.Datetime.now() - timedelta(hours=2)
        self.assertShown(1, "failing", "11 transfers failed")

    def test_a_job_that_does_not_come_is_red(self):
        job = self.connection.cron_id
        for minutes, threads, cause in ((120, 2, "late"), (20, 2, "late"), (20, 0, "late"), (10, 0, False)):
            job.nextcall = fields.Datetime.now() - timedelta(minutes=minutes)
            with self.subTest(minutes=minutes, threads=threads), patch.dict(config.options, max_cron_threads=threads):
                self.assertShown(1 if cause else 10, cause)
                self.assertFalse(self.connection.is_job_off)
                reason = self.connection.halt_reason or ""
                self.assertEqual("max_cron_threads" in reason, bool(cause) and not threads)
                self.assertEqual("does not run scheduled actions" in reason, bool(cause))

    def test_a_flow_that_is_silent_for_three_intervals_is_red(self):
        bills, now = self.flow("bills"), fields.Datetime.now()
        self.connection.flow_ids.last_success_at = now
        for schedule, quiet, silent in (
            ("interval", timedelta(minutes=89), timedelta(minutes=91)),
            ("daily", timedelta(hours=71), timedelta(hours=73)),
        ):
            bills.write({"schedule": schedule, "interval_number": 30})
            for ago, cause in ((quiet, False), (silent, "silent")):
                bills.write({"last_success_at": now - ago, "error_message": "The list is closed."})
                self.connection.invalidate_recordset()
                self.assertEqual(self.connection.halt_cause, cause, (schedule, ago))
        self.assertShown(1, "silent", "Bills", "The list is closed.")
        for calm in (
            lambda: bills.write({"active": False}),
            lambda: bills.write({"active": True}),
            self.connection.action_pause,
            self.connection.action_start,
        ):
            calm()
            self.connection.invalidate_recordset()
            self.assertFalse(self.connection.halt_cause)
        bills.last_run_at = fields.Datetime.now()
        self.connection.invalidate_recordset()
        self.assertEqual(self.connection.halt_cause, "silent", "it ran since, and failed")

    def test_missing_credentials_are_named(self):
        connection = self.make("ml.connection", name="New", provider="fake")
        self.assertNotEqual(self.connection.cron_id, connection.cron_id, "each has a job of its own")
        with self.assertRaisesRegex(UserError, "Client ID, Client secret"):
            connection.action_test()

    def test_own_address_must_be_https_or_this_machine(self):
        for address in ("http://api.example.com", "ftp://127.0.0.1", "https://", ""):
            with self.subTest(address=address), self.assertRaises(ValidationError):
                self.connection.write({"environment": "custom", "custom_url": address})
        self.connection.write({"environment": "custom", "custom_url": "http://127.0.0.1:8000"})
        self.connection.write({"environment": "custom", "custom_url": "https://api.example.com"})

    def test_paused_connection_and_neutralized_database_call_nobody(self):
        self.connection.action_pause()
        self.sync()
        self.connection.action_start()
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "true")
        self.sync()
        self.assertFalse(self.remote.calls)
        with self.assertRaises(UserError):
            self.connection.action_adopt_database()

    def test_refused_access_asks_the_owner_once_and_stops_calls_for_a_while(self):
        self.remote.fail("pull coding", AuthError("The token was revoked."), AuthError("The token was revoked."))
        self.sync()
        self.assertEqual(self.connection.state, "attention")
        self.assertEqual(self.connection.activity_ids.user_id, self.connection.owner_id)
        calls = len(self.remote.calls)
        self.sync()
        self.assertEqual(len(self.remote.calls), calls)
        for asked, state in ((1, "attention"), (0, "connected")):
            self.connection.breaker_until = False
            self.sync()
            self.assertEqual((len(self.connection.activity_ids), self.connection.state), (asked, state))

    def test_lasting_network_failure_needs_attention(self):
        for _failure in range(NETWORK_FAILURES_BEFORE_BREAK):
            self.remote.fail("pull coding", NetworkError("The vendor cannot be reached."))
            self.connection.breaker_until = False
            self.sync()
        self.assertEqual(self.connection.state, "attention")

    def test_retry_after_is_obeyed(self):
        self.remote.fail("pull coding", RateLimitError("Too many requests.", retry_after=900))
        self.sync()
        wait = self.connection.breaker_until - fields.Datetime.now()
        self.assertGreater(wait.total_seconds(), 890)
        self.assertEqual(self.connection.state, "connected")

    def test_used_connection_is_archived_not_deleted(self):
        self.sync()
        self.assertChecked("ok")
        with self.assertRaises(UserError):
            self.connection.unlink()
        with self.assertRaises(UserError):  # it would stop without anybody being told
            self.connection.active = False
        self.connection.action_pause()
        self.connection.active = False
        self.assertFalse(self.connection.cron_id.active or self.connection.halt_reason, "it needs no job")

    def test_every_error_class_has_advice(self):
        for name, error_class in ml_error_class.ERROR_CLASSES.items():
            with self.subTest(error_class=name):
                self.assertTrue(str(error_class.label))
                self.assertTrue(str(error_class.advice).endswith("."))

    def test_daily_schedule(self):
        flow = self.flow("coding")
        flow.write({"schedule": "daily", "daily_hour": 3.5})
        for ran_at, next_run_at in (("01 02:00:00", "01 03:30:00"), ("01 03:30:00", "02 03:30:00")):
            flow._schedule_next(fields.Datetime.to_datetime(f"2026-07-{ran_at}"))
            self.assertEqual(flow.next_run_at, fields.Datetime.to_datetime(f"2026-07-{next_run_at}"))

    def test_flow_that_fails_does_not_stop_the_others(self):
        refused = AuthError("The scope is not granted.", status=403)
        for number, (error, message) in enumerate(((TypeError("a defect"), "TypeError"), (refused, str(refused)))):
            self.remote.fail("pull coding", error)
            self.remote.put("vendors", f"vendor-{number}", {"name": f"Example Supplies {number}"})
            with self.assertLogs("odoo.addons.ml_connector", "ERROR") if not number else nullcontext():
                self.sync()
            self.assertIn(message, self.flow("coding").error_message)
            self.assertEqual(self.logs("vendors").mapped("state"), ["done"] * (number + 1))
        self.assertEqual(self.connection.state, "attention")

    def test_of_two_flows_for_the_same_records_one_can_be_on(self):
        flows = [changed(flow, excludes=("bills",)) if flow.key == "vendors" else flow for flow in FakeProvider.flows]
        bills, vendors = self.flow("bills"), self.flow("vendors")
        (bills | vendors).active = False
        with patch.object(FakeProvider, "flows", tuple(flows)):
            for first, second in ((bills, vendors), (vendors, bills)):
                first.active = True
                with self.assertRaisesRegex(ValidationError, "the same records"), self.cr.savepoint():
                    second.active = True
                first.active = False
            with self.assertRaisesRegex(ValidationError, "the same records"):
                (bills | vendors).active = True

    def test_what_the_vendor_says_is_shown_as_text(self):
        link = 'Session ended. <a href="https://evil.example/">Enter</a> <img src="https://evil.example/x.png">'
        self.remote.fail("pull coding", AuthError(link), AuthError(link))
        self.sync()
        self.connection._note_announcements([f"The API ends. {link}\nhttps://evil.example/plain"])
        self.connection._note_failed_subscription(AuthError(link))
        notes = self.connection.activity_ids.mapped("note") + self.connection.message_ids.mapped("body")
        told = [note for note in notes if "evil.example" in note]
        self.assertEqual(len(told), 3)
        for note in told:
            self.assertIn("&lt;a href=", note)
            self.assertNotIn("<a ", note)
            self.assertNotIn("<img", note)

    def test_only_web_addresses_are_opened(self):
        for address in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example", "", False):
            self.assertFalse(open_address(address))
        self.assertEqual(open_address("https://app.example.com/1")["url"], "https://app.example.com/1")
