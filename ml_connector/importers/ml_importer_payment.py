from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.fields import Command
from odoo.tools import format_date

from ..core.errors import (
    ConnectorError,
    DuplicateError,
    InvalidDataError,
    LockedPeriodError,
    NotReadyError,
    NotRelevantError,
)
from ..models.amounts import shown
from ..models.ml_mapping import MONEY_JOURNALS
from .importer_tools import (
    QUIET,
    Currencies,
    OpenDates,
    bound_elsewhere,
    creditor_of,
    exact,
    fits,
    named,
    odoo_refusals,
    posted,
    tolerance,
    unusable,
)
from .spend_tools import owe_to_issuer

SAME_PAYMENT_WITHIN = timedelta(days=10)
LIVE_STATES = ("in_process", "paid")


class PaymentBatch:
    """What the payments of one batch share."""

    def __init__(self, env, flow, documents, resolver):
        self.flow = flow
        self.company = flow.company_id.with_env(env)
        self.resolver = resolver
        self.tolerance = tolerance(flow)
        self.dates = OpenDates(env, flow)
        codes = {code for document in documents for code in (document.currency, document.debited_currency) if code}
        self.currencies = Currencies(env, codes)
        self.planned = defaultdict(Decimal)
        self.linked = set()
        moves = env["account.move"].browse(
            move.id
            for document in documents
            for paid in document.bills
            if (move := resolver.binding("bill", document.bill_key(paid)))
        )
        # one recordset, so that what is read of one bill is read of all
        self._moves = {move.id: move for move in moves}

    def bill(self, document, paid):
        move = self.resolver.binding("bill", document.bill_key(paid))
        return move and self._moves[move.id]


