from odoo import models

from ..core.errors import InvalidDataError
from ..core.messages import Amount, _
from .card_account import settle_issuer
from .importer_tools import change_note, exact, fits, payable_account
from .money_journals import method_line, money_journal
from .open_dates import check_date
from .refusals import odoo_refusals


class MlImporterTransfer(models.AbstractModel):
    """Payments of the card balance become payments to the issuer, reconciled with its statements, oldest first."""

    _name = "ml.importer.transfer"
    _inherit = "ml.importer"
    _description = "Statement Payment Importer"
    _groups = ("account.group_account_invoice",)

    _optional_kinds = ()

    def _references(self, document):
        return (document.issuer, document.source)

    def _plan(self, batch, entry):
        if entry.bound:
            self._plan_bound(entry, batch.provider)
        else:
            self._plan_new(batch, entry)

    def _plan_bound(self, entry, provider):
        payment, document = entry.bound, entry.document
        booked = exact(payment.amount, payment.currency_id)
        booked_on = payment.ml_original_date or payment.date
        odoo_amount = Amount(booked, payment.currency_id.name)
        pairs = (
            (_("amount"), odoo_amount, Amount(abs(document.amount), document.currency)),
            (_("date"), booked_on, document.date),
        )
        if note := change_note(provider, [pair for pair in pairs if pair[1] != pair[2]]):
            entry.plan("drift", payment, note=note)
            return
        if payment.state in ("canceled", "rejected"):
            note = _(
                "Payment %(payment)s of %(amount)s has the status %(status)s in Odoo, but is valid in %(provider)s.",
                payment=payment.display_name,
                amount=odoo_amount,
                status=dict(payment._fields["state"]._description_selection(self.env))[payment.state],
                provider=provider,
            )
            entry.plan("drift", payment, note=note)
            return
        entry.plan("unchanged", payment)

    def _plan_new(self, batch, entry):
        document, company = entry.document, batch.company
        currency = batch.currencies.usable(document.currency)
        if not document.amount or not fits(document.amount, currency):
            raise InvalidDataError(_("The amount %(amount)s cannot be paid.", amount=document.amount))
        journal = money_journal(batch.resolver, document.source, company)
        issuer = batch.resolver.creditor(document.issuer, company)
        dates, note = batch.dates.of(document.date, journal)
        payment_type = "outbound" if document.amount > 0 else "inbound"
        values = {
            "payment_type": payment_type,
            "partner_type": "supplier",
            "partner_id": issuer.id,
            "company_id": company.id,
            "journal_id": journal.id,
            "payment_method_line_id": method_line(journal, payment_type).id,
            "currency_id": currency.id,
            "amount": float(abs(document.amount)),
            **dates,
            "memo": document.reference or document.external_id,
            "partner_bank_id": False,
            "destination_account_id": payable_account(issuer, company).id,
        }
        entry.plan("created", values=values, note=note)

    def _apply_batch(self, flow, entries, resolver):
        created = [entry for entry in entries if entry.outcome == "created"]
        if not created:
            return
        with odoo_refusals(self.env, entries):
            payments = self.env["account.payment"].create([entry.values for entry in created])
            payments.action_post()
            for entry, payment in zip(created, payments, strict=True):
                entry.record = payment
                check_date(payment.move_id, entry.values["date"])
            for issuer in payments.partner_id:
                settle_issuer(self.env, flow, list(payments), issuer)
