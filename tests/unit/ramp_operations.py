"""Test doubles of Ramp's client: the operations of the contract by name."""

import re
from types import SimpleNamespace

NAMES = {
    "GET /bills": "bills",
    "GET /bills/{}": "bill",
    "GET /vendors": "vendors",
    "GET /vendors/{}/contacts": "vendor_contacts",
    "POST /vendors": "create_vendor",
    "GET /vendors/credits": "vendor_credits",
    "GET /vendors/credits/{}": "vendor_credit",
    "GET /accounting/accounts": "accounts",
    "GET /accounting/fields": "fields",
    "GET /accounting/field-options": "field_options",
    "GET /accounting/tax/code/options": "tax_code_options",
    "GET /accounting/all-connections": "connections",
    "POST /accounting/connection": "create_connection",
    "POST /accounting/syncs": "create_sync",
    "GET /users": "users",
    "GET /purchase-orders": "purchase_orders",
    "GET /purchase-orders/{}": "purchase_order",
    "GET /repayments": "repayments",
    "GET /transactions": "transactions",
    "GET /transactions/{}": "transaction",
    "GET /reimbursements": "reimbursements",
    "GET /reimbursements/{}": "reimbursement",
    "GET /transfers": "transfers",
    "GET /transfers/{}": "transfer",
    "GET /cashbacks": "cashbacks",
    "GET /cashbacks/{}": "cashback",
    "GET /webhooks": "webhooks",
    "POST /webhooks": "create_webhook",
    "POST /webhooks/{}/verify": "verify_webhook",
}


class Operations:
    """A client that calls its method with the name of the operation, with the IDs of the path."""

    def get(self, path):
        return self._called("GET", path)

    one = get

    def pages(self, path, *_arranged, **filters):
        return self._called("GET", path, **filters)

    pages_of_record = pages

    def create(self, path, body=None):
        return self._called("POST", path, *(() if body is None else (body,)))

    def change(self, method, path, body=None):
        return self._called(method, path, *(() if body is None else (body,)))

    def request(self, method, path):
        return SimpleNamespace(data=self._called(method, path))

    def _called(self, method, path, *args, **filters):
        asked = f"{method} {path}"
        # a template without IDs goes first
        for template in (asked, *NAMES):
            found = re.fullmatch(template.replace("{}", "([^/]+)"), asked)
            if found and template in NAMES:
                return getattr(self, NAMES[template])(*found.groups(), *args, **filters)
        raise AssertionError(f"No test double answers {asked}.")


class Only(Operations, SimpleNamespace):
    """A client with the given operations only."""
