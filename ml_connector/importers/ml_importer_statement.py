from odoo import models
from odoo.tools import format_date

from ..core.documents import Bill, BillLine, Party
from ..core.errors import ConnectorError, InvalidDataError, NotRelevantError
from ..core.messages import Amount, _, paragraph
from .bill_taxes import MADE_HERE, OWED_ENTRY
from .bill_writer import BillWriter
from .importer_tools import (
    QUIET,
    Currencies,
    OpenDates,
    change_note,
    check_date,
    exact,
    fits,
    odoo_refusals,
)
from .ml_importer import ImportEntry
from .spend_tools import (
    CLEARING,
    DerivedMappingLookup,
    check_not_synced,
    clearing_account,
    contact,
    method_line,
    money_journal,
    open_amount,
    own_contact,
    pay,
    payable_account,
    settle_issuer,
    tick_off,
)


class MlImporterDerivedBill(models.AbstractModel):
    """Documents that become vendor bills, which the bill importer books."""

    _name = "ml.importer.derived_bill"
    _inherit = "ml.importer"
    _description = "Bill-Like Document Importer"
    _groups = ("account.group_account_invoice",)

    _optional_kinds = ()

    def _dependencies(self, document):
        return ()

    def _bills(self):
        return self.env["ml.importer.bill"]

    def _plan_batch(self, flow, entries, resolver):
        bills, derived = [], []
        for entry in entries:
            try:
                bill, mapped, bound = self._derive(flow, entry, resolver)
            except ConnectorError as error:
                entry.error = error
                continue
            derived.append((mapped, bound))
            inner = ImportEntry(entry.log, bill, entry.bound)
            entry.values = inner
            bills.append((entry, inner))
        mapped = {key: record for known, _bound in derived for key, record in known.items()}
        bound = {key: record for _known, parties in derived for key, record in parties.items()}
        inside = DerivedMappingLookup(resolver, mapped, bound)
        self._bills()._plan_batch(flow, [inner for _entry, inner in bills], inside)
        for entry, inner in bills:
            self._take_over(flow, entry, inner, resolver)

    def _take_over(self, flow, entry, inner, resolver):
        entry.error = inner.error
        if not entry.error:
            entry.plan(inner.outcome, inner.record, inner, inner.note)
            try:
                self._plan_more(flow, entry, resolver)
            except ConnectorError as error:
                entry.error = error

    def _derive(self, flow, entry, resolver):
        """(bill, mapped records of its own references, its vendor)."""
        raise NotImplementedError

    def _plan_more(self, flow, entry, resolver):
        """Plan more than the bill."""

    def _apply_bills(self, flow, entries, resolver):
        inner = [entry.values for entry in entries]
        for bill_entry in inner:
            bill_entry.record = bill_entry.record or bill_entry.bound
        self._bills()._apply_batch(flow, inner, resolver)
        for entry in entries:
            entry.record = entry.values.record


class MlImporterCardBill(models.AbstractModel):
    """Bills of the card issuer, made from its statements."""

    _name = "ml.importer.card_bill"
    _inherit = "ml.importer.bill"
    _description = "Card Issuer Bill Importer"

    _form = MADE_HERE

    def _journal(self, batch, document=None):
        return batch.once(batch.options, "journal", lambda: self._plain_journal(batch))


