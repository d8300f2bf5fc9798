"""The Visma.net client and provider connected with a sandbox in this process."""

from sandbox.visma import CLIENT_ID, CLIENT_SECRET, TENANT_ID, VismaSettings

from ml_connector.clients import MemoryTokens, VismaClient
from ml_connector.vendors.base import Settings
from ml_connector.vendors.visma import VismaProvider

SCOPE = " ".join(f"vismanet_erp_service_api:{name}" for name in ("read", "create", "update", "delete"))


def quick(**changes):
    return VismaSettings(**{"action_seconds": 0.05, "background_seconds": 0.02, **changes})


class Impatient(VismaClient):
    """Does not wait for what a test does not look at."""

    def __init__(self, *args, **options):
        super().__init__(*args, **{"read_timeout": 0.5, "sleep": lambda seconds: None, **options})


def client_of(sandbox, **values):
    known = {
        "connect_url": sandbox.url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "tenant_id": TENANT_ID,
        "scope": SCOPE,
        "tokens": MemoryTokens(),
    }
    return Impatient(sandbox.url, **{**known, **values})


def wrapped(**values):
    """Plain values in Visma's wrappers; lists and what is wrapped already stay."""
    return {
        key: value if isinstance(value, (list, dict)) or key == "operation" else {"value": value}
        for key, value in values.items()
    }


def line(**values):
    coding = {
        "accountNumber": "6340",
        "vatCodeId": "1",
        "transactionDescription": "Strøm",
        "subaccount": [{"segmentId": 1, "segmentValue": "100"}, {"segmentId": 2, "segmentValue": "0000"}],
        "unitCostInCurrency": 1000,
    }
    return wrapped(operation="Insert", **{**coding, **values})


def invoice(*lines, **values):
    header = {
        "documentType": "Invoice",
        "hold": True,
        "date": "2026-09-14T00:00:00",
        "supplierNumber": "50001",
        "supplierReference": "INV-1",
        "currencyId": "NOK",
        "validateLineDetails": True,
    }
    return wrapped(**{**header, **values}, invoiceLines=list(lines) or [line()])


def provider_of(sandbox, stored=None, options=None, **credentials):
    """A provider whose client does not wait."""
    known = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "tenant_id": TENANT_ID, "vat_category": "0"}
    settings = Settings(
        base_url=sandbox.url,
        credentials={**known, **credentials},
        stored=stored or {},
        instance="db:7",
        options=options or {},
    )
    made = VismaProvider(settings, MemoryTokens(), None)
    access = {name: credentials[name] for name in ("client_secret", "tenant_id", "company_id") if name in credentials}
    made.__dict__["client"] = client_of(sandbox, tokens=made._tokens, **access)
    return made
