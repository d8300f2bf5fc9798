from odoo import models

from ..core.messages import Amount, _, paragraph
from .bill_plan import OWED_ENTRY
from .bill_planning import BillPlanner
from .bill_writer import BillBooking
from .importer_tools import QUIET, change_note, check_not_synced, exact
from .money_journals import money_journal
from .open_dates import OpenDates
from .refusals import odoo_refusals
from .settlement import open_amount, pay


class ReceiptPlanner(BillPlanner):
    def move_type(self, document, move=None):
        if move and move.move_type in ("in_invoice", "in_refund"):
            # booked by an older version of the addon
            return super().move_type(document, move)
        return "entry" if document.is_credit else "in_receipt"

    def journal(self, document):
        journals = self.batch.journals
        return journals.general if document.is_credit else journals.purchase

    def plan(self, document, partner, booked=None, *, form=None, **options):
        form = OWED_ENTRY if self.move_type(document, booked) == "entry" else form
        return super().plan(document, partner, booked, form=form, **options)


class ReceiptBooking(BillBooking):
    def create(self, entries):
        entries_back = [entry for entry in entries if entry.document.is_credit]
        super().create([entry for entry in entries if not entry.document.is_credit])
        if not entries_back:
            return
        moves = self.env["account.move"].with_context(skip_invoice_sync=True, skip_analytic_sync=True)
        moves = moves.create([self._entry_values(entry.values) for entry in entries_back])
        for entry, move in zip(entries_back, moves, strict=True):
            entry.record = move.with_env(self.env)
        if self.flow.post_bills:
            moves.action_post()
        self.check_dates(entries_back, moves)

    def _entry_values(self, plan):
        names = [line.name or plan.document.number for line in plan.lines]
        return self.writer.entry_values(plan, names, {"account_id": self.writer.payable(plan).id})


class MlImporterReceipt(models.AbstractModel):
    """An amount owed to an employee is a receipt, like Odoo's own expenses, which are not reported to tax authorities.

    An amount that the employee owes is a journal entry, because Odoo has no receipt with a negative total.
    """

    _name = "ml.importer.receipt"
    _inherit = "ml.importer.bill"
    _description = "Receipt Importer"

    _planner_class = ReceiptPlanner
    _booking_class = ReceiptBooking

    def _plan_bound(self, planner, entry, partner):
        move, document = entry.bound, entry.document
        if move.move_type != "entry" or move.state == "cancel":
            super()._plan_bound(planner, entry, partner)
            return
        owed = move.line_ids.filtered(lambda line: line.account_type == "liability_payable")
        booked = exact(sum(owed.mapped("amount_currency")), move.currency_id)
        wanted = document.total if document.is_credit else -document.total
        if (booked, move.currency_id.name) == (wanted, document.currency):
            entry.plan("unchanged", move)
            return
        amounts = Amount(booked, move.currency_id.name), Amount(wanted, document.currency)
        note = change_note(planner.batch.provider, [(_("amount"), *amounts)], move.state == "posted")
        entry.plan("drift", move, note=note)


class MlImporterReimbursement(models.AbstractModel):
    """A reimbursement becomes a receipt of the employee's contact and its payment."""

    _name = "ml.importer.reimbursement"
    _inherit = "ml.importer.derived_bill"
    _description = "Reimbursement Importer"

    _bill_model = "ml.importer.receipt"

    def _references(self, document):
        references = [document.employee, *self.env[self._bill_model]._references(document.bill)]
        if document.settlement:
            references.append(document.settlement.source)
        return tuple(references)

    def _derive(self, flow, entry, resolver):
        document = entry.document
        check_not_synced(entry, flow.connection_id._provider_name())
        employee = resolver.contact(document.employee)
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
        dates, note = OpenDates(self.env, flow).of(settlement.date, journal)
        values = {"journal": journal, "amount": float(settlement.amount), **dates, "memo": settlement.reference}
        entry.values = (inner, values)
        entry.note = paragraph(entry.note, note)
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
