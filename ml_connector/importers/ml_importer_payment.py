from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.fields import Command

from ..core.errors import ConnectorError, DuplicateError, InvalidDataError, NotReadyError, NotRelevantError
from ..core.messages import Amount, _, paragraph
from .importer_tools import (
    QUIET,
    Currencies,
    OpenDates,
    bound_elsewhere,
    change_note,
    check_date,
    check_posted,
    creditor_of,
    exact,
    fits,
    odoo_refusals,
    tolerance,
)
from .spend_tools import method_line, owe_to_issuer, payment_journal

SAME_PAYMENT_WITHIN = timedelta(days=10)
LIVE_STATES = ("in_process", "paid")


class PaymentBatch:
    """The shared data of a batch of payments."""

    def __init__(self, env, flow, documents, resolver):
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

    @property
    def moves(self):
        return self.bills[0][0].concat(*(move for move, _amount in self.bills[1:]))


class AccountPayment(models.Model):
    _name = "account.payment"
    _inherit = ["account.payment", "ml.changed"]

    ml_original_date = fields.Date(
        "Date at Provider",
        readonly=True,
        copy=False,
        help="Only set if the payment was booked on the first open day because the period of this date was locked.",
    )


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
        for entry in entries:
            try:
                if entry.bound:
                    self._plan_bound(batch, entry)
                else:
                    self._plan_new(batch, entry)
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

    def _plan_new(self, batch, entry):
        document = entry.document
        if document.is_void:
            raise NotRelevantError(_("Voided in %(provider)s before Odoo imported it.", provider=batch.provider))
        currency = batch.currencies.usable(document.currency)
        bills = self._bills(batch, document)
        self._check_amounts(batch, document, currency)
        self._check_charges(batch, document)
        if existing := self._existing(batch, document, bills):
            batch.linked.add(existing.id)
            entry.plan("linked", existing)
            return
        self._check_open(batch, document, currency, bills)
        journal = self._journal(batch, document)
        booked_on = batch.dates.resolve(document.date, journal)
        note = batch.dates.shift_note(document.date, booked_on) if booked_on != document.date else ""
        values = self._prepare_values(batch, document, currency, bills, journal, booked_on)
        debit = self._prepare_debit(batch, document, currency, values)
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

    def _bills(self, batch, document):
        """The (bill, amount) pairs of a payment; each bill must be posted and belong to the paid vendor."""
        if not document.bills:
            raise InvalidDataError(_("The payment does not refer to a bill. Enter it manually."))
        # credit notes last: the payment itself books the first bill
        paid_bills = sorted(document.bills, key=lambda paid: paid.amount < 0)
        bills = [(self._bill(batch, document, paid), paid.settled) for paid in paid_bills]
        paid_to = batch.resolver.binding("vendor", document.vendor.external_id)._ml_creditor(batch.company)
        for move, _amount in bills:
            if creditor_of(move).id != paid_to.id:
                raise InvalidDataError(
                    _(
                        "The payment went to %(vendor)s, but %(bill)s is a bill of %(other)s. Correct the payment in"
                        " %(provider)s, or enter it manually.",
                        vendor=paid_to.display_name,
                        bill=move.display_name,
                        other=move.commercial_partner_id.display_name,
                        provider=batch.provider,
                    )
                )
        return bills

    def _bill(self, batch, document, paid):
        move = batch.bill(document, paid)
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

    # ------------------------------------------------------------------ paid already?

    def _open(self, move):
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

    def _existing(self, batch, document, bills):
        """The same payment that a user entered manually, if nothing is left to pay; else None.

        :raises DuplicateError: no single payment is certainly the same
        """
        if any(self._open(move) > 0 or batch.planned[move.id] for move, _amount in bills):
            return None
        moves = self.env["account.move"].union(*(move for move, _amount in bills))
        payments = moves.reconciled_payment_ids.filtered(lambda payment: self._is_same(document, payment))
        bound = bound_elsewhere(batch.flow.connection_id, "payment", payments)
        free = payments.filtered(lambda payment: payment.id not in bound and payment.id not in batch.linked)
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

    def _check_open(self, batch, document, currency, bills):
        for move, amount in bills:
            if move.currency_id != currency:
                continue  # in another currency Odoo books the exchange difference
            left = self._open(move) - abs(batch.planned[move.id])
            if abs(amount) > left + batch.tolerance:
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

    # ------------------------------------------------------------------ values

    def _journal(self, batch, document):
        return payment_journal(batch.resolver, document.source, batch.company)

    def _prepare_values(self, batch, document, currency, bills, journal, booked_on):
        moves = [move for move, _amount in bills]
        values = {
            "payment_type": "outbound",
            "partner_type": "supplier",
            "partner_id": moves[0].commercial_partner_id.id,
            "company_id": batch.company.id,
            "journal_id": journal.id,
            "payment_method_line_id": method_line(journal).id,
            "currency_id": currency.id,
            "amount": float(document.amount),
            "date": booked_on,
            "ml_original_date": document.date if booked_on != document.date else False,
            "memo": document.reference or ", ".join(move.ref or move.name for move in moves),
            "partner_bank_id": False,
            "destination_account_id": self._payable_lines(moves[0]).account_id[:1].id,
            "invoice_ids": [Command.set([move.id for move in moves])],
            "ml_card_charges": list(document.charges) or False,
        }
        splits = bills[1:] if self._must_split(currency, bills) else ()
        items = [self._prepare_split(currency, move, amount, values) for move, amount in splits]
        if discount := sum((paid.discount for paid in document.bills), Decimal(0)):
            items.append(self._prepare_discount(batch, currency, discount, values))
        if items:
            values["write_off_line_vals"] = items
        return values

    def _prepare_debit(self, batch, document, currency, values):
        """Values of the bank item as the bank statement will show it; None if the document does not state the debit.

        The payable is paid in the currency of the bill, at the value of the debit; Odoo books the difference.
        """
        if not document.debited:
            return None
        debited = batch.currencies.usable(document.debited_currency)
        if document.debited < 0 or not fits(document.debited, debited) or values.get("write_off_line_vals"):
            raise InvalidDataError(
                _(
                    "The bank debited %(amount)s for several bills or with a discount. Enter the payment manually.",
                    amount=Amount(document.debited, debited.name),
                )
            )
        company, amount = batch.company, float(document.debited)
        worth = debited._convert(amount, company.currency_id, company, values["date"])
        own = currency._convert(values["amount"], company.currency_id, company, values["date"])
        if not worth or not own or max(worth / own, own / worth) > 1 + batch.flow.rate_tolerance / 100:
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
        accounts = {self._payable_lines(move).account_id for move, _amount in bills}
        return len(accounts) > 1 or any(
            move.currency_id != currency or amount != self._open(move) for move, amount in bills
        )

    def _prepare_split(self, currency, move, amount, values):
        return self._prepare_item(
            move.company_id, currency, amount, self._payable_lines(move).account_id[:1], values["memo"], values
        )

    def _prepare_discount(self, batch, currency, discount, values):
        """A discount of the vendor is a gain on the cash discount account of the company."""
        account = batch.company.account_journal_early_pay_discount_gain_account_id
        if not account:
            raise NotReadyError(
                _(
                    "The payment has an early-payment discount of %(amount)s, but %(company)s has no gain account for"
                    " it. Choose the Cash Discount Write-Off Gain Account in the accounting settings.",
                    amount=Amount(discount, currency.name),
                    company=batch.company.display_name,
                ),
                awaits=batch.company,
            )
        return self._prepare_item(batch.company, currency, -discount, account, self.env._("Cash discount"), values)

    def _prepare_item(self, company, currency, amount, account, name, values):
        return {
            "name": name,
            "account_id": account.id,
            "partner_id": values["partner_id"],
            "currency_id": currency.id,
            "amount_currency": float(amount),
            "balance": currency._convert(float(amount), company.currency_id, company, values["date"]),
        }

    def _payable_lines(self, move):
        return move.line_ids.filtered(lambda line: line.display_type == "payment_term").sorted("date_maturity")

    # ------------------------------------------------------------------ apply

    def _apply_batch(self, flow, entries, resolver):
        created = [entry for entry in entries if entry.outcome == "created"]
        writer = self.with_context(**QUIET)
        with odoo_refusals(self.env, entries):
            if created:
                writer._create_payments(flow, created)
            for entry in entries:
                if entry.outcome == "updated":
                    entry.bound.with_env(writer.env).action_cancel()
                elif entry.outcome == "linked" and entry.document.charges:
                    entry.record.ml_card_charges = list(entry.document.charges)

    def _create_payments(self, flow, entries):
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
            self._check_written(flow, entry.values, payment)

    def _creation(self, plan):
        values = dict(plan.values)
        if plan.debit:
            values["force_balance"] = abs(plan.debit["balance"])
        return values

    def _pairs(self, plan, payment):
        """(items of the payment, items of the bills) to reconcile; none if the payment has no journal entry."""
        counterparts = self._counterparts(payment)
        open_lines = [self._payable_lines(move).filtered(lambda line: not line.reconciled) for move, _a in plan.bills]
        if not counterparts:
            return []
        if len(counterparts) == len(open_lines):
            return list(zip(counterparts, open_lines, strict=True))
        return [(counterparts, counterparts.union(*open_lines) - counterparts)]

    def _counterparts(self, payment):
        """The journal items of a payment on payable accounts, in the order of the bills."""
        return payment.move_id.line_ids.filtered(lambda line: line.account_type == "liability_payable").sorted("id")

    def _check_written(self, flow, plan, payment):
        """Check that Odoo did not move the date and reconciled the payment."""
        if payment.move_id:
            check_date(payment.move_id, plan.values["date"])
        if any(bill.currency_id != plan.currency for bill, _amount in plan.bills):
            return
        left = sum(
            (exact(line.amount_residual_currency, plan.currency) for line in self._counterparts(payment)), Decimal(0)
        )
        if abs(left) > tolerance(flow):
            raise InvalidDataError(
                _(
                    "Odoo could not reconcile %(amount)s of the payment with its bills.",
                    amount=Amount(left, plan.currency.name),
                )
            )
