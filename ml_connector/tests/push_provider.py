"""The provider in memory with a push flow for each kind of record, to test exporters and sending."""

import dataclasses
import json

from odoo.addons.ml_connector.core.documents import Reference
from odoo.addons.ml_connector.core.errors import InvalidDataError
from odoo.addons.ml_connector.core.remote import SendResult

from . import fake_provider
from .fake_flows import sent


class PushProvider(fake_provider.FakeProvider):
    flows = (
        *(flow for flow in fake_provider.FakeProvider.flows if flow.key != "vendors_push"),
        sent("accounts", "account", "account.account", sequence=100, batch=100),
        sent("dimensions", "dimension", "account.analytic.plan", sequence=110),
        sent("values", "dimension_value", "account.analytic.account", sequence=120),
        sent("list_values", "list_value", "account.analytic.account", sequence=125),
        sent("companies", "company", "res.company", sequence=130),
        sent("taxes", "tax", "account.tax", sequence=140),
        sent("book_vendors", "accounting_vendor", "res.partner", sequence=150, batch=3, needs=("seat",)),
        sent("vendors_push", "vendor", "res.partner", sequence=160),
        sent("orders", "purchase_order", "purchase.order", sequence=170, options=("purchase_order_mode",)),
        sent("receipts", "goods_receipt", "stock.picking", sequence=180),
        sent("own_bills", "own_bill", "account.move", sequence=190),
        sent("own_bill_files", "outgoing_file", "", sequence=200, follows="own_bills"),
        sent("employees", "employee", "hr.employee", sequence=210),
    )

    def render(self, flow, document):
        values = dataclasses.asdict(document)
        if flow == "vendors_push" and not document.contacts:
            raise InvalidDataError("The vendor needs an e-mail address: fill the field Email of the contact.")
        if flow == "own_bill_files":
            return {"name": document.name, "parent": document.parent_external_id, "content": document.content}
        return json.loads(json.dumps(values, default=str))

    def send(self, flow, payload, external_id, key):
        late = fake_provider.REMOTE.called(f"send {flow}")
        sent = self._keep(flow, payload, external_id)
        if late:
            raise late
        return sent

    def send_many(self, flow, jobs):
        late = fake_provider.REMOTE.called(f"send_many {flow} {len(jobs)}")
        answers = [self._keep_or_refuse(flow, payload, external_id) for payload, external_id, _key in jobs]
        if late:
            raise late
        return answers

    def _keep_or_refuse(self, flow, payload, external_id):
        if payload.get("name") == "Refused":
            return InvalidDataError("The vendor does not want it.")
        return self._keep(flow, payload, external_id)

    def _keep(self, flow, payload, external_id):
        records = fake_provider.REMOTE.vendors.setdefault(flow, {})
        new_id = external_id or f"{flow}-{len(records) + 1}"
        if fake_provider.REMOTE.renumber:
            new_id += "-new"
        records[new_id] = payload
        mapping = None
        kinds = {"accounts": "account", "values": "analytic", "list_values": "analytic", "taxes": "tax"}
        if flow in kinds:
            kind = kinds[flow]
            mapping = Reference(
                kind=kind,
                external_id=f"our-{payload['odoo_id']}",
                name=payload["name"],
                group="plan" * (kind == "analytic"),
            )
        lines = payload["lines"] if flow == "orders" else ()
        return SendResult(
            external_id=new_id,
            version="plan",
            mapping=mapping,
            takes_files=flow == "own_bills",
            parts={("purchase_order_line", f"{new_id}-{line['odoo_id']}"): line["odoo_id"] for line in lines},
        )

    def find(self, flow, payload, key):
        fake_provider.REMOTE.called("find")
        for external_id, known in fake_provider.REMOTE.vendors.get(flow, {}).items():
            if known.get("odoo_id") == payload.get("odoo_id"):
                return SendResult(external_id=external_id)
        return None
