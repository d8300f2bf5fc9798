"""A worker that is killed while card spend, credits and what Odoo sends is on its way.

`test_kill` takes each point of the flows whose steps all others share. Here is only what is of another kind: records
that are several in Odoo, and objects that are made at Ramp by calls of their own. One database serves all.
"""

import re
from datetime import UTC, datetime
from itertools import count

import pytest
from sandbox.ramp.model import Line
from sandbox.ramp.spend_model import VendorCredit
from support.books import connected_books
from support.invariants import chain_problem, general_problems
from support.kills import Case, finish, killed
from support.ledger import unbilled

CODING = [["gl", "gl-600000"], ["project", "P-300"]]
NUMBERS = count(1)
PUSHES = ("accounts_push", "vendors_push", "purchase_orders_push", "receipts_push", "bills_push")
FLOWS = f"""
connection = env["ml.connection"].search([])
connection.flow_ids.filtered(lambda flow: flow.key in {PUSHES!r}).active = True
connection.action_test()
"""
ACCOUNT = """
account = env["account.account"].create({{"code": "7{number:05}", "name": "Kill {number}", "account_type": "expense"}})
result = account.id
"""
ORDER = """
product = env["product.product"].search([("name", "=", "Bolt")]) or env["product.product"].create(
    {{"name": "Bolt", "type": "consu", "purchase_ok": True}}
)
line = {{"product_id": product.id, "product_qty": 4, "price_unit": 10, "tax_ids": []}}
order = env["purchase.order"].create({{"partner_id": {partner}, "order_line": [(0, 0, line)]}})
order.button_confirm()
result = order.id
"""
RECEIVE = """
picking = env["purchase.order"].browse({}).picking_ids
picking.move_ids.write({{"quantity": 4, "picked": True}})
picking.button_validate()
result = picking.id
"""
BILL = """
line = {{"name": "Repair", "quantity": 1, "price_unit": {number}, "tax_ids": []}}
bill = env["account.move"].create(
    {{
        "move_type": "in_invoice",
        "partner_id": {partner},
        "ref": "KILL-{number}",
        "invoice_date": "2026-09-01",
        "invoice_line_ids": [(0, 0, line)],
    }}
)
bill.action_post()
result = bill.id
"""
CARD = """
    SELECT coalesce(sum(l.balance), 0) FROM account_move_line l
      JOIN account_journal j ON j.default_account_id = l.account_id
     WHERE j.code = 'RCARD' AND l.parent_state = 'posted'
"""


def bound(books, external_id, kind):
    """Ids of the Odoo records of one remote record."""
    rows = books.rows("SELECT res_id FROM ml_binding WHERE external_id = %s AND kind = %s", external_id, kind)
    return [row["res_id"] for row in rows]


def reports(books, external_id):
    return {kind: times[external_id] for kind, times in books.control.effects(object_id=external_id).items()}


class DatabaseCase(Case):
    """The database has expenses and reimbursements, whose payments are not bound themselves."""

    most_runs = 4

    def all_problems(self):
        general = general_problems(self.books)
        return [*self.problems(), *(problem for problem in general if "payments without a binding" not in problem)]


class SpendCase(DatabaseCase):
    """A purchase by card and a reimbursement, from approval to the last report."""

    due = ("transactions", "reimbursements")

    def start(self):
        self.expenses = self.books.value("SELECT count(*) FROM hr_expense")
        self.transaction = self.books.control.add_transaction("42.10", coding=CODING)
        self.reimbursement = self.books.control.add_reimbursement("17.30", coding=CODING)

    def problems(self):
        for external_id, kind, report in (
            (self.transaction, "expense", "TRANSACTION_SYNC"),
            (self.reimbursement, "reimbursement", "REIMBURSEMENT_SYNC"),
        ):
            if len(bound(self.books, external_id, kind)) != 1:
                yield f"{kind} {external_id} is not bound once"
            if (told := reports(self.books, external_id)) != {report: 1}:
                yield f"Ramp was told {told} of {kind} {external_id}"
        if (new := self.books.value("SELECT count(*) FROM hr_expense") - self.expenses) != 1:
            yield f"{new} new expenses in Odoo"
        if self.books.value(CARD) != unbilled(self.books.sandbox.state):
            yield "the card account is wrong"


class StatementCase(DatabaseCase):
    """A month of its own: a purchase, the statement with it, and its payment."""

    due = ("transactions", "cashbacks", "statements", "transfers")

    def start(self):
        month = next(NUMBERS)
        start, end = (f"{2020 + at // 12}-{at % 12 + 1:02}" for at in (month, month + 1))
        control = self.books.control
        control.add_transaction("100.00", coding=CODING, time=f"{start}-10T10:00:00+00:00")
        self.statement = control.close_statement(f"{start}-01", f"{end}-01")
        self.transfer = control.add_transfer("98.50", f"{end}-05")

    def problems(self):
        for external_id, kind in ((self.statement, "statement"), (self.transfer, "transfer")):
            if len(bound(self.books, external_id, kind)) != 1:
                yield f"{kind} {external_id} is not bound once"
        if (told := reports(self.books, self.transfer)) != {"TRANSFER_SYNC": 1}:
            yield f"Ramp was told {told} of the transfer"
        if self.books.value(CARD) != unbilled(self.books.sandbox.state):
            yield "the card account is wrong"


