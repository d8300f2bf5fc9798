"""What the books of a company have to show, worked out from the sandbox's data alone.

Nothing of the addon is used: amounts are the sandbox's integers, the rules are those that an accountant was promised.
Amounts are in the currency of their document; what they are worth in that of the company goes by the rate that Ramp
states, by what the bank took, or by Odoo's own rate. What converting line by line does to a cent is Odoo's own rule.

Accounts are named by code; these stand for what the demo company chose: `clearing` (default account of the card
journal), `payable`, `tax`, `outstanding` (payments on their way), `incoming` (receipts on
theirs).
"""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

from sandbox.ramp.render import rate_of

UNKNOWN_TO_ODOO = {"66200-TRAVEL", "68500-SAAS"}
FALLBACK = "600000"
CASHBACK = "450000"
TAXES = {"vat-15": Decimal("0.15"), "vat-0": Decimal(0), "vat-21": Decimal("0.21")}
CENT = Decimal("0.01")
BALANCES = """
    SELECT l.account_id AS account, c.name AS currency, sum(l.amount_currency) AS amount,
           sum(l.balance) AS balance, count(*) AS lines
      FROM account_move_line l JOIN res_currency c ON c.id = l.currency_id
     WHERE l.parent_state = 'posted' AND l.amount_currency != 0 AND l.company_id = %s GROUP BY 1, 2
"""
"""What is posted in a company, by account and currency of the documents."""
CARD_METHODS = ("CARD", "ONE_TIME_CARD", "ONE_TIME_CARD_DELIVERY", "AUTOMATIC_CARD_PAYMENT")


class Ledger:
    """Balances by account and by analytic account.

    :param entity: id of the Ramp entity whose books they are
    :param rates: units of each currency for one of the company's, in Odoo
    :param currency: of the company; that of the entity by default
    :ivar accounts: {(account, currency): balance}, debit positive
    :ivar analytics: {(code of the analytic account, currency): cost}
    :ivar worths: the same in the currency of the company: {(account or code, currency): worth}
    """

    def __init__(self, state, entity, rates, currency=""):
        self.state = state
        self.entity = entity
        self.rates = rates
        self.currency = currency or state.currency_of(entity)
        self.stated = None
        self.accounts = defaultdict(Decimal)
        self.analytics = defaultdict(Decimal)
        self.worths = defaultdict(Decimal)

    def fill(self):
        """Book everything that Ramp releases for the books."""
        for bill in self._ours(self.state.bills):
            if booked_bill(bill):
                self._bill(bill)
        for credit in self._ours(self.state.vendor_credits):
            self._lines("USD", credit.lines, -1)
            self._add("payable", "USD", major(credit.amount, "USD"))
        for row in self._ours(self.state.transactions):
            if row.sync_status != "NOT_SYNC_READY":
                self._spend(row, "clearing", 1)
        for row in self._ours(self.state.reimbursements):
            if row.sync_status != "NOT_SYNC_READY":
                owed = row.direction == "BUSINESS_TO_USER"
                self._spend(row, *(("outstanding", 1) if owed else ("incoming", -1)))
        for row in self._ours(self.state.repayments):
            if row.status == "REPAID":
                self._repayment(row)
        self._card_account()
        return self

    def _ours(self, rows):
        return [row for row in rows if row.entity_id == self.entity]

    def _add(self, account, currency, amount, worth=None):
        self.accounts[account, currency] += amount
        self.worths[account, currency] += self._worth(currency, amount) if worth is None else worth

    def _worth(self, currency, amount):
        return amount * self.stated if self.stated else amount / self.rates[currency]

    def _bill(self, bill):
        total = major(bill.amount, bill.currency)
        payer = self.state.currency_of(self.entity)
        if payer == self.currency != bill.currency:
            self.stated = Decimal(str(bill.fx_conversion_rate or rate_of(self.state, bill)))
        self._lines(bill.currency, [*bill.lines, *bill.inventory_lines], 1, bill.coding)
        self._add("payable", bill.currency, -total)
        self.stated = None
        if bill.paid_at and bill.payment.method != "VENDOR_CREDIT":
            self._payment(bill, total)

    def _payment(self, bill, total):
        """A bank takes its own currency, and Odoo's rate counts where nothing else is stated."""
        applied = sum(credit["amount"]["amount"] for credit in bill.applied_vendor_credits)
        paid = total - major(applied, bill.currency)
        source = "clearing" if bill.payment.method in CARD_METHODS else "outstanding"
        taken, currency = paid, bill.payment.currency
        if currency != bill.currency:
            together = [other for other in self.state.bills if other.payment is bill.payment]
            whole, units = bill.payment.amount, sum(other.amount for other in together)
            before = sum(other.amount for other in together if other.id < bill.id)
            parts = [round(Decimal(whole) * part / units) for part in (before, before + bill.amount)]
            taken = major(parts[1] - parts[0], currency)
        worth = paid if bill.currency == self.currency else self._worth(currency, taken)
        self._add("payable", bill.currency, paid, worth)
        self._add(source, currency, -taken, -worth)

    def _lines(self, currency, lines, sign, header=()):
        """Lines are gross; the tax of a document is rounded once, as the demo company is set up."""
        digits = Decimal(1) if currency == "JPY" else CENT
        exact = Decimal(0)
        for line in lines:
            coding = self._coding(header, line.coding)
            gross = major(line.amount, currency)
            rate = TAXES.get(coding["tax"], Decimal(0))
            before = exact.quantize(digits, ROUND_HALF_UP)
            exact += gross * rate / (1 + rate)
            tax = exact.quantize(digits, ROUND_HALF_UP) - before
            self._add("tax", currency, sign * tax)
            self._cost(coding, currency, sign * (gross - tax))

    def _cost(self, coding, currency, amount):
        self._add(coding["account"], currency, amount)
        for code in coding["analytics"]:
            self.analytics[code, currency] += amount
            self.worths[code, currency] += self._worth(currency, amount)

    def _spend(self, row, source, sign):
        """All lines of one transaction or reimbursement are coded alike, so its total is what counts."""
        codings = [self._coding(row.coding, line.coding) for line in row.lines]
        assert all(coding == codings[0] for coding in codings)
        total = sign * major(row.amount, row.currency)
        self._cost(codings[0], row.currency, total)
        self._add(source, row.currency, -total)

    def _repayment(self, row):
        spent = self.state.transactions.get(row.original_transaction_id)
        amount = major(row.amount, row.currency)
        self._add("incoming", row.currency, amount)
        self._cost(self._coding(spent.coding, spent.lines[0].coding), row.currency, -amount)

    def _card_account(self):
        for row in self._ours(self.state.statements):
            billed = sum(
                major(self.state.transactions.get(line_id).amount, "USD")
                for kind, line_id, _at in row.lines
                if kind == "CARD_TRANSACTION"
            )
            self._add("clearing", "USD", billed)
            self._add("payable", "USD", -billed)
        for row in self._ours(self.state.cashbacks):
            self._add("payable", "USD", major(row.amount, "USD"))
            self._add(CASHBACK, "USD", -major(row.amount, "USD"))
        for row in self._ours(self.state.transfers):
            self._add("payable", "USD", major(row.amount, "USD"))
            self._add("outstanding", "USD", -major(row.amount, "USD"))

    def _coding(self, header, line):
        """Account, tax and analytic accounts; the line wins over the header, field by field."""
        chosen = {}
        for option_id in (*header, *line):
            option = self.state.options.get(option_id)
            chosen[option.field.id] = option
        found = {"account": None, "tax": None, "analytics": []}
        for option in chosen.values():
            if option.external_id.startswith("gl-"):
                code = option.external_id.removeprefix("gl-")
                found["account"] = FALLBACK if code in UNKNOWN_TO_ODOO else code
            elif option.external_id.startswith("vat-"):
                found["tax"] = option.external_id
            else:
                found["analytics"].append(option.external_id.partition("-")[2])
        found["account"] = found["account"] or FALLBACK
        return found