class MlImporterStatement(models.AbstractModel):
    """A card statement becomes a vendor bill of the issuer that clears the account of card spend."""

    _name = "ml.importer.statement"
    _inherit = "ml.importer.derived_bill"
    _description = "Card Statement Importer"

    def _bills(self):
        return self.env["ml.importer.card_bill"].with_env(self.env)

    def _references(self, document):
        return (document.issuer, document.card)

    def _derive(self, flow, entry, resolver):
        document = entry.document
        if not document.total:
            raise NotRelevantError(_("The total of the statement is zero, so there is nothing to book."))
        issuer = contact(self.env, resolver, document.issuer)
        journal = money_journal(resolver, document.card, flow.company_id)
        period = f"{format_date(self.env, document.start_date)} - {format_date(self.env, document.end_date)}"
        count = len(document.spends)
        memo = (
            self.env._("Card statement %(period)s, 1 transaction", period=period)
            if count == 1
            else self.env._("Card statement %(period)s, %(count)s transactions", period=period, count=count)
        )
        key = f"{document.issuer.kind}:{document.issuer.external_id}"
        bill = Bill(
            external_id=document.external_id,
            number=document.number,
            vendor=Party(external_id=key, name=issuer.display_name),
            document_date=document.end_date,
            accounting_date=document.end_date,
            currency=document.currency,
            total=abs(document.total),
            lines=(BillLine(amount=abs(document.total), description=memo, account=CLEARING),),
            is_credit=document.total < 0,
        )
        mapped = {(CLEARING.kind, CLEARING.external_id): clearing_account(journal)}
        return bill, mapped, {("vendor", key): issuer}

    def _plan_more(self, flow, entry, resolver):
        document = entry.document
        if entry.outcome == "created" and document.unbooked:
            amount = Amount(document.unbooked_total, document.currency)
            unbooked = (
                _(
                    "1 of its transactions (%(amount)s) is not ready to sync yet. Until then it appears on the card"
                    " account as prepaid.",
                    amount=amount,
                )
                if document.unbooked == 1
                else _(
                    "%(count)s of its transactions (%(amount)s) are not ready to sync yet. Until then they appear on"
                    " the card account as prepaid.",
                    count=document.unbooked,
                    amount=amount,
                )
            )
            entry.note = paragraph(entry.note, unbooked)

    def _apply_batch(self, flow, entries, resolver):
        writer = self.with_context(ml_no_sync=True)
        writer._apply_bills(flow, entries, resolver)
        if flow.post_bills:
            paid = self.env["ml.importer.expense"]._charges(flow)
            with odoo_refusals(self.env, entries):
                for entry in entries:
                    if entry.outcome in ("created", "linked"):
                        settle_issuer(
                            writer.env, flow, [entry.record], contact(self.env, resolver, entry.document.issuer)
                        )
                        writer._tick_off(flow, entry, resolver, paid)

    def _tick_off(self, flow, entry, resolver, paid):
        """Reconcile the booked spend of the statement; the rest follows when it is booked.

        :param paid: {id of a card transaction: payment} of the bills that were paid by card
        """
        spends = set(entry.document.spends)
        booked = flow.env["ml.binding"]._records(flow.connection_id, {("expense", spend) for spend in spends})
        records = [*booked.values(), *(paid[spend] for spend in spends & paid.keys())]
        journal = money_journal(resolver, entry.document.card, flow.company_id)
        tick_off(clearing_account(journal), entry.record, [record.with_env(self.env) for record in records])

    def _result_reference(self, record):
        return record.name or record.display_name


