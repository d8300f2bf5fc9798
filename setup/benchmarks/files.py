"""How many calls the files of bills and receipts cost at Ramp, beside the downloads."""

import requests

from .engine import flow_of, run_inside
from .specimens import Specimens
from .spend import CODING, Payees


def main(env, sandbox_url, count):
    """Book bills and card transactions with files. The receipts of one half arrive after booking."""
    connection = env["ml.connection"].search([])
    people = Payees(env)
    people.hire()
    control = Control(sandbox_url)
    Specimens(env, sandbox_url).add_to_sandbox(count)  # each with a file
    transactions = [control("add_transaction", amount="12.50", coding=CODING) for _ in range(count)]
    for transaction in transactions[::2]:
        control("add_receipt", transaction_id=transaction)

    def work(run):
        read(run, "bills", "transactions")
        people.map_all()
        read(run, "bills", "transactions")
        flow_of(run, "receipts").cursor = False  # as at the first sync, when no list has named them
        calls = {flow: control.calls_of(read, run, flow) for flow in ("bill_files", "receipts")}
        for transaction in transactions[1::2]:
            control("add_receipt", transaction_id=transaction)
        calls["receipts"] += control.calls_of(read, run, "receipts")
        return calls

    calls = run_inside(connection, work)
    return {
        # calls besides downloads, for each attached file
        "calls_per_bill_file": calls["bill_files"] / attached(env, "bill_files", count),
        "calls_per_receipt": calls["receipts"] / attached(env, "receipts", count),
        "figures": {},
    }


def read(run, *flows):
    for key in flows:
        flow = flow_of(run, key)
        run.work_of(flow).read()
        run.work_of(flow).process()


def attached(env, flow, count):
    """How many files of a flow are attached. A run that attached fewer would look cheap."""
    done = env["ml.sync.log"].search([("flow_id.key", "=", flow), ("is_current", "=", True), ("state", "=", "done")])
    if len(done) != count:
        raise RuntimeError(f"The files of {len(done)} of {count} records are attached.")
    return count


class Control:
    """The sandbox's control interface."""

    def __init__(self, url):
        self.url, self.session = url, requests.Session()

    def __call__(self, name, **values):
        answer = self.session.post(f"{self.url}/_control/{name}", json=values, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def calls_of(self, function, *arguments):
        before = len(self("requests"))
        function(*arguments)
        return sum(request["path"].startswith("/developer/v1/") for request in self("requests")[before:])
