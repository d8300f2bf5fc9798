from decimal import Decimal

from odoo import models
from odoo.fields import Command

from ..core.documents import Bill, BillLine, Party, Reference
from ..core.errors import ConnectorError, InvalidDataError, MappingError, NotReadyError
from ..core.messages import Amount, _, paragraph
from ..models.ml_sentence import in_words
from .bill_taxes import BILL, ENTRY, EXPENSE
from .bill_writer import BillWriter
from .importer_tools import QUIET, change_note, check_date, exact, odoo_refusals
from .ml_importer_bill import BillBatch
from .posted_bill_diff import coding_differences
from .spend_tools import (
    check_not_synced,
    clearing_account,
    method_line,
    money_journal,
    needed,
    parts_of,
    pay,
    tick_off,
)

GENERAL_CATEGORY = "hr_expense.product_product_no_cost"


class SpendPlan:
    """A card transaction before it is booked.

    :ivar mode: one of `EXPENSE_MODES`
    :ivar bill: the `BillPlan` with accounts, taxes, distributions and date; None until writing if the vendor is new
    :ivar document: the bill from which the plan is made
    """

    __slots__ = ("bill", "document", "employee", "journal", "mode", "partner", "product")

    def __init__(self, mode, document, journal, employee, partner):
        self.mode = mode
        self.document = document
        self.journal = journal
        self.employee = employee
        self.partner = partner
        self.bill = None
        self.product = None


