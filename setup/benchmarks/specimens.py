"""The vendor bills that all sides of a benchmark book: three lines, no tax, no analytic accounting."""

import requests

LINES = (("600000", "Paper", "123.45"), ("612000", "Rent", "1000.00"), ("620000", "Fees", "7.05"))
ISSUED, DUE = "2026-09-30", "2026-10-30"
DATE_FIELDS = {"invoice_date": ISSUED, "date": ISSUED, "invoice_date_due": DUE}


class Specimens:
    """Creates equal bills in the sandbox or as values for Odoo."""

    def __init__(self, env, sandbox_url):
        self.url = sandbox_url
        self.session = requests.Session()
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
            self.session.post(f"{self.url}/_control/add_bill", json=bill, timeout=60).raise_for_status()

    def values(self, count):
        """Values of bills for `account.move.create`, as any program would write them."""
        return [self._values(*self._next()) for _ in range(count)]

    def _values(self, number, vendor):
        return {
            "move_type": "in_invoice",
            "partner_id": self.partners[vendor],
            "ref": f"V{number}",
            **DATE_FIELDS,
            "invoice_line_ids": [
                (
                    *(0, 0),
                    {
                        "name": name,
                        "account_id": self.accounts[code],
                        "quantity": 1.0,
                        "price_unit": float(amount),
                        "tax_ids": [],
                    },
                )
                for code, name, amount in LINES
            ],
        }
