from decimal import Decimal

from odoo import models
from odoo.fields import Command

from ..core.errors import InvalidDataError
from ..core.messages import Amount, _, paragraph
from .bill_plan import MADE_HERE
from .card_account import settle_issuer
from .entry_changes import EntryChanges
from .entry_items import EntryItems
from .import_batch import ImportBatch
from .importer_tools import change_note, check_tax_countries, fits
from .money_journals import money_journal
from .open_dates import check_date
from .refusals import odoo_refusals


class MlImporterJournalEntry(models.AbstractModel):
    """Journal entries with amounts that the provider computed, taxes included."""

    _name = "ml.importer.journal_entry"
    _inherit = "ml.importer"
    _description = "Journal Entry Importer"
    _groups = ("account.group_account_invoice",)

    _optional_kinds = ()

    def _references(self, document):
        references = [document.journal] if document.journal else []
        for line in document.lines:
            references += [line.account, *(tax for tax, _amount in line.taxes)]
            references += [share.reference for share in line.analytics]
            if line.partner:
                references.append(line.partner)
        return tuple({(reference.kind, reference.external_id): reference for reference in references}.values())

    def _form(self, batch, document, booked=None):
        """The type of document that it becomes, or is if it already is `booked`."""
        return MADE_HERE

    def _batch(self, flow, entries, resolver):
        return ImportBatch(self.env, flow, [entry.document for entry in entries], resolver, self._references)

    def _plan(self, batch, entry):
        if entry.bound and not entry.is_difference:
            self._plan_bound(batch, entry)
        else:
            # a difference that is booked in addition leaves the first entry linked
            entry.binds = not entry.bound
            self._check_whole(entry)
            self._plan_new(batch, entry)

    def _plan_bound(self, batch, entry):
        move = entry.bound
        if move.state == "cancel":
            entry.plan("drift", move, note=_("%(record)s is cancelled in Odoo.", record=move.display_name))
            return
        if move.reversal_move_ids.filtered(lambda reversal: reversal.state == "posted"):
            entry.plan("drift", move, note=_("%(record)s is reversed in Odoo.", record=move.display_name))
            return
        differences, comparison, takes_back = self._changes(batch, entry)
        if not differences:
            entry.plan("unchanged", move)
            return
        entry.comparison = comparison
        entry.is_partial = entry.document.is_partial or takes_back
        note = change_note(batch.provider, differences, move.state == "posted")
        revised = self._revised(entry, move) if entry.document.revision else ""
        entry.plan("drift", move, note=paragraph(note, revised))

    def _check_whole(self, entry):
        document = entry.document
        if document.revision and document.is_partial and not entry.bound:
            raise InvalidDataError(
                _(
                    "Revision %(revision)s contains only the difference from the posted version, which is not in Odoo."
                    " Enter the report manually, then ignore this transfer.",
                    revision=document.revision,
                )
            )

    def _revised(self, entry, move):
        names = {"bill": move.display_name, "revision": entry.document.revision}
        if entry.is_partial:
            return _("Booked as %(bill)s. Revision %(revision)s contains only the difference.", **names)
        return _("Booked as %(bill)s. Revision %(revision)s may be the whole report or only the difference.", **names)

    def _changes(self, batch, entry):
        """(differences of the newest version, comparison, whether it reduces a cost); see `EntryChanges`."""
        move, document = entry.bound, entry.document
        currency = batch.currencies.known(document.currency)
        form = self._form(batch, document, move)
        items = EntryItems(batch).plan(document, currency, move.date, form, is_compared=True)
        items = self._booked_items(batch, document, items, form)
        booked_on = document.accounting_date or document.document_date
        changes = EntryChanges(self.env, move, document.currency, items, booked_on)
        return changes.differences(), changes.comparison(), changes.takes_back()

    def _booked_items(self, batch, document, items, form):
        """The items as they are booked."""
        return items

    def _plan_new(self, batch, entry):
        document = entry.document
        currency = self._currency(batch, document)
        journal = self._journal(batch, document)
        has_tax = any(line.taxes or line.is_tax for line in document.lines)
        header, note = self._header(batch, document, journal, currency, has_tax)
        items = EntryItems(batch).plan(document, currency, header["date"], self._form(batch, document))
        check_tax_countries(self._taxes(batch, document), batch.company)
        entry.plan("created", values=self._values(batch, document, currency, header, items), note=note)

    def _taxes(self, batch, document):
        references = [tax for line in document.lines for tax, _amount in line.taxes]
        references += [line.account for line in document.lines if line.is_tax]
        return self.env["account.tax"].union(*(batch.resolver.needed(tax) for tax in references))

    def _currency(self, batch, document):
        currency = batch.currencies.usable(document.currency)
        self._check_amounts(document, currency)
        batch.rates.check_known(currency)
        return currency

    def _header(self, batch, document, journal, currency, has_tax):
        """(values of the move without its items, note on its date)."""
        dates, note = batch.dates.of(document.accounting_date or document.document_date, journal, has_tax)
        header = {
            "company_id": batch.company.id,
            "journal_id": journal.id,
            **dates,
            "ref": document.number,
            "currency_id": currency.id,
        }
        return header, note

    def _values(self, batch, document, currency, header, items):
        """Values of the move from its `header` and `items`."""
        return {**header, "move_type": "entry", "line_ids": [Command.create(item) for item in items]}

    def _check_amounts(self, document, currency):
        if any(not fits(line.amount, currency) for line in document.lines):
            raise InvalidDataError(_("An amount has more decimals than %(currency)s allows.", currency=currency.name))
        if total := sum((line.amount for line in document.lines), Decimal(0)):
            raise InvalidDataError(
                _(
                    "The lines of the entry add up to %(amount)s instead of zero.",
                    amount=Amount(total, currency.name),
                )
            )
        if not any(line.amount for line in document.lines):
            raise InvalidDataError(_("All lines of the entry are zero."))

    def _journal(self, batch, document):
        if document.journal:
            return money_journal(batch.resolver, document.journal, batch.company)
        return batch.journals.general

    def _apply_batch(self, flow, entries, resolver):
        created = [entry for entry in entries if entry.outcome == "created"]
        if not created:
            return
        # the lines already contain the taxes
        writer = self.with_context(skip_invoice_sync=True)
        with odoo_refusals(self.env, entries):
            moves = writer.env["account.move"].create([entry.values for entry in created])
            for entry, move in zip(created, moves, strict=True):
                entry.record = move.with_env(self.env)
            if flow.post_bills:
                moves.action_post()
                for entry, move in zip(created, moves, strict=True):
                    check_date(move, entry.values["date"])
                writer._after_post(flow, created, resolver)

    def _after_post(self, flow, entries, resolver):
        """Further steps with posted entries."""

    def _result_reference(self, record):
        return record.name or record.display_name


class MlImporterCashback(models.AbstractModel):
    """Cashback is a claim on the card issuer and is reconciled with the next statements."""

    _name = "ml.importer.cashback"
    _inherit = "ml.importer.journal_entry"
    _description = "Cashback Importer"

    def _after_post(self, flow, entries, resolver):
        for entry in entries:
            issuer = next(line.account for line in entry.document.lines if line.is_contact)
            settle_issuer(self.env, flow, [entry.record], resolver.contact(issuer))


class MlImporterCashAdvance(models.AbstractModel):
    """Money that an employee receives before spending it."""

    _name = "ml.importer.cash_advance"
    _inherit = "ml.importer.journal_entry"
    _description = "Cash Advance Importer"


class MlImporterPayroll(models.AbstractModel):
    """Expenses that payroll pays out."""

    _name = "ml.importer.payroll"
    _inherit = "ml.importer.journal_entry"
    _description = "Payroll Expense Importer"
