"""A real Odoo whose scheduled jobs run, the Ramp sandbox, and people at a real Chromium."""

import contextlib
import time

import pytest
from playwright.sync_api import sync_playwright
from sandbox.ramp import CLIENT_ID, CLIENT_SECRET, RampSandbox, RampSettings
from support.books import DEMO
from support.browser import Visitor

from lib import bootstrap, odoo, postgres

SECONDS = 150
"""More than two looks of the scheduler, which may miss one while the job still runs."""
VISITORS = pytest.StashKey()


class Office:
    """
    :ivar sandbox: the Ramp sandbox, in this process
    :ivar control: its control interface
    """

    def __init__(self, database, sandbox, server):
        self.database = database
        self.sandbox = sandbox
        self.control = sandbox.control
        self.server = server

    def rows(self, statement, *parameters):
        return postgres.query(self.database, statement, parameters)

    def wait_for(self, statement, *parameters):
        """Wait until the statement has a row, which the scheduled jobs bring about; return the first one."""
        deadline = time.monotonic() + SECONDS
        while not (rows := self.rows(statement, *parameters)):
            assert time.monotonic() < deadline, f"Not within {SECONDS} s: {statement} {parameters}"
            time.sleep(0.1)
        return rows[0]

    def wait_until_quiet(self):
        """Wait until every flow has been read and nothing is on its way."""
        self.wait_for(
            """SELECT 1 WHERE NOT EXISTS (SELECT FROM ml_sync_log WHERE state IN ('pending', 'running', 'unknown'))
                AND NOT EXISTS (SELECT FROM ml_flow WHERE active AND direction = 'pull' AND last_success_at IS NULL)"""
        )

    def add_bill(self, number, account="gl-600000", **values):
        """A bill that is approved at Ramp."""
        vendor = next(vendor for vendor in self.sandbox.state.vendors if vendor.currency == "USD")
        lines = [{"amount": "250.00", "memo": "Consulting", "coding": [["gl", account]]}]
        return self.control.add_bill(vendor.id, lines, invoice_number=number, **values)


@pytest.fixture(scope="session")
def office():
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(RampSandbox(size="small", settings=RampSettings(rate_limit=0)))
        database = stack.enter_context(odoo.temporary_database("test_browser"))
        odoo.shell(database, (DEMO / "company.py").read_text() + "\nenv.cr.commit()\n")
        server = stack.enter_context(odoo.with_server(database))
        yield Office(database, sandbox, server)
        assert not sandbox.control.violations()


@pytest.fixture(scope="session")
def chromium():
    bootstrap.system("chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=bootstrap.browser(), args=["--no-sandbox"])


@pytest.fixture
def visit(request, chromium, office):
    """Let somebody log in; whatever goes wrong in his browser fails the test."""
    with contextlib.ExitStack() as stack:
        visitors = request.node.stash[VISITORS] = []

        def visit(login="admin", password="admin", **options):
            visitor = Visitor(chromium, office.server, **options)
            stack.callback(visitor.close)
            visitors.append(visitor)
            visitor.log_in(login, password)
            return visitor

        yield visit
        assert [problem for visitor in visitors for problem in visitor.problems] == []


@pytest.fixture
def admin(visit):
    return visit()


@pytest.fixture
def connection(office, admin):
    """The id of a connection to the sandbox that has read everything there is."""
    if not office.rows("SELECT 1 FROM ml_connection WHERE state = 'connected'"):
        values = {"name": "Ramp", "provider": "ramp", "environment": "custom", "custom_url": office.sandbox.url}
        (new,) = admin.call("ml.connection", "create", [values])
        credentials = admin.call("ml.credential", "search_read", [("connection_id", "=", new)], ["name"])
        ids = {credential["name"]: credential["id"] for credential in credentials}
        admin.call("ml.credential", "write", ids["client_id"], {"value": CLIENT_ID})
        admin.call("ml.credential", "write", ids["client_secret"], {"new_secret": CLIENT_SECRET})
        admin.call("ml.connection", "action_test", new)
        office.wait_for("SELECT 1 FROM ml_connection WHERE check_state IN ('ok', 'warning')")
        admin.call("ml.connection", "action_start", new)
    office.wait_until_quiet()
    return office.rows("SELECT min(id) FROM ml_connection WHERE state = 'connected'")[0][0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.failed:
        for number, visitor in enumerate(item.stash.get(VISITORS, [])):
            with contextlib.suppress(Exception):  # noqa: BLE001 - the test's own failure is what has to be seen
                visitor.take_picture(f"{item.name}-{number}")
    return report
