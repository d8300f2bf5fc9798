"""A provider in memory with the accounting: Odoo forwards bills and orders of other connections to it."""

import dataclasses
import json
from datetime import date
from decimal import Decimal

from odoo.addons.ml_connector.core.documents import AnalyticShare, Party, PurchaseOrder, PurchaseOrderLine, Reference
from odoo.addons.ml_connector.core.errors import InvalidDataError
from odoo.addons.ml_connector.core.remote import SendResult

from . import fake_provider
from .fake_flows import pulled, sent


class TargetProvider(fake_provider.FakeProvider):
    key = "target"
    label = "Books Vendor"
    flows = (
        pulled("codes", "reference", 10, "Codes"),
        sent("accounts_out", "account", "", 90),
        sent("values_out", "list_value", "", 95),
        sent("vendors_out", "vendor", "res.partner", 100),
        sent("orders_out", "purchase_order", "purchase.order", 110, carries=("purchase_order",)),
        sent("bills_out", "own_bill", "account.move", 120, carries=("bill", "credit")),
        sent("files_out", "outgoing_file", "", 130, follows="bills_out"),
        sent("release_out", "release", "", 140, follows="bills_out"),
    )

    def _codes(self, payload):
        return self._coding(payload)

    def render(self, flow, document):
        if flow == "files_out":
            return {"parent": document.parent_external_id, "name": document.name, "content": document.content}
        if flow == "release_out":
            return {"parent": document.parent_external_id}
        values = dataclasses.asdict(document)
        if flow in ("bills_out", "orders_out") and not all(line["account"] for line in values["lines"]):
            raise InvalidDataError("A line has no account.")
        return json.loads(json.dumps(values, default=str))

    def send(self, flow, payload, external_id, key):
        late = fake_provider.REMOTE.called(f"send {flow}")
        kept = fake_provider.REMOTE.vendors.setdefault(flow, {})
        new_id = external_id or f"{flow}-{len(kept) + 1}"
        kept[new_id] = payload
        if late:
            raise late
        return SendResult(external_id=new_id, takes_files=flow == "bills_out", mapping=self._code_of(flow, payload))

    def _code_of(self, flow, payload):
        """A code that was created, under its own code."""
        kind = {"accounts_out": "account", "values_out": "analytic"}.get(flow)
        code, name = payload.get("code"), payload.get("name")
        return Reference(kind=kind, external_id=f"made-{code}", code=code, name=name) if kind else None

    def find(self, flow, payload, key):
        fake_provider.REMOTE.called("find")
        for external_id, known in fake_provider.REMOTE.vendors.get(flow, {}).items():
            if all(known.get(name) == payload.get(name) for name in ("odoo_id", "external_id", "parent", "name")):
                return SendResult(external_id=external_id, takes_files=flow == "bills_out")
        return None


class SourceProvider(fake_provider.FakeProvider):
    """With orders beside the bills, and credits."""

    flows = (
        *fake_provider.FakeProvider.flows,
        pulled("orders", "purchase_order", 25, "Orders"),
        pulled("credits", "credit", 35, "Credits"),
    )

    def _credits(self, payload):
        return dataclasses.replace(self._bills(payload), is_credit=True)

    def _orders(self, payload):
        return PurchaseOrder(
            external_id=payload["id"],
            number=payload["number"],
            vendor=Party(external_id=payload["vendor"]),
            order_date=date(2026, 7, 1),
            currency="USD",
            state=payload.get("state", "open"),
            lines=tuple(self._order_line(line) for line in payload["lines"]),
        )

    def _order_line(self, line):
        return PurchaseOrderLine(
            description="Line",
            quantity=Decimal(line["quantity"]),
            unit_price=Decimal(line["price"]),
            account=Reference(kind="account", external_id=line["account"], code=line["account"]),
            analytics=(AnalyticShare(reference=Reference(kind="analytic", external_id=line["project"])),),
        )
