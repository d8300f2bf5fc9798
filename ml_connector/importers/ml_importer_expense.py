from decimal import Decimal

from odoo import models

from ..core.errors import NotReadyError
from ..core.messages import Amount, _, paragraph
from .bill_lines import bill_references
from .bill_writer import BillBooking
from .card_account import card_charges, clearing_account
from .import_batch import ImportBatch
from .importer_tools import QUIET, change_note, check_not_synced, exact
from .money_journals import money_journal
from .posted_bill_diff import coding_differences
from .refusals import odoo_refusals
from .spend_booking import Merchants, SpendBooking, SpendPlan, SpendPlanner, as_bill, line_names

GENERAL_CATEGORY = "hr_expense.product_product_no_cost"


class MlImporterExpense(models.AbstractModel):
    """Card transactions become expenses paid by the company, journal entries, or paid bills of the merchant.

    All three credit the default account of the card's journal, where the spend stays until the card statement is
    booked. Odoo has no negative expenses: refunds and transactions with a negative line become journal entries.
    """

    _name = "ml.importer.expense"
    _inherit = "ml.importer"
    _description = "Card Transaction Importer"
    _groups = ("account.group_account_invoice", "hr_expense.group_hr_expense_user")

    def _groups_of(self, flow):
        """Bills of merchants may need new vendors."""
        makes_vendors = flow.expense_mode == "vendor_bill" and flow.create_vendors
        return (*self._groups, "base.group_partner_manager") if makes_vendors else self._groups

    def _remarks(self, flow):
        return BillBooking(self.env, flow).remarks() if flow.expense_mode == "vendor_bill" else []

    def _references(self, document):
        return (document.employee, document.card, *bill_references(as_bill(document)))

    def _plan_batch(self, flow, entries, resolver):
        bills = [as_bill(entry.document) for entry in entries]
        batch = ImportBatch(self.env, flow, bills, resolver, bill_references)
        merchants = Merchants(batch, [entry.document for entry in entries])
        planner, diff = SpendPlanner(batch), SpendDiff(batch)
        charges = card_charges(self.env, flow)
        for entry, bill in zip(entries, bills, strict=True):
            with entry.alone():
                if entry.bound:
                    diff.plan(entry, bill)
                elif entry.document.external_id in charges:
                    # the charge is the payment of a bill, which is already booked
                    payment = charges[entry.document.external_id]
                    entry.binds = False
                    note = _("This card transaction paid a bill: %(payment)s.", payment=payment.display_name)
                    entry.plan("linked", payment, note=note)
                else:
                    self._plan_new(planner, merchants, entry, bill)

    def _plan_new(self, planner, merchants, entry, bill):
        batch, document, flow = planner.batch, entry.document, planner.batch.flow
        check_not_synced(entry, batch.provider)
        batch.currencies.usable(bill.currency)
        journal = money_journal(batch.resolver, document.card, batch.company)
        employee = batch.resolver.needed(document.employee)
        mode = flow.expense_mode
        if mode == "expense" and (bill.is_credit or any(line.amount < 0 for line in bill.lines)):
            mode = "journal_entry"
        partner = merchants.find(document, mode)
        plan = SpendPlan(mode, bill, journal, employee, partner)
        if mode == "expense":
            plan.product = self._category(flow)
        if mode == "vendor_bill" and not partner:
            entry.plan("created", values=plan, note=_("Odoo creates vendor %(vendor)s.", vendor=document.merchant))
            return
        planner.complete(plan)
        notes = list(plan.bill.notes)
        if mode == "expense" and len(plan.bill.lines) > 1:
            notes.append(_("One expense for each of its %(count)s lines.", count=len(plan.bill.lines)))
        entry.plan("created", values=plan, note=paragraph(*notes))

    def _category(self, flow):
        product = flow.expense_product_id.with_env(self.env) or self.env.ref(GENERAL_CATEGORY, raise_if_not_found=False)
        if not product or not product.active:
            raise NotReadyError(_("The flow has no active expense category. Choose one in the flow."), awaits=flow)
        return product

    def _apply_batch(self, flow, entries, resolver):
        booking = SpendBooking(self.with_context(**QUIET).env, flow)
        groups = {"expense": [], "journal_entry": [], "vendor_bill": []}
        with odoo_refusals(self.env, entries):
            for entry in entries:
                if entry.outcome == "created":
                    groups[entry.values.mode].append(entry)
                elif entry.outcome == "updated":
                    for part, name in zip(entry.bound._ml_with_parts(), entry.values, strict=True):
                        part.with_env(booking.env).name = name
                    entry.record = entry.bound
            if groups["expense"]:
                booking.create_expenses(groups["expense"])
            if groups["journal_entry"]:
                booking.create_entries(groups["journal_entry"])
            if groups["vendor_bill"]:
                booking.create_bills(groups["vendor_bill"], resolver)
            if flow.post_bills:
                booking.tick_off(entries)

    def _result_reference(self, record):
        if record._name == "hr.expense":
            return record.account_move_id.name or record.display_name
        return record.display_name


