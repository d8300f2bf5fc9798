"""Vendor credits and their application to bills, into Odoo."""

from ...core.documents import Bill, BillLine, CreditApplication
from ...core.messages import _
from ...core.wire import day, needed, rows, text
from .client import path_id
from .money import check_total, line_amount, read_money
from .pull_base import RampPull
from .selections import coding, selections
from .vendors import vendor_of
from .wire import coding_key, item, line_key, money_key, picked, required_id


class CreditPull(RampPull):
    """Reads rows of vendor credits. Ramp has no sync status for them: only the record links tell which are booked."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        # the schema nests lists in the list, its example does not
        found = self.client.pages(
            "/vendors/credits",
            _flattened,
            include_fully_used=True,
            entity_id=self.entity_id or None,
            from_accounting_date=since.isoformat() if since else None,
        )
        yield from self.pages(found, lambda row: self.made_of(row) if self._is_wanted(row, since) else None)

    def _is_wanted(self, row, since):
        return self.concerns_us(row) and self.is_since(row, since)

    def row(self, credit_id):
        return self.client.one(f"/vendors/credits/{path_id(credit_id)}")

    def booking_date(self, row):
        return day(row, "accounting_date", "created_at")

    def made_of(self, row):
        """The record of a credit, or the list of its records."""
        raise NotImplementedError


class Credits(CreditPull):
    key = "credits"
    label = _("Vendor Credits")
    kind = "credit"
    sequence = 51
    scopes = ("vendors:read",)
    options = ("post_bills", "lock_date_policy", "start_date")
    help = _("Reads vendor credits as credit notes.")

    def made_of(self, row):
        content = {
            **picked(row, ("accounting_date", "reference_number", "vendor_id")),
            "amount": money_key(row.get("total_amount")),
            "coding": coding_key(row),
            "lines": [line_key(line) for line in _line_items(row)],
        }
        return item(row, content, _title(row))

    def read(self, external_id):
        row = self.row(external_id)
        return self.made_of(row) if self.concerns_us(row) and not self.is_foreign else None

    def translate(self, payload):
        """A `Bill` that is a credit note."""
        external_id = required_id(payload, _("the vendor credit"))
        total, currency = read_money(payload.get("total_amount"), _("the amount of the vendor credit"))
        lines = needed(_credit_lines(payload, currency), _("The vendor credit has no lines in Ramp. Add them there."))
        unequal = _("The lines of the vendor credit add up to %(sum)s, but its total is %(total)s in Ramp.")
        check_total(sum(line.amount for line in lines), total, currency, unequal)
        made = needed(self.booking_date(payload), _("The vendor credit has no date in Ramp."))
        return Bill(
            external_id=external_id,
            number=text(payload, "reference_number") or f"VC-{external_id[:8].upper()}",
            vendor=vendor_of(payload, _("the vendor credit")),
            document_date=made,
            accounting_date=made,
            due_date=made,
            currency=currency,
            total=total,
            lines=tuple(lines),
            is_credit=True,
        )


class CreditApplications(CreditPull):
    """Applications of credits to bills: a separate step, because both must be booked before."""

    key = "credit_applications"
    label = _("Vendor Credits on Bills")
    kind = "application"
    sequence = 52
    scopes = ("vendors:read",)
    options = ("start_date",)
    help = _("Reconciles credit notes with the bills to which they were applied in Ramp.")

    def made_of(self, row):
        return list(application_items(row))

    def read(self, external_id):
        row = self.row(external_id.partition(":")[0])
        return next((item for item in application_items(row) if item.external_id == external_id), None)

    def translate(self, payload):
        """A `CreditApplication`.

        :param payload: `{"credit_id", "number", "bill_id", "amount"}`
        """
        amount, currency = read_money(payload.get("amount"), _("the applied amount"))
        credit, bill = text(payload, "credit_id"), text(payload, "bill_id")
        return CreditApplication(
            external_id=f"{credit}:{bill}",
            credit=credit,
            bill=bill,
            amount=amount,
            currency=currency,
            number=text(payload, "number"),
        )


def _line_items(row):
    return rows(row, "expense_line_items") + rows(row, "inventory_line_items")


def _flattened(rows):
    return [row for part in rows for row in (part if isinstance(part, list) else [part])]


def application_items(row):
    credit_id = required_id(row)
    for applied in rows(row, "applied_bills"):
        payload = {
            "credit_id": credit_id,
            "number": row.get("reference_number"),
            "bill_id": applied.get("bill_id"),
            "amount": applied.get("amount"),
        }
        key = f"{credit_id}:{text(applied, 'bill_id')}"
        yield item(row, money_key(applied.get("amount")), _title(row), payload, external_id=key)


def _title(row):
    return str(row.get("reference_number") or row.get("id"))


def _credit_lines(payload, currency):
    header = selections(payload)
    lines = []
    for row in _line_items(payload):
        foreign = _("A line of the vendor credit is in %(line_currency)s, but the credit is in %(currency)s.")
        amount = line_amount(row, currency, foreign)
        lines.append(BillLine(amount=amount, **coding(header, row), description=text(row, "memo")))
    return lines
