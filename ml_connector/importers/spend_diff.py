"""Differences between a booked card transaction and its newest version."""

from decimal import Decimal

from ..core.messages import Amount, _
from .card_account import clearing_account
from .importer_tools import change_note, exact
from .posted_bill_diff import coding_differences
from .spend_plan import line_names


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
