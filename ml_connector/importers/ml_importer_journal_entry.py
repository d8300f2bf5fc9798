from decimal import Decimal

from odoo import fields, models
from odoo.fields import Command

from ..core.documents import Bill, Party
from ..core.errors import ConnectorError, InvalidDataError, NotReadyError
from ..core.messages import Amount, _, paragraph
from ..core.split_amount import share
from ..models.ml_mapped import MONEY_JOURNALS
from .bill_taxes import ENTRY, MADE_HERE, BillPlan, LinePlan
from .bill_writer import BillWriter
from .entry_changes import EntryChanges
from .importer_tools import (
    account_problem,
    change_note,
    check_date,
    check_tax_countries,
    exact,
    fits,
    named,
    no_rate,
    odoo_refusals,
)
from .ml_importer_bill import BillBatch
from .spend_tools import (
    clearing_account,
    contact,
    money_journal,
    needed,
    outstanding_account,
    own_contact,
    parts_of,
    payable_account,
    settle_issuer,
)

TRADE_ACCOUNTS = ("asset_receivable", "liability_payable")


class AccountPayment(models.Model):
    _inherit = "account.payment"

    ml_card_charges = fields.Json(
        "Card Transactions",
        readonly=True,
        copy=False,
        help="Provider IDs of the card transactions that made this payment. Odoo does not book them again.",
    )


