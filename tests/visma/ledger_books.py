"""An Odoo database that posts to the ledger of a Visma.net sandbox."""

import contextlib
from itertools import count

from sandbox.visma import VismaSandbox, VismaSettings
from support.books import DEMO, Books
from support.workers import Workers

from lib import odoo

FLOWS = ("suppliers_push", "bills_push", "bill_files_push", "bill_release_push")
ORDERS = "purchase_orders_push"
RECEIPTS = "receipts_push"
SETTLED_SECONDS = 300
"""Longer than Visma may be at work on a call, and than a lease."""


class LedgerBooks(Books):
    def __init__(self, database, sandbox, workers):
        super().__init__(database, sandbox, workers)
        self.names = count(1)

    def connect(self):
        self.workers.code((DEMO / "company.py").read_text())
        self.workers.code(f"URL = {self.sandbox.url!r}\n" + (DEMO / "visma.py").read_text())
        self.workers.run()
        self.workers.code(
            "connection = env['ml.connection'].search([])\n"
            f"flows = connection.flow_ids.filtered(lambda flow: flow.key in {(*FLOWS, ORDERS, RECEIPTS)!r})\n"
            "flows.write({'active': True, 'cursor': '2999-01-01 00:00:00'})\n"
            "connection.action_start()"
        )
        self.workers.run()
        self.workers.code(
            "connection = env['ml.connection'].search([])\n"
            "account = env['account.account'].search([('code', '=', '600000')], limit=1)\n"
            "mapping = env['ml.mapping'].search([('external_id', '=', '7790')])\n"
            "mapping.res_id = account.id\n"
            "tax = env['account.tax'].search([('amount', '=', 15), ('type_tax_use', '=', 'purchase')], limit=1)\n"
            "env['ml.mapping'].search([('kind', '=', 'tax'), ('external_id', '=', '11')]).res_id = tax.id\n"
        )
        self.due()

    def settle(self, seconds=SETTLED_SECONDS, **options):
        return super().settle(seconds, **options)

    # -- what people do ----------------------------------------------------------------------------------------------

    def post_bills(self, amounts):
        """Post a bill of a new vendor, with a file, for each net amount; {number: amount}."""
        bills = {f"CRASH-{next(self.names)}": amount for amount in amounts}
        self.workers.code(
            f"""
account = env['account.account'].search([('code', '=', '600000')], limit=1)
tax = env['account.tax'].search([('amount', '=', 15), ('type_tax_use', '=', 'purchase')], limit=1)
for number, amount in {bills!r}.items():
    partner = env['res.partner'].create({{'name': f'Vendor {{number}}', 'is_company': True, 'supplier_rank': 1}})
    move = env['account.move'].create({{
        'move_type': 'in_invoice', 'partner_id': partner.id, 'ref': number,
        'invoice_date': '2026-09-14', 'date': '2026-09-14',
        'invoice_line_ids': [(0, 0, {{
            'name': 'Power', 'quantity': 1, 'price_unit': amount, 'account_id': account.id,
            'tax_ids': [(6, 0, tax.ids)],
        }})],
    }})
    env['ir.attachment'].create({{'name': 'invoice.pdf', 'res_model': move._name, 'res_id': move.id, 'raw': b'x'}})
    move.action_post()
"""
        )
        return bills

    def change_bill(self, number, amount):
        """Take a posted bill back, change its amount and post it again."""
        self.workers.code(
            f"""
move = env['account.move'].search([('ref', '=', {number!r})])
move.button_draft()
move.invoice_line_ids.price_unit = {amount!r}
move.action_post()
"""
        )

    def move_vendor(self, name, street, paused):
        """Give a vendor another address, maybe while the connection is paused."""
        self.workers.code(
            f"""
connection = env['ml.connection'].search([])
connection.state = 'paused' if {paused!r} else 'connected'
env['res.partner'].search([('name', '=', {name!r})]).write({{'street': {street!r}, 'email': 'new@echo.example'}})
env.cr.flush()
connection.state = 'connected'
"""
        )

    def place_orders(self, quantities, product="service"):
        """Confirm an order of a new vendor, with two lines, for each quantity; {name of the order: quantity}."""
        numbers = [f"Buyer {next(self.names)}" for _quantity in quantities]
        names = self.workers.code(
            f"""
account = env['account.account'].search([('code', '=', '600000')], limit=1)
tax = env['account.tax'].search([('amount', '=', 15), ('type_tax_use', '=', 'purchase')], limit=1)
product = env['product.product'].create(
    {{'name': 'Desk', 'type': {product!r}, 'purchase_ok': True, 'property_account_expense_id': account.id}}
)
result = []
for name, quantity in zip({numbers!r}, {quantities!r}):
    partner = env['res.partner'].create({{'name': name, 'is_company': True, 'supplier_rank': 1}})
    order = env['purchase.order'].create({{
        'partner_id': partner.id,
        'order_line': [
            (0, 0, {{'product_id': product.id, 'product_qty': amount, 'price_unit': 10, 'tax_ids': [(6, 0, tax.ids)]}})
            for amount in (quantity, 1)
        ],
    }})
    order.button_confirm()
    result.append(order.name)
"""
        )
        return dict(zip(names, quantities, strict=True))

    def receive(self, orders):
        """Receive all of these orders; they are at Visma already."""
        self.workers.code(
            f"""
for picking in env['purchase.order'].search([('name', 'in', {list(orders)!r})]).picking_ids:
    for move in picking.move_ids:
        move.write({{'quantity': move.product_uom_qty, 'picked': True}})
    picking.button_validate()
"""
        )

    def change_order(self, name, quantity):
        """Change the quantity of the first line, and replace the second line."""
        self.workers.code(
            f"""
order = env['purchase.order'].search([('name', '=', {name!r})])
first, second = order.order_line
first.product_qty = {quantity!r}
second.copy({{'order_id': order.id}})
second.product_qty = 0
"""
        )

    # -- what must be true -------------------------------------------------------------------------------------------

    def documents(self, number):
        """The documents of a bill in Visma, without what was reversed and what reversed it."""
        rows = [row for row in self.control.invoices() if row["supplierReference"] == number]
        credits = [row for row in rows if row["documentType"] == "DebitAdj"]
        kept = [row for row in rows if row["documentType"] == "Invoice"]
        for credit in credits:
            undone = next(row for row in kept if row["detailTotal"] == credit["detailTotal"])
            kept.remove(undone)
        return kept

    def order_problems(self, orders):
        """No order twice, none lost, each with its lines, bound."""
        return [
            f"{name}: {problem}"
            for name, quantity in orders.items()
            for problem in self._order_problems(name, quantity)
        ]

    def _order_problems(self, name, quantity):
        rows = [row for row in self.control.orders() if row["description"] == name]
        if len(rows) != 1:
            yield f"{len(rows)} orders in Visma"
            return
        (row,) = rows
        if row["status"] != "Open":
            yield f"the order is {row['status']}"
        if [line["orderQty"] for line in row["lines"]] != [quantity, 1]:
            yield f"lines: {[line['orderQty'] for line in row['lines']]} for {quantity} and 1"
        bound = self.value(
            "SELECT count(*) FROM ml_binding WHERE kind = 'purchase_order' AND external_id = %s", row["orderNbr"]
        )
        if bound != 1:
            yield "the order is not bound"

    def receipt_problems(self, orders):
        """Everything received once, on one receipt."""
        rows = self.control.orders()
        for name, quantity in orders.items():
            (row,) = [row for row in rows if row["description"] == name]
            received = [line["qtyOnReceipts"] for line in row["lines"]]
            if received != [quantity, 1]:
                yield f"{name}: {received} received of {quantity} and 1"
            receipts = [
                receipt["status"]
                for receipt in self.control.receipts()
                if any(line["poOrderNbr"] == row["orderNbr"] for line in receipt["lines"])
            ]
            if receipts != ["Released"]:
                yield f"{name}: receipts {receipts}"

    def problems(self, bills):
        """No document or supplier twice, none lost, each released once with its file and total."""
        return [
            f"{number}: {problem}" for number, amount in bills.items() for problem in self._problems(number, amount)
        ]

    def _problems(self, number, amount):
        documents = self.documents(number)
        if len(documents) != 1:
            yield f"{len(documents)} documents in Visma"
            return
        (row,) = documents
        if row["status"] != "Open":
            yield f"the document is {row['status']}"
        if row["amount"] != round(amount * 1.15, 2):
            yield f"{row['amount']} in Visma for {amount} and 15 %"
        if [(file["name"], file["revision"]) for file in row["attachments"]] != [("invoice.pdf", 1)]:
            yield f"files: {row['attachments']}"
        suppliers = [supplier for supplier in self.control.suppliers() if supplier["name"] == f"Vendor {number}"]
        if len(suppliers) != 1:
            yield f"{len(suppliers)} suppliers in Visma"
        bound = self.value(
            "SELECT count(*) FROM ml_binding WHERE kind = 'bill' AND external_id = %s",
            f"Invoice/{row['referenceNumber']}",
        )
        if bound != 1:
            yield "the document is not bound"


@contextlib.contextmanager
def ledger_books(prefix):
    """A database of its own that is connected to a sandbox of its own."""
    settings = VismaSettings(action_seconds=0.02, hourly_limit=0)
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(VismaSandbox(size="small", base_currency="USD", settings=settings))
        database = stack.enter_context(odoo.temporary_database(prefix))
        workers = stack.enter_context(contextlib.closing(Workers(database)))
        books = stack.enter_context(contextlib.closing(LedgerBooks(database, sandbox, workers)))
        books.connect()
        yield books
        assert sandbox.control.violations() == []
        assert sandbox.control.ignored() == []
