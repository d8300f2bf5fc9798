"""Booking expense reports: the way from the queue of financial documents, and bare journal entries."""

import statistics

import requests

from odoo import Command, sql_db

from .engine import flow_of, median_ratio, run_inside, stop_watch

BATCH = 25
"""Reports on one page of the queue."""
ENTRIES = 20


def main(env, sandbox_url, rounds):
    """Connect to the sandbox, then run both sides in turn, `rounds` times after a first one that warms the caches."""
    connection = _connected(env, sandbox_url)

    def work(run):
        rivals = Rivals(env, run, sandbox_url)
        for _ in range(rounds + 1):
            rivals.one_round()
        return rivals

    rivals = run_inside(connection, work)
    return {
        "fis_report_cost_vs_bare_entry": fis_report_cost_vs_bare_entry(rivals),
        "figures": {
            "fis_reports_per_second": BATCH / statistics.median(rivals.pull[1:]),
            "bare_entries_per_second": BATCH / statistics.median(rivals.bare[1:]),
            "queries_per_fis_report": statistics.median(rivals.queries[1:]) / BATCH,
            "queries_per_bare_entry": statistics.median(rivals.bare_queries[1:]) / BATCH,
        },
    }


def fis_report_cost_vs_bare_entry(rivals):
    """Seconds of `Rivals.pull_batch` against seconds of `Rivals.bare_batch`: 25 reports of 20 entries each, in the same
    process and database, one right after the other. The median of the ratios of all rounds but the first."""
    return median_ratio(rivals.pull[1:], rivals.bare[1:])


def _connected(env, sandbox_url):
    """A started connection whose codes are mapped."""
    company = env.company
    plan = env["account.analytic.plan"].create({"name": "Cost Centers"})
    env["account.analytic.account"].create({"name": "Sales", "code": "CC100", "plan_id": plan.id})
    env["hr.employee"].create({"name": "Ada Example", "work_email": "ada@example.com", "company_id": company.id})
    connection = env["ml.connection"].create(
        {
            "name": "Concur",
            "provider": "concur",
            "environment": "custom",
            "custom_url": sandbox_url,
            "owner_id": env.ref("base.user_admin").id,
        }
    )
    credentials = {credential.name: credential for credential in connection.credential_ids}
    credentials["client_id"].value = "concur_id_EXAMPLE"
    credentials["client_secret"].new_secret = "example-secret"
    credentials["company_id"].value = "070fde04-0000-4000-8000-000000000001"
    credentials["request_token"].new_secret = "example-request-token"
    connection.flow_ids.filtered(lambda flow: flow.key not in ("expense_reports", "results")).active = False
    connection.action_test()
    connection._cron_run()
    connection.action_start()
    # one report brings the codes, which Odoo maps automatically
    _release(requests.Session(), sandbox_url, 1)
    connection._cron_run()
    return connection


def _release(session, sandbox_url, count):
    body = {"count": count, "entries": ENTRIES}
    session.post(f"{sandbox_url}/_control/add_reports", json=body, timeout=60).raise_for_status()


class Rivals:
    """The ways to a posted entry, each with the seconds of its runs."""

    def __init__(self, env, run, sandbox_url):
        self.env, self.engine_run, self.url = env, run, sandbox_url
        self.session = requests.Session()
        self.pull, self.bare, self.queries, self.bare_queries = [], [], [], []

    def one_round(self):
        _release(self.session, self.url, BATCH)
        before = sql_db.sql_counter
        with stop_watch(self.pull):
            self.pull_batch()
        self.queries.append(sql_db.sql_counter - before)
        values = self.values(self.check_pulled())
        before = sql_db.sql_counter
        with stop_watch(self.bare):
            self.bare_batch(values)
        self.bare_queries.append(sql_db.sql_counter - before)

    def pull_batch(self):
        """The engine's whole way of 25 reports: read the queue from the sandbox (over HTTP, in a process of its own),
        store the documents, commit, acknowledge, commit, look whether there are more; claim, commit; translate, check,
        map, create, post, bindings, results, attempts, chatter, rows for the confirmations, commit."""
        flow = flow_of(self.engine_run, "expense_reports")
        self.engine_run.work_of(flow).read()
        self.engine_run.work_of(flow).process()

    def bare_batch(self, values):
        """The same 25 entries by one `create` and one `action_post`, then a commit."""
        moves = self.env["account.move"].create(values)
        moves.action_post()
        self.env.cr.commit()  # pylint: disable=invalid-commit; part of what is measured

    def check_pulled(self):
        """The entries of a run. One that posted less would look fast."""
        logs = self.env["ml.sync.log"].search([("kind", "=", "expense_report")], order="id desc", limit=BATCH)
        moves = self.env["account.move"].browse(logs.mapped("res_id"))
        posted = moves.filtered(lambda move: move.state == "posted" and len(move.line_ids) == ENTRIES + 1)
        if len(posted) != BATCH:
            problems = set(logs.filtered("error_message").mapped("error_message"))
            raise RuntimeError(f"{len(posted)} of {BATCH} reports were posted. {'; '.join(problems)}")
        return posted

    def values(self, moves):
        """Values of the same entries, as any program would write them."""
        return [
            {
                "move_type": "entry",
                "journal_id": move.journal_id.id,
                "date": move.date,
                "ref": f"{move.ref} again",
                "line_ids": [
                    Command.create(
                        {
                            "name": line.name,
                            "account_id": line.account_id.id,
                            "partner_id": line.partner_id.id,
                            "balance": line.balance,
                            "analytic_distribution": line.analytic_distribution,
                        }
                    )
                    for line in move.line_ids
                ],
            }
            for move in moves
        ]