class MlImporterJournalEntry(models.AbstractModel):
    """Journal entries with amounts that the provider computed, taxes included."""

    _name = "ml.importer.journal_entry"
    _inherit = "ml.importer"
    _description = "Journal Entry Importer"
    _groups = ("account.group_account_invoice",)

    _optional_kinds = ()

    _form = MADE_HERE
    """The document type by which the mandatory analytic plans of its lines apply."""

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
                if entry.bound and not entry.is_difference:
                    self._plan_bound(batch, entry)
                else:
                    # a difference that is booked in addition leaves the first entry linked
                    entry.binds = not entry.bound
                    self._check_whole(entry)
                    self._plan_new(batch, entry)
            except ConnectorError as error:
                entry.error = error

    def _plan_bound(self, batch, entry):
        move = entry.bound
        if move.state == "cancel":
            entry.plan("drift", move, note=_("%(record)s is cancelled in Odoo.", record=move.display_name))
            return
        if move.reversal_move_ids.filtered(lambda reversal: reversal.state == "posted"):
            entry.plan("drift", move, note=_("%(record)s is reversed in Odoo.", record=move.display_name))
            return
        differences, comparison, takes_back = self._changes(batch, entry)
        if not differences:
            entry.plan("unchanged", move)
            return
        entry.comparison = comparison
        entry.is_partial = entry.document.is_partial or takes_back
        note = change_note(batch.provider, differences, move.state == "posted")
        revised = self._revised(entry, move) if entry.document.revision else ""
        entry.plan("drift", move, note=paragraph(note, revised))

    def _check_whole(self, entry):
        document = entry.document
        if document.revision and document.is_partial and not entry.bound:
            raise InvalidDataError(
                _(
                    "Revision %(revision)s contains only the difference from the posted version, which is not in Odoo."
                    " Enter the report manually, then ignore this transfer.",
                    revision=document.revision,
                )
            )

    def _revised(self, entry, move):
        names = {"bill": move.display_name, "revision": entry.document.revision}
        if entry.is_partial:
            return _("Booked as %(bill)s. Revision %(revision)s contains only the difference.", **names)
        return _("Booked as %(bill)s. Revision %(revision)s may be the whole report or only the difference.", **names)

    def _changes(self, batch, entry):
        """(differences of the newest version, comparison, whether it reduces a cost); see `EntryChanges`."""
        move, document = entry.bound, entry.document
        currency = batch.currencies.known(document.currency)
        batch.options["booked"] = move
        try:
            items = self._items(batch, document, currency, move.date)
            items = self._booked_items(batch, document, items)
        finally:
            batch.options.pop("booked")
        booked_on = document.accounting_date or document.document_date
        changes = EntryChanges(self.env, move, document.currency, items, booked_on)
        return changes.differences(), changes.comparison(), changes.takes_back()

    def _booked_items(self, batch, document, items):
        """The items as they are booked."""
        return items

    def _plan_new(self, batch, entry):
        document = entry.document
        currency = self._currency(batch, document)
        journal = self._journal(batch, document)
        has_tax = any(line.taxes or line.account.kind == "tax" for line in document.lines)
        header, note = self._header(batch, document, journal, currency, has_tax)
        items = self._items(batch, document, currency, header["date"])
        check_tax_countries(self._taxes(batch, document), batch.company)
        entry.plan("created", values=self._values(batch, document, currency, header, items), note=note)

    def _taxes(self, batch, document):
        references = [tax for line in document.lines for tax, _amount in line.taxes]
        references += [line.account for line in document.lines if line.account.kind == "tax"]
        return self.env["account.tax"].union(*(needed(batch.resolver, tax) for tax in references))

    def _currency(self, batch, document):
        currency = batch.currencies.usable(document.currency)
        self._check_amounts(document, currency)
        self._check_rate(batch, currency)
        return currency

    def _header(self, batch, document, journal, currency, has_tax):
        """(values of the move without its items, note on its date)."""
        date = document.accounting_date or document.document_date
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
        return header, note

    def _values(self, batch, document, currency, header, items):
        """Values of the move from its `header` and `items`."""
        return {**header, "move_type": "entry", "line_ids": [Command.create(item) for item in items]}

    def _check_amounts(self, document, currency):
        if any(not fits(line.amount, currency) for line in document.lines):
            raise InvalidDataError(_("An amount has more decimals than %(currency)s allows.", currency=currency.name))
        if total := sum((line.amount for line in document.lines), Decimal(0)):
            raise InvalidDataError(
                _(
                    "The lines of the entry add up to %(amount)s instead of zero.",
                    amount=Amount(total, currency.name),
                )
            )
        if not any(line.amount for line in document.lines):
            raise InvalidDataError(_("All lines of the entry are zero."))

    def _check_rate(self, batch, currency):
        if currency != batch.company.currency_id and not batch.once(
            batch.rates, currency, lambda: self.env["ml.importer.bill"]._has_rates(batch, currency)
        ):
            raise no_rate(currency)

    def _journal(self, batch, document):
        if document.journal:
            return money_journal(batch.resolver, document.journal, batch.company)
        return self._general_journal(batch)

    def _general_journal(self, batch):
        journals = self.env["account.journal"]
        domain = [*journals._check_company_domain(batch.company), ("type", "=", "general")]
        return batch.once(batch.options, "general", lambda: self._general(journals.search(domain, limit=1), batch))

    def _general(self, journal, batch):
        if not journal:
            raise NotReadyError(
                _("%(company)s has no journal for miscellaneous entries. Create one.", company=batch.company.name),
                awaits=journal,
            )
        return journal

    def _items(self, batch, document, currency, date):
        items, balances = [], Decimal(0)
        company = batch.company
        for number, line in enumerate(document.lines, start=1):
            account, partner, more = self._place(batch, document, line)
            self._check_account(batch, account, currency)
            balance = currency._convert(float(line.amount), company.currency_id, company, date)
            balances += exact(balance, company.currency_id)
            item = {
                "name": line.description or document.number,
                "account_id": account.id,
                "partner_id": partner.id if partner else False,
                "currency_id": currency.id,
                "amount_currency": float(line.amount),
                "balance": balance,
                "analytic_distribution": batch.analytics.distribution(number, line) or False,
                **more,
            }
            self._check_analytics(batch, document, number, line, account, item["analytic_distribution"])
            items.append(item)
        # the rounding difference of converting the lines separately
        items[-1]["balance"] = float(exact(items[-1]["balance"], company.currency_id) - balances)
        return items

    def _check_analytics(self, batch, document, number, line, account, distribution):
        """Mandatory analytic plans apply only to lines that a user can code."""
        if not batch.flow.post_bills or line.account.kind != "account" or line.partner or "booked" in batch.options:
            return
        planned = LinePlan(
            amount=line.amount,
            name="",
            account=account,
            taxes=self.env["account.tax"],
            product=self.env["product.product"],
            analytic=distribution,
        )
        batch.analytics.check(number, planned, self._form_of(batch, document))

    def _form_of(self, batch, document):
        return self._form

    def _place(self, batch, document, line):
        """(account, partner, other values) of a line."""
        is_refund = self._is_refund(batch, document, line)
        reference, more = line.account, self._base_values(batch, document, line, is_refund)
        partner = self._partner(batch, line.partner) if line.partner else None
        if reference.kind == "account":
            return needed(batch.resolver, reference), partner, more
        if reference.kind == "tax":
            part = self._tax_part(batch, reference, is_refund)
            is_deferred = self._is_deferred(batch, document, part.tax_id)
            tags = part.tag_ids if not is_deferred else part.tag_ids.browse()
            values = {"tax_repartition_line_id": part.id, "tax_tag_ids": [Command.set(tags.ids)]}
            return part._get_aml_target_tax_account(force_caba_exigibility=not is_deferred), partner, values
        if reference.kind == "journal":
            journal = money_journal(batch.resolver, reference, batch.company)
            return outstanding_account(self.env, journal, line.amount), partner, more
        partner = own_contact(self.env, batch.resolver, reference, batch.company)._ml_creditor(batch.company)
        return payable_account(partner, batch.company), partner, more

    def _is_refund(self, batch, document, line):
        """Whether the line counts as a refund in the tax report."""
        return line.amount < 0

    def _partner(self, batch, reference):
        """The partner of a reference, None if it is ignored."""
        if not batch.resolver.mapping(reference):
            return None
        return own_contact(self.env, batch.resolver, reference, batch.company)._ml_creditor(batch.company)

    def _base_values(self, batch, document, line, is_refund):
        """The values by which the tax report counts a line as base of its taxes, immediately or on payment."""
        tags, deferred = self.env["account.account.tag"], self.env["account.tax"]
        for reference, _amount in line.taxes:
            tax = needed(batch.resolver, reference)
            if self._is_deferred(batch, document, tax):
                deferred |= tax
            else:
                tags |= _parts(tax, is_refund).filtered(lambda part: part.repartition_type == "base").tag_ids
        values = {"tax_tag_ids": [Command.set(tags.ids)]} if tags else {}
        return {**values, "tax_ids": [Command.set(deferred.ids)]} if deferred else values

    def _is_deferred(self, batch, document, tax):
        """Whether a tax is due on payment and the entry has a payable or receivable item."""
        return tax.tax_exigibility == "on_payment" and any(
            line.account.kind in ("vendor", "employee")
            or line.account.kind == "account"
            and needed(batch.resolver, line.account).account_type in TRADE_ACCOUNTS
            for line in document.lines
        )

    def _tax_part(self, batch, reference, is_refund):
        """The repartition line of the tax of a code."""
        tax = needed(batch.resolver, reference)
        parts = _parts(tax, is_refund).filtered(lambda part: part.repartition_type == "tax")
        if tax.has_negative_factor or any(part.factor < 0 for part in parts):
            raise NotReadyError(
                _(
                    "Tax %(tax)s, to which %(code)s is mapped, is a reverse charge. An entry with the stated amounts"
                    " would contain only half of it. Map another tax, or enter the record manually.",
                    tax=tax.display_name,
                    code=reference.name or reference.external_id,
                ),
                awaits=tax,
            )
        parts = parts.filtered(lambda part: part.account_id and part.factor > 0)
        if not parts:
            raise NotReadyError(
                _(
                    "Tax %(tax)s, to which %(code)s is mapped, has no account in Odoo. Map another tax.",
                    tax=tax.display_name,
                    code=reference.name or reference.external_id,
                ),
                awaits=tax,
            )
        return parts[0]

    def _check_account(self, batch, account, currency):
        if "booked" in batch.options:
            # only for comparison
            return
        reason = account_problem(account, batch.company, currency)
        if not reason:
            return
        raise NotReadyError(
            _(
                "Account %(account)s cannot be used. %(reason)s Map another account.",
                account=named(account, batch.company),
                reason=reason,
            ),
            awaits=account,
        )

    # ------------------------------------------------------------------ apply

    def _apply_batch(self, flow, entries, resolver):
        created = [entry for entry in entries if entry.outcome == "created"]
        if not created:
            return
        # the lines already contain the taxes
        writer = self.with_context(ml_no_sync=True, skip_invoice_sync=True)
        with odoo_refusals(self.env, entries):
            moves = writer.env["account.move"].create([entry.values for entry in created])
            for entry, move in zip(created, moves, strict=True):
                entry.record = move.with_env(self.env)
            if flow.post_bills:
                moves.action_post()
                for entry, move in zip(created, moves, strict=True):
                    check_date(move, entry.values["date"])
                writer._after_post(flow, created, resolver)

    def _after_post(self, flow, entries, resolver):
        """Further steps with posted entries."""

    def _result_reference(self, record):
        return record.name or record.display_name


