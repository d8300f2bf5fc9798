"""Posting vendor bills: the pull path, bare Odoo, and a program from outside."""

import statistics

import requests

from .engine import Race, median_ratio, run_inside, stop_watch, sync
from .specimens import Specimens

CLIENT_BATCH = 10


def main(env, sandbox_url, server_url, key, rounds):
    """Run all sides one after the other."""
    connection = env["ml.connection"].search([])
    specimens = Specimens(env, sandbox_url)
    rivals = run_inside(connection, lambda run: Rivals(env, run, specimens, server_url, key).run(rounds))
    queries = rivals.queries_each("posted_bill", "bare_bill")
    return {
        "pull_cost_vs_bare_batch": rivals.cost(),
        "pull_speed_vs_json2_client": pull_speed_vs_json2_client(rivals),
        "queries_per_posted_bill": queries["queries_per_posted_bill"],
        "figures": {
            **rivals.speeds("pull_bill", "bare_batch_bill"),
            "json2_client_bills_per_second": CLIENT_BATCH / statistics.median(rivals.client),
            "pull_ms_per_bill": 1000 * statistics.median(rivals.pull) / rivals.batch,
            "report_ms_per_bill": 1000 * statistics.median(rivals.report) / rivals.batch,
            "bare_batch_queries_per_bill": queries["queries_per_bare_bill"],
        },
    }


def pull_speed_vs_json2_client(rivals):
    """Bills per second of `Rivals.pull_batch` (50 bills) against those of `Rivals.client_batch` (10 bills), one right
    after the other. The median of the ratios of all rounds but the first, which warms the caches."""
    pull = [seconds / rivals.batch for seconds in rivals.pull]
    client = [seconds / CLIENT_BATCH for seconds in rivals.client]
    return median_ratio(client, pull)


class Rivals(Race):
    """The ways to a posted bill.

    The pull path is the engine's whole way of 50 bills that are new in Ramp: read the page from the sandbox (over HTTP,
    in a process of its own), store rows and cursor, commit; claim, commit; translate, map, create, post, bindings,
    results, attempts, chatter, rows for files and reports, commit. The bare batch is the same 50 bills (vendors,
    accounts, lines, dates) by one `create` and one `action_post`, then a commit.
    """

    flow, kind = "bills", "bill"

    def __init__(self, env, run, specimens, server_url, key):
        super().__init__(env, run)
        self.specimens, self.server_url = specimens, server_url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"bearer {key}"
        self.client, self.report = [], []

    def run(self, rounds):
        super().run(rounds)
        del self.client[0], self.report[0]
        return self

    def one_round(self):
        super().one_round()
        values = self.specimens.values(CLIENT_BATCH)
        with stop_watch(self.client):
            self.client_batch(values)
        with stop_watch(self.report):
            sync(self.engine_run, "results")

    def add(self, count):
        self.specimens.add_to_sandbox(count)

    def is_booked(self, move):
        return move.state == "posted" and len(move.invoice_line_ids) == 3

    def values(self, _moves):
        return self.specimens.values(self.batch)

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
