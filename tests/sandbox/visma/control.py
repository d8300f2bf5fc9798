"""What people do in Visma.net, and what tests read of it."""

import json

from ..control import Control
from ..server import to_json
from .invoice_model import shown
from .invoices import new_invoice, pay
from .suppliers import add_supplier


class VismaControl(Control):
    def ignored(self):
        """What was sent and left out without a word, as ``operation: field``."""
        return list(self._sandbox.state.ignored)

    def suppliers(self):
        return self._plain(self._state.suppliers.values())

    def invoices(self):
        """All documents, as the API shows them one by one."""
        return self._plain(map(shown, self._state.invoices.values()))

    def payments(self):
        return self._plain(self._state.payments.values())

    def orders(self):
        return self._plain(self._state.orders.values())

    def receipts(self):
        return self._plain(self._state.receipts.values())

    def receive_order(self, number):
        """Everything on an order is received."""
        with self._sandbox.lock:
            row = self._state.touch(self._state.orders[number])
            for line in row["lines"]:
                line["qtyOnReceipts"] = line["orderQty"]

    def end_order(self, number, status):
        """What people do with an order: `Cancelled`, `Closed`."""
        with self._sandbox.lock:
            self._state.touch(self._state.orders[number])["status"] = status

    def add_supplier(self, **body):
        """``body`` as the API takes it, without wrappers; the supplier's number."""
        with self._sandbox.lock:
            return add_supplier(self._state, body)["number"]

    def edit_supplier(self, number, **values):
        """Change shown values of a supplier, such as ``name`` or ``status``."""
        with self._sandbox.lock:
            self._state.touch(self._state.suppliers[number]).update(values)

    def add_invoice(self, **body):
        """A document that a person entered; its number."""
        with self._sandbox.lock:
            return new_invoice(self._state, body)["referenceNumber"]

    def pay(self, number, amount, on, document_type="Invoice"):
        """Pay a released document; the number of the payment."""
        with self._sandbox.lock:
            self._state.settle()
            return pay(self._state, document_type, number, amount, on)

    def close_period(self, period):
        """Close a period, such as ``202609``, in the supplier ledger."""
        self._state.periods[period]["closedInSupplierLedger"] = True

    def open_period(self, period):
        self._state.periods[period]["closedInSupplierLedger"] = False

    def edit_account(self, code, **values):
        with self._sandbox.lock:
            self._state.touch(self._state.accounts[code]).update(values)

    def revoke_tokens(self):
        self._state.tokens.clear()

    def settle(self):
        """Do what was accepted and whose time has come."""
        with self._sandbox.lock:
            self._state.settle()

    def finish(self):
        """Do all that was accepted, before its time."""
        with self._sandbox.lock:
            self._state.settle(float("inf"))

    @property
    def _state(self):
        return self._sandbox.state

    @staticmethod
    def _plain(rows):
        return json.loads(to_json(list(rows)))
