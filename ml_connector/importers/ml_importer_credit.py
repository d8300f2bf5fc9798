from odoo import models

from ..core.errors import InvalidDataError
from ..core.messages import Amount, _
from .importer_tools import check_posted, creditor_of, exact, payable_terms
from .refusals import odoo_refusals


class MlImporterCredit(models.AbstractModel):
    """Vendor credits become credit notes."""

    _name = "ml.importer.credit"
    _inherit = "ml.importer.bill"
    _description = "Vendor Credit Importer"


class MlImporterApplication(models.AbstractModel):
    """The amount of a credit note that was applied to a bill is reconciled, and no more."""

    _name = "ml.importer.application"
    _inherit = "ml.importer"
    _description = "Vendor Credit Application Importer"
    _groups = ("account.group_account_invoice",)

    _binds = False
    """One credit note has several applications."""

    def _dependencies(self, document):
        return (("credit", document.credit, document.number), ("bill", document.bill, ""))

    def _plan(self, batch, entry):
        document = entry.document
        credit = batch.resolver.binding("credit", document.credit)
        bill = batch.resolver.binding("bill", document.bill)
        self._check_pair(document, credit, bill)
        left = document.amount - self._applied(credit, bill)
        if left < 0:
            note = _(
                "The applied credit is %(odoo_value)s in Odoo, but %(provider_value)s in %(provider)s.",
                odoo_value=Amount(self._applied(credit, bill), credit.currency_id.name),
                provider_value=Amount(document.amount, document.currency),
                provider=batch.provider,
            )
            entry.plan("drift", credit, note=note)
            return
        if not left:
            entry.plan("unchanged", credit)
            return
        self._check_open(batch, document, (credit, bill), left)
        for move in (credit, bill):
            batch.planned[move.id] += left
        amount = Amount(left, document.currency)
        note = _("%(amount)s applied to %(bill)s.", amount=amount, bill=bill.display_name)
        entry.plan("updated", credit, (credit, bill, left), note)

    def _check_pair(self, document, credit, bill):
        for move in (credit, bill):
            check_posted(move, move.ref or move.display_name)
            if move.currency_id.name != document.currency:
                raise InvalidDataError(
                    _(
                        "The currency of %(bill)s is %(odoo_value)s, but the applied credit is in %(provider_value)s.",
                        bill=move.display_name,
                        odoo_value=move.currency_id.name,
                        provider_value=document.currency,
                    )
                )
        if creditor_of(credit) != creditor_of(bill):
            raise InvalidDataError(
                _(
                    "%(credit)s belongs to %(vendor)s, but %(bill)s belongs to %(other)s. A credit can only be applied"
                    " to a bill of the same vendor.",
                    credit=credit.display_name,
                    vendor=credit.commercial_partner_id.display_name,
                    bill=bill.display_name,
                    other=bill.commercial_partner_id.display_name,
                )
            )

    def _check_open(self, batch, document, moves, left):
        for move in moves:
            still_open = exact(move.amount_residual, move.currency_id) - batch.planned[move.id]
            if still_open < left:
                raise InvalidDataError(
                    _(
                        "The applied credit is %(amount)s, but only %(open)s is open on %(bill)s.",
                        amount=Amount(left, document.currency),
                        open=Amount(still_open, document.currency),
                        bill=move.display_name,
                    )
                )

    def _applied(self, credit, bill):
        """The amount that is already reconciled between the two."""
        partials = payable_terms(credit).matched_credit_ids.filtered(
            lambda partial: partial.credit_move_id.move_id == bill
        )
        return exact(sum(partials.mapped("debit_amount_currency")), credit.currency_id)

    def _apply_batch(self, flow, entries, resolver):
        with odoo_refusals(self.env, entries):
            for entry in entries:
                if entry.outcome == "updated":
                    self._set_off(*entry.values)

    def _set_off(self, credit, bill, amount):
        debits = payable_terms(credit.with_env(self.env)).filtered(lambda line: not line.reconciled)
        credits = payable_terms(bill.with_env(self.env)).filtered(lambda line: not line.reconciled)
        for debit in debits:
            for counterpart in credits:
                part = min(
                    amount,
                    abs(exact(debit.amount_residual_currency, debit.currency_id)),
                    abs(exact(counterpart.amount_residual_currency, counterpart.currency_id)),
                )
                if part:
                    self._reconcile_part(debit, counterpart, part)
                    amount -= part

    def _reconcile_part(self, debit, counterpart, amount):
        """Reconcile an amount of two items. Odoo's `reconcile` always reconciles all that both have open."""
        whole = {abs(exact(line.amount_residual_currency, line.currency_id)) for line in (debit, counterpart)}
        if amount == min(whole):
            (debit + counterpart).reconcile()
            return
        company = debit.company_id
        balance = min(
            company.currency_id.round(abs(line.amount_residual) * float(amount) / abs(line.amount_residual_currency))
            for line in (debit, counterpart)
        )
        self.env["account.partial.reconcile"].create(
            {
                "debit_move_id": debit.id,
                "credit_move_id": counterpart.id,
                "amount": balance,
                "debit_amount_currency": float(amount),
                "credit_amount_currency": float(amount),
            }
        )
