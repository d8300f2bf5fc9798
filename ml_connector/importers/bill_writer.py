"""Writes planned bills, in batches, posts them and checks what Odoo made of them.

There are two ways to create the same bill. The ordinary one gives Odoo the product lines and lets it compute taxes and
terms, which takes more than half of the time of `account.move.create`. The plan already has the tax lines from the same
tax engine, so a typical bill is created with all its journal items, and Odoo does not compute them again.
`tests/test_importer_bill_differential.py` compares both ways field by field. Other bills are created the ordinary way.
"""

from odoo.fields import Command

from ..core.errors import InvalidDataError
from ..core.messages import Amount, _, paragraph
from ..core.provider import Finding
from .importer_tools import exact
from .open_dates import check_date
from .refusals import odoo_refusals

# Methods that make the items of a bill. An addon that extends one of them expects all bills to pass through it.
SYNC_METHODS = {
    "account.move": (
        "_get_sync_stack",
        "_sync_dynamic_lines",
        "_sync_dynamic_line",
        "_sync_tax_lines",
        "_sync_non_deductible_base_lines",
        "_sync_unbalanced_lines",
        "_sync_rounding_lines",
        "_sync_invoice",
        "_recompute_cash_rounding_lines",
        "_compute_needed_terms",
        "_get_rounded_base_and_tax_lines",
        "_prepare_product_base_line_for_taxes_computation",
    ),
    "account.move.line": ("_sync_invoice", "_compute_account_id", "_compute_term_key"),
}
POST_METHODS = {"account.move": ("_post", "action_post")}
KNOWN_ADDONS = {
    "account",
    "account_edi",
    "account_fleet",
    "hr_expense",
    "product_email_template",
    "purchase",
    "purchase_stock",
    "sale",
    "stock_account",
}
COVERED_TAX_TYPES = ("percent", "fixed", "division", "group")


