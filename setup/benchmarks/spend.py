"""Booking payments, card spend and reimbursements: the pull path, and bare batches that book the same."""

from odoo import Command

from lib.sandbox import control

from .engine import Race, run_inside, sync
from .specimens import ISSUED, Specimens

CODING = [["gl", "600000"]]


def main(env, sandbox_url, rounds):
    """Run each pair in turn."""
    connection = env["ml.connection"].search([])
    people = Payees(env)

    def work(run):
        pairs = {
            "payment_cost_vs_bare_payment": Payments(env, run, sandbox_url, people),
            "expense_cost_vs_bare_expense": Expenses(env, run, sandbox_url, people),
            "reimbursement_cost_vs_bare": Reimbursements(env, run, sandbox_url, people),
        }
        for pair in pairs.values():
            pair.prepare()
            pair.run(rounds)
        return pairs

    pairs = run_inside(connection, work)
    figures = {}
    for name, pair in pairs.items():
        kind = name.partition("_")[0]
        figures |= pair.speeds(kind, f"bare_{kind}") | pair.queries_each(kind, f"bare_{kind}")
    return {**{name: pair.cost() for name, pair in pairs.items()}, "figures": figures}


class Payees:
    """Map Ramp's codes to journals and the employee."""

    def __init__(self, env):
        self.env = env
        journals = env["account.journal"]
        self.bank = journals.search([("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1)
        self.card = journals.create({"name": "Ramp Card", "code": "RCARD", "type": "credit"})
        self.employee = env["hr.employee"].create({"name": "Ada Example", "work_email": "ada@example.com"})

    def map_all(self):
        """Map the codes of the first run."""
        for mapping in self.env["ml.mapping"].search([("state", "=", "unmapped")]):
            if mapping.kind == "journal":
                mapping.res_id = (self.card if mapping.external_id == "card" else self.bank).id
            elif mapping.kind == "employee":
                mapping.res_id = self.employee.id


class Pair(Race):
    """Two ways to the same records.

    The pull path is the engine's whole way of 50 records that are new at the provider: read the page over HTTP from the
    sandbox, store, commit, claim, commit, translate, map, create, post, reconcile, bindings, results, attempts,
    chatter, rows for files and reports, commit. The bare batch is ORM calls that leave the same behind, then a commit.
    """

    def __init__(self, env, run, sandbox_url, people):
        super().__init__(env, run)
        self.url, self.people = sandbox_url, people
        self.specimens = Specimens(env, sandbox_url)

    def prepare(self):
        """Import the codes of one record, and map them."""
        self.add(1)
        self.pull_batch()
        self.people.map_all()
        self.pull_batch()

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
        before = {bill["id"] for bill in control(self.url, "bills")}
        self.specimens.add_to_sandbox(count)
        sync(self.engine_run, "bills")
        for bill in control(self.url, "bills"):
            if bill["id"] not in before:
                control(self.url, "pay_bills", bill_ids=[bill["id"]])

    def is_booked(self, payment):
        return payment.state in ("in_process", "paid") and payment.reconciled_bill_ids.payment_state != "not_paid"

    def values(self, _payments):
        bills = self.env["account.move"].create(self.specimens.values(self.batch))
        bills.action_post()
        self.env.cr.commit()  # pylint: disable=invalid-commit; nothing of the bills is left to be written
        return [self.payment_values(bill, bill.amount_total) for bill in bills]

    def bare_batch(self, values):
        payments = self.env["account.payment"].create(values)
        self.settle(payments, [payment.invoice_ids for payment in payments])


class Expenses(Pair):
    """Card transactions as expenses that the company has paid."""

    flow, kind = "transactions", "expense"

    def add(self, count):
        for number in range(count):
            control(self.url, "add_transaction", amount=f"{10 + number}.50", coding=CODING)

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

    def bare_batch(self, values):
        expenses = self.env["hr.expense"].create(values)
        expenses.action_submit()
        expenses.filtered(lambda expense: expense.state != "approved").action_approve()
        expenses.action_post()


class Reimbursements(Pair):
    """A reimbursement: a receipt of the employee and its payment."""

    flow, kind = "reimbursements", "reimbursement"

    def add(self, count):
        for number in range(count):
            control(self.url, "add_reimbursement", amount=f"{10 + number}.50", coding=CODING)

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

    def bare_batch(self, values):
        receipts = self.env["account.move"].create(values)
        receipts.action_post()
        payments = self.env["account.payment"].create(
            [self.payment_values(receipt, receipt.amount_total) for receipt in receipts]
        )
        self.settle(payments, receipts)
