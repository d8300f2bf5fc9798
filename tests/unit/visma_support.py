"""The Visma.net client and provider connected with a sandbox in this process."""

from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import pytest
from sandbox.visma import CLIENT_ID, CLIENT_SECRET, TENANT_ID, VismaSandbox, VismaSettings
from support.tokens import MemoryTokens

from ml_connector.core import errors as errors
from ml_connector.core.documents import AnalyticShare, Party, PurchaseOrder, PurchaseOrderLine, Reference
from ml_connector.core.provider import Settings
from ml_connector.providers.visma import VismaProvider
from ml_connector.providers.visma.client import VismaClient

SCOPE = " ".join(f"vismanet_erp_service_api:{name}" for name in ("read", "create", "update", "delete"))


def quick(**changes):
    return VismaSettings(**{"action_seconds": 0.05, **changes})


@contextmanager
def obeyed_sandbox(size="small"):
    """A sandbox; in the end everything that it got must have been as the contract says, and nothing left unread."""
    with VismaSandbox(size=size, settings=quick()) as running:
        yield running
        assert running.control.violations() == []
        assert running.control.ignored() == []


def raised(call, *args, **kwargs):
    """The connector's error that a call ends with."""
    with pytest.raises(errors.ConnectorError) as caught:
        call(*args, **kwargs)
    return caught.value


class Impatient(VismaClient):
    """Does not wait for what a test does not look at."""

    def __init__(self, *args, **options):
        super().__init__(*args, **{"read_timeout": 2, "sleep": lambda seconds: None, **options})


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


def order_line(odoo_id, quantity="2", price="150.00", account="6540", analytics=(), **values):
    return PurchaseOrderLine(
        odoo_id=odoo_id,
        description=f"Desk {odoo_id}",
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        account=Reference(kind="account", external_id=account),
        taxes=(Reference(kind="tax", external_id="1"),),
        analytics=tuple(AnalyticShare(reference=Reference(kind="analytic", external_id=key)) for key in analytics),
        **values,
    )


def order(*lines, **values):
    given = {
        "odoo_id": 9,
        "number": "P00009",
        "vendor": Party(external_id="50001"),
        "order_date": date(2026, 9, 10),
        "promise_date": date(2026, 9, 30),
        "currency": "NOK",
        "lines": lines or (order_line(1), order_line(2, "0.25", "99.99", amount=Decimal("25.00"))),
    }
    return PurchaseOrder(**{**given, **values})