class BillWriter:
    """Creates and posts the planned bills of one company."""

    def __init__(self, env, company):
        self.env = env
        self.company = company
        self._is_covered_here = not company.account_storno and not self.others(SYNC_METHODS)
        self._posts_as_items = not self.others(POST_METHODS)
        self._covered_taxes = {}

    def others(self, methods):
        """Names of the addons that extend these methods and were not examined."""
        return {
            addon
            for model, names in methods.items()
            for parent in type(self.env[model]).mro()
            if any(name in vars(parent) for name in names)
            and (addon := parent.__module__.removeprefix("odoo.addons.").partition(".")[0]) not in KNOWN_ADDONS
        }

    # ------------------------------------------------------------------ what is covered

    def covers(self, plan):
        """Whether the plan has all that the journal items of the bill need."""
        return (
            self._is_covered_here
            and not plan.journal.restrict_mode_hash_table
            and plan.document.total != 0
            and (not plan.term or (len(plan.term.line_ids) == 1 and not plan.term.early_discount))
            and bool(self.payable(plan))
            and all(self._covers_line(line) for line in plan.lines)
        )

    def _covers_line(self, line):
        if line.product or line.extra:
            return False
        key = line.taxes._ids
        if key not in self._covered_taxes:
            leaves = line.taxes._flatten_taxes_and_sort_them()[0]
            self._covered_taxes[key] = all(
                tax.amount_type in COVERED_TAX_TYPES and tax.tax_exigibility == "on_invoice"
                for tax in leaves | line.taxes
            )
        return self._covered_taxes[key]

    def payable(self, plan):
        """The payable account of the vendor."""
        account = plan.creditor.with_company(self.company).property_account_payable_id
        position = self.env["account.fiscal.position"].browse(plan.header["fiscal_position_id"])
        return position.map_account(account) if position else account

    # ------------------------------------------------------------------ create

    def invoice_lines(self, plan):
        """Values of the product lines."""
        return [
            {
                "display_type": "product",
                "name": line.name,
                "account_id": line.account.id,
                "quantity": line.quantity,
                "price_unit": line.price_unit,
                "tax_ids": [Command.set(line.taxes.ids)],
                "analytic_distribution": line.analytic,
                **line.extra,
            }
            for line in plan.lines
        ]

    def create_ordinary(self, plans):
        """Create bills whose taxes and terms Odoo computes."""
        moves = self.env["account.move"].create(
            [
                {**plan.header, "invoice_line_ids": [Command.create(item) for item in self.invoice_lines(plan)]}
                for plan in plans
            ]
        )
        for plan, move in zip(plans, moves, strict=True):
            self.correct(plan, move)
        return moves

    def correct(self, plan, move):
        """Write the planned rounding difference to the lines of a bill that Odoo computed."""
        commands = []
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        for line, planned in zip(lines, plan.lines, strict=True):
            if planned.correction:
                commands.append(Command.update(line.id, {"amount_currency": planned.amount_currency}))
        if plan.corrected is not None:
            item = plan.tax_items[plan.corrected]
            commands += [
                Command.update(line.id, {"amount_currency": item["amount_currency"]})
                for line in move.line_ids
                if self._is_item(line, item)
            ][:1]
        if commands:
            move.with_context(skip_is_manually_modified=True).write({"line_ids": commands})

    def _is_item(self, line, item):
        return (
            line.tax_repartition_line_id.id == item["tax_repartition_line_id"]
            and line.account_id.id == item["account_id"]
            and (line.analytic_distribution or {}) == (item["analytic_distribution"] or {})
            and line.group_tax_id.id == (item["group_tax_id"] or False)
            and [Command.set(line.tax_ids.ids)] == item["tax_ids"]
        )

    def create_whole(self, plans):
        """Create bills with all their journal items. Only for plans that are covered."""
        moves = self.env["account.move"].with_context(skip_invoice_sync=True, skip_analytic_sync=True)
        return moves.create([self._values(plan) for plan in plans]).with_env(self.env)

    def _values(self, plan):
        shared = {"partner_id": plan.creditor.id, "currency_id": plan.currency.id}
        lines = [{**values, **shared} for values in self.invoice_lines(plan)]
        due = plan.header.get("invoice_date_due") or plan.term.line_ids._get_due_date(plan.header["invoice_date"])
        counterpart = {
            "display_type": "payment_term",
            "name": _term_name(plan.header),
            "account_id": self.payable(plan).id,
            "date_maturity": due,
            "discount_date": False,
            **shared,
        }
        items = self._items(plan, lines, counterpart)
        return {**plan.header, "invoice_date_due": due, "line_ids": [Command.create(item) for item in items]}

    def _items(self, plan, lines, counterpart):
        """Values of all items: product lines, taxes and what balances them.

        :param lines: values of the product lines without amounts
        :param counterpart: values of the last item without amounts
        """
        items = [
            {
                **values,
                "amount_currency": line.amount_currency,
                "balance": line.balance,
                "tax_tag_ids": [Command.set(line.tag_ids)],
            }
            for values, line in zip(lines, plan.lines, strict=True)
        ]
        items += [{**item, "display_type": "tax"} for item in plan.tax_items]
        last = {
            "amount_currency": -float(sum(exact(item["amount_currency"], plan.currency) for item in items)),
            "balance": -float(sum(exact(item["balance"], self.company.currency_id) for item in items)),
            "tax_ids": [],
            "analytic_distribution": False,
            **counterpart,
        }
        return [*items, last]

    def entry_values(self, plan, names, counterpart):
        """Values of a journal entry with the same items and a `counterpart`: values of an item without amounts."""
        keys = ("account_id", "tax_ids", "analytic_distribution")
        lines = [
            {**{key: values[key] for key in keys}, "name": name}
            for values, name in zip(self.invoice_lines(plan), names, strict=True)
        ]
        items = self._items(plan, lines, {"name": names[0], **counterpart})
        shared = {"currency_id": plan.currency.id, "partner_id": plan.header["partner_id"]}
        return {
            "move_type": "entry",
            "ml_owed_to_person": plan.is_owed_to_person,
            **{
                key: plan.header[key]
                for key in ("company_id", "journal_id", "date", "ml_original_date", "ref", "partner_id", "currency_id")
            },
            "line_ids": [Command.create({**shared, **item}) for item in items],
        }

    # ------------------------------------------------------------------ post

    def post(self, moves, as_items):
        """Post bills; taxes and terms of bills that were created with them are not computed again."""
        if as_items and self._posts_as_items:
            moves = moves.with_context(skip_invoice_sync=True)
        moves.action_post()