class SpendDiff:
    """Compares booked card transactions of a batch with their newest versions."""

    def __init__(self, batch):
        self.batch = batch
        self.env = batch.env

    def plan(self, entry, bill):
        """Plan the entry of a transaction that is already linked."""
        record = entry.bound
        if record._name == "hr.expense":
            self._plan_expense(entry, bill)
            return
        if record._name != "account.move":
            entry.plan("unchanged", record)
            return
        if record.state == "cancel" or record.payment_state == "reversed":
            entry.plan("drift", record, note=_("%(record)s is cancelled in Odoo.", record=record.display_name))
            return
        total = self._cleared(record)
        booked_on = record.ml_original_date or record.date
        note = self._change_note(entry.document, bill, record, total, booked_on, self._cost_lines(record))
        entry.plan("drift" if note else "unchanged", record, note=note)

    def _cost_lines(self, move):
        """The items of a move that book the lines of the transaction."""
        clearing = clearing_account(move.journal_id) if move.move_type == "entry" else None
        return move.line_ids.filtered(
            lambda line: line.display_type == "product" and line.account_id != clearing
        ).sorted(lambda line: (line.sequence, line.id))

    def _change_note(self, document, bill, record, total, booked_on, booked):
        """A sentence on what differs from the newest version; empty if nothing does.

        :param booked: records of the booked lines
        """
        differences = []
        if total != document.amount or record.currency_id.name != document.currency:
            amounts = Amount(total, record.currency_id.name), Amount(document.amount, document.currency)
            differences.append((_("total"), *amounts))
        stated = document.accounting_date or document.document_date
        if booked_on != stated:
            differences.append((_("date"), booked_on, stated))
        differences += self._line_differences(bill, booked)
        is_posted = record.state == "posted" if record._name == "account.move" else bool(record.account_move_id)
        return change_note(self.batch.provider, differences, is_posted)

    def _line_differences(self, bill, booked):
        """The differences in the coding of the lines; Odoo decides what the document does not state."""
        if len(booked) != len(bill.lines):
            yield _("number of lines"), len(booked), len(bill.lines)
            return
        for number, (part, line) in enumerate(zip(booked, bill.lines, strict=True), start=1):
            account = self.batch.mapping(line.account) if line.account else None
            distribution = part.analytic_distribution or {}
            yield from coding_differences(
                self.env,
                number,
                (part.account_id, account or part.account_id),
                (part.tax_ids, self.batch.taxes(line)),
                (distribution, self.batch.analytics.distribution(number, line) or distribution),
            )

    def _plan_expense(self, entry, bill):
        first, document = entry.bound, entry.document
        parts = first._ml_with_parts()
        if first.state == "refused":
            entry.plan("drift", first, note=_("%(expense)s is refused in Odoo.", expense=first.display_name))
            return
        total = sum((exact(part.total_amount_currency, part.currency_id) for part in parts), Decimal(0))
        booked_on = first.ml_original_date or first.date
        if note := self._change_note(document, bill, first, total, booked_on, parts):
            entry.plan("drift", first, note=note)
            return
        names = line_names(self.env, document, bill)
        if names != parts.mapped("name"):
            entry.plan("updated", first, names, _("Description changed."))
            return
        entry.plan("unchanged", first)

    def _cleared(self, move):
        """The amount that an entry adds to the card account; positive for spend."""
        clearing = clearing_account(move.journal_id)
        lines = move.line_ids.filtered(lambda line: line.account_id == clearing)
        if not lines or move.move_type != "entry":
            return exact(move.amount_total, move.currency_id) * (-1 if move.move_type == "in_refund" else 1)
        return -exact(sum(lines.mapped("amount_currency")), move.currency_id)