class MlImporterReceipt(models.AbstractModel):
    """An amount owed to an employee is a receipt, like Odoo's own expenses, which are not reported to tax authorities.

    An amount that the employee owes is a journal entry, because Odoo has no receipt with a negative total.
    """

    _name = "ml.importer.receipt"
    _inherit = "ml.importer.bill"
    _description = "Receipt Importer"

    def _move_type(self, document, move=None):
        if move and move.move_type in ("in_invoice", "in_refund"):
            # booked by an older version of the addon
            return super()._move_type(document, move)
        return "entry" if document.is_credit else "in_receipt"

    def _journal(self, batch, document=None):
        if document and document.is_credit:
            return self.env["ml.importer.journal_entry"]._general_journal(batch)
        return super()._journal(batch, document)

    def _prepare(self, batch, document, partner, booked=None, move_type=None, form=None):
        form = OWED_ENTRY if self._move_type(document, booked) == "entry" else form
        return super()._prepare(batch, document, partner, booked, move_type, form)

    def _plan_bound(self, batch, entry, partner):
        move, document = entry.bound, entry.document
        if move.move_type != "entry" or move.state == "cancel":
            super()._plan_bound(batch, entry, partner)
            return
        owed = move.line_ids.filtered(lambda line: line.account_type == "liability_payable")
        booked = exact(sum(owed.mapped("amount_currency")), move.currency_id)
        wanted = document.total if document.is_credit else -document.total
        if (booked, move.currency_id.name) == (wanted, document.currency):
            entry.plan("unchanged", move)
            return
        amounts = Amount(booked, move.currency_id.name), Amount(wanted, document.currency)
        note = change_note(batch.provider, [(_("amount"), *amounts)], move.state == "posted")
        entry.plan("drift", move, note=note)

    def _create_bills(self, flow, entries):
        entries_back = [entry for entry in entries if entry.document.is_credit]
        super()._create_bills(flow, [entry for entry in entries if not entry.document.is_credit])
        if not entries_back:
            return
        items = BillWriter(self.env, flow.company_id.with_env(self.env))
        moves = self.env["account.move"].with_context(skip_invoice_sync=True, skip_analytic_sync=True)
        moves = moves.create([self._entry_values(items, entry.values) for entry in entries_back])
        for entry, move in zip(entries_back, moves, strict=True):
            entry.record = move.with_env(self.env)
        if flow.post_bills:
            moves.action_post()
        self._check_dates(entries_back, moves)

    def _entry_values(self, items, plan):
        names = [line.name or plan.document.number for line in plan.lines]
        return items.entry_values(plan, names, {"account_id": items.payable(plan).id})


class MlImporterReimbursement(models.AbstractModel):
    """A reimbursement becomes a receipt of the employee's contact and its payment."""

    _name = "ml.importer.reimbursement"
    _inherit = "ml.importer.derived_bill"
    _description = "Reimbursement Importer"

    def _bills(self):
        return self.env["ml.importer.receipt"].with_env(self.env)

    def _references(self, document):
        references = [document.employee, *self._bills()._references(document.bill)]
        if document.settlement:
            references.append(document.settlement.source)
        return tuple(references)

    def _derive(self, flow, entry, resolver):
        document = entry.document
        check_not_synced(entry, flow.connection_id._provider_name())
        employee = contact(self.env, resolver, document.employee)
        return document.bill, {}, {("vendor", document.bill.vendor.external_id): employee}

    def _plan_more(self, flow, entry, resolver):
        """Plan the payment if it is made and not booked yet."""
        settlement = entry.document.settlement
        inner = entry.values
        entry.values = (inner, None)
        if not settlement or not flow.post_bills or entry.outcome == "drift":
            return
        if inner.record and (inner.record.state != "posted" or not open_amount(inner.record)):
            return
        if inner.record and inner.record.matched_payment_ids.filtered(lambda p: p.state in ("in_process", "paid")):
            return
        journal = money_journal(resolver, settlement.source, flow.company_id)
        dates = OpenDates(self.env, flow)
        booked_on = dates.resolve(settlement.date, journal)
        values = {
            "journal": journal,
            "amount": float(settlement.amount),
            "date": booked_on,
            "original_date": settlement.date if booked_on != settlement.date else False,
            "memo": settlement.reference,
        }
        entry.values = (inner, values)
        if booked_on != settlement.date:
            entry.note = paragraph(entry.note, dates.shift_note(settlement.date, booked_on))
        if entry.outcome == "unchanged":
            entry.outcome, entry.note = "updated", _("Paid.")

    def _apply_batch(self, flow, entries, resolver):
        writer = self.with_context(**QUIET)
        planned = [entry.values for entry in entries]
        for entry, (inner, _payment) in zip(entries, planned, strict=True):
            entry.values = inner
        writer._apply_bills(flow, entries, resolver)
        for entry in entries:
            # a bill makes its contact a vendor; this mark excludes it from the vendors that Odoo sends
            if not entry.record.partner_id.employee:
                # sudo: only the mark changes; Odoo protects the contacts of users
                entry.record.with_env(writer.env).partner_id.sudo().employee = True
        settlements = [
            {**payment, "move": entry.record}
            for entry, (_inner, payment) in zip(entries, planned, strict=True)
            if payment and entry.record.state == "posted"
        ]
        if settlements:
            with odoo_refusals(self.env, entries):
                pay(writer.env, settlements)

    def _result_reference(self, record):
        return record.name or record.ref or record.display_name


