"""Books the planned bills of a batch and checks what Odoo made of them."""

from ..core.errors import InvalidDataError
from ..core.messages import Amount, _, paragraph
from ..core.provider import Finding
from .bill_writer import SYNC_METHODS, BillWriter
from .importer_tools import check_date, exact, odoo_refusals


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
