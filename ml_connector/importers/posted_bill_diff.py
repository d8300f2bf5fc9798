"""Differences between a bill in Odoo and the newest version of its document."""

from odoo.fields import Command

from ..core.messages import Amount, _
from .bill_writer import BillWriter
from .importer_tools import creditor_of, exact

SAME_RATE = 1e-9


class PostedBillDiff:
    """Compares a bill in Odoo with the plan of the newest version."""

    def __init__(self, env, plan, move):
        self.env = env
        self.plan = plan
        self.document = plan.document
        self.move = move
        self.lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")

    # ------------------------------------------------------------------ in words

    def differences(self):
        """[(name, value in Odoo, value at the provider)] of the accounting content that differs."""
        return [*self._of_header(), *self._of_amounts(), *self._of_lines()]

    def _of_header(self):
        plan, move, document = self.plan, self.move, self.document
        types = dict(move._fields["move_type"]._description_selection(self.env))
        if move.move_type != plan.header["move_type"]:
            yield _("type"), types[move.move_type], types[plan.header["move_type"]]
        if creditor_of(move) != plan.creditor:
            yield _("vendor"), move.commercial_partner_id.display_name, plan.partner.display_name
        if normalized(move.ref) != normalized(document.number):
            yield _("number"), move.ref or "-", document.number or "-"
        dates = [(_("date"), move.invoice_date, document.document_date)]
        if document.accounting_date:
            dates.append((_("accounting date"), move.ml_original_date or move.date, document.accounting_date))
        if document.due_date:
            dates.append((_("due date"), move.invoice_date_due, document.due_date))
        for what, odoo_value, provider_value in dates:
            if odoo_value != provider_value:
                yield what, odoo_value or "-", provider_value

    def _of_amounts(self):
        plan, move = self.plan, self.move
        if move.currency_id != plan.currency:
            yield _("currency"), move.currency_id.name, plan.currency.name
        total = exact(move.amount_total, move.currency_id)
        if total != self.document.total:
            yield _("total"), self._booked(total), self._stated(self.document.total)
        tax = exact(move.amount_tax, move.currency_id)
        if tax != plan.tax_total:
            yield _("tax"), self._booked(tax), self._stated(plan.tax_total)

    def _booked(self, amount):
        return Amount(amount, self.move.currency_id.name)

    def _stated(self, amount):
        return Amount(amount, self.plan.currency.name)

    def _of_lines(self):
        plan = self.plan
        if len(self.lines) != len(plan.lines):
            yield _("number of lines"), len(self.lines), len(plan.lines)
            return
        for number, (line, planned) in enumerate(zip(self.lines, plan.lines, strict=True), start=1):
            booked, stated = exact(line.price_subtotal, plan.currency), exact(planned.subtotal, plan.currency)
            if booked != stated:
                yield _("line %(line)s: amount", line=number), self._booked(booked), self._stated(stated)
            if planned.stated_quantity and line.quantity != planned.quantity:
                yield _("line %(line)s: quantity", line=number), f"{line.quantity:g}", f"{planned.quantity:g}"
            yield from coding_differences(
                self.env,
                number,
                (line.account_id, planned.account),
                (line.tax_ids, planned.taxes),
                (line.analytic_distribution or {}, planned.analytic or {}),
            )

    # ------------------------------------------------------------------ a draft follows

    def draft_values(self):
        """The values that make a draft equal to the newest version; empty if it is.

        What the document does not state (a journal, an empty memo, a due date by payment term) stays as it is.
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
            # Odoo would compute these
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
    """A bill number in lower case, without spaces."""
    return "".join((number or "").split()).lower()


def coding_differences(env, number, accounts, taxes, distributions):
    """The differences in the coding of a line.

    :param accounts: (booked, stated); so are the taxes and the analytic distributions
    """
    if accounts[0] != accounts[1]:
        yield _("line %(line)s: account", line=number), *map(account_text, accounts)
    if taxes[0] != taxes[1]:
        yield _("line %(line)s: taxes", line=number), *(each.mapped("name") or "-" for each in taxes)
    if distributions[0] != distributions[1]:
        texts = (distribution_text(env, each) for each in distributions)
        yield _("line %(line)s: analytic distribution", line=number), *texts


def distribution_text(env, distribution):
    accounts = env["account.analytic.account"]
    texts = []
    for key, percentage in distribution.items():
        names = accounts.browse(int(account_id) for account_id in key.split(",")).exists().mapped("name")
        texts.append(f"{' + '.join(names)} {percentage:g} %")
    return ", ".join(texts) or "-"


def account_text(account):
    if not account.has_access("read"):
        return _("(not visible)")
    return " ".join(part for part in (account.code, account.name) if part)
