"""An Odoo database between a Ramp sandbox and a Visma.net sandbox."""

import contextlib
from decimal import Decimal

from sandbox.ramp import RampSandbox, RampSettings
from sandbox.visma import VismaSandbox, VismaSettings

from lib import odoo

from .books import DEMO, Books
from .ledger import major
from .workers import Workers

MAP = """
codes = {
    "account": lambda row: "7790",
    "tax": lambda row: {"vat-15": "11", "vat-21": "21"}.get(row.external_id, "0"),
    "analytic": lambda row: "task:P1001:10" if row.external_code.startswith("P-") else "segment:1:200",
}
source = env["ml.connection"].search([("provider", "=", "ramp")])
for row in env["ml.mapping"].search([("connection_id", "=", source.id), ("kind", "in", list(codes))]):
    target = [("connection_id", "=", source.target_id.id), ("kind", "=", row.kind)]
    row.target_mapping_id = env["ml.mapping"].search([*target, ("external_id", "=", codes[row.kind](row))])
"""
FLOWS = {
    "ramp": ("coding", "vendors", "bills", "bill_files", "results"),
    "visma": ("coding", "suppliers_push", "purchase_orders_push", "bills_push", "bill_files_push"),
}


class BridgedBooks(Books):
    """
    :ivar visma: the Visma.net sandbox
    """

    def __init__(self, database, sandbox, visma, workers):
        super().__init__(database, sandbox, workers)
        self.visma = visma

    def connect(self):
        """Both connections tested, the one the target of the other, codes mapped, everything synced."""
        self.workers.code((DEMO / "company.py").read_text())
        for name, url in (("ramp", self.sandbox.url), ("visma", self.visma.url)):
            self.workers.code(f"URL = {url!r}\n" + (DEMO / f"{name}.py").read_text())
        self.workers.run()
        self.workers.code(
            f"flows = {FLOWS!r}\n"
            "connections = env['ml.connection'].search([])\n"
            "for flow in connections.flow_ids:\n"
            "    flow.active = flow.key in flows[flow.provider]\n"
            "    if flow.kind == 'vendor' and flow.direction == 'push':\n"
            "        flow.vendor_mode = 'when_needed'\n"
            "ramp, visma = (connections.filtered(lambda c: c.provider == name) for name in ('ramp', 'visma'))\n"
            "ramp.write({'target_id': visma.id, 'target_mode': 'bridge'})\n"
            "connections.action_start()"
        )
        self.workers.run()
        self.workers.code(MAP)
        self.due()
        self.settle()

    def bridge_problems(self, bill_id):
        """What is wrong with a bill of Ramp in Visma: exactly one invoice, its total, its file, and what Ramp knows."""
        bill = self.sandbox.state.bills.get(bill_id)
        found = [row for row in self.visma.control.invoices() if row["supplierReference"] == bill.invoice_number]
        problems = []
        if len(found) != 1:
            return [f"{bill.invoice_number} is {len(found)} times in Visma"]
        (row,) = found
        balance, total = Decimal(str(row["balanceInCurrency"])), major(bill.amount, bill.currency)
        if (balance, row["currencyId"]) != (abs(total), bill.currency):
            problems.append(f"{balance} {row['currencyId']} in Visma, {total} {bill.currency} at Ramp")
        if (row["documentType"] == "DebitAdj") != (total < 0):
            problems.append(f"{row['documentType']} in Visma over {total}")
        state = self.sandbox.state
        contents = {state.content(state.files.get(file_id)) for file_id in bill.file_ids}
        if len(row["attachments"]) != len(contents):
            problems.append(f"{len(row['attachments'])} files in Visma, {len(contents)} at Ramp")
        told = self.control.effects(object_id=bill.id).get("BILL_SYNC", {}).get(bill.id, 0)
        if told != 1:
            problems.append(f"Ramp was told {told} times")
        if self.value("SELECT count(*) FROM account_move WHERE ref = %s", bill.invoice_number):
            problems.append("there is a journal entry in Odoo")
        return [f"{bill.invoice_number}: {problem}" for problem in problems]

    def general_problems(self):
        return [
            *(f"open: {row}" for row in self.open_rows()),
            *(f"Ramp's contract: {violation}" for violation in self.control.violations()),
            *(f"Visma's contract: {violation}" for violation in self.visma.control.violations()),
            *(f"left out by Visma: {field}" for field in self.visma.control.ignored()),
        ]


@contextlib.contextmanager
def bridged_books(prefix):
    """A database of its own between two sandboxes of its own."""
    with contextlib.ExitStack() as stack:
        ramp = RampSandbox(size="small", settings=RampSettings(rate_limit=0, webhook_first_delay=0.02))
        sandbox = stack.enter_context(ramp)
        visma = stack.enter_context(VismaSandbox(size="small", settings=VismaSettings(action_seconds=0.05)))
        database = stack.enter_context(odoo.temporary_database(prefix))
        workers = stack.enter_context(contextlib.closing(Workers(database)))
        books = stack.enter_context(contextlib.closing(BridgedBooks(database, sandbox, visma, workers)))
        books.connect()
        yield books