class PaymentPlan:
    """A payment as it is to be booked: its values, and the (bill, amount) pairs that it settles.

    :ivar debit: values of the bank's line, where the source states what the bank took in another currency; or None
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
        "Date at the Vendor System",
        readonly=True,
        copy=False,
        help="Set when the date had to move to the next open day because the period was locked.",
    )


class MlImporterPayment(models.AbstractModel):
    """Payments of vendor bills become `account.payment` records, reconciled with the bills."""

    _name = "ml.importer.payment"
    _inherit = "ml.importer"
    _description = "Writer of Payments"
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
                    self._plan_bound(entry)
                else:
                    self._plan_new(batch, entry)
            except ConnectorError as error:
                entry.error = error

    def _plan_bound(self, entry):
        payment, document = entry.bound, entry.document
        if document.is_void:
            self._plan_void(entry, payment)
            return
        if payment.state in ("canceled", "rejected"):
            entry.plan("drift", payment, note=self.env._("%s is cancelled in Odoo.", payment.display_name))
            return
        booked_on = payment.ml_original_date or payment.date
        pairs = (
            (self.env._("currency"), payment.currency_id.name, document.currency),
            (self.env._("date"), format_date(self.env, booked_on), format_date(self.env, document.date)),
        )
        booked = exact(payment.amount, payment.currency_id)
        if booked != document.amount:
            odoo, vendor = ((booked, payment.currency_id), (document.amount, document.currency))
            pairs = ((self.env._("amount"), shown(self.env, *odoo), shown(self.env, *vendor)), *pairs)
        if document.debited and (odoo := self._debit_differs(payment, document)):
            stated = f"{document.debited} {document.debited_currency}"
            pairs = (*pairs, (self.env._("amount debited"), odoo, stated))
        differences = [
            self.env._("%(what)s %(odoo)s in Odoo and %(vendor)s at the vendor", what=what, odoo=odoo, vendor=vendor)
            for what, odoo, vendor in pairs
            if odoo != vendor
        ]
        if differences:
            entry.plan("drift", payment, note=self.env._("Changed at the vendor: %s.", "; ".join(differences)))
            return
        entry.plan("unchanged", payment)

    def _debit_differs(self, payment, document):
        """What the bank's line of a payment has, where it is in the currency of the debit and differs; else None."""
        line = payment._seek_for_lines()[0][:1]
        if line.currency_id.name != document.debited_currency:
            return None
        booked = exact(-line.amount_currency, line.currency_id)
        return None if booked == document.debited else f"{booked} {line.currency_id.name}"

    def _plan_void(self, entry, payment):
        if payment.state in ("canceled", "rejected"):
            entry.plan("unchanged", payment)
        else:
            entry.plan("updated", payment, note=self.env._("Voided at the vendor, and therefore cancelled."))

    def _plan_new(self, batch, entry):
        document = entry.document
        if document.is_void:
            raise NotRelevantError(self.env._("The payment was voided before it came to Odoo."))
        currency = batch.currencies.usable(document.currency)
        bills = self._bills(batch, document)
        self._check_amounts(document, currency)
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
        """The card transaction that paid a bill must not be booked as well.

        :raises DuplicateError: it is booked as spend already
        """
        booked = batch.flow.env["ml.binding"]._records(
            batch.flow.connection_id, {("expense", charge) for charge in document.charges}
        )
        if booked:
            raise DuplicateError(
                self.env._(
                    "The card transaction that paid the bill is booked already as %s: take it back, then press Retry.",
                    ", ".join(record.display_name for record in booked.values()),
                )
            )

    def _bills(self, batch, document):
        """The (bill, amount) pairs of a payment, each of them posted and of the vendor who got the money."""
        if not document.bills:
            raise InvalidDataError(self.env._("The payment names no bill: enter it by hand."))
        # credit notes last: the first bill takes what the payment itself books
        paid_bills = sorted(document.bills, key=lambda paid: paid.amount < 0)
        bills = [(self._bill(batch, document, paid), paid.settled) for paid in paid_bills]
        paid_to = batch.resolver.binding("vendor", document.vendor.external_id)._ml_creditor(batch.company)
        for move, _amount in bills:
            if creditor_of(move).id != paid_to.id:
                raise InvalidDataError(
                    self.env._(
                        "The payment went to %(vendor)s, but %(bill)s is a bill of %(other)s: correct the payment"
                        " at the vendor, or enter it by hand.",
                        vendor=paid_to.display_name,
                        bill=move.display_name,
                        other=move.commercial_partner_id.display_name,
                    )
                )
        return bills

    def _bill(self, batch, document, paid):
        move = batch.bill(document, paid)
        number = paid.number or paid.external_id
        if not move:
            raise InvalidDataError(self.env._("Bill %s is not in Odoo.", number))
        posted(move, self.env._("Bill %s", number))
        if move.move_type == "in_refund" and paid.amount > 0:
            raise InvalidDataError(
                self.env._("%s is a credit note in Odoo: its refund has to be entered by hand.", number)
            )
        if move.move_type == "in_invoice" and paid.amount < 0:
            raise InvalidDataError(
                self.env._(
                    "%(number)s is a bill in Odoo, but the payment uses it as a credit (%(amount)s).",
                    number=number,
                    amount=paid.amount,
                )
            )
        return move

    def _check_amounts(self, document, currency):
        parts = [amount for paid in document.bills for amount in (abs(paid.amount), abs(paid.settled))]
        for amount in (document.amount, *parts):
            if amount <= 0 or not fits(amount, currency):
                raise InvalidDataError(
                    self.env._(
                        "The amount %(amount)s %(currency)s cannot be paid: it has to be positive, with no more than"
                        " %(digits)s decimals.",
                        amount=amount,
                        currency=currency.name,
                        digits=currency.decimal_places,
                    )
                )
        total = sum((paid.amount for paid in document.bills), Decimal(0))
        if any(paid.discount < 0 or (paid.discount and paid.amount < 0) for paid in document.bills):
            raise InvalidDataError(self.env._("The discount of a payment can only be taken off a bill: correct it."))
        if total != document.amount:
            raise InvalidDataError(
                self.env._(
                    "The payment is %(amount)s %(currency)s, but its bills add up to %(total)s %(currency)s.",
                    amount=document.amount,
                    total=total,
                    currency=currency.name,
                )
            )

    # ------------------------------------------------------------------ paid already?

    def _open(self, move):
        """What is left to pay of a bill, in its currency.

        Where payments have no journal entry (Odoo's Enterprise edition, without an outstanding account), the bill
        keeps its residual until the bank statement is reconciled: what is on its way counts as paid.
        """
        under_way = move.matched_payment_ids.filtered(lambda pay: pay.state == "in_process" and not pay.move_id)
        amounts = (
            pay.currency_id._convert(pay.amount, move.currency_id, move.company_id, pay.date) for pay in under_way
        )
        paid = sum((exact(amount, move.currency_id) for amount in amounts), Decimal(0))
        return exact(move.amount_residual, move.currency_id) - paid

    def _existing(self, batch, document, bills):
        """The payment that somebody entered by hand, when nothing is left to pay.

        :raises DuplicateError: when it is not surely the same
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
            self.env._(
                "%(bills)s is paid in Odoo already, but not by a single payment of %(amount)s %(currency)s around"
                " %(date)s.",
                bills=", ".join(moves.mapped("display_name")),
                amount=document.amount,
                currency=document.currency,
                date=format_date(self.env, document.date),
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
                continue  # another currency: the rate decides, and Odoo books the exchange difference
            left = self._open(move) - abs(batch.planned[move.id])
            if abs(amount) > left + batch.tolerance:
                raise InvalidDataError(self._too_much(move, amount, left))

    def _too_much(self, move, amount, left):
        sentence = self.env._(
            "The payment of %(amount)s %(currency)s is more than the %(left)s %(currency)s that are open on %(bill)s.",
            amount=amount,
            left=left,
            currency=move.currency_id.name,
            bill=move.display_name,
        )
        # the bill may have been changed at the provider: then the payment is right, and the bill has to follow first
        return f"{sentence} {move.ml_difference}" if move.ml_difference else sentence

    # ------------------------------------------------------------------ values

    def _journal(self, batch, document):
        journal = batch.resolver.mapping(document.source)
        name = document.source.name or document.source.code or document.source.external_id
        if not journal:
            raise InvalidDataError(
                self.env._("%s is left out under Mappings, but the payment needs its journal: choose one.", name)
            )
        if unusable(journal, batch.company) or journal.type not in MONEY_JOURNALS:
            raise NotReadyError(
                self.env._(
                    "%(origin)s is mapped to journal %(journal)s, which cannot take payments of %(company)s.",
                    origin=name,
                    journal=named(journal, batch.company),
                    company=batch.company.display_name,
                ),
                awaits=journal,
            )
        return journal

    def _method_line(self, journal):
        """How the journal pays: by hand, because the money has moved already."""
        lines = journal.outbound_payment_method_line_ids
        line = lines.filtered(lambda line: line.code == "manual")[:1] or lines[:1]
        if not line:
            raise NotReadyError(
                self.env._("Journal %s has no outgoing payment method: add Manual Payment.", journal.display_name),
                awaits=journal,
            )
        return line

    def _prepare_values(self, batch, document, currency, bills, journal, booked_on):
        moves = [move for move, _amount in bills]
        values = {
            "payment_type": "outbound",
            "partner_type": "supplier",
            "partner_id": moves[0].commercial_partner_id.id,
            "company_id": batch.company.id,
            "journal_id": journal.id,
            "payment_method_line_id": self._method_line(journal).id,
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
        """Values of the bank's line as the bank statement will say it; None where the source does not state it.

        The payable is settled in the currency of the bill, at what the debit is worth: Odoo books the difference.
        """
        if not document.debited:
            return None
        debited = batch.currencies.usable(document.debited_currency)
        if document.debited < 0 or not fits(document.debited, debited) or values.get("write_off_line_vals"):
            raise InvalidDataError(
                self.env._(
                    "The bank debited %(debited)s %(currency)s for several bills or with a discount: enter the payment"
                    " by hand.",
                    debited=document.debited,
                    currency=debited.name,
                )
            )
        company, amount = batch.company, float(document.debited)
        worth = debited._convert(amount, company.currency_id, company, values["date"])
        own = currency._convert(values["amount"], company.currency_id, company, values["date"])
        if not worth or not own or max(worth / own, own / worth) > 1 + batch.flow.rate_tolerance / 100:
            raise NotReadyError(
                self.env._(
                    "The bank debited %(debited)s %(debited_currency)s for %(amount)s %(currency)s, which is far from"
                    " Odoo's rates: correct these, or enter the payment by hand if it paid several bills.",
                    debited=document.debited,
                    debited_currency=debited.name,
                    amount=document.amount,
                    currency=currency.name,
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
        """What the vendor let off is a gain on the account that the company has for cash discounts."""
        account = batch.company.account_journal_early_pay_discount_gain_account_id
        if not account:
            raise NotReadyError(
                self.env._(
                    "The payment takes a discount of %(discount)s %(currency)s, but %(company)s has no account for it:"
                    " choose one in the settings, under Default Accounts, Early payment discounts.",
                    discount=discount,
                    currency=currency.name,
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
        """(items of the payment, items of the bills) to reconcile; none where the payment has no journal entry."""
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
        """Nothing but what was planned is let through: neither another date nor an open payment."""
        move = payment.move_id
        if move and move.date != plan.values["date"]:
            raise LockedPeriodError(
                self.env._(
                    "Odoo would book the payment on %(odoo)s instead of %(planned)s: the period was locked meanwhile.",
                    odoo=format_date(self.env, move.date),
                    planned=format_date(self.env, plan.values["date"]),
                ),
                awaits=move.company_id,
            )
        if any(bill.currency_id != plan.currency for bill, _amount in plan.bills):
            return
        left = sum(
            (exact(line.amount_residual_currency, plan.currency) for line in self._counterparts(payment)), Decimal(0)
        )
        if abs(left) > tolerance(flow):
            raise InvalidDataError(
                self.env._(
                    "%(left)s %(currency)s of the payment could not be reconciled with its bills.",
                    left=left,
                    currency=plan.currency.name,
                )
            )
