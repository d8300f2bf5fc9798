"""An Odoo database between a Ramp sandbox and a Visma.net sandbox."""

import contextlib
from decimal import Decimal

from sandbox.ramp import RampSandbox, RampSettings
from sandbox.visma import VismaSandbox, VismaSettings

from lib import odoo

from .books import DEMO, Books
from .ledger import major
from .workers import Workers

CODES = {
    "account": {"611000": "6540", "612000": "6300"},
    "tax": {"vat-15": "11", "vat-21": "21"},
    "analytic": {
        "P-100": "task:P1001:10",
        "P-200": "task:P1001:20",
        "P-300": "task:P1002:10",
        "P-400": "task:P1002:10",
        "D-10": "segment:1:100",
        "D-20": "segment:1:110",
    },
}
"""Visma's codes for those of Ramp, by what these are called there (taxes by their id)."""
OTHERS = {"account": "7790", "tax": "0", "analytic": "segment:1:200"}
STRAIGHT_CODES = """
source = env["ml.connection"].search([("provider", "=", "ramp")])
for row in env["ml.mapping"].search([("connection_id", "=", source.id), ("direction", "=", "forward")]):
    key = row.external_id if row.kind == "tax" else row.external_code
    known = [("connection_id", "=", source.target_id.id), ("direction", "=", "in"), ("kind", "=", row.kind)]
    wanted = codes[row.kind].get(key, others[row.kind])
    row.code_id = env["ml.mapping"].search([*known, ("external_id", "=", wanted)])
"""
SENDING_CODES = """
taxes = {15: "11", 21: "21"}
for row in env["ml.mapping"].search([("direction", "=", "out"), ("kind", "in", list(codes))]):
    record = env[row.res_model].browse(row.res_id)
    chosen = taxes.get(record.amount) if row.kind == "tax" else codes[row.kind].get(record.code)
    known = [("connection_id", "=", row.connection_id.id), ("direction", "=", "in"), ("kind", "=", row.kind)]
    row.code_id = env["ml.mapping"].search([*known, ("external_id", "=", chosen or others[row.kind])])
"""
FLOWS = {
    "ramp": ("coding", "vendors", "bills", "bill_files", "results"),
    "visma": ("coding", "suppliers_push", "purchase_orders_push", "bills_push", "bill_files_push"),
}
LEDGER_FLOWS = {**FLOWS, "ramp": (*FLOWS["ramp"], "payments")}
"""Through Odoo's books payments are booked, too."""
SETTLED_SECONDS = 400
"""Longer than Visma may be at work on a call, and than a lease."""
CURRENCIES = {"NOK": 10.4, "SEK": 10.6}
"""Units of the currency for one US dollar; those of the demo company come beside them."""


class BridgedBooks(Books):
    """
    :ivar visma: the Visma.net sandbox
    """

    def __init__(self, database, sandbox, visma, workers, mode):
        super().__init__(database, sandbox, workers)
        self.visma = visma
        self.mode = mode

    def connect(self):
        """Both connections tested, the one the target of the other, codes mapped, everything synced."""
        flows = LEDGER_FLOWS if self.mode == "ledger" else FLOWS
        self.workers.code((DEMO / "company.py").read_text())
        for name, url in (("ramp", self.sandbox.url), ("visma", self.visma.url)):
            self.workers.code(f"URL = {url!r}\n" + (DEMO / f"{name}.py").read_text())
        self.workers.run()
        self.workers.code(
            f"flows, currencies = {flows!r}, {CURRENCIES!r}\n"
            "connections = env['ml.connection'].search([])\n"
            "for flow in connections.flow_ids:\n"
            "    flow.active = flow.key in flows[flow.provider]\n"
            "    if flow.kind == 'vendor' and flow.direction == 'push':\n"
            "        flow.vendor_mode = 'when_needed'\n"
            "for name, rate in currencies.items():\n"
            "    currency = env.ref(f'base.{name}')\n"
            "    currency.active = True\n"
            "    env['res.currency.rate'].create({'currency_id': currency.id, 'name': '2020-01-01', 'rate': rate})\n"
            "ramp, visma = (connections.filtered(lambda c: c.provider == name) for name in ('ramp', 'visma'))\n"
            f"ramp.write({{'target_id': visma.id, 'target_mode': {self.mode!r}}})\n"
            "connections.action_start()"
        )
        self.workers.run()
        self.map_codes()
        self.due()
        self.settle_mapped()

    def settle(self, seconds=SETTLED_SECONDS, **options):
        return super().settle(seconds, **options)

    def settle_mapped(self):
        """Settle, and map what shows as needed: through Odoo's books that is when it is to be sent."""
        if self.mode == "ledger":
            for _step in ("vendors are sent first", "then bills"):
                self.workers.run()
            self.map_codes()
        self.settle()

    def map_codes(self):
        """Say which code of Visma stands for each of Ramp's, or of Odoo's."""
        script = STRAIGHT_CODES
        if self.mode == "ledger":
            self.workers.code((DEMO / "map.py").read_text())
            script = SENDING_CODES
        self.workers.code(f"codes, others = {CODES!r}, {OTHERS!r}\n{script}")

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
        entries = self.value("SELECT count(*) FROM account_move WHERE ref = %s", bill.invoice_number)
        if entries != (self.mode == "ledger"):
            problems.append(f"{entries} journal entries in Odoo")
        return [f"{bill.invoice_number}: {problem}" for problem in problems]

    def references(self, vendor_id):
        """Numbers of a vendor's bills in Visma, in the order in which they were made there."""
        name = self.sandbox.state.vendors.get(vendor_id).name
        rows = [row for row in self.visma.control.invoices() if row["supplier"]["name"] == name]
        return [row["supplierReference"] for row in sorted(rows, key=lambda row: row["referenceNumber"])]

    def general_problems(self):
        return [
            *(f"open: {row}" for row in self.open_rows()),
            *(f"Ramp's contract: {violation}" for violation in self.control.violations()),
            *(f"Visma's contract: {violation}" for violation in self.visma.control.violations()),
            *(f"left out by Visma: {field}" for field in self.visma.control.ignored()),
        ]


@contextlib.contextmanager
def bridged_books(prefix, mode="bridge"):
    """A database of its own between two sandboxes of its own; `mode`: `bridge`, or `ledger` through Odoo's books."""
    with contextlib.ExitStack() as stack:
        ramp = RampSandbox(size="small", settings=RampSettings(rate_limit=0, webhook_first_delay=0.02))
        sandbox = stack.enter_context(ramp)
        visma = stack.enter_context(VismaSandbox(size="small", settings=VismaSettings(action_seconds=0.05)))
        database = stack.enter_context(odoo.temporary_database(prefix))
        workers = stack.enter_context(contextlib.closing(Workers(database)))
        books = stack.enter_context(contextlib.closing(BridgedBooks(database, sandbox, visma, workers, mode)))
        books.connect()
        yield books
