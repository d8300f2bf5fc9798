"""Posting vendor bills: the pull path, bare Odoo, and a program from outside."""

import statistics

import requests

from odoo import sql_db

from .engine import flow_of, median_ratio, run_inside, stop_watch
from .specimens import Specimens

BATCH = 50
CLIENT_BATCH = 10


def main(env, sandbox_url, server_url, key, rounds):
    """Run all sides one after the other, `rounds` times after a first one that only warms the caches."""
    connection = env["ml.connection"].search([])

    def work(run):
        rivals = Rivals(env, run, Specimens(env, sandbox_url), server_url, key)
        for _ in range(rounds + 1):
            rivals.one_round()
        return rivals

    rivals = run_inside(connection, work)
    return {
        "pull_cost_vs_bare_batch": pull_cost_vs_bare_batch(rivals),
        "pull_speed_vs_json2_client": pull_speed_vs_json2_client(rivals),
        "queries_per_posted_bill": queries_per_posted_bill(rivals),
        "figures": {
            "pull_bills_per_second": BATCH / statistics.median(rivals.pull[1:]),
            "bare_batch_bills_per_second": BATCH / statistics.median(rivals.bare[1:]),
            "json2_client_bills_per_second": CLIENT_BATCH / statistics.median(rivals.client[1:]),
            "pull_ms_per_bill": 1000 * statistics.median(rivals.pull[1:]) / BATCH,
            "report_ms_per_bill": 1000 * statistics.median(rivals.report[1:]) / BATCH,
            "bare_batch_queries_per_bill": statistics.median(rivals.bare_queries[1:]) / BATCH,
        },
    }


def pull_cost_vs_bare_batch(rivals):
    """Seconds of `Rivals.pull_batch` against seconds of `Rivals.bare_batch`: 50 bills each, in the same process and
    database, one right after the other. The median of the ratios of all rounds but the first, which warms the caches.
    """
    return median_ratio(rivals.pull[1:], rivals.bare[1:])


def pull_speed_vs_json2_client(rivals):
    """Bills per second of `Rivals.pull_batch` (50 bills) against those of `Rivals.client_batch` (10 bills), one right
    after the other. The median of the ratios of all rounds but the first, which warms the caches."""
    pull = [seconds / BATCH for seconds in rivals.pull[1:]]
    client = [seconds / CLIENT_BATCH for seconds in rivals.client[1:]]
    return median_ratio(client, pull)


def queries_per_posted_bill(rivals):
    """SQL statements that the process sends, by Odoo's own counter for all cursors, during `Rivals.pull_batch`, divided
    by 50. The median of all rounds but the first."""
    return statistics.median(rivals.queries[1:]) / BATCH


class Rivals:
    """The ways to a posted bill, each with the seconds of its runs."""

    def __init__(self, env, run, specimens, server_url, key):
        self.env, self.engine_run, self.specimens = env, run, specimens
        self.server_url = server_url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"bearer {key}"
        self.pull, self.bare, self.client, self.report = [], [], [], []
        self.queries, self.bare_queries = [], []

    def one_round(self):
        self.specimens.add_to_sandbox(BATCH)
        before = sql_db.sql_counter
        with stop_watch(self.pull):
            self.pull_batch()
        self.queries.append(sql_db.sql_counter - before)
        self.check_pulled()
        with stop_watch(self.report):
            self.engine_run.work_of(flow_of(self.engine_run, "results")).process()
        values = self.specimens.values(BATCH)
        before = sql_db.sql_counter
        with stop_watch(self.bare):
            self.bare_batch(values)
        self.bare_queries.append(sql_db.sql_counter - before)
        values = self.specimens.values(CLIENT_BATCH)
        with stop_watch(self.client):
            self.client_batch(values)

    def pull_batch(self):
        """The engine's whole way of 50 bills that are new in Ramp: read the page from the sandbox (over HTTP, in
        a process of its own), store rows and cursor, commit; claim, commit; translate, map, create, post, bindings,
        results, attempts, chatter, rows for files and reports, commit."""
        flow = flow_of(self.engine_run, "bills")
        self.engine_run.work_of(flow).read()
        self.engine_run.work_of(flow).process()

    def bare_batch(self, values):
        """The same 50 bills (vendors, accounts, lines, dates) by one `create` and one `action_post`, then a commit."""
        moves = self.env["account.move"].create(values)
        moves.action_post()
        self.env.cr.commit()  # pylint: disable=invalid-commit; part of what is measured

    def client_batch(self, values):
        """10 such bills by a program from outside: for each bill one JSON-2 call of `create` and one of `action_post`,
        over one connection that is kept alive, to an Odoo server that has nothing else to do."""
        for vals in values:
            (move_id,) = self._call("create", vals_list=[vals])
            self._call("action_post", ids=[move_id])

    def _call(self, method, **arguments):
        answer = self.session.post(f"{self.server_url}/json/2/account.move/{method}", json=arguments, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def check_pulled(self):
        """A run that posted less would look fast."""
        logs = self.env["ml.sync.log"].search([("kind", "=", "bill")], order="id desc", limit=BATCH)
        moves = self.env["account.move"].browse(logs.mapped("res_id"))
        posted = moves.filtered(lambda move: move.state == "posted" and len(move.invoice_line_ids) == 3)
        if len(posted) != BATCH:
            problems = set(logs.filtered("error_message").mapped("error_message"))
            raise RuntimeError(f"{len(posted)} of {BATCH} bills were posted. {'; '.join(problems)}")
