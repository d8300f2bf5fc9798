from odoo import models
from odoo.tools import format_date

from ..core.documents import Bill, BillLine, Party
from ..core.errors import ConflictError, ConnectorError, InvalidDataError, LockedPeriodError, NotRelevantError
from ..models.amounts import shown
from .bill_taxes import MADE_HERE, OWED_ENTRY
from .bill_writer import BillWriter
from .importer_tools import QUIET, Currencies, OpenDates, exact, fits, odoo_refusals
from .ml_importer import ImportEntry
from .spend_tools import (
    CLEARING,
    DerivedMappingLookup,
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
    """Documents that are booked as vendor bills: the writer of bills does the work."""

    _name = "ml.importer.derived_bill"
    _inherit = "ml.importer"
    _description = "Writer of Documents that become Bills"
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
        """The bill, with what its references stand for and who its vendor is."""
        raise NotImplementedError

    def _plan_more(self, flow, entry, resolver):
        """What there is to plan beside the bill."""

    def _apply_bills(self, flow, entries, resolver):
        inner = [entry.values for entry in entries]
        for bill_entry in inner:
            bill_entry.record = bill_entry.record or bill_entry.bound
        self._bills()._apply_batch(flow, inner, resolver)
        for entry in entries:
            entry.record = entry.values.record


class MlImporterCardBill(models.AbstractModel):
    """Bills of the card issuer, made here from its statements."""

    _name = "ml.importer.card_bill"
    _inherit = "ml.importer.bill"
    _description = "Writer of Card Issuers' Bills"

    _form = MADE_HERE

    def _journal(self, batch, document=None):
        return batch.once(batch.options, "journal", lambda: self._plain_journal(batch))


class MlImporterStatement(models.AbstractModel):
    """A card statement becomes a vendor bill of the issuer that clears the account of card spend."""

    _name = "ml.importer.statement"
    _inherit = "ml.importer.derived_bill"
    _description = "Writer of Card Statements"

    def _bills(self):
        return self.env["ml.importer.card_bill"].with_env(self.env)

    def _references(self, document):
        return (document.issuer, document.card)

    def _derive(self, flow, entry, resolver):
        document = entry.document
        if not document.total:
            raise NotRelevantError(self.env._("The statement bills nothing, so there is nothing to book."))
        issuer = contact(self.env, resolver, document.issuer)
        journal = money_journal(self.env, resolver, document.card, flow.company_id)
        period = f"{format_date(self.env, document.start_date)} - {format_date(self.env, document.end_date)}"
        memo = self.env._(
            "Card statement %(period)s, %(count)s transactions", period=period, count=len(document.spends)
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
            entry.note = " ".join(
                filter(
                    None,
                    (
                        entry.note,
                        self.env._(
                            "%(count)s of its transactions over %(total)s %(currency)s are not released for the books"
                            " yet: so long the card account shows them as billed in advance.",
                            count=document.unbooked,
                            total=document.unbooked_total,
                            currency=document.currency,
                        ),
                    ),
                )
            )

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
        """What is booked of the spend that the statement bills; the rest follows when it is booked.

        :param paid: {id of a card transaction: payment} of the bills that were paid by card
        """
        spends = set(entry.document.spends)
        booked = flow.env["ml.binding"]._records(flow.connection_id, {("expense", spend) for spend in spends})
        records = [*booked.values(), *(paid[spend] for spend in spends & paid.keys())]
        journal = money_journal(self.env, resolver, entry.document.card, flow.company_id)
        tick_off(clearing_account(journal), entry.record, [record.with_env(self.env) for record in records])

    def _result_reference(self, record):
        return record.name or record.display_name


class MlImporterReceipt(models.AbstractModel):
    """What an employee is owed is a receipt, as Odoo's own expenses are: no document that tax offices are told of.

    What he owes is a journal entry, because Odoo knows no receipt that takes money back.
    """

    _name = "ml.importer.receipt"
    _inherit = "ml.importer.bill"
    _description = "Writer of Receipts"

    def _move_type(self, document, move=None):
        if move and move.move_type in ("in_invoice", "in_refund"):
            # booked by an older version
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
        note = self.env._(
            "Changed at the vendor: %(odoo)s in Odoo and %(vendor)s at the vendor.",
            odoo=shown(self.env, booked, move.currency_id),
            vendor=shown(self.env, wanted, document.currency),
        )
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
    """A reimbursement becomes a receipt of the employee's contact, and its payment."""

    _name = "ml.importer.reimbursement"
    _inherit = "ml.importer.derived_bill"
    _description = "Writer of Reimbursements"

    def _bills(self):
        return self.env["ml.importer.receipt"].with_env(self.env)

    def _references(self, document):
        references = [document.employee, *self._bills()._references(document.bill)]
        if document.settlement:
            references.append(document.settlement.source)
        return tuple(references)

    def _derive(self, flow, entry, resolver):
        document = entry.document
        if document.is_exported and not entry.bound and not (entry.log and entry.log.is_told):
            raise ConflictError(
                self.env._(
                    "The vendor system regards it as booked already, but it did not come from here: enter it by hand or"
                    " ignore it."
                )
            )
        employee = contact(self.env, resolver, document.employee)
        return document.bill, {}, {("vendor", document.bill.vendor.external_id): employee}

    def _plan_more(self, flow, entry, resolver):
        """The payment, when it is due and not booked yet."""
        settlement = entry.document.settlement
        inner = entry.values
        entry.values = (inner, None)
        if not settlement or not flow.post_bills or entry.outcome == "drift":
            return
        if inner.record and (inner.record.state != "posted" or not open_amount(inner.record)):
            return
        if inner.record and inner.record.matched_payment_ids.filtered(lambda p: p.state in ("in_process", "paid")):
            return
        journal = money_journal(self.env, resolver, settlement.source, flow.company_id)
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
            entry.note = " ".join(filter(None, (entry.note, dates.shift_note(settlement.date, booked_on))))
        if entry.outcome == "unchanged":
            entry.outcome, entry.note = "updated", self.env._("Paid.")

    def _apply_batch(self, flow, entries, resolver):
        writer = self.with_context(**QUIET)
        planned = [entry.values for entry in entries]
        for entry, (inner, _payment) in zip(entries, planned, strict=True):
            entry.values = inner
        writer._apply_bills(flow, entries, resolver)
        for entry in entries:
            # a bill makes a vendor of its contact; this mark keeps it apart from those that are sent as vendors
            if not entry.record.partner_id.employee:
                # sudo: nothing of the contact's own data changes, which Odoo guards where the employee is a user
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
    """Payments of the card balance become payments to the issuer, set off against its statements, oldest first."""

    _name = "ml.importer.transfer"
    _inherit = "ml.importer"
    _description = "Writer of Statement Payments"
    _groups = ("account.group_account_invoice",)

    _optional_kinds = ()

    def _references(self, document):
        return (document.issuer, document.source)

    def _plan_batch(self, flow, entries, resolver):
        currencies = Currencies(self.env, (entry.document.currency for entry in entries))
        dates = OpenDates(self.env, flow)
        for entry in entries:
            try:
                if entry.bound:
                    self._plan_bound(entry)
                else:
                    self._plan_new(flow, entry, resolver, currencies, dates)
            except ConnectorError as error:
                entry.error = error

    def _plan_bound(self, entry):
        payment, document = entry.bound, entry.document
        booked = exact(payment.amount, payment.currency_id)
        booked_on = payment.ml_original_date or payment.date
        if (booked, payment.currency_id.name, booked_on) != (abs(document.amount), document.currency, document.date):
            note = self.env._(
                "Changed at the vendor: %(odoo)s in Odoo and %(vendor)s at the vendor.",
                odoo=f"{shown(self.env, booked, payment.currency_id)}, {format_date(self.env, booked_on)}",
                vendor=f"{shown(self.env, abs(document.amount), document.currency)},"
                f" {format_date(self.env, document.date)}",
            )
            entry.plan("drift", payment, note=note)
            return
        if payment.state in ("canceled", "rejected"):
            note = self.env._(
                "%(payment)s over %(odoo)s is %(state)s in Odoo; the vendor has %(vendor)s.",
                payment=payment.display_name,
                odoo=shown(self.env, booked, payment.currency_id),
                state=dict(payment._fields["state"]._description_selection(self.env))[payment.state],
                vendor=shown(self.env, abs(document.amount), document.currency),
            )
            entry.plan("drift", payment, note=note)
            return
        entry.plan("unchanged", payment)

    def _plan_new(self, flow, entry, resolver, currencies, dates):
        document, company = entry.document, flow.company_id.with_env(self.env)
        currency = currencies.usable(document.currency)
        if not document.amount or not fits(document.amount, currency):
            raise InvalidDataError(self.env._("The amount %s cannot be paid.", document.amount))
        journal = money_journal(self.env, resolver, document.source, company)
        issuer = own_contact(self.env, resolver, document.issuer, company)._ml_creditor(company)
        booked_on = dates.resolve(document.date, journal)
        payment_type = "outbound" if document.amount > 0 else "inbound"
        values = {
            "payment_type": payment_type,
            "partner_type": "supplier",
            "partner_id": issuer.id,
            "company_id": company.id,
            "journal_id": journal.id,
            "payment_method_line_id": method_line(self.env, journal, payment_type).id,
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
                if payment.move_id and payment.move_id.date != entry.values["date"]:
                    raise LockedPeriodError(self.env._("The period was locked meanwhile."), awaits=payment.company_id)
            for issuer in payments.partner_id:
                settle_issuer(writer.env, flow, list(payments), issuer)
