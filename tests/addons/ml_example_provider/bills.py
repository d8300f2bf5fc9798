"""Approved bills of Example Books, into Odoo."""

from datetime import date
from decimal import Decimal

from odoo.addons.ml_connector.core import items
from odoo.addons.ml_connector.core.documents import Bill, BillLine, Party, Reference
from odoo.addons.ml_connector.core.flow import PullFlow
from odoo.addons.ml_connector.core.remote import RemoteRecord, content_version


class Bills(PullFlow):
    key = "bills"
    label = "Bills"
    kind = "bill"
    sequence = 20
    events = ("bill.changed",)
    options = ("post_bills", "lock_date_policy", "start_date")

    def pull(self, cursor, since):
        return items.pages(self.client.pages("/bills"), record, self.provider.label)

    def read(self, external_id):
        return record(self.client.ask("GET", f"/bills/{external_id}"))

    def translate(self, payload):
        return bill(payload)


def record(row):
    """A row of the list of bills."""
    return RemoteRecord(external_id=row["id"], version=content_version(row), title=row["number"], payload=row)


def bill(row):
    """The bill that a row describes."""
    lines = tuple(
        BillLine(
            amount=Decimal(line["amount"]),
            description=line["text"],
            account=Reference(kind="account", external_id=line["account"], code=line["account"], name=line["account"]),
        )
        for line in row["lines"]
    )
    return Bill(
        external_id=row["id"],
        number=row["number"],
        vendor=Party(external_id=row["vendor"]["id"], name=row["vendor"]["name"]),
        document_date=date.fromisoformat(row["date"]),
        due_date=date.fromisoformat(row["due"]),
        currency=row["currency"],
        total=sum((line.amount for line in lines), Decimal(0)),
        lines=lines,
    )
