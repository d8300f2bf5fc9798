"""The SAP Concur client and provider connected with a sandbox in this process."""

from contextlib import contextmanager

from sandbox.concur import CLIENT_ID, CLIENT_SECRET, ConcurSandbox
from sandbox.concur.state import COMPANY_UUID, REQUEST_TOKEN
from support.tokens import MemoryTokens

from ml_connector.core.provider import Settings
from ml_connector.providers.concur import ConcurProvider
from ml_connector.providers.concur.bills import Bills
from ml_connector.providers.concur.cash_advances import CashAdvances
from ml_connector.providers.concur.client import ConcurClient
from ml_connector.providers.concur.expense_reports import ExpenseReports
from ml_connector.providers.concur.payment_requests import PaymentRequests
from ml_connector.providers.concur.payroll import Payroll

CREDENTIALS = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "company_id": COMPANY_UUID,
    "request_token": REQUEST_TOKEN,
}


@contextmanager
def obeyed_sandbox(**options):
    """A sandbox; all that it answered must have been as the contract says."""
    with ConcurSandbox(**{"size": "small", **options}) as running:
        yield running
        assert running.control.violations() == []


def client_of(url, tokens, **options):
    """A client that does not wait."""
    return ConcurClient(url, tokens=tokens, **{**CREDENTIALS, "sleep": lambda seconds: None, **options})


def connect(sandbox, tokens=None, stored=None, options=None, instance="db:1", **entered):
    settings = Settings(
        base_url=sandbox.url,
        credentials={**CREDENTIALS, **entered},
        stored=stored or {},
        instance=instance,
        options=options or {},
    )
    made = ConcurProvider(settings, tokens or MemoryTokens(), None)
    made.__dict__["client"] = client_of(sandbox.url, made._tokens, read_timeout=2)
    return made


# The documents that the flows make of Concur's; translating needs no provider.


def invoice(document):
    return Bills(None).translate({"document": document})


def cash_advance(document):
    return CashAdvances(None).translate({"document": document})


def expense_report(document):
    return ExpenseReports(None).translate({"document": document})


def payroll(document):
    return Payroll(None).translate({"document": document})


def payment_request(payload):
    return PaymentRequests(None).translate(payload)
