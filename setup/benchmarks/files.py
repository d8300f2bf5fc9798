"""How many calls the files of bills and receipts cost at Ramp, beside the downloads."""

from lib.sandbox import control

from .engine import flow_of, run_inside, sync
from .specimens import Specimens
from .spend import CODING, Payees


def main(env, sandbox_url, count):
    """Book bills and card transactions with files. The receipts of one half arrive after booking."""
    connection = env["ml.connection"].search([])
    people = Payees(env)
    Specimens(env, sandbox_url).add_to_sandbox(count)  # each with a file
    transactions = [control(sandbox_url, "add_transaction", amount="12.50", coding=CODING) for _ in range(count)]
    for transaction in transactions[::2]:
        control(sandbox_url, "add_receipt", transaction_id=transaction)

    def work(run):
        sync(run, "bills", "transactions")
        people.map_all()
        sync(run, "bills", "transactions")
        flow_of(run, "receipts").cursor = False  # as at the first sync, when no list has named them
        calls = {flow: calls_of(sandbox_url, sync, run, flow) for flow in ("bill_files", "receipts")}
        for transaction in transactions[1::2]:
            control(sandbox_url, "add_receipt", transaction_id=transaction)
        calls["receipts"] += calls_of(sandbox_url, sync, run, "receipts")
        return calls

    calls = run_inside(connection, work)
    return {
        # calls besides downloads, for each attached file
        "calls_per_bill_file": calls["bill_files"] / attached(env, "bill_files", count),
        "calls_per_receipt": calls["receipts"] / attached(env, "receipts", count),
        "figures": {},
    }


def attached(env, flow, count):
    """How many files of a flow are attached. A run that attached fewer would look cheap."""
    done = env["ml.sync.log"].search([("flow_id.key", "=", flow), ("is_current", "=", True), ("state", "=", "done")])
    if len(done) != count:
        raise RuntimeError(f"The files of {len(done)} of {count} records are attached.")
    return count


def calls_of(url, function, *arguments):
    """Calls of Ramp's API during a call of the function."""
    before = len(control(url, "requests"))
    function(*arguments)
    return sum(request["path"].startswith("/developer/v1/") for request in control(url, "requests")[before:])
