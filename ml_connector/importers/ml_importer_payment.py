from decimal import Decimal

from odoo import models

from ..core.errors import ConnectorError, DuplicateError, InvalidDataError, NotRelevantError
from ..core.messages import Amount, _
from .importer_tools import QUIET, change_note, exact, fits
from .money_journals import payment_journal
from .paid_bills import PaidBills
from .payment_booking import PaymentBooking
from .payment_plan import PaymentBatch, PaymentPlan
from .payment_values import PaymentValues
from .refusals import odoo_refusals


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

    # ------------------------------------------------------------------ plan

    def _plan_batch(self, flow, entries, resolver):
        batch = PaymentBatch(self.env, flow, [entry.document for entry in entries], resolver)
        paid = PaidBills(batch)
        prepared = PaymentValues(batch, paid)
        for entry in entries:
            try:
                if entry.bound:
                    self._plan_bound(batch, entry)
                else:
                    self._plan_new(batch, paid, prepared, entry)
            except ConnectorError as error:
                entry.error = error

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

    def _plan_new(self, batch, paid, prepared, entry):
        document = entry.document
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
        booked_on = batch.dates.resolve(document.date, journal)
        note = batch.dates.shift_note(document.date, booked_on) if booked_on != document.date else ""
        values = prepared.of(document, currency, bills, journal, booked_on)
        debit = prepared.debit(document, currency, values)
        for move, amount in bills:
            batch.planned[move.id] += amount
        entry.plan("created", values=PaymentPlan(document, currency, bills, values, debit), note=note)

    def _check_charges(self, batch, document):
        """
        :raises DuplicateError: the card transaction that paid the bill is already booked as spend
        """
        booked = batch.flow.env["ml.binding"]._records(
            batch.flow.connection_id, {("expense", charge) for charge in document.charges}
        )
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

    # ------------------------------------------------------------------ apply

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
