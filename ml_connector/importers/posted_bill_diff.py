"""What changed of a bill at the source since it was written."""

from odoo.fields import Command
from odoo.tools import format_date

from ..models.amounts import shown
from .bill_writer import BillWriter
from .importer_tools import creditor_of, exact

SAME_RATE = 1e-9


class PostedBillDiff:
    """A bill in Odoo held against what the source says now."""

    def __init__(self, env, plan, move):
        self.env = env
        self.plan = plan
        self.document = plan.document
        self.move = move
        self.lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")

    # ------------------------------------------------------------------ in words

    def texts(self):
        """What of the accounting content differs, one phrase each: what is in Odoo, then what the vendor has."""
        return [
            self.env._("%(what)s %(odoo)s in Odoo and %(vendor)s at the vendor", what=what, odoo=odoo, vendor=vendor)
            for what, odoo, vendor in (*self._of_header(), *self._of_amounts(), *self._of_lines())
        ]

    def _of_header(self):
        plan, move, document = self.plan, self.move, self.document
        types = dict(move._fields["move_type"]._description_selection(self.env))
        if move.move_type != plan.header["move_type"]:
            yield self.env._("type"), types[move.move_type], types[plan.header["move_type"]]
        if creditor_of(move) != plan.creditor:
            yield self.env._("vendor"), move.commercial_partner_id.display_name, plan.partner.display_name
        if normalized(move.ref) != normalized(document.number):
            yield self.env._("number"), move.ref or "-", document.number or "-"
        dates = [(self.env._("date"), move.invoice_date, document.document_date)]
        if document.accounting_date:
            dates.append((self.env._("accounting date"), move.ml_original_date or move.date, document.accounting_date))
        if document.due_date:
            dates.append((self.env._("due date"), move.invoice_date_due, document.due_date))
        for what, odoo, vendor in dates:
            if odoo != vendor:
                yield what, format_date(self.env, odoo) or "-", format_date(self.env, vendor)

    def _of_amounts(self):
        plan, move = self.plan, self.move
        if move.currency_id != plan.currency:
            yield self.env._("currency"), move.currency_id.name, plan.currency.name
        total = exact(move.amount_total, move.currency_id)
        if total != self.document.total:
            yield self.env._("total"), self._shown(total), shown(self.env, self.document.total, plan.currency)
        tax = exact(move.amount_tax, move.currency_id)
        if tax != plan.tax_total:
            yield self.env._("tax"), self._shown(tax), shown(self.env, plan.tax_total, plan.currency)

    def _shown(self, amount):
        return shown(self.env, amount, self.move.currency_id)

    def _of_lines(self):
        plan = self.plan
        if len(self.lines) != len(plan.lines):
            yield self.env._("number of lines"), len(self.lines), len(plan.lines)
            return
        for number, (line, planned) in enumerate(zip(self.lines, plan.lines, strict=True), start=1):
            odoo, vendor = exact(line.price_subtotal, plan.currency), exact(planned.subtotal, plan.currency)
            if odoo != vendor:
                what = self.env._("line %s: amount", number)
                yield what, self._shown(odoo), shown(self.env, vendor, plan.currency)
            if planned.stated_quantity and line.quantity != planned.quantity:
                yield self.env._("line %s: quantity", number), f"{line.quantity:g}", f"{planned.quantity:g}"
            if line.account_id != planned.account:
                yield (
                    self.env._("line %s: account", number),
                    account_text(line.account_id),
                    account_text(planned.account),
                )
            if line.tax_ids != planned.taxes:
                yield self.env._("line %s: taxes", number), self._tax_text(line.tax_ids), self._tax_text(planned.taxes)
            odoo, vendor = line.analytic_distribution or {}, planned.analytic or {}
            if odoo != vendor:
                what = self.env._("line %s: analytic distribution", number)
                yield what, distribution_text(self.env, odoo), distribution_text(self.env, vendor)

    def _tax_text(self, taxes):
        return ", ".join(taxes.mapped("name")) or "-"

    # ------------------------------------------------------------------ a draft follows

    def draft_values(self):
        """What to write on a draft so that it says what the source says; empty when it does.

        What the source does not state (a journal, an empty memo, a due date by payment term) is left as it is.
        """
        values = self._draft_header()
        if any(self._of_amounts()) or any(self._of_lines()) or self._are_renamed():
            values["invoice_line_ids"] = [
                *(Command.delete(line.id) for line in self.move.invoice_line_ids),
                *(Command.create(item) for item in BillWriter(self.env, self.plan.company).invoice_lines(self.plan)),
            ]
        return values

    def _draft_header(self):
        document, header = self.document, self.plan.header
        stated = {
            "invoice_date": True,
            "currency_id": True,
            "ref": document.number,
            "invoice_origin": document.purchase_order,
            "narration": document.memo,
            "payment_reference": document.payment_reference,
            "date": document.accounting_date,
            "ml_original_date": document.accounting_date,
            "invoice_date_due": document.due_date,
            "invoice_currency_rate": self.plan.is_rate_stated,
        }
        changed = {name for name, is_stated in stated.items() if is_stated and self._is_changed(name)}
        if creditor_of(self.move) != self.plan.creditor:
            changed |= {
                "partner_id",
                "ml_owed_to_person",
                "partner_bank_id",
                "invoice_payment_term_id",
                "invoice_date_due",
            }
        if changed & {"invoice_date", "currency_id"}:
            # Odoo would look for these by itself
            changed |= {"date", "ml_original_date", "invoice_currency_rate", "invoice_date_due"}
        if "invoice_date_due" in changed:
            changed.add("invoice_payment_term_id")
        return {name: header[name] for name in header if name in changed}

    def _is_changed(self, name):
        current, wanted = self.move[name], self.plan.header[name]
        if name == "invoice_currency_rate":
            return abs(current - wanted) > SAME_RATE
        if name == "currency_id":
            return current.id != wanted
        return (current or False) != (wanted or False)

    def _are_renamed(self):
        return [line.name or "" for line in self.lines] != [planned.name or "" for planned in self.plan.lines]


def normalized(number):
    """A bill number without its case and spaces."""
    return "".join((number or "").split()).lower()


def distribution_text(env, distribution):
    accounts = env["account.analytic.account"]
    texts = []
    for key, percentage in distribution.items():
        names = accounts.browse(int(account_id) for account_id in key.split(",")).exists().mapped("name")
        texts.append(f"{' + '.join(names)} {percentage:g} %")
    return ", ".join(texts) or "-"


def account_text(account):
    if not account.has_access("read"):
        return account.env._("(not visible)")
    return " ".join(part for part in (account.code, account.name) if part)
