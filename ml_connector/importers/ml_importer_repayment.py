from decimal import Decimal

from odoo import models

from ..core.documents import Bill, Party
from ..core.errors import InvalidDataError
from ..core.messages import Amount, _
from ..core.split_amount import share
from ..models.ml_mapped import MONEY_JOURNALS
from .bill_plan import ENTRY, BillPlan, LinePlan
from .bill_writer import BillWriter
from .card_account import clearing_account
from .entry_items import EntryItems
from .importer_tools import exact
from .money_journals import outstanding_account


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
        cost = _cost(batch.resolver.binding("expense", document.follows))
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
            is_credit=True,
            lines=[
                LinePlan(amount=repaid, name=name, product=self.env["product.product"], **values)
                for repaid, (_weight, values) in zip(shares, cost, strict=True)
                if repaid
            ],
            form=ENTRY,
        )
        plan.rate = batch.rates.of_document(plan.document, currency)
        items = EntryItems(batch)
        for line in plan.lines:
            items.check_account(line.account, currency)
        batch.amounts.settle(plan)
        plan.header, note = self._header(batch, document, plan.journal, currency, plan.has_tax)
        plan.header["partner_id"] = False
        return plan, note


def _cost(record):
    """[(weight, account, taxes and distribution)] of the cost of a card transaction."""
    if record._name == "hr.expense":
        parts = record._ml_with_parts()
        if not parts.account_move_id:
            return [(exact(part.total_amount_currency, part.currency_id), _coding(part)) for part in parts]
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
            and not (line.journal_id.type in MONEY_JOURNALS and line.account_id == clearing_account(line.journal_id))
        )
    )
    return [(_gross(line), _coding(line)) for line in lines]


def _coding(part):
    return {"account": part.account_id, "taxes": part.tax_ids, "analytic": part.analytic_distribution or False}


def _gross(line):
    amounts = line.tax_ids.compute_all(line.amount_currency, currency=line.currency_id, handle_price_include=False)
    return exact(amounts["total_included"], line.currency_id)
