"""Books the planned payments of a batch and reconciles them."""

from decimal import Decimal

from ..core.errors import InvalidDataError
from ..core.messages import Amount, _
from .card_account import owe_to_issuer
from .importer_tools import exact, payable_terms, tolerance
from .open_dates import check_date


class PaymentBooking:
    """Books the payments of one flow."""

    def __init__(self, env, flow):
        self.env = env
        self.flow = flow

    def create(self, entries):
        payments = self.env["account.payment"].with_context(skip_invoice_sync=True)
        payments = payments.create([self._creation(entry.values) for entry in entries]).with_env(self.env)
        for entry, payment in zip(entries, payments, strict=True):
            if entry.values.debit:
                payment._seek_for_lines()[0].write(entry.values.debit)
        owe_to_issuer(payments)
        payments.action_post()
        pairs = []
        for entry, payment in zip(entries, payments, strict=True):
            entry.record = payment
            pairs += self._pairs(entry.values, payment)
        self.env["account.move.line"]._reconcile_plan([counterpart + lines for counterpart, lines in pairs])
        for entry, payment in zip(entries, payments, strict=True):
            self._check_written(entry.values, payment)

    def _creation(self, plan):
        values = dict(plan.values)
        if plan.debit:
            values["force_balance"] = abs(plan.debit["balance"])
        return values

    def _pairs(self, plan, payment):
        """(items of the payment, items of the bills) to reconcile; none if the payment has no journal entry."""
        counterparts = self._counterparts(payment)
        open_lines = [payable_terms(move).filtered(lambda line: not line.reconciled) for move, _a in plan.bills]
        if not counterparts:
            return []
        if len(counterparts) == len(open_lines):
            return list(zip(counterparts, open_lines, strict=True))
        return [(counterparts, counterparts.union(*open_lines) - counterparts)]

    def _counterparts(self, payment):
        """The journal items of a payment on payable accounts, in the order of the bills."""
        return payment.move_id.line_ids.filtered(lambda line: line.account_type == "liability_payable").sorted("id")

    def _check_written(self, plan, payment):
        """Check that Odoo did not move the date and reconciled the payment."""
        if payment.move_id:
            check_date(payment.move_id, plan.values["date"])
        if any(bill.currency_id != plan.currency for bill, _amount in plan.bills):
            return
        left = sum(
            (exact(line.amount_residual_currency, plan.currency) for line in self._counterparts(payment)), Decimal(0)
        )
        if abs(left) > tolerance(self.flow):
            raise InvalidDataError(
                _(
                    "Odoo could not reconcile %(amount)s of the payment with its bills.",
                    amount=Amount(left, plan.currency.name),
                )
            )
