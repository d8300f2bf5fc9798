from decimal import Decimal

from odoo import fields, models
from odoo.fields import Command
from odoo.tools import format_date

from ..exceptions import ConnectorError, InvalidDataError, LockedPeriodError
from .bill_changes import account_text
from .ml_writer_bill import BillBatch
from .spend_tools import contact, money_journal, needed, payable_account, settle_issuer
from .writer_tools import exact, fits, odoo_refusals


class AccountPayment(models.Model):
    _inherit = "account.payment"

    ml_card_charges = fields.Json(
        "Card Transactions",
        readonly=True,
        copy=False,
        help="Ids at the vendor of the card transactions that are this payment, so that they are not booked again.",
    )


class MlWriterJournalEntry(models.AbstractModel):
    """Journal entries whose amounts the vendor has worked out, taxes included."""

    _name = "ml.writer.journal_entry"
    _inherit = "ml.writer"
    _description = "Writer of Journal Entries"

    _optional_kinds = ()

    def _references(self, document):
        references = [document.journal] if document.journal else []
        for line in document.lines:
            references += [line.account, *(tax for tax, _amount in line.taxes)]
            references += [share.reference for share in line.analytics]
            if line.partner:
                references.append(line.partner)
        return tuple({(reference.kind, reference.external_id): reference for reference in references}.values())

    # ------------------------------------------------------------------ plan

    def _plan_batch(self, flow, entries, resolver):
        batch = BillBatch(self, flow, [entry.document for entry in entries], resolver)
        for entry in entries:
            try:
                if entry.bound:
                    self._plan_bound(entry)
                else:
                    self._plan_new(batch, entry)
            except ConnectorError as error:
                entry.error = error

    def _plan_bound(self, entry):
        move, document = entry.bound, entry.document
        if move.state == "cancel":
            entry.plan("drift", move, note=self.env._("%s is cancelled in Odoo.", move.display_name))
            return
        wanted = sum((line.amount for line in document.lines if line.amount > 0), Decimal(0))
        lines = move.line_ids.filtered(lambda line: line.amount_currency > 0)
        booked = exact(sum(lines.mapped("amount_currency")), move.currency_id)
        booked_on = move.ml_original_date or move.date
        if (booked, booked_on) != (abs(wanted), document.accounting_date or document.document_date):
            entry.plan(
                "drift",
                move,
                note=self.env._(
                    "Changed at the vendor: %(odoo)s in Odoo and %(vendor)s at the vendor.",
                    odoo=f"{booked} {move.currency_id.name}, {format_date(self.env, booked_on)}",
                    vendor=f"{wanted} {document.currency}, {format_date(self.env, document.document_date)}",
                ),
            )
            return
        entry.plan("unchanged", move)

    def _plan_new(self, batch, entry):
        document = entry.document
        if problem := batch.currencies.problem(document.currency):
            raise InvalidDataError(problem)
        currency = batch.currencies[document.currency]
        self._check_amounts(document, currency)
        self._check_rate(batch, currency)
        journal = self._journal(batch, document)
        date = document.accounting_date or document.document_date
        has_tax = any(line.taxes or line.account.kind == "tax" for line in document.lines)
        booked_on = batch.dates.resolve(date, journal, has_tax)
        note = batch.dates.shift_note(date, booked_on) if booked_on != date else ""
        header = {
            "company_id": batch.company.id,
            "journal_id": journal.id,
            "date": booked_on,
            "ml_original_date": date if booked_on != date else False,
            "ref": document.number,
            "currency_id": currency.id,
        }
        items = self._items(batch, document, currency, booked_on)
        entry.plan("created", values=self._values(batch, document, currency, header, items), note=note)

    def _values(self, batch, document, currency, header, items):
        """Values of the move of which `header` and `items` are known."""
        return {**header, "move_type": "entry", "line_ids": [Command.create(item) for item in items]}

    def _check_amounts(self, document, currency):
        if any(not fits(line.amount, currency) for line in document.lines):
            raise InvalidDataError(self.env._("An amount has more decimals than %s has.", currency.name))
        total = sum((line.amount for line in document.lines), Decimal(0))
        if total or not any(line.amount for line in document.lines):
            raise InvalidDataError(
                self.env._(
                    "The lines of the entry add up to %(total)s %(currency)s instead of zero, or are all nothing.",
                    total=total,
                    currency=currency.name,
                )
            )

    def _check_rate(self, batch, currency):
        if currency != batch.company.currency_id and not batch.once(
            batch.rates, currency, lambda: self.env["ml.writer.bill"]._has_rates(batch, currency)
        ):
            raise InvalidDataError(
                self.env._(
                    "Odoo has no exchange rate for %s: enter one under Accounting, Configuration, Currencies.",
                    currency.name,
                )
            )

    def _journal(self, batch, document):
        if document.journal:
            return money_journal(self.env, batch.resolver, document.journal, batch.company)
        journals = self.env["account.journal"]
        domain = [*journals._check_company_domain(batch.company), ("type", "=", "general")]
        return batch.once(batch.options, "general", lambda: self._general(journals.search(domain, limit=1), batch))

    def _general(self, journal, batch):
        if not journal:
            raise InvalidDataError(self.env._("%s has no journal for miscellaneous entries.", batch.company.name))
        return journal

    def _items(self, batch, document, currency, date):
        items, balances = [], Decimal(0)
        company = batch.company
        for number, line in enumerate(document.lines, start=1):
            account, partner, more = self._place(batch, document, line)
            self._check_account(batch, account, currency)
            balance = currency._convert(float(line.amount), company.currency_id, company, date)
            balances += exact(balance, company.currency_id)
            items.append(
                {
                    "name": line.description or document.number,
                    "account_id": account.id,
                    "partner_id": partner.id if partner else False,
                    "currency_id": currency.id,
                    "amount_currency": float(line.amount),
                    "balance": balance,
                    "analytic_distribution": batch.analytics.distribution(number, line) or False,
                    **more,
                }
            )
        # what converting each line by itself left over
        items[-1]["balance"] = float(exact(items[-1]["balance"], company.currency_id) - balances)
        return items

    def _place(self, batch, document, line):
        """(account, partner, other values) of a line."""
        is_refund = self._is_refund(batch, document, line)
        reference, more = line.account, self._base_values(batch, line, is_refund)
        partner = self._partner(batch, line.partner) if line.partner else None
        if reference.kind == "account":
            return needed(self.env, batch.resolver, reference), partner, more
        if reference.kind == "tax":
            part = self._tax_part(batch, reference, is_refund)
            tags = {"tax_repartition_line_id": part.id, "tax_tag_ids": [Command.set(part.tag_ids.ids)]}
            return part.account_id, partner, tags
        if reference.kind == "journal":
            journal = money_journal(self.env, batch.resolver, reference, batch.company)
            return journal.default_account_id, partner, more
        partner = contact(self.env, batch.resolver, reference).commercial_partner_id
        return payable_account(partner, batch.company), partner, more

    def _is_refund(self, batch, document, line):
        """Whether the line counts as a refund in the tax report."""
        return line.amount < 0

    def _partner(self, batch, reference):
        """The partner of a reference, None where it is left out."""
        if not batch.resolver.mapping(reference):
            return None
        return contact(self.env, batch.resolver, reference).commercial_partner_id

    def _base_values(self, batch, line, is_refund):
        """The tags by which a line counts as the base of its taxes in the tax report."""
        tags = self.env["account.account.tag"]
        for reference, _amount in line.taxes:
            parts = _parts(needed(self.env, batch.resolver, reference), is_refund)
            tags |= parts.filtered(lambda part: part.repartition_type == "base").tag_ids
        return {"tax_tag_ids": [Command.set(tags.ids)]} if tags else {}

    def _tax_part(self, batch, reference, is_refund):
        """Where the tax of a code goes."""
        tax = needed(self.env, batch.resolver, reference)
        parts = _parts(tax, is_refund).filtered(
            lambda part: part.repartition_type == "tax" and part.account_id and part.factor > 0
        )
        if not parts:
            raise InvalidDataError(
                self.env._(
                    "Tax %(tax)s, to which %(code)s is mapped, has no account in Odoo: choose another one.",
                    tax=tax.display_name,
                    code=reference.name,
                )
            )
        return parts[0]

    def _check_account(self, batch, account, currency):
        # sudo: the companies of an account that is out of reach, which is then called by its id
        is_own = bool(account.sudo().company_ids & batch.company.parent_ids)
        if not is_own:
            problem = self.env._("it belongs to another company")
        elif not account.active:
            problem = self.env._("it is archived")
        elif account.currency_id and account.currency_id not in (currency, batch.company.currency_id):
            problem = self.env._("it takes %s only", account.currency_id.name)
        else:
            return
        raise InvalidDataError(
            self.env._(
                "Account %(account)s cannot be used, because %(problem)s: map another one.",
                account=account_text(account) if is_own else f"(id {account.id})",
                problem=problem,
            )
        )

    # ------------------------------------------------------------------ apply

    def _apply_batch(self, flow, entries, resolver):
        created = [entry for entry in entries if entry.outcome == "created"]
        if not created:
            return
        # taxes are in the lines already
        writer = self.with_context(ml_no_sync=True, skip_invoice_sync=True)
        with odoo_refusals():
            moves = writer.env["account.move"].create([entry.values for entry in created])
            for entry, move in zip(created, moves, strict=True):
                entry.record = move.with_env(self.env)
            if flow.post_bills:
                moves.action_post()
                for entry, move in zip(created, moves, strict=True):
                    writer._check_date(entry, move)
                writer._after_post(flow, created, resolver)

    def _check_date(self, entry, move):
        if move.date != entry.values["date"]:
            raise LockedPeriodError(
                self.env._(
                    "Odoo would book on %(odoo)s instead of %(planned)s: the period was locked meanwhile.",
                    odoo=format_date(self.env, move.date),
                    planned=format_date(self.env, entry.values["date"]),
                )
            )

    def _after_post(self, flow, entries, resolver):
        """What is to be done with posted entries."""

    def _result_reference(self, record):
        return record.name or record.display_name


