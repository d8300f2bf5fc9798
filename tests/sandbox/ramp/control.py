"""What tests can make happen at Ramp: people there add, approve, pay, edit and archive."""

from datetime import UTC, date, datetime, timedelta

from ..control import Control
from . import render
from .bill_writes import owner_of
from .dataset import bank_account
from .dataset_spend import Spend
from .model import CUSTOM, GL_ACCOUNT, TAX_CODE, Bill, Contact, Line, Payment, Vendor
from .money import minor_units
from .payments import payment_details
from .spend_control import SpendControl
from .state import now
from .vendors import make_address, touch

KINDS = {"gl": GL_ACCOUNT, "tax": TAX_CODE}


class RampControl(SpendControl, Control):
    """Adds what changes the data of the business; such changes send webhooks as Ramp does."""

    # -- reading -----------------------------------------------------------------------------------------------------

    def vendors(self):
        with self._sandbox.lock:
            return [render.vendor_detail(self._state, vendor) for vendor in self._state.vendors]

    def bills(self):
        """All bills with what the sandbox knows beyond the API: how the last sync ended."""
        with self._sandbox.lock:
            return [
                {
                    **render.bill(self._state, bill, detail=True),
                    **render.copied(bill, "sync_ready sync_error sync_reference"),
                    "sync_link": bill.deep_link_url,
                }
                for bill in self._state.bills
            ]

    # -- vendors -----------------------------------------------------------------------------------------------------

    def add_vendor(
        self, name, country="US", state=None, email="ap@vendor.example", currency="USD", address=None, approved=True
    ):
        """A vendor made in Ramp's own screens; returns its id."""
        with self._sandbox.lock:
            moment = now()
            contact = Contact(self._state.new_id("contact"), email)
            vendor = Vendor(
                self._state.new_id("vendor"), name, country, moment, moment, [contact], state=state, currency=currency
            )
            vendor.approval_status = "APPROVED" if approved else "PENDING"
            vendor.bank_accounts = [bank_account(9000 + len(self._state.vendors), currency)]
            if address:
                vendor.address = make_address(self._state, address, country)
            self._state.vendors.add(vendor)
            if approved:
                self._state.emit("vendors.approved", vendor.id)
            return vendor.id

    def edit_vendor(self, vendor_id, **values):
        """Change attributes of a vendor, including those that the API cannot change, such as ``name``."""
        with self._sandbox.lock:
            vendor = self._get(self._state.vendors, vendor_id)
            _assign(vendor, values)
            touch(self._state, vendor)

    # -- bills -------------------------------------------------------------------------------------------------------

    def add_bill(
        self,
        vendor_id,
        lines,
        invoice_number=None,
        currency=None,
        issued_at=None,
        due_at=None,
        coding=(),
        approved=True,
        **values,
    ):
        """A bill made in Ramp; returns its id.

        :param lines: ``[{"amount": "12.34", "memo": ..., "coding": [...]}]`` with amounts in major units, gross of tax;
            with ``gross`` and ``withheld`` where a retainage is held back, ``quantity`` and ``unit_price`` on lines of
            goods, ``purchase_order_line_item_id`` on lines of an order
        :param coding: for the header; each item is ``["gl", code]``, ``["tax", remote id]``, or
            ``[remote id of a custom field, remote id of its option]``
        """
        with self._sandbox.lock:
            state = self._state
            vendor = self._get(state.vendors, vendor_id)
            currency = currency or vendor.currency
            issued = date.fromisoformat(issued_at) if issued_at else self._sandbox.base_date
            bill = Bill(
                state.new_id("bill"),
                vendor,
                state.entities[0]["id"],
                invoice_number or f"INV-{90000 + len(state.bills)}",
                currency,
                issued,
                date.fromisoformat(due_at) if due_at else issued + timedelta(days=30),
                now(),
                [self._line(item, currency) for item in lines if "quantity" not in item],
                owner_of(state),
                [self._line(item, currency) for item in lines if "quantity" in item],
                coding=[self._option(*item) for item in coding],
                approval_status="PENDING",
                status_summary="APPROVAL_PENDING",
            )
            _assign(bill, values)
            bill.file_ids = [state.add_file(f"{bill.invoice_number}.pdf", bill_id=bill.id).id]
            state.add_bill(bill)
            state.emit("bills.created", bill.id)
            if approved:
                self.approve_bill(bill.id)
            return bill.id

    def approve_bill(self, bill_id):
        with self._sandbox.lock:
            bill = self._get(self._state.bills, bill_id)
            bill.approval_status, bill.status_summary = "APPROVED", "PAYMENT_READY"
            self._state.emit("bills.approved", bill.id)
            self._announce(bill)

    def reject_bill(self, bill_id):
        with self._sandbox.lock:
            bill = self._get(self._state.bills, bill_id)
            bill.approval_status, bill.status_summary = "REJECTED", "APPROVAL_REJECTED"
            self._state.emit("bills.rejected", bill.id)

    def pay_bills(self, bill_ids, method="ACH", paid_at=None, debited=None):
        """Pay bills of one currency with one payment; returns its id.

        :param debited: (amount in major units, currency) that the bank took, where it is not that of the bills
        """
        with self._sandbox.lock:
            bills = [self._get(self._state.bills, bill_id) for bill_id in bill_ids]
            moment = datetime.combine(self._sandbox.base_date, now().timetz())
            if paid_at:
                moment = datetime.fromisoformat(paid_at)
                moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            payment_id = self._state.new_id("payment")
            details = payment_details(method, bills[0], self._state.new_id("transaction"))
            total, currency = sum(bill.amount for bill in bills), bills[0].currency
            if debited:
                currency = debited[1]
                total = minor_units(debited[0], currency)
            payment = Payment(
                *(payment_id, method, total, currency, moment.date()),
                *(f"P-{payment_id[:8].upper()}", details, payment_id[:15]),
            )
            for bill in bills:
                bill.payment, bill.paid_at, bill.status_summary = payment, moment, "PAYMENT_COMPLETED"
                for charge in details.get("transaction_ids", ()) if len(bills) == 1 else ():
                    spend = Spend(self._state, self._sandbox.base_date, None)
                    spend.add_card_payment(bill, charge, self._sandbox.data["card_payments_in_feed"])
                self._state.emit("bills.paid", bill.id)
                self._announce(bill)
            return payment_id

    def edit_bill(self, bill_id, lines=None, coding=None, **values):
        """Change a bill in Ramp, synced or not."""
        with self._sandbox.lock:
            bill = self._get(self._state.bills, bill_id)
            if lines is not None:
                bill.lines = [self._line(item, bill.currency) for item in lines]
            if coding is not None:
                bill.coding = [self._option(*item) for item in coding]
            _assign(bill, values)
            self._state.emit("bills.updated", bill.id)

    def archive_bill(self, bill_id):
        with self._sandbox.lock:
            bill = self._get(self._state.bills, bill_id)
            bill.archived_at, bill.status_summary = now(), "ARCHIVED"
            self._state.emit("bills.archived", bill.id)

    def emit(self, event_type, object_id, **metadata):
        """Send any event."""
        with self._sandbox.lock:
            return self._state.emit(event_type, object_id, **metadata)

    # -- tokens ------------------------------------------------------------------------------------------------------

    def revoke_tokens(self):
        """Make every token invalid, as when the app's secret is replaced."""
        with self._sandbox.lock:
            self._state.tokens.clear()

    # -- helpers -----------------------------------------------------------------------------------------------------

    @property
    def _state(self):
        return self._sandbox.state

    @staticmethod
    def _get(table, row_id):
        row = table.get(row_id)
        if row is None:
            raise LookupError(f"no object {row_id}")
        return row

    def _announce(self, bill):
        if bill.sync_ready:
            self._state.emit("bills.ready_to_sync", bill.id)

    def _line(self, item, currency):
        line = Line(
            minor_units(item["amount"], currency),
            item.get("memo", ""),
            [self._option(*entry) for entry in item.get("coding", ())],
            item.get("purchase_order_line_item_id"),
            quantity=item.get("quantity"),
        )
        for name in ("unit_price", "gross", "withheld"):
            if name in item:
                setattr(line, name, minor_units(item[name], currency))
        return line

    def _option(self, kind, value):
        state = self._state
        if kind in KINDS:
            field = state.field_of(state.connection, KINDS[kind])
        else:
            field = state.fields.first(lambda row: row.kind == CUSTOM and row.external_id == kind)
        for option in state.options:
            if option.field is field and value in (option.external_id, option.code):
                return option.id
        raise LookupError(f"no option {value} of {kind}")


def _assign(target, values):
    for name, value in values.items():
        if not hasattr(target, name):
            raise ValueError(f"{type(target).__name__} has no {name}")
        if name.endswith("_at") or name == "posting_date":
            value = date.fromisoformat(value)
        setattr(target, name, value)