class CreditCase(DatabaseCase):
    """A vendor credit."""

    due = ("credits",)

    def start(self):
        state = self.books.sandbox.state
        self.number = f"KILL-CN-{next(NUMBERS)}"
        moment = datetime(2026, 9, 1, tzinfo=UTC)
        option = next(option.id for option in state.options if option.external_id == "gl-600000")
        self.credit = f"00000000-0000-4000-8000-{next(NUMBERS):012}"
        state.vendor_credits.add(
            VendorCredit(
                *(self.credit, self.books.first_vendor, state.entities[0]["id"], self.number),
                *(moment.date(), moment, [Line(5_000, "Returned", [option])]),
            )
        )

    def problems(self):
        if len(bound(self.books, self.credit, "credit")) != 1:
            yield "the credit is not bound once"
        if self.books.value("SELECT count(*) FROM account_move WHERE ref = %s", self.number) != 1:
            yield "not one credit note in Odoo"


class PushCase(DatabaseCase):
    """:cvar kind: of the binding; what is made in Odoo is one object at Ramp"""

    kind = ""

    def problems(self):
        sent = self.books.rows(
            "SELECT external_id FROM ml_binding WHERE kind = %s AND res_id = %s", self.kind, self.record
        )
        if len(sent) != 1:
            yield f"{len(sent)} bindings"
        if (made := self.made()) != 1:
            yield f"{made} objects at Ramp"

    def made(self):
        raise NotImplementedError

    def handled(self, kind, rows, attribute):
        """How many of Ramp's rows have our number."""
        handle = re.compile(rf".*:{kind}:{self.record}(-\w{{6}})?")
        return sum(1 for row in rows if handle.fullmatch(str(getattr(row, attribute))))


class AccountCase(PushCase):
    kind = "account"

    def start(self):
        self.name = f"Kill {(number := next(NUMBERS))}"
        self.record = self.books.workers.code(ACCOUNT.format(number=number))

    def made(self):
        return sum(1 for option in self.books.sandbox.state.options if option.name == self.name)


class OrderCase(PushCase):
    kind = "purchase_order"

    def start(self):
        self.record = self.books.workers.code(ORDER.format(partner=self.books.partner))

    def made(self):
        return self.handled("purchase_order", self.books.sandbox.state.purchase_orders, "external_id")


class ReceiptCase(PushCase):
    kind = "goods_receipt"

    def start(self):
        order = self.books.workers.code(ORDER.format(partner=self.books.partner))
        self.books.due()
        self.books.workers.run()
        self.record = self.books.workers.code(RECEIVE.format(order))
        bindings = "SELECT external_id FROM ml_binding WHERE kind = 'purchase_order' AND res_id = %s"
        self.order = self.books.value(bindings, order)

    def made(self):
        return sum(1 for receipt in self.books.sandbox.state.item_receipts if receipt.purchase_order_id == self.order)


class OwnBillCase(PushCase):
    kind = "own_bill"

    def start(self):
        self.record = self.books.workers.code(BILL.format(partner=self.books.partner, number=next(NUMBERS)))

    def made(self):
        return self.handled("move", self.books.sandbox.state.drafts, "remote_id")


POINTS = [
    (SpendCase, "transactions create after 1"),
    (SpendCase, "transactions bind after 1"),
    (SpendCase, "reimbursements reconcile before 1"),
    (SpendCase, "reimbursements post after 1"),
    (SpendCase, "results POST:accounting/syncs after 1"),
    (StatementCase, "statements create after 1"),
    (StatementCase, "statements bind after 1"),
    (StatementCase, "transfers reconcile after 1"),
    (StatementCase, "results POST:accounting/syncs after 1"),
    (CreditCase, "credits post before 1"),
    (CreditCase, "credits bind after 1"),
    (AccountCase, "accounts_push POST:accounting/accounts after 1"),
    (AccountCase, "accounts_push bind after 1"),
    (OrderCase, "purchase_orders_push POST:purchase-orders before 1"),
    (OrderCase, "purchase_orders_push POST:purchase-orders after 1"),
    (OrderCase, "purchase_orders_push bind after 1"),
    (ReceiptCase, "receipts_push POST:item-receipts after 1"),
    (OwnBillCase, "bills_push POST:bills/drafts after 1"),
    (OwnBillCase, "bills_push acknowledge before 1"),
]


@pytest.fixture(scope="module")
def books():
    with connected_books("crash_spend") as books:
        books.workers.code(FLOWS)
        books.settle()
        books.partner = books.add_partner()
        books.settle()
        yield books
        assert not chain_problem(books)


@pytest.mark.parametrize(("case_class", "point"), POINTS, ids=[point for _case, point in POINTS])
def test_killed(books, case_class, point):
    finish(killed(books, case_class, point))