def _term_name(header):
    """The label of the payable item as Odoo sets it; for a receipt it does not use the number."""
    ref, reference = header["ref"], header["payment_reference"]
    if reference and ref and reference != ref:
        return f"{ref} - {reference}"
    return reference or (header["move_type"] in ("in_invoice", "in_refund") and ref)


class BillBooking:
    """Books the bills of one flow."""

    def __init__(self, env, flow):
        self.env = env
        self.flow = flow
        self.writer = BillWriter(env, flow.company_id.with_env(env))

    def remarks(self):
        """Findings of the connection check on addons that slow down booking."""
        addons = self.writer.others(SYNC_METHODS)
        if not addons:
            return []
        # sudo: names of addons only
        names = self.env["ir.module.module"].sudo().search([("name", "in", list(addons))]).mapped("shortdesc")
        text = _("Odoo books bills more slowly because of these apps: %(apps)s.", apps=sorted(names))
        return [Finding(level="ok", title=self.flow.name, message=text)]

    def create(self, entries):
        """Create and, if the flow says so, post the planned bills."""
        groups = {True: [], False: []}
        for entry in entries:
            groups[self.writer.covers(entry.values)].append(entry)
        for as_items, group in groups.items():
            if not group:
                continue
            plans = [entry.values for entry in group]
            moves = self.writer.create_whole(plans) if as_items else self.writer.create_ordinary(plans)
            for entry, move in zip(group, moves, strict=True):
                entry.record = move
            if self.flow.post_bills:
                self._post(group, as_items)
            self._check_written(group, moves)

    def _post(self, entries, as_items):
        ready = [entry for entry in entries if not entry.values.is_draft]
        if not self.flow.draft_when_refused:
            self.writer.post(self.env["account.move"].union(*(entry.record for entry in ready)), as_items)
            return
        for entry in ready:
            try:
                with self.env.cr.savepoint(), odoo_refusals(self.env, [entry]):
                    self.writer.post(entry.record, as_items)
            except InvalidDataError as error:
                self.env.invalidate_all()
                entry.note = paragraph(entry.note, entry.values.leave_draft(error.message))

    def _check_written(self, entries, moves):
        """Check that Odoo neither moved the date nor recomputed the amounts."""
        self.check_dates(entries, moves)
        for entry, move in zip(entries, moves, strict=True):
            self._check_total(entry.values, move)

    def check_dates(self, entries, moves):
        for entry, move in zip(entries, moves, strict=True):
            check_date(move, entry.values.header["date"])

    def _check_total(self, plan, move):
        total = exact(move.amount_total, plan.currency)
        if total != plan.document.total:
            raise InvalidDataError(
                _(
                    "The total is %(provider_value)s in %(provider)s, but %(odoo_value)s in Odoo.",
                    provider_value=Amount(plan.document.total, plan.currency.name),
                    provider=plan.provider,
                    odoo_value=Amount(total, plan.currency.name),
                )
            )

    def update_draft(self, entry):
        """Make a draft equal to the newest version."""
        plan, values = entry.values
        move = entry.bound.with_env(self.env).with_context(skip_is_manually_modified=True)
        move.write(values)
        if move.name and not move._sequence_matches_date():
            note = _(
                "Number %(number)s does not fit the new date. Odoo assigns another number when the bill is posted.",
                number=move.name,
            )
            entry.note = paragraph(entry.note, note)
            move.name = False
        if "invoice_line_ids" in values:
            self.writer.correct(plan, move)
            self._check_total(plan, move)
        entry.record = entry.bound
