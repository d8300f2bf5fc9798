"""Booking payments, card spend and reimbursements: the pull path, and bare batches that book the same."""

import statistics

import requests

from odoo import Command, sql_db

from .engine import flow_of, median_ratio, run_inside, stop_watch
from .specimens import ISSUED, Specimens

BATCH = 50
CODING = [["gl", "600000"]]


def main(env, sandbox_url, rounds):
    """Run each pair in turn, `rounds` times after a first one that warms the caches."""
    connection = env["ml.connection"].search([])
    people = Payees(env)
    people.hire()

    def work(run):
        pairs = {
            "payment_cost_vs_bare_payment": Payments(env, run, sandbox_url, people),
            "expense_cost_vs_bare_expense": Expenses(env, run, sandbox_url, people),
            "reimbursement_cost_vs_bare": Reimbursements(env, run, sandbox_url, people),
        }
        for pair in pairs.values():
            pair.prepare()
            for _ in range(rounds + 1):
                pair.one_round()
        return pairs

    pairs = run_inside(connection, work)
    figures = {}
    for name, pair in pairs.items():
        kind = name.partition("_")[0]
        figures[f"{kind}s_per_second"] = BATCH / statistics.median(pair.pull[1:])
        figures[f"bare_{kind}s_per_second"] = BATCH / statistics.median(pair.bare[1:])
        figures[f"queries_per_{kind}"] = statistics.median(pair.queries[1:]) / BATCH
        figures[f"queries_per_bare_{kind}"] = statistics.median(pair.bare_queries[1:]) / BATCH
    return {**{name: pair.cost() for name, pair in pairs.items()}, "figures": figures}