class MlImporterExpense(models.AbstractModel):
    """Card transactions become expenses paid by the company, journal entries, or paid bills of the merchant.

    All three credit the default account of the card's journal, where the spend stays until the card statement is
    booked. Odoo has no negative expenses: refunds and transactions with a negative line become journal entries.
    """

    _name = "ml.importer.expense"
    _inherit = "ml.importer.bill"
    _description = "Card Transaction Importer"
    _groups = ("account.group_account_invoice", "hr_expense.group_hr_expense_user")

    def _groups_of(self, flow):
        """Bills of merchants may need new vendors."""
        makes_vendors = flow.expense_mode == "vendor_bill" and flow.create_vendors
        return (*self._groups, "base.group_partner_manager") if makes_vendors else self._groups

    def _remarks(self, flow):
        return super()._remarks(flow) if flow.expense_mode == "vendor_bill" else []

    def _references(self, document):
        return (document.employee, document.card, *super()._references(self._as_bill(document)))

    def _dependencies(self, document):
        return ()

    # ------------------------------------------------------------------ plan

    def _plan_batch(self, flow, entries, resolver):
        bills = [self._as_bill(entry.document) for entry in entries]
        batch = BillBatch(self.env["ml.importer.bill"], flow, bills, resolver)
        merchants = self._merchants(flow, [entry.document for entry in entries])
        charges = self._charges(flow)
        for entry, bill in zip(entries, bills, strict=True):
            try:
                if entry.bound:
                    self._plan_known(batch, entry, bill)
                elif entry.document.external_id in charges:
                    # the charge is the payment of a bill, which is already booked
                    payment = charges[entry.document.external_id]
                    entry.binds = False
                    note = _("This card transaction paid a bill: %(payment)s.", payment=payment.display_name)
                    entry.plan("linked", payment, note=note)
                else:
                    self._plan_new_spend(batch, entry, bill, merchants)
            except ConnectorError as error:
                entry.error = error

    def _as_bill(self, document):
        """The transaction as a bill with a positive total, without lines of zero."""
        sign = -1 if document.amount < 0 else 1
        lines = [
            BillLine(
                amount=sign * line.amount,
                description=line.description,
                account=line.account,
                taxes=line.taxes,
                analytics=line.analytics,
            )
            for line in document.lines
            if line.amount
        ]
        return Bill(
            external_id=document.external_id,
            number=f"CARD-{document.external_id[:8].upper()}",
            vendor=Party(external_id=f"merchant:{document.merchant_id}", name=document.merchant),
            document_date=document.document_date,
            accounting_date=document.accounting_date,
            due_date=document.accounting_date or document.document_date,
            currency=document.currency,
            total=abs(document.amount),
            lines=tuple(lines),
            is_credit=document.amount < 0,
            memo=document.memo,
        )

    def _merchants(self, flow, documents):
        """{name: partner} of the merchants for which Odoo has exactly one company of that name."""
        names = {document.merchant for document in documents if document.merchant}
        partners = self.env["res.partner"].search(
            [
                *self.env["res.partner"]._check_company_domain(flow.company_id),
                ("name", "in", list(names)),
                ("parent_id", "=", False),
                ("is_company", "=", True),
            ]
        )
        # a merchant is never one of our own companies or a user of the same name
        partners -= partners._ml_protected()
        return {name: group for name, group in partners.grouped("name").items() if len(group) == 1}

    def _charges(self, flow):
        """{id of a card transaction: payment} of the bills that were paid by card."""
        payments = self.env["account.payment"].search(
            [
                ("company_id", "=", flow.company_id.id),
                ("ml_card_charges", "!=", False),
                ("state", "not in", ("canceled", "rejected")),
            ]
        )
        return {charge: payment for payment in payments for charge in payment.ml_card_charges}

    def _plan_new_spend(self, batch, entry, bill, merchants):
        document, flow = entry.document, batch.flow
        check_not_synced(entry, batch.provider)
        batch.currencies.usable(bill.currency)
        journal = money_journal(batch.resolver, document.card, batch.company)
        employee = needed(batch.resolver, document.employee)
        mode = flow.expense_mode
        if mode == "expense" and (bill.is_credit or any(line.amount < 0 for line in bill.lines)):
            mode = "journal_entry"
        partner = self._merchant(batch, document, merchants, mode)
        plan = SpendPlan(mode, bill, journal, employee, partner)
        if mode == "expense":
            plan.product = self._category(flow)
        if mode == "vendor_bill" and not partner:
            entry.plan("created", values=plan, note=_("Odoo creates vendor %(vendor)s.", vendor=document.merchant))
            return
        self._prepare_spend(batch, plan)
        notes = list(plan.bill.notes)
        if mode == "expense" and len(plan.bill.lines) > 1:
            notes.append(_("One expense for each of its %(count)s lines.", count=len(plan.bill.lines)))
        entry.plan("created", values=plan, note=paragraph(*notes))

    def _merchant(self, batch, document, merchants, mode):
        """The contact of the merchant; only a vendor bill must have one."""
        partner = merchants.get(document.merchant)
        if partner or mode != "vendor_bill":
            return partner
        if not document.merchant:
            raise InvalidDataError(_("The card transaction has no merchant, so it cannot become a vendor bill."))
        reference = Reference(
            kind="vendor", external_id=f"merchant:{document.merchant_id or document.merchant}", name=document.merchant
        )
        try:
            return batch.resolver.mapping(reference)
        except MappingError:
            mapped = batch.connection.env["ml.mapping"]._resolved(
                batch.connection, {(reference.kind, reference.external_id)}
            )
            partner = mapped.get((reference.kind, reference.external_id))
            if partner or batch.flow.create_vendors:
                return partner
            raise

    def _category(self, flow):
        product = flow.expense_product_id.with_env(self.env) or self.env.ref(GENERAL_CATEGORY, raise_if_not_found=False)
        if not product or not product.active:
            raise NotReadyError(_("The flow has no active expense category. Choose one in the flow."), awaits=flow)
        return product

    def _prepare_spend(self, batch, plan):
        """Plan accounts, taxes, distributions and date as for a bill, in the journal of its mode."""
        if plan.mode == "vendor_bill":
            batch.options.pop("journal", None)
            batch.options.pop("category", None)
            plan.bill = self._prepare(batch, plan.document, plan.partner, form=BILL)
            return
        batch.options |= {"journal": plan.journal, "category": plan.product}
        partner = plan.partner or batch.company.partner_id
        form = EXPENSE if plan.mode == "expense" else ENTRY
        plan.bill = self._prepare(batch, plan.document, partner, move_type="entry", form=form)

    def _journal(self, batch, document=None):
        # a card transaction has no bill number of the merchant
        return batch.once(batch.options, "journal", lambda: self._plain_journal(batch))

    def _account(self, batch, number, line, journal, product, position):
        """The default account of a card's journal is a liability, so it is never used as the cost account."""
        account = batch.mapping(line.account) if line.account else None
        if not account and journal.type == "purchase":
            return super()._account(batch, number, line, journal, product, position)
        account = account or batch.company.expense_account_id
        if not account:
            raise InvalidDataError(
                _(
                    "Line %(line)s has no account. Choose one in %(provider)s, then retry.",
                    line=number,
                    provider=batch.provider,
                )
            )
        return account

    # ------------------------------------------------------------------ a transaction that is already linked

    def _plan_known(self, batch, entry, bill):
        record = entry.bound
        if record._name == "hr.expense":
            self._plan_known_expense(batch, entry, bill)
            return
        if record._name != "account.move":
            entry.plan("unchanged", record)
            return
        if record.state == "cancel" or record.payment_state == "reversed":
            entry.plan("drift", record, note=_("%(record)s is cancelled in Odoo.", record=record.display_name))
            return
        total = self._cleared(record)
        booked_on = record.ml_original_date or record.date
        note = self._change_note(batch, entry.document, bill, record, total, booked_on, self._cost_lines(record))
        entry.plan("drift" if note else "unchanged", record, note=note)

    def _cost_lines(self, move):
        """The items of a move that book the lines of the transaction."""
        clearing = clearing_account(move.journal_id) if move.move_type == "entry" else None
        return move.line_ids.filtered(
            lambda line: line.display_type == "product" and line.account_id != clearing
        ).sorted(lambda line: (line.sequence, line.id))

    def _change_note(self, batch, document, bill, record, total, booked_on, booked):
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
        differences += self._line_differences(batch, bill, booked)
        is_posted = record.state == "posted" if record._name == "account.move" else bool(record.account_move_id)
        return change_note(batch.provider, differences, is_posted)

    def _line_differences(self, batch, bill, booked):
        """The differences in the coding of the lines; Odoo decides what the document does not state."""
        if len(booked) != len(bill.lines):
            yield _("number of lines"), len(booked), len(bill.lines)
            return
        for number, (part, line) in enumerate(zip(booked, bill.lines, strict=True), start=1):
            account = batch.mapping(line.account) if line.account else None
            distribution = part.analytic_distribution or {}
            yield from coding_differences(
                self.env,
                number,
                (part.account_id, account or part.account_id),
                (part.tax_ids, self._taxes(batch, line)),
                (distribution, batch.analytics.distribution(number, line) or distribution),
            )

    def _plan_known_expense(self, batch, entry, bill):
        first, document = entry.bound, entry.document
        parts = parts_of(first)
        if first.state == "refused":
            entry.plan("drift", first, note=_("%(expense)s is refused in Odoo.", expense=first.display_name))
            return
        total = sum((exact(part.total_amount_currency, part.currency_id) for part in parts), Decimal(0))
        booked_on = first.ml_original_date or first.date
        if note := self._change_note(batch, document, bill, first, total, booked_on, parts):
            entry.plan("drift", first, note=note)
            return
        names = self._names(document, bill)
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

    # ------------------------------------------------------------------ apply

    def _apply_batch(self, flow, entries, resolver):
        writer = self.with_context(**QUIET)
        groups = {"expense": [], "journal_entry": [], "vendor_bill": []}
        with odoo_refusals(self.env, entries):
            for entry in entries:
                if entry.outcome == "created":
                    groups[entry.values.mode].append(entry)
                elif entry.outcome == "updated":
                    for part, name in zip(parts_of(entry.bound), entry.values, strict=True):
                        part.with_env(writer.env).name = name
                    entry.record = entry.bound
            if groups["expense"]:
                writer._create_expenses(flow, groups["expense"])
            if groups["journal_entry"]:
                writer._create_entries(flow, groups["journal_entry"])
            if groups["vendor_bill"]:
                writer._create_merchant_bills(flow, groups["vendor_bill"], resolver)
            if flow.post_bills:
                writer._tick_off(flow, entries)

    def _tick_off(self, flow, entries):
        """Reconcile spend that is booked after its statement."""
        billed = [entry for entry in entries if entry.document.statement and entry.outcome in ("created", "linked")]
        keys = {("statement", entry.document.statement) for entry in billed}
        bills = flow.env["ml.binding"]._records(flow.connection_id, keys)
        spends = {}
        for entry in billed:
            bill = bills.get(("statement", entry.document.statement))
            if bill:
                journal = entry.values.journal if entry.outcome == "created" else entry.record.journal_id
                spends.setdefault((clearing_account(journal), bill.with_env(self.env)), []).append(entry.record)
        for (account, bill), records in spends.items():
            tick_off(account, bill, [record.with_env(self.env) for record in records])

    # ------------------------------------------------------------------ expenses

    def _names(self, document, bill):
        """The description of each line: merchant, memo and description."""
        names = []
        for line in bill.lines:
            parts = dict.fromkeys(filter(None, (document.merchant, document.memo, line.description)))
            names.append(" - ".join(parts) or self.env._("Card transaction"))
        return names

    def _expense_values(self, flow, entry):
        plan, document = entry.values, entry.document
        header = plan.bill.header
        notes = [_("Card transaction of %(date)s.", date=document.document_date)]
        if document.merchant_amount:
            charged = Amount(document.merchant_amount, document.merchant_currency)
            notes.append(_("The merchant charged %(amount)s.", amount=charged))
        description = " ".join(in_words(self.env, note) for note in notes)
        names = self._names(document, plan.document)
        for name, line, source in zip(names, plan.bill.lines, plan.document.lines, strict=True):
            yield {
                "name": name,
                "date": header["date"],
                "ml_original_date": header["ml_original_date"],
                "company_id": flow.company_id.id,
                "employee_id": plan.employee.id,
                "product_id": plan.product.id,
                "quantity": 1,
                "payment_mode": "company_account",
                "payment_method_line_id": method_line(plan.journal).id,
                "ml_clearing_account_id": clearing_account(plan.journal).id,
                "currency_id": plan.bill.currency.id,
                "total_amount_currency": float(source.amount),
                "account_id": line.account.id,
                "tax_ids": [Command.set(line.taxes.ids)],
                "analytic_distribution": line.analytic,
                "vendor_id": plan.partner.id if plan.partner else False,
                "description": description,
            }

    def _create_expenses(self, flow, entries):
        values = [list(self._expense_values(flow, entry)) for entry in entries]
        expenses = self.env["hr.expense"].create([line for lines in values for line in lines])
        parts, start = {}, 0
        for entry, lines in zip(entries, values, strict=True):
            parts[entry] = expenses[start : start + len(lines)]
            start += len(lines)
            entry.record = parts[entry][0]
            if len(lines) > 1:
                parts[entry][1:].split_expense_origin_id = entry.record
        if not flow.post_bills:
            return
        expenses._do_approve(check=False)
        expenses.with_context(skip_invoice_sync=True).action_post()
        for entry in entries:
            self._check_expenses(entry, parts[entry])

    def _check_expenses(self, entry, parts):
        """Check that Odoo changed neither the date nor the amount."""
        plan = entry.values
        moves = parts.account_move_id
        self._check_moves(moves, plan)
        cleared = sum((self._cleared_on(move, plan.journal, plan.bill.currency) for move in moves), Decimal(0))
        if cleared != entry.document.amount:
            raise InvalidDataError(
                _(
                    "The total is %(provider_value)s in %(provider)s, but %(odoo_value)s in Odoo.",
                    provider_value=Amount(entry.document.amount, plan.bill.currency.name),
                    provider=plan.bill.provider,
                    odoo_value=Amount(cleared, plan.bill.currency.name),
                )
            )

    def _cleared_on(self, move, journal, currency):
        lines = move.line_ids.filtered(lambda line: line.account_id == clearing_account(journal))
        return -exact(sum(lines.mapped("amount_currency")), currency)

    def _check_moves(self, moves, plan):
        for move in moves:
            check_date(move, plan.bill.header["date"])

    # ------------------------------------------------------------------ journal entries

    def _create_entries(self, flow, entries):
        moves = self.env["account.move"].with_context(skip_invoice_sync=True, skip_analytic_sync=True)
        moves = moves.create([self._entry_values(entry) for entry in entries])
        for entry, move in zip(entries, moves, strict=True):
            entry.record = move.with_env(self.env)
        if flow.post_bills:
            moves.action_post()
            for entry in entries:
                self._check_moves(entry.record, entry.values)

    def _entry_values(self, entry):
        plan = entry.values
        bill, names = plan.bill, self._names(entry.document, plan.document)
        bill.header |= {"ref": names[0], "partner_id": plan.partner.id if plan.partner else False}
        counterpart = {"account_id": clearing_account(plan.journal).id}
        return BillWriter(self.env, bill.company).entry_values(bill, names, counterpart)

    # ------------------------------------------------------------------ vendor bills

    def _create_merchant_bills(self, flow, entries, resolver):
        """Bills of the merchants, paid by card immediately."""
        batch = BillBatch(self.env["ml.importer.bill"], flow, [e.values.document for e in entries], resolver)
        for entry in entries:
            plan = entry.values
            if not plan.partner:
                plan.partner = self._create_merchant(batch, entry.document)
            if not plan.bill:
                self._prepare_spend(batch, plan)
        inner = [self._inner(entry) for entry in entries]
        self.env["ml.importer.bill"]._create_bills(flow, inner)
        for entry, bill_entry in zip(entries, inner, strict=True):
            entry.record = bill_entry.record
        if flow.post_bills:
            pay(self.env, [self._card_settlement(entry) for entry in entries if entry.record.state == "posted"])

    def _inner(self, entry):
        inner = type(entry)(entry.log, entry.values.document)
        inner.plan("created", values=entry.values.bill)
        return inner

    def _create_merchant(self, batch, document):
        found = self._merchants(batch.flow, [document]).get(document.merchant)
        return found or self.env["res.partner"].create(
            {"name": document.merchant, "is_company": True, "supplier_rank": 1}
        )

    def _card_settlement(self, entry):
        plan = entry.values
        return {
            "move": entry.record,
            "journal": plan.journal,
            "amount": float(plan.document.total),
            "date": plan.bill.header["date"],
            "memo": plan.document.number,
        }

    def _result_reference(self, record):
        if record._name == "hr.expense":
            return record.account_move_id.name or record.display_name
        return record.display_name
