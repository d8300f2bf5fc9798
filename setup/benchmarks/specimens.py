"""The vendor bills that all sides of a benchmark book: three lines, no tax, no analytic accounting."""

from lib.sandbox import control

LINES = (("600000", "Paper", "123.45"), ("612000", "Rent", "1000.00"), ("620000", "Fees", "7.05"))
ISSUED, DUE = "2026-09-30", "2026-10-30"


def bill_values(partner, reference, lines):
    """Values for `account.move.create`, as any program would write them; a line is a name, an account, an amount."""
    return {
        "move_type": "in_invoice",
        "partner_id": partner,
        "ref": reference,
        "invoice_date": ISSUED,
        "date": ISSUED,
        "invoice_date_due": DUE,
        "invoice_line_ids": [
            (0, 0, {"name": name, "account_id": account, "quantity": 1.0, "price_unit": float(amount), "tax_ids": []})
            for name, account, amount in lines
        ],
    }


class Specimens:
    """Creates equal bills in the sandbox or as values for Odoo."""

    def __init__(self, env, sandbox_url):
        self.url = sandbox_url
        bindings = env["ml.binding"].search([("kind", "=", "vendor")], order="external_id")
        self.partners = {binding.external_id: binding.res_id for binding in bindings}
        self.accounts = {
            account.code: account.id
            for account in env["account.account"].search([("code", "in", [code for code, _name, _amount in LINES])])
        }
        self.number = 0

    def _next(self):
        """A new bill number, and one vendor after the other."""
        self.number += 1
        vendors = sorted(self.partners)
        return f"B-{self.number:06}", vendors[self.number % len(vendors)]

    def add_to_sandbox(self, count):
        """Add approved bills in Ramp."""
        lines = [{"amount": amount, "memo": name, "coding": [["gl", code]]} for code, name, amount in LINES]
        for _ in range(count):
            number, vendor = self._next()
            bill = {"vendor_id": vendor, "lines": lines, "invoice_number": f"S{number}", "currency": "USD"}
            bill |= {"issued_at": ISSUED, "due_at": DUE}
            control(self.url, "add_bill", **bill)

    def values(self, count):
        """Values of bills for `account.move.create`."""
        lines = [(name, self.accounts[code], amount) for code, name, amount in LINES]
        bills = (self._next() for _ in range(count))
        return [bill_values(self.partners[vendor], f"V{number}", lines) for number, vendor in bills]