class Payees:
    """Map Ramp's codes to journals and the employee."""

    def __init__(self, env):
        self.env = env
        journals = env["account.journal"]
        self.bank = journals.search([("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1)
        self.card = journals.create({"name": "Ramp Card", "code": "RCARD", "type": "credit"})
        self.employee = env["hr.employee"]

    def hire(self):
        self.employee = self.employee.create({"name": "Ada Example", "work_email": "ada@example.com"})

    def map_all(self):
        """Map the codes of the first run."""
        for mapping in self.env["ml.mapping"].search([("state", "=", "unmapped")]):
            if mapping.kind == "journal":
                mapping.res_id = (self.card if mapping.external_id == "card" else self.bank).id
            elif mapping.kind == "employee":
                mapping.res_id = self.employee.id


class Pair:
    """Two ways to the same records, each with the seconds of its runs."""

    flow = None
    kind = None

    def __init__(self, env, run, sandbox_url, people):
        self.env, self.engine_run, self.people = env, run, people
        self.url = sandbox_url
        self.session = requests.Session()
        self.specimens = Specimens(env, sandbox_url)
        self.pull, self.bare, self.queries, self.bare_queries = [], [], [], []

    def cost(self):
        """Seconds of the engine's whole way of 50 records that are new at the provider (read the page over HTTP from
        the sandbox, store, commit, claim, commit, translate, map, create, post, reconcile, bindings, results, attempts,
        chatter, rows for files and reports, commit) against seconds of a bare batch of ORM calls that leaves the same
        behind, then a commit. The median of the ratios of all rounds but the first, which warms the caches."""
        return median_ratio(self.pull[1:], self.bare[1:])

    def prepare(self):
        """Import the codes of one record, and map them."""
        self.add(1)
        self.read()
        self.people.map_all()
        self.read()

    def one_round(self):
        self.add(BATCH)
        before = sql_db.sql_counter
        with stop_watch(self.pull):
            self.read()
        self.queries.append(sql_db.sql_counter - before)
        records = self.check_pulled()
        values = self.values(records)
        before = sql_db.sql_counter
        with stop_watch(self.bare):
            self.book(values)
            self.env.cr.commit()  # pylint: disable=invalid-commit; part of what is measured
        self.bare_queries.append(sql_db.sql_counter - before)

    def read(self):
        flow = flow_of(self.engine_run, self.flow)
        self.engine_run.work_of(flow).read()
        self.engine_run.work_of(flow).process()

    def check_pulled(self):
        """The records of a run. One that booked less would look fast."""
        logs = self.env["ml.sync.log"].search([("kind", "=", self.kind)], order="id desc", limit=BATCH)
        problems = set(logs.filtered("error_message").mapped("error_message"))
        records = self.env[logs[0].res_model or "account.move"].browse(logs.mapped("res_id")).exists()
        if problems or len(records) != BATCH or not all(self.is_booked(record) for record in records):
            raise RuntimeError(f"{len(records)} of {BATCH} records were booked. {'; '.join(problems)}")
        return records

    def control(self, name, **values):
        answer = self.session.post(f"{self.url}/_control/{name}", json=values, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def add(self, count):
        """Make records at the provider."""
        raise NotImplementedError

    def is_booked(self, record):
        raise NotImplementedError

    def values(self, records):
        """Values of the same records, as any program would write them."""
        raise NotImplementedError

    def book(self, values):
        """Create and post them with nothing but Odoo's own methods."""
        raise NotImplementedError

    def settle(self, payments, bills):
        """Post payments and reconcile each with its bill in one call: one by one takes twice the time."""
        payments.action_post()
        plan = []
        for payment, bill in zip(payments, bills, strict=True):
            lines = payment.move_id.line_ids + bill.line_ids
            plan.append(lines.filtered(lambda line: line.account_type == "liability_payable" and not line.reconciled))
        self.env["account.move.line"]._reconcile_plan(plan)

    def payment_values(self, bill, amount):
        return {
            "payment_type": "outbound",
            "partner_type": "supplier",
            "partner_id": bill.partner_id.id,
            "journal_id": self.people.bank.id,
            "amount": amount,
            "date": ISSUED,
            "memo": bill.ref,
            "invoice_ids": [Command.set(bill.ids)],
        }


class Payments(Pair):
    """Payments of one posted bill each."""

    flow, kind = "payments", "payment"

    def add(self, count):
        """Bills that are in Odoo, and are paid at the provider."""
        before = {bill["id"] for bill in self.control("bills")}
        self.specimens.add_to_sandbox(count)
        bills = flow_of(self.engine_run, "bills")
        self.engine_run.work_of(bills).read()
        self.engine_run.work_of(bills).process()
        for bill in self.control("bills"):
            if bill["id"] not in before:
                self.control("pay_bills", bill_ids=[bill["id"]])

    def is_booked(self, payment):
        return payment.state in ("in_process", "paid") and payment.reconciled_bill_ids.payment_state != "not_paid"

    def values(self, _payments):
        bills = self.env["account.move"].create(self.specimens.values(BATCH))
        bills.action_post()
        self.env.cr.commit()  # pylint: disable=invalid-commit; nothing of the bills is left to be written
        return [self.payment_values(bill, bill.amount_total) for bill in bills]

    def book(self, values):
        payments = self.env["account.payment"].create(values)
        self.settle(payments, [payment.invoice_ids for payment in payments])


class Expenses(Pair):
    """Card transactions as expenses that the company has paid."""

    flow, kind = "transactions", "expense"

    def add(self, count):
        for number in range(count):
            self.control("add_transaction", amount=f"{10 + number}.50", coding=CODING)

    def is_booked(self, expense):
        return expense.account_move_id.state == "posted"

    def values(self, expenses):
        return [
            {
                "name": expense.name,
                "date": expense.date,
                "employee_id": expense.employee_id.id,
                "product_id": expense.product_id.id,
                "quantity": 1,
                "payment_mode": "company_account",
                "payment_method_line_id": expense.payment_method_line_id.id,
                "total_amount_currency": expense.total_amount_currency,
                "account_id": expense.account_id.id,
                "tax_ids": [Command.clear()],
            }
            for expense in expenses
        ]

    def book(self, values):
        expenses = self.env["hr.expense"].create(values)
        expenses.action_submit()
        expenses.filtered(lambda expense: expense.state != "approved").action_approve()
        expenses.action_post()


class Reimbursements(Pair):
    """A reimbursement: a receipt of the employee and its payment."""

    flow, kind = "reimbursements", "reimbursement"

    def add(self, count):
        for number in range(count):
            self.control("add_reimbursement", amount=f"{10 + number}.50", coding=CODING)

    def is_booked(self, receipt):
        return receipt.state == "posted" and receipt.payment_state != "not_paid"

    def values(self, receipts):
        return [
            {
                "move_type": "in_receipt",
                "partner_id": receipt.partner_id.id,
                "ref": f"{receipt.ref} again",
                "invoice_date": receipt.invoice_date,
                "date": receipt.date,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": line.name,
                            "account_id": line.account_id.id,
                            "quantity": 1.0,
                            "price_unit": line.price_unit,
                            "tax_ids": [Command.clear()],
                        }
                    )
                    for line in receipt.invoice_line_ids
                ],
            }
            for receipt in receipts
        ]

    def book(self, values):
        receipts = self.env["account.move"].create(values)
        receipts.action_post()
        payments = self.env["account.payment"].create(
            [self.payment_values(receipt, receipt.amount_total) for receipt in receipts]
        )
        self.settle(payments, receipts)
