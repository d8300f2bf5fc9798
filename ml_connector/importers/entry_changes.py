"""Differences between a journal entry and the newest version of the document that it was booked from."""

from collections import Counter
from decimal import Decimal

from odoo.fields import Command

from ..core.messages import Amount, _
from .importer_tools import exact
from .posted_bill_diff import account_text, distribution_text


class EntryChanges:
    """Compares a move with the items that the newest version of its document would make.

    Items are compared as sums: by account, then also by partner, taxes and analytic distribution.
    """

    def __init__(self, env, move, currency, items, booked_on):
        """
        :param currency: code of the document's currency
        :param items: values of move lines
        :param booked_on: date of the document
        """
        self.env = env
        self.move = move
        self.currency = currency
        self.booked_on = booked_on
        self.wanted = _sums((self._key_of_values(item), Decimal(str(item["amount_currency"]))) for item in items)
        self.booked = _sums(
            (self._key_of_line(line), exact(line.amount_currency, line.currency_id)) for line in move.line_ids
        )

    def differences(self):
        """[(name, value in Odoo, value at the provider)] of what differs."""
        return [*self._of_header(), *self._of_items()]

    def comparison(self):
        """The amounts of each account (and partner) in Odoo and in the newest version; None for two currencies."""
        if self.move.currency_id.name != self.currency:
            return None
        booked, wanted = _cut(self.booked, 2), _cut(self.wanted, 2)
        keys = sorted({*booked, *wanted}, key=repr)
        return {
            "currency": self.currency,
            "rows": [
                [self._partner(key) if key[1] else self._account(key), str(booked[key]), str(wanted[key])]
                for key in keys
            ],
        }

    def takes_back(self):
        """Whether the newest version reduces the cost on an expense account, so that it cannot be a whole report."""
        booked, wanted = _cut(self.booked, 1), _cut(self.wanted, 1)
        taken = [account_id for (account_id,), amount in wanted.items() if amount < 0 < booked[account_id,]]
        return any(account.internal_group == "expense" for account in self.env["account.account"].browse(taken))

    def _of_header(self):
        move = self.move
        if move.currency_id.name != self.currency:
            yield _("currency"), move.currency_id.name, self.currency
        booked_on = move.ml_original_date or move.date
        if booked_on != self.booked_on:
            yield _("date"), booked_on, self.booked_on

    def _of_items(self):
        """The differences at the coarsest level that shows any."""
        describers = (self._account, self._partner, self._taxes, self._distribution)
        for depth, describe in enumerate(describers, start=1):
            booked, wanted = _cut(self.booked, depth), _cut(self.wanted, depth)
            if booked != wanted:
                for key in sorted({*booked, *wanted}, key=repr):
                    if booked[key] != wanted[key]:
                        odoo_value = Amount(Decimal(booked[key]), self.move.currency_id.name)
                        yield describe(key), odoo_value, Amount(Decimal(wanted[key]), self.currency)
                return

    # ------------------------------------------------------------------ keys

    def _key_of_line(self, line):
        is_tax = bool(line.tax_repartition_line_id)
        return (
            line.account_id.id,
            self._partner_key(line.partner_id.id, line.account_type),
            self._taxes_key(line.tax_ids.ids, line.tax_tag_ids.ids, line.tax_repartition_line_id.id),
            () if is_tax else _shares(line.analytic_distribution),
        )

    def _key_of_values(self, item):
        repartition_id = item.get("tax_repartition_line_id") or False
        account = self.env["account.account"].browse(item["account_id"])
        return (
            account.id,
            self._partner_key(item.get("partner_id") or False, account.account_type),
            self._taxes_key(_set(item.get("tax_ids")), _set(item.get("tax_tag_ids")), repartition_id),
            () if repartition_id else _shares(item.get("analytic_distribution")),
        )

    def _partner_key(self, partner_id, account_type):
        """All items of a bill have its partner: only the partner of its payable items matters."""
        if self.move.move_type != "entry" and account_type != "liability_payable":
            return False
        return partner_id

    def _taxes_key(self, tax_ids, tag_ids, repartition_id):
        """The tax tags matter in an entry only; Odoo sets those of a bill itself."""
        is_entry = self.move.move_type == "entry"
        return tuple(sorted(tax_ids)), tuple(sorted(tag_ids)) if is_entry else (), repartition_id or False

    # ------------------------------------------------------------------ in words

    def _account(self, key):
        return account_text(self.env["account.account"].browse(key[0]))

    def _partner(self, key):
        partner = self.env["res.partner"].browse(key[1] or [])
        return _("%(account)s of %(partner)s", account=self._account(key), partner=partner.display_name or "-")

    def _taxes(self, key):
        tax_ids, _tag_ids, repartition_id = key[2]
        taxes = self.env["account.tax"].browse(tax_ids)
        taxes |= self.env["account.tax.repartition.line"].browse(repartition_id or []).tax_id
        names = taxes.mapped("name") or _("the current tax grids")
        return _("%(account)s with %(taxes)s", account=self._account(key), taxes=names)

    def _distribution(self, key):
        shares = distribution_text(self.env, dict(key[3]))
        return _("%(account)s for %(shares)s", account=self._account(key), shares=shares)


def _sums(pairs):
    sums = Counter()
    for key, amount in pairs:
        sums[key] += amount
    return sums


def _cut(sums, depth):
    cut = _sums((key[:depth], amount) for key, amount in sums.items())
    return Counter({key: amount for key, amount in cut.items() if amount})


def _shares(distribution):
    return tuple(sorted((ids, round(float(share), 2)) for ids, share in (distribution or {}).items()))


def _set(commands):
    """IDs that a list of commands sets."""
    return [record_id for command in commands or () if command[0] == Command.SET for record_id in command[2]]