def _parts(tax, is_refund):
    return tax.refund_repartition_line_ids if is_refund else tax.invoice_repartition_line_ids


class MlImporterCashback(models.AbstractModel):
    """Cashback is a claim on the card issuer and is reconciled with the next statements."""

    _name = "ml.importer.cashback"
    _inherit = "ml.importer.journal_entry"
    _description = "Cashback Importer"

    def _after_post(self, flow, entries, resolver):
        for entry in entries:
            issuer = next(line.account for line in entry.document.lines if line.account.kind == "vendor")
            settle_issuer(self.env, flow, [entry.record], contact(self.env, resolver, issuer))


class MlImporterRepayment(models.AbstractModel):
    """A repayment of card spend by an employee reverses its cost."""

    _name = "ml.importer.repayment"
    _inherit = "ml.importer.journal_entry"
    _description = "Repayment Importer"

    def _references(self, document):
        return (document.journal,) if document.follows else super()._references(document)

    def _dependencies(self, document):
        return (("expense", document.follows, document.memo),) if document.follows else ()

    def _plan_new(self, batch, entry):
        document = entry.document
        if not document.follows:
            super()._plan_new(batch, entry)
            return
        plan, note = self._refund(batch, document)
        account = outstanding_account(self.env, plan.journal, float(plan.document.total))
        names = [line.name for line in plan.lines]
        values = BillWriter(self.env, batch.company).entry_values(plan, names, {"account_id": account.id})
        entry.plan("created", values=values, note=note)

    def _changes(self, batch, entry):
        """A repayment that reverses a cost as Odoo booked it states only its amount and date."""
        move, document = entry.bound, entry.document
        if not document.follows:
            return super()._changes(batch, entry)
        lines = move.line_ids.filtered(lambda line: line.account_id == self._received_on(batch, document, move))
        booked = exact(sum(lines.mapped("amount_currency")), move.currency_id)
        wanted = sum((line.amount for line in document.lines if line.amount > 0), Decimal(0))
        dates = move.ml_original_date or move.date, document.accounting_date or document.document_date
        pairs = (
            (_("amount"), Amount(booked, move.currency_id.name), Amount(wanted, document.currency)),
            (_("date"), *dates),
        )
        return [pair for pair in pairs if pair[1] != pair[2]], None, False

    def _received_on(self, batch, document, move):
        total = sum((line.amount for line in document.lines if line.amount > 0), Decimal(0))
        return outstanding_account(self.env, self._journal(batch, document), float(total))

    def _refund(self, batch, document):
        """The repayment as a refund of the cost and taxes that Odoo booked."""
        currency = self._currency(batch, document)
        amount = sum((line.amount for line in document.lines if line.amount > 0), Decimal(0))
        cost = self._cost(batch.resolver.binding("expense", document.follows))
        shares = share(amount, [weight for weight, _values in cost], currency.decimal_places)
        name = document.memo or document.number
        plan = BillPlan(
            document=Bill(
                external_id=document.external_id,
                number=document.number,
                vendor=Party(external_id=""),
                document_date=document.accounting_date or document.document_date,
                currency=document.currency,
                total=amount,
                lines=(),
            ),
            provider=batch.provider,
            company=batch.company,
            partner=batch.company.partner_id,
            journal=self._journal(batch, document),
            currency=currency,
            rate=1.0,
            is_rate_stated=False,
            is_credit=True,
            header={},
            lines=[
                LinePlan(amount=repaid, name=name, product=self.env["product.product"], **values)
                for repaid, (_weight, values) in zip(shares, cost, strict=True)
                if repaid
            ],
            form=ENTRY,
        )
        plan.rate = self.env["ml.importer.bill"]._rate(batch, plan.document, currency, None)
        for line in plan.lines:
            self._check_account(batch, line.account, currency)
        batch.amounts.settle(plan)
        plan.header, note = self._header(batch, document, plan.journal, currency, plan.has_tax)
        plan.header["partner_id"] = False
        return plan, note

    def _cost(self, record):
        """[(weight, account, taxes and distribution)] of the cost of a card transaction."""
        if record._name == "hr.expense":
            parts = parts_of(record)
            if not parts.account_move_id:
                return [
                    (
                        exact(part.total_amount_currency, part.currency_id),
                        {
                            "account": part.account_id,
                            "taxes": part.tax_ids,
                            "analytic": part.analytic_distribution or False,
                        },
                    )
                    for part in parts
                ]
            moves = parts.account_move_id
        elif record._name == "account.move":
            moves = record
        else:
            raise InvalidDataError(
                _(
                    "The repaid card transaction is %(record)s in Odoo. Enter the repayment manually.",
                    record=record.display_name,
                )
            )
        lines = moves.line_ids.filtered(
            lambda line: (
                line.display_type == "product"
                and not line.tax_line_id
                and not (
                    line.journal_id.type in MONEY_JOURNALS and line.account_id == clearing_account(line.journal_id)
                )
            )
        )
        return [
            (
                self._gross(line),
                {
                    "account": line.account_id,
                    "taxes": line.tax_ids,
                    "analytic": line.analytic_distribution or False,
                },
            )
            for line in lines
        ]

    def _gross(self, line):
        amounts = line.tax_ids.compute_all(line.amount_currency, currency=line.currency_id, handle_price_include=False)
        return exact(amounts["total_included"], line.currency_id)


class MlImporterCashAdvance(models.AbstractModel):
    """Money that an employee receives before spending it."""

    _name = "ml.importer.cash_advance"
    _inherit = "ml.importer.journal_entry"
    _description = "Cash Advance Importer"


class MlImporterPayroll(models.AbstractModel):
    """Expenses that payroll pays out."""

    _name = "ml.importer.payroll"
    _inherit = "ml.importer.journal_entry"
    _description = "Payroll Expense Importer"
