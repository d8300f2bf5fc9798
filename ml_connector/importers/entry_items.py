"""The items of a journal entry with the amounts of its document."""

from decimal import Decimal

from odoo.fields import Command

from ..core.errors import NotReadyError
from ..core.messages import _
from .bill_plan import BILL, LinePlan
from .importer_tools import account_problem, exact, named, payable_account
from .money_journals import money_journal, outstanding_account

TRADE_ACCOUNTS = ("asset_receivable", "liability_payable")


class EntryItems:
    """Prepares the items of the journal entries of one batch."""

    def __init__(self, batch):
        self.batch = batch
        self.env = batch.env

    def plan(self, document, currency, date, form, is_compared=False):
        """Values of the items of a document.

        :param form: type of document that they become
        :param is_compared: whether they are only for comparison; then nothing is checked that would prevent booking
        """
        items, balances = [], Decimal(0)
        company = self.batch.company
        for number, line in enumerate(document.lines, start=1):
            account, partner, more = self._place(document, line, form)
            if not is_compared:
                self.check_account(account, currency)
            balance = currency._convert(float(line.amount), company.currency_id, company, date)
            balances += exact(balance, company.currency_id)
            item = {
                "name": line.description or document.number,
                "account_id": account.id,
                "partner_id": partner.id if partner else False,
                "currency_id": currency.id,
                "amount_currency": float(line.amount),
                "balance": balance,
                "analytic_distribution": self.batch.analytics.distribution(number, line) or False,
                **more,
            }
            if not is_compared:
                self._check_analytics(number, line, account, item["analytic_distribution"], form)
            items.append(item)
        # the rounding difference of converting the lines separately
        items[-1]["balance"] = float(exact(items[-1]["balance"], company.currency_id) - balances)
        return items

    def _check_analytics(self, number, line, account, distribution, form):
        """Mandatory analytic plans apply only to lines that a user can code."""
        if not self.batch.flow.post_bills or not line.is_account or line.partner:
            return
        planned = LinePlan(
            amount=line.amount,
            name="",
            account=account,
            taxes=self.env["account.tax"],
            product=self.env["product.product"],
            analytic=distribution,
        )
        self.batch.analytics.check(number, planned, form)

    def _place(self, document, line, form):
        """(account, partner, other values) of a line."""
        # a negative line of a bill reduces the bill; else it counts as a refund in the tax report
        is_refund = form is not BILL and line.amount < 0
        reference, more = line.account, self._base_values(document, line, is_refund)
        partner = self._partner(line.partner) if line.partner else None
        if line.is_account:
            return self.batch.resolver.needed(reference), partner, more
        if line.is_tax:
            part = self._tax_part(reference, is_refund)
            is_deferred = self._is_deferred(document, part.tax_id)
            tags = part.tag_ids if not is_deferred else part.tag_ids.browse()
            values = {"tax_repartition_line_id": part.id, "tax_tag_ids": [Command.set(tags.ids)]}
            return part._get_aml_target_tax_account(force_caba_exigibility=not is_deferred), partner, values
        if reference.kind == "journal":
            journal = money_journal(self.batch.resolver, reference, self.batch.company)
            return outstanding_account(self.env, journal, line.amount), partner, more
        partner = self.batch.resolver.creditor(reference, self.batch.company)
        return payable_account(partner, self.batch.company), partner, more

    def _partner(self, reference):
        """The partner of a reference, None if it is ignored."""
        if not self.batch.resolver.mapping(reference):
            return None
        return self.batch.resolver.creditor(reference, self.batch.company)

    def _base_values(self, document, line, is_refund):
        """The values by which the tax report counts a line as base of its taxes, immediately or on payment."""
        tags, deferred = self.env["account.account.tag"], self.env["account.tax"]
        for reference, _amount in line.taxes:
            tax = self.batch.resolver.needed(reference)
            if self._is_deferred(document, tax):
                deferred |= tax
            else:
                tags |= _parts(tax, is_refund).filtered(lambda part: part.repartition_type == "base").tag_ids
        values = {"tax_tag_ids": [Command.set(tags.ids)]} if tags else {}
        return {**values, "tax_ids": [Command.set(deferred.ids)]} if deferred else values

    def _is_deferred(self, document, tax):
        """Whether a tax is due on payment and the entry has a payable or receivable item."""
        return tax.tax_exigibility == "on_payment" and any(
            line.is_contact
            or line.is_account
            and self.batch.resolver.needed(line.account).account_type in TRADE_ACCOUNTS
            for line in document.lines
        )

    def _tax_part(self, reference, is_refund):
        """The repartition line of the tax of a code."""
        tax = self.batch.resolver.needed(reference)
        parts = _parts(tax, is_refund).filtered(lambda part: part.repartition_type == "tax")
        if tax.has_negative_factor or any(part.factor < 0 for part in parts):
            raise NotReadyError(
                _(
                    "Tax %(tax)s, to which %(code)s is mapped, is a reverse charge. An entry with the stated amounts"
                    " would contain only half of it. Map another tax, or enter the record manually.",
                    tax=tax.display_name,
                    code=reference.name or reference.external_id,
                ),
                awaits=tax,
            )
        parts = parts.filtered(lambda part: part.account_id and part.factor > 0)
        if not parts:
            raise NotReadyError(
                _(
                    "Tax %(tax)s, to which %(code)s is mapped, has no account in Odoo. Map another tax.",
                    tax=tax.display_name,
                    code=reference.name or reference.external_id,
                ),
                awaits=tax,
            )
        return parts[0]

    def check_account(self, account, currency):
        reason = account_problem(account, self.batch.company, currency)
        if not reason:
            return
        raise NotReadyError(
            _(
                "Account %(account)s cannot be used. %(reason)s Map another account.",
                account=named(account, self.batch.company),
                reason=reason,
            ),
            awaits=account,
        )


def _parts(tax, is_refund):
    return tax.refund_repartition_line_ids if is_refund else tax.invoice_repartition_line_ids
