"""What stops the server again and again is left to a person; all else is done."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.ml_connector.core.capabilities import Event
from odoo.addons.ml_connector.core.errors import AuthError, PermanentError
from odoo.addons.ml_connector.core.remote import RemotePage
from odoo.addons.ml_connector.engine import file_reading
from odoo.addons.ml_connector.engine.booking import Booking
from odoo.addons.ml_connector.engine.pull import Acknowledgements
from odoo.addons.ml_connector.engine.run import FILE_BYTES, Run
from odoo.addons.ml_connector.engine.sent import Sent
from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .common import ConnectorCase
from .common_feed import FeedCase
from .fake_flows import changed
from .test_feed_in import invoices, row

MB = 1024 * 1024


class Killed(BaseException):
    """As SIGKILL does, it passes through whatever would handle an error."""


class StoppingProvider(fake_provider.FakeProvider):
    """A provider some of whose records stop the worker that reads or sends them.

    :cvar stops: {name of a call: ids over which it stops}
    :cvar how: what is raised
    """

    flows = tuple(
        changed(spec, acknowledges=spec.key == "bills", watches=spec.watches, active=True)
        for spec in fake_provider.FakeProvider.flows
    )
    stops = {}
    how = Killed

    def _stop(self, call, *ids):
        if self.stops.get(call, set()) & set(ids):
            raise self.how("planted")

    def check(self):
        self._stop("check", "check")
        return super().check()

    def pull(self, flow, cursor, since):
        self._stop("pull", flow)
        return super().pull(flow, cursor, since)

    def document(self, flow, payload):
        self._stop("document", payload["id"])
        return super().document(flow, payload)

    def fetch(self, flow, external_id):
        self._stop("fetch", external_id)
        return super().fetch(flow, external_id)

    def download(self, url):
        self._stop("download", url.rsplit("/", 1)[-1])
        return super().download(url)

    def acknowledge(self, flow, versions):
        self._stop("acknowledge", *versions)
        return {}

    def send(self, flow, payload, external_id, key):
        self._stop("send", payload["name"])
        return super().send(flow, payload, external_id, key)

    def find(self, flow, payload, key):
        self._stop("find", payload["name"])
        return super().find(flow, payload, key)

    def report(self, results, key):
        self._stop("report", *(result.external_id for result in results))
        return super().report(results, key)


def external_ids(items):
    return [item.external_id for item in items]


class StopCase:
    def pass_time(self):
        now = fields.Datetime.now()
        logs = self.ours("ml.sync.log")
        logs.filtered("lease_until").lease_until = fields.Datetime.subtract(now, days=1)
        logs.filtered(lambda log: log.state in ("pending", "unknown") and log.next_try_at).next_try_at = now
        self.env["ml.webhook.event"].search([("state", "=", "received")]).next_try_at = now

    def is_killed(self):
        """Whether a run of the worker is killed."""
        try:
            self.run_worker()
        except Killed:
            self._undo()
            return True
        return False

    def run_until_quiet(self, runs=8):
        """How often the worker was killed until a run went through twice."""
        kills = quiet = 0
        for _run in range(runs):
            self.pass_time()
            if self.is_killed():
                kills += 1
            else:
                quiet += 1
                if quiet == 2:
                    return kills
        raise AssertionError("The worker is killed again and again.")

    @contextmanager
    def stopping(self, call, *ids, how=Killed):
        with patch.object(StoppingProvider, "stops", {call: set(ids)}), patch.object(StoppingProvider, "how", how):
            yield

    def due(self):
        self.connection.flow_ids.next_run_at = False

    def only_due(self, key):
        self.connection.flow_ids.next_run_at = "2999-01-01"
        self.flow(key).next_run_at = False

    @contextmanager
    def defect(self, owner, name, is_meant):
        """The method fails where its arguments are meant."""
        original = getattr(owner, name)

        def failing(*args, **options):
            if is_meant(*args):
                raise RuntimeError("planted")
            return original(*args, **options)

        with patch.object(owner, name, failing):
            yield


@tagged("post_install", "-at_install")
class TestStops(StopCase, ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": StoppingProvider}))
        cls.connection = cls._connect(cls.company, "Stopping")
        cls.connection.flow_ids.write({"active": True})
        cls.connection.flow_ids.filtered(lambda flow: flow.key == "vendors_push").active = False

    def setUp(self):
        super().setUp()
        self.map_expense()

    def put_bills(self, count=9, **values):
        for number in range(count):
            self.put_bill(f"bill-{number}", **values)

    def put_due_bills(self, *count, **values):
        self.put_bills(*count, **values)
        self.due()

    def states(self, key):
        return {log.external_id: log.state for log in self.logs(key)}

    def assertDone(self, key="bills"):
        self.assertEqual(set(self.states(key).values()), {"done"})

    def retry_failed(self):
        self.logs("bills").filtered(lambda log: log.state == "failed").action_retry()

    def check_alone(self, key, culprit, sentence, others=8):
        states = self.states(key)
        self.assertEqual(states.pop(culprit), "failed", states)
        self.assertEqual(list(states.values()), ["done"] * others)
        log = self.logs(key).filtered(lambda log: log.external_id == culprit)
        self.assertIn(sentence, log.error_message)

    def test_row_that_is_written(self):
        self.put_due_bills()
        with self.stopping("document", "bill-4"):
            self.assertEqual(self.run_until_quiet(), 3)
        self.check_alone("bills", "bill-4", "The server stopped 3 times while Odoo booked this record.")
        self.assertEqual(len(self.remote.reports), 9, "the flows behind go on")
        with self.stopping("document", "bill-4"):
            self.assertEqual(self.run_until_quiet(), 0, "it is kept")
            self.retry_failed()
            self.assertEqual(self.run_until_quiet(), 1)
        self.retry_failed()
        self.run_worker()
        self.assertDone()
        self.assertFalse(sum(self.logs("bills").mapped("stop_count")))

    def test_flows_behind_are_worked_before_it_stops_the_server_again(self):
        self.put_due_bills()
        with self.stopping("document", "bill-4"):
            for _run in range(2):
                self.pass_time()
                self.assertTrue(self.is_killed())
                self.put_bill("bill-late")
                self.due()
            self.assertEqual(self.states("bills")["bill-late"], "done")
            self.assertIn("bill-late", [result.external_id for result in self.remote.reports])

    def test_files(self):
        self.put_bills(files=["a.pdf"])
        self.put_bill("bill-4", files=["long.pdf"])
        self.due()
        with self.stopping("download", "long.pdf"):
            self.assertEqual(self.run_until_quiet(), 3)
        self.check_alone("bill_files", "bill-4", "The server stopped 3 times")

    def test_acknowledgement(self):
        """That of one row stops the server, or is refused, or meets a defect, as part of a whole."""
        for how, kills, sentence in (
            (Killed, 3, "The server stopped 3 times"),
            (PermanentError, 0, "planted"),
            (RuntimeError, 0, "RuntimeError"),
        ):
            with self.subTest(how):
                self.ours("ml.sync.log").unlink()
                self.put_due_bills(comment=how.__name__)
                with self.stopping("acknowledge", self.remote.items["bills"]["bill-4"].version, how=how):
                    self.assertEqual(self.run_until_quiet(), kills)
                    self.check_alone("bills", "bill-4", sentence)
                self.assertFalse(self.flow("bills").stop_count)

    def test_results(self):
        for how, kills, sentence in (
            (Killed, 3, "The server stopped 3 times while Odoo reported this result."),
            (AttributeError, 0, "AttributeError"),
            (PermanentError, 0, "planted"),
        ):
            with self.subTest(how):
                self.put_bills(date=f"2026-07-{10 + kills + len(how.__name__)}")
                self.ours("ml.sync.log").unlink()
                self.remote.reports.clear()
                self.remote.report_keys.clear()
                self.due()
                with self.stopping("report", "bill-4", how=how):
                    self.assertEqual(self.run_until_quiet(), kills)
                self.check_alone("results", "bill-4", sentence)
                told = [result.external_id for result in self.remote.reports]
                self.assertEqual(len(told), len(set(told)), "each once")

    def test_what_has_no_id_is_not_reported(self):
        self.put_bill(broken=True)
        self.connection.flow_ids.filtered(lambda flow: flow.key == "bills").tell_failures = True
        self.due()
        with patch.object(Acknowledgements, "send"):
            self.run_worker()
        log = self.logs("bills")
        log.write({"external_id": False, "is_acknowledged": True})
        self.run_until_quiet()
        self.assertEqual(log.state, "failed")
        self.assertFalse(self.logs("results"))

    def test_page(self):
        self.put_due_bills(2)
        with self.stopping("pull", "vendors"):
            self.assertEqual(self.run_until_quiet(), 3)
            self.assertEqual(set(self.states("bills").values()), {"done"}, "the flows behind go on")
            self.assertIn(
                "The server stopped 3 times while Odoo read the flow Vendors", self.flow("vendors").error_message
            )
            self.assertEqual(self.connection.state, "attention")
            self.due()
            self.assertEqual(self.run_until_quiet(), 0)
        self.flow("vendors").action_sync_now()
        self.run_until_quiet()
        self.assertDone()
        self.assertFalse(self.flow("vendors").error_message)

    def test_pages_that_come_are_no_stops(self):
        """A long first read that is cut short time and again goes on where it was."""
        pages = [RemotePage(items=(), cursor=str(number)) for number in range(1, 9)]

        def pull(provider, flow, cursor, since):
            start = int(cursor or 0)
            yield from pages[start : start + 2]
            if start + 2 < len(pages):
                raise Killed

        self.only_due("vendors")
        with patch.object(StoppingProvider, "pull", pull):
            self.assertEqual(self.run_until_quiet(), 3)
        self.assertEqual(self.flow("vendors").cursor, "8")
        self.assertFalse(self.flow("vendors").error_message)

    def test_cursor_is_kept_with_the_rows_of_its_page(self):
        """Stopped between the two, neither is there."""
        self.put_bills(1)
        (item,) = self.remote.items["bills"].values()

        def pull(provider, flow, cursor, since):
            if flow == "bills" and not cursor:
                yield RemotePage(items=(item,), cursor="1")

        logs = type(self.env["ml.sync.log"])
        with patch.object(StoppingProvider, "pull", pull):
            for step in ("_store", "_insert_pulled"):
                self.due()
                with patch.object(logs, step, side_effect=Killed):
                    self.assertTrue(self.is_killed())
                self.assertFalse(self.flow("bills").cursor)
            self.due()
            self.run_until_quiet()
        self.assertEqual(list(self.states("bills")), ["bill-0"])
        self.assertEqual(self.flow("bills").cursor, "1")

    def test_events(self):
        # events of acknowledged records are answered by the list, which `test_acknowledgement` covers
        self.patch(StoppingProvider, "flows", fake_provider.FakeProvider.flows)
        self.put_bills()
        self.connection.flow_ids.next_run_at = "2999-01-01"
        logs = type(self.env["ml.sync.log"])
        for how, kills in ((Killed, 3), (RuntimeError, 0)):
            with self.subTest(how):
                self.env["ml.webhook.event"].search([]).unlink()
                for number in range(9):
                    event = Event(event_id=f"{how}{number}", event_type="bill.changed", external_id=f"bill-{number}")
                    self.env["ml.webhook.event"]._receive(self.connection, event)
                in_store = self.defect(logs, "_store", lambda _model, _flow, items: "bill-4" in external_ids(items))
                with self.stopping("fetch", "bill-4") if kills else in_store:
                    self.assertEqual(self.run_until_quiet(), kills)
                events = self.ours("ml.webhook.event")
                failed = events.filtered(lambda event: event.state == "failed")
                self.assertEqual(failed.mapped("external_id"), ["bill-4"])
                self.assertEqual(set((events - failed).mapped("state")), {"done"})
                self.assertEqual(len(self.states("bills")), 8)

    def test_record_that_others_wait_for(self):
        self.put_bills(2)
        self.only_due("bills")
        with self.stopping("fetch", "vendor-1"):
            self.assertEqual(self.run_until_quiet(), 3)
        self.assertEqual(set(self.states("bills").values()), {"failed"})
        self.assertIn("The server stopped 3 times while Odoo fetched", self.logs("bills")[0].error_message)

    def test_what_a_person_asked_for(self):
        self.connection.action_test()
        self.put_due_bills(2)
        with self.stopping("check", "check"):
            self.assertEqual(self.run_until_quiet(), 3)
        self.assertEqual(self.connection.check_state, "error")
        self.assertIn("The server stopped 3 times", self.connection.findings[0]["title"])
        self.assertDone()

    def test_what_is_asked_for_again_and_again_is_no_stop(self):
        for _time in range(4):
            self.connection.action_test()
            with self.stopping("check", "check"):
                self.assertTrue(self.is_killed())
            self.run_worker()
            self.assertEqual(self.connection.check_state, "ok")

    def test_dry_run_that_meets_a_defect(self):
        self.put_bills(2)
        dry_run = self.env["ml.dry.run"].create({"flow_id": self.flow("bills").id})
        self.due()
        with self.stopping("pull", "bills", how=RuntimeError):
            self.run_worker()
        self.assertEqual(dry_run.state, "failed")
        self.due()
        self.run_worker()
        self.assertDone()

    def test_defect_of_a_whole_batch(self):
        """What is raised outside of the work on one row strikes the row that is to blame only."""

        def is_meant(booking, logs):
            return booking.flow.key == "bills" and "bill-4" in logs.mapped("external_id")

        self.put_due_bills()
        with self.defect(Booking, "book", is_meant):
            self.run_until_quiet()
        self.check_alone("bills", "bill-4", "RuntimeError")

    def test_outages_are_no_stops(self):
        self.put_due_bills()
        self.run_worker()
        self.put_bills(comment="again")
        for _run in range(5):
            self.due()
            self.connection.write({"breaker_until": False, "state": "connected"})
            self.remote.fail("pull bills", AuthError("Access refused."))
            self.pass_time()
            self.run_worker()
        self.assertFalse(self.flow("bills").stop_count)
        self.connection.write({"breaker_until": False, "state": "connected"})
        self.remote.faults.clear()
        self.due()
        self.run_until_quiet()
        self.assertEqual(set(self.states("bills").values()) - {"superseded"}, {"done"})

    def test_files_fit_into_memory(self):
        """The files of so many records are fetched at a time as fit, and are written before the next are."""
        sizes = {"small.pdf": 1000, "large.pdf": 6 * MB}
        self.remote.files = {name: b"%PDF-" + b"x" * size for name, size in sizes.items()}
        for name in sizes:
            for number in range(20):
                self.put_bill(f"{name} {number}", files=[name])
        fetched = []
        original = Run.fit_files

        def note(run, found):
            fetched.append(sum(found))
            original(run, found)

        self.due()
        with patch.object(Run, "fit_files", note):
            self.run_worker()
        self.assertDone("bill_files")
        self.assertLessEqual(max(fetched), 8 * 6 * MB + 8000, "as many as are fetched side by side")
        large = [size for size in fetched if size > MB]
        self.assertLessEqual(max(large[1:]), FILE_BYTES)


@tagged("post_install", "-at_install")
class TestStopsOfPushes(StopCase, ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": StoppingProvider}))

    def setUp(self):
        super().setUp()
        self.connection.flow_ids.next_run_at = "2999-01-01"
        flow = self.connection.flow_ids.with_context(active_test=False).search([("key", "=", "vendors_push")])
        flow.filtered(lambda flow: flow.connection_id == self.connection).active = True

    def add_partners(self):
        partners = self.env["res.partner"].create(
            [{"name": f"Stop {number}", "supplier_rank": 1, "email": "a@partner.example"} for number in range(9)]
        )
        self.env.cr.flush()
        return partners

    def check_alone(self, sentence, culprit="Stop 4", state="failed"):
        states = {log.name: log.state for log in self.logs("vendors_push")}
        self.assertEqual(states.pop(culprit), state)
        self.assertEqual(set(states.values()), {"done"})
        log = self.logs("vendors_push").filtered(lambda log: log.name == culprit)
        self.assertIn(sentence, log.error_message)
        names = [vendor["name"] for vendor in self.remote.vendors.values()]
        self.assertEqual(len(names), len(set(names)), "each once")

    def test_sending(self):
        self.add_partners()
        with self.stopping("send", "Stop 4"):
            self.assertEqual(self.run_until_quiet(), 3)
        self.check_alone("The server stopped 3 times while Odoo sent this record.")
        self.assertNotIn("Stop 4", [vendor["name"] for vendor in self.remote.vendors.values()])

    def test_change_of_what_is_queued_is_no_stop(self):
        partners = self.add_partners()
        partners.email = "b@partner.example"
        self.env.cr.flush()
        with self.stopping("send", "Stop 4"):
            self.assertTrue(self.is_killed())
        self.assertEqual(self.run_until_quiet(), 0)
        self.assertEqual(set(self.logs("vendors_push").mapped("state")), {"done"})

    def test_looking_up(self):
        self.add_partners()
        with self.stopping("send", "Stop 4"):
            self.assertTrue(self.is_killed())
        with self.stopping("find", "Stop 4"):
            self.assertGreaterEqual(self.run_until_quiet(12), 3)
        self.check_alone("Odoo could not confirm the delivery", state="unknown")

    def check_defect(self, defect, sentence, state):
        self.add_partners()
        with defect:
            for _run in range(10):
                self.pass_time()
                self.run_worker()
        self.check_alone(sentence, state=state)

    def test_defect_while_sending(self):
        self.check_defect(self.stopping("send", "Stop 4", how=RuntimeError), "RuntimeError", "failed")

    def test_defect_while_binding(self):
        defect = self.defect(Sent, "bind", lambda _sent, log, *_args: log.name == "Stop 4")
        self.check_defect(defect, "Odoo could not confirm the delivery", "unknown")


@tagged("post_install", "-at_install")
class TestStopsOfFiles(StopCase, FeedCase):
    def look(self, *names):
        """The second look at files of an invoice each is due."""
        self.only("files", "invoices")
        self.map_vendors()
        for number, name in enumerate(names, 1):
            self.server.put(f"outbound/invoices_{name}.csv", invoices(row(f"90000{number}")))
        self.sync()
        self.due()

    def test_good_file_behind_a_long_one(self):
        original = file_reading.Reading

        def reading(definition, content):
            if b"900001" in content:
                raise Killed
            return original(definition, content)

        with patch.object(file_reading, "Reading", reading):
            self.look("a_long", "b_good")
            self.assertEqual(self.run_until_quiet(), 3)
        long, good = self.files("invoices").sorted("name")
        self.assertEqual((good.state, good.error_message), ("read", False))
        self.assertEqual((long.state, long._log().state, long._log().error_class), ("failed", "failed", "stopped"))
        self.assertEqual(long.error_message, "The server stopped 3 times while Odoo read this file.")
        long.action_replay()
        self.run_until_quiet()
        self.assertEqual((long.state, long.error_message), ("read", False))

    def test_putting_away(self):
        with patch.object(type(self.server), "rename", side_effect=Killed):
            self.look("a")
            kills = 0
            for _run in range(6):
                self.env["ml.feed.file"].search([]).archive_at = "2026-01-01"
                kills += self.is_killed()
        self.assertEqual(kills, 3)
        file = self.files("invoices")
        self.assertEqual((file.state, file.archive_state), ("read", "failed"))
        self.assertIn("The server stopped 3 times while Odoo archived this file", file.archive_message)
