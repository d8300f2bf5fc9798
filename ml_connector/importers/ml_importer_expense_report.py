from collections import Counter

from odoo import models
from odoo.fields import Command

from ..core.errors import NotReadyError
from ..core.messages import _
from .bill_plan import BILL, ENTRY
from .bill_planning import entered_values
from .entry_items import TRADE_ACCOUNTS
from .posted_bill_diff import account_text


class MlImporterExpenseReport(models.AbstractModel):
    """An expense report: cost, tax and advances on one side, the creditors on the other.

    As a receipt of the employee it has the same items. The employee's part is payable; parts paid by cards, the company
    and advances are negative lines. The taxes of a line keep the stated amounts regardless of their rates, because no
    rate gives the reclaimable part. Odoo keeps these amounts when it recomputes the receipt.
    """

    _name = "ml.importer.expense_report"
    _inherit = "ml.importer.journal_entry"
    _description = "Expense Report Importer"

    def _form(self, batch, document, booked=None):
        is_bill = booked.move_type != "entry" if booked else self._is_bill(batch, document)
        return BILL if is_bill else ENTRY

    def _is_bill(self, batch, document):
        """Whether it becomes a bill. An employee who is owed nothing gets none."""
        return batch.flow.report_mode == "vendor_bill" and any(
            line.is_employee and line.amount < 0 for line in document.lines
        )

    def _journal(self, batch, document):
        if self._is_bill(batch, document):
            return batch.journals.purchase
        return super()._journal(batch, document)

    def _values(self, batch, document, currency, header, items):
        if not self._is_bill(batch, document):
            return super()._values(batch, document, currency, header, items)
        self._check_taxes(batch, document)
        company = batch.company
        rate = self.env["res.currency"]._get_conversion_rate(company.currency_id, currency, company, header["date"])
        lines = [self._bill_item(batch, line, item, rate) for line, item in zip(document.lines, items, strict=True)]
        partner_id = next(line["partner_id"] for line in lines if line["display_type"] == "payment_term")
        header |= {"move_type": "in_receipt", "partner_id": partner_id, "ml_owed_to_person": True}
        return {
            **header,
            **entered_values(self.env, header),
            "fiscal_position_id": False,
            "invoice_date": document.document_date,
            "invoice_date_due": header["date"],
            "invoice_payment_term_id": False,
            "invoice_currency_rate": rate,
            "line_ids": [
                # in Odoo all items of a bill have its partner
                Command.create({**line, "partner_id": partner_id, "date_maturity": header["date"]})
                for line in lines
            ],
        }

    def _booked_items(self, batch, document, items, form):
        if form is not BILL:
            return items
        booked = []
        for line, item in zip(document.lines, items, strict=True):
            taxes = {batch.resolver.needed(reference).id for reference, _amount in line.taxes}
            booked.append({**item, "tax_ids": [Command.set(list(taxes))]})
        return booked

    def _bill_item(self, batch, line, item, rate):
        """An item of the entry as an item of a bill."""
        if line.is_employee:
            return {**item, "display_type": "payment_term"}
        if line.is_tax:
            return {**item, "display_type": "tax"}
        self._check_bill_account(self.env["account.account"].browse(item["account_id"]))
        taxes = Counter()
        for reference, amount in line.taxes:
            taxes[batch.resolver.needed(reference).id] += amount
        return {
            **item,
            "display_type": "product",
            "quantity": 1.0,
            "price_unit": item["amount_currency"],
            "tax_ids": [Command.set(list(taxes))],
            "extra_tax_data": _tax_data(item, taxes, rate) if taxes else False,
        }

    def _check_bill_account(self, account):
        """Odoo allows payable and receivable accounts only in the payment terms of a bill."""
        if account.account_type in TRADE_ACCOUNTS:
            raise NotReadyError(
                _(
                    "Account %(account)s is a payable or receivable account, which lines of vendor bills cannot use."
                    " Map another account, or book reports as journal entries.",
                    account=account_text(account),
                ),
                awaits=account,
            )

    def _check_taxes(self, batch, document):
        """Check that Odoo keeps the amounts when it recomputes the bill."""
        left = Counter()
        for line in document.lines:
            if line.is_tax:
                left[line.account] += line.amount
            for reference, amount in line.taxes:
                left[reference] -= amount
        for reference, amount in left.items():
            tax = batch.resolver.needed(reference)
            parts = tax.invoice_repartition_line_ids.filtered(lambda part: part.repartition_type == "tax")
            if amount or len(parts) != 1 or parts.factor != 1:
                raise NotReadyError(
                    _(
                        "Tax %(tax)s cannot have the amounts of the report on a vendor bill. Part of it is not"
                        " deductible or has no base. Map another tax, or book reports as journal entries.",
                        tax=tax.display_name,
                    ),
                    awaits=tax,
                )


def _tax_data(item, taxes, rate):
    """The tax amounts of a line, as Odoo's tax engine stores manual amounts."""
    price = item["amount_currency"]
    return {
        "currency_id": item["currency_id"],
        "price_unit": price,
        "quantity": 1.0,
        "discount": 0.0,
        "rate": rate,
        "manual_total_excluded_currency": price,
        "manual_tax_amounts": {
            str(tax_id): {"tax_amount_currency": float(amount), "base_amount_currency": price}
            for tax_id, amount in taxes.items()
        },
    }
