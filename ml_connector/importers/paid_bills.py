"""The bills of a payment: what is open on them, and whether they are already paid."""

from datetime import timedelta
from decimal import Decimal

from ..core.errors import DuplicateError, InvalidDataError
from ..core.messages import Amount, _, paragraph
from .importer_tools import check_posted, creditor_of, exact

SAME_PAYMENT_WITHIN = timedelta(days=10)
LIVE_STATES = ("in_process", "paid")


class PaidBills:
    """Finds and checks the bills that the payments of a batch pay."""

    def __init__(self, batch):
        self.batch = batch
        self.env = batch.env

    def of(self, document):
        """The (bill, amount) pairs of a payment; each bill must be posted and belong to the paid vendor."""
        if not document.bills:
            raise InvalidDataError(_("The payment does not refer to a bill. Enter it manually."))
        # credit notes last: the payment itself books the first bill
        paid_bills = sorted(document.bills, key=lambda paid: paid.amount < 0)
        bills = [(self._bill(document, paid), paid.settled) for paid in paid_bills]
        paid_to = self.batch.resolver.binding("vendor", document.vendor.external_id)._ml_creditor(self.batch.company)
        for move, _amount in bills:
            if creditor_of(move).id != paid_to.id:
                raise InvalidDataError(
                    _(
                        "The payment went to %(vendor)s, but %(bill)s is a bill of %(other)s. Correct the payment in"
                        " %(provider)s, or enter it manually.",
                        vendor=paid_to.display_name,
                        bill=move.display_name,
                        other=move.commercial_partner_id.display_name,
                        provider=self.batch.provider,
                    )
                )
        return bills

    def _bill(self, document, paid):
        move = self.batch.bill(document, paid)
        number = paid.number or paid.external_id
        if not move:
            raise InvalidDataError(_("Bill %(number)s is not in Odoo.", number=number))
        check_posted(move, number)
        if move.move_type == "in_refund" and paid.amount > 0:
            raise InvalidDataError(_("%(number)s is a credit note in Odoo. Enter its refund manually.", number=number))
        if move.move_type == "in_invoice" and paid.amount < 0:
            raise InvalidDataError(
                _(
                    "%(number)s is a bill in Odoo, but the payment uses it as a credit of %(amount)s.",
                    number=number,
                    amount=Amount(-paid.amount, document.currency),
                )
            )
        return move

    def check_open(self, currency, bills):
        for move, amount in bills:
            if move.currency_id != currency:
                continue  # in another currency Odoo books the exchange difference
            left = self.open_amount(move) - abs(self.batch.planned[move.id])
            if abs(amount) > left + self.batch.tolerance:
                raise InvalidDataError(self._too_much(move, amount, left))

    def _too_much(self, move, amount, left):
        currency = move.currency_id.name
        sentence = _(
            "The payment of %(amount)s exceeds the open amount of %(open)s on %(bill)s.",
            amount=Amount(amount, currency),
            open=Amount(left, currency),
            bill=move.display_name,
        )
        # if the bill changed at the provider, the payment is right and the bill must follow first
        changed = self.env["ml.sync.log"]._differences(move).get(move.id)
        difference = changed and changed._sentence("note" if changed._differs() else "error_message")
        return paragraph(sentence, difference)

    def existing_payment(self, document, bills):
        """The same payment that a user entered manually, if nothing is left to pay; else None.

        :raises DuplicateError: no single payment is certainly the same
        """
        if any(self.open_amount(move) > 0 or self.batch.planned[move.id] for move, _amount in bills):
            return None
        moves = self.env["account.move"].union(*(move for move, _amount in bills))
        payments = moves.reconciled_payment_ids.filtered(lambda payment: self._is_same(document, payment))
        connection = self.batch.connection
        bound = connection.env["ml.binding"]._external_ids(connection, "payment", payments)
        free = payments.filtered(lambda payment: payment.id not in bound and payment.id not in self.batch.linked)
        if len(free) == 1:
            return free
        raise DuplicateError(
            _(
                "Already paid in Odoo: %(bills)s. Odoo has no single payment of %(amount)s around %(date)s for it.",
                bills=moves.mapped("display_name"),
                amount=Amount(document.amount, document.currency),
                date=document.date,
            )
        )

    def _is_same(self, document, payment):
        return (
            payment.payment_type == "outbound"
            and payment.state in LIVE_STATES
            and payment.currency_id.name == document.currency
            and exact(payment.amount, payment.currency_id) == document.amount
            and abs(payment.date - document.date) <= SAME_PAYMENT_WITHIN
        )

    def open_amount(self, move):
        """The amount that is left to pay of a bill, in its currency.

        If payments have no journal entry (Odoo Enterprise without an outstanding account), the bill keeps its residual
        until the bank statement is reconciled. Payments in process therefore count as paid.
        """
        in_process = move.matched_payment_ids.filtered(lambda pay: pay.state == "in_process" and not pay.move_id)
        amounts = (
            pay.currency_id._convert(pay.amount, move.currency_id, move.company_id, pay.date) for pay in in_process
        )
        paid = sum((exact(amount, move.currency_id) for amount in amounts), Decimal(0))
        return exact(move.amount_residual, move.currency_id) - paid
