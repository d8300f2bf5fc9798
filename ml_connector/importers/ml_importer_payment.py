from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from odoo import models

from ..core.errors import DuplicateError, InvalidDataError, NotRelevantError
from ..core.messages import Amount, _
from .card_account import owe_to_issuer
from .currencies import Currencies
from .import_batch import Batch
from .importer_tools import QUIET, change_note, exact, fits, payable_terms, tolerance
from .money_journals import payment_journal
from .open_dates import check_date
from .paid_bills import PaidBills
from .payment_values import PaymentValues
from .refusals import odoo_refusals


class PaymentBatch(Batch):
    """A batch of payments.

    :ivar linked: ids of the payments in Odoo that the batch links
    """

    def __init__(self, env, flow, documents, resolver):
        super().__init__(env, flow, documents, resolver)
        self.paid = PaidBills(self)
        self.values = PaymentValues(self)
        self.linked = set()
        moves = env["account.move"].browse(
            move.id
            for document in documents
            for paid in document.bills
            if (move := resolver.binding("bill", document.bill_key(paid)))
        )
        # one recordset, so that Odoo prefetches the bills together
        self._moves = {move.id: move for move in moves}

    @cached_property
    def currencies(self):
        codes = {code for document in self.documents for code in (document.currency, document.debited_currency) if code}
        return Currencies(self.env, codes, self.provider)

    def bill(self, document, paid):
        move = self.resolver.binding("bill", document.bill_key(paid))
        return move and self._moves[move.id]


class PaymentPlan(NamedTuple):
    """A payment before it is booked: its values, and the (bill, amount) pairs that it pays.

    :ivar debit: values of the bank item, if the document states what the bank debited in another currency; or None
    """

    currency: Any
    bills: list
    values: dict
    debit: dict | None


