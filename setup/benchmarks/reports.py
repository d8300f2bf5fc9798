"""Booking expense reports: the way from the queue of financial documents, and bare journal entries."""

from odoo import Command

from lib.inside import connect
from lib.sandbox import control

from .engine import Race, run_inside

ENTRIES = 20


def main(env, sandbox_url, rounds):
    """Connect to the sandbox, then run both sides in turn."""
    connection = _connected(env, sandbox_url)
    rivals = run_inside(connection, lambda run: Rivals(env, run, sandbox_url).run(rounds))
    names = ("fis_report", "bare_report")
    figures = {**rivals.speeds(*names), **rivals.queries_each(*names)}
    return {"fis_report_cost_vs_bare_entry": rivals.cost(), "figures": figures}


def _connected(env, sandbox_url):
    """A started connection whose codes are mapped."""
    company = env.company
    plan = env["account.analytic.plan"].create({"name": "Cost Centers"})
    env["account.analytic.account"].create({"name": "Sales", "code": "CC100", "plan_id": plan.id})
    env["hr.employee"].create({"name": "Ada Example", "work_email": "ada@example.com", "company_id": company.id})
    connection = connect(env, "concur", "Concur", sandbox_url)
    connection.flow_ids.filtered(lambda flow: flow.key not in ("expense_reports", "results")).active = False
    connection.action_test()
    connection._cron_run()
    connection.action_start()
    # one report brings the codes, which Odoo maps automatically
    control(sandbox_url, "add_reports", count=1, entries=ENTRIES)
    connection._cron_run()
    return connection


class Rivals(Race):
    """The ways to a posted entry.

    The pull path is the engine's whole way of 25 reports of 20 entries: read the queue from the sandbox (over HTTP,
    in a process of its own), store the documents, commit, acknowledge, commit, look whether there are more; claim,
    commit; translate, check, map, create, post, bindings, results, attempts, chatter, rows for the confirmations,
    commit. The bare batch is the same 25 entries by one `create` and one `action_post`, then a commit.
    """

    flow, kind = "expense_reports", "expense_report"
    batch = 25
    """Reports on one page of the queue."""

    def __init__(self, env, run, sandbox_url):
        super().__init__(env, run)
        self.url = sandbox_url

    def add(self, count):
        control(self.url, "add_reports", count=count, entries=ENTRIES)

    def is_booked(self, move):
        return move.state == "posted" and len(move.line_ids) == ENTRIES + 1

    def values(self, moves):
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
