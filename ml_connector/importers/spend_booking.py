"""Plans card transactions like bills, and books them in the mode of their flow."""

from decimal import Decimal

from odoo.fields import Command

from ..core.documents import Bill, BillLine, Party, Reference
from ..core.errors import InvalidDataError, MappingError
from ..core.messages import Amount, _
from ..models.ml_sentence import in_words
from .bill_lines import BillLines, bill_references
from .bill_plan import ENTRY, EXPENSE
from .bill_planning import BillPlanner
from .bill_writer import BillBooking, BillWriter
from .card_account import clearing_account, tick_off
from .import_batch import ImportBatch
from .importer_tools import exact
from .money_journals import method_line
from .open_dates import check_date
from .settlement import pay


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


class SpendLines(BillLines):
    def _account(self, number, line, journal, product, position):
        """The default account of a card's journal is a liability, so it is never used as the cost account."""
        account = self.batch.mapping(line.account) if line.account else None
        if not account and journal.type == "purchase":
            return super()._account(number, line, journal, product, position)
        account = account or self.batch.company.expense_account_id
        if not account:
            raise InvalidDataError(
                _(
                    "Line %(line)s has no account. Choose one in %(provider)s, then retry.",
                    line=number,
                    provider=self.batch.provider,
                )
            )
        return account


class SpendPlanner(BillPlanner):
    """Plans card transactions like bills, in the journal of their mode."""

    lines_class = SpendLines

    def journal(self, document):
        # a card transaction has no bill number of the merchant
        return self.batch.journals.plain

    def complete(self, spend):
        """Plan accounts, taxes, distributions and date of a card transaction."""
        if spend.mode == "vendor_bill":
            spend.bill = self.plan(spend.document, spend.partner)
            return
        spend.bill = self.plan(
            spend.document,
            spend.partner or self.batch.company.partner_id,
            move_type="entry",
            form=EXPENSE if spend.mode == "expense" else ENTRY,
            journal=spend.journal,
            category=spend.product,
        )


def as_bill(document):
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


def line_names(env, document, bill):
    """The description of each line: merchant, memo and description."""
    names = []
    for line in bill.lines:
        parts = dict.fromkeys(filter(None, (document.merchant, document.memo, line.description)))
        names.append(" - ".join(parts) or env._("Card transaction"))
    return names


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
        check_date(moves, plan.bill.header["date"])
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

    # ------------------------------------------------------------------ journal entries

    def create_entries(self, entries):
        moves = self.env["account.move"].with_context(skip_invoice_sync=True, skip_analytic_sync=True)
        moves = moves.create([self._entry_values(entry) for entry in entries])
        for entry, move in zip(entries, moves, strict=True):
            entry.record = move.with_env(self.env)
        if self.flow.post_bills:
            moves.action_post()
            for entry in entries:
                check_date(entry.record, entry.values.bill.header["date"])

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
