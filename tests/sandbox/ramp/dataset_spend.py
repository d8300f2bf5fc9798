"""Card spend of the data set: transactions, statements with transfers and cashbacks, reimbursements, repayments."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from ..pdf import make_pdf
from .model import File
from .money import major_units
from .people import COST_CENTERS, USERS
from .spend_model import Cashback, Receipt, Reimbursement, Repayment, SpendLine, Statement, Transaction, Transfer
from .state import make_id

MERCHANTS = [
    ("Aero Airways", "gl-66200-TRAVEL", "USD"),
    ("Hôtel du Lac", "gl-66200-TRAVEL", "EUR"),
    ("Cloudbase Hosting", "gl-68500-SAAS", "USD"),
    ("City Cabs", "gl-66200-TRAVEL", "USD"),
    ("東京ホテル", "gl-66200-TRAVEL", "JPY"),
    ("Paper & Ink", "gl-600000", "USD"),
    ("Bistro Ñandú", "gl-962000", "USD"),
]
RATES = {"USD": (1, 1), "EUR": (108, 100), "JPY": (67, 100)}  # minor units to cents
CASHBACK_PER_MILLE = 15


class Spend:
    """Adds spend to a state that holds users and coding; ``option`` gives the id of an option by its remote id."""

    def __init__(self, state, base, option, entity=0):
        self.state, self.base, self.option = state, base, option
        self.entity_id = state.entities[entity]["id"]

    def fill(self, transactions, reimbursements, card_payments_in_feed):
        for number in range(transactions):
            self.state.transactions.add(self._transaction(number))
        self._card_payments(card_payments_in_feed)
        for number in range(reimbursements):
            self.state.reimbursements.add(self._reimbursement(number))
        self._statements()
        self._repayments()

    # -- transactions --------------------------------------------------------------------------------------------------

    def _transaction(self, number):
        """Each eleventh is a refund of the one before it; few are pending, declined or not ready."""
        if number % 11 == 10:
            return self._refund(number)
        random = Random(f"transaction/{number}")
        merchant = number % len(MERCHANTS)
        name, account, currency = MERCHANTS[merchant]
        parts = 1 if number % 4 else 3
        amounts = [1_000 + int(random.random() * 30_000) for _ in range(parts)]
        multiplier, divisor = RATES[currency]
        settled = [amount * multiplier // divisor for amount in amounts]
        # converted as a whole, so it is not the sum of its lines
        whole = sum(settled) + (1 if currency != "USD" and parts > 1 else 0)
        row = Transaction(
            *(make_id("transaction", number), self.entity_id, make_id("user", number % len(USERS))),
            *(make_id("merchant", merchant), name, whole, "USD", sum(amounts), currency),
            self.base - timedelta(days=1 + int(random.random() * 85), hours=number % 9),
            [
                SpendLine(amount, f"{name} {place}", [self.option(account), self.option("prj-P-300")], converted)
                for place, (amount, converted) in enumerate(zip(amounts, settled, strict=True), start=1)
            ],
            memo=f"{name} #{number}",
            card_id=make_id("card", number % len(USERS)),
            converts=currency == "USD" or number % 2 == 0,
        )
        row.state = {13: "PENDING", 17: "DECLINED"}.get(number % 20, "CLEARED")
        if row.state != "CLEARED" or number % 10 == 9:
            row.sync_status = "NOT_SYNC_READY"
        if row.state != "DECLINED" and number % 5:
            row.receipts = [
                self._receipt(f"transaction/{number}", row.user_id, row.time, row.merchant_name, transaction_id=row.id)
            ]
        return row

    def add_in_euros(self, number):
        """A transaction, and with each third one a reimbursement, of an entity that keeps its books in euros."""
        at = self.base - timedelta(days=2 + 5 * number)
        amount = 2_150 + 317 * number
        coding = [self.option("gl-600000"), self.option(f"dep-{COST_CENTERS[number % len(COST_CENTERS)][0]}")]
        user = make_id("user", len(USERS) - 1)
        row = Transaction(
            *(make_id("transaction", f"euro/{number}"), self.entity_id, user, make_id("merchant", 1), MERCHANTS[1][0]),
            *(amount, "EUR", amount, "EUR", at),
            [SpendLine(amount, "Réunion", list(coding), converted=amount)],
            memo=f"Réunion #{number}",
            card_id=make_id("card", "euro"),
            converts=True,
        )
        key = f"euro/transaction/{number}"
        row.receipts = [self._receipt(key, user, at, row.merchant_name, transaction_id=row.id)]
        self.state.transactions.add(row)
        if number % 3 == 0:
            paid = Reimbursement(
                *(make_id("reimbursement", f"euro/{number}"), self.entity_id, user, amount, "EUR", "Train Co"),
                *(amount, "EUR", at.date(), at, at),
                [SpendLine(amount, "Visite", list(coding))],
                memo=f"Visite {number}",
            )
            paid.paid_at, paid.payment_id = at + timedelta(days=2), f"PB-{5000 + number}"
            self.state.reimbursements.add(paid)

    def _refund(self, number):
        paid = self.state.transactions.get(make_id("transaction", number - 1))
        return replace(
            paid,
            id=make_id("transaction", number),
            amount=-paid.amount,
            original_amount=-paid.original_amount,
            time=min(paid.time + timedelta(days=3), self.base),
            lines=[SpendLine(-line.amount, line.memo, list(line.coding), -line.converted) for line in paid.lines],
            memo=f"Refund of {paid.memo}",
            original_transaction_id=paid.id,
            state="CLEARED",
            sync_status="SYNC_READY",
            receipts=[],
        )

    def _card_payments(self, in_feed):
        """The card transactions that paid bills. Sources disagree on whether the accounting feed shows them."""
        for bill in self.state.bills:
            for transaction_id in bill.payment.details.get("transaction_ids", ()) if bill.payment else ():
                self.add_card_payment(bill, transaction_id, in_feed)

    def add_card_payment(self, bill, transaction_id, in_feed):
        """The card transaction that paid a bill."""
        account = bill.coding[:1] or bill.lines[0].coding[:1]
        self.state.transactions.add(
            Transaction(
                *(transaction_id, bill.entity_id, make_id("user", 0), make_id("merchant", f"vendor/{bill.vendor.id}")),
                *(bill.vendor.name, bill.amount, bill.currency, bill.amount, bill.currency, bill.paid_at),
                [SpendLine(bill.amount, bill.memo, list(account), converted=bill.amount)],
                memo=f"Payment of {bill.invoice_number}",
                sync_status="SYNC_READY" if in_feed else "NOT_SYNC_READY",
                card_id=make_id("card", 0),
                converts=True,
            )
        )

    def _receipt(self, key, user_id, at, title, **owner):
        state = self.state
        file = state.files.add(
            File(make_id("file", key), "receipt.pdf", make_pdf(["Receipt", title, f"{at:%Y-%m-%d}"]))
        )
        return state.receipts.add(Receipt(make_id("receipt", key), user_id, at, file.id, **owner)).id

    # -- reimbursements ------------------------------------------------------------------------------------------------

    def _reimbursement(self, number):
        random = Random(f"reimbursement/{number}")
        currency = "EUR" if number % 4 == 1 else "USD"
        amount = 1_500 + int(random.random() * 40_000)
        multiplier, divisor = RATES[currency]
        created = self.base - timedelta(days=3 + int(random.random() * 60))
        row = Reimbursement(
            *(make_id("reimbursement", number), self.entity_id, make_id("user", 3 + number % (len(USERS) - 3))),
            *(amount * multiplier // divisor, "USD", "Station Café" if number % 2 else "Train Co", amount, currency),
            *((created - timedelta(days=2)).date(), created, created),
            [SpendLine(amount, "Client visit", [self.option("gl-66200-TRAVEL")])],
            memo=f"Client visit {number + 1}",
        )
        if number % 7 == 5:
            row.state, row.sync_status = "PENDING", "NOT_SYNC_READY"
        elif number % 7 == 6:
            row.direction, row.type = "USER_TO_BUSINESS", "PAYBACK_FULL"
        if row.sync_status == "SYNC_READY":
            row.paid_at, row.payment_id = created + timedelta(days=2), f"PB-{1000 + number}"
        row.receipts = [
            self._receipt(f"reimbursement/{number}", row.user_id, created, row.merchant, reimbursement_id=row.id)
        ]
        return row

    # -- statements ----------------------------------------------------------------------------------------------------

    def _statements(self):
        """The last two whole months; each is paid on the fifth of the next."""
        ends = [_month_start(self.base, back) for back in (2, 1, 0)]
        opening, before = 0, None
        for number, (start, end) in enumerate(zip(ends, ends[1:], strict=False)):
            statement = self.statement(number, start, end, opening, before)
            self.state.statements.add(statement)
            opening, before = statement.ending, statement.id
        self.transfer(len(ends), opening, ends[-1] + timedelta(days=4), None)

    def statement(self, number, start, end, opening, before):
        statement_id = make_id("statement", number)
        rows = [
            row
            for row in self.state.transactions
            if row.state == "CLEARED" and row.currency == "USD" and start <= row.time < end
        ]
        for row in rows:
            row.statement_id = statement_id
        charges = sum(row.amount for row in rows if row.amount > 0)
        refunds = -sum(row.amount for row in rows if row.amount < 0)
        lines = [("CARD_TRANSACTION", row.id, row.time) for row in rows]
        payments = 0
        if opening > 0:
            lines.append(self.transfer(number, opening, start + timedelta(days=4), statement_id))
            payments = opening
        reward = charges * CASHBACK_PER_MILLE // 1000
        if reward:
            lines.append(self._cashback(number, reward, end - timedelta(hours=1), statement_id))
        name = f"statement-{start:%Y-%m}"
        content = make_pdf([f"Card statement {start:%Y-%m}", f"Charges USD {major_units(charges, 'USD')}"])
        file = self.state.files.add(File(make_id("file", name), f"{name}.pdf", content))
        return Statement(
            *(statement_id, self.entity_id, "USD", start, end - timedelta(seconds=1)),
            *(opening, charges, refunds + reward, payments, lines, file.id, before),
        )

    def transfer(self, number, amount, at, statement_id):
        bank = self.state.entities[0]["default_bill_pay_payment_account_id"]
        row = Transfer(
            make_id("transfer", number), self.entity_id, amount, "USD", at, bank, f"T-{4400 + number}", statement_id
        )
        return ("TRANSFER_PAYMENT", self.state.transfers.add(row).id, at)

    def _cashback(self, number, amount, at, statement_id):
        row = Cashback(make_id("cashback", number), self.entity_id, amount, "USD", at, statement_id)
        return ("CASHBACK", self.state.cashbacks.add(row).id, at)

    def _repayments(self):
        ours = [row for row in self.state.transactions if row.entity_id == self.entity_id]
        for number, row in enumerate(ours[:2]):
            repaid = row.time + timedelta(days=10) if number == 0 else None
            status = "REPAID" if repaid else "AWAITING_PAYMENT"
            values = (make_id("repayment", number), self.entity_id, row.user_id, 2_500, "USD", row.id, status)
            self.state.repayments.add(Repayment(*values, repaid_at=repaid))


def _month_start(moment, back):
    months = moment.year * 12 + moment.month - 1 - back
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