class MlImporterTransfer(models.AbstractModel):
    """Payments of the card balance become payments to the issuer, reconciled with its statements, oldest first."""

    _name = "ml.importer.transfer"
    _inherit = "ml.importer"
    _description = "Statement Payment Importer"
    _groups = ("account.group_account_invoice",)

    _optional_kinds = ()

    def _references(self, document):
        return (document.issuer, document.source)

    def _plan_batch(self, flow, entries, resolver):
        provider = flow.connection_id._provider_name()
        currencies = Currencies(self.env, (entry.document.currency for entry in entries), provider)
        dates = OpenDates(self.env, flow)
        for entry in entries:
            try:
                if entry.bound:
                    self._plan_bound(entry, provider)
                else:
                    self._plan_new(flow, entry, resolver, currencies, dates)
            except ConnectorError as error:
                entry.error = error

    def _plan_bound(self, entry, provider):
        payment, document = entry.bound, entry.document
        booked = exact(payment.amount, payment.currency_id)
        booked_on = payment.ml_original_date or payment.date
        odoo_amount = Amount(booked, payment.currency_id.name)
        pairs = (
            (_("amount"), odoo_amount, Amount(abs(document.amount), document.currency)),
            (_("date"), booked_on, document.date),
        )
        if note := change_note(provider, [pair for pair in pairs if pair[1] != pair[2]]):
            entry.plan("drift", payment, note=note)
            return
        if payment.state in ("canceled", "rejected"):
            note = _(
                "Payment %(payment)s of %(amount)s has the status %(status)s in Odoo, but is valid in %(provider)s.",
                payment=payment.display_name,
                amount=odoo_amount,
                status=dict(payment._fields["state"]._description_selection(self.env))[payment.state],
                provider=provider,
            )
            entry.plan("drift", payment, note=note)
            return
        entry.plan("unchanged", payment)

    def _plan_new(self, flow, entry, resolver, currencies, dates):
        document, company = entry.document, flow.company_id.with_env(self.env)
        currency = currencies.usable(document.currency)
        if not document.amount or not fits(document.amount, currency):
            raise InvalidDataError(_("The amount %(amount)s cannot be paid.", amount=document.amount))
        journal = money_journal(resolver, document.source, company)
        issuer = own_contact(self.env, resolver, document.issuer, company)._ml_creditor(company)
        booked_on = dates.resolve(document.date, journal)
        payment_type = "outbound" if document.amount > 0 else "inbound"
        values = {
            "payment_type": payment_type,
            "partner_type": "supplier",
            "partner_id": issuer.id,
            "company_id": company.id,
            "journal_id": journal.id,
            "payment_method_line_id": method_line(journal, payment_type).id,
            "currency_id": currency.id,
            "amount": float(abs(document.amount)),
            "date": booked_on,
            "ml_original_date": document.date if booked_on != document.date else False,
            "memo": document.reference or document.external_id,
            "partner_bank_id": False,
            "destination_account_id": payable_account(issuer, company).id,
        }
        note = dates.shift_note(document.date, booked_on) if booked_on != document.date else ""
        entry.plan("created", values=values, note=note)

    def _apply_batch(self, flow, entries, resolver):
        created = [entry for entry in entries if entry.outcome == "created"]
        if not created:
            return
        writer = self.with_context(ml_no_sync=True)
        with odoo_refusals(self.env, entries):
            payments = writer.env["account.payment"].create([entry.values for entry in created])
            payments.action_post()
            for entry, payment in zip(created, payments, strict=True):
                entry.record = payment
                if payment.move_id:
                    check_date(payment.move_id, entry.values["date"])
            for issuer in payments.partner_id:
                settle_issuer(writer.env, flow, list(payments), issuer)
