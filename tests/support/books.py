"""An Odoo database that is connected to a Ramp sandbox."""

import contextlib
import time
from itertools import count

from sandbox.ramp import CLIENT_ID, CLIENT_SECRET, RampSandbox, RampSettings

from lib import odoo, paths, postgres

from .workers import Workers

DEMO = paths.SETUP / "demo_data"
LEASE_SECONDS = 61
LONG_SECONDS = 5 * 3600
"""Longer than any wait between two tries."""
MAX_RUNS = 6
PATIENCE = 60


class Books:
    """
    :ivar sandbox: the Ramp sandbox, in this process
    :ivar control: its control interface
    :ivar workers: processes inside Odoo
    :ivar secret: the client secret, as Ramp and Odoo know it
    """

    def __init__(self, database, sandbox, workers, secret=CLIENT_SECRET):
        self.database = database
        self.sandbox = sandbox
        self.control = sandbox.control
        self.workers = workers
        self.secret = secret
        self._connection = postgres.connect(database)
        self._numbers = count(1)

    # -- set-up ------------------------------------------------------------------------------------------------------

    def connect(self):
        """Do what an administrator does: credentials, test, start, the first sync, mappings."""
        self.workers.code((DEMO / "company.py").read_text())
        self.workers.code(
            f"from lib.inside import CREDENTIALS\nCREDENTIALS['ramp']['client_secret'] = {self.secret!r}\n"
            f"URL = {self.sandbox.url!r}\n" + (DEMO / "ramp.py").read_text()
        )
        self.workers.run()
        self.workers.code("env['ml.connection'].search([]).action_start()")
        self.workers.run()
        self.workers.code((DEMO / "map.py").read_text())
        self.due()
        self.workers.run()

    def move_to(self, url):
        """Do what an administrator does whose provider answers at another address: earlier secrets are deleted."""
        self.workers.code(
            "connection = env['ml.connection'].search([])\n"
            f"connection.custom_url = {url!r}\n"
            "secret = connection.credential_ids.filtered(lambda credential: credential.name == 'client_secret')\n"
            f"secret.new_secret = {self.secret!r}\n"
            "connection.action_test()\n"
            "connection.state = 'connected'"
        )

    def connect_europe(self):
        """Do the same for a second company, which is the other entity of the Ramp business."""
        europe = (DEMO / "europe.py").read_text()
        connection = self.workers.code(f"URL = {self.sandbox.url!r}\n" + europe)
        self.workers.run()
        self.workers.code(f"env['ml.connection'].browse({connection}).action_start()")
        self.workers.run()
        self.workers.code((DEMO / "map.py").read_text())
        self.workers.run()
        return connection

    def close(self):
        self._connection.close()

    # -- reading -----------------------------------------------------------------------------------------------------

    def rows(self, statement, *parameters):
        """Rows of an SQL statement, as dicts."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            if not cursor.description:
                return []
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def value(self, statement, *parameters):
        """The only value of an SQL statement."""
        (row,) = self.rows(statement, *parameters)
        (value,) = row.values()
        return value

    def open_rows(self):
        """Rows of the queue that are not finished, with what is wrong with them."""
        return self.rows(
            """SELECT f.key AS flow, l.name, l.state, l.error_class, l.error_message
                 FROM ml_sync_log l JOIN ml_flow f ON f.id = l.flow_id
                WHERE l.state NOT IN ('done', 'superseded', 'ignored') ORDER BY l.id"""
        )

    # -- time and runs -----------------------------------------------------------------------------------------------

    def due(self, *flows):
        """Let exactly these flows read or sweep in the next run, as an hour after the last one."""
        self.rows(
            """UPDATE ml_flow SET reread_at = NULL, next_run_at = now() AT TIME ZONE 'utc'
                      + CASE WHEN key = ANY(%s) THEN interval '-1 second' ELSE interval '1 year' END""",
            list(flows),
        )

    def pass_time(self, seconds):
        """As if this time had gone by: leases, next tries, the circuit breaker, schedules."""
        for table, column in (
            ("ml_sync_log", "lease_until"),
            ("ml_sync_log", "next_try_at"),
            ("ml_connection", "breaker_until"),
            ("ml_webhook_event", "next_try_at"),
            ("ml_flow", "next_run_at"),
            ("ml_flow", "reread_at"),
        ):
            self.rows(
                f"UPDATE {table} SET {column} = {column} - make_interval(secs => %s) WHERE {column} IS NOT NULL",
                seconds,
            )

    def settle(self, seconds=LEASE_SECONDS, runs=MAX_RUNS):
        """Let time pass and the job run until nothing is open. Returns how many runs it took."""
        for number in range(1, runs + 1):
            self.pass_time(seconds)
            self.workers.run()
            if not self.open_rows() and not self._flows_due():
                return number
        raise AssertionError(f"Not settled after {runs} runs: {self.open_rows()} {self._flows_due()}")

    def _flows_due(self):
        return self.rows("SELECT key FROM ml_flow WHERE active AND next_run_at <= now() AT TIME ZONE 'utc'")

    # -- while a server runs the job ---------------------------------------------------------------------------------

    def trigger(self):
        """Have the server run the job now."""
        self.workers.code("env['ml.connection'].search([])._trigger()")

    def wait_until(self, condition, seconds=PATIENCE):
        """Poll until the condition is true."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"Not within {seconds} s: {self._unsettled()}"
            time.sleep(0.02)

    def wait_until_settled(self):
        """Wait until the server has read all events and nothing is open."""
        self.wait_until(lambda: not self._unsettled())

    def _unsettled(self):
        """What is still to be done."""
        unread = self.rows("SELECT event_type, message FROM ml_webhook_event WHERE state = 'received'")
        return self.open_rows() + self._flows_due() + unread

    # -- what people do ----------------------------------------------------------------------------------------------

    def add_bill(self, paid=False, vendor=None, **values):
        """A bill that is approved at Ramp; its id. Its vendor is known to Odoo, unless the id of another is given."""
        values.setdefault("invoice_number", f"CRASH-{next(self._numbers)}")
        values.setdefault(
            "lines",
            [
                {"amount": "120.50", "memo": "First", "coding": [["gl", "gl-600000"]]},
                {"amount": "79.50", "memo": "Second", "coding": [["gl", "gl-600000"], ["project", "P-100"]]},
            ],
        )
        bill = self.control.add_bill(vendor or self.first_vendor, **values)
        if paid:
            self.control.pay_bills([bill])
        return bill

    @property
    def first_vendor(self):
        return next(vendor.id for vendor in self.sandbox.state.vendors if vendor.currency == "USD")

    def add_vendor(self):
        """A vendor that is approved at Ramp; its id."""
        return self.control.add_vendor(f"Crash Vendor {next(self._numbers)} Ltd.", country="GB")

    def add_partners(self, count):
        """Vendors that are entered in Odoo; their ids there."""
        values = {
            "email": "office@partner.example",
            "is_company": True,
            "supplier_rank": 1,
            "street": "1 First Street",
            "city": "London",
            "zip": "EC1A 1BB",
        }
        rows = [{**values, "name": f"Crash Partner {next(self._numbers)} Ltd."} for _ in range(count)]
        return self.workers.code(
            f"country = env.ref('base.uk').id\n"
            f"result = env['res.partner'].create([{{**row, 'country_id': country}} for row in {rows!r}]).ids"
        )

    def add_partner(self):
        """A vendor that is entered in Odoo; its id there."""
        return self.add_partners(1)[0]

    def write_partner(self, partner, **values):
        self.workers.code(f"env['res.partner'].browse({partner}).write({values!r})")

    def switch(self, flow, active):
        """Switch a flow on or off."""
        self.workers.code(
            "flows = env['ml.flow'].with_context(active_test=False)\n"
            f"flows.search([('key', '=', {flow!r})]).active = {active!r}"
        )


@contextlib.contextmanager
def connected_books(prefix, secret=CLIENT_SECRET, traffic=None, **options):
    """A database of its own that is connected to a sandbox of its own; `options` are the sandbox's.

    :param traffic: a `Recording` of what is said to it
    """
    settings = RampSettings(rate_limit=0, webhook_first_delay=0.02)
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(RampSandbox(**{"size": "small", "settings": settings, **options}))
        sandbox.apps[CLIENT_ID].client_secret = secret
        if traffic:
            traffic.of(sandbox)
        database = stack.enter_context(odoo.temporary_database(prefix))
        workers = stack.enter_context(contextlib.closing(Workers(database)))
        books = stack.enter_context(contextlib.closing(Books(database, sandbox, workers, secret)))
        books.connect()
        yield books
