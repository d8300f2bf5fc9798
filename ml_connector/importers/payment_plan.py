"""A payment before it is booked, and what the payments of a batch share."""

from collections import defaultdict
from decimal import Decimal

from .currencies import Currencies
from .importer_tools import tolerance
from .open_dates import OpenDates


class PaymentBatch:
    """The shared data of a batch of payments."""

    def __init__(self, env, flow, documents, resolver):
        self.env = env
        self.flow = flow
        self.provider = flow.connection_id._provider_name()
        self.company = flow.company_id.with_env(env)
        self.resolver = resolver
        self.tolerance = tolerance(flow)
        self.dates = OpenDates(env, flow)
        codes = {code for document in documents for code in (document.currency, document.debited_currency) if code}
        self.currencies = Currencies(env, codes, self.provider)
        self.planned = defaultdict(Decimal)
        self.linked = set()
        moves = env["account.move"].browse(
            move.id
            for document in documents
            for paid in document.bills
            if (move := resolver.binding("bill", document.bill_key(paid)))
        )
        # one recordset, so that Odoo prefetches the bills together
        self._moves = {move.id: move for move in moves}

    def bill(self, document, paid):
        move = self.resolver.binding("bill", document.bill_key(paid))
        return move and self._moves[move.id]


class PaymentPlan:
    """A payment before it is booked: its values, and the (bill, amount) pairs that it pays.

    :ivar debit: values of the bank item, if the document states what the bank debited in another currency; or None
    """

    __slots__ = ("bills", "currency", "debit", "document", "values")

    def __init__(self, document, currency, bills, values, debit=None):
        self.debit = debit
        self.document = document
        self.currency = currency
        self.bills = bills
        self.values = values
