"""The values of a payment."""

from decimal import Decimal

from odoo.fields import Command

from ..core.errors import InvalidDataError, NotReadyError
from ..core.messages import Amount, _
from .importer_tools import fits, payable_terms
from .money_journals import method_line


class PaymentValues:
    """Prepares the values of the payments of a batch."""

    def __init__(self, batch):
        self.batch = batch

    def of(self, document, currency, bills, journal, dates):
        moves = [move for move, _amount in bills]
        values = {
            "payment_type": "outbound",
            "partner_type": "supplier",
            "partner_id": moves[0].commercial_partner_id.id,
            "company_id": self.batch.company.id,
            "journal_id": journal.id,
            "payment_method_line_id": method_line(journal).id,
            "currency_id": currency.id,
            "amount": float(document.amount),
            **dates,
            "memo": document.reference or ", ".join(move.ref or move.name for move in moves),
            "partner_bank_id": False,
            "destination_account_id": payable_terms(moves[0]).account_id[:1].id,
            "invoice_ids": [Command.set([move.id for move in moves])],
            "ml_card_charges": list(document.charges) or False,
        }
        splits = bills[1:] if self._must_split(currency, bills) else ()
        items = [self._prepare_split(currency, move, amount, values) for move, amount in splits]
        if discount := sum((paid.discount for paid in document.bills), Decimal(0)):
            items.append(self._prepare_discount(currency, discount, values))
        if items:
            values["write_off_line_vals"] = items
        return values

    def debit(self, document, currency, values):
        """Values of the bank item as the bank statement will show it; None if the document does not state the debit.

        The payable is paid in the currency of the bill, at the value of the debit; Odoo books the difference.
        """
        if not document.debited:
            return None
        debited = self.batch.currencies.usable(document.debited_currency)
        if document.debited < 0 or not fits(document.debited, debited) or values.get("write_off_line_vals"):
            raise InvalidDataError(
                _(
                    "The bank debited %(amount)s for several bills or with a discount. Enter the payment manually.",
                    amount=Amount(document.debited, debited.name),
                )
            )
        company, amount = self.batch.company, float(document.debited)
        worth = debited._convert(amount, company.currency_id, company, values["date"])
        own = currency._convert(values["amount"], company.currency_id, company, values["date"])
        if not worth or not own or max(worth / own, own / worth) > 1 + self.batch.flow.rate_tolerance / 100:
            raise NotReadyError(
                _(
                    "The bank debited %(debited)s for %(amount)s, which differs too much from the rate in Odoo."
                    " Correct the rate, or enter the payment manually if it paid several bills.",
                    debited=Amount(document.debited, debited.name),
                    amount=Amount(document.amount, currency.name),
                ),
                awaits=debited if currency == company.currency_id else currency,
            )
        balance = own if currency == company.currency_id else worth
        return {"currency_id": debited.id, "amount_currency": -amount, "balance": -balance}

    def _must_split(self, currency, bills):
        """Whether each bill needs a journal item of its own: one item pays the first bill in full, then the next."""
        if len(bills) == 1:
            return False
        accounts = {payable_terms(move).account_id for move, _amount in bills}
        return len(accounts) > 1 or any(
            move.currency_id != currency or amount != self.batch.paid.open_amount(move) for move, amount in bills
        )

    def _prepare_split(self, currency, move, amount, values):
        return self._prepare_item(
            move.company_id, currency, amount, payable_terms(move).account_id[:1], values["memo"], values
        )

    def _prepare_discount(self, currency, discount, values):
        """A discount of the vendor is a gain on the cash discount account of the company."""
        account = self.batch.company.account_journal_early_pay_discount_gain_account_id
        if not account:
            raise NotReadyError(
                _(
                    "The payment has an early-payment discount of %(amount)s, but %(company)s has no gain account for"
                    " it. Choose the Cash Discount Write-Off Gain Account in the accounting settings.",
                    amount=Amount(discount, currency.name),
                    company=self.batch.company.display_name,
                ),
                awaits=self.batch.company,
            )
        return self._prepare_item(
            self.batch.company, currency, -discount, account, self.batch.env._("Cash discount"), values
        )

    def _prepare_item(self, company, currency, amount, account, name, values):
        return {
            "name": name,
            "account_id": account.id,
            "partner_id": values["partner_id"],
            "currency_id": currency.id,
            "amount_currency": float(amount),
            "balance": currency._convert(float(amount), company.currency_id, company, values["date"]),
        }