class MlImporterPayment(models.AbstractModel):
    """Payments of vendor bills become `account.payment` records, reconciled with the bills."""

    _name = "ml.importer.payment"
    _inherit = "ml.importer"
    _description = "Payment Importer"
    _groups = ("account.group_account_invoice",)

    def _references(self, document):
        return () if document.is_void else (document.source,)

    def _dependencies(self, document):
        if document.is_void:
            return ()
        vendor = ("vendor", document.vendor.external_id, document.vendor.name)
        return (vendor, *(("bill", document.bill_key(paid), paid.number) for paid in document.bills))

    def _batch(self, flow, entries, resolver):
        return PaymentBatch(self.env, flow, [entry.document for entry in entries], resolver)

    def _plan(self, batch, entry):
        if entry.bound:
            self._plan_bound(batch, entry)
        else:
            self._plan_new(batch, entry)

    def _plan_bound(self, batch, entry):
        payment, document = entry.bound, entry.document
        if document.is_void:
            self._plan_void(batch, entry, payment)
            return
        if payment.state in ("canceled", "rejected"):
            entry.plan("drift", payment, note=_("%(record)s is cancelled in Odoo.", record=payment.display_name))
            return
        booked_on = payment.ml_original_date or payment.date
        booked = exact(payment.amount, payment.currency_id)
        differences = [
            (what, odoo_value, provider_value)
            for what, odoo_value, provider_value in (
                (_("currency"), payment.currency_id.name, document.currency),
                (_("date"), booked_on, document.date),
            )
            if odoo_value != provider_value
        ]
        if booked != document.amount:
            amounts = Amount(booked, payment.currency_id.name), Amount(document.amount, document.currency)
            differences.insert(0, (_("amount"), *amounts))
        if document.debited and (debited := self._other_debit(payment, document)):
            differences.append((_("amount debited"), debited, Amount(document.debited, document.debited_currency)))
        note = change_note(batch.provider, differences)
        entry.plan("drift" if note else "unchanged", payment, note=note)

    def _other_debit(self, payment, document):
        """The amount of a payment's bank item, if it differs and is in the currency of the debit; else None."""
        line = payment._seek_for_lines()[0][:1]
        if line.currency_id.name != document.debited_currency:
            return None
        booked = exact(-line.amount_currency, line.currency_id)
        return None if booked == document.debited else Amount(booked, line.currency_id.name)

    def _plan_void(self, batch, entry, payment):
        if payment.state in ("canceled", "rejected"):
            entry.plan("unchanged", payment)
        else:
            note = _("Cancelled because it was voided in %(provider)s.", provider=batch.provider)
            entry.plan("updated", payment, note=note)

    def _plan_new(self, batch, entry):
        document, paid = entry.document, batch.paid
        if document.is_void:
            raise NotRelevantError(_("Voided in %(provider)s before Odoo imported it.", provider=batch.provider))
        currency = batch.currencies.usable(document.currency)
        bills = paid.of(document)
        self._check_amounts(batch, document, currency)
        self._check_charges(batch, document)
        if existing := paid.existing_payment(document, bills):
            batch.linked.add(existing.id)
            entry.plan("linked", existing)
            return
        paid.check_open(currency, bills)
        journal = payment_journal(batch.resolver, document.source, batch.company)
        dates, note = batch.dates.of(document.date, journal)
        values = batch.values.of(document, currency, bills, journal, dates)
        debit = batch.values.debit(document, currency, values)
        if debit:
            values["force_balance"] = abs(debit["balance"])
        for move, amount in bills:
            batch.planned[move.id] += amount
        entry.plan("created", values=PaymentPlan(currency, bills, values, debit), note=note)

    def _check_charges(self, batch, document):
        """
        :raises DuplicateError: the card transaction that paid the bill is already booked as spend
        """
        charges = {("expense", charge) for charge in document.charges}
        booked = batch.flow.env["ml.binding"]._records(batch.connection, charges)
        if booked:
            raise DuplicateError(
                _(
                    "The card transaction that paid the bill is already booked as %(records)s. Reverse it, then retry.",
                    records=[record.display_name for record in booked.values()],
                )
            )

    def _check_amounts(self, batch, document, currency):
        parts = [amount for paid in document.bills for amount in (abs(paid.amount), abs(paid.settled))]
        for amount in (document.amount, *parts):
            if amount <= 0 or not fits(amount, currency):
                raise InvalidDataError(
                    _(
                        "The amount %(amount)s %(currency)s cannot be paid. It must be positive, with at most"
                        " %(digits)s decimals.",
                        amount=amount,
                        currency=currency.name,
                        digits=currency.decimal_places,
                    )
                )
        total = sum((paid.amount for paid in document.bills), Decimal(0))
        if any(paid.discount < 0 or (paid.discount and paid.amount < 0) for paid in document.bills):
            raise InvalidDataError(
                _(
                    "An early-payment discount can only apply to a bill. Correct the payment in %(provider)s.",
                    provider=batch.provider,
                )
            )
        if total != document.amount:
            raise InvalidDataError(
                _(
                    "The payment is %(amount)s, but its bills add up to %(total)s.",
                    amount=Amount(document.amount, currency.name),
                    total=Amount(total, currency.name),
                )
            )

    def _apply_batch(self, flow, entries, resolver):
        created = [entry for entry in entries if entry.outcome == "created"]
        booking = PaymentBooking(self.with_context(**QUIET).env, flow)
        with odoo_refusals(self.env, entries):
            if created:
                booking.create(created)
            for entry in entries:
                if entry.outcome == "updated":
                    entry.bound.with_env(booking.env).action_cancel()
                elif entry.outcome == "linked" and entry.document.charges:
                    entry.record.ml_card_charges = list(entry.document.charges)


class PaymentBooking:
    """Books the payments of one flow."""

    def __init__(self, env, flow):
        self.env = env
        self.flow = flow

    def create(self, entries):
        payments = self.env["account.payment"].with_context(skip_invoice_sync=True)
        payments = payments.create([entry.values.values for entry in entries]).with_env(self.env)
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
