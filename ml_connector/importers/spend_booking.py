"""Books the planned card transactions of a batch."""

from decimal import Decimal

from odoo.fields import Command

from ..core.documents import Reference
from ..core.errors import InvalidDataError, MappingError
from ..core.messages import Amount, _
from ..models.ml_sentence import in_words
from .bill_lines import bill_references
from .bill_writer import BillBooking, BillWriter
from .card_account import clearing_account, tick_off
from .import_batch import ImportBatch
from .importer_tools import exact
from .money_journals import method_line
from .open_dates import check_date
from .settlement import pay
from .spend_plan import SpendPlanner, line_names


class SpendBooking:
    """Books the card transactions of one flow."""

    def __init__(self, env, flow):
        self.env = env
        self.flow = flow

    def tick_off(self, entries):
        """Reconcile spend that is booked after its statement."""
        billed = [entry for entry in entries if entry.document.statement and entry.outcome in ("created", "linked")]
        keys = {("statement", entry.document.statement) for entry in billed}
        bills = self.flow.env["ml.binding"]._records(self.flow.connection_id, keys)
        spends = {}
        for entry in billed:
            bill = bills.get(("statement", entry.document.statement))
            if bill:
                journal = entry.values.journal if entry.outcome == "created" else entry.record.journal_id
                spends.setdefault((clearing_account(journal), bill.with_env(self.env)), []).append(entry.record)
        for (account, bill), records in spends.items():
            tick_off(account, bill, [record.with_env(self.env) for record in records])

    # ------------------------------------------------------------------ expenses

    def _expense_values(self, entry):
        plan, document = entry.values, entry.document
        header = plan.bill.header
        notes = [_("Card transaction of %(date)s.", date=document.document_date)]
        if document.merchant_amount:
            charged = Amount(document.merchant_amount, document.merchant_currency)
            notes.append(_("The merchant charged %(amount)s.", amount=charged))
        description = " ".join(in_words(self.env, note) for note in notes)
        names = line_names(self.env, document, plan.document)
        for name, line, source in zip(names, plan.bill.lines, plan.document.lines, strict=True):
            yield {
                "name": name,
                "date": header["date"],
                "ml_original_date": header["ml_original_date"],
                "company_id": self.flow.company_id.id,
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

    def create_expenses(self, entries):
        values = [list(self._expense_values(entry)) for entry in entries]
        expenses = self.env["hr.expense"].create([line for lines in values for line in lines])
        parts, start = {}, 0
        for entry, lines in zip(entries, values, strict=True):
            parts[entry] = expenses[start : start + len(lines)]
            start += len(lines)
            entry.record = parts[entry][0]
            if len(lines) > 1:
                parts[entry][1:].split_expense_origin_id = entry.record
        if not self.flow.post_bills:
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

    def create_entries(self, entries):
        moves = self.env["account.move"].with_context(skip_invoice_sync=True, skip_analytic_sync=True)
        moves = moves.create([self._entry_values(entry) for entry in entries])
        for entry, move in zip(entries, moves, strict=True):
            entry.record = move.with_env(self.env)
        if self.flow.post_bills:
            moves.action_post()
            for entry in entries:
                self._check_moves(entry.record, entry.values)

    def _entry_values(self, entry):
        plan = entry.values
        bill, names = plan.bill, line_names(self.env, entry.document, plan.document)
        bill.header |= {"ref": names[0], "partner_id": plan.partner.id if plan.partner else False}
        counterpart = {"account_id": clearing_account(plan.journal).id}
        return BillWriter(self.env, bill.company).entry_values(bill, names, counterpart)

    # ------------------------------------------------------------------ vendor bills

    def create_bills(self, entries, resolver):
        """Bills of the merchants, paid by card immediately."""
        bills = [entry.values.document for entry in entries]
        batch = ImportBatch(self.env, self.flow, bills, resolver, bill_references)
        merchants, planner = Merchants(batch), SpendPlanner(batch)
        for entry in entries:
            plan = entry.values
            if not plan.partner:
                plan.partner = merchants.create(entry.document)
            if not plan.bill:
                planner.complete(plan)
        inner = [self._inner(entry) for entry in entries]
        BillBooking(self.env, self.flow).create(inner)
        for entry, bill_entry in zip(entries, inner, strict=True):
            entry.record = bill_entry.record
        if self.flow.post_bills:
            pay(self.env, [self._card_settlement(entry) for entry in entries if entry.record.state == "posted"])

    def _inner(self, entry):
        inner = type(entry)(entry.log, entry.values.document)
        inner.plan("created", values=entry.values.bill)
        return inner

    def _card_settlement(self, entry):
        plan = entry.values
        return {
            "move": entry.record,
            "journal": plan.journal,
            "amount": float(plan.document.total),
            "date": plan.bill.header["date"],
            "memo": plan.document.number,
        }


class Merchants:
    """The contacts of the merchants of a batch, read with one query."""

    def __init__(self, batch, documents=()):
        self.batch = batch
        self.env = batch.env
        self._by_name = self._read(documents) if documents else {}

    def _read(self, documents):
        """{name: partner} of the merchants for which Odoo has exactly one company of that name."""
        names = {document.merchant for document in documents if document.merchant}
        partners = self.env["res.partner"].search(
            [
                *self.env["res.partner"]._check_company_domain(self.batch.flow.company_id),
                ("name", "in", list(names)),
                ("parent_id", "=", False),
                ("is_company", "=", True),
            ]
        )
        # a merchant is never one of our own companies or a user of the same name
        partners -= partners._ml_protected()
        return {name: group for name, group in partners.grouped("name").items() if len(group) == 1}

    def find(self, document, mode):
        """The contact of the merchant; only a vendor bill must have one."""
        partner = self._by_name.get(document.merchant)
        if partner or mode != "vendor_bill":
            return partner
        if not document.merchant:
            raise InvalidDataError(_("The card transaction has no merchant, so it cannot become a vendor bill."))
        reference = Reference(
            kind="vendor", external_id=f"merchant:{document.merchant_id or document.merchant}", name=document.merchant
        )
        try:
            return self.batch.resolver.mapping(reference)
        except MappingError:
            mapped = self.batch.connection.env["ml.mapping"]._resolved(
                self.batch.connection, {(reference.kind, reference.external_id)}
            )
            partner = mapped.get((reference.kind, reference.external_id))
            if partner or self.batch.flow.create_vendors:
                return partner
            raise

    def create(self, document):
        """The contact of a new merchant, which an earlier transaction of the batch may have made."""
        found = self._read([document]).get(document.merchant)
        return found or self.env["res.partner"].create(
            {"name": document.merchant, "is_company": True, "supplier_rank": 1}
        )
