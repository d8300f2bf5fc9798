from odoo import models

from ..core.errors import ConnectorError, NotReadyError
from ..core.messages import _, paragraph
from .bill_booking import BillBooking
from .bill_lines import bill_references
from .card_account import card_charges
from .import_batch import ImportBatch
from .importer_tools import QUIET, check_not_synced
from .merchants import Merchants
from .money_journals import money_journal
from .refusals import odoo_refusals
from .spend_booking import SpendBooking
from .spend_diff import SpendDiff
from .spend_plan import SpendPlan, SpendPlanner, as_bill

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

    # ------------------------------------------------------------------ plan

    def _plan_batch(self, flow, entries, resolver):
        bills = [as_bill(entry.document) for entry in entries]
        batch = ImportBatch(self.env, flow, bills, resolver, bill_references)
        merchants = Merchants(batch, [entry.document for entry in entries])
        planner, diff = SpendPlanner(batch), SpendDiff(batch)
        charges = card_charges(self.env, flow)
        for entry, bill in zip(entries, bills, strict=True):
            try:
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
            except ConnectorError as error:
                entry.error = error

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

    # ------------------------------------------------------------------ apply

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