def _parts(tax, is_refund):
    return tax.refund_repartition_line_ids if is_refund else tax.invoice_repartition_line_ids


class MlWriterCashback(models.AbstractModel):
    """Cashback is owed by the card's issuer and is set off against the next statements."""

    _name = "ml.writer.cashback"
    _inherit = "ml.writer.journal_entry"
    _description = "Writer of Cashback"

    def _after_post(self, flow, entries, resolver):
        for entry in entries:
            issuer = next(line.account for line in entry.document.lines if line.account.kind == "vendor")
            settle_issuer(self.env, flow, [entry.record], contact(self.env, resolver, issuer))


class MlWriterRepayment(models.AbstractModel):
    """What an employee pays back of card spend takes its cost back."""

    _name = "ml.writer.repayment"
    _inherit = "ml.writer.journal_entry"
    _description = "Writer of Repayments"


class MlWriterCashAdvance(models.AbstractModel):
    """Money that an employee gets before it is spent."""

    _name = "ml.writer.cash_advance"
    _inherit = "ml.writer.journal_entry"
    _description = "Writer of Cash Advances"


class MlWriterPayroll(models.AbstractModel):
    """What payroll is to pay for expenses."""

    _name = "ml.writer.payroll"
    _inherit = "ml.writer.journal_entry"
    _description = "Writer of Expenses Paid by Payroll"
