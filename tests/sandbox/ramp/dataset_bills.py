"""Bills of the data set: splits, coding on header and lines, taxes, payments alone and together."""

from datetime import UTC, datetime, time, timedelta
from random import Random

from .model import Bill, File, Line, Payment
from .money import debited
from .payments import payment_details
from .people import COST_CENTERS, PAYEES, PROJECTS, USERS
from .state import make_id

METHODS = ["ACH", "CHECK", "ACH", "ONE_TIME_CARD", "ACH", "PAID_MANUALLY", "DOMESTIC_WIRE", "CHECK"]
FOREIGN_METHODS = ["INTERNATIONAL", "SWIFT", "PAID_MANUALLY"]


class BillData:
    """Mixed into the data set, which knows the fields that bills are coded with."""

    def _bill(self, number, entity=0):
        """Bill ``number``; each fifth of ten is paid together with the one before it, of the same vendor."""
        state = self.state
        index = (number - (number % 10 == 4)) % self.vendors
        vendor, payee = state.vendors.get(make_id("vendor", index)), PAYEES[index % len(PAYEES)]
        random = Random(f"bill/{number}")
        issued = (self.base - timedelta(days=5 + int(random.random() * 85))).date()
        bill = Bill(
            *(make_id("bill", number), vendor, state.entities[entity]["id"], invoice_number(index, number)),
            *(vendor.currency, issued, issued + timedelta(days=30)),
            datetime.combine(issued, time(9), UTC) + timedelta(days=1, minutes=number % 600),
            self._lines(number, payee, random),
            {"id": make_id("user", 1), "first_name": USERS[1][0], "last_name": USERS[1][1]},
            memo=f"{payee.item} {issued:%Y-%m}",
        )
        self._header_coding(bill, number)
        if number % 9 == 2:
            self._refer_to_order(bill, number)
        if number % 24 == 5 and len(bill.lines) > 1 and not bill.purchase_order_ids:
            self._make_inventory(bill)
        copies = {5: 0, 9: 2}.get(number % 16, 1)
        bill.file_ids = [self._file(bill, f"{number}/{copy}") for copy in range(copies)]
        state.add_bill(bill)
        self._progress(bill, number, random)

    def _file(self, bill, key):
        return self.state.files.add(File(make_id("file", key), f"{bill.invoice_number}.pdf", bill_id=bill.id)).id

    @staticmethod
    def _make_inventory(bill):
        """The last line is for four pieces of goods: such lines are in a list of their own."""
        line = bill.lines.pop()
        line.quantity, line.unit_price = 4, line.amount // 4
        line.amount = 4 * line.unit_price
        bill.inventory_lines.append(line)

    def _lines(self, number, payee, random):
        count = 1 + int(random.random() * 6)
        lines = []
        for position in range(count):
            major = 20 + int(random.random() * 4000)
            amount = major * 100 if payee.currency == "JPY" else major * 100 + int(random.random() * 100)
            coding = [self._coded(self.gl, f"gl-{payee.account}")]
            if number % 3 != 0:
                coding.append(self._coded(self.projects, f"prj-{PROJECTS[(number + position) % len(PROJECTS)][0]}"))
            if number % 5 == 1:
                coding.append(self._coded(self.departments, f"dep-{COST_CENTERS[position % len(COST_CENTERS)][0]}"))
            if payee.currency == "EUR" and number % 2 == 0:
                coding.append(self._coded(self.taxes, "vat-21" if number % 6 == 0 else "vat-15"))
            lines.append(Line(amount, payee.item if count == 1 else f"{payee.item} #{position + 1}", coding))
        return lines

    def _header_coding(self, bill, number):
        """Some bills carry the department, and a few the GL account too, on the header instead of the lines."""
        if number % 5 in (0, 3):
            bill.coding.append(self._coded(self.departments, f"dep-{COST_CENTERS[number % len(COST_CENTERS)][0]}"))
        if number % 10 == 7:
            account = bill.lines[0].coding[0]
            bill.coding.append(account)
            for line in bill.lines:
                line.coding.remove(account)

    def _refer_to_order(self, bill, number):
        bill.purchase_order_ids = [make_id("purchase-order", number // 9)]
        for position, line in enumerate(bill.lines):
            line.purchase_order_line_item_id = make_id(f"purchase-order/{number // 9}/line", position)

    def _progress(self, bill, number, random):
        """About half are paid; few wait for approval, are kept out of accounting or are archived."""
        paid_at = datetime.combine(bill.due_at - timedelta(days=int(random.random() * 20)), time(15), UTC)
        if number % 10 in (3, 4) or number % 2 == 0:
            self._pay(bill, number, min(paid_at, self.base - timedelta(days=1)))
        elif number % 20 == 11:
            bill.approval_status, bill.status_summary = "PENDING", "APPROVAL_PENDING"
        elif number % 20 == 17:
            bill.status_summary = "PAYMENT_PROCESSING"
            bill.payment = self._payment(bill, number, (self.base - timedelta(days=1)).date())
        elif number % 40 == 19:
            bill.enable_accounting_sync = False
        elif number % 40 == 39:
            bill.archived_at, bill.status_summary = self.base - timedelta(days=2), "ARCHIVED"
        if number % 40 == 30:
            bill.sync_status = "BILL_AND_PAYMENT_SYNCED"

    def _pay(self, bill, number, paid_at):
        bill.paid_at, bill.status_summary = paid_at, "PAYMENT_COMPLETED"
        if number % 10 == 4:
            before = self.state.bills.get(make_id("bill", number - 1))
            bill.paid_at, bill.payment = before.paid_at, before.payment
            bill.payment.amount += self._debited(bill, bill.payment.method, bill.payment.payment_date)[0]
            return
        bill.payment = self._payment(bill, number, paid_at.date() - timedelta(days=2))

    def _debited(self, bill, method, day):
        """What a payment takes for a bill: the bank in the currency of the payer, others in that of the bill."""
        payer = self.state.currency_of(bill.entity_id)
        if method == "PAID_MANUALLY" or payer == bill.currency:
            return bill.amount, bill.currency
        return debited(bill.amount, bill.currency, payer, day), payer

    def _payment(self, bill, number, day):
        methods = METHODS if bill.currency == "USD" else FOREIGN_METHODS
        method = methods[0] if number % 10 == 3 else methods[number // 2 % len(methods)]
        return Payment(
            *(make_id("payment", number), method, *self._debited(bill, method, day), day, f"P-{20000 + number}"),
            payment_details(method, bill, make_id("transaction", f"bill/{number}")),
            trace_id=f"0769219{number:08}",
        )


def invoice_number(vendor, number):
    """Each vendor has its own style; a utility puts its customer number on every invoice."""
    if vendor == 15:
        return "ACCT-77812"
    return (f"INV-{1000 + number}", f"2026/{number:05}", f"RE{number:06}-A")[vendor % 3]
