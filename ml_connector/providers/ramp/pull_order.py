"""Vendor credits with their application to bills, and purchase orders created in Ramp."""

from . import translate_order
from .pull_base import Puller, since_moment
from .versions import coding_key, item, line_key, money_key, picked
from .wire import day, required_id, rows, text


class CreditPuller(Puller):
    """Vendor credits. Ramp has no sync status for them: only the record links tell which are booked."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        found = self.client.vendor_credits(
            include_fully_used=True,
            entity_id=self.entity_id or None,
            from_accounting_date=since.isoformat() if since else None,
        )
        yield from self.pages(found, lambda row: self._read(row) if self._is_wanted(row, since) else None)

    def _is_wanted(self, row, since):
        return self.concerns_us(row) and self.is_since(row, since, _credited_on)

    def _read(self, row):
        return self._item(row)

    def _item(self, row):
        content = {
            **picked(row, ("accounting_date", "reference_number", "vendor_id")),
            "amount": money_key(row.get("total_amount")),
            "coding": coding_key(row),
            "lines": [
                line_key(line) for key in ("expense_line_items", "inventory_line_items") for line in rows(row, key)
            ],
        }
        return item(row, content, str(row.get("reference_number") or row.get("id")))

    def fetch(self, external_id):
        row = self.client.vendor_credit(external_id)
        return self._item(row) if self.concerns_us(row) and not self.is_foreign else None

    def document(self, payload):
        return translate_order.vendor_credit(payload)


class ApplicationPuller(CreditPuller):
    """Applications of credits to bills: a separate step, because both must be booked before."""

    def _read(self, row):
        return list(self._applications(row))

    def _applications(self, row):
        credit_id = required_id(row)
        for applied in rows(row, "applied_bills"):
            payload = {
                "credit_id": credit_id,
                "number": row.get("reference_number"),
                "bill_id": applied.get("bill_id"),
                "amount": applied.get("amount"),
            }
            key = f"{credit_id}:{text(applied, 'bill_id')}"
            title = str(row.get("reference_number") or row.get("id"))
            yield item(row, money_key(applied.get("amount")), title, payload, external_id=key)

    def fetch(self, external_id):
        row = self.client.vendor_credit(external_id.partition(":")[0])
        found = (application for application in self._applications(row) if application.external_id == external_id)
        return next(found, None)

    def document(self, payload):
        return translate_order.credit_application(payload)


class OrderPuller(Puller):
    """Purchase orders created in Ramp; those sent by Odoo are not read."""

    def pull(self, cursor, since):
        # Ramp does not document whether a list without this filter includes orders with three-way match: read both.
        for matched in (False, True):
            found = self.client.purchase_orders(
                creation_source="RAMP",
                three_way_match_enabled=matched,
                include_archived=True,
                entity_id=self.entity_id or None,
                from_created_at=since_moment(since, self.zone),
            )
            yield from self.pages(
                found, lambda row, matched=matched: self._item(row) if self._is_wanted(row, matched) else None
            )

    def _is_wanted(self, row, matched=None):
        ours = row.get("creation_source") in translate_order.OURS
        seen_before = matched and row.get("three_way_match_enabled") is False
        return self.concerns_us(row) and not ours and not seen_before

    def _item(self, row):
        content = {
            **picked(row, ("archived_at", "billing_status", "memo", "net_payment_terms", "promise_date", "vendor_id")),
            "amount": money_key(row.get("amount")),
            "lines": [
                [line_key(line), line.get("id"), line.get("quantity"), money_key(line.get("unit_price"))]
                for line in rows(row, "line_items")
            ],
        }
        # Billing in Ramp does not change the order; only its end matters.
        content["billing_status"] = content.get("billing_status") in ("CLOSED", "DELETED")
        return item(row, content, str(row.get("purchase_order_number") or row.get("id")))

    def fetch(self, external_id):
        row = self.client.purchase_order(external_id)
        return self._item(row) if self._is_wanted(row) else None

    def document(self, payload):
        return translate_order.purchase_order(payload)


def _credited_on(row):
    return day(row, "accounting_date", "created_at")
