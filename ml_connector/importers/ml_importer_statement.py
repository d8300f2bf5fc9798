from odoo import models
from odoo.tools import format_date

from ..core.documents import Bill, BillLine, Party, Reference
from ..core.errors import NotRelevantError
from ..core.messages import Amount, _, paragraph
from .bill_plan import MADE_HERE
from .bill_planning import BillPlanner
from .card_account import card_charges, clearing_account, settle_issuer, tick_off
from .money_journals import money_journal
from .refusals import odoo_refusals

CLEARING = Reference(kind="account", external_id="ml-card-clearing")
"""Reference to the account of unbilled card spend, in bills that the connector makes."""


class IssuerBillPlanner(BillPlanner):
    form = MADE_HERE

    def journal(self, document):
        return self.batch.journals.plain


class MlImporterCardBill(models.AbstractModel):
    """Bills of the card issuer, made from its statements."""

    _name = "ml.importer.card_bill"
    _inherit = "ml.importer.bill"
    _description = "Card Issuer Bill Importer"

    _planner_class = IssuerBillPlanner


class MlImporterStatement(models.AbstractModel):
    """A card statement becomes a vendor bill of the issuer that clears the account of card spend."""

    _name = "ml.importer.statement"
    _inherit = "ml.importer.derived_bill"
    _description = "Card Statement Importer"

    _bill_model = "ml.importer.card_bill"

    def _references(self, document):
        return (document.issuer, document.card)

    def _derive(self, flow, entry, resolver):
        document = entry.document
        if not document.total:
            raise NotRelevantError(_("The total of the statement is zero, so there is nothing to book."))
        issuer = resolver.contact(document.issuer)
        journal = money_journal(resolver, document.card, flow.company_id)
        period = f"{format_date(self.env, document.start_date)} - {format_date(self.env, document.end_date)}"
        count = len(document.spends)
        memo = (
            self.env._("Card statement %(period)s, 1 transaction", period=period)
            if count == 1
            else self.env._("Card statement %(period)s, %(count)s transactions", period=period, count=count)
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
            amount = Amount(document.unbooked_total, document.currency)
            unbooked = (
                _(
                    "1 of its transactions (%(amount)s) is not ready to sync yet. Until then it appears on the card"
                    " account as prepaid.",
                    amount=amount,
                )
                if document.unbooked == 1
                else _(
                    "%(count)s of its transactions (%(amount)s) are not ready to sync yet. Until then they appear on"
                    " the card account as prepaid.",
                    count=document.unbooked,
                    amount=amount,
                )
            )
            entry.note = paragraph(entry.note, unbooked)

    def _apply_batch(self, flow, entries, resolver):
        self._apply_bills(flow, entries, resolver)
        if flow.post_bills:
            paid = card_charges(self.env, flow)
            with odoo_refusals(self.env, entries):
                for entry in entries:
                    if entry.outcome in ("created", "linked"):
                        settle_issuer(self.env, flow, [entry.record], resolver.contact(entry.document.issuer))
                        self._tick_off(flow, entry, resolver, paid)

    def _tick_off(self, flow, entry, resolver, paid):
        """Reconcile the booked spend of the statement; the rest follows when it is booked.

        :param paid: {id of a card transaction: payment} of the bills that were paid by card
        """
        spends = set(entry.document.spends)
        booked = flow.env["ml.binding"]._records(flow.connection_id, {("expense", spend) for spend in spends})
        records = [*booked.values(), *(paid[spend] for spend in spends & paid.keys())]
        journal = money_journal(resolver, entry.document.card, flow.company_id)
        tick_off(clearing_account(journal), entry.record, [record.with_env(self.env) for record in records])

    def _result_reference(self, record):
        return record.name or record.display_name