def unbilled(state, entity=None):
    """What the card account must hold: spend that is booked and on no statement, less what was billed before.

    :param entity: id of a Ramp entity; all by default
    """
    billed = {line_id for row in state.statements for kind, line_id, _at in row.lines if kind == "CARD_TRANSACTION"}
    charges = {
        charge: bill
        for bill in state.bills
        if booked_bill(bill) and bill.paid_at
        for charge in bill.payment.details.get("transaction_ids", ())
    }
    balance = Decimal(0)
    for row in state.transactions:
        if entity and row.entity_id != entity:
            continue
        is_booked = row.sync_status != "NOT_SYNC_READY" or row.id in charges
        amount = major(row.amount, row.currency)
        balance += (amount if row.id in billed else 0) - (amount if is_booked else 0)
    return balance


def booked_bill(bill):
    """Whether Ramp releases the bill for the books; one that another system booked before is not ours."""
    return (
        bill.enable_accounting_sync
        and not bill.archived_at
        and bill.approval_status == "APPROVED"
        and not (bill.sync_status == "BILL_AND_PAYMENT_SYNCED" and not bill.sync_reference)
    )


def major(units, currency):
    return Decimal(units) if currency == "JPY" else Decimal(units) / 100


def assert_trial_balance(rows, ledger, accounts, currency):
    """
    :param rows: of `BALANCES`
    :param accounts: {what the ledger calls an account: its id in Odoo}
    :param currency: of the company; others are worth what they should be but for what Odoo spreads of rounding
    """
    expected, worths = defaultdict(Decimal), defaultdict(Decimal)
    for (key, unit), amount in ledger.accounts.items():
        expected[accounts[key], unit] += amount
        worths[accounts[key], unit] += ledger.worths[key, unit]
    actual = {(row["account"], row["currency"]): row["amount"] for row in rows}
    differences = {
        key: (actual.get(key, 0), expected.get(key, 0))
        for key in actual.keys() | expected.keys()
        if actual.get(key, 0) != expected.get(key, 0)
    }
    assert not differences, differences
    for row in rows:
        wanted = worths[row["account"], row["currency"]]
        margin = 0 if row["currency"] == currency else CENT * row["lines"]
        assert abs(row["balance"] - wanted) <= margin, row
    assert sum(row["balance"] for row in rows) == 0
